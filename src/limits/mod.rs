//! Rate limits and failure caps, stored in `PostgreSQL` so that they hold across replicas and restarts.
//!
//! A [`Limit`] is a token bucket, implemented as the generic cell rate algorithm (ITU-T I.371): `burst` tokens, and one
//! more each `refill`. A token is spent *before* the password is compared, in one statement. Parallel guesses cannot
//! bypass it (Keycloak CVE-2024-4629), and a rolled-back failure cannot restore it (CVE-2026-35597). A success resets
//! only the bucket it drew from; the network gets one token back. An attempt that a fault on our side interrupts costs
//! nothing ([`Spent`]).
//!
//! Limits of networks have wider buckets too, because one IPv6 subscriber may have 65,536 of the narrow ones: a /56 has
//! twice the tokens of a /64 and a /48 four times, so that one /64 alone cannot lock its neighbours out.
//!
//! A browser that signed in to the account before has a bucket of its own; all others share the account's. So attackers
//! slow each other down, never the owner.

mod key;
pub mod per_network;
mod refill;
mod spent;

use std::{net::IpAddr, time::Duration};

use sqlx::PgConnection;

use crate::types::{AppId, Throttled, UserId};

pub use key::Key;
pub use refill::{NOBODYS_MAX, forget, refill, sweep};
pub use spent::{Limits, Spent};

/// A token bucket with a cap on consecutive failures.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Bucket size.
    pub burst: u32,
    /// Time until one more token.
    pub refill: Duration,
    /// The cap on consecutive failures.
    pub cap: Cap,
}

/// The number of consecutive failures that block further attempts (NIST SP 800-63B section 3.2.2), and for how long.
#[derive(Clone, Copy, Debug)]
pub enum Cap {
    /// No cap: only the bucket counts.
    Never,
    /// Until a month without attempts, or a reset. For first factors.
    Month(u32),
    /// Until a reset. For second factors, because the attacker knows the password.
    ForGood(u32),
}

impl Cap {
    /// The cap as the database compares it.
    fn failures(self) -> i32 {
        match self {
            Self::Never => i32::MAX,
            Self::Month(failures) | Self::ForGood(failures) => failures.cast_signed(),
        }
    }
}

/// Sign-in attempts at one account from unknown browsers: 10, then 40 an hour, 100 in all.
pub const ACCOUNT: Limit = Limit { burst: 10, refill: Duration::from_secs(90), cap: Cap::Month(100) };
/// Sign-in attempts at one account from one known browser.
pub const KNOWN_BROWSER: Limit = Limit { burst: 10, refill: Duration::from_secs(30), cap: Cap::Month(100) };
/// Failed sign-ins from one network, at any accounts: 50, then 10 a minute.
pub const NETWORK: Limit = Limit { burst: 50, refill: Duration::from_secs(6), cap: Cap::Never };
/// Unauthenticated writes, such as sign-ups, from one network: 100, then 6 a minute.
pub const UNAUTHENTICATED_WRITES: Limit = Limit { burst: 100, refill: Duration::from_secs(10), cap: Cap::Never };

/// Second-factor attempts at one account, after the right password: 5, then one a minute. Changing the password does
/// not refill the bucket.
pub const FACTOR: Limit = Limit { burst: 5, refill: Duration::from_secs(60), cap: Cap::ForGood(100) };
/// Recovery codes tried at one account. They cannot be guessed, so they still work when [`FACTOR`] is exhausted.
pub const RECOVERY_CODE: Limit = Limit { burst: 10, refill: Duration::from_secs(60), cap: Cap::Never };
/// Enrolment codes of authenticator apps of one account: 10, then one a minute.
pub const ENROLMENT: Limit = Limit { burst: 10, refill: Duration::from_secs(60), cap: Cap::Never };
/// WebAuthn challenges for one network or one account: 200, then one a second.
pub const CEREMONIES: Limit = Limit { burst: 200, refill: Duration::from_secs(1), cap: Cap::Never };
/// Requests from one network by apps that did not authenticate: 50, then 10 a minute.
pub const CLIENTS: Limit = Limit { burst: 50, refill: Duration::from_secs(6), cap: Cap::Never };
/// The same for one app, from all networks: 200, then one a second.
pub const CLIENTS_OF_APP: Limit = Limit { burst: 200, refill: Duration::from_secs(1), cap: Cap::Never };
/// Documents that clients describe themselves in, read for one network: 20, then 6 a minute.
pub const DOCUMENTS: Limit = Limit { burst: 20, refill: Duration::from_secs(10), cap: Cap::Never };

