//! SQL for claimed forms and their stored responses.

use sqlx::PgConnection;

use crate::{crypto::answers::FormId, types::TokenDigest};

/// How long a response is stored, in seconds.
const KEPT: f64 = 600.0;
/// After how many seconds a form without a response counts as abandoned: longer than any request may take.
const GIVEN_UP: f64 = 15.0;
/// Maximum number of rows, because anyone who opens a page can write one.
const ROWS_MAX: i64 = 10_000;

/// A form that was sent before.
#[derive(Debug)]
pub struct Row {
    /// The digest of its browser's form cookie.
    pub sent_by: Vec<u8>,
    /// The digest of the session cookie that its response set.
    pub opened: Option<Vec<u8>>,
    /// Whether its response set or removed the session cookie.
    pub moves_session: bool,
    /// The encrypted response; `None` while the form is being processed.
    pub answer: Option<Vec<u8>>,
}

/// Claims a form for a browser. Returns `false` if it was claimed before, and is processed or being processed.
pub async fn take(connection: &mut PgConnection, id: &FormId, sent_by: &TokenDigest) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        r#"
        insert into form_answers as f (id, sent_by) values ($1, $2)
        on conflict (id) do update
        set sent_by = excluded.sent_by, created_at = now(), answer = null, opened = null, moves_session = false
        where f.created_at < now() - make_interval(secs => $3)
            or (f.answer is null and f.created_at < now() - make_interval(secs => $4) and f.sent_by = excluded.sent_by)
        "#,
        id.as_bytes(),
        sent_by.as_bytes(),
        KEPT,
        GIVEN_UP,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Finds a form that was sent before.
pub async fn find(connection: &mut PgConnection, id: &FormId) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select sent_by, opened, moves_session, answer from form_answers
        where id = $1 and created_at >= now() - make_interval(secs => $2)
        "#,
        id.as_bytes(),
        KEPT,
    )
    .fetch_optional(connection)
    .await
}

/// Stores the response to a form.
pub async fn answer(
    connection: &mut PgConnection,
    id: &FormId,
    sealed: &[u8],
    (opened, moves_session): (Option<&TokenDigest>, bool),
) -> sqlx::Result<()> {
    sqlx::query!(
        "update form_answers set answer = $2, opened = $3, moves_session = $4 where id = $1 and answer is null",
        id.as_bytes(),
        sealed,
        opened.map(TokenDigest::as_bytes),
        moves_session,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes the claim on a form without a response, so that it can be sent again.
pub async fn forget(connection: &mut PgConnection, id: &FormId) -> sqlx::Result<()> {
    sqlx::query!("delete from form_answers where id = $1 and answer is null", id.as_bytes())
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes expired rows, and the oldest beyond [`ROWS_MAX`]. Returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from form_answers where ctid = any(array(
            select ctid from form_answers
            where created_at < now() - make_interval(secs => $1)
                or created_at < (select created_at from form_answers order by created_at desc offset $2 limit 1)
            order by created_at limit 1000 for update skip locked
        ))
        "#,
        KEPT,
        ROWS_MAX - 1,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
