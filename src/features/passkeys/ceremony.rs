//! What all ceremonies have in common: the challenge that begins one, and the judgement of an assertion.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use webauthn_rs::{
    Webauthn,
    prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential, WebauthnError},
};

use super::{
    answer,
    store::{self, Kept},
};
use crate::{
    accounts,
    features::passkeys::ceremonies::{self, Ceremony},
    limits::{self, Key, Taken},
    sessions::Method,
    state::AppState,
    types::{SecretToken, UserId},
    web::{AppError, Ctx, cookies, event},
};

/// The relying party; where there is none, neither are there ceremonies.
pub fn relying_party(state: &AppState) -> Result<&Webauthn, AppError> {
    state.passkeys.as_ref().ok_or(AppError::NotFound)
}

/// Keeps the challenge of a ceremony, and answers with what the page's script hands to the browser.
pub async fn begin(
    state: &AppState,
    ctx: &Ctx,
    ceremony: &Ceremony<'_>,
    options: &impl Serialize,
    kept: &impl Serialize,
) -> Result<Response, AppError> {
    let secret = SecretToken::new(state.entropy);
    let kept = to_json(kept)?;
    let mut connection = state.db.acquire().await?;
    // Of an account that is known already strangers can ask for none, so they cannot use them up.
    let key = ceremony.user_id.map_or_else(|| Key::ceremonies(ctx.client_ip()), Key::ceremonies_of);
    if let Taken::No { retry_after } = limits::take_one(&mut connection, key, limits::CEREMONIES).await? {
        event::limited(ctx, "passkeys");
        return Err(AppError::SlowDown { retry_after });
    }
    ceremonies::begin(&mut connection, &secret.digest(), ceremony, &kept).await?;
    let mut response = Json(options).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    let lifetime = time::Duration::try_from(ceremonies::LIFETIME).unwrap_or_default();
    let public_url = &state.config.site.public_url;
    cookies::set(headers, public_url, cookies::Name::Ceremony, secret.reveal(), Some(lifetime));
    Ok(response)
}

/// The browser forgets a ceremony that is over.
pub fn forget(state: &AppState, response: &mut Response) {
    cookies::remove(response.headers_mut(), &state.config.site.public_url, cookies::Name::Ceremony);
}

/// Begins to ask for a passkey: for anybody's without `allowed`, and then in the same words for everybody,
/// or for one of these.
pub async fn ask(
    state: &AppState,
    ctx: &Ctx,
    ceremony: &Ceremony<'_>,
    allowed: &[Vec<u8>],
) -> Result<Response, AppError> {
    let begun = relying_party(state)?.start_discoverable_authentication();
    let (challenge, kept) = begun.map_err(|error| fault(&error))?;
    let mut options = to_json(&challenge.public_key)?;
    if let Value::Object(options) = &mut options {
        options.remove("extensions");
        let named = |id: &Vec<u8>| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(id) });
        options.insert("allowCredentials".to_owned(), allowed.iter().map(named).collect());
    }
    begin(state, ctx, ceremony, &options, &kept).await
}

/// What an answer showed.
#[must_use]
#[derive(Debug)]
pub enum Judged {
    /// Its owner, by this passkey.
    Shown {
        /// Whose it is.
        user_id: UserId,
        /// As a method.
        method: Method,
    },
    /// Nothing: forged, of another account, or of one that nobody may sign in to.
    Refused {
        /// The account that was meant, if it is there; never for the visitor.
        user_id: Option<UserId>,
    },
    /// There is no such ceremony any more, or never was.
    Over,
}

/// Judges the answer to a ceremony, which is used up by that whatever comes of it: the caller commits in
/// any case. A passkey that is shown has its counter and its flags updated. The account is held from here.
pub async fn judge(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    ceremony: &Ceremony<'_>,
    answer: &str,
) -> Result<Judged, AppError> {
    let webauthn = relying_party(state)?;
    let Some(secret) = ctx.ceremony() else { return Ok(Judged::Over) };
    if let Some(user_id) = ceremony.user_id {
        accounts::hold(connection, user_id).await?;
    }
    let Some(kept) = ceremonies::spend(connection, &secret.digest(), ceremony).await? else { return Ok(Judged::Over) };
    let kept: DiscoverableAuthentication = serde_json::from_value(kept).map_err(|_| broken())?;
    let refused = Judged::Refused { user_id: ceremony.user_id };
    let Some((answer, claimed)) = answer::read(answer) else { return Ok(refused) };
    // Who was known before must be who answers; who was not says so by the user handle.
    let user_id = match (ceremony.user_id, claimed) {
        (Some(known), None) => known,
        (Some(known), Some(claimed)) if known == claimed => known,
        (None, Some(claimed)) if accounts::hold(connection, claimed).await? => claimed,
        _ => return Ok(refused),
    };
    let Some(passkey) = store::find(connection, user_id, answer.get_credential_id()).await? else { return Ok(refused) };
    let refused = Judged::Refused { user_id: Some(user_id) };
    if !passkey.open || (state.config.accounts.require_verification && !passkey.verified) {
        return Ok(refused);
    }
    match check(webauthn, &answer, kept, &passkey)? {
        Checked::Good { credential, backed_up } => {
            store::used(connection, passkey.id, &credential, backed_up).await?;
            Ok(Judged::Shown { user_id, method: Method::Passkey { synced: passkey.backup_eligible } })
        }
        Checked::Copied => {
            event::passkey_copied(ctx, user_id);
            Ok(refused)
        }
        Checked::Bad => Ok(refused),
    }
}

enum Checked {
    Good { credential: Value, backed_up: bool },
    Copied,
    Bad,
}

fn check(
    webauthn: &Webauthn,
    answer: &PublicKeyCredential,
    kept: DiscoverableAuthentication,
    passkey: &Kept,
) -> Result<Checked, AppError> {
    let mut credential = passkey.credential.clone();
    if passkey.backup_eligible
        && let Some(counter) = credential.pointer_mut("/cred/counter")
    {
        // On several devices it counts in several ways: that says nothing.
        *counter = 0.into();
    }
    let mut credential: Passkey = serde_json::from_value(credential).map_err(|_| broken())?;
    match webauthn.finish_discoverable_authentication_v2(answer, kept, &credential) {
        Ok(result) if result.user_verified() => {
            credential.update_credential(&result);
            Ok(Checked::Good { credential: to_json(&credential)?, backed_up: result.backup_state() })
        }
        Err(WebauthnError::CredentialPossibleCompromise) => Ok(Checked::Copied),
        Ok(_) | Err(_) => Ok(Checked::Bad),
    }
}

/// As the database and the script get it.
pub fn to_json(value: &impl Serialize) -> Result<Value, AppError> {
    serde_json::to_value(value).map_err(|_| broken())
}

/// What should not happen with values that we made ourselves.
pub fn broken() -> AppError {
    AppError::fault("a passkey or a ceremony cannot be written or read")
}

/// The same, from the library.
pub fn fault(error: &WebauthnError) -> AppError {
    tracing::error!(%error, "a ceremony cannot begin");
    broken()
}
