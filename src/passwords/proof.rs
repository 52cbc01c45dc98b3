//! Password verification, for signing in and for reauthentication; and hashing of new passwords ([`new_hash`]).
//!
//! 1. Reserve a slot in the hasher's queue, or report that it is full.
//! 2. Spend a token before the comparison. All password forms share the same buckets, so none is a second way to guess.
//! 3. Compare the password; for an unknown account, with a dummy hash.
//! 4. [`settle`] refunds the tokens of a success, in the transaction that the proof is for. If that fails or the
//!    attempt is cancelled, the tokens are refunded once the database responds.

use sqlx::PgConnection;

use super::{
    hash::Verdict,
    hasher::{Hasher, HasherError, Place},
};
use crate::{
    accounts::{self, Identifier, Login},
    audit::Unit,
    limits::{self, Key, Limits, Spent, Tries},
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
    spent: Spent,
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
    limits: &Limits,
    hasher: &Hasher,
    request: &Request,
    identifier: &Identifier,
    password: Option<PlainPassword>,
) -> Result<Attempt, ProofError> {
    let Some(password) = password else { return Ok(Attempt::Refused { user_id: None }) };
    let place = match hasher.reserve(request.address) {
        Ok(place) => place,
        Err(busy) => return Ok(Attempt::Throttled(busy)),
    };
    let mut connection = limits.db().acquire().await?;
    let browser = request.browser.as_ref().map(SecretToken::digest);
    let login = accounts::find_login(&mut connection, identifier, browser.as_ref()).await?;
    let account = login.as_ref().map_or_else(|| Key::name(identifier.as_str()), |login| Key::account(login.user_id));
    let known = login.as_ref().and_then(|login| Some(Key::browser(login.user_id, login.known_browser?)));
    let subject = known.map_or((account, limits::ACCOUNT), |browser| (browser, limits::KNOWN_BROWSER));
    let tries = Tries { network: limits::failed_sign_ins(request.address), subject, account };
    let spent = match limits.spend(&mut connection, &tries).await? {
        Ok(spent) => spent,
        Err(throttled) => return Ok(Attempt::Throttled(throttled)),
    };
    // Frees the connection while this password is hashed.
    drop(connection);
    let (verdict, upgrade) = compare(place, password, login.as_ref()).await?;
    match login {
        Some(login) if verdict != Verdict::Wrong && !login.disabled => {
            Ok(Attempt::Proven(Proof { login, tries, spent, upgrade }))
        }
        login => {
            spent.keep();
            Ok(Attempt::Refused { user_id: login.map(|login| login.user_id) })
        }
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
pub async fn settle(unit: &mut Unit, proof: &Proof) -> sqlx::Result<u32> {
    unit.decide(&proof.spent);
    // Last, because all sign-ins from one network contend for that network's row.
    proof.tries.refund(unit).await
}

impl Proof {
    /// Keeps the tokens of a right password that was refused for another reason.
    pub fn keep(&self) {
        self.spent.keep();
    }

    /// Refunds the tokens where nothing follows from the proof.
    pub async fn refund(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        self.tries.refund(connection).await?;
        self.spent.keep();
        Ok(())
    }
}

/// The hash of a new password, and what the attempt to set it spent.
#[derive(Debug)]
pub struct NewHash {
    /// A PHC string.
    pub hash: String,
    /// A token of the network.
    pub spent: Spent,
}

/// Reserves a slot in the hasher's queue, spends a token of the network, then hashes; nothing is written before.
/// Returns the hash, or why nothing was hashed.
///
/// # Errors
/// Errors of the database and the hasher.
pub async fn new_hash(
    limits: &Limits,
    hasher: &Hasher,
    request: &Request,
    password: PlainPassword,
) -> Result<Result<NewHash, Throttled>, ProofError> {
    let place = match hasher.reserve(request.address) {
        Ok(place) => place,
        Err(busy) => return Ok(Err(busy)),
    };
    let mut connection = limits.db().acquire().await?;
    let buckets = limits::unauthenticated_writes(request.address);
    let spent = match limits.spend_all(&mut connection, &buckets).await? {
        Ok(spent) => spent,
        Err(throttled) => return Ok(Err(throttled)),
    };
    // Frees the connection while this password is hashed.
    drop(connection);
    Ok(Ok(NewHash { hash: place.hash(password).await?, spent }))
}
