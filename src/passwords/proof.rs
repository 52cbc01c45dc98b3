//! Proving to know an account's password: for signing in, and for whatever asks again.
//!
//! 1. A place in the hasher's queue is taken, or the visitor hears that it is full.
//! 2. A try is taken from the limits before anything is compared; whoever asks for a password spends
//!    from the same buckets, so no page is a second way to guess.
//! 3. The password is compared, for an unknown account with a hash that nothing matches.
//! 4. [`upgrade`] and [`settle`] give back what a success spent, in the transaction of what the proof was for.

use std::{net::IpAddr, time::Duration};

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::{
    hash::Verdict,
    hasher::{Hasher, HasherError, Place},
};
use crate::{
    accounts::{self, Factors, Identifier, Login},
    limits::{self, Key, Success, Taken},
    types::{PlainPassword, SecretToken, UserId},
};

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The client's address.
    pub address: IpAddr,
    /// The cookie by which accounts know the browser.
    pub browser: Option<&'a SecretToken>,
}

/// What the password showed.
#[must_use]
#[derive(Debug)]
pub enum Attempt {
    /// The person knows the password of this account.
    Proven(Proof),
    /// They do not, or there is no such account, or it is closed.
    Refused {
        /// The account that was meant, if there is one; never for the visitor.
        user_id: Option<UserId>,
    },
    /// Too many tries; this one was not looked at.
    SlowDown {
        /// When the next one may come.
        retry_after: Duration,
    },
    /// Too many passwords are waiting; this one was not looked at.
    Busy,
}

/// A proven password.
#[derive(Debug)]
pub struct Proof {
    /// Whose it is.
    pub user_id: UserId,
    /// When it was set, so that what it opens does not outlive it.
    pub password_set_at: Option<OffsetDateTime>,
    /// What else the account can show.
    pub factors: Factors,
    /// When that last changed, so that nothing is opened that weighed other factors.
    pub factors_changed_at: Option<OffsetDateTime>,
    /// Whether the account's owner wants no second factor asked for in this browser.
    pub trusted_browser: bool,
    /// The account is going to be erased, because its owner asked for that.
    pub closing: bool,
    success: Success,
    upgrade: Option<(String, String)>,
}

/// Why an attempt could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The database's.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The hasher's.
    #[error(transparent)]
    Hasher(#[from] HasherError),
}

/// Judges an attempt. Whatever the answer, the try was counted in the database before. `None` is a
/// password that no account can have: nothing is looked up, hashed or counted for it.
///
/// # Errors
/// The database's and the hasher's.
pub async fn attempt(
    db: &PgPool,
    hasher: &Hasher,
    identifier: &Identifier,
    password: Option<PlainPassword>,
    origin: Origin<'_>,
) -> Result<Attempt, ProofError> {
    let Some(password) = password else { return Ok(Attempt::Refused { user_id: None }) };
    let place = match hasher.reserve(Key::network(origin.address)) {
        Ok(place) => place,
        Err(HasherError::Busy) => return Ok(Attempt::Busy),
        Err(error) => return Err(error.into()),
    };
    let mut connection = db.acquire().await?;
    let browser = origin.browser.map(SecretToken::digest);
    let login = accounts::find_login(&mut connection, identifier, browser.as_ref()).await?;
    let account = login.as_ref().map_or_else(|| Key::name(identifier.as_str()), |login| Key::account(login.user_id));
    let (subject, limit) = match (&login, &browser) {
        (Some(login), Some(browser)) if login.known_browser => {
            (Key::browser(login.user_id, browser), limits::KNOWN_BROWSER)
        }
        _ => (account, limits::ACCOUNT),
    };
    let network = (Key::network(origin.address), limits::NETWORK);
    if let Taken::No { retry_after } = limits::take(&mut connection, network, (subject, limit)).await? {
        return Ok(Attempt::SlowDown { retry_after });
    }
    // Others may use the connection while this password is hashed.
    drop(connection);
    let (verdict, upgrade) = compare(place, password, login.as_ref()).await?;
    match login {
        Some(login) if verdict != Verdict::Wrong && !login.disabled => Ok(Attempt::Proven(Proof {
            user_id: login.user_id,
            password_set_at: login.password_set_at,
            factors: login.factors,
            factors_changed_at: login.factors_changed_at,
            trusted_browser: login.trusted_browser,
            closing: login.closing,
            success: Success { network, subject, account },
            upgrade,
        })),
        login => Ok(Attempt::Refused { user_id: login.map(|login| login.user_id) }),
    }
}

/// Compares, and hashes anew what was hashed at another cost: the old hash and the new.
async fn compare(
    place: Place,
    password: PlainPassword,
    login: Option<&Login>,
) -> Result<(Verdict, Option<(String, String)>), HasherError> {
    let stored = login.and_then(|login| login.password_hash.as_deref());
    let (verdict, place) = place.verify(password.clone(), stored).await?;
    let closed = login.is_none_or(|login| login.disabled);
    match (verdict, stored) {
        (Verdict::RightButDated, Some(old)) if !closed => {
            let new = place.hash(password).await?;
            Ok((verdict, Some((old.to_owned(), new))))
        }
        _ => Ok((verdict, None)),
    }
}

/// Stores the hash at the present cost, if the old one was dated: first in the transaction of what the
/// proof was for, because what follows holds on to the row, and two that do could both not change it.
///
/// # Errors
/// Only the database's.
pub async fn upgrade(connection: &mut PgConnection, proof: &Proof) -> sqlx::Result<()> {
    match &proof.upgrade {
        Some((old, new)) => accounts::upgrade_password_hash(connection, proof.user_id, old, new).await,
        None => Ok(()),
    }
}

/// What follows from a proof, in the transaction of what it was for: the tries are given back. Returns how
/// many had failed before.
///
/// # Errors
/// Only the database's.
pub async fn settle(connection: &mut PgConnection, proof: &Proof) -> sqlx::Result<u32> {
    // Last, because every sign-in from one network meets in that network's row.
    limits::give_back(connection, &proof.success).await
}
