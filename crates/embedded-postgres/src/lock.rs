//! One owner per data folder: an advisory lock on `<data>/postgres.lock`, which the kernel gives free however its
//! holder ends. The file itself stays; only the lock on it means anything.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

use rustix::fs::OFlags;
use tokio::time::{Instant, sleep};

use super::EmbeddedError;

/// A command that only looks ([`holder`]) takes the lock for an instant, and a supervisor may start the next service
/// while the last one is still closing its files; neither is a second instance.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct OwnerLock {
    file: File,
}

impl OwnerLock {
    pub(super) async fn acquire(path: &Path) -> Result<Self, EmbeddedError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
            .map_err(EmbeddedError::file("opening", path))?;
        let deadline = Instant::now() + GRACE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(50)).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(EmbeddedError::InUse {
                        folder: path.with_extension(""),
                        holder: written_pid(&mut file),
                    });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(EmbeddedError::file("locking", path)(source));
                }
            }
        }
        // Only for the message that a second instance prints.
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(EmbeddedError::file("writing", path))?;
        Ok(Self { file })
    }

    pub(super) fn into_file(self) -> File {
        self.file
    }
}

/// Who holds the lock at `path`, found out without creating or keeping anything.
pub(super) enum Holder {
    Nobody,
    Process(Option<u32>),
}

pub(super) fn holder(path: &Path) -> Result<Holder, EmbeddedError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Holder::Nobody),
        Err(error) => return Err(EmbeddedError::file("opening", path)(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Holder::Nobody),
        Err(TryLockError::WouldBlock) => Ok(Holder::Process(written_pid(&mut file))),
        Err(TryLockError::Error(error)) => Err(EmbeddedError::file("locking", path)(error)),
    }
}

fn written_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
