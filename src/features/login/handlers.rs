//! Show the form, and take it.

use axum::{extract::State, http::StatusCode, response::Response};
use time::Duration;
use tower_sessions::{Expiry, Session};

use super::{
    forms::{self, LoginForm},
    pages::{LoginPage, LoginProblem},
    service::{self, Attempt, Origin, Proof},
};
use crate::{
    state::AppState,
    types::{LocalPath, SecretToken, Wait},
    web::{
        AppError, Ctx, Submitted, Visitor, cookies, event, page, paths, refused, retry_seconds, see_other,
        session_store,
    },
};

/// How long a browser is known after its last sign-in; browsers keep no cookie longer (RFC 6265bis).
const BROWSER_KNOWN_FOR: Duration = Duration::days(400);

/// `GET /login`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, visitor: Visitor) -> Result<Response, AppError> {
    let next = ctx.next();
    if visitor.session().is_some() {
        return Ok(see_other(next.as_ref().map_or(paths::DASHBOARD, LocalPath::as_str)));
    }
    let next = next.map(|next| next.as_str().to_owned());
    let notice = ctx.notice();
    let mut response = page(&state, &ctx, None, &LoginPage { next, notice, ..LoginPage::default() })?;
    if notice.is_some() {
        // Said once.
        cookies::remove(response.headers_mut(), &state.config.site.public_url, cookies::Name::Notice);
    }
    Ok(response)
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
    let origin = Origin { address: ctx.client_ip(), user_agent: ctx.user_agent(), browser: ctx.browser() };
    match service::attempt(&state, &form, origin).await? {
        Attempt::Proven(proof) => enter(&state, &ctx, &visitor, &session, &form, &proof).await,
        Attempt::Refused => {
            state.metrics.sign_in("refused");
            event::login_failed(&ctx);
            again(&state, &ctx, page, LoginProblem::Refused)
        }
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

/// The form once more, with what was typed and why.
fn again(state: &AppState, ctx: &Ctx, page: LoginPage, problem: LoginProblem) -> Result<Response, AppError> {
    let (status, wait) = match problem {
        LoginProblem::Refused | LoginProblem::Missing { .. } => (StatusCode::UNPROCESSABLE_ENTITY, None),
        LoginProblem::SlowDown { wait } => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
        LoginProblem::Busy { wait } => (StatusCode::SERVICE_UNAVAILABLE, Some(wait)),
    };
    refused(state, ctx, status, wait, &LoginPage { problem: Some(problem), ..page })
}

async fn enter(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    form: &LoginForm,
    proof: &Proof,
) -> Result<Response, AppError> {
    let store_id = session_store::assign_id(session, state.entropy).await?;
    let fresh = ctx.browser().is_none().then(|| SecretToken::new(state.entropy));
    let browser = ctx.browser().or(fresh.as_ref());
    let origin = Origin { address: ctx.client_ip(), user_agent: ctx.user_agent(), browser };
    let id = service::open_session(state, proof, &store_id, form.remember, origin, visitor.session()).await?;
    if form.remember {
        let remembered = Duration::try_from(state.config.lifetimes.remembered).unwrap_or(Duration::days(30));
        session.set_expiry(Some(Expiry::OnInactivity(remembered)));
    }
    state.metrics.sign_in("signed_in");
    event::login_succeeded(ctx, proof.user_id, id);
    let mut response = see_other(form.next.as_ref().map_or(paths::DASHBOARD, LocalPath::as_str));
    let (headers, public_url) = (response.headers_mut(), &state.config.site.public_url);
    // Tokens of pages from before are worth nothing from now on.
    cookies::remove(headers, public_url, cookies::Name::Csrf);
    if let Some(browser) = browser {
        cookies::set(headers, public_url, cookies::Name::Browser, browser.reveal(), Some(BROWSER_KNOWN_FOR));
    }
    Ok(response)
}
