//! Proving again by a passkey who one is.

use axum::{extract::State, response::Response};
use tower_sessions::Session;

use super::{
    ceremony::{self, Judged, relying_party},
    login::status,
    pages::{Problem, ReauthPasskeyPage},
    store,
};
use crate::{
    accounts,
    features::passkeys::ceremonies::{Ceremony, Purpose},
    sessions::{Challenge, LiveSession},
    signin::{self, challenge},
    state::AppState,
    types::LocalPath,
    web::{AppError, Ctx, SignedIn, Submitted, event, page, paths, refused, see_other, with_next},
};

fn ceremony(live: &LiveSession) -> Ceremony<'_> {
    Ceremony { purpose: Purpose::Reauth, user_id: Some(live.user_id), bound_to: Some(live.id.0.as_bytes()) }
}

/// The page; none for an account without passkeys.
async fn content(
    state: &AppState,
    live: &LiveSession,
    next: Option<&LocalPath>,
) -> Result<Option<ReauthPasskeyPage>, AppError> {
    let mut connection = state.db.acquire().await?;
    let factors = accounts::factors(&mut connection, live.user_id).await?;
    Ok((factors.passkeys > 0).then(|| ReauthPasskeyPage {
        offered: state.passkeys.is_some(),
        username: live.username.clone(),
        others: challenge::other_reauth_ways(&factors, Challenge::Passkey, next),
        next: next.map(|next| next.as_str().to_owned()),
        problem: None,
    }))
}

/// To the page that knows what to ask for instead.
fn elsewhere(next: Option<&LocalPath>) -> Response {
    see_other(&next.map_or_else(|| paths::REAUTH.to_owned(), |next| with_next(paths::REAUTH, next.as_str())))
}

/// `GET /reauth/passkey`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let next = ctx.next();
    match content(&state, &live, next.as_ref()).await? {
        Some(content) => page(&state, &ctx, None, &content),
        None => Ok(elsewhere(next.as_ref())),
    }
}

/// `POST /reauth/passkey/options`.
pub async fn options(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(_): Submitted,
) -> Result<Response, AppError> {
    let mut connection = state.db.acquire().await?;
    let allowed = store::credential_ids(&mut connection, live.user_id).await?;
    drop(connection);
    if allowed.is_empty() {
        return Err(AppError::NotFound);
    }
    ceremony::ask(&state, &ctx, &ceremony(&live), &allowed).await
}

/// `POST /reauth/passkey`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    relying_party(&state)?;
    let (answer, next) = (fields.get("credential"), LocalPath::parse(fields.get("next")));
    let Some(content) = content(&state, &live, next.as_ref()).await? else { return Ok(elsewhere(next.as_ref())) };
    let again = |problem| {
        refused(&state, &ctx, status(problem), None, &ReauthPasskeyPage { problem: Some(problem), ..content.clone() })
    };
    if answer.is_empty() {
        return again(Problem::Missing);
    }
    let mut transaction = state.db.begin().await?;
    let method = match ceremony::judge(&mut transaction, &state, &ctx, &ceremony(&live), answer).await? {
        Judged::Shown { method, .. } => method,
        Judged::Refused { .. } => {
            transaction.commit().await?;
            challenge::refused_factor(&state, &ctx, (live.user_id, Some(live.id)), Challenge::Passkey).await?;
            return again(Problem::Refused);
        }
        Judged::Over => return again(Problem::Over),
    };
    let renewed = signin::renew(&mut transaction, &state, &ctx, &live, method, None).await?;
    transaction.commit().await?;
    let Some(renewed) = renewed else { return Err(AppError::SignIn { next: None }) };
    event::reauthenticated(&ctx, live.user_id, live.id);
    renewed.begun(&state, &session).await?;
    let mut response = see_other(next.as_ref().map_or(paths::DASHBOARD, LocalPath::as_str));
    ceremony::forget(&state, &mut response);
    Ok(response)
}
