//! Creates and rotates keys. Both hold a lock, so that two replicas never create the same successor.

use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use uuid::Uuid;
use vestibule_jose::SigningKey;

use super::{
    KeyState, KeysError, SigningAlgorithm, SigningKeys,
    model::{Stored, Terms},
    store::{self, NewKey},
};
use crate::{audit::Event, crypto::sealing::SealingKeys, types::random_uuid};

/// What became of a rotation.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rotated {
    /// This key was created, and signs from then on.
    Created(String, OffsetDateTime),
    /// This one waits for its turn already.
    Waiting(String, OffsetDateTime),
    /// The key that signs has time left.
    NotDue,
}

/// What became of a retirement.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retired {
    /// The key is gone; it was in this state.
    Done(SigningAlgorithm, KeyState),
    /// No published key has that name.
    Unknown,
}

impl SigningKeys {
    /// Creates the successors that are due, and returns how many those were.
    ///
    /// # Errors
    /// When the database is unavailable, or no key can be created.
    pub async fn rotate_due(&self) -> Result<u64, KeysError> {
        let mut created = 0;
        let published = store::list(&mut *self.0.by.db.acquire().await?).await?;
        for alg in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
            let rows = self.opened(published.clone(), alg);
            let due = last(&rows).is_some_and(|last| is_due(last, &self.0.terms));
            if due && matches!(self.succeed(alg, true).await?, Rotated::Created(..)) {
                created += 1;
            }
        }
        Ok(created)
    }

    /// Creates the successor of the key that signs, whether it is due or not. Without one, creates the first.
    ///
    /// # Errors
    /// When the database is unavailable, or no key can be created.
    pub async fn rotate(&self, alg: SigningAlgorithm) -> Result<Rotated, KeysError> {
        self.succeed(alg, false).await
    }

    /// Stops signing with a key and publishing it, at once. A successor that waits takes its turn early.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn retire(&self, kid: &str) -> Result<Retired, KeysError> {
        let mut unit = self.0.by.begin().await?;
        store::lock(&mut unit).await?;
        let rows = store::list(&mut unit).await?;
        let Some(key) = rows.iter().find(|row| row.kid == kid) else { return Ok(Retired::Unknown) };
        let (alg, state) = (key.alg, key.state_at(key.now));
        store::delete(&mut unit, key.id).await?;
        let others = self.opened(rows.iter().filter(|row| row.kid != kid).cloned().collect(), alg);
        if !others.iter().any(|row| row.state_at(row.now) == KeyState::Signing) {
            promote(&mut unit, &others).await?;
        }
        unit.record_without_account(Event::SigningKeyRetired { kid: kid.to_owned(), alg: alg.code().to_owned() });
        unit.commit().await?;
        tracing::warn!(kid, alg = alg.code(), "retired a signing key: its tokens are refused");
        Ok(Retired::Done(alg, state))
    }

    /// Seals with the newest secret what an older one sealed, and returns how many keys that were. Every replica may do
    /// it at once: a key that another has re-sealed stays as it is.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn reseal(&self) -> sqlx::Result<u64> {
        let (mut connection, sealing) = (self.0.by.db.acquire().await?, &self.0.sealing);
        let mut count = 0;
        for row in store::list(&mut connection).await?.iter().filter(|row| !sealing.is_newest(&row.sealed)) {
            let opened = sealing.open(Uuid::nil(), row.id, &row.sealed);
            let Some(sealed) = opened.ok().and_then(|key| sealing.seal(Uuid::nil(), row.id, &key)) else { continue };
            count += u64::from(store::replace_sealed(&mut connection, row.id, &row.sealed, &sealed).await?);
        }
        if count > 0 {
            tracing::info!(keys = count, "re-encrypted signing keys with the newest key");
        }
        Ok(count)
    }

    /// Creates the key that signs after the last one: from the end of its turn, but published long enough before.
    async fn succeed(&self, alg: SigningAlgorithm, only_due: bool) -> Result<Rotated, KeysError> {
        let (new, terms) = (self.generate(alg).await?, &self.0.terms);
        let mut unit = self.0.by.begin().await?;
        store::lock(&mut unit).await?;
        let rows = self.opened(store::list(&mut unit).await?, alg);
        let now = store::now(&mut unit).await?;
        let from = match last(&rows) {
            Some(last) if now < last.signs_from => return Ok(Rotated::Waiting(last.kid.clone(), last.signs_from)),
            Some(last) if only_due && !is_due(last, terms) => return Ok(Rotated::NotDue),
            Some(last) => {
                let soonest = now + terms.ahead;
                let from = if only_due { soonest.max(last.signs_until) } else { soonest };
                store::stop_at(&mut unit, last.id, from, terms.afterwards).await?;
                from
            }
            None => now,
        };
        store::insert(&mut unit, &new, from, terms.rotation, terms.afterwards).await?;
        let (kid, named) = (new.kid.clone(), alg.code().to_owned());
        unit.record_without_account(if rows.is_empty() {
            Event::SigningKeyCreated { kid, alg: named }
        } else {
            Event::SigningKeyRotated { kid, alg: named }
        });
        unit.commit().await?;
        tracing::info!(kid = new.kid, alg = alg.code(), signs_from = %from, "created a signing key");
        Ok(Rotated::Created(new.kid, from))
    }

    /// Those of an algorithm that the configured secrets open.
    fn opened(&self, mut rows: Vec<Stored>, alg: SigningAlgorithm) -> Vec<Stored> {
        rows.retain(|row| row.alg == alg && opens(row, &self.0.sealing));
        rows
    }

    /// Creates a key, where blocking is fine: RSA takes a large part of a second.
    async fn generate(&self, alg: SigningAlgorithm) -> Result<NewKey, KeysError> {
        let sealing = self.0.sealing.clone();
        let created = spawn_blocking(move || {
            let (key, pkcs8) = SigningKey::generate(alg.into())?;
            let id = random_uuid();
            let sealed = sealing.seal(Uuid::nil(), id, &pkcs8).ok_or(KeysError::NoSecret)?;
            let public_jwk = serde_json::to_value(key.public()).unwrap_or_default();
            Ok(NewKey { id, kid: key.public().kid().to_owned(), alg, sealed, public_jwk })
        });
        created.await.map_err(|_| KeysError::CutOff)?
    }
}

