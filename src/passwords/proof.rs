//! Password verification, for signing in and for reauthentication; and hashing of new passwords ([`new_hash`]).
//!
//! 1. Reserve a slot in the hasher's queue, or report that it is full.
//! 2. Spend a token before the comparison. All password forms share the same buckets, so none is a second way to guess.
//! 3. Compare the password; for an unknown account, with a dummy hash.
//! 4. [`upgrade`] and [`settle`] refund the tokens of a success, in the transaction that the proof is for.

use sqlx::{PgConnection, PgPool};

use super::{
    hash::Verdict,
    hasher::{Hasher, HasherError, Place},
};
use crate::{
    accounts::{self, Identifier, Login},
    limits::{self, Key, Spend, Tries},
    types::{PlainPassword, Request, SecretToken, Throttled, UserId},
};

/// The result of an attempt.
#[must_use]
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each attempt, taken apart at once")]
pub enum Attempt {
    /// The password is right.
    Proven(Proof),
    /// The password is wrong, or the account is unknown or disabled.
    Refused {
        /// The account, if it exists; never shown to the visitor.
        user_id: Option<UserId>,
    },
    /// Nothing was compared.
    Throttled(Throttled),
}

/// A proven password. Dereferences to the sign-in it is for, whose credentials version guards what is based on it.
#[derive(Debug, derive_more::Deref)]
pub struct Proof {
    #[deref]
    login: Login,
    tries: Tries,
    upgrade: Option<(String, String)>,
}

/// Why an attempt failed without a result.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// A database error.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A hasher error.
    #[error(transparent)]
    Hasher(#[from] HasherError),
}

/// Verifies a password, after counting the attempt in the database. `None` is a password that no account can have;
/// nothing is looked up, hashed or counted for it.
///
/// # Errors
/// Errors of the database and the hasher.
pub async fn attempt(
    db: &PgPool,
    hasher: &Hasher,
    request: &Request,
    identifier: &Identifier,
    password: Option<PlainPassword>,
) -> Result<Attempt, ProofError> {
    let Some(password) = password else { return Ok(Attempt::Refused { user_id: None }) };
    let network = Key::network(request.address);
    let place = match hasher.reserve(network) {
        Ok(place) => place,
        Err(busy) => return Ok(Attempt::Throttled(busy)),
    };
    let mut connection = db.acquire().await?;
    let browser = request.browser.as_ref().map(SecretToken::digest);
    let login = accounts::find_login(&mut connection, identifier, browser.as_ref()).await?;
    let account = login.as_ref().map_or_else(|| Key::name(identifier.as_str()), |login| Key::account(login.user_id));
    let (subject, limit) = match (&login, &browser) {
        (Some(login), Some(browser)) if login.known_browser => {
            (Key::browser(login.user_id, browser), limits::KNOWN_BROWSER)
        }
        _ => (account, limits::ACCOUNT),
    };
    let tries = Tries { network: (network, limits::NETWORK), subject: (subject, limit), account };
    if let Spend::Limited(throttled) = tries.spend(&mut connection).await? {
        return Ok(Attempt::Throttled(throttled));
    }
    // Frees the connection while this password is hashed.
    drop(connection);
    let (verdict, upgrade) = compare(place, password, login.as_ref()).await?;
    match login {
        Some(login) if verdict != Verdict::Wrong && !login.disabled => {
            Ok(Attempt::Proven(Proof { login, tries, upgrade }))
        }
        login => Ok(Attempt::Refused { user_id: login.map(|login| login.user_id) }),
    }
}

/// Compares a password; returns the old and the new hash if it was stored at another cost.
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

/// Stores the hash at the current cost, if the old one was dated. Call it first in the transaction that the proof is
/// for: later statements share a lock on the row, which two concurrent ones could not upgrade.
pub async fn upgrade(connection: &mut PgConnection, proof: &Proof) -> sqlx::Result<()> {
    let Some((old, new)) = &proof.upgrade else { return Ok(()) };
    accounts::upgrade_password_hash(connection, proof.user_id, old, new).await
}

/// Refunds the tokens of a success, in the transaction that the proof is for. Returns the number of failures before it.
pub async fn settle(connection: &mut PgConnection, proof: &Proof) -> sqlx::Result<u32> {
    // Last, because all sign-ins from one network contend for that network's row.
    proof.tries.refund(connection).await
}

/// Reserves a slot in the hasher's queue, spends a token of the network, then hashes; nothing is written before.
/// Returns a PHC string, or why nothing was hashed.
///
/// # Errors
/// Errors of the database and the hasher.
pub async fn new_hash(
    db: &PgPool,
    hasher: &Hasher,
    request: &Request,
    password: PlainPassword,
) -> Result<Result<String, Throttled>, ProofError> {
    let place = match hasher.reserve(Key::network(request.address)) {
        Ok(place) => place,
        Err(busy) => return Ok(Err(busy)),
    };
    let mut connection = db.acquire().await?;
    let key = Key::sign_up(request.address);
    if let Spend::Limited(throttled) = limits::spend_one(&mut connection, key, limits::UNAUTHENTICATED_WRITES).await? {
        return Ok(Err(throttled));
    }
    // Frees the connection while this password is hashed.
    drop(connection);
    Ok(Ok(place.hash(password).await?))
}
