//! Who was found lately, and whether that may be believed.
//!
//! 1. An answer is kept until the time at which it could change by itself: an end of the session, or the
//!    next time that its use is to be noted.
//! 2. What changes it otherwise is told by `PostgreSQL` at the commit, and [`Memory::forget`] drops what
//!    is kept of that account. An answer that was on its way meanwhile is not kept.
//! 3. Nothing is believed for longer than [`LEASE`] after a question that `PostgreSQL` answered behind
//!    all it had to tell. So a replica that is cut off stops believing by itself, however silently.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use tokio::sync::Notify;

use crate::{sessions::LiveSession, types::UserId};

/// For how long after a heartbeat was sent what is kept is believed: the longest that a session can
/// outlive its end, on a replica whose connection to the database was cut in that moment.
pub const LEASE: Duration = Duration::from_millis(200);

/// Sessions in memory, at most so many.
pub(super) struct Memory {
    capacity: usize,
    began: Instant,
    /// In microseconds since `began`.
    believed_until: AtomicU64,
    wanted: AtomicBool,
    wake: Notify,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Whether changes are told to us.
    told: bool,
    /// How often something was forgotten.
    changes: u64,
    found: IndexMap<String, Found>,
    of_user: HashMap<UserId, Vec<String>>,
    /// Where to make room next.
    hand: usize,
}

struct Found {
    live: Arc<LiveSession>,
    until: Instant,
}

