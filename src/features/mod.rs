//! What the service can do, one folder a capability. A slice imports the floor below it and no other
//! slice; `tests/it/architecture.rs` holds that.

pub mod account_sessions;
pub mod activity;
pub mod admin;
pub mod apps;
pub mod dashboard;
pub mod data_export;
pub mod deletion;
pub mod dev_mailbox;
pub mod email;
pub mod factors;
pub mod health;
pub mod home;
pub mod language;
pub mod login;
pub mod logout;
pub mod passkeys;
pub mod password;
pub mod profile;
pub mod reauth;
pub mod recovery;
pub mod recovery_codes;
pub mod registration;
pub mod session_api;
pub mod setup;
pub mod static_files;
pub mod totp;
pub mod verification;
