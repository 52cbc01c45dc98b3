//! The mailbox of a development machine: letters that no mail server takes.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Parcel;
use crate::types::Lang;

/// How many letters are kept.
pub const KEPT: i64 = 200;

/// A letter in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its identifier.
    pub id: Uuid,
    /// Whom it is for.
    pub address: String,
    /// Its language.
    pub language: Lang,
    /// What it says it is about.
    pub subject: String,
    /// When it was sent.
    pub sent_at: OffsetDateTime,
}

/// A whole letter.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Whom it is for.
    pub address: String,
    /// Its language.
    pub language: Lang,
    /// What it says it is about.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// When it was sent.
    pub sent_at: OffsetDateTime,
}

/// Puts a letter in. One that is there already was delivered before.
///
/// # Errors
/// Only the database's.
pub async fn deliver(connection: &mut PgConnection, id: Uuid, parcel: &Parcel) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into dev_mailbox (id, address, language, subject, text_form, html_form)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (id) do nothing
        "#,
        id,
        parcel.to,
        parcel.lang.code(),
        parcel.message.subject,
        parcel.message.text,
        parcel.message.html,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the oldest out until [`KEPT`] are left.
///
/// # Errors
/// Only the database's.
pub async fn forget_old(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from dev_mailbox where seq <= (select seq from dev_mailbox order by seq desc offset $1 limit 1)",
        KEPT
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// All letters, the newest first.
///
/// # Errors
/// Only the database's.
pub async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<Listed>> {
    let rows = sqlx::query!(
        "select id, address, language, subject, sent_at from dev_mailbox order by seq desc limit $1",
        KEPT
    )
    .fetch_all(connection)
    .await?;
    let listed = rows.into_iter().map(|row| Listed {
        id: row.id,
        address: row.address,
        language: row.language.parse().unwrap_or_default(),
        subject: row.subject,
        sent_at: row.sent_at,
    });
    Ok(listed.collect())
}

/// One letter.
///
/// # Errors
/// Only the database's.
pub async fn find(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Shown>> {
    let row = sqlx::query!(
        "select address, language, subject, text_form, html_form, sent_at from dev_mailbox where id = $1",
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Shown {
        address: row.address,
        language: row.language.parse().unwrap_or_default(),
        subject: row.subject,
        text: row.text_form,
        html: row.html_form,
        sent_at: row.sent_at,
    }))
}
