//! Single-use links sent by email.
//!
//! 1. [`issue`] stores the digest of a new secret with its purpose, its account and the address it is sent to. A link
//!    sent elsewhere must not verify an address (Devise CVE-2026-32700).
//! 2. [`peek`] returns what a link is for and changes nothing, because mail scanners open links too.
//! 3. [`spend`] uses a link in one guarded statement, so that only one of several concurrent uses succeeds.
//! 4. [`revoke`] invalidates unused links when the facts behind them change.
//!
//! A link works until it expires, is used or is revoked. Requesting another leaves both valid; using one revokes the
//! others of its kind.
//!
//! Using a link locks its account's row; revoking links for another reason requires that lock ([`super::lock`]). So
//! changes of one account are serialised, each sees all earlier ones, and none deadlock.

use std::time::Duration;

use sqlx::PgConnection;
use strum::{IntoStaticStr, VariantArray};

use super::User;
use crate::types::{SecretToken, UserId};

/// The purpose of a link.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Purpose {
    /// Verifies the address.
    Verify,
    /// Recovers the account: sets a new password.
    Recover,
    /// Changes the account's address to the one the link was sent to.
    ChangeEmail,
    /// Restores the address the link was sent to.
    UndoEmail,
    /// Cancels the deletion.
    UndoDeletion,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 5] = [Self::Verify, Self::Recover, Self::ChangeEmail, Self::UndoEmail, Self::UndoDeletion];

    /// The stored code.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// How long a link is valid. Recovery must be short (OWASP ASVS 6.5.5: ten minutes); an undo link must outlast a
    /// holiday.
    pub fn lifetime(self) -> Duration {
        match self {
            Self::Recover => Duration::from_secs(600),
            Self::ChangeEmail => Duration::from_secs(3600),
            Self::Verify => Duration::from_secs(86_400),
            Self::UndoEmail | Self::UndoDeletion => Duration::from_secs(7 * 86_400),
        }
    }
}

/// A valid link.
#[derive(Clone, Debug)]
pub struct Link {
    /// The account.
    pub user_id: UserId,
    /// The address it was sent to.
    pub address: String,
}

/// Creates a link and returns its secret, which is stored nowhere.
pub async fn issue(
    connection: &mut PgConnection,
    purpose: Purpose,
    user_id: UserId,
    address: &str,
) -> sqlx::Result<SecretToken> {
    let secret = SecretToken::random();
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

/// Inserts a row like [`issue`], without an account: a rehearsal, which the caller rolls back.
pub async fn rehearse(connection: &mut PgConnection, purpose: Purpose) -> sqlx::Result<SecretToken> {
    let secret = SecretToken::random();
    let digest = secret.digest();
    sqlx::query!(
        r#"
        insert into mailed_links (digest, purpose, expires_at, used_at)
        values ($1, 'setup', now() + make_interval(secs => $2), now())
        "#,
        digest.as_bytes(),
        purpose.lifetime().as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(secret)
}

/// Returns a link and its account if it is valid now. Changes nothing.
pub async fn peek(
    connection: &mut PgConnection,
    purpose: Purpose,
    secret: Option<&SecretToken>,
) -> sqlx::Result<Option<(Link, User)>> {
    let Some(digest) = secret.map(SecretToken::digest) else { return Ok(None) };
    let link = sqlx::query_as!(
        Link,
        r#"
        select l.user_id as "user_id!: UserId", l.address as "address!"
        from mailed_links l join users u on u.id = l.user_id
        where l.digest = $1 and l.purpose = $2 and l.used_at is null and l.expires_at > now()
            -- Of a clock that was ahead. A way back is never refused for that.
            and (l.purpose like 'undo-%' or l.expires_at <= now() + make_interval(secs => $3::float8 + 60))
            and (l.purpose not in ('verify', 'recover') or l.address = u.email) and u.disabled_at is null
        "#,
        digest.as_bytes(),
        purpose.code(),
        purpose.lifetime().as_secs_f64(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(link) = link else { return Ok(None) };
    Ok(super::find(connection, link.user_id).await?.map(|user| (link, user)))
}

/// Uses a link. Only one of several concurrent uses succeeds; a link for an address that the account no longer has is
/// invalid.
pub async fn spend(
    connection: &mut PgConnection,
    purpose: Purpose,
    secret: Option<&SecretToken>,
) -> sqlx::Result<Option<Link>> {
    let Some(digest) = secret.map(SecretToken::digest) else { return Ok(None) };
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
            and (l.purpose like 'undo-%' or l.expires_at <= now() + make_interval(secs => $3::float8 + 60))
            and (l.purpose not in ('verify', 'recover') or l.address = o.email)
        returning l.user_id as "user_id!: UserId", l.address as "address!"
        "#,
        digest.as_bytes(),
        purpose.code(),
        purpose.lifetime().as_secs_f64(),
    )
    .fetch_optional(connection)
    .await
}

/// Revokes every unused link of an account for these purposes.
pub async fn revoke(connection: &mut PgConnection, user_id: UserId, purposes: &[Purpose]) -> sqlx::Result<()> {
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

/// Revokes every unused link of an account for one purpose that was sent to any of these addresses.
pub async fn revoke_mailed_to(
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

/// The address of an account's oldest unrevoked link, while it is valid. The oldest decides, so that the result does
/// not reveal whether further emails were sent.
pub async fn waiting_for(
    connection: &mut PgConnection,
    user_id: UserId,
    purpose: Purpose,
) -> sqlx::Result<Option<String>> {
    let first = sqlx::query!(
        r#"
        select address as "address!", expires_at > now() as "live!" from mailed_links
        where user_id = $1 and purpose = $2 and used_at is null order by created_at, digest limit 1
        "#,
        user_id as UserId,
        purpose.code(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(first.filter(|link| link.live).map(|link| link.address))
}

/// Returns whether a link to this address was requested and not revoked since.
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

/// Deletes links that expired more than a day ago, and returns how many. Requested links must outlive the links sent
/// for them, because [`waiting_for`] reads the oldest.
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
