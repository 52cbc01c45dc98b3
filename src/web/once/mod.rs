//! A form that is sent twice is done once.
//!
//! A person clicks twice, reloads, or never hears the answer; a browser sends the same form again. The first is handled
//! as any other; its answer is kept for ten minutes, and given again when the form is. So they end where one
//! click would have ended, and nothing is opened, spent or counted twice.
//!
//! 1. A form is the same if its page (the nonce of its token), its path and all its contents are (`Once`). Other
//!    contents are another form.
//! 2. Before anything else, one statement takes the form for its browser ([`store::take`]). Only one of several
//!    requests succeeds, on whichever replica.
//! 3. After the handler, its whole answer is kept, sealed with a key that takes the nonce, which no table holds. An
//!    answer after which the person may try the same again (429, 503, an error) is forgotten instead.
//! 4. A repeat waits for the first to be answered. It must come from the browser that sent the first: with the same
//!    form cookie, or with the session that the first answer opened. Any other sender is refused.
//! 5. Where the answer did not change the session, a repeat passes the route's policy as every request does.
//!
//! Signing in and out removes the form cookie, and a session ends with its cookie: after signing out, a form from the
//! browser's history finds neither, and opens nothing.

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

/// The longest answer that is kept, in bytes.
const KEPT_MAX: usize = 64 * 1024;
/// How long a repeat waits for the first, in steps that add up to six seconds.
const STEPS: [u64; 20] =
    [20, 30, 50, 100, 100, 200, 200, 300, 300, 300, 400, 400, 400, 400, 400, 400, 500, 500, 500, 500];
/// One in so many forms also sweeps, so that nobody can fill the table between two rounds.
const SWEEPS: u8 = 64;

/// What to do with a form.
#[derive(Debug)]
pub(super) enum Turn<'a> {
    /// It cannot be told from others, or is refused anyway.
    Unknown,
    /// It is the first of its kind.
    First(First<'a>),
    /// It was answered before.
    Repeat(Repeat),
}

/// A form that is being handled.
#[derive(Debug)]
pub(super) struct First<'a> {
    ctx: &'a Ctx,
    once: &'a Once,
}

/// The answer to a form, to be given again.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) answer: Response,
    /// Whether it set or removed the session cookie.
    pub(super) moves_session: bool,
}

/// Takes a form, or finds its answer.
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
        // In a storm of sign-ins most are turned away, without a statement.
        return Ok(Turn::Unknown);
    }
    let browser = browser.digest();
    for step in STEPS {
        if take(ctx, once, &browser).await? {
            return Ok(Turn::First(First { ctx, once }));
        }
        match store::find(&mut *ctx.state.db.acquire().await?, &once.id).await? {
            // Deleted meanwhile: take it.
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

/// A form whose token is from before its own answer: the answer opened the session that comes with it.
async fn of_session<'a>(ctx: &'a Ctx, once: &'a Once, session: &TokenDigest) -> Result<Turn<'a>, AppError> {
    let row = store::find(&mut *ctx.state.db.acquire().await?, &once.id).await?;
    let Some(row) = row.filter(|row| row.opened.as_deref() == Some(session.as_bytes())) else {
        return Ok(Turn::Unknown);
    };
    Ok(repeat(once, &row).map_or(Turn::Unknown, |mut repeat| {
        // This browser has the cookies of the answer already, and maybe newer ones.
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
    /// Keeps the answer for repeats; or forgets the form, if it may be sent again.
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
        // What was done is done: without the note a repeat is told so in other words.
        if let Err(error) = noted.await {
            tracing::info!(request_id = ctx.request_id(), %error, "cannot store the response to a form; repeats of the form do not get it");
        }
        response
    }
}

/// Returns whether the same form would get the same answer: it did something, or is wrong in itself.
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

/// The value that an answer gives to the session cookie; empty if it removes it.
fn session_set<'a>(headers: &'a HeaderMap, public_url: &PublicUrl) -> Option<&'a str> {
    let lines = headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut values = lines.filter_map(|line| line.strip_prefix(Name::Session.text(public_url))?.strip_prefix('='));
    values.next_back().map(|value| value.split(';').next().unwrap_or_default())
}

/// An answer as it is kept: status, headers and text.
type Kept = (u16, Vec<(String, String)>, String);

/// Writes an answer down. Returns none for one that is too long, or no text.
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
