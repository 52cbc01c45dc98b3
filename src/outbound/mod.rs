//! The one HTTP client for addresses that others chose: an app's logout address, a client's document.
//!
//! 1. The address must be https, without a user. Plain http is for this machine, where the operator allows it.
//! 2. The name is looked up once. Addresses that are not public are dropped ([`address`]), unless they are in
//!    `VESTIBULE_OUTBOUND_NETWORKS`; the connection goes to one that is left, so that a second look-up changes nothing.
//! 3. One request goes over one connection. Redirects are not followed, and no proxy of the environment is used.
//! 4. A call takes at most three seconds in all, and a response at most 64 KiB; a client document less.

mod address;
mod exchange;

use std::{
    fmt,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use hyper::{Method, body::Bytes};
use ipnet::IpNet;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer},
};
use url::{Host, Url};

pub use exchange::Response;
pub use tokio_rustls::rustls::Error as TlsError;

/// How long look-up, connection, request and answer may take together.
const WITHIN: Duration = Duration::from_secs(3);
/// The longest answer, in bytes.
pub const MOST: usize = 64 * 1024;
/// Look-ups at once. One cannot be cancelled, and holds its thread for as long as the name server is silent.
const LOOKUPS: usize = 16;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// Not an address that we call.
    #[error("the address is not https, or names a user")]
    Address,
    /// The name has no address that we connect to.
    #[error("the address is in a network that may not be called; VESTIBULE_OUTBOUND_NETWORKS allows private ones")]
    Network,
    /// The name is unknown.
    #[error("the name cannot be looked up: {0}")]
    Lookup(std::io::Error),
    /// Nobody listens there, or without a certificate that we trust.
    #[error("cannot connect: {0}")]
    Connect(std::io::Error),
    /// The answer is no HTTP, or broke off.
    #[error("the answer cannot be read: {0}")]
    Http(#[from] hyper::Error),
    /// The answer is longer than allowed.
    #[error("the answer is too long")]
    TooLong,
    /// It took too long.
    #[error("no answer within {} seconds", WITHIN.as_secs())]
    TimedOut,
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    allowed: Arc<[IpNet]>,
    tls: TlsConnector,
    lookups: Arc<Semaphore>,
}

impl Outbound {
    /// Creates a client that trusts the public certificate authorities and these.
    ///
    /// # Errors
    /// When TLS cannot be set up, or one of the certificates is invalid.
    pub fn new(allowed: &[IpNet], authorities: &[CertificateDer<'static>]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for authority in authorities {
            roots.add(authority.clone())?;
        }
        Self::trusting(allowed, roots)
    }

    /// A client that trusts these authorities.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn trusting(allowed: &[IpNet], roots: RootCertStore) -> Result<Self, TlsError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self { allowed: allowed.into(), tls, lookups: Arc::new(Semaphore::new(LOOKUPS)) })
    }

    /// Reads a document. A redirect is an answer like others.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub async fn get(&self, url: &Url) -> Result<Response, OutboundError> {
        self.get_up_to(url, MOST).await
    }

    /// Fetches a document of at most `most` bytes.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub async fn get_up_to(&self, url: &Url, most: usize) -> Result<Response, OutboundError> {
        self.call(Method::GET, url, Bytes::new(), most).await
    }

    /// Sends a form (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// [`OutboundError`].
    pub async fn post_form(&self, url: &Url, form: String) -> Result<Response, OutboundError> {
        self.call(Method::POST, url, form.into(), MOST).await
    }

    async fn call(&self, method: Method, url: &Url, body: Bytes, most: usize) -> Result<Response, OutboundError> {
        let called = async {
            let stream = exchange::connect(&self.addresses(url).await?, url, &self.tls).await?;
            exchange::exchange(stream, method, url, body, most).await
        };
        timeout(WITHIN, called).await.map_err(|_| OutboundError::TimedOut)?
    }

    /// Where a URL may be called.
    async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, OutboundError> {
        let (true, Some(host), Some(port)) =
            (url.username().is_empty() && url.password().is_none(), url.host(), url.port_or_known_default())
        else {
            return Err(OutboundError::Address);
        };
        let encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(OutboundError::Address),
        };
        let mut found = match host {
            Host::Ipv4(ip) => vec![SocketAddr::from((ip, port))],
            Host::Ipv6(ip) => vec![SocketAddr::from((ip, port))],
            Host::Domain(name) => self.look_up(name, port).await?,
        };
        found.retain(|address| address::may_be_called(address.ip(), &self.allowed));
        if found.is_empty() {
            return Err(OutboundError::Network);
        }
        found.retain(|address| encrypted || address.ip().is_loopback());
        if found.is_empty() { Err(OutboundError::Address) } else { Ok(found) }
    }

    async fn look_up(&self, name: &str, port: u16) -> Result<Vec<SocketAddr>, OutboundError> {
        let cut_off = || OutboundError::Lookup(std::io::ErrorKind::Interrupted.into());
        let permit = Arc::clone(&self.lookups).acquire_owned().await.map_err(|_| cut_off())?;
        let name = name.to_owned();
        let looked_up = spawn_blocking(move || {
            let found = (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
            drop(permit);
            found
        });
        looked_up.await.map_err(|_| cut_off())?.map_err(OutboundError::Lookup)
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}
