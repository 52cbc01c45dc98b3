//! The HTTP server: accept loop, client address and security headers.

#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod client_ip;
pub mod headers;
mod seats;
pub mod server;
