//! Show the form, and take it.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    forms,
    pages::{RegisterErrors, RegisterPage, RegisterProblem, UsernameError},
    service::{self, SignUp},
};
use crate::{
    state::AppState,
    types::{Notice, Wait},
    web::{AppError, Ctx, Submitted, Visitor, cookies, event, page, paths, refused, retry_seconds, see_other},
};

/// `GET /register`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, visitor: Visitor) -> Result<Response, AppError> {
    if visitor.session().is_some() {
        return Ok(see_other(paths::DASHBOARD));
    }
    let password_min = state.config.passwords.policy.min;
    page(&state, &ctx, None, &RegisterPage { password_min, ..RegisterPage::default() })
}

/// `POST /register`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let (page, form) = forms::parse(&fields, state.config.passwords.policy);
    let form = match form {
        Ok(form) => form,
        Err(errors) => {
            return refused(&state, &ctx, StatusCode::UNPROCESSABLE_ENTITY, None, &RegisterPage { errors, ..page });
        }
    };
    match service::sign_up(&state, &form, ctx.origin()).await? {
        SignUp::Created(user_id) => {
            event::registered(&ctx, user_id);
            Ok(to_sign_in(&state))
        }
        SignUp::EmailTaken => {
            event::registration_repeated(&ctx);
            Ok(to_sign_in(&state))
        }
        SignUp::UsernameTaken => {
            let errors = RegisterErrors { username: Some(UsernameError::Taken), ..RegisterErrors::default() };
            refused(&state, &ctx, StatusCode::UNPROCESSABLE_ENTITY, None, &RegisterPage { errors, ..page })
        }
        SignUp::SlowDown { retry_after } => {
            event::limited(&ctx, "register");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            let problem = Some(RegisterProblem::SlowDown { wait });
            refused(&state, &ctx, StatusCode::TOO_MANY_REQUESTS, Some(wait), &RegisterPage { problem, ..page })
        }
        SignUp::Busy => {
            let wait = Wait::from_secs(1);
            let problem = Some(RegisterProblem::Busy { wait });
            refused(&state, &ctx, StatusCode::SERVICE_UNAVAILABLE, Some(wait), &RegisterPage { problem, ..page })
        }
    }
}

/// The one answer to a sign-up whose fields were good, whether its address was free or not.
fn to_sign_in(state: &AppState) -> Response {
    let mut response = see_other(paths::LOGIN);
    let code = Notice::Registered.code().to_owned();
    cookies::set(response.headers_mut(), &state.config.site.public_url, cookies::Name::Notice, code, None);
    response
}
