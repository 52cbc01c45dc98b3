//! Hashing a password that somebody has just chosen, for whoever asks without being signed in.

use std::{net::IpAddr, time::Duration};

use sqlx::PgPool;

use super::{
    hasher::{Hasher, HasherError},
    proof::ProofError,
};
use crate::{
    limits::{self, Key, Taken},
    types::PlainPassword,
};

/// What became of a chosen password.
#[must_use]
#[derive(Clone, Debug)]
pub enum NewHash {
    /// It is hashed: a PHC string.
    Hashed(String),
    /// Too many from this network.
    SlowDown(Duration),
    /// Too many passwords are waiting.
    Busy,
}

/// Takes a place in the hasher's queue, then a try from the network's bucket of sign-ups, then hashes:
/// nothing is written before, whoever asks.
///
/// # Errors
/// The database's and the hasher's.
pub async fn new_hash(
    db: &PgPool,
    hasher: &Hasher,
    address: IpAddr,
    password: PlainPassword,
) -> Result<NewHash, ProofError> {
    let place = match hasher.reserve(Key::network(address)) {
        Ok(place) => place,
        Err(HasherError::Busy) => return Ok(NewHash::Busy),
        Err(error) => return Err(error.into()),
    };
    let mut connection = db.acquire().await?;
    if let Taken::No { retry_after } = limits::take_one(&mut connection, Key::sign_up(address), limits::SIGN_UP).await?
    {
        return Ok(NewHash::SlowDown(retry_after));
    }
    // Others may use the connection while this password is hashed.
    drop(connection);
    Ok(NewHash::Hashed(place.hash(password).await?))
}
