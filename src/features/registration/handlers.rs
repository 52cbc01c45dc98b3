//! Show the form, and take it.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    forms,
    pages::{RegisterErrors, RegisterPage, RegisterProblem, UsernameError},
    service::{self, SignUp},
};
use crate::{
    signin::BROWSER_KNOWN_FOR,
    state::AppState,
    types::{Notice, SecretToken, Wait},
    web::{
        AppError, Ctx, Submitted, Visitor, cookies, event, mailed_link, notice::see_other_with, page, paths, refused,
        retry_seconds, see_other,
    },
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
    let (page, form) = forms::parse(&fields, state.config.passwords.policy, &state.config.site.name);
    let form = match form {
        Ok(form) => form,
        Err(errors) => {
            return refused(&state, &ctx, StatusCode::UNPROCESSABLE_ENTITY, None, &RegisterPage { errors, ..page });
        }
    };
    if state.mailer.is_full() {
        let wait = Wait::from_secs(30);
        let problem = Some(RegisterProblem::Busy { wait });
        return refused(&state, &ctx, StatusCode::SERVICE_UNAVAILABLE, Some(wait), &RegisterPage { problem, ..page });
    }
    let browser = ctx.browser().cloned().unwrap_or_else(|| SecretToken::new(state.entropy));
    match service::sign_up(&state, &ctx, &form, &browser.digest()).await? {
        SignUp::Created(user_id) => {
            event::registered(&ctx, user_id);
            Ok(to_the_mail(&state, &browser))
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

/// The one answer to a sign-up whose fields were good, whoever's the address is. The browser is marked, so that it can confirm without asking for the password again.
fn to_the_mail(state: &AppState, browser: &SecretToken) -> Response {
    let mut response = see_other_with(state, paths::VERIFY, Notice::Registered);
    let (headers, public_url) = (response.headers_mut(), &state.config.site.public_url);
    cookies::set(headers, public_url, cookies::Name::Browser, browser.reveal(), Some(BROWSER_KNOWN_FOR));
    // The page is about this sign-up, not about a link that was opened before.
    mailed_link::drop_link(state, headers);
    response
}
