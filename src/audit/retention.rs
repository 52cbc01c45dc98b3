//! How long events are kept, and how they go.

use std::collections::HashMap;

use sqlx::{Connection as _, PgConnection};

use super::{
    Entry, Event,
    chain::{ChainKeys, Head, hex},
    check::{Checker, Fault},
    linker, origins,
    store::{self, Link},
};

/// How long an event is kept. A cut begins when the oldest is a day older than this, so that there is one
/// a day and not one every few minutes.
pub const KEPT_FOR_DAYS: i32 = 400;
/// The most events that go in one transaction.
const TOGETHER: i64 = 5000;

/// What one turn of the retention did.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Pruned {
    /// Nothing is old enough.
    Nothing,
    /// So many events went, and more may be due.
    Some(u64),
    /// What is due does not verify, and stays until somebody has looked.
    Refused(Fault),
    /// Another replica has the chain.
    Busy,
}

/// Removes the oldest events from the beginning of the chain, with their links, and records in the
/// chain where it begins from now; all in one transaction.
///
/// What goes is checked first: otherwise whoever can change rows would make them look old, and have the
/// service itself remove them without a trace. What was made with a key that is gone cannot be checked
/// and goes uncounted for; the record says how much that was.
///
/// # Errors
/// Only the database's.
pub async fn prune_next(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<Pruned> {
    let mut transaction = connection.begin().await?;
    if !store::take_chain(&mut transaction).await? {
        transaction.rollback().await?;
        return Ok(Pruned::Busy);
    }
    let due = match due(&mut transaction, keys).await? {
        Ok(Some(due)) => due,
        not_due => {
            transaction.rollback().await?;
            return Ok(not_due.map_or_else(Pruned::Refused, |_| Pruned::Nothing));
        }
    };
    let (through_position, hash) = (due.through.position, hex(&due.through.hash));
    let event = Event::AuditPruned { through_position, hash, removed: due.count, unchecked: due.unchecked };
    let seq = store::insert(&mut transaction, &Entry::of_service(&event, None)).await?;
    let recorded = store::events(&mut transaction, &[seq], KEPT_FOR_DAYS).await?;
    linker::append(&mut transaction, keys, &recorded).await?;
    origins::allow(&mut transaction, "prune").await?;
    sqlx::query!(
        r#"
        with cut as (delete from audit_links where position <= $1 returning event_seq)
        delete from audit_events e using cut where e.seq = cut.event_seq
        "#,
        through_position,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Pruned::Some(due.count))
}

/// What may go.
struct Due {
    through: Head,
    count: u64,
    unchecked: u64,
}

/// The longest beginning of the chain that is old enough; or what is wrong with it.
async fn due(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<Result<Option<Due>, Fault>> {
    // The oldest alone first: on most days it tells that there is nothing to do.
    let first = store::links(&mut *connection, i64::MIN, 1).await?;
    let seqs: Vec<i64> = first.iter().map(|link| link.event_seq).collect();
    let oldest = store::events(&mut *connection, &seqs, KEPT_FOR_DAYS).await?;
    if first.is_empty() || oldest.first().is_some_and(|event| !event.overdue) {
        return Ok(Ok(None));
    }
    let begins = store::beginning(&mut *connection).await?.map(|(head, _)| head);
    let links = store::links(&mut *connection, i64::MIN, TOGETHER).await?;
    let seqs: Vec<i64> = links.iter().map(|link| link.event_seq).collect();
    let events = store::events(&mut *connection, &seqs, KEPT_FOR_DAYS).await?;
    let events: HashMap<i64, _> = events.into_iter().map(|event| (event.seq, event)).collect();
    let mut checker = Checker::new(keys, begins);
    let (mut last, mut count, mut unchecked): (Option<&Link>, _, _) = (None, 0, 0);
    for link in &links {
        let event = events.get(&link.event_seq);
        if event.is_some_and(|event| !event.expired) {
            break;
        }
        let mut found = Vec::new();
        checker.check(link, event, &mut found);
        for fault in found {
            match fault {
                // Without its event there is nothing that could be old.
                Fault::WrongKey { .. } if event.is_some() => unchecked += 1,
                fault => return Ok(Err(fault)),
            }
        }
        (last, count) = (Some(link), count + 1);
    }
    let through = last.and_then(|link| Some(Head { position: link.position, hash: store::digest(&link.hash)? }));
    Ok(Ok(through.map(|through| Due { through, count, unchecked })))
}
