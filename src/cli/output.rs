//! Standard output of commands.
//!
//! If a reader closes the pipe, as in `… | head -1`, the command still does its work and exits with its usual code.
//! Output that is lost in another way, such as on a full disk, makes it exit with 1.

use std::{
    fmt,
    fs::File,
    io::{self, ErrorKind},
    sync::{LazyLock, OnceLock},
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

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

/// A time as it is printed (RFC 3339).
pub fn when(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| "-".to_owned())
}

/// Returns why output was lost, except because the reader closed the pipe.
pub fn lost() -> Option<&'static io::Error> {
    FAILED.get().filter(|error| error.kind() != ErrorKind::BrokenPipe)
}
