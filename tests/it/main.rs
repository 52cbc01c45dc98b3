//! The one integration binary: the real service on the real PostgreSQL, asked as a browser asks.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed"
)]
#![allow(
    clippy::format_collect,
    clippy::large_stack_arrays,
    clippy::needless_for_each,
    clippy::similar_names,
    clippy::sliced_string_as_bytes,
    clippy::type_complexity,
    reason = "a test may be told the way it is thought"
)]

mod architecture;
mod audit;
mod cli;
mod cluster_harness;
mod connections;
mod cookies;
mod coverage;
mod csrf;
mod deletion;
mod email_change;
mod email_races;
mod email_undo;
mod embedded;
mod enumeration;
mod erasure;
mod faults;
mod hostile_input;
mod hostile_requests;
mod http;
mod lifetimes;
mod limits;
mod login;
mod overload;
mod processes;
mod races;
mod registration;
mod schema;
mod sessions;
mod settings;
mod support;
mod templates;
