//! One owner per folder: an advisory lock on `<dir>.lock`, which the kernel releases however its holder ends. The file
//! stays; only the lock on it counts.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

use rustix::fs::OFlags;
use tokio::time::{Instant, sleep};

use crate::{Error, error::if_present, place::Place};

/// Long enough for [`holder`] in another process, which locks for an instant, and for a previous owner that is ending.
const GRACE: Duration = Duration::from_secs(1);

/// Locks the folder of a server for this process, until the file is closed.
pub(crate) async fn acquire(place: &Place) -> Result<File, Error> {
    let path = place.lock_path();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    let mut file = options.open(&path).map_err(Error::file("opening", &path))?;
    let deadline = Instant::now() + GRACE;
    while let Some(holder) = try_lock(&file, &path)? {
        if Instant::now() > deadline {
            return Err(Error::InUse { folder: place.dir.clone(), holder });
        }
        sleep(Duration::from_millis(50)).await;
    }
    // For the error message of a second owner.
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(Error::file("writing", &path))?;
    Ok(file)
}

/// Returns the process that holds the lock, without creating the file or keeping the lock.
pub(crate) fn holder(place: &Place) -> Result<Option<String>, Error> {
    let path = place.lock_path();
    if_present(File::open(&path), "opening", &path)?.map_or(Ok(None), |file| try_lock(&file, &path))
}

/// Locks a file, or returns who holds the lock, in words.
fn try_lock(file: &File, path: &Path) -> Result<Option<String>, Error> {
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u32>().ok());
            Ok(Some(pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))))
        }
        Err(TryLockError::Error(error)) => Err(Error::file("locking", path)(error)),
    }
}
