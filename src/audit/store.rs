//! The rows of the audit log.

use std::collections::HashMap;

use ipnet::IpNet;
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Actor, Event, Head,
    chain::{Digest, Stored},
    event::Entry,
    retention::KEPT_FOR_DAYS,
};
use crate::types::{Request, SessionId, UserId};

/// The advisory lock for appending to the chain and pruning it, across replicas.
const CHAIN: i64 = 0x7665_7374_6c69_6e6b;

/// Inserts events in order, each with its row in `audit_pending`, in one statement without contention. Returns their
/// numbers.
pub(super) async fn insert(
    connection: &mut PgConnection,
    actor: Actor,
    request: Option<&Request>,
    entries: &[Entry],
) -> sqlx::Result<Vec<i64>> {
    let stored: Vec<_> = entries.iter().filter(|entry| entry.is_stored()).collect();
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let parts = stored.iter().map(|entry| split(&entry.event)).collect::<sqlx::Result<Vec<_>>>()?;
    let (kinds, details): (Vec<String>, Vec<Value>) = parts.into_iter().unzip();
    let user_ids: Vec<Option<Uuid>> = stored.iter().map(|entry| entry.user_id.map(|id| id.0)).collect();
    let session_ids: Vec<Option<Uuid>> = stored.iter().map(|entry| entry.session_id.map(|id| id.0)).collect();
    sqlx::query_scalar!(
        r#"
        with event as (
            insert into audit_events (kind, version, detail, actor_kind, actor_id, user_id, session_id, address, user_agent)
            select e.kind, $5::smallint, e.detail, $6::text, $7::uuid, e.user_id, e.session_id, $8::inet, $9::text
            from unnest($1::text[], $2::jsonb[], $3::uuid[], $4::uuid[]) with ordinality
                as e (kind, detail, user_id, session_id, position)
            order by e.position returning seq
        )
        insert into audit_pending (event_seq) select seq from event returning event_seq
        "#,
        &kinds,
        &details,
        &user_ids as &[Option<Uuid>],
        &session_ids as &[Option<Uuid>],
        Event::VERSION,
        actor.kind(),
        actor.id(),
        request.map(|request| IpNet::from(request.address)) as Option<IpNet>,
        request.map(|request| request.user_agent.as_str()),
    )
    .fetch_all(connection)
    .await
}

/// Splits an event into its name and its fields.
fn split(event: &Event) -> sqlx::Result<(String, Value)> {
    let mut value = serde_json::to_value(event).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let kind = value.as_object_mut().and_then(|fields| fields.remove("kind"));
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok((kind, value))
}

/// An event as shown to the account's owner.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The sequence number.
    pub seq: i64,
    /// When it happened.
    pub at: OffsetDateTime,
    /// The event; `None` if only a newer version knows it.
    pub event: Option<Event>,
    /// The actor.
    pub actor: Actor,
    /// The session.
    pub session_id: Option<SessionId>,
    /// The IP address.
    pub address: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
}

/// Lists the newest events of one account, at most `limit`, older than event `before`.
pub async fn list_of(
    connection: &mut PgConnection,
    user_id: UserId,
    before: Option<i64>,
    limit: u32,
) -> sqlx::Result<Vec<Listed>> {
    let rows = sqlx::query!(
        r#"
        select seq, at, kind, detail, actor_kind, actor_id, session_id as "session_id: SessionId", host(address) as address, user_agent
        from audit_events where user_id = $1 and seq < $2 order by seq desc limit $3
        "#,
        user_id as UserId,
        before.unwrap_or(i64::MAX),
        i64::from(limit),
    )
    .fetch_all(connection)
    .await?;
    let listed = rows.into_iter().map(|row| Listed {
        seq: row.seq,
        at: row.at,
        event: Event::read(&row.kind, row.detail),
        actor: Actor::read(&row.actor_kind, row.actor_id),
        session_id: row.session_id,
        address: row.address,
        user_agent: row.user_agent,
    });
    Ok(listed.collect())
}

/// Locks the chain for this transaction. Returns whether it succeeded.
pub(super) async fn lock_chain(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "taken!""#, CHAIN).fetch_one(connection).await
}

/// The head of the chain; `None` for an empty one.
pub async fn head(connection: &mut PgConnection) -> sqlx::Result<Option<Head>> {
    let last = last(connection).await?;
    Ok(last.map(|link| Head { position: link.position, hash: digest(&link.hash).unwrap_or_default() }))
}

/// The last link; `None` for an empty chain.
pub(super) async fn last(connection: &mut PgConnection) -> sqlx::Result<Option<Link>> {
    sqlx::query_as!(
        Link,
        r#"
        select position, event_seq, version, digest, origin_digest, hash, key_id
        from audit_links order by position desc limit 1
        "#
    )
    .fetch_optional(connection)
    .await
}

/// Returns whether the chain still contains a recorded head.
pub async fn holds(connection: &mut PgConnection, head: Head) -> sqlx::Result<bool> {
    let found = links(connection, head.position, 1).await?;
    Ok(found.first().is_some_and(|link| link.position == head.position && link.hash == head.hash))
}

