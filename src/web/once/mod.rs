//! Idempotent forms: a form that is sent twice is processed once.
//!
//! A user may click twice, reload the page, or lose the connection before the response arrives. The browser then sends
//! the same form again. The first submission is processed normally; its response is stored for ten minutes, and repeats
//! get the stored response. So the user ends up where one click would have led, and nothing is created, spent or
//! counted twice.
//!
//! 1. Two submissions are the same form if their page (the nonce of the token), path and contents are equal (`Once`).
//! 2. First of all, one statement claims the form for its browser ([`store::take`]). Only one of several concurrent
//!    requests succeeds, across all replicas.
//! 3. After the handler, the whole response is stored, encrypted with a key derived from the nonce, which the database
//!    does not contain. If the user may retry (429, 503, an error), the claim is deleted instead.
//! 4. A repeat waits for the first response. It must come from the same browser: with the same form cookie, or with the
//!    session that the first response opened. Other senders are refused.
//! 5. Unless the response changed the session, a repeat must pass the route's access policy like any other request.
//!
//! Signing in and out removes the form cookie, and signing out removes the session cookie. So after signing out, a form
//! sent again from the browser's history matches neither, and gets no stored response.

pub mod store;

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use tokio::time::sleep;

use self::store::Row;
use super::{AppError, Ctx, cookies::Name, csrf::Fit, form::Once};
use crate::{
    config::PublicUrl,
    types::{Throttled, TokenDigest},
};

/// Maximum size of a stored response, in bytes.
const KEPT_MAX: usize = 64 * 1024;
/// Poll intervals of a repeat that waits for the first response, in milliseconds; six seconds in all.
const STEPS: [u64; 20] =
    [20, 30, 50, 100, 100, 200, 200, 300, 300, 300, 400, 400, 400, 400, 400, 400, 500, 500, 500, 500];
/// One form in this many also sweeps, so that nobody can fill the table between two sweep rounds.
const SWEEPS: u8 = 64;

/// What to do with a form.
#[derive(Debug)]
pub(super) enum Turn<'a> {
    /// Process it without idempotency: it cannot be identified, or will be refused anyway.
    Unknown,
    /// The first submission.
    First(First<'a>),
    /// A repeat with a stored response.
    Repeat(Repeat),
}

/// A claimed form whose response is to be stored.
#[derive(Debug)]
pub(super) struct First<'a> {
    ctx: &'a Ctx,
    once: &'a Once,
}

/// A stored response.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) answer: Response,
    /// Whether it set or removed the session cookie.
    pub(super) moves_session: bool,
}

/// Claims a form, or finds its stored response.
pub(super) async fn begin(ctx: &Ctx) -> Result<Turn<'_>, AppError> {
    let Some(once) = ctx.form_once() else { return Ok(Turn::Unknown) };
    let session = ctx.session_text().map(TokenDigest::of);
    let Some(browser) = ctx.form_cookie().filter(|_| once.fit != Fit::Other) else {
        return Ok(match session {
            Some(session) => of_session(ctx, once, &session).await?,
            None => Turn::Unknown,
        });
    };
    if once.fit == Fit::Exact && ctx.state.hasher.is_full() {
        // During a flood of sign-ins, most get 503; send no statement for those.
        return Ok(Turn::Unknown);
    }
    let browser = browser.digest();
    for step in STEPS {
        if take(ctx, once, &browser).await? {
            return Ok(Turn::First(First { ctx, once }));
        }
        match store::find(&mut *ctx.state.db.acquire().await?, &once.id).await? {
            // Deleted meanwhile: try to claim it again.
            None => continue,
            Some(row) if row.sent_by != browser.as_bytes() => {
                ctx.refuse_form();
                return Ok(Turn::Unknown);
            }
            Some(row) => match repeat(once, &row) {
                Some(repeat) => return Ok(Turn::Repeat(repeat)),
                None if row.answer.is_some() => {
                    ctx.refuse_form();
                    return Ok(Turn::Unknown);
                }
                None => {}
            },
        }
        sleep(Duration::from_millis(step)).await;
    }
    Err(AppError::Throttled(Throttled::busy(5)))
}

