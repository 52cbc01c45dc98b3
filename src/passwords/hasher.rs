//! The pool of threads that hash passwords.
//!
//! 1. A request takes a permit, of which there are as many as workers and waiting places. None left
//!    means *busy*, at once: an endless queue would only make everybody wait.
//!    One network gets half of them at most, so that a flood from there leaves places to others, and
//!    it is turned away before the database is asked anything.
//! 2. The permit travels with the job, so that a visitor who hangs up frees nothing before the work
//!    is done (solana-private-channels #247).
//! 3. Each worker keeps its memory between jobs and runs at a lower priority, so that a flood of
//!    sign-ins never slows the pages of those who are signed in.

use std::{
    sync::{Arc, Mutex, PoisonError, TryLockError, mpsc},
    thread,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use vestibule_argon2::{Params, Path};

use super::hash::{self, HashError, Kernel, Verdict};
use crate::{
    config::Passwords,
    limits::{
        Key,
        per_network::{Counted, PerNetwork},
    },
    telemetry::Metrics,
    types::{Entropy, PlainPassword},
};

/// A lower priority than the threads that answer requests.
const NICENESS: i32 = 10;

/// Hashes and compares passwords. Cheap to clone; the threads end with the last clone.
#[derive(Clone, Debug)]
pub struct Hasher {
    jobs: mpsc::Sender<Job>,
    permits: Arc<Semaphore>,
    per_network: usize,
    by_network: PerNetwork,
    metrics: Arc<Metrics>,
    dummy: Arc<str>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HasherError {
    /// Every waiting place is taken.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The hash could not be computed or read.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The worker is gone.
    #[error("the password worker stopped")]
    Stopped,
}

struct Job {
    work: Work,
    permit: Permit,
}

/// One of the places, counted under its network until it is free again.
#[derive(Debug)]
struct Permit {
    _place: OwnedSemaphorePermit,
    _counted: Counted,
}

type Answer<T> = oneshot::Sender<(Result<T, HashError>, Permit)>;

enum Work {
    Hash(PlainPassword, Answer<String>),
    Verify(PlainPassword, Arc<str>, Answer<Verdict>),
}

impl Hasher {
    /// Starts the workers.
    ///
    /// # Errors
    /// When the system gives no threads or no memory for one hash, or the machine computes wrong hashes.
    pub fn start(settings: &Passwords, metrics: Arc<Metrics>) -> Result<Self, HasherStartError> {
        let places = settings.workers + settings.queue;
        let path = hash::choose_path()?;
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..settings.workers {
            let (queue, params, metrics) = (Arc::clone(&queue), settings.argon2, Arc::clone(&metrics));
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&queue, path, &params, &metrics))?;
        }
        Ok(Self {
            jobs,
            permits: Arc::new(Semaphore::new(places)),
            per_network: places.div_ceil(2).max(settings.workers),
            by_network: PerNetwork::default(),
            metrics,
            dummy: dummy(path, &settings.argon2)?.into(),
        })
    }

    /// Takes a place among those who are served or wait, for a visitor from this network.
    ///
    /// # Errors
    /// [`HasherError::Busy`] when every place, or every one of this network's, is taken.
    pub fn reserve(&self, network: Key) -> Result<Place, HasherError> {
        let permit = self.permit(network);
        if permit.is_none() {
            self.metrics.hashes_refused.inc();
        }
        permit.map(|permit| Place { hasher: self.clone(), permit }).ok_or(HasherError::Busy)
    }

    fn permit(&self, network: Key) -> Option<Permit> {
        let counted = self.by_network.enter(network, self.per_network)?;
        let place = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(Permit { _place: place, _counted: counted })
    }
}

/// A place at the hasher.
#[derive(Debug)]
pub struct Place {
    hasher: Hasher,
    permit: Permit,
}

impl Place {
    /// Hashes a password at the present cost.
    ///
    /// # Errors
    /// When the hash cannot be computed.
    pub async fn hash(self, password: PlainPassword) -> Result<String, HasherError> {
        let (hash, _) = self.run(|answer| Work::Hash(password, answer)).await?;
        Ok(hash)
    }

    /// Compares a password with a stored hash; without one, with a hash that no password has, which
    /// takes just as long. The place comes back for a second hash.
    ///
    /// # Errors
    /// When the stored text is no hash of ours.
    pub async fn verify(self, password: PlainPassword, stored: Option<&str>) -> Result<(Verdict, Self), HasherError> {
        let stored = stored.map_or_else(|| Arc::clone(&self.hasher.dummy), Arc::from);
        self.run(|answer| Work::Verify(password, stored, answer)).await
    }

