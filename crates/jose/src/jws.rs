//! JWS in its compact form (RFC 7515): from a token to the bytes that somebody signed.

use serde_json::Value;
use thiserror::Error;

use super::{Algorithm, KeySet, MAX_HEADER, MAX_TOKEN, base64url, json};

/// Parameters that bring a key, or say where to get one. A key comes from the issuer's set and nowhere else.
const KEY_BEARING: [&str; 4] = ["jku", "jwk", "x5c", "x5u"];

/// Why a token was refused. For the log; the sender should only learn that it was.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
pub enum Refused {
    /// The token or its header is longer than allowed.
    #[error("the token is too long")]
    TooLong,
    /// Not three segments of base64url without padding, or not JSON, or a member or claim of the wrong type.
    #[error("the token is malformed")]
    Malformed,
    /// A member stands twice in one object.
    #[error("a member of the token's JSON is repeated")]
    DuplicateMember,
    /// The JSON is nested too deep.
    #[error("the token's JSON is nested too deep")]
    TooDeep,
    /// The header has `crit` or `b64`: extensions that must be understood, of which none is.
    #[error("the token needs an extension")]
    Extension,
    /// The header brings its own key, or an address of one.
    #[error("the token brings its own key")]
    BringsKey,
    /// The algorithm is not supported, or not among those expected.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// No key of the set has this `kid` and algorithm, or there is no `kid` and more than one key.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    Signature,
    /// `typ` names another kind of token.
    #[error("the token is of another type")]
    Typ,
    /// `iss` is missing or another.
    #[error("the token is of another issuer")]
    Issuer,
    /// `aud` is missing, or does not name the audience as expected.
    #[error("the token is for another audience")]
    Audience,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("the token is not valid yet")]
    NotYet,
    /// `iat` is missing or older than expected.
    #[error("the token is too old")]
    TooOld,
}

impl From<json::Fault> for Refused {
    fn from(fault: json::Fault) -> Self {
        match fault {
            json::Fault::Malformed => Self::Malformed,
            json::Fault::Duplicate => Self::DuplicateMember,
            json::Fault::TooDeep => Self::TooDeep,
        }
    }
}

/// A token whose signature is right.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) typ: Option<String>,
    pub(crate) payload: Vec<u8>,
}

struct Header {
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
}

/// Checks lengths, shape, header and signature, in this order: nothing is parsed that is too long, and the payload is
/// not looked at before its signature was right.
pub(crate) fn open(token: &str, keys: &KeySet, algorithms: &[Algorithm]) -> Result<Opened, Refused> {
    if token.len() > MAX_TOKEN {
        return Err(Refused::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(Refused::Malformed)?;
    if header.len() > MAX_HEADER {
        return Err(Refused::TooLong);
    }
    let decode = |segment| base64url::decode(segment).ok_or(Refused::Malformed);
    // A dot more would be in the payload, and no base64url has one.
    let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
    let header = Header::parse(&header)?;
    if !algorithms.contains(&header.algorithm) {
        return Err(Refused::Algorithm);
    }
    let key = keys.find(header.algorithm, header.kid.as_deref()).ok_or(Refused::UnknownKey)?;
    if !key.has_signed(signed.as_bytes(), &signature) {
        return Err(Refused::Signature);
    }
    Ok(Opened { typ: header.typ, payload })
}

impl Header {
    fn parse(json: &[u8]) -> Result<Self, Refused> {
        let mut members = json::object(json)?;
        if members.contains_key("crit") || members.contains_key("b64") {
            return Err(Refused::Extension);
        }
        if KEY_BEARING.iter().any(|name| members.contains_key(*name)) {
            return Err(Refused::BringsKey);
        }
        let mut text = |name| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refused::Malformed),
        };
        let alg = text("alg")?.ok_or(Refused::Malformed)?;
        let algorithm = alg.parse().map_err(|_| Refused::Algorithm)?;
        Ok(Self { algorithm, kid: text("kid")?, typ: text("typ")? })
    }
}
