//! What every handler can reach.

use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use data_encoding::HEXLOWER;
use sqlx::PgPool;
use tokio_util::task::TaskTracker;
use webauthn_rs::Webauthn;

use crate::{
    audit::ChainKeys,
    config::{Config, Secrets},
    crypto::sealing::SealingKeys,
    db::{GivenUp, Together},
    mail::Mailer,
    passwords::hasher::Hasher,
    sessions::{Listing, cache::Lookup},
    telemetry::Metrics,
    templates::Templates,
    types::{Clock, Entropy},
};

/// The parts of one running service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Parts>);

/// The parts themselves.
#[derive(Debug)]
pub struct Parts {
    /// The operator's settings.
    pub config: Config,
    /// The database.
    pub db: PgPool,
    /// How the database's pool learns that a request was given up.
    pub given_up: GivenUp,
    /// Who is signed in.
    pub lookup: Lookup,
    /// What the accounts' front pages list.
    pub overviews: Together<Listing>,
    /// Pages.
    pub templates: Templates,
    /// Where letters go.
    pub mailer: Mailer,
    /// Password hashing.
    pub hasher: Hasher,
    /// The relying party of passkeys; none where the public URL is no name that they could belong to.
    pub passkeys: Option<Webauthn>,
    /// Keys, one for each use.
    pub keys: Keys,
    /// Numbers for the operator.
    pub metrics: Arc<Metrics>,
    /// Requests being answered; a stop waits for them.
    pub requests: TaskTracker,
    /// What names a request in the log and on its answer.
    pub request_ids: RequestIds,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
}

/// Names requests: unlike any other of this service or of another replica, and no secret. Random ones would
/// each ask the operating system.
#[derive(Debug)]
pub struct RequestIds {
    service: u64,
    requests: AtomicU64,
}

impl RequestIds {
    /// For a service that starts.
    #[must_use]
    pub fn new(entropy: Entropy) -> Self {
        Self { service: u64::from_ne_bytes(entropy.bytes()), requests: AtomicU64::new(0) }
    }

    /// The next one: 32 hexadecimal digits.
    #[must_use]
    pub fn next(&self) -> String {
        let number = u128::from(self.service) << 64 | u128::from(self.requests.fetch_add(1, Ordering::Relaxed));
        HEXLOWER.encode(&number.to_be_bytes())
    }
}

/// Keys derived from the secrets, newest first.
#[derive(Clone)]
pub struct Keys {
    /// Signs form tokens.
    pub csrf: Vec<[u8; 32]>,
    /// Chains the audit trail.
    pub audit: ChainKeys,
    /// Seal the seeds of authenticator apps.
    pub sealing: SealingKeys,
}

impl Keys {
    /// Derives them all.
    #[must_use]
    pub fn derive(secrets: &Secrets) -> Self {
        Self { csrf: secrets.derive("csrf"), audit: ChainKeys::derive(secrets), sealing: SealingKeys::derive(secrets) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl AppState {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
