//! What a browser sends as the answer of a passkey, before anything of it is believed.

use serde::Deserialize;
use webauthn_rs::prelude::{PublicKeyCredential, Uuid};

use crate::types::UserId;

/// What a browser says about where its answer was made; the signature covers it.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// An answer, and whose passkey it claims to be of; none for what is no such answer.
#[must_use]
pub fn read(answer: &str) -> Option<(PublicKeyCredential, Option<UserId>)> {
    let answer: PublicKeyCredential = serde_json::from_str(answer).ok()?;
    // Our pages are in no frame.
    let client: ClientData = serde_json::from_slice(&answer.response.client_data_json).ok()?;
    if answer.type_ != "public-key" || client.cross_origin {
        return None;
    }
    let claimed = match answer.get_user_unique_id() {
        Some(handle) => Some(UserId(Uuid::from_slice(handle).ok()?)),
        None => None,
    };
    Some((answer, claimed))
}
