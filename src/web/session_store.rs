//! The store behind `tower-sessions`: `PostgresStore` with four promises of ours around it.
//!
//! 1. **Digests at rest.** The database sees a digest of the identifier, so a dump opens nothing.
//! 2. **No resurrection.** `save` changes a row that is there and never makes one: a request that
//!    began before a sign-out cannot undo it.
//! 3. **One identifier, chosen before.** Signing in picks the identifier itself (see [`FreshId`]),
//!    so that the `sessions` row and the store's row are written under one name, and at once.
//! 4. **Our own table**, made by our migrations and swept by our job.

use std::{collections::HashMap, fmt, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use tower::{Layer, ServiceExt as _};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::SameSite,
    session::{Id, Record},
    session_store::{Error, Result},
};
use tower_sessions_sqlx_store::PostgresStore;

use super::{
    Ctx,
    cookies::{self, Cookies, Name, Presented},
};
use crate::{config::PublicUrl, sessions::Stored, state::AppState, types::Entropy};

/// Where a new session's identifier waits for [`SessionStore::create`]; never stored.
const ASSIGNED: &str = "assigned_id";

/// How much longer the store keeps a row than its session lives.
const CLOCKS_DIFFER: Duration = Duration::from_secs(14 * 86_400);

/// `PostgresStore` behind our promises.
#[derive(Clone)]
pub struct DigestedStore {
    inner: PostgresStore,
    pool: PgPool,
}

impl fmt::Debug for DigestedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestedStore")
    }
}

/// The layer that reads and writes the session cookie.
#[must_use]
pub fn layer(state: &AppState) -> SessionManagerLayer<DigestedStore> {
    let public_url = &state.config.site.public_url;
    let store = DigestedStore { inner: PostgresStore::new(state.db.clone()), pool: state.db.clone() };
    SessionManagerLayer::new(store)
        .with_name(Name::Session.text(public_url))
        .with_secure(public_url.is_https())
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnSessionEnd)
}

/// Routes whose requests carry the browser's session, to change it.
pub(super) type WithSessions = <SessionManagerLayer<DigestedStore> as Layer<Router>>::Service;

/// Answers through the layer, whose ways with cookies are put right before and after.
pub(super) async fn answer(routes: WithSessions, public_url: &PublicUrl, mut request: Request) -> Response {
    keep_session_cookie_only(request.headers_mut(), public_url);
    let mut response = routes.oneshot(request).await.into_response();
    complete_removal(response.headers_mut(), public_url);
    response
}

/// Leaves the session cookie alone in the request, if there is exactly one, for the session layer to
/// find. That layer reads cookies more kindly than browsers guard them: it decodes and trims their
/// names, so that `__%48ost-` would count as `__Host-`, which any host of the domain may set (the
/// class of CVE-2020-8184). And two values under one name mean that another host set one of them;
/// which is ours cannot be told, so neither counts (Zitadel CVE-2024-28197).
fn keep_session_cookie_only(headers: &mut HeaderMap, public_url: &PublicUrl) {
    let name = Name::Session.text(public_url);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let kept = match Cookies::of(headers).presented(name) {
        Presented::One(value) if value.bytes().all(is_plain) => HeaderValue::from_str(&format!("{name}={value}")).ok(),
        _ => None,
    };
    headers.remove(header::COOKIE);
    if let Some(kept) = kept {
        headers.insert(header::COOKIE, kept);
    }
}

/// `tower-sessions` takes its cookie back without `Secure`, which browsers ignore for a `__Host-`
/// name: say it again in full.
fn complete_removal(headers: &mut HeaderMap, public_url: &PublicUrl) {
    let removal = format!("{}=;", Name::Session.text(public_url));
    let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    if !lines.iter().any(|line| line.as_bytes().starts_with(removal.as_bytes())) {
        return;
    }
    headers.remove(header::SET_COOKIE);
    for line in lines.into_iter().filter(|line| !line.as_bytes().starts_with(removal.as_bytes())) {
        headers.append(header::SET_COOKIE, line);
    }
    cookies::remove(headers, public_url, Name::Session);
}

/// An identifier for a session that is about to be opened, or renewed, in a transaction.
#[derive(Debug)]
pub struct FreshId(Id);

impl FreshId {
    /// A fresh one.
    #[must_use]
    pub fn new(entropy: Entropy) -> Self {
        Self(Id(i128::from_le_bytes(entropy.bytes())))
    }

