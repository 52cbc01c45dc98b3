//! The claims of a token (RFC 7519 section 4).

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Refused, json};

/// The last second of the year 9999: later dates are mistakes, such as milliseconds.
const LAST_DATE: i64 = 253_402_300_799;

/// The claims of a token that was verified. Registered claims have the type that RFC 7519 gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    audience: Vec<String>,
    expires_at: i64,
    pub(crate) not_before: Option<i64>,
    issued_at: Option<i64>,
    members: Map<String, Value>,
}

impl Claims {
    /// Reads claims, of which `exp` must be there.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Refused> {
        let members = json::object(payload)?;
        for name in ["iss", "sub", "jti"] {
            if members.get(name).is_some_and(|claim| claim.as_str().is_none_or(str::is_empty)) {
                return Err(Refused::Malformed);
            }
        }
        let date = |name| members.get(name).map(|claim| numeric_date(claim).ok_or(Refused::Malformed)).transpose();
        Ok(Self {
            audience: audience(members.get("aud"))?,
            expires_at: date("exp")?.ok_or(Refused::Malformed)?,
            not_before: date("nbf")?,
            issued_at: date("iat")?,
            members,
        })
    }

    /// `iss`: who signed the token.
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// `sub`: whom the token is about. Never empty.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// `jti`: the token's identifier. Recognise a replay by it and never by the token's text: others can spell an
    /// ES256 signature in a second way.
    pub fn id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// `aud`: for whom the token is.
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// `exp` in seconds since 1970, rounded down.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// `iat` in seconds since 1970, rounded down.
    pub fn issued_at(&self) -> Option<i64> {
        self.issued_at
    }

    /// Any claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// Any claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// All claims as a type of the caller's.
    pub fn into_typed<T: DeserializeOwned>(self) -> Result<T, Refused> {
        serde_json::from_value(Value::Object(self.members)).map_err(|_| Refused::Malformed)
    }
}

/// A text or an array of texts; none is `aud` for nobody.
fn audience(claim: Option<&Value>) -> Result<Vec<String>, Refused> {
    match claim {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(several)) => {
            several.iter().map(|one| one.as_str().map(str::to_owned).ok_or(Refused::Malformed)).collect()
        }
        Some(_) => Err(Refused::Malformed),
    }
}

/// Seconds since 1970, which may have a fraction.
fn numeric_date(claim: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "what is out of range saturates, and is refused below")]
    let seconds = claim.as_i64().or_else(|| claim.as_f64().map(|seconds| seconds.floor() as i64))?;
    (0..=LAST_DATE).contains(&seconds).then_some(seconds)
}
