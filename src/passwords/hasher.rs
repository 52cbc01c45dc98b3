//! The thread pool for password hashing.
//!
//! 1. A request reserves a permit, one for each worker and queue slot. Without a free permit it gets *busy* at once: a
//!    longer queue would only delay everyone. One network gets at most half of the permits, an IPv6 /56 five eighths and
//!    a /48 three quarters, so a flood leaves room for others and is rejected before any database query.
//! 2. The permit travels with the job, so that a disconnecting client frees nothing before the work is done
//!    (solana-private-channels #247).
//! 3. Workers keep their memory between jobs and run at low priority, so that a flood of sign-ins does not slow other
//!    requests.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, TryLockError, mpsc},
    thread,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use vestibule_argon2::{Backend, Params};

use super::hash::{self, HashError, Kernel, Verdict};
use crate::{
    config::Passwords,
    limits::{
        Key,
        per_network::{Counted, PerNetwork},
    },
    telemetry::Metrics,
    types::{PlainPassword, Throttled, random_bytes},
};

/// Lower priority than the threads that serve requests.
const NICENESS: i32 = 10;

/// Hashes and verifies passwords. Cheap to clone; the threads end with the last clone.
#[derive(Clone, Debug)]
pub struct Hasher {
    jobs: mpsc::Sender<Job>,
    permits: Arc<Semaphore>,
    /// The shares of a network and of the wider ones around it.
    per_network: [usize; 3],
    by_network: PerNetwork,
    metrics: Arc<Metrics>,
    dummy: Arc<str>,
}

/// Why a password was not hashed or verified, or the workers could not start.
#[derive(Debug, thiserror::Error)]
pub enum HasherError {
    /// The hash could not be computed or parsed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Threads could not be spawned.
    #[error("password hashing threads cannot be started: {0}")]
    Threads(#[from] std::io::Error),
    /// The worker thread ended.
    #[error("the password hashing worker stopped")]
    Stopped,
}

/// Work for a worker's kernel, at the current cost.
type Job = Box<dyn FnOnce(&mut Kernel, &Params) + Send>;

/// A queue slot, counted for its network until released.
type Permit = (OwnedSemaphorePermit, Counted);

impl Hasher {
    /// Starts the workers.
    ///
    /// # Errors
    /// If threads or memory cannot be allocated, or this machine computes wrong hashes.
    pub fn start(settings: &Passwords, metrics: Arc<Metrics>) -> Result<Self, HasherError> {
        let places = settings.workers + settings.queue;
        let backend = hash::choose_path()?;
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..settings.workers {
            let (queue, params, metrics) = (Arc::clone(&queue), settings.argon2, Arc::clone(&metrics));
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&queue, backend, &params, &metrics))?;
        }
        Ok(Self {
            jobs,
            permits: Arc::new(Semaphore::new(places)),
            per_network: [4, 5, 6].map(|eighths| (places * eighths).div_ceil(8).max(settings.workers)),
            by_network: PerNetwork::default(),
            metrics,
            dummy: dummy(backend, &settings.argon2)?.into(),
        })
    }

    /// Reserves a queue slot for a client of this network.
    ///
    /// # Errors
    /// [`Throttled::Busy`] if all slots, or all of this network's, are taken.
    pub fn reserve(&self, client: IpAddr) -> Result<Place, Throttled> {
        let permit = self.permit(client);
        if permit.is_none() {
            self.metrics.hashes_refused.inc();
        }
        permit.map(|permit| Place { hasher: self.clone(), permit }).ok_or_else(|| Throttled::busy(1))
    }

    /// Returns whether all slots are taken.
    pub fn is_full(&self) -> bool {
        self.permits.available_permits() == 0
    }

    fn permit(&self, client: IpAddr) -> Option<Permit> {
        let networks: Vec<_> = Key::networks(client).into_iter().zip(self.per_network).collect();
        let counted = self.by_network.enter(&networks)?;
        let place = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some((place, counted))
    }
}

/// A reserved queue slot.
#[derive(Debug)]
pub struct Place {
    hasher: Hasher,
    permit: Permit,
}

