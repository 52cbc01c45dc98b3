//! Verification of the whole chain.

use sqlx::{Connection as _, PgConnection};

use super::{
    Event,
    chain::{ChainKeys, Head, Stored},
    check::{Checker, Fault},
    keys::Known,
    store::{self, Link},
};

/// Maximum number of links in memory.
const BATCH_MAX: i64 = 1000;

/// The result of a verification.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verified {
    /// Number of linked events.
    pub events: u64,
    /// The head of the chain; `None` for an empty one.
    pub head: Option<Head>,
    /// The position after which the chain begins; 0 unless it was pruned.
    pub after: i64,
    /// How many events the last pruning could not verify, because their key was forgotten.
    pub unchecked: u64,
    /// How many events this run could not verify, because their key was forgotten.
    pub forgotten: u64,
    /// Number of pending events.
    pub waiting: i64,
    /// Number of reported faults.
    pub faults: u64,
}

/// Compares every event with its link, and every link with the previous one. Runs in one snapshot and in constant
/// memory; reports each fault as it is found.
pub async fn verify(
    connection: &mut PgConnection,
    keys: &ChainKeys,
    noted: Option<Head>,
    report: impl FnMut(Fault),
) -> sqlx::Result<Verified> {
    observe(connection, keys, noted, report, |_, _| {}).await
}

/// Verifies the chain, and shows every link with its event if that is proven.
pub(super) async fn observe(
    connection: &mut PgConnection,
    keys: &ChainKeys,
    noted: Option<Head>,
    mut report: impl FnMut(Fault),
    mut seen: impl FnMut(&Link, Option<&Stored>),
) -> sqlx::Result<Verified> {
    let mut transaction = connection.begin_with("begin transaction isolation level repeatable read, read only").await?;
    let known = Known::load(&mut transaction, keys).await?;
    let begins = known.pruning.as_ref().map(|pruning| pruning.head);
    let unchecked = known.pruning.as_ref().map_or(0, |pruning| pruning.unchecked);
    let mut verified = Verified { after: begins.map_or(0, |head| head.position), unchecked, ..Verified::default() };
    let mut faults = FaultMerger { held: None, report: &mut report, reported: 0 };
    let found = begins.filter(|head| at(noted, head));
    let mut walk = Walk { checker: Checker::new(keys, &known, begins), known: &known, noted, found, forgotten: 0 };
    let mut from = Some(i64::MIN);
    while let Some(start) = from {
        let links = store::linked_events(&mut transaction, start, BATCH_MAX).await?;
        let Some((last, _)) = links.last() else { break };
        // Nothing is after the largest position, where only a forged link can be.
        (from, verified.events) = (last.position.checked_add(1), verified.events + links.len() as u64);
        verified.head = store::digest(&last.hash).map(|hash| Head { position: last.position, hash });
        for (link, event) in &links {
            let proven = walk.step(link, event.as_ref(), &mut faults);
            seen(link, event.as_ref().filter(|_| proven));
        }
    }
    verified.forgotten = walk.forgotten;
    walk.end(verified.after, &mut faults);
    verified.waiting = unlinked(&mut transaction, &mut faults).await?;
    faults.end();
    verified.faults = faults.reported;
    transaction.rollback().await?;
    Ok(verified)
}

fn at(noted: Option<Head>, head: &Head) -> bool {
    noted.is_some_and(|noted| noted.position == head.position)
}

struct Walk<'a> {
    checker: Checker<'a>,
    known: &'a Known,
    noted: Option<Head>,
    /// The chain's head at the recorded head's position.
    found: Option<Head>,
    forgotten: u64,
}

