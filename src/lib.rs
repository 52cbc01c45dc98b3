//! Vestibule: sign-up, sign-in and sessions for your apps, as one small service on `PostgreSQL`.
//!
//! The crate consists of vertical slices (`features`) on a thin floor. Imports only point left:
//!
//! ```text
//! types < config < telemetry < db < outbound < crypto < limits < templates < mail < audit < accounts < passwords < sessions < apps < state < http < web < signin < features < jobs < app < cli < main
//! ```
//!
//! `tests/it/architecture.rs` checks the import order; `docs/ARCHITECTURE.md` has the map.

// The print macros panic when the pipe is closed: commands use `say!`, the service logs.
#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::sync::LazyLock;

use sqlx::migrate::Migrator;

pub mod accounts;
pub mod app;
pub mod apps;
pub mod audit;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod db;
pub mod features;
pub mod http;
pub mod jobs;
pub mod limits;
pub mod mail;
pub mod outbound;
pub mod passwords;
pub mod sessions;
pub mod signin;
pub mod state;
pub mod telemetry;
pub mod templates;
pub mod types;
pub mod web;

/// The migrations of this version. `sqlx migrate run` applies the same files. Applied migrations of a newer version are
/// ignored here; [`db::migrate`] reads from the database whether this version works with them.
pub static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!();
    migrator.set_ignore_missing(true);
    migrator
});
