//! Removing accounts for good.

use serde_json::json;
use sqlx::{PgConnection, PgPool};

use crate::{
    accounts::{self, Due},
    audit::{self, Entry, Event},
    limits,
    mail::{Kind, NewLetter, outbox},
    sessions::ended,
    types::{Entropy, Lang, UserId},
};

/// Erases every account whose day has come, each in a transaction of its own, and tells how many.
///
/// # Errors
/// Only the database's; what was erased before stays erased.
pub async fn erase_due(db: &PgPool, entropy: Entropy) -> sqlx::Result<u64> {
    let mut erased = 0;
    while erase_one(db, entropy).await? {
        erased += 1;
    }
    Ok(erased)
}

async fn erase_one(db: &PgPool, entropy: Entropy) -> sqlx::Result<bool> {
    let mut transaction = db.begin().await?;
    let Some(due) = accounts::take_due(&mut transaction).await? else { return Ok(false) };
    outbox::forget(&mut transaction, &[due.username.clone(), due.email.to_lowercase()]).await?;
    outbox::enqueue(&mut transaction, entropy, &last_letter(&due)).await?;
    audit::record(&mut transaction, &Entry::of_service(&Event::Erased, Some(due.id))).await?;
    audit::forget_origins(&mut transaction, &[due.id]).await?;
    limits::forget(&mut transaction, due.id).await?;
    limits::forget_factors(&mut transaction, due.id).await?;
    remove(&mut transaction, &[due.id]).await?;
    transaction.commit().await?;
    Ok(true)
}

/// It names the person until it is sent, or given up after three days.
fn last_letter(due: &Due) -> NewLetter<'_> {
    NewLetter {
        kind: Kind::Erased,
        user_id: None,
        address: &due.email,
        lang: due.language.as_deref().and_then(Lang::from_code).unwrap_or_default(),
        detail: json!({ "username": due.username }),
    }
}

/// Removes accounts whose address was not shown in time, with where they came from, and tells how many.
///
/// # Errors
/// Only the database's.
pub async fn drop_unverified(db: &PgPool) -> sqlx::Result<u64> {
    let mut dropped = 0;
    loop {
        let mut transaction = db.begin().await?;
        let gone = accounts::take_unverified(&mut transaction).await?;
        if gone.is_empty() {
            return Ok(dropped);
        }
        audit::forget_origins(&mut transaction, &gone).await?;
        remove(&mut transaction, &gone).await?;
        transaction.commit().await?;
        dropped += gone.len() as u64;
    }
}

/// Removes accounts that are held, after their sessions: those, some at a time.
async fn remove(connection: &mut PgConnection, ids: &[UserId]) -> sqlx::Result<()> {
    while ended::remove_some_of(connection, ids).await? > 0 {}
    accounts::remove(connection, ids).await
}
