//! Show the form, and take it.

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use super::{
    forms::{self, LoginForm},
    pages::{LoginPage, LoginProblem},
    service,
};
use crate::{
    passwords::proof::Attempt,
    signin::{Begun, Entered, to_challenge},
    state::AppState,
    types::{LocalPath, Notice, UserId, Wait},
    web::{
        AppError, Ctx, Submitted, Visitor, event,
        notice::{page_with_notice, see_other_with},
        paths, refused, retry_seconds, see_other, with_next,
    },
};

/// `GET /login`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, visitor: Visitor) -> Result<Response, AppError> {
    let next = ctx.next();
    if visitor.session().is_some() {
        return Ok(see_other(next.as_ref().map_or(paths::DASHBOARD, LocalPath::as_str)));
    }
    let next = next.map(|next| next.as_str().to_owned());
    let passkeys = passkeys(&state, next.as_deref());
    page_with_notice(&state, &ctx, None, &LoginPage { next, passkeys, notice: ctx.notice(), ..LoginPage::default() })
}

/// `POST /login`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let (page, form) = forms::parse(&fields);
    let form = match form {
        Ok(form) => form,
        Err(problem) => return again(&state, &ctx, page, problem),
    };
    match service::attempt(&state, &ctx, &form).await? {
        Attempt::Proven(proof) if proof.closing => {
            service::remind_of_deletion(&state, &ctx, proof.user_id).await?;
            state.metrics.sign_in("refused");
            event::login_failed(&ctx, Some(proof.user_id));
            again(&state, &ctx, page, LoginProblem::Closing)
        }
        Attempt::Proven(proof) => match service::enter(&state, &ctx, &visitor, &session, &form, &proof).await? {
            Entered::In(begun) => Ok(go_on(&state, &form, &begun)),
            Entered::Asked { challenge, secret } => Ok(to_challenge(&state, challenge, &secret)),
            Entered::Refused => refuse(&state, &ctx, page, Some(proof.user_id)),
        },
        Attempt::Refused { .. } => refuse(&state, &ctx, page, None),
        Attempt::SlowDown { retry_after } => {
            state.metrics.sign_in("slowed");
            event::limited(&ctx, "login");
            again(&state, &ctx, page, LoginProblem::SlowDown { wait: Wait::from_secs(retry_seconds(retry_after)) })
        }
        Attempt::Busy => {
            state.metrics.sign_in("busy");
            again(&state, &ctx, page, LoginProblem::Busy { wait: Wait::from_secs(1) })
        }
    }
}

/// `shown` is whose password was right all the same.
fn refuse(state: &AppState, ctx: &Ctx, page: LoginPage, shown: Option<UserId>) -> Result<Response, AppError> {
    state.metrics.sign_in("refused");
    event::login_failed(ctx, shown);
    again(state, ctx, page, LoginProblem::Refused)
}

/// The form once more, with what was typed and why.
fn again(state: &AppState, ctx: &Ctx, page: LoginPage, problem: LoginProblem) -> Result<Response, AppError> {
    let (status, wait) = match problem {
        LoginProblem::Refused | LoginProblem::Closing | LoginProblem::Missing { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        LoginProblem::SlowDown { wait } => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
        LoginProblem::Busy { wait } => (StatusCode::SERVICE_UNAVAILABLE, Some(wait)),
    };
    let passkeys = passkeys(state, page.next.as_deref());
    refused(state, ctx, status, wait, &LoginPage { problem: Some(problem), passkeys, ..page })
}

/// Where one signs in with a passkey, and goes on from there, where there are passkeys.
fn passkeys(state: &AppState, next: Option<&str>) -> Option<String> {
    let path = paths::LOGIN_PASSKEY;
    state.passkeys.as_ref().map(|_| next.map_or_else(|| path.to_owned(), |next| with_next(path, next)))
}

/// To where the visitor was going, by way of another password when this one is on the list. Who still has
/// to verify an address, or to get a second factor, is led there by whatever page that is.
fn go_on(state: &AppState, form: &LoginForm, begun: &Begun) -> Response {
    let next = form.next.as_ref().map_or(paths::DASHBOARD, LocalPath::as_str);
    let mut response = if service::is_common(form) {
        see_other_with(state, &with_next(paths::ACCOUNT_PASSWORD, next), Notice::PasswordCommon)
    } else {
        see_other(next)
    };
    begun.set_cookies(state, response.headers_mut());
    response
}