/// A link as stored.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub position: i64,
    pub event_seq: i64,
    /// The version of the digest's input.
    pub version: i16,
    pub digest: Vec<u8>,
    pub origin_digest: Option<Vec<u8>>,
    pub hash: Vec<u8>,
    pub key_id: Vec<u8>,
}

/// Loads links in order, starting at a position.
pub(super) async fn links(connection: &mut PgConnection, from: i64, limit: i64) -> sqlx::Result<Vec<Link>> {
    sqlx::query_as!(
        Link,
        r#"
        select position, event_seq, version, digest, origin_digest, hash, key_id
        from audit_links where position >= $1 order by position limit $2
        "#,
        from,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Loads events with all columns that their digests cover. The database's clock determines their age.
pub(super) async fn events(connection: &mut PgConnection, seqs: &[i64]) -> sqlx::Result<Vec<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"
        select e.seq,
            case when e.at between '0001-01-01 00:00+00' and '9999-12-31 00:00+00'
                then (extract(epoch from e.at) * 1000000)::bigint end as "micros?",
            e.kind, e.version, e.detail::text as "detail!", e.actor_kind, e.actor_id, e.user_id, e.session_id,
            text(e.address) as address, e.user_agent, u.id is not null as "account_exists!",
            e.at < now() - make_interval(days => $2) as "expired!",
            e.at < now() - make_interval(days => $2 + 1) as "overdue!"
        from audit_events e left join users u on u.id = e.user_id where e.seq = any($1) order by e.seq
        "#,
        seqs,
        KEPT_FOR_DAYS,
    )
    .fetch_all(connection)
    .await
}

/// Loads links in order, starting at a position, each with its event if that exists.
pub(super) async fn linked_events(
    connection: &mut PgConnection,
    from: i64,
    limit: i64,
) -> sqlx::Result<Vec<(Link, Option<Stored>)>> {
    let links = links(&mut *connection, from, limit).await?;
    let seqs: Vec<i64> = links.iter().map(|link| link.event_seq).collect();
    let mut events: HashMap<_, _> = events(connection, &seqs).await?.into_iter().map(|e| (e.seq, e)).collect();
    Ok(links
        .into_iter()
        .map(|link| (events.remove(&link.event_seq), link))
        .map(|(event, link)| (link, event))
        .collect())
}

/// What the chain says about itself: the last pruning, and everything about its keys. Each with its link and the hash
/// of the link before, in order.
pub(super) async fn statements(connection: &mut PgConnection) -> sqlx::Result<Vec<(Link, Stored, Option<Digest>)>> {
    let rows = sqlx::query!(
        r#"
        with last_pruning as (
            select e.seq from audit_events e join audit_links l on l.event_seq = e.seq
            where e.kind = 'audit_pruned' order by l.position desc limit 1
        ), of_keys as (
            select e.seq from audit_events e where e.kind in ('audit_key_added', 'audit_key_forgotten')
        )
        select l.position, l.event_seq, l.version, l.digest, l.origin_digest, l.hash, l.key_id,
            before.hash as "previous?"
        from (select seq from last_pruning union select seq from of_keys) said
        join audit_links l on l.event_seq = said.seq
        left join audit_links before on before.position = l.position - 1
        order by l.position
        "#
    )
    .fetch_all(&mut *connection)
    .await?;
    let seqs: Vec<i64> = rows.iter().map(|row| row.event_seq).collect();
    let mut events: HashMap<_, _> = events(connection, &seqs).await?.into_iter().map(|e| (e.seq, e)).collect();
    let found = rows.into_iter().filter_map(|row| {
        let previous = row.previous.as_deref().and_then(digest);
        let (position, event_seq, version) = (row.position, row.event_seq, row.version);
        let (digest, origin_digest, hash, key_id) = (row.digest, row.origin_digest, row.hash, row.key_id);
        let link = Link { position, event_seq, version, digest, origin_digest, hash, key_id };
        Some((link, events.remove(&event_seq)?, previous))
    });
    Ok(found.collect())
}

/// The last link with one of these keys, with its event and the hash of the link before.
pub(super) async fn last_with(
    connection: &mut PgConnection,
    key_ids: &[Vec<u8>],
) -> sqlx::Result<Option<(Link, Option<Stored>, Option<Digest>)>> {
    let position = sqlx::query_scalar!(
        "select position from audit_links where key_id = any($1) order by position desc limit 1",
        key_ids,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(position) = position else { return Ok(None) };
    let mut found = linked_events(&mut *connection, position.saturating_sub(1), 2).await?;
    let last = found.pop();
    let previous = found.pop().filter(|(before, _)| before.position + 1 == position);
    let previous = previous.and_then(|(before, _)| digest(&before.hash));
    Ok(last.map(|(link, event)| (link, event, previous)))
}

/// The IDs of all keys that links carry, forged ones included.
pub(super) async fn key_ids(connection: &mut PgConnection) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!("select distinct key_id from audit_links").fetch_all(connection).await
}

/// Microseconds since 1970 by the database's clock.
pub(super) async fn now_micros(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select (extract(epoch from now()) * 1000000)::bigint as "now!""#).fetch_one(connection).await
}

/// Converts bytes of the right length to a digest.
pub(super) fn digest(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok()
}