/// Account changes that are audited and cost nothing else: 60, then 6 a minute.
pub const CHANGES: Limit = Limit { burst: 60, refill: Duration::from_secs(10), cap: Cap::Never };
/// Requested emails to one address: 3, then 3 an hour.
pub const EMAILS: Limit = Limit { burst: 3, refill: Duration::from_secs(1200), cap: Cap::Never };
/// Requested emails to an address outside the requester's account: 10, then 10 an hour.
pub const EMAILS_TO_OTHERS: Limit = Limit { burst: 10, refill: Duration::from_secs(360), cap: Cap::Never };

/// Reported sign-ins from new browsers that look the same: one a minute.
pub const SAME_BROWSER: Limit = Limit { burst: 1, refill: Duration::from_secs(60), cap: Cap::Never };

/// A bucket's key and limit.
pub type Bucket = (Key, Limit);

impl Limit {
    /// This limit with `times` the tokens, for a wider network.
    fn times(self, times: u32) -> Self {
        Self { burst: self.burst * times, refill: self.refill / times, ..self }
    }

    /// The time in which an empty bucket fills.
    fn capacity(self) -> f64 {
        self.refill.as_secs_f64() * f64::from(self.burst)
    }
}

/// Failed sign-ins from a client's network and the wider ones around it.
pub fn failed_sign_ins(address: IpAddr) -> Vec<Bucket> {
    around("network", address, NETWORK)
}

/// Unauthenticated writes, such as sign-ups, from a client's networks.
pub fn unauthenticated_writes(address: IpAddr) -> Vec<Bucket> {
    around("sign-up", address, UNAUTHENTICATED_WRITES)
}

/// Long return paths stored for a client's networks.
pub fn return_paths(address: IpAddr) -> Vec<Bucket> {
    around("return-paths", address, UNAUTHENTICATED_WRITES)
}

/// Requests of apps that did not authenticate, from a client's networks and at the app that they named. A request with
/// the right secret spends nothing and is never refused.
pub fn failed_clients(address: IpAddr, app: Option<AppId>) -> Vec<Bucket> {
    let networks = around("clients", address, CLIENTS);
    networks.into_iter().chain(app.map(|app| (Key::app(app), CLIENTS_OF_APP))).collect()
}

/// WebAuthn challenges for discoverable credentials, by a client's networks.
pub fn ceremonies(address: IpAddr) -> Vec<Bucket> {
    around("ceremonies", address, CEREMONIES)
}

/// Requests of apps that wait for someone to sign in, by a client's networks.
pub fn app_requests(address: IpAddr) -> Vec<Bucket> {
    around("app-requests", address, CEREMONIES)
}

/// Documents of clients that are read for a client's networks. One that was read lately spends nothing.
pub fn documents(address: IpAddr) -> Vec<Bucket> {
    around("documents", address, DOCUMENTS)
}

fn around(kind: &str, address: IpAddr, limit: Limit) -> Vec<Bucket> {
    Key::around(kind, address).into_iter().zip([1, 2, 4]).map(|(key, times)| (key, limit.times(times))).collect()
}

/// The result of spending a token.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Spend {
    /// One token was spent from every bucket.
    Allowed,
    /// A bucket is exhausted; nothing was spent from the ones after it.
    Limited(Throttled),
}

