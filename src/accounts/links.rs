//! Links that are mailed: each opens one door once.
//!
//! 1. [`issue`] keeps the digest of a fresh secret with what it is for, whose it is, and the address
//!    it is mailed to. Nobody has shown an address to be theirs by a link that went elsewhere
//!    (Devise CVE-2026-32700).
//! 2. [`peek`] tells what a link would do and changes nothing: mail scanners open links too.
//! 3. [`spend`] uses it up in one guarded statement, so that of many at once one wins.
//! 4. [`kill`] ends what is outstanding when the facts behind it change.
//!
//! Every link works until it expires, is used, or is killed; asking twice leaves both working, and
//! using one ends the others of its kind.
//!
//! Whoever uses a link holds its account's row from then on, and whoever kills links for another reason
//! takes it before ([`super::hold`]). So what changes one account happens one after the other, each step
//! sees all of the one before, and nobody waits in a circle.

use std::time::Duration;

use sqlx::PgConnection;

use crate::types::{Entropy, SecretToken, TokenDigest, UserId};

/// What a link is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Shows that the address is theirs.
    Verify,
    /// Sets a new password.
    Recover,
    /// Makes the address it was mailed to the account's.
    ChangeEmail,
    /// Gives the account back the address it was mailed to.
    UndoEmail,
    /// Calls the erasure off.
    UndoDeletion,
}

impl Purpose {
    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Recover => "recover",
            Self::ChangeEmail => "change-email",
            Self::UndoEmail => "undo-email",
            Self::UndoDeletion => "undo-deletion",
        }
    }

    /// How long a link works after it was mailed. What replaces a password must be short (OWASP ASVS
    /// 6.5.5: ten minutes); a way back must outlast a holiday.
    #[must_use]
    pub fn lifetime(self) -> Duration {
        match self {
            Self::Recover => Duration::from_secs(600),
            Self::ChangeEmail => Duration::from_secs(3600),
            Self::Verify => Duration::from_secs(86_400),
            Self::UndoEmail | Self::UndoDeletion => Duration::from_secs(7 * 86_400),
        }
    }
}

/// What a good link is about.
#[derive(Clone, Debug)]
pub struct Link {
    /// Whose it is.
    pub user_id: UserId,
    /// The address it was mailed to.
    pub address: String,
}

/// Makes a link and returns its secret, which is kept nowhere.
///
/// # Errors
/// Only the database's.
pub async fn issue(
    connection: &mut PgConnection,
    entropy: Entropy,
    purpose: Purpose,
    user_id: UserId,
    address: &str,
) -> sqlx::Result<SecretToken> {
    let secret = SecretToken::new(entropy);
    let digest = secret.digest();
    sqlx::query!(
        r#"
        insert into mailed_links (digest, purpose, user_id, address, expires_at)
        values ($1, $2, $3, $4, now() + make_interval(secs => $5))
        "#,
        digest.as_bytes(),
        purpose.code(),
        user_id as UserId,
        address,
        purpose.lifetime().as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(secret)
}

/// What a link would do now, or nothing. Changes nothing.
///
/// # Errors
/// Only the database's.
pub async fn peek(connection: &mut PgConnection, purpose: Purpose, digest: &TokenDigest) -> sqlx::Result<Option<Link>> {
    sqlx::query_as!(
        Link,
        r#"
        select l.user_id as "user_id!: UserId", l.address as "address!"
        from mailed_links l join users u on u.id = l.user_id
        where l.digest = $1 and l.purpose = $2 and l.used_at is null and l.expires_at > now()
            and (l.purpose not in ('verify', 'recover') or l.address = u.email) and u.disabled_at is null
        "#,
        digest.as_bytes(),
        purpose.code(),
    )
    .fetch_optional(connection)
    .await
}

/// Uses a link up. Of any number at once, one gets it; nobody gets one that speaks for an address
/// which the account no longer has.
///
/// # Errors
/// Only the database's.
pub async fn spend(
    connection: &mut PgConnection,
    purpose: Purpose,
    digest: &TokenDigest,
) -> sqlx::Result<Option<Link>> {
    sqlx::query_as!(
        Link,
        r#"
        with owner as materialized (
            select id, email from users
            where id = (select user_id from mailed_links where digest = $1) and disabled_at is null
            for no key update
        )
        update mailed_links l set used_at = now()
        from owner o
        where o.id = l.user_id and l.digest = $1 and l.purpose = $2 and l.used_at is null and l.expires_at > now()
            and (l.purpose not in ('verify', 'recover') or l.address = o.email)
        returning l.user_id as "user_id!: UserId", l.address as "address!"
        "#,
        digest.as_bytes(),
        purpose.code(),
    )
    .fetch_optional(connection)
    .await
}

/// Ends every outstanding link of an account for these purposes.
///
/// # Errors
/// Only the database's.
pub async fn kill(connection: &mut PgConnection, user_id: UserId, purposes: &[Purpose]) -> sqlx::Result<()> {
    let codes: Vec<String> = purposes.iter().map(|purpose| purpose.code().to_owned()).collect();
    sqlx::query!(
        "update mailed_links set used_at = now() where user_id = $1 and purpose = any($2) and used_at is null",
        user_id as UserId,
        &codes,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends every outstanding link of an account for one purpose that was mailed to any of these addresses.
///
/// # Errors
/// Only the database's.
pub async fn kill_mailed_to(
    connection: &mut PgConnection,
    user_id: UserId,
    purpose: Purpose,
    addresses: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update mailed_links set used_at = now()
        where user_id = $1 and purpose = $2 and address = any($3) and used_at is null
        "#,
        user_id as UserId,
        purpose.code(),
        addresses,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The address for which an account last asked for a link, while that is outstanding. The first link
/// that is not killed decides: whether others were mailed after it cannot be told from the answer.
///
/// # Errors
/// Only the database's.
pub async fn waiting_for(
    connection: &mut PgConnection,
    user_id: UserId,
    purpose: Purpose,
) -> sqlx::Result<Option<String>> {
    let first = sqlx::query!(
        r#"
        select address as "address!", expires_at > now() as "live!" from mailed_links
        where user_id = $1 and purpose = $2 and used_at is null
        order by created_at, digest limit 1
        "#,
        user_id as UserId,
        purpose.code(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(first.filter(|link| link.live).map(|link| link.address))
}

/// Whether an account still wants a link to this address: it was asked for, and not killed since.
///
/// # Errors
/// Only the database's.
pub async fn is_wanted(
    connection: &mut PgConnection,
    user_id: UserId,
    purpose: Purpose,
    address: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select 1 from mailed_links where user_id = $1 and purpose = $2 and address = $3 and used_at is null
        ) as "wanted!"
        "#,
        user_id as UserId,
        purpose.code(),
        address,
    )
    .fetch_one(connection)
    .await
}

/// Removes links that expired more than a day ago, and tells how many. Until then one that was asked
/// for stands before those that were mailed for it, as [`waiting_for`] needs it.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from mailed_links where ctid = any(array(
            select ctid from mailed_links where expires_at < now() - interval '1 day'
            order by expires_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
