//! Walking the whole chain.

use std::collections::HashMap;

use sqlx::{Connection as _, PgConnection};

use super::{
    chain::{ChainKeys, Head},
    check::{Checker, Fault},
    retention::KEPT_FOR_DAYS,
    store::{self, Link},
};

/// How many links are in memory at once.
const TOGETHER: i64 = 1000;

/// What was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verified {
    /// How many linked events.
    pub events: u64,
    /// The end of the chain; none when nothing was ever linked.
    pub head: Option<Head>,
    /// After which position the chain begins, because retention removed what was before; 0 at first.
    pub after: i64,
    /// How many events the last removal could not check first, because their key was gone.
    pub unchecked: u64,
    /// How many events wait for their link.
    pub waiting: i64,
    /// How many faults were told.
    pub faults: u64,
}

/// Compares every event with its link and every link with the one before, in one snapshot of the
/// database and in constant memory, and tells each fault as it is found.
///
/// # Errors
/// Only the database's.
pub async fn verify(
    connection: &mut PgConnection,
    keys: &ChainKeys,
    noted: Option<Head>,
    mut tell: impl FnMut(Fault),
) -> sqlx::Result<Verified> {
    let mut transaction = connection.begin_with("begin transaction isolation level repeatable read, read only").await?;
    let beginning = store::beginning(&mut transaction).await?;
    let (begins, unchecked) = beginning.map_or((None, 0), |(head, unchecked)| (Some(head), unchecked));
    let mut verified = Verified { after: begins.map_or(0, |head| head.position), unchecked, ..Verified::default() };
    let mut faults = Joined { held: None, tell: &mut tell, told: 0 };
    let mut walk = Walk { checker: Checker::new(keys, begins), noted, found: begins.filter(|head| at(noted, head)) };
    let mut from = i64::MIN;
    loop {
        let links = store::links(&mut transaction, from, TOGETHER).await?;
        let Some(last) = links.last() else { break };
        (from, verified.events) = (last.position.saturating_add(1), verified.events + links.len() as u64);
        verified.head = store::digest(&last.hash).map(|hash| Head { position: last.position, hash });
        let seqs: Vec<i64> = links.iter().map(|link| link.event_seq).collect();
        let events = store::events(&mut transaction, &seqs, KEPT_FOR_DAYS).await?;
        let events: HashMap<i64, _> = events.into_iter().map(|event| (event.seq, event)).collect();
        for link in &links {
            walk.step(link, events.get(&link.event_seq), &mut faults);
        }
    }
    walk.end(verified.after, &mut faults);
    verified.waiting = unlinked(&mut transaction, &mut faults).await?;
    faults.end();
    verified.faults = faults.told;
    transaction.rollback().await?;
    Ok(verified)
}

fn at(noted: Option<Head>, head: &Head) -> bool {
    noted.is_some_and(|noted| noted.position == head.position)
}

struct Walk<'a> {
    checker: Checker<'a>,
    noted: Option<Head>,
    /// What stands at the noted head's position.
    found: Option<Head>,
}

impl Walk<'_> {
    fn step(&mut self, link: &Link, event: Option<&super::chain::Stored>, faults: &mut Joined<'_>) {
        let mut found = Vec::new();
        self.checker.check(link, event, &mut found);
        for fault in found {
            faults.add(fault);
        }
        let here = store::digest(&link.hash).map(|hash| Head { position: link.position, hash });
        self.found = here.filter(|here| at(self.noted, here)).or(self.found);
    }

    fn end(self, after: i64, faults: &mut Joined<'_>) {
        match (self.noted, self.found) {
            (Some(noted), Some(found)) if noted != found => faults.add(Fault::AnotherChain { noted, found }),
            (Some(noted), None) if noted.position < after => faults.add(Fault::HeadTooOld { noted, after }),
            (Some(noted), None) => faults.add(Fault::CutOff { noted }),
            _ => {}
        }
    }
}

/// Events without a link, and notes of events that are gone. Tells how many wait.
async fn unlinked(connection: &mut PgConnection, faults: &mut Joined<'_>) -> sqlx::Result<i64> {
    let late = sqlx::query!(
        r#"
        select count(*) as "count!", count(*) filter (where at < now() - interval '1 minute') as "late!",
            min(seq) filter (where at < now() - interval '1 minute') as first
        from audit_events e
        where not exists (select 1 from audit_links l where l.event_seq = e.seq)
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

/// Tells faults one by one, and those of links next to each other that lack the same key at once.
struct Joined<'a> {
    held: Option<Fault>,
    tell: &'a mut dyn FnMut(Fault),
    told: u64,
}

impl Joined<'_> {
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
            self.told += 1;
            (self.tell)(fault);
        }
    }
}
