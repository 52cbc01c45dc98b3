//! Limits on trying, kept in `PostgreSQL` so that they hold across replicas and restarts.
//!
//! A [`Limit`] is a bucket of the generic cell rate algorithm (ITU-T I.371): `burst` tries at once,
//! then one each `refill`. A try is taken *before* the password is compared, in one statement, so
//! that parallel guesses cannot beat it (Keycloak CVE-2024-4629) and a failure that rolls back
//! cannot lose it (CVE-2026-35597). What is given back is given back by the right owner alone:
//! a success clears the bucket that it spent from, and of a network's bucket only its own try.
//!
//! Whoever presents a browser that has signed in to the account before spends from that browser's
//! bucket; everybody else shares the account's. So strangers slow each other down, never the owner.

mod key;
pub mod per_network;
mod refill;

use std::{net::IpAddr, time::Duration};

use sqlx::PgConnection;

use crate::types::UserId;

pub use key::Key;
pub use refill::{forget, forget_factors, refill, sweep};

/// How often something may be tried.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Tries at once.
    pub burst: u32,
    /// Time for one more.
    pub refill: Duration,
    /// When failures in a row are too many.
    pub cap: Cap,
}

/// After how many failures in a row nothing is tried any more (NIST SP 800-63B section 3.2.2), and for how long.
#[derive(Clone, Copy, Debug)]
pub enum Cap {
    /// Never: only the bucket counts.
    Never,
    /// Until a month has passed without a try, or something opens it: who guessed knew nothing else.
    Month(u32),
    /// Until something opens it: who guessed knew the password.
    ForGood(u32),
}

impl Cap {
    /// As the database compares it.
    fn failures(self) -> i32 {
        match self {
            Self::Never => i32::MAX,
            Self::Month(failures) | Self::ForGood(failures) => failures.cast_signed(),
        }
    }
}

/// Guesses at one account by browsers it does not know: 10, then 40 an hour, 100 in all.
pub const ACCOUNT: Limit = Limit { burst: 10, refill: Duration::from_secs(90), cap: Cap::Month(100) };
/// Guesses by one browser that has signed in to the account before.
pub const KNOWN_BROWSER: Limit = Limit { burst: 10, refill: Duration::from_secs(30), cap: Cap::Month(100) };
/// Failed sign-ins from one network, at whatever accounts: 50, then 10 a minute.
pub const NETWORK: Limit = Limit { burst: 50, refill: Duration::from_secs(6), cap: Cap::Never };
/// Sign-ups from one network: 100, then 6 a minute.
pub const SIGN_UP: Limit = Limit { burst: 100, refill: Duration::from_secs(10), cap: Cap::Never };

/// Guesses at the second factor of one account, by whoever knows its password: 5, then one a minute. A fresh
/// password refills nothing.
pub const FACTOR: Limit = Limit { burst: 5, refill: Duration::from_secs(60), cap: Cap::ForGood(100) };
/// Recovery codes tried at one account. They cannot be guessed, so they stay when [`FACTOR`] is spent.
pub const RECOVERY_CODE: Limit = Limit { burst: 10, refill: Duration::from_secs(60), cap: Cap::Never };
/// First codes of apps that one account sets up: 10, then one a minute.
pub const ENROLMENT: Limit = Limit { burst: 10, refill: Duration::from_secs(60), cap: Cap::Never };
/// Challenges for passkeys, asked for from one network, or for one account: 200, then one a second.
pub const CEREMONIES: Limit = Limit { burst: 200, refill: Duration::from_secs(1), cap: Cap::Never };

/// Changes of one account that leave a line in its trail and cost nothing else: 60, then 6 a minute.
pub const CHANGES: Limit = Limit { burst: 60, refill: Duration::from_secs(10), cap: Cap::Never };
/// Letters that somebody asks for, to one address: 3, then 3 an hour.
pub const LETTERS: Limit = Limit { burst: 3, refill: Duration::from_secs(1200), cap: Cap::Never };
/// The same to the mailbox of a stranger, whoever asks: 10, then 10 an hour.
pub const LETTERS_TO_STRANGERS: Limit = Limit { burst: 10, refill: Duration::from_secs(360), cap: Cap::Never };

/// Whether a try may go on.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// One try was taken from every bucket.
    Yes,
    /// A bucket is empty; nothing was taken from the ones after it.
    No {
        /// When the next try may come.
        retry_after: Duration,
    },
}

/// Takes one try from the bucket of `network`, then one from that of `subject`.
///
/// The order is the same for everyone, so that two visitors never wait for each other, and a
/// network that is out of tries cannot empty an account's bucket.
///
/// # Errors
/// Only the database's.
pub async fn take(connection: &mut PgConnection, network: (Key, Limit), subject: (Key, Limit)) -> sqlx::Result<Taken> {
    let taken = sqlx::query!(
        r#"
        with quick as materialized (
            -- A crash of the server may lose the last counts, never a promise made to a visitor.
            select set_config('synchronous_commit', 'off', true) as quick
        ), network as (
            insert into attempt_limits as l (key, full_at, failures)
            select $1, now() + make_interval(secs => $2), 0 from quick
            on conflict (key) do update
            set full_at = greatest(l.full_at, now()) + make_interval(secs => $2), used_at = now()
            where greatest(l.full_at, now()) + make_interval(secs => $2) <= now() + make_interval(secs => $2 * $3)
            returning 1
        ), subject as (
            insert into attempt_limits as l (key, full_at, failures)
            select $4, now() + make_interval(secs => $5), 1 from network
            on conflict (key) do update
            set full_at = greatest(l.full_at, now()) + make_interval(secs => $5), failures = l.failures + 1,
                -- What is closed for good is never swept.
                used_at = case when $8 and l.failures + 1 >= $7 then 'infinity' else now() end
            where greatest(l.full_at, now()) + make_interval(secs => $5) <= now() + make_interval(secs => $5 * $6)
                and l.failures < $7
            returning 1
        )
        select exists (select 1 from subject) as "taken!"
        "#,
        network.0.bytes(),
        network.1.refill.as_secs_f64(),
        f64::from(network.1.burst),
        subject.0.bytes(),
        subject.1.refill.as_secs_f64(),
        f64::from(subject.1.burst),
        subject.1.cap.failures(),
        matches!(subject.1.cap, Cap::ForGood(_)),
    )
    .fetch_one(&mut *connection)
    .await?;
    if taken.taken {
        return Ok(Taken::Yes);
    }
    Ok(Taken::No { retry_after: wait(connection, &[network, subject]).await? })
}

