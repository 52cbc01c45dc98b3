//! Statements of the chain about itself: its beginning, the keys it has had, and those that were forgotten.
//!
//! 1. The first link of a chain shows its first key. [`introduce`] records every later key before its first link, twice:
//!    linked with the key before it, and with the new one. So anyone who has either of them learns of the other. Each
//!    pruning repeats all IDs, because it may remove those records.
//! 2. So a link with a key that the chain never had is a forgery, even for someone who has only some of the keys.
//! 3. [`forget_key`] records that retention may remove events of a retired key unverified. The record binds that to
//!    their positions and to proven times: their own while the key is still configured, or else that of the first
//!    verified event *after* them. So changing those rows later cannot make retention remove them sooner.
//!
//! Only statements that a configured key proves count.

use std::collections::BTreeSet;

use sqlx::{Connection as _, PgConnection};

use super::{
    Actor, Event,
    chain::{ChainKey, ChainKeys, Digest, Head, KeyId, Stored, unhex},
    check::{Checker, Fault},
    event::Entry,
    linker,
    retention::KEPT_FOR_DAYS,
    store::{self, Link},
    verify,
};

/// One day in microseconds.
const DAY: i64 = 86_400_000_000;
const KEPT_FOR_MICROS: i64 = KEPT_FOR_DAYS as i64 * DAY;

/// The proven statements of the chain.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The last pruning.
    pub pruning: Option<Pruning>,
    /// The IDs of all keys that the chain has had, once it has had more than one or was pruned.
    ids: BTreeSet<KeyId>,
    /// The keys that signed a proven statement.
    signers: BTreeSet<KeyId>,
    /// Whether a configured key proves any part of the chain.
    is_ours: bool,
    forgotten: Vec<Forgotten>,
    /// By the database's clock, in microseconds since 1970.
    now: i64,
}

/// The last pruning, as stated.
#[derive(Debug)]
pub(super) struct Pruning {
    /// The chain begins after it.
    pub head: Head,
    /// How many events it removed unverified.
    pub unchecked: u64,
    /// Why the statement is not proven.
    pub fault: Option<Fault>,
    link: Link,
}

/// A key that was forgotten.
#[derive(Clone, Debug)]
struct Forgotten {
    key: KeyId,
    events: u64,
    ages: Ages,
}

/// Positions in ascending order, each with a time in microseconds since 1970 that no event up to there is later than.
type Ages = Vec<(i64, i64)>;

