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

/// How often a test that takes its chances repeats itself: `long` with `VESTIBULE_LONG=1`.
pub fn rounds(short: usize, long: usize) -> usize {
    if std::env::var_os("VESTIBULE_LONG").is_some_and(|value| value == "1") { long } else { short }
}
