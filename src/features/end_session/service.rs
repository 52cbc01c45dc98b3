//! Whether to ask, and ending the session.

pub mod deliveries;

use std::time::Duration;

use time::OffsetDateTime;
use vestibule_jose::{Algorithm, Hint, verify_id_token_hint};

use super::model::{Onward, Wanted};
use crate::{
    apps::{self, App},
    features::logout::sign_out,
    sessions::LiveSession,
    state::AppState,
    types::Request,
    web::AppError,
};

/// By how much the clocks of replicas may differ.
const LEEWAY: Duration = Duration::from_secs(60);

/// What an app's request came to.
#[must_use]
#[derive(Debug)]
pub enum Left {
    /// The session is over, because the hint named it.
    Now(Option<Onward>),
    /// Nobody was signed in.
    Before(Option<Onward>),
    /// The person has to say so first.
    Asked(Option<Onward>),
}

/// An ID token of ours.
struct Named {
    client_id: String,
    sid: Option<String>,
}

/// Ends the session of this browser if the hint names it.
pub async fn leave(
    state: &AppState,
    request: &Request,
    live: Option<&LiveSession>,
    wanted: &Wanted,
) -> Result<Left, AppError> {
    let named = named(state, request.now, wanted).await?;
    let is_wrong = wanted.hint.is_some() && named.is_none();
    let onward = if is_wrong { None } else { onward(state, named.as_ref(), wanted).await? };
    let Some(live) = live else { return Ok(Left::Before(onward)) };
    let sid = named.and_then(|named| named.sid);
    if sid.is_none_or(|sid| sid != live.id.to_string()) {
        return Ok(Left::Asked(onward));
    }
    sign_out(state, request, live).await?;
    Ok(Left::Now(onward))
}

/// Ends the session of this browser, whose person said so. Returns whether they go on to an app.
pub async fn confirm(
    state: &AppState,
    request: &Request,
    live: Option<&LiveSession>,
    wanted: &Wanted,
) -> Result<bool, AppError> {
    if let Some(live) = live {
        sign_out(state, request, live).await?;
    }
    Ok(onward(state, None, wanted).await?.is_some())
}

/// Reads the hint. Returns `None` without one, and for one that is not ours or of another app than the request says.
async fn named(state: &AppState, now: OffsetDateTime, wanted: &Wanted) -> Result<Option<Named>, AppError> {
    let Some(hint) = &wanted.hint else { return Ok(None) };
    let keys = state.signing.published().await?;
    let issuer = state.config.site.public_url.origin();
    let expected = Hint { algorithms: &Algorithm::ALL, issuer: &issuer, now: now.unix_timestamp(), leeway: LEEWAY };
    let Ok(claims) = verify_id_token_hint(hint, &keys, &expected) else { return Ok(None) };
    let [client_id] = claims.audience() else { return Ok(None) };
    if wanted.client_id.as_ref().is_some_and(|wanted| wanted != client_id) {
        return Ok(None);
    }
    Ok(Some(Named { client_id: client_id.clone(), sid: claims.text("sid").map(str::to_owned) }))
}

async fn onward(state: &AppState, named: Option<&Named>, wanted: &Wanted) -> Result<Option<Onward>, AppError> {
    let client_id = named.map(|named| &named.client_id).or(wanted.client_id.as_ref());
    let (Some(client_id), true) = (client_id, wanted.redirect_uri.is_some()) else { return Ok(None) };
    let app: Option<App> = apps::find(&mut *state.db.acquire().await?, client_id).await?;
    Ok(app.and_then(|app| Onward::to(&app, wanted)))
}
