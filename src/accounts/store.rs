//! All SQL about accounts and their passwords.

use sqlx::PgConnection;

use super::{Identifier, User};
use crate::types::{DisplayName, Email, TokenDigest, UserId, Username};

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
}

/// What became of a sign-up.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignedUp {
    /// There is a new account.
    Created,
    /// The public name belongs to another account.
    UsernameTaken,
    /// The address belongs to another account. Only its owner may learn that.
    EmailTaken,
}

/// Makes an account with its password, or tells which name was taken.
///
/// One statement, so that there is never an account without its credential, and with one write on
/// either way, so that a taken address costs what a new one costs: a new row when it is free, a
/// note on the existing row when it is not.
pub async fn create(connection: &mut PgConnection, account: &NewAccount<'_>) -> sqlx::Result<SignedUp> {
    let outcome = sqlx::query!(
        r#"
        with account as (
            insert into users (id, username, display_name, email, email_canonical)
            values ($1, $2, $3, $4, $5)
            on conflict do nothing
            returning id
        ), credential as (
            insert into password_credentials (user_id, password_hash)
            select id, $6 from account
        ), name_taken as (
            select 1 from users where username = $2
        ), noted as (
            update users set sign_up_repeated_at = now()
            where email_canonical = $5 and not exists (select 1 from name_taken)
        )
        select exists (select 1 from account) as "created!", exists (select 1 from name_taken) as "username_taken!"
        "#,
        account.id as UserId,
        account.username.as_str(),
        account.display_name.map(DisplayName::as_str),
        account.email.as_str(),
        account.email.canonical(),
        account.password_hash,
    )
    .fetch_one(&mut *connection)
    .await?;
    if outcome.created {
        return Ok(SignedUp::Created);
    }
    // A rival that took the name while the statement ran is not in its snapshot: look again.
    let username_taken = outcome.username_taken
        || sqlx::query_scalar!(
            r#"select exists (select 1 from users where username = $1) as "taken!""#,
            account.username.as_str()
        )
        .fetch_one(connection)
        .await?;
    Ok(if username_taken { SignedUp::UsernameTaken } else { SignedUp::EmailTaken })
}

/// What is needed to judge an attempt to sign in.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account.
    pub user_id: UserId,
    /// Its password as a PHC string; none for an account without one.
    pub password_hash: Option<String>,
    /// Closed by the operator.
    pub disabled: bool,
    /// Whether the browser that asks has signed in to this account before.
    pub known_browser: bool,
}

/// Finds the account that an identifier names.
pub async fn find_login(
    connection: &mut PgConnection,
    identifier: &Identifier,
    browser: Option<&TokenDigest>,
) -> sqlx::Result<Option<Login>> {
    let (username, email) = by(identifier);
    sqlx::query_as!(
        Login,
        r#"
        select u.id as "user_id: UserId", c.password_hash as "password_hash?",
            u.disabled_at is not null as "disabled!", b.user_id is not null as "known_browser!"
        from users u
        left join password_credentials c on c.user_id = u.id
        left join known_browsers b on b.user_id = u.id and b.digest = $3
        where u.username = $1 or u.email_canonical = $2
        "#,
        username,
        email,
        browser.map(TokenDigest::as_bytes),
    )
    .fetch_optional(connection)
    .await
}

fn by(identifier: &Identifier) -> (Option<&str>, Option<&str>) {
    match identifier {
        Identifier::Username(name) => (Some(name), None),
        Identifier::Email(address) => (None, Some(address)),
        Identifier::Nobody(_) => (None, None),
    }
}

/// Finds an account by what an operator calls it.
pub async fn find_by_identifier(connection: &mut PgConnection, identifier: &Identifier) -> sqlx::Result<Option<User>> {
    let (username, email) = by(identifier);
    sqlx::query_as!(
        User,
        r#"
        select u.id as "id: UserId", u.username, u.display_name, u.email, u.created_at, u.disabled_at,
            c.changed_at as "password_changed_at?"
        from users u left join password_credentials c on c.user_id = u.id
        where u.username = $1 or u.email_canonical = $2
        "#,
        username,
        email,
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