impl Walk<'_> {
    /// Verifies the next link. Returns whether it is proven.
    fn step(&mut self, link: &Link, event: Option<&Stored>, faults: &mut FaultMerger<'_>) -> bool {
        let found = self.checker.check(link, event);
        let proven = found.is_empty();
        for fault in found {
            match fault {
                Fault::WrongKey { .. } if self.known.forgets(link) => self.forgotten += 1,
                fault => faults.add(fault),
            }
        }
        if let Some(count) = event.and_then(removed_unchecked)
            && self.noted.is_some_and(|noted| noted.position < link.position)
        {
            faults.add(Fault::RemovedUnchecked { position: link.position, count });
        }
        let here = store::digest(&link.hash).map(|hash| Head { position: link.position, hash });
        self.found = here.filter(|here| at(self.noted, here)).or(self.found);
        proven
    }

    fn end(self, after: i64, faults: &mut FaultMerger<'_>) {
        if let Some(count) = self.forgotten.checked_sub(self.known.forgotten_events()).filter(|count| *count > 0) {
            faults.add(Fault::Disguised { count });
        }
        match (self.noted, self.found) {
            (Some(noted), Some(found)) if noted != found => faults.add(Fault::AnotherChain { noted, found }),
            (Some(noted), None) if noted.position < after => faults.add(Fault::HeadTooOld { noted, after }),
            (Some(noted), None) => faults.add(Fault::CutOff { noted }),
            _ => {}
        }
    }
}

/// How many events a pruning removed unverified; `None` for any other event.
fn removed_unchecked(event: &Stored) -> Option<u64> {
    if event.kind != "audit_pruned" {
        return None;
    }
    match Event::read(&event.kind, serde_json::from_str(&event.detail).ok()?)? {
        Event::AuditPruned { unchecked, .. } => Some(unchecked).filter(|unchecked| *unchecked > 0),
        _ => None,
    }
}

/// Reports events without a link, and pending rows without an event or with a linked one. Returns the number of
/// pending events. An event is inserted together with its pending row, so its own time explains nothing without one.
async fn unlinked(connection: &mut PgConnection, faults: &mut FaultMerger<'_>) -> sqlx::Result<i64> {
    let late = sqlx::query!(
        r#"
        select count(*) as "count!", count(*) filter (where late) as "late!", min(seq) filter (where late) as first
        from (
            select e.seq, e.at not between now() - interval '1 minute' and now() + interval '1 minute'
                or not exists (select 1 from audit_pending p where p.event_seq = e.seq) as late
            from audit_events e where not exists (select 1 from audit_links l where l.event_seq = e.seq)
        ) unlinked
        "#
    )
    .fetch_one(&mut *connection)
    .await?;
    if let Some(first) = late.first {
        faults.add(Fault::Unlinked { count: late.late, first });
    }
    let waiting = sqlx::query!(
        r#"
        select count(*) filter (where gone) as "gone!", min(event_seq) filter (where gone) as first_gone,
            count(*) filter (where linked) as "linked!", min(event_seq) filter (where linked) as first_linked
        from (
            select p.event_seq,
                not exists (select 1 from audit_events e where e.seq = p.event_seq) as gone,
                exists (select 1 from audit_links l where l.event_seq = p.event_seq) as linked
            from audit_pending p
        ) waiting
        "#
    )
    .fetch_one(connection)
    .await?;
    if let Some(first) = waiting.first_gone {
        faults.add(Fault::RemovedUnlinked { count: waiting.gone, first });
    }
    if let Some(first) = waiting.first_linked {
        faults.add(Fault::LinkedTwice { count: waiting.linked, first });
    }
    Ok(late.count)
}

/// Reports faults, merging consecutive links with the same missing key.
struct FaultMerger<'a> {
    held: Option<Fault>,
    report: &'a mut dyn FnMut(Fault),
    reported: u64,
}

impl FaultMerger<'_> {
    fn add(&mut self, fault: Fault) {
        if let (Some(Fault::WrongKey { to, key, .. }), Fault::WrongKey { from: next, key: same, .. })
        | (Some(Fault::UnknownKey { to, key, .. }), Fault::UnknownKey { from: next, key: same, .. }) =
            (&mut self.held, &fault)
            && key == same
            && to.checked_add(1) == Some(*next)
        {
            *to = *next;
            return;
        }
        self.end();
        self.held = Some(fault);
    }

    fn end(&mut self) {
        if let Some(fault) = self.held.take() {
            self.reported += 1;
            (self.report)(fault);
        }
    }
}