/// Has a key sign now: the one that waits, or a new one. Does nothing if another replica was faster.
pub(super) async fn begin(keys: &SigningKeys, alg: SigningAlgorithm) -> Result<(), KeysError> {
    let (new, terms) = (keys.generate(alg).await?, &keys.0.terms);
    let mut unit = keys.0.by.begin().await?;
    store::lock(&mut unit).await?;
    let rows = keys.opened(store::list(&mut unit).await?, alg);
    if rows.iter().any(|row| row.state_at(row.now) == KeyState::Signing) {
        return Ok(());
    }
    if !promote(&mut unit, &rows).await? {
        let now = store::now(&mut unit).await?;
        store::insert(&mut unit, &new, now, terms.rotation, terms.afterwards).await?;
        unit.record_without_account(Event::SigningKeyCreated { kid: new.kid.clone(), alg: alg.code().to_owned() });
        tracing::info!(kid = new.kid, alg = alg.code(), "created a signing key");
    }
    unit.commit().await?;
    Ok(())
}

/// Has the key that waits sign at once. Returns whether there was one.
async fn promote(connection: &mut PgConnection, rows: &[Stored]) -> sqlx::Result<bool> {
    let waiting = rows.iter().filter(|row| row.state_at(row.now) == KeyState::Waiting);
    let Some(next) = waiting.min_by_key(|row| row.signs_from) else { return Ok(false) };
    store::begin_now(connection, next.id).await?;
    Ok(true)
}

/// The key that signs last, of those that still sign or will.
fn last(rows: &[Stored]) -> Option<&Stored> {
    let rows = rows.iter().filter(|row| row.state_at(row.now) != KeyState::Stopped);
    rows.max_by_key(|row| (row.signs_from, row.id))
}

/// Returns whether the last key needs a successor now.
fn is_due(last: &Stored, terms: &Terms) -> bool {
    last.state_at(last.now) == KeyState::Signing && last.signs_until <= last.now + terms.ahead
}

fn opens(row: &Stored, sealing: &SealingKeys) -> bool {
    sealing.open(Uuid::nil(), row.id, &row.sealed).is_ok()
}
