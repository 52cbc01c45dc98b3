//! Probes whether the server can write to its disk.
//!
//! A server with a full disk responds and is not read-only; it only fails when a table must grow. Writing to a table
//! would not detect that, because the row may fit into an existing page. So the probe makes the server write a
//! temporary file, which needs new blocks, leaves nothing behind, and works on a standby too.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;

use crate::types::instant;

/// How long a result is reused, so that frequent probes cost one write per interval.
const GOOD_FOR: Duration = Duration::from_secs(5);

/// The probe and its last result.
#[derive(Debug, Default)]
pub struct DiskProbe {
    is_stuck: AtomicBool,
    probed: Mutex<Option<Instant>>,
}

impl DiskProbe {
    /// Returns whether the server can write. While one caller probes, others get the last result.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn can_write(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        if let Ok(mut probed) = self.probed.try_lock()
            && probed.is_none_or(|at| at.elapsed() >= GOOD_FOR)
        {
            let can_write = write_temporary_file(connection).await?;
            self.is_stuck.store(!can_write, Ordering::Relaxed);
            *probed = Some(instant());
        }
        Ok(!self.is_stuck.load(Ordering::Relaxed))
    }
}

/// Makes the server write 150 kB, more than a statement's memory holds.
async fn write_temporary_file(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let mut transaction = connection.begin().await?;
    sqlx::query_scalar!(r#"select set_config('work_mem', '64kB', true) as "set!""#)
        .fetch_one(&mut *transaction)
        .await?;
    let written = sqlx::query_scalar!(r#"select count(*) as "rows!" from generate_series(1, 10000)"#)
        .fetch_one(&mut *transaction)
        .await;
    match written {
        Ok(_) => {}
        // The role may not write temporary files, so the disk's state is unknown.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("53400") => {}
        Err(sqlx::Error::Database(error)) if !error.code().is_some_and(|code| code.starts_with("57")) => {
            tracing::warn!(%error, "the database cannot write to its disk; not ready");
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    transaction.rollback().await?;
    Ok(true)
}
