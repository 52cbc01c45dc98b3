//! Brings a database to the schema of this binary.
//!
//! 1. The database knows which migrations it has. Missing ones are applied, an edited one is refused.
//! 2. Migrations of a newer version are no reason to refuse: an *expand* leaves this binary working.
//! 3. A *contract* takes something away, and raises `schema_compatibility.oldest_compatible` to the oldest version that
//!    works without it. Only a binary older than that refuses.

use std::{collections::HashMap, time::Duration};

use semver::Version;
use sqlx::{Connection as _, PgConnection, migrate::MigrateError as SqlxError, postgres::PgConnectOptions};

use crate::MIGRATOR;

/// How long all of it may take; a waiting replica gives up earlier, with the lock's timeout.
const DEADLINE: Duration = Duration::from_secs(120);
/// The first migration of the schema that 0.1.0 was released with. Earlier ones are from before it.
const FIRST_MIGRATION: i64 = 20_261_201_000_000;
const THIS_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a database is not at this binary's schema.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database has the schema of a build from before the first release.
    #[error(
        "this database was created by a Vestibule from before 0.1.0, whose schema cannot be upgraded; \
         start with a new database (see CHANGELOG.md)"
    )]
    BeforeFirstRelease,
    /// The database states that this binary is too old for its schema.
    #[error("the database was migrated by a newer Vestibule and needs version {0} or later; this is {this}", this = THIS_VERSION)]
    Newer(String),
    /// A migration file was changed after it was applied.
    #[error(
        "migration {0} was applied with another content than this binary has; was the file edited after its release?"
    )]
    Changed(i64),
    /// The role may not change the schema and the schema is not current.
    #[error(
        "the database is not migrated and this role may not do it: {0}; run `vestibule migrate` or `sqlx migrate run` as the owner"
    )]
    NotAllowed(sqlx::Error),
    /// Anything else that the database said.
    #[error("the migrations did not run: {0}")]
    Failed(#[from] SqlxError),
    /// The database does not answer.
    #[error("the database does not answer: {0}")]
    Database(#[from] sqlx::Error),
}

/// Applies missing migrations, under sqlx's advisory lock, so that any number of replicas may start at
/// once. A current schema is only read: the running service needs no right to change it.
///
/// # Errors
/// When the schema is from before the first release, does not support this binary any more, was changed by hand, or
/// cannot be brought up to date.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect_with(options).await?;
    match is_current(&mut connection).await {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(MigrateError::Database(error)) if is_denied(&error) => return Err(MigrateError::NotAllowed(error)),
        Err(error) => return Err(error),
    }
    // A replica that died while it held the lock has lost it with its connection; one that hangs
    // must not keep every other from starting for ever.
    sqlx::query("set lock_timeout = '30s'").execute(&mut connection).await?;
    let ran = tokio::time::timeout(DEADLINE, MIGRATOR.run(&mut connection)).await;
    let migrated = match ran {
        // A newer replica may have held the lock before us.
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

/// Whether nobody ever migrated this database.
///
/// # Errors
/// When the database does not answer.
pub async fn is_empty(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("select to_regclass('_sqlx_migrations') is null").fetch_one(connection).await
}

/// Returns whether the schema is at least this binary's: all its migrations are applied, and those of a newer version
/// leave it working.
///
/// # Errors
/// When the schema is from before the first release, does not support this binary any more, was changed by hand, or the
/// database does not answer.
pub async fn is_current(connection: &mut PgConnection) -> Result<bool, MigrateError> {
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
    let mut current = true;
    for migration in MIGRATOR.iter() {
        match applied.get(&migration.version) {
            None => current = false,
            Some(checksum) if *migration.checksum != **checksum => {
                return Err(MigrateError::Changed(migration.version));
            }
            Some(_) => {}
        }
    }
    Ok(current)
}

/// Refuses a schema that states that this binary is too old for it.
async fn check_compatible(connection: &mut PgConnection) -> Result<(), MigrateError> {
    // Missing when the very first migration was interrupted.
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

/// Compares semantic versions. One that cannot be read is not this binary's to judge, so it counts as newer.
fn is_at_least(version: &str, oldest: &str) -> bool {
    match (Version::parse(version), Version::parse(oldest)) {
        (Ok(version), Ok(oldest)) => version.cmp_precedence(&oldest).is_ge(),
        _ => false,
    }
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
