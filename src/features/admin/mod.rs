//! What an operator does to an account, behind the command line.

use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use crate::{
    accounts::{
        self, Address, Factors, Identifier, NewAccount, Role, SignedUp, User,
        links::{self, Purpose},
        setup,
    },
    audit::{self, Actor, Entry, Event},
    config::Passwords,
    limits,
    mail::{Kind, NewLetter, outbox},
    passwords::hash::{self, Kernel},
    sessions::{self, known_browsers, pending},
    types::{DisplayName, Email, Entropy, Lang, PlainPassword, SecretToken, UserId, Username},
};

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
    /// There is an administrator already.
    #[error("there is an administrator already; `vestibule user role NAME admin` makes another one")]
    Administered,
    /// Nobody else could look after the service.
    #[error("{0} is the last administrator; make another one first: `vestibule user role NAME admin`")]
    LastAdministrator(String),
    /// A closed account is not given back by mail.
    #[error("{0} is disabled; `vestibule user enable` opens it first")]
    Disabled(String),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] hash::HashError),
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
    /// What it may do.
    pub role: Role,
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
    let mut kernel = Kernel::new(hash::choose_path()?);
    let hash = hash::hash(&mut kernel, &passwords.argon2, creation.password.as_bytes(), Entropy)?;
    let id = UserId::new(Entropy);
    let account = NewAccount {
        id,
        username: &creation.username,
        display_name: creation.display_name.as_ref(),
        email: &creation.email,
        password_hash: &hash,
        lang: None,
        role: creation.role,
        address: Address::Verified,
    };
    let mut transaction = connection.begin().await?;
    if creation.role == Role::Admin {
        setup::kill(&mut transaction).await?;
    }
    match accounts::create(&mut transaction, &account).await? {
        SignedUp::Created => {}
        SignedUp::UsernameTaken => return Err(OperatorError::UsernameTaken),
        SignedUp::EmailTaken => return Err(OperatorError::EmailTaken),
    }
    audit::record(&mut transaction, &Entry::of_operator(&Event::SignedUp, id)).await?;
    if creation.role == Role::Admin {
        audit::record(&mut transaction, &Entry::of_operator(&given(Role::Admin), id)).await?;
    }
    transaction.commit().await?;
    Ok(id)
}

/// Finds an account by its username, or by an address that was shown to be its owner's: anybody may claim
/// another's, and is not whom the operator means.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`].
pub async fn find(connection: &mut PgConnection, name: &str) -> Result<User, OperatorError> {
    let found = match Identifier::parse(name) {
        Identifier::Email(address) => accounts::find_owner(connection, &address).await?,
        name => accounts::find_by_identifier(connection, &name).await?,
    };
    found.ok_or_else(|| OperatorError::NoSuchAccount(name.to_owned()))
}

fn given(role: Role) -> Event {
    Event::RoleChanged { role: role.code().to_owned() }
}

