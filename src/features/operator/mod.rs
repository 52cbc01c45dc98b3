//! What an operator does to an account, behind the command line.

use crate::{
    accounts::{self, Address, Identifier, NewAccount, Role, SignedUp, User},
    audit::{self, Entry, Event},
    authn::{attempts, password_hash, sessions},
    config::Passwords,
    types::{DisplayName, Email, Entropy, PlainPassword, UserId, Username},
};
use sqlx::{Connection as _, PgConnection};
use vestibule_argon2::Memory;

/// Why an operator's command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Nobody is called that.
    #[error("there is no account called {0}")]
    NoSuchAccount(String),
    /// The name is somebody else's.
    #[error("the username is taken")]
    UsernameTaken,
    /// The address is somebody else's.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] password_hash::HashError),
    /// The database's.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// An account to be made by hand.
#[derive(Debug)]
pub struct Creation {
    /// Its public name.
    pub username: Username,
    /// Where mail goes.
    pub email: Email,
    /// What the person wants to be called.
    pub display_name: Option<DisplayName>,
    /// Its password.
    pub password: PlainPassword,
}

/// Makes an account, and vouches for its address.
///
/// # Errors
/// When one of its names is taken.
pub async fn create(
    connection: &mut PgConnection,
    creation: &Creation,
    passwords: &Passwords,
) -> Result<UserId, OperatorError> {
    let hash = password_hash::hash(&mut Memory::new(), &passwords.argon2, creation.password.as_bytes(), Entropy)?;
    let id = UserId::new(Entropy);
    let account = NewAccount {
        id,
        username: &creation.username,
        display_name: creation.display_name.as_ref(),
        email: &creation.email,
        password_hash: &hash,
        lang: None,
        role: Role::Member,
        address: Address::Verified,
    };
    let mut transaction = connection.begin().await?;
    match accounts::create(&mut transaction, &account).await? {
        SignedUp::Created => {}
        SignedUp::UsernameTaken => return Err(OperatorError::UsernameTaken),
        SignedUp::EmailTaken(_) => return Err(OperatorError::EmailTaken),
    }
    audit::record(&mut transaction, &Entry::of_operator(&Event::SignedUp, id)).await?;
    transaction.commit().await?;
    Ok(id)
}

/// Finds an account by username or e-mail.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`].
pub async fn find(connection: &mut PgConnection, name: &str) -> Result<User, OperatorError> {
    let found = accounts::find_by_identifier(connection, &Identifier::parse(name)).await?;
    found.ok_or_else(|| OperatorError::NoSuchAccount(name.to_owned()))
}

/// Closes an account to everyone: its sessions end with their next request, on every replica.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`].
pub async fn disable(connection: &mut PgConnection, name: &str) -> Result<(User, u64), OperatorError> {
    let mut transaction = connection.begin().await?;
    let user = find(&mut transaction, name).await?;
    accounts::set_disabled(&mut transaction, user.id, true).await?;
    let ended = sessions::revoke_all(&mut transaction, user.id).await?;
    audit::record(&mut transaction, &Entry::of_operator(&Event::Disabled, user.id)).await?;
    transaction.commit().await?;
    Ok((user, ended))
}

/// Opens an account again, and forgets the failed tries that were counted against it. A session that
/// a sign-in opened in the very moment of the closing does not come back to life with it.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`].
pub async fn enable(connection: &mut PgConnection, name: &str) -> Result<User, OperatorError> {
    let user = find(connection, name).await?;
    attempts::forget(connection, user.id).await?;
    let mut transaction = connection.begin().await?;
    if user.disabled_at.is_some() {
        sessions::revoke_all(&mut transaction, user.id).await?;
    }
    accounts::set_disabled(&mut transaction, user.id, false).await?;
    audit::record(&mut transaction, &Entry::of_operator(&Event::Enabled, user.id)).await?;
    transaction.commit().await?;
    Ok(user)
}

/// Ends every session of an account.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`].
pub async fn reset_sessions(connection: &mut PgConnection, name: &str) -> Result<(User, u64), OperatorError> {
    let mut transaction = connection.begin().await?;
    let user = find(&mut transaction, name).await?;
    let count = sessions::revoke_all(&mut transaction, user.id).await?;
    let event = Event::AllSessionsEnded { count };
    audit::record(&mut transaction, &Entry::of_operator(&event, user.id)).await?;
    transaction.commit().await?;
    Ok((user, count))
}
