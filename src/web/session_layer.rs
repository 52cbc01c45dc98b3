//! The session store of `tower-sessions`: `PostgresStore` with four guarantees added.
//!
//! 1. **Digests at rest.** The database stores a digest of the ID, so a dump grants no access.
//! 2. **No resurrection.** `save` updates an existing row and never inserts one: a request that began before a sign-out
//!    cannot undo it.
//! 3. **One ID, chosen in advance.** Signing in picks the ID (see [`CookieId`]), so that one statement writes both the
//!    `sessions` row and the store's row.
//! 4. **Our own table**, created by our migrations and swept by our job.

use std::{collections::HashMap, convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use time::OffsetDateTime;
use tower::{Layer, Service as _};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::SameSite,
    session::{Error as SessionError, Id, Record},
    session_store::{self, Error},
};
use tower_sessions_sqlx_store::PostgresStore;

use super::{
    AppError,
    access::Handle,
    cookies::{self, Cookies, Name, Presented},
    error::DATABASE_RETRY,
    task::Work,
};
use crate::{
    config::{Lifetimes, PublicUrl},
    sessions::Stored,
    state::AppState,
    types::random_bytes,
};

/// The key that passes a new session's ID to [`SessionStore::create`]; never stored.
const ASSIGNED: &str = "assigned_id";

/// How long the store's row outlives its session.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(14 * 86_400);

/// `PostgresStore` with the guarantees above.
#[derive(Clone, Debug)]
pub struct DigestedStore {
    inner: PostgresStore,
    pool: PgPool,
}

impl DigestedStore {
    /// A store over this database.
    pub fn new(pool: PgPool) -> Self {
        Self { inner: PostgresStore::new(pool.clone()), pool }
    }
}

/// Creates the layer that reads and writes the session cookie.
fn layer(state: &AppState) -> SessionManagerLayer<DigestedStore> {
    let public_url = &state.config.site.public_url;
    let store = DigestedStore::new(state.db.clone());
    let layer = SessionManagerLayer::new(store).with_name(Name::Session.text(public_url));
    layer.with_secure(public_url.is_https()).with_same_site(SameSite::Lax).with_expiry(Expiry::OnSessionEnd)
}

/// A change of the browser's session; a response extension that [`around`] applies.
#[derive(Clone, Debug)]
pub(super) enum SessionChange {
    /// Sets this cookie.
    Set(SessionCookie),
    /// Ends the browser's session.
    End,
}

/// The cookie of a new or renewed session.
#[derive(Clone, Debug)]
#[must_use]
pub struct SessionCookie {
    /// The secret.
    pub cookie: CookieId,
    /// Whether it survives closing the browser.
    pub remembered: bool,
}

/// Calls a handler through the session layer, correcting its cookie handling. The requested change is applied after the
/// handler's commit: it needs a pooled connection, and transactions that wait for each other's connections would
/// deadlock.
pub(super) fn around(state: AppState, mut request: Request, handle: Handle) -> Work {
    keep_session_cookie_only(request.headers_mut(), &state.config.site.public_url);
    let service = state.clone();
    let inner = tower::service_fn(move |request: Request| {
        let work: Applied = Box::pin(handle_and_apply(Arc::clone(&handle), request, service.clone()));
        work
    });
    // The service is always ready, so `poll_ready` is skipped.
    let answered = layer(&state).layer(inner).call(request);
    Box::pin(async move {
        let Ok(mut response) = answered.await.map(IntoResponse::into_response);
        complete_removal(response.headers_mut(), &state.config.site.public_url);
        response
    })
}

type Applied = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

async fn handle_and_apply(handle: Handle, request: Request, state: AppState) -> Result<Response, Infallible> {
    let session = request.extensions().get::<Session>().cloned();
    let response = handle(request).await;
    let change = response.extensions().get::<SessionChange>().cloned();
    if let Some((session, change)) = session.zip(change)
        && let Err(error) = apply(&session, change, &state).await
    {
        return Ok(AppError::from(error).into_response());
    }
    Ok(response)
}

async fn apply(session: &Session, change: SessionChange, state: &AppState) -> Result<(), SessionError> {
    match change {
        SessionChange::End => session.flush().await,
        SessionChange::Set(SessionCookie { cookie, remembered }) => {
            // Deletes the store's row of the old ID.
            if session.id().is_some() {
                session.flush().await?;
            }
            session.insert(ASSIGNED, cookie.0.to_string()).await?;
            if remembered {
                let lifetime = state.config.lifetimes.remembered.try_into().unwrap_or(time::Duration::days(30));
                session.set_expiry(Some(Expiry::OnInactivity(lifetime)));
            }
            Ok(())
        }
    }
}

impl From<SessionError> for AppError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(_) => Self::Unavailable { retry_after: DATABASE_RETRY, cause: Arc::new(error) },
            SessionError::SerdeJson(_) => Self::Fault(Arc::new(error)),
        }
    }
}