/// Closes an account to everyone: its sessions end with their next request, on every replica, and so do
/// the links by which somebody could set its password or its address later.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`].
pub async fn disable(connection: &mut PgConnection, name: &str) -> Result<(User, u64), OperatorError> {
    let mut transaction = connection.begin().await?;
    let user = find(&mut transaction, name).await?;
    // The account, its links, its sessions: the order in which whoever uses a link locks them.
    accounts::hold(&mut transaction, user.id).await?;
    links::kill(&mut transaction, user.id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
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
    limits::forget(connection, user.id).await?;
    let mut transaction = connection.begin().await?;
    if user.disabled_at.is_some() {
        sessions::revoke_all(&mut transaction, user.id).await?;
    }
    accounts::set_disabled(&mut transaction, user.id, false).await?;
    audit::record(&mut transaction, &Entry::of_operator(&Event::Enabled, user.id)).await?;
    transaction.commit().await?;
    Ok(user)
}

/// Ends every session of an account, those that are being opened too, and takes its trust from every browser.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`].
pub async fn reset_sessions(connection: &mut PgConnection, name: &str) -> Result<(User, u64), OperatorError> {
    let mut transaction = connection.begin().await?;
    let user = find(&mut transaction, name).await?;
    accounts::hold(&mut transaction, user.id).await?;
    pending::end_all(&mut transaction, user.id).await?;
    let count = sessions::revoke_all(&mut transaction, user.id).await?;
    known_browsers::distrust(&mut transaction, user.id).await?;
    let event = Event::AllSessionsEnded { count };
    audit::record(&mut transaction, &Entry::of_operator(&event, user.id)).await?;
    transaction.commit().await?;
    Ok((user, count))
}

/// Takes every second factor of an account away, for an owner who has lost them all: the password, or a
/// link that sets one, opens it alone from now on. The owner is told (ASVS 6.4.6), every session ends, and
/// no browser skips the second step that comes next. Tells how many factors and sessions there were.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`].
pub async fn reset_factors(connection: &mut PgConnection, name: &str) -> Result<(User, u64, u64), OperatorError> {
    let mut transaction = connection.begin().await?;
    let user = find(&mut transaction, name).await?;
    accounts::hold(&mut transaction, user.id).await?;
    let dropped = accounts::drop_factors(&mut transaction, user.id).await?;
    pending::end_all(&mut transaction, user.id).await?;
    let ended = sessions::revoke_all(&mut transaction, user.id).await?;
    limits::forget_factors(&mut transaction, user.id).await?;
    known_browsers::distrust(&mut transaction, user.id).await?;
    audit::record(&mut transaction, &Entry::of_operator(&Event::FactorsReset, user.id)).await?;
    let letter = user.letter(Kind::FactorsChanged, Lang::default(), json!({ "change": "factors-reset" }));
    outbox::enqueue(&mut transaction, Entropy, &letter).await?;
    transaction.commit().await?;
    Ok((user, dropped, ended))
}

/// What an account can show.
///
/// # Errors
/// Only the database's.
pub async fn factors(connection: &mut PgConnection, user: &User) -> Result<Factors, OperatorError> {
    Ok(accounts::factors(connection, user.id).await?)
}

/// Gives an account a role, and tells whether that changed anything. Its sessions go on: what they may
/// reach is asked on every request.
///
/// # Errors
/// [`OperatorError::NoSuchAccount`], and [`OperatorError::LastAdministrator`].
pub async fn set_role(connection: &mut PgConnection, name: &str, role: Role) -> Result<(User, bool), OperatorError> {
    let mut transaction = connection.begin().await?;
    if role == Role::Admin {
        setup::kill(&mut transaction).await?;
    }
    let administrators = accounts::hold_administrators(&mut transaction).await?;
    let user = find(&mut transaction, name).await?;
    let is_last = user.role == Role::Admin && administrators.iter().all(|id| *id == user.id);
    if role == Role::Member && is_last {
        return Err(OperatorError::LastAdministrator(user.username));
    }
    let changed = accounts::set_role(&mut transaction, user.id, role).await?;
    if changed {
        audit::record(&mut transaction, &Entry::of_operator(&given(role), user.id)).await?;
    }
    transaction.commit().await?;
    Ok((user, changed))
}

/// Makes the link for the first administrator anew; the one before is dead from now on.
///
/// # Errors
/// [`OperatorError::Administered`].
pub async fn setup_link(connection: &mut PgConnection) -> Result<SecretToken, OperatorError> {
    let mut transaction = connection.begin().await?;
    let Some(secret) = setup::reissue(&mut transaction, Entropy).await? else {
        return Err(OperatorError::Administered);
    };
    let event = Event::SetupLinkIssued;
    let entry = Entry { event: &event, user_id: None, session_id: None, actor: Actor::Operator, origin: None };
    audit::record(&mut transaction, &entry).await?;
    transaction.commit().await?;
    Ok(secret)
}

/// Has a link mailed to the owner of an account by which they set a new password. The operator sees
/// neither the link nor the password (ASVS 6.4.6).
///
/// # Errors
/// [`OperatorError::NoSuchAccount`], and [`OperatorError::Disabled`].
pub async fn recover(connection: &mut PgConnection, name: &str) -> Result<User, OperatorError> {
    let mut transaction = connection.begin().await?;
    let user = find(&mut transaction, name).await?;
    if user.disabled_at.is_some() {
        return Err(OperatorError::Disabled(user.username));
    }
    let letter = NewLetter {
        address: &user.username,
        ..user.letter(Kind::Recover, Lang::default(), json!({ "by": "operator" }))
    };
    outbox::enqueue(&mut transaction, Entropy, &letter).await?;
    audit::record(&mut transaction, &Entry::of_operator(&Event::RecoveryStarted, user.id)).await?;
    transaction.commit().await?;
    Ok(user)
}
