//! The trail's rows.

use ipnet::IpNet;
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{
    Actor, Entry, Event, Head,
    chain::{Digest, Stored},
};
use crate::types::{SessionId, UserId};

/// Whoever adds to the chain or cuts it holds this advisory lock: one at a time over all replicas.
const CHAIN: i64 = 0x7665_7374_6c69_6e6b;

/// Writes one line, in the transaction of the fact.
///
/// # Errors
/// Only the database's.
pub async fn record(connection: &mut PgConnection, entry: &Entry<'_>) -> sqlx::Result<()> {
    insert(connection, entry).await.map(drop)
}

/// Writes one line and a note that it waits for its link: one statement, and no row that others write.
pub(super) async fn insert(connection: &mut PgConnection, entry: &Entry<'_>) -> sqlx::Result<i64> {
    let (kind, detail) = split(entry.event)?;
    sqlx::query_scalar!(
        r#"
        with event as (
            insert into audit_events (kind, version, detail, actor, user_id, session_id, address, user_agent)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            returning seq
        )
        insert into audit_pending (event_seq) select seq from event returning event_seq
        "#,
        kind,
        Event::VERSION,
        detail,
        entry.actor.code(),
        entry.user_id as Option<UserId>,
        entry.session_id as Option<SessionId>,
        entry.origin.map(|origin| IpNet::from(origin.address)),
        entry.origin.map(|origin| origin.user_agent),
    )
    .fetch_one(connection)
    .await
}

/// An event's name, and its fields.
fn split(event: &Event) -> sqlx::Result<(String, Value)> {
    let mut value = serde_json::to_value(event).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let kind = value.as_object_mut().and_then(|fields| fields.remove("kind"));
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok((kind, value))
}

/// One line as its account's owner reads it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Where it stands in the trail.
    pub seq: i64,
    /// When it happened.
    pub at: OffsetDateTime,
    /// What happened; none for what only a newer version knows.
    pub event: Option<Event>,
    /// Who did it.
    pub actor: Actor,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// From where.
    pub address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
}

/// The newest lines of one account, at most `limit`, older than the line `before`.
///
/// # Errors
/// Only the database's.
pub async fn list_of(
    connection: &mut PgConnection,
    user_id: UserId,
    before: Option<i64>,
    limit: u32,
) -> sqlx::Result<Vec<Listed>> {
    let rows = sqlx::query!(
        r#"
        select seq, at, kind, detail, actor, session_id as "session_id: SessionId", host(address) as address, user_agent
        from audit_events
        where user_id = $1 and seq < $2
        order by seq desc
        limit $3
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
        actor: Actor::read(&row.actor),
        session_id: row.session_id,
        address: row.address,
        user_agent: row.user_agent,
    });
    Ok(listed.collect())
}

/// Takes the chain for this transaction, or tells that somebody else has it.
pub(super) async fn take_chain(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "taken!""#, CHAIN).fetch_one(connection).await
}

/// The last link; none before the first.
///
/// # Errors
/// Only the database's.
pub async fn head(connection: &mut PgConnection) -> sqlx::Result<Option<Head>> {
    let last = sqlx::query!("select position, hash from audit_links order by position desc limit 1")
        .fetch_optional(connection)
        .await?;
    Ok(last.map(|link| Head { position: link.position, hash: digest(&link.hash).unwrap_or_default() }))
}

/// Whether the chain still goes through a head that it had.
///
/// # Errors
/// Only the database's.
pub async fn holds(connection: &mut PgConnection, head: Head) -> sqlx::Result<bool> {
    let found = links(connection, head.position, 1).await?;
    Ok(found.first().is_some_and(|link| link.position == head.position && link.hash == head.hash))
}

/// A link as it stands in the database.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub position: i64,
    pub event_seq: i64,
    pub digest: Vec<u8>,
    pub origin_digest: Option<Vec<u8>>,
    pub hash: Vec<u8>,
    pub key_id: Vec<u8>,
}

/// Links from a position on, in their order.
pub(super) async fn links(connection: &mut PgConnection, from: i64, limit: i64) -> sqlx::Result<Vec<Link>> {
    sqlx::query_as!(
        Link,
        r#"
        select position, event_seq, digest, origin_digest, hash, key_id
        from audit_links where position >= $1 order by position limit $2
        "#,
        from,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Events by their numbers, with all that their digests are made of. How old they are is judged by the
/// database's clock.
pub(super) async fn events(connection: &mut PgConnection, seqs: &[i64], kept_days: i32) -> sqlx::Result<Vec<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"
        select e.seq,
            case when e.at between '0001-01-01 00:00+00' and '9999-12-31 00:00+00'
                then (extract(epoch from e.at) * 1000000)::bigint end as "micros?",
            e.kind, e.version, e.detail::text as "detail!", e.actor, e.user_id, e.session_id,
            text(e.address) as address, e.user_agent, u.id is not null as "account_exists!",
            e.at < now() - make_interval(days => $2) as "expired!",
            e.at < now() - make_interval(days => $2 + 1) as "overdue!"
        from audit_events e left join users u on u.id = e.user_id
        where e.seq = any($1)
        order by e.seq
        "#,
        seqs,
        kept_days,
    )
    .fetch_all(connection)
    .await
}

/// Where the chain begins: after which position and with which hash, as our own last cut says, and how
/// many events were removed without a check in it.
pub(super) async fn beginning(connection: &mut PgConnection) -> sqlx::Result<Option<(Head, u64)>> {
    let cut = sqlx::query!(
        r#"
        select e.detail from audit_events e join audit_links l on l.event_seq = e.seq
        where e.kind = 'audit_pruned'
        order by l.position desc limit 1
        "#
    )
    .fetch_optional(connection)
    .await?;
    Ok(cut.and_then(|cut| match Event::read("audit_pruned", cut.detail)? {
        Event::AuditPruned { through_position, hash, unchecked, .. } => {
            Some((Head { position: through_position, hash: super::chain::unhex(&hash)? }, unchecked))
        }
        _ => None,
    }))
}

/// Bytes that are as long as a digest.
pub(super) fn digest(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok()
}