    /// The store's row, to be written with the session's.
    ///
    /// # Errors
    /// Never in fact: an empty record can be encoded.
    pub fn stored(
        &self,
        state: &AppState,
        ctx: &Ctx,
        remembered: bool,
    ) -> std::result::Result<Stored, tower_sessions::session::Error> {
        // The session's row says when it ends; the store's clock, which is this machine's, may be off.
        let lifetimes = &state.config.lifetimes;
        let kept = if remembered { lifetimes.remembered } else { lifetimes.absolute } + CLOCKS_DIFFER;
        let record = Record { id: digest(&self.0), data: HashMap::new(), expiry_date: ctx.now() + kept };
        Ok(Stored { id: record.id.to_string(), data: encode(&record)?, expires_at: record.expiry_date })
    }

    /// Gives it to the browser's session, whose content under the old identifier is deleted. Asks the pool
    /// for a connection: only ever after the commit, or transactions that wait for each other's connections
    /// would stop the service.
    ///
    /// # Errors
    /// When the old content cannot be deleted.
    pub async fn assign(self, session: &Session) -> std::result::Result<(), tower_sessions::session::Error> {
        if session.id().is_some() {
            session.flush().await?;
        }
        session.insert(ASSIGNED, self.0.to_string()).await
    }
}

/// The name under which the database knows a session: the first 128 bits of SHA-256 of its
/// identifier, in the store's own spelling.
#[must_use]
pub fn store_id(id: &Id) -> String {
    digest(id).to_string()
}

fn digest(id: &Id) -> Id {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(id.0.to_le_bytes())[..16]);
    Id(i128::from_le_bytes(half))
}

/// The record as the database may see it, under its digest.
fn at_rest(record: &Record) -> Record {
    Record { id: digest(&record.id), ..record.clone() }
}

fn backend(error: &sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

fn encode(record: &Record) -> Result<Vec<u8>> {
    rmp_serde::to_vec(record).map_err(|error| Error::Encode(error.to_string()))
}

#[async_trait]
impl SessionStore for DigestedStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        if let Some(assigned) = record.data.remove(ASSIGNED) {
            let assigned = assigned.as_str().and_then(|id| id.parse().ok());
            record.id = assigned.ok_or_else(|| Error::Decode("an assigned identifier".to_owned()))?;
            // Its row was written with the session's.
            return if record.data.is_empty() { Ok(()) } else { self.save(record).await };
        }
        let stored = at_rest(record);
        // One plain insert: two identifiers of 128 random bits do not meet, and if they did, this
        // one would be refused instead of shared.
        sqlx::query!(
            "insert into tower_sessions.session (id, data, expiry_date) values ($1, $2, $3)",
            stored.id.to_string(),
            encode(&stored)?,
            stored.expiry_date,
        )
        .execute(&self.pool)
        .await
        .map_err(|error| backend(&error))?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let stored = at_rest(record);
        // CVE class of express-session #632: an upsert here would bring a session back that was
        // ended while this request ran.
        sqlx::query!(
            "update tower_sessions.session set data = $2, expiry_date = $3 where id = $1",
            stored.id.to_string(),
            encode(&stored)?,
            stored.expiry_date,
        )
        .execute(&self.pool)
        .await
        .map_err(|error| backend(&error))?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let stored = self.inner.load(&digest(id)).await?;
        Ok(stored.map(|record| Record { id: *id, ..record }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.inner.delete(&digest(id)).await
    }
}

/// Removes what has expired, by the database's clock: `delete_expired` of the store compares a time
/// with a zone to one without, and is wrong by the server's offset. The store gives a session without
/// an end of its own two weeks; one whose account session still lives stays. What belongs to a session
/// that has ended goes with that before ([`crate::sessions::ended::sweep`]).
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut sqlx::PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from tower_sessions.session where ctid = any(array(
            select t.ctid from tower_sessions.session t
            where t.expiry_date < now() and coalesce((
                -- A question for each row, which has an index, and not a join of both tables.
                select least(s.idle_ends_at, s.absolute_ends_at, s.revoked_at) <= now()
                from sessions s where s.store_id = t.id
            ), true)
            order by t.expiry_date limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
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
            let FreshId(Id(identifier)) = FreshId::new(Entropy);
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
