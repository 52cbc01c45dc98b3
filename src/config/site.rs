//! The service's name and public URL.

use std::{net::SocketAddr, sync::Arc};

use url::{Host, Url};

use super::Environment;

/// The service's name and public URL.
#[derive(Clone, Debug)]
pub struct Site {
    /// `VESTIBULE_SERVICE_NAME`.
    pub name: Arc<str>,
    /// `VESTIBULE_PUBLIC_URL`.
    pub public_url: PublicUrl,
    /// `VESTIBULE_SUPPORT_URL`: where people who cannot sign in reach the operator.
    pub support_url: Option<Arc<str>>,
}

/// The origin that browsers use. It alone decides links, cookie security and redirect hosts; request headers do not.
#[derive(Clone, Debug)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Checks an origin: `https` anywhere, `http` on a loopback host only, no path.
    ///
    /// # Errors
    /// A message for the operator.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "wanted a URL such as https://id.example.com")?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() || url.host().is_none() {
            return Err("wanted an origin only: scheme, host and port");
        }
        let public_url = Self(url);
        match public_url.0.scheme() {
            "https" => Ok(public_url),
            "http" if public_url.is_loopback() => Ok(public_url),
            "http" => Err("plain http is for this machine only: passwords would cross the network in clear; use https"),
            _ => Err("wanted https:// (or http:// on localhost)"),
        }
    }

    /// The origin as a URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Returns whether visitors use TLS, so that cookies are `Secure` and `__Host-`.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback_url(&self.0)
    }

    /// The host without brackets, which SMTP sends in `EHLO`.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or("localhost").trim_matches(['[', ']'])
    }

    /// The origin as browsers serialise it (RFC 6454): scheme, host and a non-default port.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

/// Returns whether a URL's host is this machine.
pub fn is_loopback_url(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A link for everyone to follow: a page on https, or an address to write to.
fn support_url(text: &str) -> Option<Arc<str>> {
    let url = Url::parse(text).ok()?;
    let usable = match url.scheme() {
        "https" => url.host().is_some() && url.username().is_empty() && url.password().is_none(),
        "mailto" => url.path().contains('@'),
        _ => false,
    };
    usable.then(|| url.as_str().into())
}

impl Site {
    /// Returns whether passkeys are available. They require a domain name and do not work on an IP address (WebAuthn
    /// level 3, section 4).
    pub fn has_passkeys(&self) -> bool {
        self.public_url.url().domain().is_some()
    }

    pub(super) fn read(env: &mut Environment, listen: SocketAddr) -> Self {
        let name = env.parsed("VESTIBULE_SERVICE_NAME", "1 to 64 characters", |text| {
            let length = text.chars().count();
            ((1..=64).contains(&length) && !text.chars().any(char::is_control)).then(|| text.into())
        });
        let url = env.text("VESTIBULE_PUBLIC_URL").and_then(|text| {
            PublicUrl::parse(&text).map_err(|reason| env.mistake("VESTIBULE_PUBLIC_URL", reason)).ok()
        });
        let support_url = env.parsed("VESTIBULE_SUPPORT_URL", "https://… or mailto:name@example.com", support_url);
        Self {
            support_url,
            name: name.unwrap_or_else(|| "Vestibule".into()),
            // With the listener's port, so that changing the port takes one setting.
            #[expect(clippy::expect_used, reason = "a port number always makes a URL")]
            public_url: url.unwrap_or_else(|| {
                PublicUrl::parse(&format!("http://localhost:{}", listen.port())).expect("a URL made of a port")
            }),
        }
    }
}