/// Spends one token of each `network`, the narrowest first, then one of `subject`.
///
/// The order is fixed, so that concurrent statements do not deadlock, and an exhausted network cannot drain a wider
/// one's bucket or an account's.
pub async fn spend(connection: &mut PgConnection, network: &[Bucket], subject: Bucket) -> sqlx::Result<Spend> {
    let Some((widest, narrower)) = network.split_last() else {
        return spend_one(connection, subject.0, subject.1).await;
    };
    if let Spend::Limited(throttled) = spend_narrower(connection, narrower, widest).await? {
        return Ok(Spend::Limited(throttled));
    }
    let taken = sqlx::query!(
        r#"
        with quick as materialized (
            -- A crash of the server may lose the last counts, never a promise made to a visitor.
            select set_config('synchronous_commit', 'off', true) as quick
        ), network as (
            insert into attempt_limits as l (key, full_at, failures)
            select $1, now() + make_interval(secs => $2), 0 from quick
            on conflict (key) do update
            set full_at = bucket_full_at(l.full_at, l.used_at, make_interval(secs => $3)) + make_interval(secs => $2),
                used_at = now()
            where bucket_full_at(l.full_at, l.used_at, make_interval(secs => $3)) + make_interval(secs => $2)
                <= now() + make_interval(secs => $3)
            returning 1
        ), subject as (
            insert into attempt_limits as l (key, full_at, failures, nobodys)
            select $4, now() + make_interval(secs => $5), 1, $9 from network
            on conflict (key) do update
            set full_at = bucket_full_at(l.full_at, l.used_at, make_interval(secs => $6)) + make_interval(secs => $5),
                failures = l.failures + 1,
                -- What is closed for good is never swept.
                used_at = case when $8 and l.failures + 1 >= $7 then 'infinity' else now() end
            where bucket_full_at(l.full_at, l.used_at, make_interval(secs => $6)) + make_interval(secs => $5)
                <= now() + make_interval(secs => $6) and l.failures < $7
            returning 1
        )
        select exists (select 1 from subject) as "taken!"
        "#,
        widest.0.bytes(),
        widest.1.refill.as_secs_f64(),
        widest.1.capacity(),
        subject.0.bytes(),
        subject.1.refill.as_secs_f64(),
        subject.1.capacity(),
        subject.1.cap.failures(),
        matches!(subject.1.cap, Cap::ForGood(_)),
        subject.0.is_nobodys(),
    )
    .fetch_one(&mut *connection)
    .await?;
    if taken.taken {
        return Ok(Spend::Allowed);
    }
    Ok(Spend::Limited(slow_down(wait(connection, &[*widest, subject]).await?)))
}

