//! The factors of an account, and the data that a sign-in reads. A new factor is added to [`Factors`] and its two
//! queries.

use std::pin::Pin;

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Identifier, store::by};
use crate::{
    limits::{self, Key},
    types::{Label, TokenDigest, UserId},
};

/// With as many unused recovery codes or fewer, it is time for new ones.
pub const FEW_CODES: u32 = 3;

/// The number of factors of each kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Factors {
    /// Whether it has a password.
    pub password: bool,
    /// Confirmed authenticator apps (RFC 6238).
    pub totp: u32,
    /// Passkeys (WebAuthn).
    pub passkeys: u32,
    /// Unused recovery codes.
    pub recovery_codes: u32,
}

impl Factors {
    /// Converts the database's counts.
    pub fn counted(password: bool, totp: i64, passkeys: i64, recovery_codes: i64) -> Self {
        let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Self { password, totp: count(totp), passkeys: count(passkeys), recovery_codes: count(recovery_codes) }
    }

    /// Returns whether the account has a second factor. Recovery codes replace one but do not count as one.
    pub fn has_second(&self) -> bool {
        self.totp + self.passkeys > 0
    }

    /// Returns whether the account works without a password: it has two passkeys, or one and a recovery code in case
    /// the passkey is lost. Removing a factor must not leave an account without a password below this.
    pub fn do_without_password(&self) -> bool {
        self.passkeys >= 2 || (self.passkeys == 1 && self.recovery_codes > 0)
    }

    /// Returns whether the owner can sign in, with or without a password.
    pub fn is_enough(&self) -> bool {
        self.password || self.do_without_password()
    }

    /// Returns whether the owner could not sign in after removing one factor of a kind, given by its code. Without a
    /// password only passkeys sign in, so an authenticator app is never needed.
    pub fn needs(&self, code: &str) -> bool {
        let left = self.without(code);
        left.passkeys < self.passkeys && !left.is_enough()
    }

    /// The factors minus one of a kind, given by its code.
    #[must_use]
    pub fn without(self, code: &str) -> Self {
        let less = |count: u32, kind: &str| count.saturating_sub(u32::from(kind == code));
        Self {
            totp: less(self.totp, "totp"),
            passkeys: less(self.passkeys, "passkey"),
            recovery_codes: less(self.recovery_codes, "recovery_code"),
            ..self
        }
    }
}

/// A kind of factor, as its slice registers it. Other slices use it without knowing its tables.
#[derive(Debug)]
pub struct FactorKind {
    /// The code used in events: `totp`, `passkey`, `recovery_code`.
    pub code: &'static str,
    /// Whether it replaces a factor without counting as one; it is then deleted with the last factor.
    pub stands_in: bool,
    /// Lists the factors of an account in the order they were added.
    pub list: for<'a> fn(&'a mut PgConnection, UserId) -> Query<'a, Vec<ListedFactor>>,
    /// Renames a factor. Returns `false` if the account has no such factor.
    pub rename: for<'a> fn(&'a mut PgConnection, UserId, Uuid, &'a Label) -> Query<'a, bool>,
    /// Deletes a factor. Returns `false` if the account has no such factor.
    pub remove: for<'a> fn(&'a mut PgConnection, UserId, Uuid) -> Query<'a, bool>,
    /// Deletes all factors of an account, or those added since a time. Returns how many; a set of recovery codes counts
    /// as one.
    pub delete: for<'a> fn(&'a mut PgConnection, UserId, Option<OffsetDateTime>) -> Query<'a, u64>,
}

/// The future of a [`FactorKind`] query.
pub type Query<'a, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'a>>;

/// A factor as shown to its owner.
#[derive(Clone, Debug)]
pub struct ListedFactor {
    /// The identifier used in forms.
    pub id: Uuid,
    /// The label chosen by the owner.
    pub name: String,
    /// When it was added.
    pub created_at: OffsetDateTime,
    /// When it was last used.
    pub last_used_at: Option<OffsetDateTime>,
    /// Whether it is synced between devices.
    pub synced: bool,
    /// Whether the owner confirmed having saved it; for recovery codes, `true` for anything else.
    pub saved: bool,
}

