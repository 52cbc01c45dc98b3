//! Show the form, and take it.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    pages::{DisplayNameError, ProfilePage, ProfileProblem},
    service::{self, Profile, Saved},
};
use crate::{
    sessions::LiveSession,
    state::AppState,
    types::{DisplayName, Lang, Notice, Wait},
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor, cookies, event,
        notice::{page_with_notice, see_other_with},
        paths, refused_to, retry_seconds,
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
        problem: None,
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
    let typed = ProfilePage { display_name: fields.shown("display_name", TYPED_MAX), language, ..kept(&live) };
    let visitor = Visitor::SignedIn(live.clone());
    let again = |content: ProfilePage| {
        let (status, wait) = match content.problem {
            Some(ProfileProblem::SlowDown { wait }) => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
            None => (StatusCode::UNPROCESSABLE_ENTITY, None),
        };
        refused_to(&state, &ctx, Some(&visitor), status, wait, &content)
    };
    let display_name = match DisplayName::parse(fields.get("display_name")) {
        Ok(display_name) => display_name,
        Err(error) => return again(ProfilePage { error: Some(DisplayNameError::from(error)), ..typed }),
    };
    match service::save(&state, &ctx, &live, &Profile { display_name, language }).await? {
        Saved::Done => {
            let mut response = see_other_with(&state, paths::ACCOUNT_PROFILE, Notice::ProfileSaved);
            cookies::keep_language(response.headers_mut(), &state.config.site.public_url, language);
            Ok(response)
        }
        Saved::SlowDown(retry_after) => {
            event::limited(&ctx, "profile");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(ProfilePage { problem: Some(ProfileProblem::SlowDown { wait }), ..typed })
        }
    }
}

/// How much of a typed text is worth showing again.
const TYPED_MAX: usize = 254;
