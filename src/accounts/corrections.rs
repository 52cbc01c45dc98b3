//! Correcting an address that was never verified, because it may be mistyped.

use sqlx::PgConnection;

use super::links::{self, Purpose};
use crate::types::{Email, TokenDigest, UserId};

/// How often the holder of an unverified account may correct its address.
pub const CORRECTIONS_MAX: i16 = 3;

/// An unverified account whose address the visitor may correct.
#[derive(Clone, Debug)]
pub struct Unverified {
    /// The account.
    pub id: UserId,
    /// The address, exactly as it was typed.
    pub email: String,
    /// How often it may still be corrected.
    pub corrections_left: i16,
}

/// Finds the unverified account that a visitor is signed in to, or else the last one that this browser signed up for
/// within a day. Not longer, because anyone at a shared computer can see the address.
pub async fn find_unverified(
    connection: &mut PgConnection,
    signed_in: Option<UserId>,
    browser: Option<&TokenDigest>,
) -> sqlx::Result<Option<Unverified>> {
    sqlx::query_as!(
        Unverified,
        r#"
        select id as "id: UserId", email, $3 - email_corrections as "corrections_left!" from users
        where email_verified_at is null and disabled_at is null
            and (id = $1 or (sign_up_browser = $2 and verify_by > now() and created_at > now() - interval '1 day'))
        order by (id = $1) is true desc, created_at desc limit 1
        "#,
        signed_in as Option<UserId>,
        browser.map(TokenDigest::as_bytes),
        CORRECTIONS_MAX,
    )
    .fetch_optional(connection)
    .await
}

/// Who corrects an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Corrector {
    /// The account's holder, [`CORRECTIONS_MAX`] times.
    Holder,
    /// An operator.
    Operator,
}

/// Replaces the address of an account that never verified one, and revokes the links that were sent to the old one.
/// Returns whether it did. Requires [`super::lock_own_address`], which serialises it with the verification of either
/// address.
pub async fn correct_email(
    connection: &mut PgConnection,
    id: UserId,
    email: &Email,
    by: Corrector,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update users set email = $2, email_canonical = $3,
            email_corrections = email_corrections + case when $4 then 1 else 0 end
        where id = $1 and email_verified_at is null and (not $4 or email_corrections < $5)
        "#,
        id as UserId,
        email.as_str(),
        email.canonical(),
        by == Corrector::Holder,
        CORRECTIONS_MAX,
    )
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    super::credentials_changed(connection, id).await?;
    links::revoke(connection, id, &[Purpose::Verify, Purpose::Recover, Purpose::ChangeEmail]).await?;
    Ok(true)
}