/// Finds the response to a form that is sent again with the session that this response opened. The form's token no
/// longer matches, because it predates the session.
async fn of_session<'a>(ctx: &'a Ctx, once: &'a Once, session: &TokenDigest) -> Result<Turn<'a>, AppError> {
    let row = store::find(&mut *ctx.state.db.acquire().await?, &once.id).await?;
    let Some(row) = row.filter(|row| row.opened.as_deref() == Some(session.as_bytes())) else {
        return Ok(Turn::Unknown);
    };
    Ok(repeat(once, &row).map_or(Turn::Unknown, |mut repeat| {
        // The browser already has the response's cookies, or newer ones.
        repeat.answer.headers_mut().remove(header::SET_COOKIE);
        Turn::Repeat(repeat)
    }))
}

fn repeat(once: &Once, row: &Row) -> Option<Repeat> {
    let plain = once.keys.open(&once.id, row.answer.as_deref()?)?;
    Some(Repeat { answer: decode(&plain)?, moves_session: row.moves_session })
}

async fn take(ctx: &Ctx, once: &Once, browser: &TokenDigest) -> sqlx::Result<bool> {
    let mut connection = ctx.state.db.acquire().await?;
    let taken = store::take(&mut connection, &once.id, browser).await?;
    if taken && once.id.as_bytes().first().is_some_and(|byte| byte % SWEEPS == 0) {
        store::sweep(&mut connection).await?;
    }
    Ok(taken)
}

impl First<'_> {
    /// Stores the response for repeats, or deletes the claim if the user may retry.
    pub(super) async fn answered(self, response: Response) -> Response {
        let Self { ctx, once } = self;
        let (response, kept) = if is_final(&response) { encode(response).await } else { (response, None) };
        let session = session_set(response.headers(), &ctx.state.config.site.public_url);
        let opened = session.filter(|value| !value.is_empty()).map(TokenDigest::of);
        let sealed = kept.and_then(|plain| once.keys.seal(&once.id, &plain));
        let noted = async {
            let mut connection = ctx.state.db.acquire().await?;
            match sealed {
                Some(sealed) => {
                    store::answer(&mut connection, &once.id, &sealed, (opened.as_ref(), session.is_some())).await
                }
                None => store::forget(&mut connection, &once.id).await,
            }
        };
        // The form was processed either way. Without the stored response, a repeat gets 503 for some seconds and is
        // then processed again.
        if let Err(error) = noted.await {
            tracing::info!(request_id = ctx.request_id(), %error, "cannot store the response to a form; a repeat is processed again");
        }
        response
    }
}

/// Returns whether the same form would get the same response: it succeeded, or its contents are invalid.
fn is_final(response: &Response) -> bool {
    const FINAL: [StatusCode; 5] = [
        StatusCode::OK,
        StatusCode::SEE_OTHER,
        StatusCode::CONFLICT,
        StatusCode::GONE,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    FINAL.contains(&response.status()) && response.extensions().get::<AppError>().is_none()
}

/// The session cookie that a response sets; empty if it removes the cookie.
fn session_set<'a>(headers: &'a HeaderMap, public_url: &PublicUrl) -> Option<&'a str> {
    let lines = headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut values = lines.filter_map(|line| line.strip_prefix(Name::Session.text(public_url))?.strip_prefix('='));
    values.next_back().map(|value| value.split(';').next().unwrap_or_default())
}

/// A response in its stored form: status, headers and text.
type Kept = (u16, Vec<(String, String)>, String);

/// Serialises a response; `None` if it is too large or not text. Also returns the response itself.
async fn encode(response: Response) -> (Response, Option<Vec<u8>>) {
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return (Response::from_parts(parts, Body::empty()), None);
    };
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers: Option<Vec<_>> =
        parts.headers.iter().map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
    let page = (body.len() <= KEPT_MAX).then(|| String::from_utf8(body.to_vec()).ok()).flatten();
    let kept: Option<Kept> = headers.zip(page).map(|(headers, page)| (parts.status.as_u16(), headers, page));
    let kept = kept.and_then(|kept| rmp_serde::to_vec(&kept).ok());
    (Response::from_parts(parts, Body::from(body)), kept)
}

fn decode(kept: &[u8]) -> Option<Response> {
    let (status, headers, page): Kept = rmp_serde::from_slice(kept).ok()?;
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    for (name, value) in headers {
        response.headers_mut().append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(&value).ok()?);
    }
    Some(response)
}
