//! Shared by all ceremonies: creating the challenge and verifying the response.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use webauthn_rs::{
    Webauthn,
    prelude::{DiscoverableAuthentication, Passkey, WebauthnError},
};

use super::super::{
    model::{self, Ceremony, Problem},
    store,
};
use crate::{
    accounts,
    audit::{Event, Unit},
    limits::{self, Key, Spend},
    sessions::Method,
    state::AppState,
    types::{Request, SecretToken, UserId},
    web::AppError,
};

/// A ceremony that began.
#[derive(Debug)]
pub struct Challenge {
    /// What the page's script passes to the browser.
    pub options: Value,
    /// The secret for the browser's cookie, until it responds.
    pub secret: SecretToken,
}

/// The relying party, or 404 if passkeys are unavailable.
pub fn relying_party(state: &AppState) -> Result<Webauthn, AppError> {
    model::relying_party(&state.config.site).ok_or(AppError::NotFound)
}

/// Begins a ceremony and stores its challenge. Each has a secret of its own, whatever the browser brought.
pub async fn begin(
    state: &AppState,
    request: &Request,
    ceremony: &Ceremony,
    options: Value,
    kept: &impl Serialize,
) -> Result<Challenge, AppError> {
    let secret = SecretToken::random();
    let challenge = options.get("challenge").and_then(Value::as_str).ok_or_else(broken)?;
    let key = model::key(&secret, challenge);
    let mut transaction = state.db.begin().await?;
    // Unauthenticated clients cannot begin a ceremony for a known account, so they cannot exhaust its limit.
    let buckets = match ceremony.bound_to() {
        Some((user_id, _)) => vec![(Key::factor("ceremonies-of", user_id), limits::CEREMONIES)],
        None => limits::ceremonies(request.address),
    };
    if let Spend::Limited(throttled) = limits::spend_all(&mut transaction, &buckets).await? {
        return Err(AppError::Throttled(throttled));
    }
    store::begin(&mut transaction, &key, ceremony, &to_json(kept)?).await?;
    transaction.commit().await?;
    Ok(Challenge { options, secret })
}

/// Creates the options that ask for one of the `allowed` passkeys; without them for any passkey, identically for
/// everyone.
pub async fn ask(
    state: &AppState,
    request: &Request,
    ceremony: &Ceremony,
    allowed: &[Vec<u8>],
) -> Result<Challenge, AppError> {
    let (challenge, kept) = relying_party(state)?.start_discoverable_authentication().map_err(|error| fault(&error))?;
    let mut options = to_json(&challenge.public_key)?;
    if let Value::Object(options) = &mut options {
        options.remove("extensions");
        let named = |id: &Vec<u8>| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(id) });
        options.insert("allowCredentials".to_owned(), allowed.iter().map(named).collect());
    }
    begin(state, request, ceremony, options, &kept).await
}

/// The result of verifying a response.
#[must_use]
#[derive(Debug)]
pub enum Verified {
    /// The passkey's account.
    Proven(UserId, Method),
    /// It is forged, or belongs to another account or one that may not sign in. Contains the account that was meant, if
    /// it exists; never shown to the visitor.
    Refused(Option<UserId>),
    /// Nothing was verified.
    Unanswered(Problem),
}

/// Verifies the answer to a ceremony. The ceremony is spent whatever the result, so the caller commits in any case. A
/// passkey that is proven has its counter and flags updated. The account is locked from here.
pub async fn verify(
    unit: &mut Unit,
    state: &AppState,
    secrets: &[SecretToken],
    ceremony: &Ceremony,
    answer: &str,
) -> Result<Verified, AppError> {
    if answer.is_empty() {
        return Ok(Verified::Unanswered(Problem::Missing));
    }
    let webauthn = relying_party(state)?;
    let known = ceremony.bound_to().map(|(user_id, _)| user_id);
    let kept: Option<DiscoverableAuthentication> = spend(unit, (secrets, answer), ceremony).await?;
    let Some(kept) = kept else { return Ok(Verified::Unanswered(Problem::Over)) };
    let Some((answer, claimed)) = model::read(answer) else { return Ok(Verified::Refused(known)) };
    // An account that was known before must be the one that answers; otherwise the user handle names it.
    let user_id = match (known, claimed) {
        (Some(known), claimed) if claimed.is_none_or(|claimed| claimed == known) => known,
        (None, Some(claimed)) if accounts::lock(unit, claimed).await? => claimed,
        (known, _) => return Ok(Verified::Refused(known)),
    };
    let Some(passkey) = store::find(unit, user_id, answer.get_credential_id()).await? else {
        return Ok(Verified::Refused(known));
    };
    if !passkey.open || (state.config.accounts.require_verification && !passkey.verified) {
        return Ok(Verified::Refused(Some(user_id)));
    }
    let synced = passkey.backup_eligible;
    let mut credential = counted(passkey.credential, synced)?;
    match webauthn.finish_discoverable_authentication_v2(&answer, kept, &credential) {
        Ok(result) if result.user_verified() => {
            credential.update_credential(&result);
            store::used(unit, passkey.id, &to_json(&credential)?, result.backup_state()).await?;
            return Ok(Verified::Proven(user_id, Method::Passkey { synced }));
        }
        Err(WebauthnError::CredentialPossibleCompromise) => unit.record(Event::PasskeyCopied, user_id, None),
        Ok(_) | Err(_) => {}
    }
    Ok(Verified::Refused(Some(user_id)))
}

/// Locks the account of a ceremony and spends its challenge, which the answer names. `None` if it has expired or was
/// spent, or was another browser's.
pub async fn spend<T: DeserializeOwned>(
    unit: &mut Unit,
    (secrets, answer): (&[SecretToken], &str),
    ceremony: &Ceremony,
) -> Result<Option<T>, AppError> {
    let Some(challenge) = model::challenge(answer) else { return Ok(None) };
    if let Some((user_id, _)) = ceremony.bound_to() {
        accounts::lock(unit, user_id).await?;
    }
    for secret in secrets {
        if let Some(kept) = store::spend(unit, &model::key(secret, &challenge), ceremony).await? {
            return from_json(kept).map(Some);
        }
    }
    Ok(None)
}

/// Reads a stored passkey. Each device of the owner of a synced one may count separately, so its counter is ignored.
fn counted(mut credential: Value, synced: bool) -> Result<Passkey, AppError> {
    if synced && let Some(counter) = credential.pointer_mut("/cred/counter") {
        *counter = 0.into();
    }
    from_json(credential)
}

/// Encodes a value for the database or the page's script.
pub fn to_json(value: &impl Serialize) -> Result<Value, AppError> {
    serde_json::to_value(value).map_err(|_| broken())
}

fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, AppError> {
    serde_json::from_value(value).map_err(|_| broken())
}

fn broken() -> AppError {
    AppError::fault("a passkey or a ceremony cannot be written or read")
}

/// Logs the library's error.
pub fn fault(error: &WebauthnError) -> AppError {
    tracing::error!(%error, "cannot begin a WebAuthn ceremony");
    broken()
}