impl Place {
    /// Hashes a password at the current cost.
    ///
    /// # Errors
    /// If the hash cannot be computed.
    pub async fn hash(self, password: PlainPassword) -> Result<String, HasherError> {
        let hashed = self.run(move |kernel, params| hash::hash(kernel, params, password.as_bytes())).await;
        hashed.map(|(hash, _)| hash)
    }

    /// Compares a password with a stored hash. Without one, it compares with a dummy hash that takes as long and never
    /// matches. Returns the slot for a second hash.
    ///
    /// # Errors
    /// If the stored text is not a supported hash.
    pub async fn verify(self, password: PlainPassword, stored: Option<&str>) -> Result<(Verdict, Self), HasherError> {
        let stored: Arc<str> = stored.map_or_else(|| Arc::clone(&self.hasher.dummy), Arc::from);
        self.run(move |kernel, params| hash::verify(kernel, params, password.as_bytes(), &stored)).await
    }

    /// Sends work and permit to the workers, and receives both back.
    async fn run<T: Send + 'static>(
        self,
        compute: impl FnOnce(&mut Kernel, &Params) -> Result<T, HashError> + Send + 'static,
    ) -> Result<(T, Self), HasherError> {
        let Self { hasher, permit } = self;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |kernel, params| drop(answer.send((compute(kernel, params), permit))));
        hasher.jobs.send(job).ok();
        let (result, permit) = answered.await.map_err(|_| HasherError::Stopped)?;
        Ok((result?, Self { hasher, permit }))
    }
}

/// A PHC string at the current cost that no password matches, except with a probability of 2^-256.
fn dummy(backend: Backend, params: &Params) -> Result<String, HashError> {
    // Random instead of computed: startup must not wait for a hash.
    let cheap = Params::new(8, 1, 1).map_err(|_| HashError::Unsupported)?;
    let hash = hash::hash(&mut Kernel::new(backend), &cheap, &random_bytes::<32>())?;
    Ok(hash.replace("m=8,t=1,p=1", &format!("m={},t={},p={}", params.m_kib(), params.t(), params.p())))
}

type Queue = Mutex<mpsc::Receiver<Job>>;

fn work(queue: &Queue, backend: Backend, params: &Params, metrics: &Metrics) {
    // Lowering the priority may be forbidden; the worker runs anyway.
    rustix::process::nice(NICENESS).ok();
    let mut kernel = Kernel::new(backend);
    loop {
        // Wipes the last hash unless another one overwrites it at once: each writes every block before reading it.
        let waiting = waiting(queue);
        if waiting.is_none() {
            kernel.memory.wipe();
        }
        let job = waiting.or_else(|| queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok());
        // The channel closes when the last `Hasher` is dropped.
        let Some(job) = job else { return };
        metrics.hashes.inc();
        metrics.hashing.inc();
        job(&mut kernel, params);
        metrics.hashing.dec();
    }
}

