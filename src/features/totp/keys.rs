//! The keys that the seeds are sealed with: which are in use, and how the newest comes to be the only one.

use data_encoding::HEXLOWER;
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::{self, Kept};
use crate::{crypto::sealing::SealingKeys, state::AppState, types::TotpId};

/// What the keys that are configured mean for the seeds that are there.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seeds {
    /// There is none, or all of them are sealed with the newest key.
    Newest,
    /// Some are still sealed with an older key, which has to stay until they are not.
    Older,
    /// Some open with none of the keys; these are the names of theirs, in hexadecimal digits.
    Shut(Vec<String>),
}

/// Looks which keys the seeds are sealed with.
///
/// # Errors
/// Only the database's.
pub async fn seeds(connection: &mut PgConnection, keys: &SealingKeys) -> sqlx::Result<Seeds> {
    let heads = store::heads(connection).await?;
    let shut: Vec<_> = heads.iter().filter(|head| !keys.has(head)).collect();
    if !shut.is_empty() {
        let name = |head: &&Vec<u8>| HEXLOWER.encode(head.get(1..).unwrap_or_default());
        return Ok(Seeds::Shut(shut.iter().map(name).collect()));
    }
    let newest = heads.iter().all(|head| keys.is_newest(head));
    Ok(if newest { Seeds::Newest } else { Seeds::Older })
}

/// Seals with the newest key what an older one sealed, and tells how many seeds that were. Every replica may
/// do it at once: a seed that another was faster with stays as it is.
///
/// # Errors
/// Only the database's.
pub async fn reseal(state: &AppState) -> sqlx::Result<u64> {
    let mut connection = state.db.acquire().await?;
    let mut resealed = 0;
    for head in state.keys.sealing.older_heads() {
        let mut after = TotpId(Uuid::nil());
        loop {
            let kept = store::with_head(&mut connection, head, after).await?;
            let Some(last) = kept.last() else { break };
            after = last.id;
            for seed in kept {
                resealed += u64::from(reseal_one(state, &mut connection, &seed).await?);
            }
        }
    }
    Ok(resealed)
}

async fn reseal_one(state: &AppState, connection: &mut PgConnection, kept: &Kept) -> sqlx::Result<bool> {
    let (keys, user_id, row) = (&state.keys.sealing, kept.user_id, kept.id.0);
    let seed = match keys.open(user_id, row, &kept.seed) {
        Ok(seed) => seed,
        Err(error) => {
            tracing::error!(factor = %kept.id, %error, "the seed of an authenticator app cannot be opened");
            return Ok(false);
        }
    };
    match keys.seal(state.entropy, user_id, row, &seed) {
        Some(sealed) => store::replace_seed(connection, kept, &sealed).await,
        None => Ok(false),
    }
}
