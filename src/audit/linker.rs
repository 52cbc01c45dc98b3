//! Chaining what was committed.
//!
//! A transaction may take a number early and commit late, and numbers of transactions that failed are
//! never seen. So nothing is concluded from numbers: every event brings a row of its own in
//! `audit_pending`, which is there exactly when the event is, and goes with the transaction that links
//! it. The order of linking is the order of the chain.
//!
//! One kind of event is never linked from there: that the beginning of the chain was cut. Retention
//! links it in the transaction of the cut; one that waits here was written by somebody else, who cut
//! the chain and would have us say that we did.

use sqlx::{Connection as _, PgConnection};

use super::{
    chain::{BEGINNING, ChainKey, ChainKeys, Head, Stored},
    retention::KEPT_FOR_DAYS,
    store,
};

/// The most events of one transaction.
const TOGETHER: i64 = 500;

/// What one turn of the linker did.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Linked {
    /// Everything that waited has its link.
    All(usize),
    /// So many, and more may wait.
    Some(usize),
    /// Another replica is at it.
    Busy,
}

/// Links the events that wait, a few hundred at most, in one transaction.
///
/// # Errors
/// Only the database's.
pub async fn link_next(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<Linked> {
    let waiting = sqlx::query_scalar!(r#"select exists (select 1 from audit_pending) as "waiting!""#);
    if !waiting.fetch_one(&mut *connection).await? {
        return Ok(Linked::All(0));
    }
    let mut transaction = connection.begin().await?;
    // A statement of its own, so that the next one sees what the last holder committed.
    if !store::take_chain(&mut transaction).await? {
        transaction.rollback().await?;
        return Ok(Linked::Busy);
    }
    let seqs = sqlx::query_scalar!(
        r#"
        select p.event_seq from audit_pending p
        where exists (select 1 from audit_events e where e.seq = p.event_seq and e.kind <> 'audit_pruned')
        order by p.event_seq limit $1
        "#,
        TOGETHER,
    )
    .fetch_all(&mut *transaction)
    .await?;
    let events = store::events(&mut transaction, &seqs, KEPT_FOR_DAYS).await?;
    append(&mut transaction, keys, &events).await?;
    transaction.commit().await?;
    let full = i64::try_from(events.len()).is_ok_and(|count| count == TOGETHER);
    Ok(if full { Linked::Some(events.len()) } else { Linked::All(events.len()) })
}

/// Adds events to the end of the chain, which the caller's transaction has taken.
pub(super) async fn append(connection: &mut PgConnection, keys: &ChainKeys, events: &[Stored]) -> sqlx::Result<()> {
    let Some(key) = keys.newest() else { return Ok(()) };
    let head = store::head(&mut *connection).await?;
    let links = Links::of(key, head, events);
    sqlx::query!(
        r#"
        with linked as (
            insert into audit_links (position, event_seq, digest, origin_digest, hash, key_id)
            select position, event_seq, digest, origin_digest, hash, $6
            from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[])
                as l (position, event_seq, digest, origin_digest, hash)
            returning event_seq
        )
        delete from audit_pending p using linked where p.event_seq = linked.event_seq
        "#,
        &links.positions,
        &links.seqs,
        &links.digests,
        &links.origin_digests as &[Option<Vec<u8>>],
        &links.hashes,
        key.id.as_slice(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Columns of new links.
#[derive(Default)]
struct Links {
    positions: Vec<i64>,
    seqs: Vec<i64>,
    digests: Vec<Vec<u8>>,
    origin_digests: Vec<Option<Vec<u8>>>,
    hashes: Vec<Vec<u8>>,
}

impl Links {
    fn of(key: &ChainKey, head: Option<Head>, events: &[Stored]) -> Self {
        let mut last = head.unwrap_or(Head { position: 0, hash: BEGINNING });
        let mut links = Self::default();
        for event in events {
            let origin_digest = key.origin_digest(event);
            let digest = key.digest(event, origin_digest.as_ref());
            let position = last.position + 1;
            last = Head { position, hash: key.hash(&last.hash, position, &digest) };
            links.positions.push(position);
            links.seqs.push(event.seq);
            links.digests.push(digest.to_vec());
            links.origin_digests.push(origin_digest.map(Vec::from));
            links.hashes.push(last.hash.to_vec());
        }
        links
    }
}
