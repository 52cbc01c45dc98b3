//! The purposes of ceremonies, and how a browser's answer is parsed.

mod authenticator_data;

use std::{ops::RangeInclusive, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use sha2::{Digest as _, Sha256};
use strum::IntoStaticStr;
use uuid::Uuid;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{PublicKeyCredential, RegisterPublicKeyCredential},
};

use crate::{
    config::Site,
    types::{SecretToken, SessionId, TokenDigest, UserId},
};

/// Lengths of a credential ID in bytes (WebAuthn level 3, section 7.1). An empty one names no passkey.
pub const CREDENTIAL_ID: RangeInclusive<usize> = 1..=1023;

/// How long an answer may take.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// The purpose of a ceremony. An answer counts only for the same purpose, account, and session or pending sign-in.
#[derive(Clone, Copy, Debug, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Ceremony {
    /// The owner of a session adds a passkey.
    Register(UserId, SessionId),
    /// Any user signs in with a passkey alone.
    SignIn,
    /// A pending sign-in, named by its digest, is completed.
    SecondFactor(UserId, TokenDigest),
    /// The owner of a session proves again who they are.
    Reauth(UserId, SessionId),
}

impl Ceremony {
    /// The account, and the session or pending sign-in that began the ceremony, as bytes. `None` if any passkey counts.
    pub fn bound_to(&self) -> Option<(UserId, &[u8])> {
        match self {
            Self::SignIn => None,
            Self::Register(user_id, session) | Self::Reauth(user_id, session) => Some((*user_id, session.0.as_bytes())),
            Self::SecondFactor(user_id, pending) => Some((*user_id, pending.as_bytes())),
        }
    }
}

/// Why an answer is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// The form has no answer.
    Missing,
    /// The ceremony has expired, was answered before, or is another browser's.
    Over,
    /// The answer proves nothing; the visitor never learns why.
    Refused,
    /// The account has as many passkeys as it may.
    Full,
}

/// Returns the relying party of a site, whose id is the host of its public URL. `None` for a numeric address: a passkey
/// belongs to a name.
pub fn relying_party(site: &Site) -> Option<Webauthn> {
    let origin = site.public_url.url();
    let builder = WebauthnBuilder::new(origin.domain()?, origin).ok()?;
    builder.rp_name(&site.name).timeout(LIFETIME).build().ok()
}

/// The browser's statement of where its answer was made; the signature covers it.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<IgnoredAny>,
}

/// Returns whether an answer was made in a page that is in no frame, as all of ours are.
fn is_of_a_page(client_data: &[u8]) -> bool {
    let client = serde_json::from_slice::<ClientData>(client_data);
    client.is_ok_and(|client| !client.cross_origin && client.top_origin.is_none())
}

/// Parses an answer and the account that its user handle names. `None` for anything else.
pub fn read(answer: &str) -> Option<(PublicKeyCredential, Option<UserId>)> {
    let answer: PublicKeyCredential = serde_json::from_str(answer).ok()?;
    let whole = authenticator_data::is_whole(&answer.response.authenticator_data);
    if answer.type_ != "public-key" || !whole || !is_of_a_page(&answer.response.client_data_json) {
        return None;
    }
    // Safari gives an empty one where it means none (WebKit bug 239737).
    let claimed = match answer.get_user_unique_id().filter(|handle| !handle.is_empty()) {
        Some(handle) => Some(UserId(Uuid::from_slice(handle).ok()?)),
        None => None,
    };
    Some((answer, claimed))
}

/// Parses the answer of a registration. `None` for anything else.
pub fn read_new(answer: &str) -> Option<RegisterPublicKeyCredential> {
    let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).ok()?;
    let data = authenticator_data::of_attestation(&answer.response.attestation_object)?;
    let is_ours = answer.type_ == "public-key" && is_of_a_page(&answer.response.client_data_json);
    (is_ours && authenticator_data::is_whole(data)).then_some(answer)
}

/// Where a ceremony is kept: under the browser's secret and the challenge. So each tab of a browser answers its own, and
/// no other browser any.
pub fn key(secret: &SecretToken, challenge: &str) -> TokenDigest {
    TokenDigest(Sha256::new().chain_update(secret.as_bytes()).chain_update(challenge).finalize().into())
}

/// The challenge that an answer names. `None` for what is no answer.
pub fn challenge(answer: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        response: Response,
    }
    #[derive(Deserialize)]
    struct Response {
        #[serde(rename = "clientDataJSON")]
        client_data_json: String,
    }
    #[derive(Deserialize)]
    struct Named {
        challenge: String,
    }
    let answer: Answer = serde_json::from_str(answer).ok()?;
    let client_data = answer.response.client_data_json.replace('+', "-").replace('/', "_");
    let client_data = URL_SAFE_NO_PAD.decode(client_data.trim_end_matches('=')).ok()?;
    let named: Named = serde_json::from_slice(&client_data).ok()?;
    Some(named.challenge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PublicUrl;

    #[test]
    fn passkeys_belong_to_a_name() {
        for (url, has) in [
            ("https://id.example.com", true),
            ("https://id.example.com:8443", true),
            ("http://localhost:4000", true),
            ("https://192.0.2.1", false),
            ("http://127.0.0.1:4000", false),
            ("https://[2001:db8::1]", false),
        ] {
            let public_url = PublicUrl::parse(url).expect("a public URL");
            let site = Site { name: "Vestibule".into(), public_url, support_url: None };
            assert_eq!(relying_party(&site).is_some(), has, "{url}");
        }
    }
}
