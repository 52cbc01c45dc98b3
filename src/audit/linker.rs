//! The linker: appends committed events to the chain.
//!
//! Sequence numbers show neither commit order nor rollbacks, so the linker ignores them. Every event inserts a row in
//! `audit_pending`, deleted by the transaction that links it. The order of linking is the order of the chain.
//!
//! The linker never links what the chain says about itself ([`super::keys`]): that is linked in the transaction that
//! records it. An event of such a kind that waits here was forged to cover something up.

use sqlx::{Connection as _, PgConnection};

use super::{
    chain::{BEGINNING, ChainKey, ChainKeys, DIGEST_VERSION, Head, Stored},
    keys, store,
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
pub async fn link_next(connection: &mut PgConnection, chain_keys: &ChainKeys) -> sqlx::Result<Linked> {
    let Some(key) = chain_keys.newest() else { return Ok(Linked::All(0)) };
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
        where exists (
                select 1 from audit_events e where e.seq = p.event_seq
                    and e.kind not in ('audit_pruned', 'audit_key_added', 'audit_key_forgotten')
            )
            and not exists (select 1 from audit_links l where l.event_seq = p.event_seq)
        order by p.event_seq limit $1
        "#,
        BATCH_MAX,
    )
    .fetch_all(&mut *transaction)
    .await?;
    let events = store::events(&mut transaction, &seqs).await?;
    if !events.is_empty() {
        keys::introduce(&mut transaction, chain_keys).await?;
        append(&mut transaction, key, &events).await?;
    }
    transaction.commit().await?;
    let full = i64::try_from(events.len()).is_ok_and(|count| count == BATCH_MAX);
    Ok(if full { Linked::Some(events.len()) } else { Linked::All(events.len()) })
}

/// Appends events to the chain with a key. The caller's transaction must hold the chain lock.
pub(super) async fn append(connection: &mut PgConnection, key: &ChainKey, events: &[Stored]) -> sqlx::Result<()> {
    let mut last = store::head(&mut *connection).await?.unwrap_or(Head { position: 0, hash: BEGINNING });
    let (mut positions, mut seqs, mut digests, mut origins, mut hashes) = (vec![], vec![], vec![], vec![], vec![]);
    for event in events {
        let origin_digest = key.origin_digest(event);
        let digest = key.digest(event, origin_digest.as_ref());
        // Only a forged link is at the largest position; the next insert fails then.
        let position = last.position.saturating_add(1);
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
