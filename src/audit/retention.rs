//! Retention of audit events.

use data_encoding::HEXLOWER;
use sqlx::{Connection as _, PgConnection};

use super::{
    Actor, Event,
    chain::{ChainKeys, Head},
    check::{Checker, Fault},
    event::Entry,
    linker, origins,
    store::{self, Link},
};

/// The retention period. Pruning starts when the oldest event is a day older, so that it happens once a day instead of
/// every few minutes.
pub const KEPT_FOR_DAYS: i32 = 400;
/// Maximum number of events pruned in one transaction.
const BATCH_MAX: i64 = 5000;

/// The result of one batch.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Pruned {
    /// No event is old enough.
    Nothing,
    /// So many events were removed, and more may be due.
    Some(u64),
    /// Due events fail verification, and stay until an operator has investigated.
    Refused(Fault),
    /// Another replica holds the chain lock.
    Busy,
}

/// Removes the oldest events and their links from the beginning of the chain, and records its new beginning, in one
/// transaction.
///
/// Events are verified first. Otherwise an attacker could backdate rows and have the service remove them without a
/// trace. Events whose key is no longer configured cannot be verified; the record counts them.
pub async fn prune_next(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<Pruned> {
    let mut transaction = connection.begin().await?;
    if !store::lock_chain(&mut transaction).await? {
        transaction.rollback().await?;
        return Ok(Pruned::Busy);
    }
    let (through, removed, unchecked) = match due(&mut transaction, keys).await? {
        Ok(Some(due)) => due,
        not_due => {
            transaction.rollback().await?;
            return Ok(not_due.map_or_else(Pruned::Refused, |_| Pruned::Nothing));
        }
    };
    let (through_position, hash) = (through.position, HEXLOWER.encode(&through.hash));
    let event = Event::AuditPruned { through_position, hash, removed, unchecked };
    let cut = Entry { event, user_id: None, session_id: None };
    let seqs = store::insert(&mut transaction, Actor::System, None, &[cut]).await?;
    let recorded = store::events(&mut transaction, &seqs).await?;
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
    Ok(Pruned::Some(removed))
}

/// The longest part at the beginning that is old enough (its head, and how many events it has and could not be
/// verified), or its first fault.
async fn due(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<Result<Option<(Head, u64, u64)>, Fault>> {
    // Only the oldest event first: on most calls nothing is due.
    let first = store::linked_events(&mut *connection, i64::MIN, 1).await?;
    if first.is_empty() || matches!(&first[..], [(_, Some(event))] if !event.overdue) {
        return Ok(Ok(None));
    }
    let begins = store::beginning(&mut *connection).await?.map(|(head, _)| head);
    let links = store::linked_events(&mut *connection, i64::MIN, BATCH_MAX).await?;
    let mut checker = Checker::new(keys, begins);
    let (mut last, mut count, mut unchecked): (Option<&Link>, _, _) = (None, 0, 0);
    for (link, event) in &links {
        if event.as_ref().is_some_and(|event| !event.expired) {
            break;
        }
        for fault in checker.check(link, event.as_ref()) {
            match fault {
                // A missing event has no age, so this is a fault too.
                Fault::WrongKey { .. } if event.is_some() => unchecked += 1,
                fault => return Ok(Err(fault)),
            }
        }
        (last, count) = (Some(link), count + 1);
    }
    let through = last.and_then(|link| Some(Head { position: link.position, hash: store::digest(&link.hash)? }));
    Ok(Ok(through.map(|through| (through, count, unchecked))))
}