    /// Sends the work, and the permit with it, to the workers; both come back together.
    async fn run<T>(self, work: impl FnOnce(Answer<T>) -> Work) -> Result<(T, Self), HasherError> {
        let Self { hasher, permit } = self;
        let (answer, answered) = oneshot::channel();
        let sent = hasher.jobs.send(Job { work: work(answer), permit });
        let answer = if sent.is_ok() { answered.await.ok() } else { None };
        let (result, permit) = answer.ok_or(HasherError::Stopped)?;
        Ok((result?, Self { hasher, permit }))
    }
}

/// Why the workers did not start.
#[derive(Debug, thiserror::Error)]
pub enum HasherStartError {
    /// No threads.
    #[error("the threads that hash passwords cannot be started: {0}")]
    Threads(#[from] std::io::Error),
    /// No memory, or no right hash.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// A PHC string at the present cost whose tag no password has but by chance of 2^-256.
fn dummy(path: Path, params: &Params) -> Result<String, HashError> {
    let entropy = Entropy;
    // The tag is random instead of computed: a start must not wait for a hash.
    let cheap = Params::new(8, 1, 1).map_err(|_| HashError::Unsupported)?;
    let hash = hash::hash(&mut Kernel::new(path), &cheap, &entropy.bytes::<32>(), entropy)?;
    Ok(hash.replace("m=8,t=1,p=1", &format!("m={},t={},p={}", params.m_kib(), params.t(), params.p())))
}

type Queue = Mutex<mpsc::Receiver<Job>>;

fn work(queue: &Queue, path: Path, params: &Params, metrics: &Metrics) {
    // A worker that may not lower itself works all the same.
    rustix::process::nice(NICENESS).ok();
    let mut kernel = Kernel::new(path);
    loop {
        // What the last hash left is wiped unless the next one overwrites it at once.
        let waiting = waiting(queue);
        if waiting.is_none() {
            kernel.wipe();
        }
        let job = waiting.or_else(|| queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok());
        // The queue closes when the last `Hasher` is gone.
        let Some(Job { work, permit }) = job else { return };
        metrics.hashes.inc();
        metrics.hashing.inc();
        match work {
            Work::Hash(password, answer) => {
                answer.send((hash::hash(&mut kernel, params, password.as_bytes(), Entropy), permit)).ok();
            }
            Work::Verify(password, stored, answer) => {
                answer.send((hash::verify(&mut kernel, params, password.as_bytes(), &stored), permit)).ok();
            }
        }
        metrics.hashing.dec();
    }
}

/// A job that waits already. A worker that waits for one holds the queue: then there is none.
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

    fn here() -> Key {
        Key::network(std::net::Ipv4Addr::LOCALHOST.into())
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
    fn a_worker_sees_the_job_that_waits_and_never_waits_to_look() {
        let (jobs, queue) = mpsc::channel();
        let queue = Mutex::new(queue);
        assert!(waiting(&queue).is_none());
        let permit = hasher(1, 1).permit(here()).expect("a permit");
        jobs.send(Job { work: Work::Hash(password("waits"), oneshot::channel().0), permit }).ok();
        let held = queue.lock().expect("the queue");
        assert!(waiting(&queue).is_none());
        drop(held);
        assert!(waiting(&queue).is_some());
        assert!(waiting(&queue).is_none());
    }

    #[tokio::test]
    async fn cve_2024_39329_an_absent_hash_is_compared_all_the_same() {
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
        assert!(matches!(hasher.reserve(here()), Err(HasherError::Busy)));
        drop(taken);
        assert!(hasher.reserve(here()).expect("a place").hash(password("room again")).await.is_ok());
    }

    #[tokio::test]
    async fn argon2id_35_a_visitor_who_hangs_up_keeps_the_permit_until_the_work_is_done() {
        let hasher = hasher(1, 0);
        let abandoned = tokio::spawn({
            let place = hasher.reserve(here()).expect("a place");
            async move { place.hash(password("abandoned")).await }
        });
        abandoned.abort();
        abandoned.await.ok();
        // However the race went, the one permit comes back, and only after the worker was done.
        let permit = Arc::clone(&hasher.permits).acquire_owned().await.expect("the permit");
        drop(permit);
        assert!(hasher.reserve(here()).expect("a place").hash(password("next visitor")).await.is_ok());
    }

    #[tokio::test]
    async fn f22_a_flood_from_one_network_leaves_half_of_the_places_to_others() {
        let hasher = hasher(2, 6);
        let flood: Vec<_> = std::iter::from_fn(|| hasher.reserve(here()).ok()).collect();
        assert_eq!(flood.len(), 4);
        let elsewhere = Key::network(std::net::Ipv4Addr::new(192, 0, 2, 1).into());
        assert!(hasher.reserve(elsewhere).is_ok());
        drop(flood);
        assert!(hasher.reserve(here()).is_ok());
        assert!(hasher.by_network.is_empty());
    }
}