impl Known {
    /// Loads and verifies the statements.
    pub async fn load(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<Self> {
        let mut known = Self { now: store::now_micros(&mut *connection).await?, ..Self::default() };
        let statements = store::statements(&mut *connection).await?;
        let ours: Vec<Vec<u8>> = keys.ids().map(|id| id.0.to_vec()).collect();
        let last = store::last_with(connection, &ours).await?;
        known.is_ours = last.is_some_and(|(link, event, previous)| {
            let faults = Checker::of_one(keys, &Self::default(), &link, previous).check(&link, event.as_ref());
            faults.iter().all(|fault| matches!(fault, Fault::OriginRemoved { .. }))
        });
        for (link, event, previous) in &statements {
            known.hear(keys, link, event, *previous);
        }
        // Only now is it known which keys there are.
        if let Some(mut pruning) = known.pruning.take() {
            if let Some(Fault::WrongKey { .. }) = pruning.fault {
                pruning.fault = (!known.lets_go(&pruning.link)).then(|| known.without_key(&pruning.link));
            }
            known.pruning = Some(pruning);
        }
        Ok(known)
    }

    /// Applies a statement if it is proven.
    fn hear(&mut self, keys: &ChainKeys, link: &Link, event: &Stored, previous: Option<Digest>) {
        let fault = Checker::of_one(keys, &Self::default(), link, previous).check(link, Some(event)).into_iter().next();
        let Ok(detail) = serde_json::from_str(&event.detail) else { return };
        let Some(said) = Event::read(&event.kind, detail) else { return };
        if let Event::AuditPruned { through_position, hash, unchecked, .. } = &said
            && let Some(hash) = unhex(hash)
        {
            let head = Head { position: *through_position, hash };
            self.pruning = Some(Pruning { head, unchecked: *unchecked, fault: fault.clone(), link: link.clone() });
        }
        if fault.is_some() {
            return;
        }
        self.is_ours = true;
        self.signers.extend(KeyId::of(&link.key_id));
        match said {
            Event::AuditPruned { keys, .. } => self.ids.extend(keys.iter().filter_map(|id| id.parse::<KeyId>().ok())),
            Event::AuditKeyAdded { key, earlier } => {
                self.ids.extend(earlier.iter().chain([&key]).filter_map(|id| id.parse::<KeyId>().ok()));
            }
            Event::AuditKeyForgotten { key, events, ages } => {
                self.forgotten.extend(key.parse().ok().map(|key| Forgotten { key, events, ages }));
            }
            _ => {}
        }
    }

    /// The fault of a link whose key is not configured: a forgery, if the chain never had that key.
    pub fn without_key(&self, link: &Link) -> Fault {
        let (from, to, id) = (link.position, link.position, KeyId::of(&link.key_id).unwrap_or(KeyId([0; 4])));
        let key = id.to_string();
        if self.is_ours && !self.ids.contains(&id) {
            Fault::UnknownKey { from, to, key }
        } else {
            Fault::WrongKey { from, to, key }
        }
    }

    /// Returns whether the operator has forgotten the key of this link.
    pub fn forgets(&self, link: &Link) -> bool {
        self.no_later_than(link).is_some()
    }

    /// Returns whether retention may remove this link unchecked now.
    pub fn lets_go(&self, link: &Link) -> bool {
        self.no_later_than(link).is_some_and(|at| at.saturating_add(KEPT_FOR_MICROS) < self.now)
    }

    /// How many events had a forgotten key when it was forgotten.
    pub fn forgotten_events(&self) -> u64 {
        let keys: BTreeSet<KeyId> = self.forgotten.iter().map(|forgotten| forgotten.key).collect();
        let events = |key: KeyId| {
            self.forgotten.iter().filter(|forgotten| forgotten.key == key).map(|forgotten| forgotten.events).max()
        };
        keys.into_iter().filter_map(events).sum()
    }

    /// The proven age of a link whose key is forgotten.
    fn no_later_than(&self, link: &Link) -> Option<i64> {
        let of_key = self.forgotten.iter().filter(|forgotten| forgotten.key.0[..] == link.key_id);
        of_key.filter_map(|forgotten| age_at(&forgotten.ages, link.position)).min()
    }

    /// The IDs of all keys that the chain has had, for the next statement.
    pub fn all_ids(&self, keys: &ChainKeys) -> Vec<String> {
        let all: BTreeSet<KeyId> = self.ids.iter().copied().chain(keys.ids()).collect();
        all.iter().map(KeyId::to_string).collect()
    }
}

fn age_at(ages: &[(i64, i64)], position: i64) -> Option<i64> {
    ages.iter().find(|(through, _)| position <= *through).map(|(_, at)| *at)
}

/// Records the newest key, before its first link. The caller's transaction must hold the chain lock.
pub(super) async fn introduce(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<()> {
    let Some(newest) = keys.newest() else { return Ok(()) };
    let id = KeyId(newest.id);
    // The first link of a chain shows its key itself.
    let Some(last) = store::last(&mut *connection).await? else { return Ok(()) };
    if last.key_id == newest.id {
        return Ok(());
    }
    let known = Known::load(&mut *connection, keys).await?;
    if known.ids.contains(&id) || known.signers.contains(&id) {
        return Ok(());
    }
    let mut earlier: BTreeSet<KeyId> = known.ids.iter().copied().chain(keys.ids()).filter(|key| *key != id).collect();
    if !known.is_ours {
        // A lost key, or every link was marked with another key. Either way, earlier links cannot be verified any more.
        tracing::error!(event = "audit_broken", key = %id, "no configured key signed any part of the audit log; continuing with a new key");
        earlier.extend(store::key_ids(&mut *connection).await?.iter().filter_map(|id| KeyId::of(id)));
    }
    let earlier: Vec<String> = earlier.iter().map(KeyId::to_string).collect();
    for signer in keys.find(&last.key_id).into_iter().chain([newest]) {
        let event = Event::AuditKeyAdded { key: id.to_string(), earlier: earlier.clone() };
        state(&mut *connection, signer, Actor::System, event).await?;
    }
    Ok(())
}

/// Records a statement about the chain, and links it. The caller's transaction must hold the chain lock.
pub(super) async fn state(
    connection: &mut PgConnection,
    key: &ChainKey,
    actor: Actor,
    event: Event,
) -> sqlx::Result<()> {
    let entry = Entry { event, user_id: None, session_id: None };
    let seqs = store::insert(&mut *connection, actor, None, &[entry]).await?;
    let recorded = store::events(&mut *connection, &seqs).await?;
    linker::append(connection, key, &recorded).await
}

/// The result of [`forget_key`].
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forgetting {
    /// Recorded: so many events may go unchecked, the last of them in so many days.
    #[expect(missing_docs, reason = "the line above has them")]
    Done { events: u64, days: u32 },
    /// New links are made with this key.
    InUse,
    /// The chain never had this key: links that carry it were forged.
    Unknown,
    /// No link carries this key any more.
    NoEvents,
    /// The chain has so many other faults.
    Refused(u64),
    /// The service holds the chain lock.
    Busy,
}

/// Records that retention may remove events unchecked that only this retired key can verify, once they are provably
/// past the retention period. Refuses if anything else is wrong with the chain.
pub async fn forget_key(connection: &mut PgConnection, keys: &ChainKeys, id: KeyId) -> sqlx::Result<Forgetting> {
    let Some(newest) = keys.newest().filter(|newest| newest.id != id.0) else { return Ok(Forgetting::InUse) };
    let (text, mut others, mut census) = (id.to_string(), 0, Census::default());
    let only_this = |fault: &Fault| matches!(fault, Fault::WrongKey { key, .. } if *key == text);
    let count_others = |fault| others += u64::from(!only_this(&fault));
    let _ = verify::observe(connection, keys, None, count_others, |link, event| census.see(id, link, event)).await?;
    let mut transaction = connection.begin().await?;
    if !store::lock_chain(&mut transaction).await? {
        transaction.rollback().await?;
        return Ok(Forgetting::Busy);
    }
    introduce(&mut transaction, keys).await?;
    let known = Known::load(&mut transaction, keys).await?;
    let refused = match (known.ids.contains(&id), others, census.events) {
        (false, ..) => Some(Forgetting::Unknown),
        (true, 1.., _) => Some(Forgetting::Refused(others)),
        (true, 0, 0) => Some(Forgetting::NoEvents),
        (true, 0, _) => None,
    };
    if let Some(refused) = refused {
        transaction.rollback().await?;
        return Ok(refused);
    }
    let (events, ages) = (census.events, census.ages(known.now));
    let last = ages.last().map_or(known.now, |(_, at)| *at);
    state(&mut transaction, newest, Actor::Cli, Event::AuditKeyForgotten { key: text, events, ages }).await?;
    transaction.commit().await?;
    let days = last.saturating_add(KEPT_FOR_MICROS).saturating_sub(known.now).max(0).saturating_add(DAY - 1) / DAY;
    Ok(Forgetting::Done { events, days: u32::try_from(days).unwrap_or_default() })
}

/// The links with one key, and what is proven about their age.
#[derive(Debug, Default)]
struct Census {
    events: u64,
    /// The position of the last one.
    through: i64,
    /// Up to each position, the latest time of a proven event with this key; for each day.
    own: Ages,
    /// Whether all of them are proven.
    unproven: bool,
    /// When the first proven event after the last of them happened.
    followed_at: Option<i64>,
}

impl Census {
    /// Takes the next link, and its event if that is proven.
    fn see(&mut self, id: KeyId, link: &Link, event: Option<&Stored>) {
        let at = event.and_then(|event| event.micros);
        if link.key_id != id.0 {
            self.followed_at = self.followed_at.or(at);
            return;
        }
        (self.events, self.through, self.followed_at) = (self.events + 1, link.position, None);
        let Some(at) = at else {
            self.unproven = true;
            return;
        };
        match self.own.last_mut() {
            // Times are nearly in order; what is earlier than one before is no later than that.
            Some((through, latest)) if at / DAY <= *latest / DAY => {
                (*through, *latest) = (link.position, at.max(*latest));
            }
            _ => self.own.push((link.position, at)),
        }
    }

    fn ages(self, now: i64) -> Ages {
        if self.unproven { vec![(self.through, self.followed_at.unwrap_or(now))] } else { self.own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: KeyId = KeyId([1; 4]);
    const NEW: KeyId = KeyId([2; 4]);

    /// The census of links, each with its key and the time of its event if that is proven.
    fn census(links: &[(KeyId, Option<i64>)]) -> Census {
        let mut census = Census::default();
        for (position, (key, at)) in (1..).zip(links) {
            let (digest, hash, key_id) = (vec![0; 32], vec![0; 32], key.0.to_vec());
            let link = Link { position, event_seq: position, version: 1, digest, origin_digest: None, hash, key_id };
            let event = at.map(|at| Stored::at(position, at));
            census.see(OLD, &link, event.as_ref());
        }
        census
    }

    #[test]
    fn a_key_that_is_still_there_proves_the_age_of_each_day() {
        let old = |at| (OLD, Some(at));
        let seen = census(&[old(10), old(5), old(DAY + 1), old(DAY + 9), old(DAY + 3), (NEW, Some(3 * DAY))]);
        assert_eq!(seen.events, 5);
        let ages = seen.ages(9 * DAY);
        assert_eq!(ages, [(2, 10), (5, DAY + 9)]);
        assert_eq!(
            [1, 2, 3, 5, 6].map(|position| age_at(&ages, position)),
            [Some(10), Some(10), Some(DAY + 9), Some(DAY + 9), None]
        );
    }

    #[test]
    fn a_key_that_is_gone_proves_nothing_and_what_follows_its_events_does() {
        let seen = census(&[(OLD, None), (NEW, Some(7)), (OLD, None), (NEW, None), (NEW, Some(20)), (NEW, Some(30))]);
        assert_eq!(seen.ages(99), [(3, 20)]);
        assert_eq!(census(&[(OLD, None), (OLD, Some(5))]).ages(99), [(2, 99)]);
    }
}
