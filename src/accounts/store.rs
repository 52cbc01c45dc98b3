//! SQL for accounts and passwords.

use sqlx::PgConnection;

use super::{Identifier, Role, User};
use crate::types::{DisplayName, Email, Lang, TokenDigest, UserId, Username};

/// An account to create.
#[derive(Debug)]
pub struct NewAccount<'a> {
    /// The identifier.
    pub id: UserId,
    /// The username.
    pub username: &'a Username,
    /// The display name.
    pub display_name: Option<&'a DisplayName>,
    /// The email address.
    pub email: &'a Email,
    /// The password as a PHC string.
    pub password_hash: &'a str,
    /// The language of the sign-up.
    pub lang: Option<Lang>,
    /// The role.
    pub role: Role,
    /// Whether the address is verified.
    pub address: Address<'a>,
}

/// The state of a new account's address.
#[derive(Clone, Copy, Debug)]
pub enum Address<'a> {
    /// Vouched for by an operator.
    Verified,
    /// Not verified yet.
    Claimed {
        /// The browser that signed up, which can verify the address without a password.
        browser: Option<&'a TokenDigest>,
        /// Whether the account expires after `VERIFY_WITHIN_DAYS` without verification.
        expires: bool,
    },
}

/// Days until an unverified account expires.
pub const VERIFY_WITHIN_DAYS: i32 = 7;

/// The result of a sign-up.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignedUp {
    /// The account was created.
    Created,
    /// Another account has the username.
    UsernameTaken,
    /// Another account verified the address. Never for an unverified address.
    EmailTaken,
}

/// Creates an account with its password. Any address may be used unverified: whether it is taken is checked when the
/// email is rendered, so that a visitor cannot find out.
///
/// One statement, so that no account lacks its credential.
pub async fn create(connection: &mut PgConnection, account: &NewAccount<'_>) -> sqlx::Result<SignedUp> {
    let (verified, browser, expires) = match account.address {
        Address::Verified => (true, None, false),
        Address::Claimed { browser, expires } => (false, browser, expires),
    };
    let created = sqlx::query!(
        r#"
        with account as (
            insert into users (
                id, username, display_name, email, email_canonical, language, role, email_verified_at, sign_up_browser, verify_by
            )
            values ($1, $2, $3, $4, $5, $7, $8, case when $9 then now() end, $10,
                case when $11 then now() + make_interval(days => $12) end)
            on conflict do nothing returning id
        )
        insert into password_credentials (user_id, password_hash) select id, $6 from account
        "#,
        account.id as UserId,
        account.username.as_str(),
        account.display_name.map(DisplayName::as_str),
        account.email.as_str(),
        account.email.canonical(),
        account.password_hash,
        account.lang.map(Lang::code),
        account.role as Role,
        verified,
        browser.map(TokenDigest::as_bytes),
        expires,
        VERIFY_WITHIN_DAYS,
    )
    .execute(&mut *connection)
    .await?;
    if created.rows_affected() == 1 {
        return Ok(SignedUp::Created);
    }
    let name_taken = sqlx::query_scalar!(
        r#"select exists (select 1 from users where username = $1) as "taken!""#,
        account.username.as_str()
    )
    .fetch_one(connection)
    .await?;
    // Unverified addresses violate no constraint.
    Ok(if verified && !name_taken { SignedUp::EmailTaken } else { SignedUp::UsernameTaken })
}

/// Moves unverified accounts to the fresh secret of the browser that signed up. Skips locked ones, which are being
/// verified or changed: this must not wait for other accounts.
pub async fn move_sign_up_browser(
    connection: &mut PgConnection,
    old: &TokenDigest,
    fresh: &TokenDigest,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update users set sign_up_browser = $2 where ctid = any(array(
            select ctid from users where sign_up_browser = $1 order by id for no key update skip locked
        ))
        "#,
        old.as_bytes(),
        fresh.as_bytes(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds the account that verified an address.
pub async fn find_owner(connection: &mut PgConnection, email_canonical: &str) -> sqlx::Result<Option<User>> {
    let id = sqlx::query_scalar!(
        r#"select id as "id: UserId" from users where email_canonical = $1 and email_verified_at is not null"#,
        email_canonical,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(id) = id else { return Ok(None) };
    find(connection, id).await
}

pub(super) fn by(identifier: &Identifier) -> (Option<&str>, Option<&str>) {
    match identifier {
        Identifier::Username(name) => (Some(name), None),
        Identifier::Email(address) => (None, Some(address)),
        Identifier::Nobody(_) => (None, None),
    }
}

/// Finds an account for an operator. An address that no account has verified finds the account that needs no
/// verification, or else the oldest.
pub async fn find_by_identifier(connection: &mut PgConnection, identifier: &Identifier) -> sqlx::Result<Option<User>> {
    let (username, email) = by(identifier);
    let id = sqlx::query_scalar!(
        r#"
        select id as "id: UserId" from users where username = $1 or email_canonical = $2
        order by email_verified_at is null, verify_by is not null, created_at limit 1
        "#,
        username,
        email,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(id) = id else { return Ok(None) };
    find(connection, id).await
}

/// Finds an account.
pub async fn find(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        select u.id as "id: UserId", u.username, u.display_name, u.email, u.created_at, u.disabled_at,
            c.changed_at as "password_changed_at?", u.email_verified_at, u.sign_up_browser, u.language,
            u.role as "role: Role", u.deletion_due_at
        from users u left join password_credentials c on c.user_id = u.id where u.id = $1
        "#,
        id as UserId,
    )
    .fetch_optional(connection)
    .await
}

/// Replaces a hash by one of the same password at the current cost. Does nothing if the password was changed meanwhile.
pub async fn upgrade_password_hash(
    connection: &mut PgConnection,
    id: UserId,
    old: &str,
    new: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update password_credentials set password_hash = $3 where user_id = $1 and password_hash = $2",
        id as UserId,
        old,
        new,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Disables or enables an account. Returns whether it exists.
pub async fn set_disabled(connection: &mut PgConnection, id: UserId, disabled: bool) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update users set disabled_at = case when $2 then coalesce(disabled_at, now()) end where id = $1",
        id as UserId,
        disabled,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Sets an account's role. Returns whether that changed anything.
pub async fn set_role(connection: &mut PgConnection, id: UserId, role: Role) -> sqlx::Result<bool> {
    let done = sqlx::query!("update users set role = $2 where id = $1 and role <> $2", id as UserId, role as Role)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Returns whether an account is the last usable administrator: neither disabled nor about to be deleted. Locks all of
/// them in a fixed order, before any other account, so that the last two cannot step down concurrently.
pub async fn is_last_administrator(connection: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    let usable = sqlx::query_scalar!(
        r#"
        select id as "id: UserId" from users
        where role = 'admin' and disabled_at is null and deletion_due_at is null order by id for no key update
        "#
    )
    .fetch_all(connection)
    .await?;
    Ok(usable == [id])
}

/// Like [`is_last_administrator`], without a lock: for display only.
pub async fn is_only_administrator(connection: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select coalesce(bool_and(id = $1), false) as "only!" from users
        where role = 'admin' and disabled_at is null and deletion_due_at is null
        "#,
        id as UserId,
    )
    .fetch_one(connection)
    .await
}