/// Removes all cookies except the session cookie, if it is unambiguous. The session layer decodes and trims cookie
/// names, which browsers do not: `__%48ost-` would count as `__Host-`, and any host of the domain may set that (the
/// class of CVE-2020-8184). Two values under one name mean that another host set one of them, so neither counts
/// (Zitadel CVE-2024-28197).
fn keep_session_cookie_only(headers: &mut HeaderMap, public_url: &PublicUrl) {
    let name = Name::Session.text(public_url);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let kept = match Cookies::of(headers).presented(name) {
        Presented::One(value) if value.bytes().all(is_plain) => HeaderValue::from_str(&format!("{name}={value}")).ok(),
        _ => None,
    };
    headers.remove(header::COOKIE);
    headers.extend(kept.map(|kept| (header::COOKIE, kept)));
}

/// Replaces the removal cookie of `tower-sessions`, which lacks `Secure`, so that browsers ignore it for a `__Host-`
/// name.
fn complete_removal(headers: &mut HeaderMap, public_url: &PublicUrl) {
    let removal = format!("{}=;", Name::Session.text(public_url));
    let lines = headers.get_all(header::SET_COOKIE).iter().cloned();
    let (removals, others): (Vec<_>, Vec<_>) = lines.partition(|line| line.as_bytes().starts_with(removal.as_bytes()));
    if removals.is_empty() {
        return;
    }
    headers.remove(header::SET_COOKIE);
    headers.extend(others.into_iter().map(|line| (header::SET_COOKIE, line)));
    cookies::remove(headers, public_url, Name::Session);
}

/// The secret of a session cookie.
#[derive(Clone, Debug)]
pub struct CookieId(Id);

impl CookieId {
    /// Generates an ID for a new or renewed session.
    pub fn random() -> Self {
        Self(Id(i128::from_le_bytes(random_bytes())))
    }

    /// Parses a cookie's value.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// The cookie's value.
    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }

    /// Builds the store's row, to be inserted with the session's.
    ///
    /// # Errors
    /// Never in practice: an empty record can be encoded.
    pub fn stored(&self, lifetimes: &Lifetimes, now: OffsetDateTime, remembered: bool) -> Result<Stored, AppError> {
        // The session's row decides on expiry; the store uses this machine's clock, which may be wrong.
        let kept = if remembered { lifetimes.remembered } else { lifetimes.absolute } + CLOCK_TOLERANCE;
        let record = Record { id: digest(&self.0), data: HashMap::new(), expiry_date: now + kept };
        let data = encode(&record).map_err(SessionError::Store)?;
        Ok(Stored { id: record.id.to_string(), data, expires_at: record.expiry_date })
    }
}

/// The database's ID of a session: the first 128 bits of the SHA-256 of its secret, in the store's format.
pub fn store_id(cookie: &CookieId) -> String {
    digest(&cookie.0).to_string()
}

fn digest(id: &Id) -> Id {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(id.0.to_le_bytes())[..16]);
    Id(i128::from_le_bytes(half))
}

/// The record as stored, under its digest.
fn at_rest(record: &Record) -> Record {
    Record { id: digest(&record.id), ..record.clone() }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

fn encode(record: &Record) -> session_store::Result<Vec<u8>> {
    rmp_serde::to_vec(record).map_err(|error| Error::Encode(error.to_string()))
}

#[async_trait]
impl SessionStore for DigestedStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        if let Some(assigned) = record.data.remove(ASSIGNED) {
            let assigned = assigned.as_str().and_then(|id| id.parse().ok());
            record.id = assigned.ok_or_else(|| Error::Decode("an assigned identifier".to_owned()))?;
            // Its row was inserted with the session's.
            return if record.data.is_empty() { Ok(()) } else { self.save(record).await };
        }
        let stored = at_rest(record);
        // A plain insert: a collision of 128 random bits is implausible, and would fail instead of sharing a session.
        let insert = sqlx::query!(
            "insert into tower_sessions.session (id, data, expiry_date) values ($1, $2, $3)",
            stored.id.to_string(),
            encode(&stored)?,
            stored.expiry_date,
        );
        insert.execute(&self.pool).await.map(drop).map_err(backend)
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let stored = at_rest(record);
        // An upsert would revive a session that ended during this request (the class of express-session #632).
        let update = sqlx::query!(
            "update tower_sessions.session set data = $2, expiry_date = $3 where id = $1",
            stored.id.to_string(),
            encode(&stored)?,
            stored.expiry_date,
        );
        update.execute(&self.pool).await.map(drop).map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let stored = self.inner.load(&digest(id)).await?;
        Ok(stored.map(|record| Record { id: *id, ..record }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.inner.delete(&digest(id)).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn asvs_7_2_3_ten_thousand_identifiers_are_unique_and_every_bit_of_them_moves() {
        let mut seen = BTreeSet::new();
        let mut ones = [0_u32; 128];
        for _ in 0..10_000 {
            let CookieId(Id(identifier)) = CookieId::random();
            assert!(seen.insert(identifier));
            for (bit, count) in ones.iter_mut().enumerate() {
                *count += u32::from(identifier >> bit & 1 == 1);
            }
        }
        // Ten standard deviations of 10,000 fair coins.
        for (bit, count) in ones.iter().enumerate() {
            assert!((4500..=5500).contains(count), "bit {bit} is set in {count} of 10,000");
        }
    }
}
