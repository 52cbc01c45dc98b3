//! What the service is called and where people reach it.

use std::{net::SocketAddr, sync::Arc};

use url::{Host, Url};

use super::Environment;

/// The face of the service.
#[derive(Clone, Debug)]
pub struct Site {
    /// `VESTIBULE_SERVICE_NAME`.
    pub name: Arc<str>,
    /// `VESTIBULE_PUBLIC_URL`.
    pub public_url: PublicUrl,
}

/// The origin that people's browsers see: the only source of links, of cookie security and of
/// redirect hosts, whatever a request's headers say.
#[derive(Clone, Debug)]
pub struct PublicUrl {
    url: Url,
}

impl PublicUrl {
    /// Checks an origin: `https` anywhere, `http` on a loopback host only, no path.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "wanted a URL such as https://id.example.com")?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() || url.host().is_none() {
            return Err("wanted an origin only: scheme, host and port");
        }
        let public_url = Self { url };
        match public_url.url.scheme() {
            "https" => Ok(public_url),
            "http" if public_url.is_loopback() => Ok(public_url),
            "http" => Err("plain http is for this machine only: passwords would cross the network in clear; use https"),
            _ => Err("wanted https:// (or http:// on localhost)"),
        }
    }

    /// The origin as a URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether browsers reach it over TLS, so that cookies are `Secure` and `__Host-`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether it is this machine itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback_url(&self.url)
    }

    /// The host alone, without brackets: the name by which this service greets mail servers.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or("localhost").trim_matches(['[', ']'])
    }

    /// The origin as browsers write it (RFC 6454): scheme, host and a port that is not the default.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// Whether a URL's host is this machine.
#[must_use]
pub fn is_loopback_url(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Site {
    pub(super) fn read(env: &mut Environment, listen: SocketAddr) -> Self {
        let name = env.parsed("VESTIBULE_SERVICE_NAME", "1 to 64 characters", |text| {
            let length = text.chars().count();
            ((1..=64).contains(&length) && !text.chars().any(char::is_control)).then(|| text.into())
        });
        let url = env.text("VESTIBULE_PUBLIC_URL").and_then(|text| {
            PublicUrl::parse(&text).map_err(|reason| env.mistake("VESTIBULE_PUBLIC_URL", reason)).ok()
        });
        Self {
            name: name.unwrap_or_else(|| "Vestibule".into()),
            public_url: url.unwrap_or_else(|| Self::default_url(listen)),
        }
    }

    /// `http://localhost` with the port that is listened on, so that another port needs one setting.
    fn default_url(listen: SocketAddr) -> PublicUrl {
        let text = format!("http://localhost:{}/", listen.port());
        #[expect(clippy::expect_used, reason = "a port number always makes a URL")]
        let url = Url::parse(&text).expect("a URL made of a port");
        PublicUrl { url }
    }
}