/// Spends one token of a single bucket.
pub async fn spend_one(connection: &mut PgConnection, key: Key, limit: Limit) -> sqlx::Result<Spend> {
    let taken = sqlx::query_scalar!(
        r#"
        insert into attempt_limits as l (key, full_at) values ($1, now() + make_interval(secs => $2))
        on conflict (key) do update
        set full_at = bucket_full_at(l.full_at, l.used_at, make_interval(secs => $3)) + make_interval(secs => $2),
            used_at = now()
        where bucket_full_at(l.full_at, l.used_at, make_interval(secs => $3)) + make_interval(secs => $2)
            <= now() + make_interval(secs => $3)
        returning true as "taken!"
        "#,
        key.bytes(),
        limit.refill.as_secs_f64(),
        limit.capacity(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    if taken.is_some() {
        return Ok(Spend::Allowed);
    }
    Ok(Spend::Limited(slow_down(wait(connection, &[(key, limit)]).await?)))
}

/// Spends one token of each bucket, the narrowest network's first.
pub async fn spend_all(connection: &mut PgConnection, buckets: &[Bucket]) -> sqlx::Result<Spend> {
    let Some((widest, narrower)) = buckets.split_last() else { return Ok(Spend::Allowed) };
    match spend_narrower(connection, narrower, widest).await? {
        Spend::Allowed => spend_one(connection, widest.0, widest.1).await,
        limited @ Spend::Limited(_) => Ok(limited),
    }
}

/// Spends one token of each network except the widest. Checks the wider ones first, without spending: a subscriber with
/// many narrow networks must not create a row for each.
async fn spend_narrower(connection: &mut PgConnection, narrower: &[Bucket], widest: &Bucket) -> sqlx::Result<Spend> {
    let wider: Vec<_> = narrower.iter().skip(1).chain([widest]).copied().collect();
    if !narrower.is_empty()
        && let Some(wait) = wait(connection, &wider).await?
    {
        return Ok(Spend::Limited(Throttled::slow_down(wait)));
    }
    for (key, limit) in narrower {
        if let Spend::Limited(throttled) = spend_one(connection, *key, *limit).await? {
            return Ok(Spend::Limited(throttled));
        }
    }
    Ok(Spend::Allowed)
}

/// Waits at least a second, even if a token came back meanwhile.
fn slow_down(wait: Option<Duration>) -> Throttled {
    Throttled::slow_down(wait.unwrap_or(Duration::from_secs(1)))
}

/// The time until each of these buckets has a token again; `None` when all have one.
async fn wait(connection: &mut PgConnection, buckets: &[Bucket]) -> sqlx::Result<Option<Duration>> {
    let mut longest = None;
    for (key, limit) in buckets {
        let row = sqlx::query!(
            r#"
            select failures, extract(epoch from
                bucket_full_at(full_at, used_at, make_interval(secs => $2)) - now())::float8 as "full_in!"
            from attempt_limits where key = $1
            "#,
            key.bytes(),
            limit.capacity(),
        )
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { continue };
        let wait = if row.failures >= limit.cap.failures() {
            86_400.0
        } else {
            row.full_in + limit.refill.as_secs_f64() - limit.capacity()
        };
        if wait > 0.0 {
            longest = longest.max(Duration::try_from_secs_f64(wait.ceil()).ok());
        }
    }
    Ok(longest)
}

/// Counts a failure without spending a token. Returns the number of consecutive failures since the last [`refill`].
pub async fn count_failure(connection: &mut PgConnection, key: Key) -> sqlx::Result<u32> {
    let failures = sqlx::query_scalar!(
        r#"
        insert into attempt_limits as l (key, full_at, failures) values ($1, now(), 1)
        on conflict (key) do update set failures = l.failures + 1, used_at = now() returning failures
        "#,
        key.bytes(),
    )
    .fetch_one(connection)
    .await?;
    Ok(failures.unsigned_abs())
}

/// The buckets of one attempt: spent before it, refunded after a success.
#[derive(Clone, Debug)]
pub struct Tries {
    /// The network's buckets.
    pub network: Vec<Bucket>,
    /// The bucket it draws from: the account's, or that of a known browser or a factor.
    pub subject: Bucket,
    /// The account's bucket, possibly the same.
    pub account: Key,
}

impl Tries {
    /// Attempts at one kind of factor of an account. All pages, sign-ins and browsers share them, so a new password or
    /// sign-in refills nothing.
    pub fn at_factor(code: &str, limit: Limit, user_id: UserId, address: IpAddr) -> Self {
        let account = Key::factor(code, user_id);
        Self { network: failed_sign_ins(address), subject: (account, limit), account }
    }

    /// Refunds after a success; must be the last statement of its transaction. The subject's bucket is deleted, the
    /// network's gets one token back, and the account's failures are reset unless they reached the cap. Other networks'
    /// and browsers' buckets stay as they are. Returns the failures since the last success, at the account or from this
    /// browser.
    ///
    /// The network's bucket is locked first, as in [`spend`]: two concurrent sign-ins of one user would otherwise
    /// deadlock. PostgreSQL would run the final `delete` before the parts of its `with`; reading their counts enforces
    /// the order.
    pub async fn refund(&self, connection: &mut PgConnection) -> sqlx::Result<u32> {
        let Some((widest, narrower)) = self.network.split_last() else { return Ok(0) };
        for bucket in narrower {
            spent::give_back(connection, *bucket, 0).await?;
        }
        let failed = sqlx::query_scalar!(
            r#"
            with network as (
                update attempt_limits set full_at = full_at - make_interval(secs => $2) where key = $1 returning 1
            ), account as (
                update attempt_limits a set failures = 0 from attempt_limits before
                where (select count(*) from network) >= 0 and a.key = $4 and a.key <> $3 and a.failures < $5
                    and before.key = a.key
                returning before.failures
            ), subject as (
                delete from attempt_limits where (select count(*) from account) >= 0 and key = $3
                -- This try was counted as a failure before it was looked at.
                returning failures - 1 as failures
            )
            select greatest((select max(failures) from account), (select max(failures) from subject), 0) as "failed!"
            "#,
            widest.0.bytes(),
            widest.1.refill.as_secs_f64(),
            self.subject.0.bytes(),
            self.account.bytes(),
            ACCOUNT.cap.failures(),
        )
        .fetch_one(connection)
        .await?;
        Ok(u32::try_from(failed).unwrap_or_default())
    }
}