/// Takes one try from a single bucket.
///
/// # Errors
/// Only the database's.
pub async fn take_one(connection: &mut PgConnection, key: Key, limit: Limit) -> sqlx::Result<Taken> {
    let taken = sqlx::query_scalar!(
        r#"
        insert into attempt_limits as l (key, full_at) values ($1, now() + make_interval(secs => $2))
        on conflict (key) do update
        set full_at = greatest(l.full_at, now()) + make_interval(secs => $2), used_at = now()
        where greatest(l.full_at, now()) + make_interval(secs => $2) <= now() + make_interval(secs => $2 * $3)
        returning true as "taken!"
        "#,
        key.bytes(),
        limit.refill.as_secs_f64(),
        f64::from(limit.burst),
    )
    .fetch_optional(&mut *connection)
    .await?;
    if taken.is_some() {
        return Ok(Taken::Yes);
    }
    Ok(Taken::No { retry_after: wait(connection, &[(key, limit)]).await? })
}

/// How long until every one of these buckets has a try again.
async fn wait(connection: &mut PgConnection, buckets: &[(Key, Limit)]) -> sqlx::Result<Duration> {
    let mut longest = Duration::from_secs(1);
    for (key, limit) in buckets {
        let row = sqlx::query!(
            r#"select extract(epoch from full_at - now())::float8 as "full_in!", failures from attempt_limits where key = $1"#,
            key.bytes(),
        )
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { continue };
        let wait = if row.failures >= limit.cap.failures() {
            86_400.0
        } else {
            row.full_in - limit.refill.as_secs_f64() * f64::from(limit.burst.saturating_sub(1))
        };
        longest = longest.max(Duration::try_from_secs_f64(wait.ceil()).unwrap_or_default());
    }
    Ok(longest)
}

/// What a success gives back.
#[derive(Clone, Copy, Debug)]
pub struct Success {
    /// Where it came from.
    pub network: (Key, Limit),
    /// The bucket it spent from: the account's, or that of a known browser.
    pub subject: Key,
    /// The account's bucket, which may be the same.
    pub account: Key,
}

/// Counts a failure that nothing was taken for, and tells how many there were in a row: until
/// [`refill`] forgets them.
///
/// # Errors
/// Only the database's.
pub async fn count_failure(connection: &mut PgConnection, key: Key) -> sqlx::Result<u32> {
    let failures = sqlx::query_scalar!(
        r#"
        insert into attempt_limits as l (key, full_at, failures) values ($1, now(), 1)
        on conflict (key) do update set failures = l.failures + 1, used_at = now()
        returning failures
        "#,
        key.bytes(),
    )
    .fetch_one(connection)
    .await?;
    Ok(failures.unsigned_abs())
}

/// The tries at one kind of factor of one account, from one network. One bucket for the account, whichever page
/// asks and whatever was shown before: a fresh password, another sign-in, another browser refill nothing.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    network: (Key, Limit),
    own: (Key, Limit),
}

impl Tries {
    /// At the codes of an account's authenticator apps.
    #[must_use]
    pub fn at_totp(user_id: UserId, address: IpAddr) -> Self {
        Self { network: (Key::network(address), NETWORK), own: (Key::totp(user_id), FACTOR) }
    }

    /// At an account's recovery codes.
    #[must_use]
    pub fn at_recovery_codes(user_id: UserId, address: IpAddr) -> Self {
        Self { network: (Key::network(address), NETWORK), own: (Key::recovery_code(user_id), RECOVERY_CODE) }
    }

    /// Takes one before anything is compared. Not in a transaction that could roll it back.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn take(&self, connection: &mut PgConnection) -> sqlx::Result<Taken> {
        take(connection, self.network, self.own).await
    }

    /// Gives back what a success spent, last in its transaction.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn give_back(&self, connection: &mut PgConnection) -> sqlx::Result<u32> {
        let success = Success { network: self.network, subject: self.own.0, account: self.own.0 };
        give_back(connection, &success).await
    }
}

/// Gives back what a success spent: the subject's bucket is full again, the network's has its one
/// try back, and the account's failures are no longer in a row unless they already reached the cap.
/// A success never gives back what a network or a browser of others spent. Returns how many tries had
/// failed since the last success, at the account or from this browser.
///
/// The network's bucket comes first here too, as in [`take`]: two sign-ins of one person at once
/// would otherwise wait for each other. Left to itself, the `delete` of this statement runs before
/// the parts in its `with`; asking them for their counts puts them in order.
///
/// # Errors
/// Only the database's.
pub async fn give_back(connection: &mut PgConnection, success: &Success) -> sqlx::Result<u32> {
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
        success.network.0.bytes(),
        success.network.1.refill.as_secs_f64(),
        success.subject.bytes(),
        success.account.bytes(),
        ACCOUNT.cap.failures(),
    )
    .fetch_one(connection)
    .await?;
    Ok(u32::try_from(failed).unwrap_or_default())
}
