//! What every test stands on: a database of its own, the whole service over it, and people with
//! browsers.

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
pub mod private_server;
pub mod process;
pub mod proxy;
pub mod race;
pub mod serve;
pub mod settle;
pub mod smtp;
pub mod totp;
