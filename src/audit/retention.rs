//! Retention of audit events.

use data_encoding::HEXLOWER;
use sqlx::{Connection as _, PgConnection};

use super::{
    Actor, Event,
    chain::{ChainKeys, Head},
    check::{Checker, Fault},
    keys::{Known, introduce, state},
    origins,
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
/// Events are verified first. Otherwise an attacker could backdate rows, or mark them with a nonexistent key, and make
/// the service remove them without a trace. Only events of a key that the operator has forgotten are removed unverified
/// ([`super::forget_key`]); the record counts them.
pub async fn prune_next(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<Pruned> {
    let Some(newest) = keys.newest() else { return Ok(Pruned::Nothing) };
    let mut transaction = connection.begin().await?;
    if !store::lock_chain(&mut transaction).await? {
        transaction.rollback().await?;
        return Ok(Pruned::Busy);
    }
    let known = Known::load(&mut transaction, keys).await?;
    let Due { through, removed, unchecked } = match due(&mut transaction, keys, &known).await? {
        Ok(Some(due)) => due,
        not_due => {
            transaction.rollback().await?;
            return Ok(not_due.map_or_else(Pruned::Refused, |_| Pruned::Nothing));
        }
    };
    let (through_position, hash) = (through.position, HEXLOWER.encode(&through.hash));
    let event = Event::AuditPruned { through_position, hash, removed, unchecked, keys: known.all_ids(keys) };
    introduce(&mut transaction, keys).await?;
    state(&mut transaction, newest, Actor::System, event).await?;
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

/// The longest part at the beginning that is old enough.
struct Due {
    /// Its head.
    through: Head,
    removed: u64,
    unchecked: u64,
}

/// Finds what may be removed, or the first fault that forbids it.
async fn due(
    connection: &mut PgConnection,
    keys: &ChainKeys,
    known: &Known,
) -> sqlx::Result<Result<Option<Due>, Fault>> {
    if let Some(fault) = known.pruning.as_ref().and_then(|pruning| pruning.fault.clone()) {
        return Ok(Err(fault));
    }
    let begins = known.pruning.as_ref().map(|pruning| pruning.head);
    // Only the oldest event first: on most calls nothing is due.
    let first = store::linked_events(&mut *connection, i64::MIN, 1).await?;
    let Some((link, event)) = first.first() else { return Ok(Ok(None)) };
    if known.forgets(link) && !known.lets_go(link) {
        return Ok(Ok(None));
    }
    if !known.forgets(link) && event.as_ref().is_some_and(|event| !event.overdue) {
        // Its time is trusted only if verified: a forged time in the future would stop retention forever.
        let faults = Checker::new(keys, known, begins).check(link, event.as_ref());
        let fault = faults.into_iter().find(|fault| !matches!(fault, Fault::WrongKey { .. }));
        return Ok(fault.map_or(Ok(None), Err));
    }
    let links = store::linked_events(&mut *connection, i64::MIN, BATCH_MAX).await?;
    let mut checker = Checker::new(keys, known, begins);
    let (mut last, mut removed, mut unchecked): (Option<&Link>, _, _) = (None, 0, 0);
    for (link, event) in &links {
        let (is_forgotten, lets_go) = (known.forgets(link), known.lets_go(link));
        // The times of events whose key is forgotten are not trusted.
        if is_forgotten && !lets_go || !is_forgotten && event.as_ref().is_some_and(|event| !event.expired) {
            break;
        }
        for fault in checker.check(link, event.as_ref()) {
            match fault {
                Fault::WrongKey { .. } if lets_go => unchecked += 1,
                // A missing event has no age, so this is a fault too.
                fault => return Ok(Err(fault)),
            }
        }
        (last, removed) = (Some(link), removed + 1);
    }
    let through = last.and_then(|link| Some(Head { position: link.position, hash: store::digest(&link.hash)? }));
    Ok(Ok(through.map(|through| Due { through, removed, unchecked })))
}
