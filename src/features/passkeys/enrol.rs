//! The passkeys of an account become more or less.

use serde_json::Value;
use sqlx::PgConnection;
use webauthn_rs::prelude::{CreationChallengeResponse, Passkey, PasskeyRegistration, RegisterPublicKeyCredential};

use super::{
    ceremony::{broken, fault, relying_party, to_json},
    store::{self, NewPasskey},
};
use crate::{
    accounts,
    audit::Event,
    features::passkeys::ceremonies::{self, Ceremony, Purpose},
    sessions::{self, LiveSession, Method},
    signin::{Renewed, factor_change},
    state::AppState,
    types::PasskeyId,
    web::{AppError, Ctx, device, event},
};

/// The most passkeys of one account.
pub const PASSKEYS_MAX: usize = 20;

/// The ceremony in which a session's owner adds a passkey.
fn ceremony(live: &LiveSession) -> Ceremony<'_> {
    Ceremony { purpose: Purpose::Register, user_id: Some(live.user_id), bound_to: Some(live.id.0.as_bytes()) }
}

/// What the browser is asked to make, and what is kept of that; none when the account has as many as it may.
pub async fn begin(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<axum::response::Response, AppError> {
    let webauthn = relying_party(state)?;
    let mut connection = state.db.acquire().await?;
    let present = store::credential_ids(&mut connection, live.user_id).await?;
    drop(connection);
    if present.len() >= PASSKEYS_MAX {
        return Err(AppError::BadRequest("as many passkeys as an account can have"));
    }
    let shown = live.display_name.as_deref().unwrap_or(&live.username);
    let begun = webauthn.start_passkey_registration(live.user_id.0, &live.username, shown, Some(present));
    let (challenge, kept) = begun.map_err(|error| fault(&error))?;
    super::ceremony::begin(state, ctx, &ceremony(live), &discoverable(&challenge)?, &kept).await
}

/// Asks for a passkey that is found without a name: with which one signs in alone.
fn discoverable(challenge: &CreationChallengeResponse) -> Result<Value, AppError> {
    let mut options = to_json(&challenge.public_key)?;
    if let Some(selection) = options.get_mut("authenticatorSelection") {
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
    }
    if let Some(Value::Object(extensions)) = options.get_mut("extensions") {
        extensions.remove("uvm");
    }
    Ok(options)
}

/// What became of a new passkey.
#[must_use]
#[derive(Debug)]
pub enum Added {
    /// It is the account's.
    Done {
        /// The cookie that this session gets, when the account had no second factor before.
        renewed: Option<Renewed>,
        /// Whether recovery codes should come next.
        without_codes: bool,
    },
    /// What came is no new passkey of this browser.
    Refused,
    /// The ceremony is over, or never was one of this session.
    Over,
    /// The account has as many as it may.
    Full,
    /// The session ended meanwhile.
    SignedOut,
}

/// Adds a passkey. The first factor of an account ends the sessions that were opened without one.
pub async fn add(state: &AppState, ctx: &Ctx, live: &LiveSession, answer: &str, name: &str) -> Result<Added, AppError> {
    let webauthn = relying_party(state)?;
    let Some(secret) = ctx.ceremony() else { return Ok(Added::Over) };
    let mut transaction = state.db.begin().await?;
    accounts::hold(&mut transaction, live.user_id).await?;
    let Some(kept) = ceremonies::spend(&mut transaction, &secret.digest(), &ceremony(live)).await? else {
        return Ok(Added::Over);
    };
    let kept: PasskeyRegistration = serde_json::from_value(kept).map_err(|_| broken())?;
    let passkey = serde_json::from_str::<RegisterPublicKeyCredential>(answer)
        .ok()
        .filter(|answer| answer.type_ == "public-key")
        .and_then(|answer| webauthn.finish_passkey_registration(&answer, &kept).ok());
    let before = accounts::factors(&mut transaction, live.user_id).await?;
    let full = before.passkeys as usize >= PASSKEYS_MAX;
    let kept = match &passkey {
        Some(passkey) if !full => keep(&mut transaction, state, live, passkey, name).await?,
        _ => false,
    };
    if !kept {
        // Used up all the same.
        transaction.commit().await?;
        return Ok(if full { Added::Full } else { Added::Refused });
    }
    let renewed = match passkey {
        Some(passkey) if !before.has_second() => {
            let synced = to_json(&passkey)?.pointer("/cred/backup_eligible") == Some(&true.into());
            let method = Method::Passkey { synced };
            let renewed = factor_change::first_added(&mut transaction, state, ctx, live, method).await?;
            if renewed.is_none() {
                return Ok(Added::SignedOut);
            }
            renewed
        }
        _ if !sessions::hold(&mut transaction, live.id).await? => return Ok(Added::SignedOut),
        _ => None,
    };
    let event = Event::FactorAdded { factor: "passkey".into() };
    factor_change::tell(&mut transaction, state, ctx, live, (&event, "passkey-added")).await?;
    transaction.commit().await?;
    state.mailer.wake();
    event::factors_changed(ctx, live.user_id, "passkey added");
    Ok(Added::Done { renewed, without_codes: !before.has_second() && before.recovery_codes == 0 })
}

async fn keep(
    connection: &mut PgConnection,
    state: &AppState,
    live: &LiveSession,
    passkey: &Passkey,
    name: &str,
) -> Result<bool, AppError> {
    let credential = to_json(passkey)?;
    let flag = |name: &str| credential.pointer(name).and_then(Value::as_bool).unwrap_or_default();
    let new = NewPasskey {
        id: PasskeyId::new(state.entropy),
        user_id: live.user_id,
        name,
        credential_id: passkey.cred_id().as_ref(),
        credential: &credential,
        backup_eligible: flag("/cred/backup_eligible"),
        backed_up: flag("/cred/backup_state"),
    };
    Ok(store::insert(connection, &new).await?)
}

/// What a new passkey is called until its owner says otherwise: what it is made on.
pub fn usual_name(ctx: &Ctx) -> String {
    let (browser, system) = (device::browser(ctx.user_agent()), device::system(ctx.user_agent()));
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} ({system})"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Passkey".to_owned(),
    }
}

/// What became of a passkey that was to go.
#[must_use]
#[derive(Debug)]
pub enum Removed {
    /// It is gone.
    Done,
    /// The account has no such passkey.
    NotThere,
    /// Without it the owner could not get in any more.
    Needed,
    /// The session ended meanwhile.
    SignedOut,
}

/// Removes a passkey, and ends what may have been opened by whoever has it.
pub async fn remove(state: &AppState, ctx: &Ctx, live: &LiveSession, id: PasskeyId) -> Result<Removed, AppError> {
    let mut transaction = state.db.begin().await?;
    accounts::hold(&mut transaction, live.user_id).await?;
    if !store::remove(&mut transaction, live.user_id, id).await? {
        return Ok(Removed::NotThere);
    }
    let left = accounts::factors(&mut transaction, live.user_id).await?;
    if !left.password && !left.do_without_password() {
        return Ok(Removed::Needed);
    }
    if !factor_change::removed(&mut transaction, ctx, live, &left).await? {
        return Ok(Removed::SignedOut);
    }
    let event = Event::FactorRemoved { factor: "passkey".into() };
    factor_change::tell(&mut transaction, state, ctx, live, (&event, "passkey-removed")).await?;
    transaction.commit().await?;
    state.mailer.wake();
    event::factors_changed(ctx, live.user_id, "passkey removed");
    Ok(Removed::Done)
}
