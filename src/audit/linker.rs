//! The linker: appends committed events to the chain.
//!
//! Sequence numbers show neither commit order nor rollbacks, so the linker ignores them. Every event inserts a row in
//! `audit_pending`, deleted by the transaction that links it. The order of linking is the order of the chain.
//!
//! The linker never links an `audit_pruned` event: retention does that in the transaction that prunes. One found here
//! was forged to cover up a truncated chain.

use sqlx::{Connection as _, PgConnection};

use super::{
    chain::{BEGINNING, ChainKeys, DIGEST_VERSION, Head, Stored},
    store,
};

/// Maximum batch size.
const BATCH_MAX: i64 = 500;

/// The result of one batch.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Linked {
    /// All pending events are linked.
    All(usize),
    /// A full batch was linked, and more events may be pending.
    Some(usize),
    /// Another replica holds the chain lock.
    Busy,
}

/// Links one batch of pending events, in one transaction.
pub async fn link_next(connection: &mut PgConnection, keys: &ChainKeys) -> sqlx::Result<Linked> {
    let waiting = sqlx::query_scalar!(r#"select exists (select 1 from audit_pending) as "waiting!""#);
    if !waiting.fetch_one(&mut *connection).await? {
        return Ok(Linked::All(0));
    }
    let mut transaction = connection.begin().await?;
    // A separate statement, so that the next one sees what the previous lock holder committed.
    if !store::lock_chain(&mut transaction).await? {
        transaction.rollback().await?;
        return Ok(Linked::Busy);
    }
    let seqs = sqlx::query_scalar!(
        r#"
        select p.event_seq from audit_pending p
        where exists (select 1 from audit_events e where e.seq = p.event_seq and e.kind <> 'audit_pruned')
        order by p.event_seq limit $1
        "#,
        BATCH_MAX,
    )
    .fetch_all(&mut *transaction)
    .await?;
    let events = store::events(&mut transaction, &seqs).await?;
    append(&mut transaction, keys, &events).await?;
    transaction.commit().await?;
    let full = i64::try_from(events.len()).is_ok_and(|count| count == BATCH_MAX);
    Ok(if full { Linked::Some(events.len()) } else { Linked::All(events.len()) })
}

/// Appends events to the chain. The caller's transaction must hold the chain lock.
pub(super) async fn append(connection: &mut PgConnection, keys: &ChainKeys, events: &[Stored]) -> sqlx::Result<()> {
    let Some(key) = keys.newest() else { return Ok(()) };
    let mut last = store::head(&mut *connection).await?.unwrap_or(Head { position: 0, hash: BEGINNING });
    let (mut positions, mut seqs, mut digests, mut origins, mut hashes) = (vec![], vec![], vec![], vec![], vec![]);
    for event in events {
        let origin_digest = key.origin_digest(event);
        let digest = key.digest(event, origin_digest.as_ref());
        let position = last.position + 1;
        last = Head { position, hash: key.hash(&last.hash, position, &digest) };
        positions.push(position);
        seqs.push(event.seq);
        digests.push(digest.to_vec());
        origins.push(origin_digest.map(Vec::from));
        hashes.push(last.hash.to_vec());
    }
    sqlx::query!(
        r#"
        with linked as (
            insert into audit_links (position, event_seq, version, digest, origin_digest, hash, key_id)
            select position, event_seq, $7, digest, origin_digest, hash, $6
            from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[])
                as l (position, event_seq, digest, origin_digest, hash)
            returning event_seq
        )
        delete from audit_pending p using linked where p.event_seq = linked.event_seq
        "#,
        &positions,
        &seqs,
        &digests,
        &origins as &[Option<Vec<u8>>],
        &hashes,
        key.id.as_slice(),
        DIGEST_VERSION,
    )
    .execute(connection)
    .await?;
    Ok(())
}
