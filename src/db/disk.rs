//! Whether the server can write to its disk.
//!
//! A server with a full disk answers, is not read-only, and fails where a table has to grow. Nothing that a probe writes
//! to a table of ours would tell: it may find room within a page. So the probe has the server write a temporary file,
//! which needs new blocks, leaves nothing behind, and works on a standby too.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;

use crate::types::instant;

/// How long an answer is good for, so that frequent probes cost one write in this time.
const GOOD_FOR: Duration = Duration::from_secs(5);

/// The last answer.
#[derive(Debug, Default)]
pub struct DiskProbe {
    is_stuck: AtomicBool,
    probed: Mutex<Option<Instant>>,
}

impl DiskProbe {
    /// Returns whether the server can write. While one caller probes, the others get the last answer.
    ///
    /// # Errors
    /// When the connection fails.
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

/// Has the server write 150 kB that do not fit into the memory of a statement.
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
        // The operator allows this role no temporary files, which says nothing about the disk.
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
