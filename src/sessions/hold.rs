//! Keeping a session from ending while something is done in its name.

use sqlx::PgConnection;

use crate::types::SessionId;

/// Holds a session until the transaction ends, and tells whether it is live: nobody ends it meanwhile,
/// and what is done in its name is not done after its end.
///
/// # Errors
/// Only the database's.
pub async fn hold(connection: &mut PgConnection, id: SessionId) -> sqlx::Result<bool> {
    let held = sqlx::query_scalar!(
        r#"
        select true as "live!" from sessions
        where id = $1 and revoked_at is null and idle_ends_at > now() and absolute_ends_at > now()
        for no key update
        "#,
        id as SessionId,
    )
    .fetch_optional(connection)
    .await?;
    Ok(held.is_some())
}
