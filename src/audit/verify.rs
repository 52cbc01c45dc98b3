//! Verification of the whole chain.

use sqlx::{Connection as _, PgConnection};

use super::{
    chain::{ChainKeys, Head},
    check::{Checker, Fault},
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
    /// How many events the last pruning could not verify, because their key was not configured.
    pub unchecked: u64,
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
    mut report: impl FnMut(Fault),
) -> sqlx::Result<Verified> {
    let mut transaction = connection.begin_with("begin transaction isolation level repeatable read, read only").await?;
    let beginning = store::beginning(&mut transaction).await?;
    let (begins, unchecked) = beginning.map_or((None, 0), |(head, unchecked)| (Some(head), unchecked));
    let mut verified = Verified { after: begins.map_or(0, |head| head.position), unchecked, ..Verified::default() };
    let mut faults = FaultMerger { held: None, report: &mut report, reported: 0 };
    let mut walk = Walk { checker: Checker::new(keys, begins), noted, found: begins.filter(|head| at(noted, head)) };
    let mut from = i64::MIN;
    loop {
        let links = store::linked_events(&mut transaction, from, BATCH_MAX).await?;
        let Some((last, _)) = links.last() else { break };
        (from, verified.events) = (last.position.saturating_add(1), verified.events + links.len() as u64);
        verified.head = store::digest(&last.hash).map(|hash| Head { position: last.position, hash });
        for (link, event) in &links {
            walk.step(link, event.as_ref(), &mut faults);
        }
    }
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
    noted: Option<Head>,
    /// The chain's head at the recorded head's position.
    found: Option<Head>,
}

impl Walk<'_> {
    fn step(&mut self, link: &Link, event: Option<&super::chain::Stored>, faults: &mut FaultMerger<'_>) {
        self.checker.check(link, event).into_iter().for_each(|fault| faults.add(fault));
        let here = store::digest(&link.hash).map(|hash| Head { position: link.position, hash });
        self.found = here.filter(|here| at(self.noted, here)).or(self.found);
    }

    fn end(self, after: i64, faults: &mut FaultMerger<'_>) {
        match (self.noted, self.found) {
            (Some(noted), Some(found)) if noted != found => faults.add(Fault::AnotherChain { noted, found }),
            (Some(noted), None) if noted.position < after => faults.add(Fault::HeadTooOld { noted, after }),
            (Some(noted), None) => faults.add(Fault::CutOff { noted }),
            _ => {}
        }
    }
}

/// Reports events without a link, and pending rows without an event. Returns the number of pending events.
async fn unlinked(connection: &mut PgConnection, faults: &mut FaultMerger<'_>) -> sqlx::Result<i64> {
    let late = sqlx::query!(
        r#"
        select count(*) as "count!", count(*) filter (where at < now() - interval '1 minute') as "late!",
            min(seq) filter (where at < now() - interval '1 minute') as first
        from audit_events e where not exists (select 1 from audit_links l where l.event_seq = e.seq)
        "#
    )
    .fetch_one(&mut *connection)
    .await?;
    if let Some(first) = late.first {
        faults.add(Fault::Unlinked { count: late.late, first });
    }
    let gone = sqlx::query!(
        r#"
        select count(*) as "count!", min(event_seq) as first from audit_pending p
        where not exists (select 1 from audit_events e where e.seq = p.event_seq)
        "#
    )
    .fetch_one(connection)
    .await?;
    if let Some(first) = gone.first {
        faults.add(Fault::RemovedUnlinked { count: gone.count, first });
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
        if let (Some(Fault::WrongKey { to, key, .. }), Fault::WrongKey { from: next, key: same, .. }) =
            (&mut self.held, &fault)
            && key == same
            && *next == *to + 1
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
