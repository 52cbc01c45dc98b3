//! State shared by all handlers.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use tokio_util::task::TaskTracker;

use crate::{
    accounts::FactorKind,
    apps::{AppCache, Documents, TokenCache, keys::SigningKeys},
    audit::{Actor, ChainKeys, Recorder},
    config::{Config, Secrets},
    crypto::sealing::SealingKeys,
    db::{Batcher, ConnectionQuarantine, DiskProbe},
    limits::Limits,
    mail::Mailer,
    outbound::Outbound,
    passwords::hasher::Hasher,
    sessions::{OverviewQuery, cache::SessionCache},
    telemetry::{Metrics, Sampler},
    templates::Templates,
    types::{Request, random_bytes},
};

/// The components of a running service. Cheap to clone.
#[derive(Clone, Debug, derive_more::Deref)]
pub struct AppState(#[deref(forward)] Arc<Parts>);

/// The components.
#[derive(Debug)]
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// The connection pool.
    pub db: PgPool,
    /// Keeps broken connections out of the pool after a request timed out.
    pub quarantine: ConnectionQuarantine,
    /// Whether the database can write to its disk.
    pub disk: DiskProbe,
    /// The session cache.
    pub sessions: SessionCache,
    /// The app cache.
    pub apps: AppCache,
    /// The cache of access tokens.
    pub tokens: TokenCache,
    /// Batches the dashboard's overview query.
    pub overviews: Batcher<OverviewQuery>,
    /// Renders pages and emails.
    pub templates: &'static Templates,
    /// Sends email.
    pub mailer: Mailer,
    /// Rate limits.
    pub limits: Limits,
    /// Password hashing.
    pub hasher: Hasher,
    /// The kinds of factors, registered by their slices.
    pub factors: &'static [&'static FactorKind],
    /// Keys by purpose.
    pub keys: Keys,
    /// Calls addresses that others chose.
    pub outbound: Outbound,
    /// The clients that describe themselves.
    pub documents: Documents,
    /// The keys that sign tokens.
    pub signing: SigningKeys,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Bounds the log lines that anyone can cause.
    pub sampler: Sampler,
    /// Requests in progress; a shutdown waits for them.
    pub requests: TaskTracker,
    /// Generates request IDs.
    pub request_ids: RequestIds,
}

/// Generates request IDs, unique across replicas but not secret. An ID is a digest of a counter under a random key, so
/// it does not reveal the number of requests. Random IDs would cost a system call each.
#[derive(derive_more::Debug)]
#[debug("RequestIds(..)")]
pub struct RequestIds {
    key: [u8; 32],
    requests: AtomicU64,
}

impl RequestIds {
    /// Starts a sequence under a random key.
    pub fn random() -> Self {
        Self { key: random_bytes(), requests: AtomicU64::new(0) }
    }

    /// The next ID: 32 hexadecimal digits.
    pub fn next(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new().chain_update(self.key).chain_update(number.to_be_bytes()).finalize();
        HEXLOWER.encode(&digest[..16])
    }
}

/// Keys derived from the secrets, newest first.
#[derive(Clone, derive_more::Debug)]
#[debug("Keys(..)")]
pub struct Keys {
    /// Sign CSRF tokens.
    pub csrf: Vec<[u8; 32]>,
    /// Identify and encrypt stored form responses.
    pub answers: Vec<[u8; 32]>,
    /// Chain the audit log.
    pub audit: ChainKeys,
    /// Encrypt the seeds of authenticator apps, and the keys that sign tokens.
    pub sealing: SealingKeys,
}

impl Keys {
    /// Derives all keys.
    pub fn derive(secrets: &Secrets) -> Self {
        Self {
            csrf: secrets.derive("csrf"),
            answers: secrets.derive("form answers"),
            audit: ChainKeys::derive(secrets),
            sealing: SealingKeys::derive(secrets),
        }
    }
}

impl AppState {
    /// Creates the recorder for a visitor's request.
    pub fn recorder(&self, request: &Request) -> Recorder {
        self.recorder_of(Actor::Visitor, Some(request.clone()))
    }

    /// Creates the recorder for background work.
    pub fn system(&self) -> Recorder {
        self.recorder_of(Actor::System, None)
    }

    fn recorder_of(&self, actor: Actor, request: Option<Request>) -> Recorder {
        let (metrics, mail) = (Arc::clone(&self.metrics), self.mailer.waker().clone());
        Recorder { db: self.db.clone(), actor, request, metrics, sampler: self.sampler.clone(), mail }
    }

    /// Creates the state.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a13_request_ids_count_nothing_and_never_repeat() {
        let (one, other) = (RequestIds::random(), RequestIds::random());
        let ids: Vec<String> = (0..1000).flat_map(|_| [one.next(), other.next()]).collect();
        assert!(ids.iter().all(|id| id.len() == 32), "{ids:?}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        // No half of an ID is shared by its neighbours, and their order says nothing.
        let halves: BTreeSet<&str> = ids.iter().flat_map(|id| [&id[..16], &id[16..]]).collect();
        assert_eq!(halves.len(), 2 * ids.len());
        let rising = ids.windows(3).filter(|three| three[0] < three[2]).count();
        assert!((700..1300).contains(&rising), "{rising} of 1,998 rise");
    }
}
