//! Form extraction and validation.

use std::{collections::BTreeMap, iter, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts as _, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::{
    AppError, Ctx,
    csrf::{self, Fit, Issued},
    origin::{self, Origin},
};
use crate::{
    crypto::answers::{FormId, FormKeys},
    state::AppState,
    types::{ReturnTo, SecretToken},
};

/// The hidden field with the secret of the emailed link that the form's page was opened with.
const LINK: &str = "link";
/// The hidden field with the mark of the pending sign-in that the form's page showed.
const SIGN_IN: &str = "sign_in";
/// The fields that are redisplayed if a form's token does not match: no secrets, and no codes.
const SHOWN_AGAIN: [&str; 6] = ["identifier", "email", "new_email", "username", "display_name", "name"];

/// Maximum size of a form in bytes.
pub const BODY_MAX: usize = 32 * 1024;
/// Maximum length of a redisplayed text: the longest email address.
const REDISPLAY_MAX: usize = 254;
/// Maximum number of fields; our forms have fewer than ten.
const FIELDS_MAX: usize = 50;
/// Timeout for reading a form.
const READ_TIMEOUT: Duration = Duration::from_secs(8);

/// The fields of one form. Values are zeroized on drop, because some are secrets.
#[derive(Debug, Default)]
pub struct Fields(Vec<Pair>);

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
        let pairs = pairs(body)?;
        let repeats = |(at, (name, _)): (usize, &Pair)| pairs[..at].iter().any(|(found, _)| found == name);
        if pairs.iter().enumerate().any(repeats) {
            return Err(AppError::BadRequest("duplicate field"));
        }
        Ok(Self(pairs))
    }
}

type Pair = (String, Zeroizing<String>);

/// Parses `application/x-www-form-urlencoded` strictly: valid UTF-8, complete escapes.
pub(super) fn pairs(text: &[u8]) -> Result<Vec<Pair>, AppError> {
    let mut pairs = Vec::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == FIELDS_MAX {
            return Err(AppError::BadRequest("too many fields"));
        }
        let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let name = decode(&pair[..equals])?;
        pairs.push((name.to_string(), decode(pair.get(equals + 1..).unwrap_or_default())?));
    }
    Ok(pairs)
}

/// Decodes one name or value strictly.
pub(super) fn decode(text: &[u8]) -> Result<Zeroizing<String>, AppError> {
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
        let ctx = Ctx::from_request_parts(&mut request.into_parts().0, state).await?;
        ctx.take_form().map(Self)
    }
}

/// Why a form's token does not match.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stale {
    /// The form is from another site.
    Foreign,
    /// The browser sent no cookie of ours.
    NoCookie,
    /// The page was opened before the visitor signed in or out, or its cookie was replaced.
    Outdated,
}

/// A form's metadata.
#[derive(Debug, Default)]
pub(super) struct About {
    /// The secret of the emailed link that its page was opened with.
    pub(super) link: Option<SecretToken>,
    /// The mark of the pending sign-in that its page showed.
    pub(super) sign_in: String,
    /// Its redirect target.
    pub(super) next: Option<ReturnTo>,
    /// The fields to redisplay if its token does not match.
    pub(super) typed: BTreeMap<&'static str, String>,
    /// Why its token does not match.
    pub(super) stale: Option<Stale>,
    /// Its identity, with which repeats are recognised.
    pub(super) once: Option<Once>,
}

/// The identity of one form with its contents (see [`super::once`]).
#[derive(Debug)]
pub(super) struct Once {
    /// Its id in the database.
    pub(super) id: FormId,
    /// The keys that encrypt its stored response.
    pub(super) keys: FormKeys,
    /// Whether its token matches the browser that sent it.
    pub(super) fit: Fit,
}

/// Reads a form before the route's access check, because a repeat may come from a browser whose session the first
/// response replaced. Only [`Submitted`] hands out its fields.
pub(super) async fn receive(ctx: &Ctx, headers: &HeaderMap, body: Body) -> (About, Result<Fields, AppError>) {
    let from = origin::of(headers, &ctx.state.config.site.public_url);
    let refused = |stale| (About { stale: Some(stale), ..About::default() }, Err(AppError::StaleForm));
    if from == Origin::Foreign {
        return refused(Stale::Foreign);
    }
    let fields = match read(headers, body).await.and_then(|body| Fields::parse(&body)) {
        Ok(fields) => fields,
        Err(error) => return (About::default(), Err(error)),
    };
    ctx.brought_next(fields.next());
    let issued = ctx.read_csrf(fields.get(csrf::FIELD));
    let fits = match issued.map(|issued| issued.fit) {
        Some(Fit::Exact) => true,
        Some(Fit::Together) => from == Origin::Ours,
        Some(Fit::Other) | None => false,
    };
    let stale = if ctx.has_cookies() { Stale::Outdated } else { Stale::NoCookie };
    let about = About {
        link: SecretToken::parse(fields.get(LINK)),
        sign_in: fields.get(SIGN_IN).to_owned(),
        next: fields.next(),
        typed: SHOWN_AGAIN.map(|name| (name, fields.shown(name))).into(),
        stale: (!fits).then_some(stale),
        once: issued.and_then(|issued| Once::of(ctx, issued, fits, &fields)),
    };
    if fits { (about, Ok(fields)) } else { (about, Err(AppError::StaleForm)) }
}

impl Once {
    fn of(ctx: &Ctx, Issued { nonce, key, fit }: Issued, fits: bool, fields: &Fields) -> Option<Self> {
        let keys = FormKeys::of(ctx.state.keys.answers.get(key)?, &nonce);
        let contents = fields.0.iter().filter(|(name, _)| name != csrf::FIELD);
        let contents = contents.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let id = keys.name(iter::once(ctx.requested().as_bytes()).chain(contents));
        Some(Self { id, keys, fit: if fits { fit } else { Fit::Other } })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") && !headers.contains_key(header::CONTENT_ENCODING)
}

/// Reads the body of a form.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, AppError> {
    if !is_form(headers) {
        return Err(AppError::UnsupportedMediaType);
    }
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
