//! The rows of documents. One function is one query.

use std::time::Duration;

use sqlx::PgConnection;

use crate::types::AppId;

/// The advisory lock for adding documents, across replicas.
const ADDITIONS: i64 = 0x7665_7374_6364_6f63;

/// Returns whether a document is fresh, or `None` if it is unknown.
pub async fn is_fresh(connection: &mut PgConnection, id: AppId) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        r#"select expires_at > now() as "fresh!" from client_documents where app_id = $1"#,
        id as AppId,
    )
    .fetch_optional(connection)
    .await
}

/// Locks the addition of documents until the transaction ends.
pub async fn take_turns(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock($1) as "held!: ()""#, ADDITIONS).fetch_one(connection).await.map(drop)
}

/// Stores that a document was fetched now, and how long it is fresh.
pub async fn note(connection: &mut PgConnection, id: AppId, fresh_for: Duration) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into client_documents (app_id, fetched_at, expires_at)
        values ($1, now(), now() + make_interval(secs => $2))
        on conflict (app_id) do update set fetched_at = excluded.fetched_at, expires_at = excluded.expires_at",
        id as AppId,
        fresh_for.as_secs_f64(),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Counts the documents of enabled apps.
pub async fn count(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from client_documents d join apps a on a.id = d.app_id where a.disabled_at is null
        "#
    )
    .fetch_one(connection)
    .await
}

/// Locks the app without a live grant whose document was fetched least recently. Skips documents of the last ten
/// minutes: someone may be signing in.
pub async fn lock_idlest(connection: &mut PgConnection) -> sqlx::Result<Vec<AppId>> {
    sqlx::query_scalar!(
        r#"
        select a.id as "id: AppId" from client_documents d join apps a on a.id = d.app_id
        where a.disabled_at is null and d.fetched_at < now() - interval '10 minutes' and not exists (
            select from grants where app_id = a.id and ended_at is null and expires_at > now()
        )
        order by d.fetched_at limit 1 for update of a skip locked
        "#
    )
    .fetch_all(connection)
    .await
}

/// Locks apps without grants and consents whose documents have been stale for a day.
pub async fn lock_stale(connection: &mut PgConnection) -> sqlx::Result<Vec<AppId>> {
    sqlx::query_scalar!(
        r#"
        select a.id as "id: AppId" from client_documents d join apps a on a.id = d.app_id
        where a.disabled_at is null and d.expires_at < now() - interval '1 day'
            and not exists (select from grants where app_id = a.id)
            and not exists (select from consents where app_id = a.id)
        order by d.expires_at limit 100 for update of a skip locked
        "#
    )
    .fetch_all(connection)
    .await
}

/// Deletes the locked apps without a live grant; the lock prevents new grants. Returns their client ids.
pub async fn delete_unused(connection: &mut PgConnection, ids: &[AppId]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "delete from apps a where id = any($1) and not exists (
            select from grants where app_id = a.id and ended_at is null and expires_at > now()
        )
        returning client_id",
        ids as &[AppId],
    )
    .fetch_all(connection)
    .await
}
