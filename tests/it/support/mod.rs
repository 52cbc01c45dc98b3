//! Shared test helpers: a database per test, the whole service, and browsers.

pub mod app;
pub mod apps;
pub mod authenticator;
pub mod browser;
pub mod callee;
pub mod certificate;
pub mod cluster;
pub mod http;
pub mod letters;
pub mod mailbox;
pub mod oidc;
pub mod private_server;
pub mod process;
pub mod proxy;
pub mod race;
pub mod serve;
pub mod settle;
pub mod smtp;
pub mod totp;
