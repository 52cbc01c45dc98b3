//! The `vestibule` program: reads `.env`, then does what the command line says.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::{path::Path, process::ExitCode};

use mimalloc::MiMalloc;
use vestibule::{cli, config::dotenv, telemetry};
use zeroizing_alloc::ZeroAlloc;

// mimalloc is faster than the system's allocator for our responses (ADR 14). Freed memory is zeroed, because libraries
// copy passwords into buffers and growing strings on the way.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

fn main() -> ExitCode {
    // Before any thread starts and before anything reads the environment. Only of this folder: one of
    // a folder above may be somebody else's. A missing file is the
    // usual case; one that cannot be read must not be passed over.
    match dotenv::load(Path::new(".env")) {
        Ok(()) => cli::run(),
        Err(error) => {
            telemetry::tell(&format!("vestibule: the file .env cannot be used: {error}"));
            ExitCode::FAILURE
        }
    }
}
