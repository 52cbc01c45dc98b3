//! What an account can show besides its password, counted.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::types::{SessionId, UserId};

/// How many factors of each kind an account has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Factors {
    /// Whether it has a password.
    pub password: bool,
    /// Authenticator apps whose code was shown once (RFC 6238).
    pub totp: u32,
    /// Passkeys (WebAuthn).
    pub passkeys: u32,
    /// Recovery codes that were not used yet.
    pub recovery_codes: u32,
}

impl Factors {
    /// As the database counts them.
    #[must_use]
    pub fn counted(password: bool, totp: i64, passkeys: i64, recovery_codes: i64) -> Self {
        let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Self { password, totp: count(totp), passkeys: count(passkeys), recovery_codes: count(recovery_codes) }
    }

    /// Whether a password alone is not enough. Recovery codes stand in for a factor and are none.
    #[must_use]
    pub fn has_second(&self) -> bool {
        self.totp + self.passkeys > 0
    }

    /// Whether the owner can do without a password: with two passkeys, or with one and a recovery code for
    /// the day on which it is lost. What is removed may never leave less.
    #[must_use]
    pub fn do_without_password(&self) -> bool {
        self.passkeys >= 2 || (self.passkeys == 1 && self.recovery_codes > 0)
    }
}

/// Counts the factors of an account.
///
/// # Errors
/// Only the database's.
pub async fn factors(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Factors> {
    let row = sqlx::query!(
        r#"
        select exists (select 1 from password_credentials where user_id = $1) as "password!",
            (select count(*) from totp_factors where user_id = $1 and confirmed_at is not null) as "totp!",
            (select count(*) from passkeys where user_id = $1) as "passkeys!",
            (select count(*) from recovery_codes where user_id = $1 and used_at is null) as "recovery_codes!"
        "#,
        id as UserId,
    )
    .fetch_one(connection)
    .await?;
    Ok(Factors::counted(row.password, row.totp, row.passkeys, row.recovery_codes))
}

/// Notes that the factors of an account are others, so that no sign-in goes on that weighed the old
/// ones. In the transaction of the change, after [`super::hold`] and before the sessions.
///
/// # Errors
/// Only the database's.
pub async fn factors_changed(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!("update password_credentials set factors_changed_at = now() where user_id = $1", id as UserId)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes away what a session is setting up and has not confirmed.
///
/// # Errors
/// Only the database's.
pub async fn drop_enrolments(connection: &mut PgConnection, session_id: SessionId) -> sqlx::Result<()> {
    sqlx::query!("delete from totp_factors where session_id = $1 and confirmed_at is null", session_id as SessionId,)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes the recovery codes away from an account that has no second factor any more: they stood in for it.
///
/// # Errors
/// Only the database's.
pub async fn drop_recovery_codes(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from recovery_codes where user_id = $1", id as UserId).execute(connection).await?;
    Ok(())
}

/// Takes every second factor and every recovery code away: for an account that turns out to be somebody
/// else's, and for the operator. Tells how many factors there were.
///
/// # Errors
/// Only the database's.
pub async fn drop_factors(connection: &mut PgConnection, id: UserId) -> sqlx::Result<u64> {
    factors_changed(connection, id).await?;
    let dropped = sqlx::query_scalar!(
        r#"
        with totp as (delete from totp_factors where user_id = $1 returning confirmed_at is not null as was),
            passkey as (delete from passkeys where user_id = $1 returning true as was),
            codes as (delete from recovery_codes where user_id = $1)
        select (select count(*) from totp where was) + (select count(*) from passkey) as "dropped!"
        "#,
        id as UserId,
    )
    .fetch_one(connection)
    .await?;
    Ok(dropped.unsigned_abs())
}

/// Takes away what was added since that moment by somebody who was not the owner. Recovery codes go with
/// the last factor, and when they were made since. Tells how many factors and sets of codes there were.
///
/// # Errors
/// Only the database's.
pub async fn drop_factors_since(connection: &mut PgConnection, id: UserId, since: OffsetDateTime) -> sqlx::Result<u64> {
    factors_changed(connection, id).await?;
    let dropped = sqlx::query_scalar!(
        r#"
        with totp as (
            delete from totp_factors where user_id = $1 and coalesce(confirmed_at, now()) >= $2
            returning confirmed_at is not null as was
        ), passkey as (
            delete from passkeys where user_id = $1 and created_at >= $2 returning true as was
        ), left_over as (
            select exists (select 1 from totp_factors where user_id = $1 and confirmed_at < $2)
                or exists (select 1 from passkeys where user_id = $1 and created_at < $2) as kept
        ), codes as (
            delete from recovery_codes where user_id = $1 and (created_at >= $2 or not (select kept from left_over))
            returning created_at >= $2 as was
        )
        select (select count(*) from totp where was) + (select count(*) from passkey)
            + (select count(*) from (select 1 from codes where was limit 1) made) as "dropped!"
        "#,
        id as UserId,
        since,
    )
    .fetch_one(connection)
    .await?;
    Ok(dropped.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_does_without_a_password_who_has_one_thing_to_lose() {
        for (passkeys, recovery_codes, totp, enough) in [
            (0, 0, 0, false),
            (0, 10, 2, false),
            (1, 0, 0, false),
            (1, 0, 3, false),
            (1, 1, 0, true),
            (2, 0, 0, true),
            (3, 10, 1, true),
        ] {
            let factors = Factors { password: true, totp, passkeys, recovery_codes };
            assert_eq!(factors.do_without_password(), enough, "{factors:?}");
        }
    }
}
