//! Show the form, and take it.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    pages::{DisplayNameError, ProfilePage},
    service::{self, Profile},
};
use crate::{
    authn::sessions::LiveSession,
    state::AppState,
    types::{DisplayName, Lang, Notice},
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor, cookies,
        notice::{page_with_notice, see_other_with},
        paths, refused_to,
    },
};

/// `GET /account/profile`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let content = ProfilePage { notice: ctx.notice(), ..kept(&live) };
    page_with_notice(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// The page as the account stands.
fn kept(live: &LiveSession) -> ProfilePage {
    ProfilePage {
        username: live.username.clone(),
        email: live.email.clone(),
        display_name: live.display_name.clone().unwrap_or_default(),
        // A language that only a newer version has is shown as none.
        language: live.language.as_deref().and_then(Lang::from_code),
        error: None,
        notice: None,
    }
}

/// `POST /account/profile`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let language = match fields.get("language") {
        "" => None,
        code => Some(Lang::from_code(code).ok_or(AppError::BadRequest("an unknown language"))?),
    };
    let typed = fields.get("display_name");
    let display_name = match DisplayName::parse(typed) {
        Ok(display_name) => display_name,
        Err(error) => {
            let content = ProfilePage {
                display_name: fields.shown("display_name", TYPED_MAX),
                language,
                error: Some(DisplayNameError::from(error)),
                ..kept(&live)
            };
            let visitor = Visitor::SignedIn(live);
            return refused_to(&state, &ctx, Some(&visitor), StatusCode::UNPROCESSABLE_ENTITY, None, &content);
        }
    };
    service::save(&state, &ctx, &live, &Profile { display_name, language }).await?;
    let mut response = see_other_with(&state, paths::ACCOUNT_PROFILE, Notice::ProfileSaved);
    cookies::keep_language(response.headers_mut(), &state.config.site.public_url, language);
    Ok(response)
}

/// How much of a typed text is worth showing again.
const TYPED_MAX: usize = 254;
