//! The session cache.
//!
//! 1. An entry is valid until time alone could change the session: its expiry, or the next update of its last use.
//! 2. `PostgreSQL` notifies us of other changes at commit, and [`CachedSessions::invalidate`] invalidates the account's
//!    entries. Results of queries that ran meanwhile are not cached.
//! 3. The cache is trusted for [`LEASE`] after a heartbeat that `PostgreSQL` answered. So a replica that loses its
//!    connection stops trusting the cache, however silently that happens.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use tokio::sync::Notify;
use uuid::Uuid;

use super::changes::{Changes, Version};
use crate::{
    sessions::LiveSession,
    types::{AppId, TokenDigest, UserId, instant},
};

/// How long the cache is trusted after a heartbeat was sent. This bounds how long a revoked session survives on a
/// replica that lost its connection at that moment.
pub const LEASE: Duration = Duration::from_millis(200);

/// What a session is looked up by.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Key {
    /// The digest of its cookie.
    Cookie(String),
    /// The digest of a cookie on a host of this app.
    Gate(AppId, TokenDigest),
}

/// A bounded cache of sessions.
#[derive(derive_more::Debug)]
#[debug("CachedSessions {{ capacity: {capacity:?}, .. }}")]
pub(super) struct CachedSessions {
    capacity: usize,
    began: Instant,
    /// In microseconds since `began`.
    lease_until: AtomicU64,
    in_demand: AtomicBool,
    wake: Notify,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    /// Whether the listener is connected.
    is_connected: bool,
    changes: Changes,
    by_key: IndexMap<Key, Entry>,
    by_user: HashMap<UserId, Vec<Key>>,
    /// The next candidate for eviction.
    hand: usize,
}

struct Entry {
    live: Arc<LiveSession>,
    until: Instant,
}

/// The state of the cache before a database query.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Instant,
    invalidations: u64,
}

