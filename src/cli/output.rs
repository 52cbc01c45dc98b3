//! What commands print.
//!
//! A reader that has seen enough, as in `… | head -1`, changes nothing: the command does its work and exits with its own
//! code. Output that is lost in another way, such as on a full disk, makes it exit with 1.

use std::{
    fmt,
    fs::File,
    io::{self, ErrorKind},
    sync::{LazyLock, OnceLock},
};

use crate::telemetry;

static STDOUT: LazyLock<io::Result<File>> = LazyLock::new(|| telemetry::duplicate(io::stdout()));
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// `println!` that never panics.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::output::line(format_args!($($text)*)) };
}
pub(super) use say;

/// Prints one line.
pub fn line(text: fmt::Arguments<'_>) {
    let written = match &*STDOUT {
        Ok(file) => telemetry::write_patiently(file, format!("{text}\n").as_bytes()),
        Err(error) => Err(error.kind().into()),
    };
    if let Err(error) = written {
        FAILED.set(error).ok();
    }
}

/// Returns why output was lost, except to a reader who had seen enough.
pub fn lost() -> Option<&'static io::Error> {
    FAILED.get().filter(|error| error.kind() != ErrorKind::BrokenPipe)
}
