//! Form extraction and validation.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts as _, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::{AppError, Ctx, csrf, origin};
use crate::{state::AppState, types::ReturnTo};

/// Maximum size of a form in bytes.
pub const BODY_MAX: usize = 32 * 1024;
/// Maximum length of a redisplayed text: the longest email address.
const REDISPLAY_MAX: usize = 254;
/// Maximum number of fields; our forms have fewer than ten.
const FIELDS_MAX: usize = 50;
/// Timeout for reading a form; a small one arrives at once.
const READ_TIMEOUT: Duration = Duration::from_secs(8);

/// The fields of one form. Values are zeroized on drop, because some are secrets.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, Zeroizing<String>)>);

impl Fields {
    /// A field's text; empty if missing.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// A field's text for redisplay in a refused form: at most `REDISPLAY_MAX` characters, without control
    /// characters.
    pub fn shown(&self, name: &str) -> String {
        self.get(name).chars().take(REDISPLAY_MAX).filter(|c| !c.is_control()).collect()
    }

    /// Returns whether a checkbox is ticked.
    pub fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The redirect target in the form.
    pub fn next(&self) -> Option<ReturnTo> {
        ReturnTo::parse(self.get("next"))
    }

    /// Parses `application/x-www-form-urlencoded` strictly: unique names, valid UTF-8, complete escapes. Unknown fields
    /// are ignored.
    ///
    /// # Errors
    /// [`AppError::BadRequest`] with the reason.
    pub fn parse(body: &[u8]) -> Result<Self, AppError> {
        let mut fields = Self::default();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if fields.0.len() == FIELDS_MAX {
                return Err(AppError::BadRequest("too many fields"));
            }
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let name = decode(&pair[..equals])?;
            let value = decode(pair.get(equals + 1..).unwrap_or_default())?;
            if fields.0.iter().any(|(found, _)| *found == *name) {
                return Err(AppError::BadRequest("duplicate field"));
            }
            fields.0.push((name.to_string(), value));
        }
        Ok(fields)
    }
}

fn decode(text: &[u8]) -> Result<Zeroizing<String>, AppError> {
    let whole = |escape: &[u8]| escape.len() >= 2 && escape[..2].iter().all(u8::is_ascii_hexdigit);
    if !text.split(|byte| *byte == b'%').skip(1).all(whole) {
        return Err(AppError::BadRequest("malformed percent escape"));
    }
    let spaced = Zeroizing::new(text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect::<Vec<u8>>());
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes).map(Zeroizing::new).map_err(|_| AppError::BadRequest("text is not valid UTF-8"))
}

/// A form submitted from one of our pages in the same browser.
#[derive(Debug)]
pub struct Submitted(pub Fields);

impl FromRequest<AppState> for Submitted {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, AppError> {
        let (mut parts, body) = request.into_parts();
        let ctx = Ctx::from_request_parts(&mut parts, state).await?;
        if !origin::is_our_own(&parts.headers, &state.config.site.public_url) {
            return Err(AppError::StaleForm);
        }
        if !is_form(&parts.headers) {
            return Err(AppError::UnsupportedMediaType);
        }
        let fields = Fields::parse(&read(&parts.headers, body).await?)?;
        ctx.brought_next(fields.next());
        if !ctx.accepts_csrf(fields.get(csrf::FIELD)) {
            return Err(AppError::StaleForm);
        }
        Ok(Self(fields))
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") && !headers.contains_key(header::CONTENT_ENCODING)
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, AppError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > BODY_MAX as u64) {
        return Err(AppError::PayloadTooLarge);
    }
    match tokio::time::timeout(READ_TIMEOUT, Limited::new(body, BODY_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(AppError::PayloadTooLarge),
        Ok(Err(_)) => Err(AppError::BadRequest("incomplete form")),
        Err(_) => Err(AppError::RequestTimeout),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_once_and_only_once() {
        let fields = Fields::parse(b"a=1+2&b=%2B%25&c&d=&%EA%B0%80=%EB%82%98").expect("a good form");
        assert_eq!([fields.get("a"), fields.get("b"), fields.get("c"), fields.get("가")], ["1 2", "+%", "", "나"]);
        assert_eq!(fields.get("missing"), "");
    }

    #[test]
    fn cve_2023_7028_a_field_that_comes_twice_is_refused() {
        assert!(Fields::parse(b"email=a%40b.c&email=d%40e.f").is_err());
        assert!(Fields::parse(b"email=a%40b.c&%65mail=d%40e.f").is_err());
        assert_eq!(Fields::parse(b"email[]=a&email[]x=b").expect("unknown names").get("email"), "");
    }

    #[test]
    fn f20_broken_text_is_refused() {
        for broken in [&b"a=%FF"[..], b"a=%ED%A0%80", b"a=%C0%AF", b"a=\xff", b"a=%", b"a=%4", b"a=%zz", b"%FF=a"] {
            assert!(Fields::parse(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn f19_ten_thousand_fields_are_refused() {
        let many: Vec<String> = (0..10_000).map(|n| format!("f{n}=")).collect();
        assert!(Fields::parse(many.join("&").as_bytes()).is_err());
    }
}