impl CachedSessions {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            began: instant(),
            lease_until: AtomicU64::new(0),
            in_demand: AtomicBool::new(false),
            wake: Notify::new(),
            entries: Mutex::default(),
        }
    }

    /// Returns a cached session while its entry and the lease are valid.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<LiveSession>> {
        let now = self.leased()?;
        let entries = self.lock();
        entries.by_key.get(key).filter(|entry| now < entry.until).map(|entry| Arc::clone(&entry.live))
    }

    /// The number of the current generation while the lease is valid: what was read from the database under this number
    /// is still true, but for changes of single accounts.
    pub(super) fn generation(&self) -> Option<u64> {
        self.leased()?;
        let mut entries = self.lock();
        entries.is_connected.then(|| entries.changes.generation())
    }

    /// Returns the version of an account, or of a grant without one, while the lease is valid.
    pub(super) fn version(&self, id: Uuid) -> Option<Version> {
        self.leased()?;
        let entries = self.lock();
        entries.is_connected.then(|| entries.changes.version(id))
    }

    /// Returns the version to cache a query result under. `None` if something was invalidated since the query started.
    pub(super) fn version_since(&self, snapshot: Snapshot, id: Uuid) -> Option<Version> {
        let mut entries = self.lock();
        let is_true = entries.is_connected && entries.changes.total == snapshot.invalidations;
        entries.changes.is_relied_on |= is_true;
        is_true.then(|| entries.changes.version(id))
    }

    /// Signals demand, and returns the time if the lease is valid.
    fn leased(&self) -> Option<Instant> {
        if self.capacity == 0 {
            return None;
        }
        if !self.in_demand.load(Ordering::Relaxed) && !self.in_demand.swap(true, Ordering::Relaxed) {
            self.wake.notify_one();
        }
        let now = instant();
        (self.micros(now) < self.lease_until.load(Ordering::Acquire)).then_some(now)
    }

    /// Must be called before the database query.
    pub(super) fn begin_query(&self) -> Snapshot {
        Snapshot { at: instant(), invalidations: self.lock().changes.total }
    }

    /// Caches a query result, unless something was invalidated since the query started.
    pub(super) fn insert(&self, snapshot: Snapshot, key: &Key, live: &Arc<LiveSession>, holds_for: Duration) {
        let mut entries = self.lock();
        if !entries.is_connected || entries.changes.total != snapshot.invalidations || self.capacity == 0 {
            return;
        }
        entries.remove(key);
        while entries.by_key.len() >= self.capacity {
            entries.make_room();
        }
        entries.by_user.entry(live.user_id).or_default().push(key.clone());
        entries.by_key.insert(key.clone(), Entry { live: Arc::clone(live), until: snapshot.at + holds_for });
    }

    /// Invalidates an account's sessions, or a grant without an account.
    pub(super) fn invalidate(&self, id: Uuid) {
        let mut entries = self.lock();
        entries.changes.note(id);
        for key in entries.by_user.remove(&UserId(id)).unwrap_or_default() {
            entries.by_key.swap_remove(&key);
        }
    }

    /// Invalidates every session.
    pub(super) fn invalidate_all(&self) {
        self.lock().clear();
    }

    /// Returns whether this cache and those that rely on it are empty, and will stay so when running queries finish.
    pub(super) fn is_empty(&self) -> bool {
        let mut entries = self.lock();
        let is_empty = entries.by_key.is_empty() && !entries.changes.is_relied_on;
        if is_empty {
            entries.changes.note_all();
        }
        is_empty
    }

    /// Starts accepting entries: the listener is connected.
    pub(super) fn connected(&self) {
        let mut entries = self.lock();
        entries.clear();
        entries.is_connected = true;
    }

    /// Clears the cache: notifications may be missed from now on.
    pub(super) fn disconnected(&self) {
        self.lease_until.store(0, Ordering::Release);
        let mut entries = self.lock();
        entries.clear();
        entries.is_connected = false;
    }

    /// Clears the cache and ends the lease until the next heartbeat.
    pub(super) fn end_lease(&self) {
        self.lease_until.store(0, Ordering::Release);
        self.invalidate_all();
    }

    /// Renews the lease: all changes committed before `sent` have been received.
    pub(super) fn renew_lease(&self, sent: Instant) {
        self.lease_until.store(self.micros(sent + LEASE), Ordering::Release);
    }

    /// Waits until a session is looked up.
    pub(super) async fn demand(&self) {
        self.wake.notified().await;
    }

    /// Waits for a new lookup from now on.
    pub(super) fn reset_demand(&self) {
        self.in_demand.store(false, Ordering::Relaxed);
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn clear(&mut self) {
        self.changes.note_all();
        self.by_key.clear();
        self.by_user.clear();
    }

    fn remove(&mut self, key: &Key) {
        if let Some(gone) = self.by_key.swap_remove(key) {
            self.unlist(gone.live.user_id, key);
        }
    }

    /// Evicts an entry. Eviction is not by age, so nobody can choose whose entry is next.
    fn make_room(&mut self) {
        self.hand = (self.hand + 1) % self.by_key.len().max(1);
        if let Some((key, gone)) = self.by_key.swap_remove_index(self.hand) {
            self.unlist(gone.live.user_id, &key);
        }
    }

    fn unlist(&mut self, user_id: UserId, key: &Key) {
        if let Some(listed) = self.by_user.get_mut(&user_id) {
            listed.retain(|other| other != key);
            if listed.is_empty() {
                self.by_user.remove(&user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{accounts::Role, types::SessionId};

    const LONG: Duration = Duration::from_secs(60);

    fn session_of(user_id: UserId) -> Arc<LiveSession> {
        let at = time::OffsetDateTime::UNIX_EPOCH;
        Arc::new(LiveSession {
            store_id: "a".into(),
            id: SessionId::random(),
            user_id,
            username: "alice".into(),
            display_name: None,
            email: "alice@example.com".into(),
            email_verified: true,
            language: None,
            role: Role::Member,
            groups: Vec::new(),
            created_at: at,
            authenticated_at: at,
            recent: true,
            proves_best: true,
            must_enrol: false,
            absolute_ends_at: at,
            aal: 1,
            amr: vec!["pwd".into()],
            remembered: false,
            touch_due: false,
            holds_for: 60.0,
        })
    }

    fn a() -> Key {
        Key::Cookie("a".into())
    }

    fn connected(capacity: usize) -> CachedSessions {
        let cached = CachedSessions::new(capacity);
        cached.connected();
        cached.renew_lease(instant() + LONG);
        cached
    }

    #[test]
    fn the_cache_is_stale_without_a_heartbeat() {
        let cached = CachedSessions::new(10);
        let alice = session_of(UserId::random());
        cached.insert(cached.begin_query(), &a(), &alice, LONG);
        cached.renew_lease(instant() + LONG);
        assert!(cached.get(&a()).is_none(), "cached while the listener was disconnected");
        cached.connected();
        cached.insert(cached.begin_query(), &a(), &alice, LONG);
        assert_eq!(cached.get(&a()).map(|live| live.id), Some(alice.id));
        // The last heartbeat was sent longer ago than the lease.
        cached.renew_lease(instant().checked_sub(LEASE).expect("a machine that runs for a while"));
        assert!(cached.get(&a()).is_none());
        cached.renew_lease(instant());
        assert!(cached.get(&a()).is_some(), "a valid entry is still there");
        cached.disconnected();
        cached.renew_lease(instant() + LONG);
        assert!(cached.get(&a()).is_none(), "and gone when notifications may have been missed");
    }

    #[test]
    fn an_entry_is_valid_for_the_given_time() {
        let cached = connected(10);
        let alice = session_of(UserId::random());
        cached.insert(cached.begin_query(), &a(), &alice, Duration::ZERO);
        assert!(cached.get(&a()).is_none());
    }

    #[test]
    fn a_result_is_not_cached_if_something_changed_during_the_query() {
        let changes: [fn(&CachedSessions); 4] = [
            |cached| cached.invalidate(UserId::random().0),
            CachedSessions::invalidate_all,
            CachedSessions::connected,
            // A caller waits for changes, and the cache is empty.
            |cached| assert!(cached.is_empty()),
        ];
        for change in changes {
            let cached = connected(10);
            let snapshot = cached.begin_query();
            change(&cached);
            cached.insert(snapshot, &a(), &session_of(UserId::random()), LONG);
            assert!(cached.get(&a()).is_none());
        }
    }

    #[test]
    fn the_capacity_holds_and_invalidation_removes_all_of_an_account() {
        let cached = connected(7);
        let people: Vec<_> = (0..5).map(|_| UserId::random()).collect();
        for n in 0..1000_usize {
            // Store IDs repeat, for another account.
            let (name, whose) = (Key::Cookie(format!("{}", n * 7 % 23)), people[n * 11 % 5]);
            cached.insert(cached.begin_query(), &name, &session_of(whose), LONG);
            assert_eq!(cached.get(&name).map(|live| live.user_id), Some(whose));
            if n % 13 == 0 {
                cached.invalidate(whose.0);
            }
            let entries = cached.lock();
            let listed: usize = entries.by_user.values().map(Vec::len).sum();
            assert!(entries.by_key.len() <= 7 && listed == entries.by_key.len());
            assert!(n % 13 > 0 || entries.by_key.values().all(|entry| entry.live.user_id != whose));
        }
    }
    #[test]
    fn sessions_on_hosts_of_apps_go_with_their_account() {
        let cached = connected(10);
        let (alice, bob) = (session_of(UserId::random()), session_of(UserId::random()));
        let (app, digest) = (AppId::random(), TokenDigest::of("a cookie"));
        cached.insert(cached.begin_query(), &Key::Gate(app, digest), &alice, LONG);
        cached.insert(cached.begin_query(), &a(), &bob, LONG);
        assert!(cached.get(&Key::Gate(AppId::random(), digest)).is_none(), "of another app");
        cached.invalidate(bob.user_id.0);
        assert!(cached.get(&Key::Gate(app, digest)).is_some() && cached.get(&a()).is_none());
        cached.invalidate(alice.user_id.0);
        assert!(cached.get(&Key::Gate(app, digest)).is_none());
    }

    #[test]
    fn a_generation_ends_with_whatever_concerns_everything() {
        let cached = CachedSessions::new(10);
        cached.renew_lease(instant() + LONG);
        assert_eq!(cached.generation(), None, "the listener is disconnected");
        let changes: [fn(&CachedSessions); 3] =
            [CachedSessions::invalidate_all, CachedSessions::connected, CachedSessions::end_lease];
        for change in changes {
            let cached = connected(10);
            let generation = cached.generation().expect("a valid lease");
            cached.invalidate(UserId::random().0);
            assert_eq!(cached.generation(), Some(generation), "an account is not everything");
            change(&cached);
            cached.renew_lease(instant() + LONG);
            assert_ne!(cached.generation(), Some(generation));
        }
        let cached = connected(10);
        cached.renew_lease(instant().checked_sub(LEASE).expect("a machine that runs for a while"));
        assert_eq!(cached.generation(), None, "without a heartbeat");
        let cached = connected(10);
        assert!(cached.is_empty() && cached.version_since(cached.begin_query(), UserId::random().0).is_some());
        assert!(!cached.is_empty(), "something is kept elsewhere");
    }
}
