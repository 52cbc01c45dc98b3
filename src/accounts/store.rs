//! All SQL about accounts and their passwords.

use sqlx::PgConnection;

use time::OffsetDateTime;

use super::{Factors, Identifier, Role, User};
use crate::types::{DisplayName, Email, Lang, TokenDigest, UserId, Username};

/// An account to be made.
#[derive(Debug)]
pub struct NewAccount<'a> {
    /// Its identifier.
    pub id: UserId,
    /// Its public name.
    pub username: &'a Username,
    /// What the person wants to be called.
    pub display_name: Option<&'a DisplayName>,
    /// Where mail goes.
    pub email: &'a Email,
    /// The password as a PHC string.
    pub password_hash: &'a str,
    /// The language it was asked for in.
    pub lang: Option<Lang>,
    /// What it may do.
    pub role: Role,
    /// Whether the address is known to be its owner's, or has to be shown.
    pub address: Address<'a>,
}

/// What is known about the address of a new account.
#[derive(Clone, Copy, Debug)]
pub enum Address<'a> {
    /// An operator vouches for it.
    Verified,
    /// Its owner has yet to show it.
    Claimed {
        /// The browser that signed up, which needs no password to confirm.
        browser: Option<&'a TokenDigest>,
        /// Whether the account goes when the address is not shown within [`VERIFY_WITHIN_DAYS`].
        expires: bool,
    },
}

/// How long a claimed address may stay unverified.
pub const VERIFY_WITHIN_DAYS: i32 = 7;

/// What became of a sign-up.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignedUp {
    /// There is a new account.
    Created,
    /// The public name belongs to another account.
    UsernameTaken,
    /// The address was shown to be another account's. Never for a claim.
    EmailTaken,
}

/// Makes an account with its password, or tells which name was taken. Everybody may claim any address:
/// whether it is somebody's is found when its letter is sent, so that a visitor learns nothing of it.
///
/// One statement, so that there is never an account without its credential.
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
            on conflict do nothing
            returning id
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
    // A claim meets no other row by its address.
    Ok(if verified && !name_taken { SignedUp::EmailTaken } else { SignedUp::UsernameTaken })
}

/// Finds the account whose address this was shown to be.
pub async fn find_owner(connection: &mut PgConnection, email_canonical: &str) -> sqlx::Result<Option<User>> {
    let id = sqlx::query_scalar!(
        r#"select id as "id: UserId" from users where email_canonical = $1 and email_verified_at is not null"#,
        email_canonical,
    )
    .fetch_optional(&mut *connection)
    .await?;
    match id {
        Some(id) => find(connection, id).await,
        None => Ok(None),
    }
}

/// What is needed to judge an attempt to sign in.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a row of answers, each of them yes or no")]
pub struct Login {
    /// The account.
    pub user_id: UserId,
    /// Its password as a PHC string; none for an account without one.
    pub password_hash: Option<String>,
    /// When that password was set.
    pub password_set_at: Option<OffsetDateTime>,
    /// Closed by the operator.
    pub disabled: bool,
    /// Going to be erased, because its owner asked for that.
    pub closing: bool,
    /// Whether the browser that asks has signed in to this account before.
    pub known_browser: bool,
    /// Whether its owner asked to be asked for no second factor in that browser.
    pub trusted_browser: bool,
    /// What the account can show besides the password.
    pub factors: Factors,
    /// When those last changed.
    pub factors_changed_at: Option<OffsetDateTime>,
}

/// Finds the account that an identifier names. An address names the account whose it was shown to be, or
/// one that needs no verification, the oldest; a mere claim is signed in to by its username. Otherwise a
/// visitor who signs up with an address could tell by signing in with it whose it is.
pub async fn find_login(
    connection: &mut PgConnection,
    identifier: &Identifier,
    browser: Option<&TokenDigest>,
) -> sqlx::Result<Option<Login>> {
    let (username, email) = by(identifier);
    let found = sqlx::query!(
        r#"
        select u.id as "user_id: UserId", c.password_hash as "password_hash?",
            c.changed_at as "password_set_at?", u.disabled_at is not null as "disabled!",
            u.deletion_due_at is not null as "closing!", b.user_id is not null as "known_browser!",
            coalesce(b.trusted_until > now() and b.trusted_password_at = c.changed_at, false) as "trusted_browser!",
            c.factors_changed_at as "factors_changed_at?",
            (select count(*) from totp_factors where user_id = u.id and confirmed_at is not null) as "totp!",
            (select count(*) from passkeys where user_id = u.id) as "passkeys!",
            (select count(*) from recovery_codes where user_id = u.id and used_at is null) as "recovery_codes!"
        from users u
        left join password_credentials c on c.user_id = u.id
        left join known_browsers b on b.user_id = u.id and b.digest = $3
        where u.username = $1
            or (u.email_canonical = $2 and (u.email_verified_at is not null or u.verify_by is null))
        order by u.email_verified_at is null, u.created_at
        limit 1
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
        password_set_at: row.password_set_at,
        disabled: row.disabled,
        closing: row.closing,
        known_browser: row.known_browser,
        trusted_browser: row.trusted_browser,
        factors_changed_at: row.factors_changed_at,
    }))
}

fn by(identifier: &Identifier) -> (Option<&str>, Option<&str>) {
    match identifier {
        Identifier::Username(name) => (Some(name), None),
        Identifier::Email(address) => (None, Some(address)),
        Identifier::Nobody(_) => (None, None),
    }
}

/// Finds an account by what its owner calls it. An address that nobody has shown to be theirs means the
/// account that needs no verification, then the one that claimed it first.
pub async fn find_by_identifier(connection: &mut PgConnection, identifier: &Identifier) -> sqlx::Result<Option<User>> {
    let (username, email) = by(identifier);
    let id = sqlx::query_scalar!(
        r#"
        select id as "id: UserId" from users where username = $1 or email_canonical = $2
        order by email_verified_at is null, verify_by is not null, created_at
        limit 1
        "#,
        username,
        email,
    )
    .fetch_optional(&mut *connection)
    .await?;
    match id {
        Some(id) => find(connection, id).await,
        None => Ok(None),
    }
}

/// Finds an account.
pub async fn find(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        select u.id as "id: UserId", u.username, u.display_name, u.email, u.created_at, u.disabled_at,
            c.changed_at as "password_changed_at?", u.email_verified_at, u.sign_up_browser, u.language,
            u.role as "role: Role", u.deletion_due_at
        from users u left join password_credentials c on c.user_id = u.id
        where u.id = $1
        "#,
        id as UserId,
    )
    .fetch_optional(connection)
    .await
}

/// Replaces a hash by one of the same password at the present cost. Does nothing when the password
/// was changed meanwhile.
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

/// Closes an account to everyone, or opens it again. Tells whether there is such an account.
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

/// Gives an account a role. Tells whether that changed anything.
pub async fn set_role(connection: &mut PgConnection, id: UserId, role: Role) -> sqlx::Result<bool> {
    let done = sqlx::query!("update users set role = $2 where id = $1 and role <> $2", id as UserId, role as Role)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The open accounts of administrators. Holds them until the transaction ends, in one order, so that the
/// last two do not stop being it in the same moment.
pub async fn hold_administrators(connection: &mut PgConnection) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"
        select id as "id: UserId" from users
        where role = 'admin' and disabled_at is null and deletion_due_at is null
        order by id for no key update
        "#
    )
    .fetch_all(connection)
    .await
}
