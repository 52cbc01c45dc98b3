//! Bringing a database to the schema of this binary.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection, migrate::MigrateError as SqlxError, postgres::PgConnectOptions};

use crate::MIGRATOR;

/// How long all of it may take; a waiting replica gives up earlier, with the lock's timeout.
const DEADLINE: Duration = Duration::from_secs(120);

/// Why a database is not at this binary's schema.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database has migrations that this binary does not know.
    #[error("the database was migrated by a newer Vestibule (migration {0}); start that version or a later one")]
    Newer(i64),
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

/// Applies what is missing, under sqlx's advisory lock, so that any number of replicas may start at
/// once. A current schema is only looked at: the running service needs no right to change it.
///
/// # Errors
/// When the schema is newer than this binary, was changed by hand, or cannot be brought up to date.
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
    connection.close().await.ok();
    match ran {
        Ok(Ok(())) => Ok(()),
        Ok(Err(SqlxError::Execute(error) | SqlxError::ExecuteMigration(error, _))) if is_denied(&error) => {
            Err(MigrateError::NotAllowed(error))
        }
        Ok(Err(SqlxError::VersionMissing(version))) => Err(MigrateError::Newer(version)),
        Ok(Err(SqlxError::VersionMismatch(version))) => Err(MigrateError::Changed(version)),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

/// Whether nobody ever migrated this database.
///
/// # Errors
/// When the database does not answer.
pub async fn is_empty(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("select to_regclass('_sqlx_migrations') is null").fetch_one(connection).await
}

/// Whether the schema is exactly this binary's.
///
/// # Errors
/// When the schema is newer, was changed by hand, or the database does not answer.
pub async fn is_current(connection: &mut PgConnection) -> Result<bool, MigrateError> {
    if is_empty(&mut *connection).await? {
        return Ok(false);
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("select version, checksum from _sqlx_migrations where success order by version")
            .fetch_all(connection)
            .await?;
    for (version, checksum) in &applied {
        match MIGRATOR.iter().find(|migration| migration.version == *version) {
            None => return Err(MigrateError::Newer(*version)),
            Some(migration) if *migration.checksum != **checksum => return Err(MigrateError::Changed(*version)),
            Some(_) => {}
        }
    }
    Ok(applied.len() == MIGRATOR.iter().count())
}

fn is_denied(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "42501")
}
