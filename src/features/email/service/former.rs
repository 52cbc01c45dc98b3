//! The use case: ending the undo of an address change, for an owner who no longer trusts the old mailbox.
//!
//! The undo protects an owner whose account someone else took over, so that person must not be able to end it. Three
//! conditions must hold:
//!
//! 1. Recent authentication at the strongest level of the account, which the route requires.
//! 2. [`UNDISTURBED`] has passed since the change, so that the old mailbox always has that much time.
//! 3. Something belonged to the account [`SETTLED`] before the change: one of its second factors, used just now; or, if
//!    it had none then, the browser. Factors and browsers that an intruder added shortly before do not count.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::super::store::{self, Open};
use crate::{
    accounts::{self, FactorKind, ListedFactor},
    audit::Event,
    sessions::{self, FRESH, LiveSession, known_browsers},
    state::AppState,
    types::{Request, SecretToken},
    web::AppError,
};

/// How long an undo is always possible.
const UNDISTURBED: Duration = Duration::from_secs(86_400);
/// How much older than the change a browser or a factor must be.
const SETTLED: Duration = Duration::from_secs(7 * 86_400);

/// A former address that can still take the account back.
#[derive(Clone, Debug)]
pub struct Former {
    /// Identifies the replacement.
    open: Open,
    /// Whether this user may close it now.
    pub closable: bool,
}

impl Former {
    /// The address.
    pub fn address(&self) -> &str {
        &self.open.address
    }
}

/// Lists the former addresses that can still take the account back.
pub async fn list(state: &AppState, request: &Request, live: &LiveSession) -> Result<Vec<Former>, AppError> {
    Ok(judge(&mut *state.db.acquire().await?, state.factors, request, live).await?)
}

/// Ends every undo that this user may end. Returns whether there was one.
pub async fn close(state: &AppState, request: &Request, live: &LiveSession) -> Result<bool, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    // A way back that is being used waits here, or is waited for: then this session has ended.
    if !accounts::lock(&mut unit, live.user_id).await? || !sessions::lock(&mut unit, live.id).await? {
        return Err(AppError::SignIn { next: None });
    }
    let former = judge(&mut unit, state.factors, request, live).await?;
    let ids: Vec<_> = former.iter().filter(|former| former.closable).map(|former| former.open.id).collect();
    if ids.is_empty() {
        return Ok(false);
    }
    store::close(&mut unit, live.user_id, &ids).await?;
    unit.record(Event::EmailUndoClosed, live.user_id, Some(live.id));
    unit.commit().await?;
    Ok(true)
}

async fn judge(
    connection: &mut PgConnection,
    kinds: &[&FactorKind],
    request: &Request,
    live: &LiveSession,
) -> sqlx::Result<Vec<Former>> {
    let open = store::open(connection, live.user_id).await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let mut factors = Vec::new();
    for kind in kinds.iter().filter(|kind| !kind.stands_in) {
        factors.extend((kind.list)(connection, live.user_id).await?);
    }
    let browser = match request.browser.as_ref().map(SecretToken::digest) {
        Some(browser) => known_browsers::known_since(connection, live.user_id, &browser).await?,
        None => None,
    };
    let judged = open.into_iter().map(|open| Former { closable: may_close(&open, &factors, browser), open });
    Ok(judged.collect())
}

fn may_close(open: &Open, factors: &[ListedFactor], browser: Option<OffsetDateTime>) -> bool {
    let settled = |since: OffsetDateTime| since + SETTLED < open.replaced_at;
    let mut old = factors.iter().filter(|factor| settled(factor.created_at)).peekable();
    let belongs = if old.peek().is_some() {
        old.any(|factor| factor.last_used_at.is_some_and(|used| open.now - used < FRESH))
    } else {
        browser.is_some_and(settled)
    };
    belongs && open.replaced_at + UNDISTURBED < open.now
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const WEEK: Duration = SETTLED;

    fn ago(age: Duration) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + 100 * WEEK - age
    }

    fn replaced(age: Duration) -> Open {
        Open { id: Uuid::nil(), address: "a@example.com".into(), replaced_at: ago(age), now: ago(Duration::ZERO) }
    }

    fn factor(added: Duration, used: Option<Duration>) -> ListedFactor {
        let (created_at, last_used_at) = (ago(added), used.map(ago));
        ListedFactor { id: Uuid::nil(), name: String::new(), created_at, last_used_at, synced: false, saved: true }
    }

    #[test]
    fn a6_what_is_a_week_older_than_the_change_closes_the_way_back_a_day_after_it() {
        let (old, young) = (Some(ago(9 * 24 * HOUR)), Some(ago(8 * 24 * HOUR)));
        assert!(may_close(&replaced(25 * HOUR), &[], old));
        assert!(!may_close(&replaced(23 * HOUR), &[], old), "within the day nothing does");
        assert!(!may_close(&replaced(25 * HOUR), &[], young), "a browser that came shortly before the change");
        assert!(!may_close(&replaced(25 * HOUR), &[], None));
    }

    #[test]
    fn a6_where_there_was_a_second_factor_only_that_closes_the_way_back() {
        let (old_browser, just_now) = (Some(ago(20 * WEEK)), Some(HOUR / 60));
        let old = |used| factor(9 * 24 * HOUR, used);
        let close = |factors: &[ListedFactor]| may_close(&replaced(25 * HOUR), factors, old_browser);
        assert!(close(&[old(just_now)]) && close(&[factor(HOUR, just_now), old(just_now)]));
        assert!(!close(&[old(Some(HOUR))]) && !close(&[old(None)]));
        assert!(!close(&[old(None), factor(26 * HOUR, just_now)]), "a factor that an intruder added");
        assert!(close(&[factor(HOUR, just_now)]), "there was none before the change, so the browser decides");
    }
}
