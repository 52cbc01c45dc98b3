//! The request metadata that use cases see.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::{Lang, SecretToken};

/// Metadata of the request: no headers, and no cookies except the one that identifies the browser.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request ID of logs and responses.
    pub id: String,
    /// Arrival time by this machine's clock.
    pub now: OffsetDateTime,
    /// The client's address, resolved past trusted proxies.
    pub address: IpAddr,
    /// The `User-Agent` header in printable ASCII, truncated.
    pub user_agent: String,
    /// The language of the response.
    pub lang: Lang,
    /// The cookie by which accounts recognise a browser.
    pub browser: Option<SecretToken>,
}