/// Deletes the factors of an account: all, or those that an attacker added since a time. Recovery codes are deleted
/// with the last factor. Returns how many factors were deleted.
pub async fn delete_factors(
    connection: &mut PgConnection,
    kinds: &[&FactorKind],
    id: UserId,
    since: Option<OffsetDateTime>,
) -> sqlx::Result<u64> {
    super::credentials_changed(connection, id).await?;
    let mut deleted = 0;
    for kind in kinds {
        deleted += (kind.delete)(connection, id, since).await?;
    }
    if since.is_some() && !factors(connection, id).await?.has_second() {
        for kind in kinds.iter().filter(|kind| kind.stands_in) {
            (kind.delete)(connection, id, None).await?;
        }
    }
    Ok(deleted)
}

/// Counts the factors of an account.
pub async fn factors(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Factors> {
    let row = sqlx::query!(
        r#"
        select password as "password!", totp as "totp!", passkeys as "passkeys!", recovery_codes as "recovery_codes!"
        from account_factors where user_id = $1
        "#,
        id as UserId,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map_or_else(Factors::default, |row| {
        Factors::counted(row.password, row.totp, row.passkeys, row.recovery_codes)
    }))
}

/// The codes of factors with rate limits.
const LIMITED: [&str; 2] = ["totp", "recovery-code"];

/// Deletes the rate limits of an account's factors, because the factors were removed.
pub async fn forget_factor_limits(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    for code in LIMITED {
        limits::refill(connection, Key::factor(code, id)).await?;
    }
    limits::refill(connection, Key::refused_factors(id)).await
}

/// The data needed to check a sign-in.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account.
    pub user_id: UserId,
    /// The password as a PHC string, if the account has one.
    pub password_hash: Option<String>,
    /// The credentials version.
    pub credentials_version: i64,
    /// Disabled by the operator.
    pub disabled: bool,
    /// Scheduled for deletion by its owner.
    pub closing: bool,
    /// The id of this browser, if it has signed in to the account before.
    pub known_browser: Option<Uuid>,
    /// Whether the owner trusts this browser, so that it skips the second factor.
    pub trusted_browser: bool,
    /// The factors of the account.
    pub factors: Factors,
}

/// Finds the account of an identifier. An address finds the account that verified it, or else the oldest that needs no
/// verification. An account awaiting verification can sign in only by its username. Otherwise someone could sign up
/// with an address and learn from a sign-in whether it is taken.
pub async fn find_login(
    connection: &mut PgConnection,
    identifier: &Identifier,
    browser: Option<&TokenDigest>,
) -> sqlx::Result<Option<Login>> {
    let (username, email) = by(identifier);
    let found = sqlx::query!(
        r#"
        select u.id as "user_id: UserId", c.password_hash as "password_hash?", u.credentials_version,
            u.disabled_at is not null as "disabled!", u.deletion_due_at is not null as "closing!",
            b.id as "known_browser?",
            coalesce(
                b.trusted_until > now() and b.trusted_version = u.credentials_version
                -- Not of a clock that was ahead.
                and b.trusted_until <= now() + interval '30 days 1 minute', false
            ) as "trusted_browser!",
            f.totp as "totp!", f.passkeys as "passkeys!", f.recovery_codes as "recovery_codes!"
        from users u
        join account_factors f on f.user_id = u.id
        left join password_credentials c on c.user_id = u.id
        left join known_browsers b on b.user_id = u.id and b.digest = $3
        where u.username = $1
            or (u.email_canonical = $2 and (u.email_verified_at is not null or u.verify_by is null))
        order by u.email_verified_at is null, u.created_at limit 1
        "#,
        username,
        email,
        browser.map(TokenDigest::as_bytes),
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.map(|row| Login {
        factors: Factors::counted(row.password_hash.is_some(), row.totp, row.passkeys, row.recovery_codes),
        user_id: row.user_id,
        password_hash: row.password_hash,
        credentials_version: row.credentials_version,
        disabled: row.disabled,
        closing: row.closing,
        known_browser: row.known_browser,
        trusted_browser: row.trusted_browser,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_password_has_more_than_one_way_in() {
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
