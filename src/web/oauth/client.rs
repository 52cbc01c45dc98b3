//! Authentication of apps (RFC 6749 section 2.3.1): `client_secret_basic`, `client_secret_post`, or none.

use std::{borrow::Cow, sync::Arc};

use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    super::{AppError, Ctx, Parameters, Writes, form, paths},
    Challenge, OAuthCode, OAuthError, authorization, credentials,
};
use crate::{
    apps::{self, App, ClientAuth, documents},
    limits::{self, Spend},
    types::{AppToken, TokenKind},
};

/// The longest `client_id`: that of an app that is described at an address.
const CLIENT_ID_MAX: usize = 2048;

/// How an app names itself.
struct Presented<'a> {
    client_id: Cow<'a, str>,
    secret: Option<Zeroizing<String>>,
    challenge: Challenge,
}

/// Finds the app that a request comes from.
pub(super) async fn authenticate(ctx: &Ctx, headers: &HeaderMap, query: Option<&str>) -> Result<Arc<App>, AppError> {
    if query.is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::invalid_request("parameters belong in the body").into());
    }
    let parameters = ctx.parameters()?;
    let presented = presented(headers, &parameters)?;
    let state = &ctx.state;
    let found = find(ctx, &presented.client_id).await?;
    let named = match found {
        Some(app) if is_admitted(&app, &presented) => return Ok(app),
        other => other.map(|app| app.id),
    };
    // A secret has 256 random bits, so it is compared first: the right one gets in whatever others have tried, and only
    // failures are limited.
    let buckets = limits::failed_clients(ctx.request().address, named);
    match limits::spend_all(&mut *state.db.acquire().await?, &buckets).await? {
        Spend::Allowed => Err(refused(presented.challenge).into()),
        Spend::Limited(throttled) => Err(AppError::Throttled(throttled)),
    }
}

/// Finds an app: in memory for requests that only ask, in the database for those that change something.
async fn find(ctx: &Ctx, client_id: &str) -> Result<Option<Arc<App>>, AppError> {
    let state = &ctx.state;
    if !is_client_id(client_id) {
        Ok(None)
    } else if documents::is_address(client_id) && begins_sign_in(ctx) {
        // The document is fetched unless it is fresh, as at the authorization endpoint. Tokens do not depend on it.
        let found = state.documents.find(&state.recorder(ctx.request()), ctx.request(), client_id).await?;
        Ok(found.into_app().map_err(AppError::Throttled)?.map(Arc::new))
    } else if ctx.policy().is_some_and(|policy| policy.writes == Writes::Nothing) {
        Ok(state.apps.find(&state.db, &state.sessions, client_id).await?)
    } else {
        Ok(apps::find(&mut *state.db.acquire().await?, client_id).await?.map(Arc::new))
    }
}

/// Returns whether a request begins a sign-in: an app pushes it.
fn begins_sign_in(ctx: &Ctx) -> bool {
    ctx.policy().is_some_and(|policy| [paths::OAUTH_PAR, paths::OAUTH_PAR_SLASH].contains(&policy.path))
}

/// One answer for every reason.
const fn refused(challenge: Challenge) -> OAuthError {
    let error = OAuthError::new(OAuthCode::InvalidClient, "the app is unknown or disabled, or its secret is wrong");
    OAuthError { challenge, ..error }
}

fn is_admitted(app: &App, presented: &Presented<'_>) -> bool {
    let secret = presented.secret.as_deref();
    let is_proven = match (app.auth, secret) {
        (ClientAuth::None, None) => true,
        (ClientAuth::Secret, Some(secret)) => {
            AppToken::parse(TokenKind::Secret, secret).is_some_and(|secret| app.has_secret(&secret.digest()))
        }
        (ClientAuth::None, Some(_)) | (ClientAuth::Secret, None) => false,
    };
    app.kind.is_client() && app.is_enabled() && is_proven
}

fn is_client_id(text: &str) -> bool {
    text.len() <= CLIENT_ID_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn presented<'a>(headers: &HeaderMap, parameters: &'a Parameters) -> Result<Presented<'a>, AppError> {
    let (named, secret) = (parameters.one("client_id")?, parameters.one("client_secret")?);
    if parameters.one("client_assertion")?.is_some() || parameters.one("client_assertion_type")?.is_some() {
        return Err(refused(Challenge::None).into());
    }
    let Some(field) = authorization(headers)? else {
        let Some(client_id) = named else { return Err(refused(Challenge::None).into()) };
        let secret = secret.map(|secret| Zeroizing::new(secret.to_owned()));
        return Ok(Presented { client_id: client_id.into(), secret, challenge: Challenge::None });
    };
    if secret.is_some() {
        return Err(OAuthError::invalid_request("the secret stands in the header and in the body").into());
    }
    let (client_id, secret) = basic(field).ok_or_else(|| refused(Challenge::Basic))?;
    if named.is_some_and(|named| named != client_id) {
        return Err(OAuthError::invalid_request("client_id differs in the header and in the body").into());
    }
    let secret = Some(secret).filter(|secret| !secret.is_empty());
    Ok(Presented { client_id: client_id.into(), secret, challenge: Challenge::Basic })
}

/// The user and the password of a `Basic` field, each form-encoded before they were joined (RFC 6749 section 2.3.1).
fn basic(field: &[u8]) -> Option<(String, Zeroizing<String>)> {
    let joined = Zeroizing::new(STANDARD.decode(credentials(field, "Basic")?).ok()?);
    let colon = joined.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&joined[..colon], &joined[colon + 1..]);
    Some((form::decode(user).ok()?.to_string(), form::decode(password).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(joined: &[u8]) -> Option<(String, String)> {
        let field = format!("Basic {}", STANDARD.encode(joined));
        basic(field.as_bytes()).map(|(user, password)| (user, password.to_string()))
    }

    #[test]
    fn row_32_basic_is_form_decoded_strictly() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(of(b"app:secret"), pair("app", "secret"));
        assert_eq!(of(b"a%3Ab:c%25+d:e"), pair("a:b", "c% d:e"));
        assert_eq!(of(b"app:"), pair("app", ""));
        for wrong in [&b"app"[..], b"app:%zz", b"%4:x", b"app:%FF", b"\xff:x", b""] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
        for field in ["Basic", "Basic ", "Basic *", "Basic YXBwOng", "Bearer YXBwOng=", "BasicYXBwOng=", ""] {
            assert!(basic(field.as_bytes()).is_none(), "{field}");
        }
        assert!(basic(b"bAsIc   YXBwOng=").is_some());
    }
}
