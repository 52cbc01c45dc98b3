//! The `vestibule` program: reads `.env`, then does what the command line says.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use mimalloc::MiMalloc;
use zeroizing_alloc::ZeroAlloc;

// Answers are made of pieces that the system's allocator is slow to find room for; see decision 14. Every piece is
// zeroed when it is freed: whatever libraries copy a password into on its way, a form's buffer or a growing string.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

fn main() -> ExitCode {
    // Before any thread starts and before anything reads the environment. Only of this folder: one of
    // a folder above may be somebody else's. A missing file is the
    // usual case; one that cannot be read must not be passed over.
    match dotenvy::from_path(".env") {
        // Its own message would repeat the line, which may hold a secret.
        Err(dotenvy::Error::LineParse(_, column)) => {
            unusable(&format!("a line has a mistake near its column {column}"))
        }
        Err(error) if !error.not_found() => unusable(&error.to_string()),
        _ => vestibule::cli::run(),
    }
}

fn unusable(reason: &str) -> ExitCode {
    eprintln!("vestibule: the file .env cannot be used: {reason}");
    ExitCode::FAILURE
}
