//! The `vestibule` program: reads `.env`, then does what the command line says.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before any thread starts and before anything reads the environment. A missing file is the
    // usual case; one that cannot be read must not be passed over.
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => {
            eprintln!("vestibule: the file .env cannot be used: {error}");
            ExitCode::FAILURE
        }
        _ => vestibule::cli::run(),
    }
}
