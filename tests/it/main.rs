//! The integration tests, in one binary: the real service on a real PostgreSQL, used as a browser uses it.

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

mod account_sessions;
mod administrators;
mod apps_check;
mod apps_file;
mod apps_registry;
mod architecture;
mod audit;
mod backchannel;
mod bent_requests;
mod cli;
mod cluster_harness;
mod commands;
mod connections;
mod cookies;
mod corpora;
mod coverage;
mod csrf;
mod data_export;
mod database_settings;
mod deletion;
mod dev_mailbox;
mod docs;
mod dot_env;
mod email_change;
mod email_correction;
mod email_former;
mod email_limits;
mod email_races;
mod email_undo;
mod embedded;
mod end_session;
mod enumeration;
mod erasure;
mod factor_failures;
mod factors;
mod factors_passwordless;
mod factors_recovery;
mod factors_trusted;
mod faults;
mod first_factor;
mod gate;
mod groups;
mod hostile_input;
mod hostile_requests;
mod http;
mod lifetimes;
mod limits;
mod log_readers;
mod login;
mod mail;
mod mail_process;
mod mail_servers;
mod memory;
mod mount;
mod names;
mod new_browser;
mod oidc;
mod openapi;
mod outage;
mod outbound;
mod overload;
mod passkeys;
mod password_change;
mod pasted;
mod processes;
mod profile;
mod provider_metadata;
mod races;
mod reauth;
mod recording;
mod recovery;
mod recovery_codes;
mod registration;
mod rehearsal;
mod return_to;
mod schema;
mod sealing;
mod security_log;
mod servers;
mod session_cache;
mod session_counts;
mod sessions;
mod settings;
mod setup;
mod signing_keys;
mod static_files;
mod strangers;
mod support;
mod sweeping;
mod tabs;
mod templates;
mod totp;
mod totp_apps;
mod totp_limits;
mod trust;
mod twice;
mod unsaved;
mod upgrade;
mod verification;
mod words;
