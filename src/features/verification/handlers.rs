//! Wait, confirm, ask again.

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use super::{
    pages::{ConfirmPage, ConfirmProblem, WaitingPage, WaitingProblem},
    service::{self, Asked, Confirmed, Opened},
};
use crate::{
    limits::Taken,
    sessions::Method,
    signin::{self, Entered, Entering, to_challenge},
    state::AppState,
    types::{Email, Notice, PlainPassword, Wait},
    web::{
        AppError, Ctx, Submitted, Visitor, event, mailed_link,
        notice::{page_with_notice, see_other_with},
        page, paths, refused, retry_seconds, see_other,
    },
};

/// `GET /verify`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, visitor: Visitor) -> Result<Response, AppError> {
    if let Some(response) = mailed_link::carry(&state, &ctx, paths::VERIFY) {
        return Ok(response);
    }
    if ctx.link().is_some() {
        return match service::open(&state, &ctx, &visitor).await? {
            Some(opened) => page(&state, &ctx, None, &confirm_page(opened, None)),
            None => link_over(&state, &ctx, &visitor),
        };
    }
    if visitor.session().is_some_and(|session| session.email_verified) {
        return Ok(see_other(paths::DASHBOARD));
    }
    page_with_notice(&state, &ctx, None, &WaitingPage { notice: ctx.notice(), ..waiting(&state, &visitor) })
}

fn waiting(state: &AppState, visitor: &Visitor) -> WaitingPage {
    let session = visitor.any_session().filter(|session| !session.email_verified);
    WaitingPage {
        address: session.map(|session| session.email.clone()),
        dev_mail: state.mailer.keeps_letters_here(),
        ..WaitingPage::default()
    }
}

fn confirm_page(opened: Opened, problem: Option<ConfirmProblem>) -> ConfirmPage {
    let Opened { user, needs_password } = opened;
    ConfirmPage { username: user.username, address: user.email, needs_password, problem }
}

/// 410 Gone, once: the page after that is the plain one again.
fn link_over(state: &AppState, ctx: &Ctx, visitor: &Visitor) -> Result<Response, AppError> {
    let content = WaitingPage { problem: Some(WaitingProblem::LinkOver), ..waiting(state, visitor) };
    mailed_link::over(state, ctx, &content)
}

/// `POST /verify`.
pub async fn confirm(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let typed = fields.get("password");
    let again =
        |opened, problem, status, wait| refused(&state, &ctx, status, wait, &confirm_page(opened, Some(problem)));
    match service::confirm(&state, &ctx, &visitor, PlainPassword::presented(typed)).await? {
        Confirmed::Done { user_id, proof } => {
            event::email_verified(&ctx, user_id);
            let methods =
                if proof.is_some() { &[Method::Password, Method::MailedLink][..] } else { &[Method::MailedLink] };
            let entering = Entering { user_id, methods, proof: proof.as_ref(), remember: false, next: None };
            enter(&state, &ctx, &visitor, &session, entering).await
        }
        Confirmed::LinkOver => link_over(&state, &ctx, &visitor),
        Confirmed::Refused(opened) if typed.is_empty() => {
            again(opened, ConfirmProblem::PasswordMissing, StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        Confirmed::Refused(opened) => {
            event::login_failed(&ctx, Some(opened.user.id));
            again(opened, ConfirmProblem::PasswordWrong, StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        Confirmed::SlowDown(opened, retry_after) => {
            event::limited(&ctx, "verify");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(opened, ConfirmProblem::SlowDown { wait }, StatusCode::TOO_MANY_REQUESTS, Some(wait))
        }
        Confirmed::Busy(opened) => {
            let wait = Wait::from_secs(1);
            again(opened, ConfirmProblem::Busy { wait }, StatusCode::SERVICE_UNAVAILABLE, Some(wait))
        }
    }
}

/// Signs the person in, or lets them: where there is a second factor, or when the password was replaced in
/// this very moment.
async fn enter(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    entering: Entering<'_>,
) -> Result<Response, AppError> {
    let mut response = match signin::enter(state, ctx, visitor, session, entering).await? {
        Entered::In(begun) => {
            let mut response = see_other_with(state, paths::DASHBOARD, Notice::EmailVerified);
            begun.set_cookies(state, response.headers_mut());
            response
        }
        Entered::Asked { challenge, secret } => to_challenge(state, challenge, &secret),
        Entered::Refused => see_other_with(state, paths::LOGIN, Notice::EmailVerified),
    };
    mailed_link::drop_link(state, response.headers_mut());
    Ok(response)
}

/// `GET /verify/resend`: where a visitor comes to who chose another language, or whose form was refused, with that
/// form in hand.
pub async fn back() -> Response {
    see_other(paths::VERIFY)
}

/// `POST /verify/resend`.
pub async fn resend(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let typed = fields.get("email");
    let content = WaitingPage { email: fields.shown("email", Email::MAX), ..waiting(&state, &visitor) };
    let again = |problem, status, wait| {
        refused(&state, &ctx, status, wait, &WaitingPage { problem: Some(problem), ..content.clone() })
    };
    let email = Email::parse(typed);
    let asked = match (visitor.any_session().filter(|session| !session.email_verified), &email) {
        (Some(session), _) => Asked::Account(session.user_id, &session.email),
        (None, Ok(email)) => Asked::Address(email),
        (None, Err(error)) => return again((*error).into(), StatusCode::UNPROCESSABLE_ENTITY, None),
    };
    if state.mailer.is_full() {
        let wait = Wait::from_secs(30);
        return again(WaitingProblem::Busy { wait }, StatusCode::SERVICE_UNAVAILABLE, Some(wait));
    }
    match service::resend(&state, &ctx, asked).await? {
        Taken::Yes => Ok(see_other_with(&state, paths::VERIFY, Notice::VerificationMailed)),
        Taken::No { retry_after } => {
            event::limited(&ctx, "verify");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(WaitingProblem::SlowDown { wait }, StatusCode::TOO_MANY_REQUESTS, Some(wait))
        }
    }
}