/// Returns a queued job, if any. An idle worker holds the lock while it waits; then the queue is empty.
fn waiting(queue: &Queue) -> Option<Job> {
    match queue.try_lock() {
        Ok(queue) => queue.try_recv().ok(),
        Err(TryLockError::Poisoned(queue)) => queue.into_inner().try_recv().ok(),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PasswordPolicy;

    fn hasher(workers: usize, queue: usize) -> Hasher {
        let argon2 = Params::new(64, 1, 1).expect("cheap parameters");
        let settings = Passwords { policy: PasswordPolicy { min: 12 }, argon2, workers, queue };
        Hasher::start(&settings, Arc::default()).expect("workers")
    }

    fn here() -> IpAddr {
        std::net::Ipv4Addr::LOCALHOST.into()
    }

    fn password(text: &str) -> PlainPassword {
        PlainPassword::presented(text).expect("a password")
    }

    #[tokio::test]
    async fn a_hashed_password_verifies_and_another_does_not() {
        let hasher = hasher(2, 8);
        let hash = hasher.reserve(here()).expect("a place").hash(password("correct horse")).await.expect("a hash");
        for (text, wanted) in [("correct horse", Verdict::Right), ("correct hors", Verdict::Wrong)] {
            let place = hasher.reserve(here()).expect("a place");
            let (verdict, _) = place.verify(password(text), Some(&hash)).await.expect("a verdict");
            assert_eq!(verdict, wanted);
        }
    }

    #[test]
    fn a_worker_finds_a_queued_job_and_never_blocks_to_look() {
        let (jobs, queue) = mpsc::channel();
        let queue = Mutex::new(queue);
        assert!(waiting(&queue).is_none());
        let job: Job = Box::new(|_, _| ());
        jobs.send(job).ok();
        let held = queue.lock().expect("the queue");
        assert!(waiting(&queue).is_none());
        drop(held);
        assert!(waiting(&queue).is_some());
        assert!(waiting(&queue).is_none());
    }

    #[tokio::test]
    async fn cve_2024_39329_an_absent_hash_is_compared_as_well() {
        let hasher = hasher(1, 8);
        let before = hasher.metrics.hashes.get();
        let (verdict, _) =
            hasher.reserve(here()).expect("a place").verify(password("anything"), None).await.expect("a verdict");
        assert_eq!(verdict, Verdict::Wrong);
        assert_eq!(hasher.metrics.hashes.get(), before + 1);
    }

    #[tokio::test]
    async fn f22_a_full_queue_is_busy_at_once_and_recovers() {
        let hasher = hasher(1, 2);
        let taken = Arc::clone(&hasher.permits).try_acquire_many_owned(3).expect("every place");
        assert!(matches!(hasher.reserve(here()), Err(Throttled::Busy { .. })));
        drop(taken);
        assert!(hasher.reserve(here()).expect("a place").hash(password("room again")).await.is_ok());
    }

    #[tokio::test]
    async fn argon2id_35_a_visitor_who_hangs_up_keeps_the_permit_until_the_work_is_done() {
        let hasher = hasher(1, 0);
        let abandoned = crate::telemetry::spawn("abandoned", {
            let place = hasher.reserve(here()).expect("a place");
            async move { place.hash(password("abandoned")).await }
        });
        abandoned.abort();
        abandoned.await.ok();
        // Either way the permit returns only after the worker finished.
        let permit = Arc::clone(&hasher.permits).acquire_owned().await.expect("the permit");
        drop(permit);
        assert!(hasher.reserve(here()).expect("a place").hash(password("next visitor")).await.is_ok());
    }

    #[tokio::test]
    async fn f22_a_flood_from_one_network_leaves_half_of_the_places_to_others() {
        let hasher = hasher(2, 6);
        let flood: Vec<_> = std::iter::from_fn(|| hasher.reserve(here()).ok()).collect();
        assert_eq!(flood.len(), 4);
        assert!(hasher.reserve(std::net::Ipv4Addr::new(192, 0, 2, 1).into()).is_ok());
        drop(flood);
        assert!(hasher.reserve(here()).is_ok());
        assert!(hasher.by_network.is_empty());
    }
    #[test]
    fn a12_a_flood_from_the_many_networks_of_one_48_leaves_a_quarter_to_others_and_one_64_leaves_some_to_its_48() {
        let hasher = hasher(2, 14);
        let at = |n: u16, m: u16| format!("2001:db8:1:{n:x}::{m:x}").parse().expect("an address");
        let one_64: Vec<_> = (0..99).map_while(|n| hasher.reserve(at(1, n)).ok()).collect();
        assert_eq!(one_64.len(), 8);
        let one_56: Vec<_> = (2..99).map_while(|n| hasher.reserve(at(n, 1)).ok()).collect();
        assert_eq!(one_56.len(), 2, "its /56 has more than it");
        let one_48: Vec<_> = (1..99).map_while(|n| hasher.reserve(at(n << 8, 1)).ok()).collect();
        assert_eq!(one_48.len(), 2, "and the /48 still more");
        assert!(hasher.reserve("2001:db8:2::1".parse().expect("an address")).is_ok());
        drop((one_64, one_56, one_48));
        assert!(hasher.by_network.is_empty());
    }
}
