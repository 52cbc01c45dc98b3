//! The mailbox of a development machine: emails stored instead of sent.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::RenderedEmail;
use crate::types::Lang;

/// Maximum number of stored emails.
pub const KEPT: i64 = 200;

/// An email in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The identifier.
    pub id: Uuid,
    /// The recipient.
    pub address: String,
    /// The language.
    pub language: Lang,
    /// The subject.
    pub subject: String,
    /// When it was sent.
    pub sent_at: OffsetDateTime,
}

/// A stored email with its content.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The recipient.
    pub address: String,
    /// The language.
    pub language: Lang,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// When it was sent.
    pub sent_at: OffsetDateTime,
}

/// Stores an email; does nothing if it is stored already.
pub async fn deliver(connection: &mut PgConnection, id: Uuid, email: &RenderedEmail) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into dev_mailbox (id, address, language, subject, text_form, html_form)
        values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing
        "#,
        id,
        email.to,
        email.lang.code(),
        email.message.subject,
        email.message.text,
        email.message.html,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes the oldest emails beyond [`KEPT`].
pub async fn forget_old(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from dev_mailbox where seq <= (select seq from dev_mailbox order by seq desc offset $1 limit 1)",
        KEPT
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lists all emails, newest first.
pub async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        "select id, address, language, subject, sent_at from dev_mailbox order by seq desc limit $1",
        KEPT
    )
    .fetch_all(connection)
    .await
}

/// Finds one email.
pub async fn find(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Shown>> {
    sqlx::query_as!(
        Shown,
        "select address, language, subject, text_form as text, html_form as html, sent_at from dev_mailbox where id = $1",
        id
    )
    .fetch_optional(connection)
    .await
}
