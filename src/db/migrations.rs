//! Schema migrations at startup.
//!
//! 1. Missing migrations are applied; an edited one is an error.
//! 2. Migrations of a newer version are no error: an *expand* migration leaves this binary working.
//! 3. A *contract* migration removes something and raises `schema_compatibility.oldest_compatible` to the oldest
//!    version that works without it. Only older binaries refuse to start.

#![expect(clippy::disallowed_methods, reason = "the queries run before there is a schema to check them against")]

use std::{collections::HashMap, time::Duration};

use semver::Version;
use sqlx::{Connection as _, PgConnection, migrate::MigrateError as SqlxError, postgres::PgConnectOptions};

use crate::MIGRATOR;

/// Deadline for all migrations; a waiting replica gives up earlier, with the lock timeout.
const DEADLINE: Duration = Duration::from_secs(120);
/// The first migration of the schema released with 0.1.0.
const FIRST_MIGRATION: i64 = 20_261_201_000_000;
const THIS_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why the schema does not fit this binary.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The schema was created by a build from before the first release.
    #[error(
        "this database was created by a Vestibule from before 0.1.0, whose schema cannot be upgraded; \
         start with a new database (see CHANGELOG.md)"
    )]
    BeforeFirstRelease,
    /// The schema requires a newer version than this binary.
    #[error("the database was migrated by a newer Vestibule and needs version {0} or later; this is {this}", this = THIS_VERSION)]
    Newer(String),
    /// A migration was changed after it was applied.
    #[error(
        "migration {0} was applied with different content than in this binary; was the file edited after its release?"
    )]
    Changed(i64),
    /// The schema is out of date, and the role may not change it.
    #[error(
        "the database schema is out of date and this role may not change it: {0}; run `vestibule migrate` or `sqlx migrate run` as the owner"
    )]
    NotAllowed(sqlx::Error),
    /// Any other error of a migration.
    #[error("a migration failed: {0}")]
    Failed(#[from] SqlxError),
    /// The database is unreachable.
    #[error("the database does not answer: {}", super::in_words(.0))]
    Database(#[from] sqlx::Error),
    /// The database cannot hold every character.
    #[error(
        "the database has the encoding {0}, which cannot hold everyone's name; create one with: \
         create database NAME template template0 encoding 'UTF8'"
    )]
    Encoding(String),
}

/// Applies missing migrations under sqlx's advisory lock, so that any number of replicas may start at once. A current
/// schema is only read, so the running service needs no DDL privileges.
///
/// # Errors
/// If the database is not in UTF-8, or the schema is from before the first release, requires a newer version, was edited,
/// or cannot be migrated.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect_with(options).await?;
    match is_current(&mut connection).await {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(MigrateError::Database(error)) if is_denied(&error) => return Err(MigrateError::NotAllowed(error)),
        Err(error) => return Err(error),
    }
    // A dead replica releases the lock with its connection; a hung one must not block the others forever.
    sqlx::query("set lock_timeout = '30s'").execute(&mut connection).await?;
    let ran = tokio::time::timeout(DEADLINE, MIGRATOR.run(&mut connection)).await;
    let migrated = match ran {
        // A newer replica may have migrated while this one waited for the lock.
        Ok(Ok(())) => check_compatible(&mut connection).await,
        Ok(Err(SqlxError::Execute(error) | SqlxError::ExecuteMigration(error, _))) if is_denied(&error) => {
            Err(MigrateError::NotAllowed(error))
        }
        Ok(Err(SqlxError::VersionMismatch(version))) => Err(MigrateError::Changed(version)),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    };
    connection.close().await.ok();
    migrated
}

/// Returns whether this database was never migrated.
pub async fn is_empty(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("select to_regclass('_sqlx_migrations') is null").fetch_one(connection).await
}

/// Returns whether all migrations of this binary are applied.
///
/// # Errors
/// If the database is not in UTF-8, the schema is from before the first release, requires a newer version or was edited, or the database is
/// unreachable.
pub async fn is_current(connection: &mut PgConnection) -> Result<bool, MigrateError> {
    check_encoding(&mut *connection).await?;
    if is_empty(&mut *connection).await? {
        return Ok(false);
    }
    let applied: Vec<(i64, Vec<u8>)> = sqlx::query_as("select version, checksum from _sqlx_migrations where success")
        .fetch_all(&mut *connection)
        .await?;
    let applied: HashMap<i64, Vec<u8>> = applied.into_iter().collect();
    if applied.keys().any(|version| *version < FIRST_MIGRATION) {
        return Err(MigrateError::BeforeFirstRelease);
    }
    check_compatible(connection).await?;
    let checksums = MIGRATOR.iter().map(|migration| (migration, applied.get(&migration.version)));
    match checksums.clone().find(|(migration, found)| found.is_some_and(|found| *migration.checksum != **found)) {
        Some((changed, _)) => Err(MigrateError::Changed(changed.version)),
        None => Ok(checksums.into_iter().all(|(_, found)| found.is_some())),
    }
}

/// Returns an error unless the database is in UTF-8. Another encoding lacks most scripts; `SQL_ASCII` has none, and
/// compares and cuts bytes.
async fn check_encoding(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let encoding: String =
        sqlx::query_scalar("select current_setting('server_encoding')").fetch_one(connection).await?;
    if encoding == "UTF8" { Ok(()) } else { Err(MigrateError::Encoding(encoding)) }
}

/// Returns an error if the schema requires a newer version than this binary.
async fn check_compatible(connection: &mut PgConnection) -> Result<(), MigrateError> {
    // Missing if the very first migration was interrupted.
    let is_stated: bool = sqlx::query_scalar("select to_regclass('schema_compatibility') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !is_stated {
        return Ok(());
    }
    let oldest: Option<String> =
        sqlx::query_scalar("select oldest_compatible from schema_compatibility").fetch_optional(connection).await?;
    match oldest {
        Some(oldest) if !is_at_least(THIS_VERSION, &oldest) => Err(MigrateError::Newer(oldest)),
        _ => Ok(()),
    }
}

/// Compares semantic versions. An unreadable `oldest` counts as newer.
fn is_at_least(version: &str, oldest: &str) -> bool {
    let (Ok(version), Ok(oldest)) = (Version::parse(version), Version::parse(oldest)) else { return false };
    version.cmp_precedence(&oldest).is_ge()
}

fn is_denied(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "42501")
}

#[cfg(test)]
mod tests {
    use super::{THIS_VERSION, is_at_least};

    #[test]
    fn versions_compare_as_semantic_versions_do() {
        let ascending =
            ["0.1.0-dev", "0.1.0-rc.1", "0.1.0-rc.2", "0.1.0", "0.1.1", "0.9.0", "0.10.0", "1.0.0", "9.9.9"];
        for (at, version) in ascending.iter().enumerate() {
            for (other_at, other) in ascending.iter().enumerate() {
                assert_eq!(is_at_least(version, other), at >= other_at, "{version}, {other}");
            }
        }
        assert!(is_at_least("1.0.0+abc", "1.0.0+def"), "a build is no version");
        assert!(is_at_least(THIS_VERSION, "0.1.0-dev"));
        for unreadable in ["", "1", "1.0", "newest", "2.0.0.0"] {
            assert!(!is_at_least("1.0.0", unreadable), "{unreadable}");
        }
    }
}
