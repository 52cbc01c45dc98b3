//! The page of an account's passkeys: add one, rename one, remove one.

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use super::{
    ceremony::{self, relying_party},
    enrol::{self, Added, PASSKEYS_MAX, Removed},
    pages::{PasskeyRow, PasskeysPage, PasskeysProblem},
    store,
};
use crate::{
    sessions::LiveSession,
    state::AppState,
    types::{Age, DisplayName, DisplayNameError, LocalPath, Notice, PasskeyId},
    web::{
        AppError, Ctx, Fields, SignedIn, Submitted, Visitor,
        notice::{page_with_notice, see_other_with},
        paths, refused_to,
    },
};

/// `GET /account/factors/passkeys`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let content = PasskeysPage { notice: ctx.notice(), ..of(&state, &ctx, &live).await? };
    page_with_notice(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

async fn of(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<PasskeysPage, AppError> {
    let mut connection = state.db.acquire().await?;
    let listed = store::list(&mut connection, live.user_id).await?;
    let row = |passkey: store::ListedPasskey| PasskeyRow {
        id: passkey.id.to_string(),
        name: passkey.name,
        created: Age::between(passkey.created_at, ctx.now()),
        last_used: passkey.last_used_at.map(|at| Age::between(at, ctx.now())),
        synced: passkey.synced,
        typed: None,
    };
    Ok(PasskeysPage {
        offered: state.passkeys.is_some(),
        full: listed.len() >= PASSKEYS_MAX,
        passkeys: listed.into_iter().map(row).collect(),
        name: enrol::usual_name(ctx),
        notice: None,
        problem: None,
    })
}

/// `POST /account/factors/passkeys/options`.
pub async fn options(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(_): Submitted,
) -> Result<Response, AppError> {
    enrol::begin(&state, &ctx, &live).await
}

/// `POST /account/factors/passkeys`.
pub async fn add(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    relying_party(&state)?;
    let answer = fields.get("credential");
    if answer.is_empty() {
        return again(&state, &ctx, live, PasskeysProblem::Missing, None).await;
    }
    // A passkey that is made already is not lost over a name that cannot be.
    let name = DisplayName::parse(fields.get("name")).ok().flatten();
    let name = name.map_or_else(|| enrol::usual_name(&ctx), |name| name.as_str().to_owned());
    let problem = match enrol::add(&state, &ctx, &live, answer, &name).await? {
        Added::Done { renewed, without_codes } => {
            if let Some(renewed) = renewed {
                renewed.begun(&state, &session).await?;
            }
            let path = if without_codes { paths::ACCOUNT_RECOVERY_CODES } else { paths::ACCOUNT_PASSKEYS };
            let mut response = see_other_with(&state, path, Notice::PasskeyAdded);
            ceremony::forget(&state, &mut response);
            return Ok(response);
        }
        Added::SignedOut => return Err(AppError::SignIn { next: None }),
        Added::Refused => PasskeysProblem::Refused,
        Added::Over => PasskeysProblem::Over,
        Added::Full => PasskeysProblem::Full,
    };
    again(&state, &ctx, live, problem, None).await
}

/// `POST /account/factors/passkeys/rename`.
pub async fn rename(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let id = PasskeyId::parse(fields.get("passkey")).ok_or(AppError::NotFound)?;
    let problem = match DisplayName::parse(fields.get("name")) {
        Ok(Some(name)) => {
            let mut connection = state.db.acquire().await?;
            if !store::rename(&mut connection, live.user_id, id, &name).await? {
                return Err(AppError::NotFound);
            }
            return Ok(see_other_with(&state, &back(&fields), Notice::PasskeyRenamed));
        }
        Ok(None) => PasskeysProblem::NameMissing,
        Err(DisplayNameError::TooLong) => PasskeysProblem::NameTooLong,
        Err(DisplayNameError::Characters) => PasskeysProblem::NameCharacters,
    };
    let typed = (id.to_string(), fields.shown("name", TYPED_MAX));
    again(&state, &ctx, live, problem, Some(typed)).await
}

/// `POST /account/factors/passkeys/remove`.
pub async fn remove(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let id = PasskeyId::parse(fields.get("passkey")).ok_or(AppError::NotFound)?;
    match enrol::remove(&state, &ctx, &live, id).await? {
        Removed::Done => Ok(see_other_with(&state, &back(&fields), Notice::PasskeyRemoved)),
        Removed::NotThere => Err(AppError::NotFound),
        Removed::SignedOut => Err(AppError::SignIn { next: None }),
        Removed::Needed => again(&state, &ctx, live, PasskeysProblem::Needed, None).await,
    }
}

/// How much of a typed name is worth showing again.
const TYPED_MAX: usize = 200;

/// To the page that the form stood on, as it says: this one, or the overview of all factors.
fn back(fields: &Fields) -> String {
    LocalPath::parse(fields.get("next")).map_or(paths::ACCOUNT_PASSKEYS.to_owned(), |next| next.as_str().to_owned())
}

/// The page once more, with why, and with a name that was refused where it was typed.
async fn again(
    state: &AppState,
    ctx: &Ctx,
    live: std::sync::Arc<LiveSession>,
    problem: PasskeysProblem,
    typed: Option<(String, String)>,
) -> Result<Response, AppError> {
    let mut page = of(state, ctx, &live).await?;
    if let Some((id, name)) = typed {
        let row = page.passkeys.iter_mut().find(|row| row.id == id).ok_or(AppError::NotFound)?;
        row.typed = Some(name);
    }
    let status = match problem {
        PasskeysProblem::Refused | PasskeysProblem::Over => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = PasskeysPage { problem: Some(problem), ..page };
    refused_to(state, ctx, Some(&Visitor::SignedIn(live)), status, None, &page)
}
