//! Vestibule: sign-up, sign-in and sessions for your apps, as one small service on `PostgreSQL`.
//!
//! The crate is cut into vertical slices (`features`) over a thin floor. Imports only point left:
//!
//! ```text
//! types < config < telemetry < db < templates < mail < audit < accounts < authn < state < web < features < jobs < app < cli < main
//! ```
//!
//! `tests/it/architecture.rs` holds these arrows; `docs/ARCHITECTURE.md` is the map.

pub mod accounts;
pub mod app;
pub mod audit;
pub mod authn;
pub mod cli;
pub mod config;
pub mod db;
pub mod features;
pub mod jobs;
pub mod mail;
pub mod state;
pub mod telemetry;
pub mod templates;
pub mod types;
pub mod web;

/// The schema's history. `sqlx migrate run` applies the same files.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
