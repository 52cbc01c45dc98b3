//! Show the form, and take it.

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use super::{
    pages::{LinkOverPage, SetupPage},
    service::{self, Made},
};
use crate::{
    features::registration::{
        self,
        pages::{EmailError, RegisterErrors, RegisterPage, RegisterProblem, UsernameError},
    },
    sessions::Method,
    signin::{self, Entered, Entering},
    state::AppState,
    types::{UserId, Wait},
    web::{AppError, Ctx, Submitted, Visitor, event, mailed_link, page, paths, refused, retry_seconds, see_other},
};

/// `GET /setup`.
pub async fn show(State(state): State<AppState>, ctx: Ctx) -> Result<Response, AppError> {
    if let Some(response) = mailed_link::carry(&state, &ctx, paths::SETUP) {
        return Ok(response);
    }
    if !service::open(&state, &ctx).await? {
        return link_over(&state, &ctx);
    }
    let password_min = state.config.passwords.policy.min;
    page(&state, &ctx, None, &SetupPage { form: RegisterPage { password_min, ..RegisterPage::default() } })
}

/// 410 Gone, and how to get another.
fn link_over(state: &AppState, ctx: &Ctx) -> Result<Response, AppError> {
    mailed_link::over(state, ctx, &LinkOverPage {})
}

/// `POST /setup`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    // Looked at before the form is: whoever has no link learns nothing, and costs no hash.
    if !service::open(&state, &ctx).await? {
        return link_over(&state, &ctx);
    }
    let (page, form) = registration::parse(&fields, state.config.passwords.policy, &state.config.site.name);
    let wrong = |errors| {
        let form = RegisterPage { errors, ..page.clone() };
        refused(&state, &ctx, StatusCode::UNPROCESSABLE_ENTITY, None, &SetupPage { form })
    };
    let again = |problem, status, wait| {
        let form = RegisterPage { problem: Some(problem), ..page.clone() };
        refused(&state, &ctx, status, Some(wait), &SetupPage { form })
    };
    let form = match form {
        Ok(form) => form,
        Err(errors) => return wrong(errors),
    };
    match service::make(&state, &ctx, &form).await? {
        Made::Done(user_id) => {
            event::registered(&ctx, user_id);
            enter(&state, &ctx, &visitor, &session, user_id).await
        }
        Made::LinkOver => link_over(&state, &ctx),
        Made::UsernameTaken => {
            wrong(RegisterErrors { username: Some(UsernameError::Taken), ..RegisterErrors::default() })
        }
        Made::EmailTaken => wrong(RegisterErrors { email: Some(EmailError::Taken), ..RegisterErrors::default() }),
        Made::SlowDown(retry_after) => {
            event::limited(&ctx, "setup");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(RegisterProblem::SlowDown { wait }, StatusCode::TOO_MANY_REQUESTS, wait)
        }
        Made::Busy => {
            let wait = Wait::from_secs(1);
            again(RegisterProblem::Busy { wait }, StatusCode::SERVICE_UNAVAILABLE, wait)
        }
    }
}

/// The person who just chose the password is in.
async fn enter(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    user_id: UserId,
) -> Result<Response, AppError> {
    let methods = &[Method::Password];
    let entering = Entering { user_id, methods, proof: None, remember: false, next: None };
    let entered = signin::enter(state, ctx, visitor, session, entering).await?;
    let Entered::In(begun) = entered else { return Ok(see_other(paths::LOGIN)) };
    let mut response = begun.go_on(state, None);
    mailed_link::drop_link(state, response.headers_mut());
    Ok(response)
}