/// A moment before a question to the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    at: Instant,
    changes: u64,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Memory {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            began: Instant::now(),
            believed_until: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
            wake: Notify::new(),
            kept: Mutex::default(),
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.capacity == 0
    }

    /// Who is signed in under a digest, if that is kept and may be believed.
    pub(super) fn recall(&self, store_id: &str) -> Option<Arc<LiveSession>> {
        if self.is_off() {
            return None;
        }
        if !self.wanted.load(Ordering::Relaxed) && !self.wanted.swap(true, Ordering::Relaxed) {
            self.wake.notify_one();
        }
        let now = Instant::now();
        if self.micros(now) >= self.believed_until.load(Ordering::Acquire) {
            return None;
        }
        let kept = self.lock();
        kept.found.get(store_id).filter(|found| now < found.until).map(|found| Arc::clone(&found.live))
    }

    /// To be called before the database is asked.
    pub(super) fn asking(&self) -> Asked {
        Asked { at: Instant::now(), changes: self.lock().changes }
    }

    /// Keeps an answer, unless something changed while it was on its way.
    pub(super) fn keep(&self, asked: Asked, store_id: &str, live: &Arc<LiveSession>, holds_for: Duration) {
        let mut kept = self.lock();
        if !kept.told || kept.changes != asked.changes || self.is_off() {
            return;
        }
        kept.remove(store_id);
        while kept.found.len() >= self.capacity {
            kept.make_room();
        }
        kept.of_user.entry(live.user_id).or_default().push(store_id.to_owned());
        kept.found.insert(store_id.to_owned(), Found { live: Arc::clone(live), until: asked.at + holds_for });
    }

    /// Forgets an account's sessions.
    pub(super) fn forget(&self, user_id: UserId) {
        let mut kept = self.lock();
        kept.changes += 1;
        for store_id in kept.of_user.remove(&user_id).unwrap_or_default() {
            kept.found.swap_remove(&store_id);
        }
    }

    /// Forgets everything.
    pub(super) fn forget_all(&self) {
        self.lock().clear();
    }

    /// Forgets nothing when there is something, and tells so: what is on its way to an empty memory is
    /// not kept.
    pub(super) fn is_empty(&self) -> bool {
        let mut kept = self.lock();
        kept.changes += u64::from(kept.found.is_empty());
        kept.found.is_empty()
    }

    /// From now on every change is told.
    pub(super) fn listening(&self) {
        let mut kept = self.lock();
        kept.clear();
        kept.told = true;
    }

    /// Changes may have been missed.
    pub(super) fn deaf(&self) {
        self.believed_until.store(0, Ordering::Release);
        let mut kept = self.lock();
        kept.clear();
        kept.told = false;
    }

    /// Nothing of what is kept is believed, before there is another sign of life or after.
    pub(super) fn doubt(&self) {
        self.believed_until.store(0, Ordering::Release);
        self.forget_all();
    }

    /// Everything that was committed before `sent` has been told.
    pub(super) fn believe(&self, sent: Instant) {
        self.believed_until.store(self.micros(sent + LEASE), Ordering::Release);
    }

    /// Waits until somebody asks.
    pub(super) async fn wanted(&self) {
        self.wake.notified().await;
    }

    /// Waits for another question from now on.
    pub(super) fn rest(&self) {
        self.wanted.store(false, Ordering::Relaxed);
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn clear(&mut self) {
        self.changes += 1;
        self.found.clear();
        self.of_user.clear();
    }

    fn remove(&mut self, store_id: &str) {
        if let Some(gone) = self.found.swap_remove(store_id) {
            self.unlist(gone.live.user_id, store_id);
        }
    }

    /// Removes one after the other, wherever they stand: nobody can choose whose is next.
    fn make_room(&mut self) {
        self.hand = (self.hand + 1) % self.found.len().max(1);
        if let Some((store_id, gone)) = self.found.swap_remove_index(self.hand) {
            self.unlist(gone.live.user_id, &store_id);
        }
    }

    fn unlist(&mut self, user_id: UserId, store_id: &str) {
        if let Some(listed) = self.of_user.get_mut(&user_id) {
            listed.retain(|other| other != store_id);
            if listed.is_empty() {
                self.of_user.remove(&user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::Role,
        types::{Entropy, SessionId},
    };

    const LONG: Duration = Duration::from_secs(60);

    fn session_of(user_id: UserId) -> Arc<LiveSession> {
        let at = time::OffsetDateTime::UNIX_EPOCH;
        Arc::new(LiveSession {
            id: SessionId::new(Entropy),
            user_id,
            username: "alice".into(),
            display_name: None,
            email: "alice@example.com".into(),
            email_verified: true,
            language: None,
            role: Role::Member,
            created_at: at,
            authenticated_at: at,
            recent: true,
            must_enrol: false,
            absolute_ends_at: at,
            aal: 1,
            amr: vec!["pwd".into()],
            remembered: false,
        })
    }

    fn listening(capacity: usize) -> Memory {
        let memory = Memory::new(capacity);
        memory.listening();
        memory.believe(Instant::now() + LONG);
        memory
    }

    #[test]
    fn nothing_is_believed_without_a_sign_of_life() {
        let memory = Memory::new(10);
        let alice = session_of(UserId::new(Entropy));
        memory.keep(memory.asking(), "a", &alice, LONG);
        memory.believe(Instant::now() + LONG);
        assert!(memory.recall("a").is_none(), "kept while nobody listened");
        memory.listening();
        memory.keep(memory.asking(), "a", &alice, LONG);
        assert_eq!(memory.recall("a").map(|live| live.id), Some(alice.id));
        // The last sign of life was asked for longer ago than the lease.
        memory.believe(Instant::now().checked_sub(LEASE).expect("a machine that runs for a while"));
        assert!(memory.recall("a").is_none());
        memory.believe(Instant::now());
        assert!(memory.recall("a").is_some(), "what is true is still there");
        memory.deaf();
        memory.believe(Instant::now() + LONG);
        assert!(memory.recall("a").is_none(), "and gone when something may have been missed");
    }

    #[test]
    fn an_answer_holds_for_as_long_as_was_said() {
        let memory = listening(10);
        let alice = session_of(UserId::new(Entropy));
        memory.keep(memory.asking(), "a", &alice, Duration::ZERO);
        assert!(memory.recall("a").is_none());
    }

    #[test]
    fn an_answer_that_was_on_its_way_while_something_changed_is_not_kept() {
        let changes: [fn(&Memory); 4] = [
            |memory| memory.forget(UserId::new(Entropy)),
            Memory::forget_all,
            Memory::listening,
            // Somebody waits for changes and finds nothing to wait for.
            |memory| assert!(memory.is_empty()),
        ];
        for change in changes {
            let memory = listening(10);
            let asked = memory.asking();
            change(&memory);
            memory.keep(asked, "a", &session_of(UserId::new(Entropy)), LONG);
            assert!(memory.recall("a").is_none());
        }
    }

    #[test]
    fn no_more_is_kept_than_was_said_and_of_each_account_all_is_forgotten() {
        let memory = listening(7);
        let people: Vec<_> = (0..5).map(|_| UserId::new(Entropy)).collect();
        for n in 0..1000_usize {
            // Names meet again, in another account's hands.
            let (name, whose) = (format!("{}", n * 7 % 23), people[n * 11 % 5]);
            memory.keep(memory.asking(), &name, &session_of(whose), LONG);
            assert_eq!(memory.recall(&name).map(|live| live.user_id), Some(whose));
            if n % 13 == 0 {
                memory.forget(whose);
            }
            let kept = memory.lock();
            let listed: usize = kept.of_user.values().map(Vec::len).sum();
            assert!(kept.found.len() <= 7 && listed == kept.found.len());
            assert!(n % 13 > 0 || kept.found.values().all(|found| found.live.user_id != whose));
        }
    }
}
