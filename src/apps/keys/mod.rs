//! The keys that sign ID tokens, logout tokens and JWT access tokens.
//!
//! 1. [`SigningKeys::signer`] returns the current signing key, and creates an algorithm's first one under a lock, so
//!    that replicas agree. [`SigningKeys::jwks`] returns the public keys that verify tokens. It also creates first
//!    keys, because some apps fetch it only once, before they get a token.
//! 2. Keys rotate automatically ([`SigningKeys::rotate_due`], a sweep): a successor is published a day before it signs,
//!    or half the rotation, and begins when the old key stops. The old key stays published for as long as its tokens.
//! 3. Private keys are sealed at rest. Rotating `VESTIBULE_SECRET` re-seals them ([`SigningKeys::reseal`]). A key that
//!    cannot be opened signs nothing, and another replaces it; what it signed is still verified.
//! 4. The audit log records who created, rotated or retired a key.
//!
//! Every replica reads the keys again after a second, so they agree within one. Times are the database's: a local clock
//! only counts how long ago they were read.

mod model;
mod service;
mod store;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sqlx::PgConnection;
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};
use vestibule_jose::{InvalidKey, KeySet, SigningError, SigningKey};

use super::SigningAlgorithm;
use crate::{
    audit::Recorder,
    config::Apps,
    crypto::sealing::{SealedWith, SealingKeys},
    types::{StaticDocument, instant},
};

pub use model::{KeyState, KnownKey};
use model::{Snapshot, Terms};
pub use service::{Retired, Rotated};

/// How long callers wait for the one that reads, as long as a request waits for a connection.
const TURN_WITHIN: Duration = Duration::from_secs(2);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database failed, or is unavailable.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A key could not be created.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// A stored public key is damaged.
    #[error("cannot publish the signing keys: {0}")]
    Published(#[from] InvalidKey),
    /// Nothing can be sealed without a secret.
    #[error("no secret to seal a signing key with")]
    NoSecret,
    /// The thread that worked on keys panicked.
    #[error("the work on signing keys was cut off")]
    CutOff,
}

/// The signing keys of the service. Cheap to clone.
#[derive(Clone)]
pub struct SigningKeys(Arc<Parts>);

struct Parts {
    /// The database, and the actor of changes for the audit log.
    by: Recorder,
    sealing: SealingKeys,
    terms: Terms,
    /// What was read last.
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    /// Held by the caller that reads; the others wait for what it reads.
    reading: Mutex<()>,
    /// Held by the caller that creates a key: the others need none of their own.
    creating: Mutex<()>,
}

impl SigningKeys {
    /// Keys in this recorder's database, sealed with these. Reads nothing yet.
    pub fn new(by: Recorder, sealing: SealingKeys, apps: &Apps) -> Self {
        let terms = Terms::new(apps.signing_rotation, apps.access_token.max(apps.id_token));
        let (snapshot, reading, creating) = (RwLock::default(), Mutex::default(), Mutex::default());
        Self(Arc::new(Parts { by, sealing, terms, snapshot, reading, creating }))
    }

    /// Returns the key that signs now, and creates the first one.
    ///
    /// # Errors
    /// When the database is unavailable, or no key can be created.
    pub async fn signer(&self, alg: SigningAlgorithm) -> Result<Arc<SigningKey>, KeysError> {
        if let Some(key) = self.current().await?.signer(alg) {
            return Ok(key);
        }
        let _one_at_a_time = self.0.creating.lock().await;
        if let Some(key) = self.current().await?.signer(alg) {
            return Ok(key);
        }
        service::begin(self, alg).await?;
        self.reread().await?.signer(alg).ok_or(KeysError::Signing(SigningError::Generation))
    }

    /// Returns the public keys of every key that is published: those that sign, will sign or have signed.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn published(&self) -> Result<Arc<KeySet>, KeysError> {
        Ok(Arc::clone(&self.current().await?.published))
    }

    /// Returns the published JWK set (RFC 7517). Creates missing keys that apps need, so the set is never empty.
    ///
    /// # Errors
    /// When the database is unavailable, or no key can be created.
    pub async fn jwks(&self) -> Result<StaticDocument, KeysError> {
        let snapshot = self.current().await?;
        for alg in snapshot.missing() {
            match self.signer(alg).await {
                // While the database is read-only, existing keys still serve.
                Err(_) if !snapshot.published.keys().is_empty() => return Ok(snapshot.document.clone()),
                key => key?,
            };
        }
        Ok(self.last().unwrap_or(snapshot).document.clone())
    }

    /// Lists every published key, those that sign first.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn list(&self) -> Result<Vec<KnownKey>, KeysError> {
        Ok(self.reread().await?.list())
    }

    /// The keys, read within the last second.
    async fn current(&self) -> Result<Arc<Snapshot>, KeysError> {
        if let Some(fresh) = self.last().filter(|last| last.is_fresh()) {
            return Ok(fresh);
        }
        let turn = timeout(TURN_WITHIN, self.0.reading.lock()).await;
        let _turn = turn.map_err(|_| KeysError::Database(sqlx::Error::PoolTimedOut))?;
        match self.last().filter(|last| last.is_fresh()) {
            Some(fresh) => Ok(fresh),
            None => self.reread().await,
        }
    }

    fn last(&self) -> Option<Arc<Snapshot>> {
        self.0.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys. Those that were opened before are not opened again.
    async fn reread(&self) -> Result<Arc<Snapshot>, KeysError> {
        let mut connection = self.0.by.db.acquire().await?;
        let before = instant();
        let (rows, needed) = (store::list(&mut connection).await?, store::needed(&mut connection).await?);
        drop(connection);
        let (last, sealing) = (self.last(), self.0.sealing.clone());
        let build = move || Snapshot::new(before, rows, needed, last.as_deref(), &sealing);
        let snapshot = Arc::new(spawn_blocking(build).await.map_err(|_| KeysError::CutOff)??);
        *self.0.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(..)")
    }
}

/// Checks which secrets the signing keys are sealed with.
///
/// # Errors
/// When the database is unavailable.
pub async fn sealed(connection: &mut PgConnection, sealing: &SealingKeys) -> sqlx::Result<SealedWith> {
    Ok(sealing.judge(&store::heads(connection).await?))
}

/// Deletes keys that are not published any more, and returns how many those were.
///
/// # Errors
/// When the database is unavailable.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    store::sweep(connection).await
}
