//! From a token to its claims: what RFC 8725 asks for, with no check that can be left out.

use std::time::Duration;

use super::{Algorithm, Claims, KeySet, Refused, Typ, jws};

/// What a token must be. Every field must be given, so that no check is forgotten.
#[derive(Clone, Debug)]
pub struct Expect<'a> {
    /// The kind of token.
    pub typ: Typ,
    /// The algorithms that this issuer or client signs with.
    pub algorithms: &'a [Algorithm],
    /// `iss`, compared byte by byte.
    pub issuer: &'a str,
    /// `aud`.
    pub audience: Audience<'a>,
    /// The time in seconds since 1970.
    pub now: i64,
    /// By how much the clocks may differ. Dates are compared in whole seconds.
    pub leeway: Duration,
    /// The oldest `iat` that is accepted, which must then be there. Without it, `iat` may be missing.
    pub max_age: Option<Duration>,
}

/// How `aud` must name the audience, byte by byte.
#[derive(Clone, Copy, Debug)]
pub enum Audience<'a> {
    /// Among others that may be named too.
    Includes(&'a str),
    /// Alone. For client assertions, so that another server cannot pass on what it got.
    Sole(&'a str),
}

/// What an `id_token_hint` must be (OpenID Connect RP-Initiated Logout 1.0 section 2).
#[derive(Clone, Debug)]
pub struct Hint<'a> {
    /// The algorithms that we sign with.
    pub algorithms: &'a [Algorithm],
    /// Our issuer.
    pub issuer: &'a str,
    /// The time in seconds since 1970.
    pub now: i64,
    /// By how much the clocks may differ.
    pub leeway: Duration,
}

/// Checks a token and returns its claims.
///
/// `keys` must be those of `expect.issuer`. In order: lengths, shape, header, algorithm, key, signature, `typ`, the
/// claims' types, `iss`, `aud`, `exp`, `nbf`, `iat`. The caller checks what only it can know: `nonce`, `azp`, `jti`.
pub fn verify(token: &str, keys: &KeySet, expect: &Expect<'_>) -> Result<Claims, Refused> {
    let claims = signed_by(token, keys, expect.algorithms, expect.typ, expect.issuer)?;
    let is_for_us = match (expect.audience, claims.audience()) {
        (Audience::Includes(us), named) => named.iter().any(|named| named == us),
        (Audience::Sole(us), [named]) => named == us,
        (Audience::Sole(_), _) => false,
    };
    if !is_for_us {
        return Err(Refused::Audience);
    }
    let leeway = seconds(expect.leeway);
    if claims.expires_at().saturating_add(leeway) <= expect.now {
        return Err(Refused::Expired);
    }
    has_begun(&claims, expect.now.saturating_add(leeway))?;
    if let Some(max_age) = expect.max_age {
        let issued_at = claims.issued_at().ok_or(Refused::TooOld)?;
        if issued_at.saturating_add(seconds(max_age)).saturating_add(leeway) < expect.now {
            return Err(Refused::TooOld);
        }
    }
    Ok(claims)
}

/// Checks an ID token that an app sends back to say whose session it means. It proves nothing about the sender and may
/// have expired long ago. Its audience, which must be there, is the app's.
pub fn verify_id_token_hint(token: &str, keys: &KeySet, hint: &Hint<'_>) -> Result<Claims, Refused> {
    let claims = signed_by(token, keys, hint.algorithms, Typ::Jwt, hint.issuer)?;
    if claims.audience().is_empty() {
        return Err(Refused::Audience);
    }
    has_begun(&claims, hint.now.saturating_add(seconds(hint.leeway)))?;
    Ok(claims)
}

fn signed_by(token: &str, keys: &KeySet, algorithms: &[Algorithm], typ: Typ, issuer: &str) -> Result<Claims, Refused> {
    let opened = jws::open(token, keys, algorithms)?;
    if !typ.is_named_by(opened.typ.as_deref()) {
        return Err(Refused::Typ);
    }
    let claims = Claims::parse(&opened.payload)?;
    if claims.issuer() != Some(issuer) {
        return Err(Refused::Issuer);
    }
    Ok(claims)
}

fn has_begun(claims: &Claims, latest: i64) -> Result<(), Refused> {
    let dates = [claims.not_before, claims.issued_at()];
    if dates.into_iter().flatten().any(|date| date > latest) { Err(Refused::NotYet) } else { Ok(()) }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
