//! Signed tokens: ID tokens (OpenID Connect Core section 2) and access tokens in the JWT format (RFC 9068).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha512};
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_jose::{Algorithm, Audience, Claims, Expect, KeySet, Typ, verify};

use super::super::{SigningAlgorithm, judge::Live};
use crate::types::{GrantId, random_uuid};

/// By how much the clocks of replicas may differ.
const LEEWAY: Duration = Duration::from_secs(5);

/// When a signed token is issued and expires, in seconds since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    /// `iat`.
    pub issued_at: i64,
    /// `exp`.
    pub expires_at: i64,
}

impl Validity {
    /// From now on for so many seconds.
    pub fn of(now: OffsetDateTime, seconds: i64) -> Self {
        let issued_at = now.unix_timestamp();
        Self { issued_at, expires_at: issued_at.saturating_add(seconds) }
    }
}

/// The claims of an ID token. What is not known is left out.
#[derive(Debug, Serialize)]
pub struct IdToken<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    amr: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    at_hash: String,
    /// Claims about the person. None has the name of a claim above.
    #[serde(flatten)]
    person: Map<String, Value>,
}

impl<'a> IdToken<'a> {
    /// The ID token that comes with an access token.
    pub fn new(
        live: &'a Live,
        issuer: &'a str,
        validity: Validity,
        nonce: Option<&'a str>,
        at_hash: String,
        person: Map<String, Value>,
    ) -> Self {
        Self {
            iss: issuer,
            sub: live.subject(),
            aud: &live.client_id,
            exp: validity.expires_at,
            iat: validity.issued_at,
            auth_time: live.authenticated_at.map(OffsetDateTime::unix_timestamp),
            nonce,
            acr: live.acr(),
            amr: &live.amr,
            sid: live.sid,
            at_hash,
            person,
        }
    }
}

/// `at_hash`: the left half of the digest of an access token, with the hash function of the signature. Ed25519 hashes
/// with SHA-512.
pub fn at_hash(algorithm: SigningAlgorithm, access_token: &str) -> String {
    match algorithm {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 => {
            URL_SAFE_NO_PAD.encode(&Sha256::digest(access_token)[..16])
        }
        SigningAlgorithm::EdDsa => URL_SAFE_NO_PAD.encode(&Sha512::digest(access_token)[..32]),
    }
}

/// The claims of an access token.
#[derive(Debug, Serialize)]
pub struct AccessToken<'a> {
    iss: &'a str,
    sub: String,
    aud: Vec<&'a str>,
    client_id: &'a str,
    exp: i64,
    iat: i64,
    jti: Uuid,
    scope: String,
    grant_id: GrantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    amr: &'a [String],
}

impl<'a> AccessToken<'a> {
    /// An access token of a grant for these resources; without any, for our own endpoints.
    pub fn new(
        live: &'a Live,
        issuer: &'a str,
        validity: Validity,
        scopes: &[String],
        resources: &'a [String],
    ) -> Self {
        let aud = if resources.is_empty() { vec![issuer] } else { resources.iter().map(String::as_str).collect() };
        Self {
            iss: issuer,
            sub: live.subject(),
            aud,
            client_id: &live.client_id,
            exp: validity.expires_at,
            iat: validity.issued_at,
            jti: random_uuid(),
            scope: scopes.join(" "),
            grant_id: live.grant_id,
            sid: live.sid,
            auth_time: live.authenticated_at.map(OffsetDateTime::unix_timestamp),
            acr: live.acr(),
            amr: &live.amr,
        }
    }
}

/// A signed access token that was verified. What it is worth is for [`super::super::judge`] to say.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Its grant.
    pub grant_id: GrantId,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// For whom it is.
    pub audience: Vec<String>,
    /// When it was issued and expires.
    pub validity: Validity,
}

#[derive(Deserialize)]
struct Private {
    grant_id: GrantId,
    scope: String,
}

/// Verifies a signed access token for one of these audiences.
pub fn verified<'a>(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    audiences: impl IntoIterator<Item = &'a str>,
    now: OffsetDateTime,
) -> Option<Verified> {
    let expect = |audience| Expect {
        typ: Typ::AccessToken,
        algorithms: &Algorithm::ALL,
        issuer,
        audience: Audience::Includes(audience),
        now: now.unix_timestamp(),
        leeway: LEEWAY,
        max_age: None,
    };
    let claims = audiences.into_iter().find_map(|audience| verify(token, keys, &expect(audience)).ok())?;
    read(claims)
}

fn read(claims: Claims) -> Option<Verified> {
    let validity = Validity { issued_at: claims.issued_at()?, expires_at: claims.expires_at() };
    let audience = claims.audience().to_vec();
    let Private { grant_id, scope } = claims.into_typed().ok()?;
    let scopes = scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    Some(Verified { grant_id, scopes, audience, validity })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oidcc_server_at_hash_is_the_left_half_of_the_digest() {
        // OpenID Connect Core appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(at_hash(SigningAlgorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(at_hash(SigningAlgorithm::Es256, token), at_hash(SigningAlgorithm::Rs256, token));
        assert_eq!(at_hash(SigningAlgorithm::EdDsa, token).len(), 43);
    }
}
