//! Below the routes: the accept loop, the client's address, and the headers of every answer.

#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod client_ip;
pub mod headers;
pub mod server;

use std::net::IpAddr;

/// Who is at the other end of the connection; the accept loop knows.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);
