//! Telling an app that a session ended.

use serde::Serialize;
use serde_json::{Map, json};
use url::{Url, form_urlencoded};
use uuid::Uuid;
use vestibule_jose::{SigningError, Typ};

use crate::{
    apps::keys::KeysError, features::end_session::Delivery, outbound::OutboundError, state::AppState, types::UserId,
};

/// The one event of a logout token (Back-Channel Logout 1.0 section 2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// For how long a logout token is valid, in seconds.
const VALID_FOR: i64 = 120;

/// Why an app was not told.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// There is no key.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The token cannot be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The registered address is not a URL.
    #[error("the logout address is not a URL")]
    Address,
    /// There is no answer.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The app refused.
    #[error("the app answered {0}")]
    Refused(u16),
}

/// The claims of a logout token. It has no nonce, so that no app takes it for an ID token.
#[derive(Debug, Serialize)]
struct LogoutToken<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: Uuid,
    sub: UserId,
    sid: Uuid,
    events: Map<String, serde_json::Value>,
}

/// Sends the logout token to the app. Every answer of success counts, as some libraries answer 204.
///
/// # Errors
/// When the app was not told, or did not accept it.
pub async fn deliver(state: &AppState, delivery: &Delivery) -> Result<(), DeliveryError> {
    let url: Url = delivery.uri.parse().map_err(|_| DeliveryError::Address)?;
    let key = state.signing.signer(delivery.alg).await?;
    let claims = LogoutToken {
        iss: &state.config.site.public_url.origin(),
        aud: &delivery.client_id,
        iat: delivery.now,
        exp: delivery.now + VALID_FOR,
        jti: delivery.id,
        sub: delivery.user_id,
        sid: delivery.sid,
        events: Map::from_iter([(EVENT.to_owned(), json!({}))]),
    };
    let token = key.sign(Typ::LogoutToken, &claims)?;
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
    let answer = state.outbound.post_form(&url, form).await?;
    if answer.status.is_success() { Ok(()) } else { Err(DeliveryError::Refused(answer.status.as_u16())) }
}
