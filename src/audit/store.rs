//! The trail's rows.

use ipnet::IpNet;
use serde_json::Value;
use sqlx::PgConnection;

use super::{Entry, Event};
use crate::types::{SessionId, UserId};

/// Writes one line, in the transaction of the fact.
///
/// # Errors
/// Only the database's.
pub async fn record(connection: &mut PgConnection, entry: &Entry<'_>) -> sqlx::Result<()> {
    let (kind, detail) = split(entry.event)?;
    sqlx::query!(
        r#"
        insert into audit_events (kind, version, detail, actor, user_id, session_id, address, user_agent)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
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
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes addresses and user agents out of an account's events, in the transaction that erases it.
///
/// # Errors
/// Only the database's.
pub async fn forget_origin(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update audit_events set address = null, user_agent = null where user_id = $1",
        user_id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// An event's name, and its fields.
fn split(event: &Event) -> sqlx::Result<(String, Value)> {
    let mut value = serde_json::to_value(event).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let kind = value.as_object_mut().and_then(|fields| fields.remove("kind"));
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok((kind, value))
}
