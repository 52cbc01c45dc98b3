//! Settings of the OpenID provider.

use std::{fs, path::PathBuf, time::Duration};

use ipnet::IpNet;
use tokio_rustls::rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use url::{Host, Position, Url};

use super::{Environment, network::networks, session::duration_within};

/// What apps get, and for how long.
#[derive(Clone, Debug)]
pub struct Apps {
    /// `VESTIBULE_ACCESS_TOKEN`: lifetime of access tokens.
    pub access_token: Duration,
    /// `VESTIBULE_ID_TOKEN`: lifetime of ID tokens.
    pub id_token: Duration,
    /// `VESTIBULE_REFRESH_IDLE`: lifetime of a refresh token that is not used.
    pub refresh_idle: Duration,
    /// `VESTIBULE_REFRESH_MAX`: lifetime of a grant, however often it is refreshed.
    pub refresh_max: Duration,
    /// `VESTIBULE_REFRESH_GRACE`: for how long a used refresh token answers with its successor.
    pub refresh_grace: Duration,
    /// `VESTIBULE_SIGNING_ROTATION`: for how long a key signs.
    pub signing_rotation: Duration,
    /// `VESTIBULE_APPS_FILE`: apps to add or change at the start.
    pub file: Option<PathBuf>,
    /// `VESTIBULE_OUTBOUND_NETWORKS`: private networks in which apps may be called.
    pub outbound_networks: Vec<IpNet>,
    /// `VESTIBULE_OUTBOUND_CA`: certificate authorities to trust, besides the public ones, for calls to apps.
    pub outbound_authorities: Vec<CertificateDer<'static>>,
    /// `VESTIBULE_CLIENT_DOCUMENTS`: allowed hosts of client ID metadata documents.
    pub client_documents: ClientDocuments,
    /// `VESTIBULE_CLIENT_DOCUMENT_RESOURCES`: resources that these clients' access tokens may be for.
    pub client_document_resources: Vec<String>,
}

/// Which clients may use a client ID metadata document.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum ClientDocuments {
    /// None.
    #[default]
    Off,
    /// Those with documents on these hosts, each with its port unless that is 443. Subdomains are not included.
    Hosts(Vec<String>),
    /// All.
    Any,
}

impl ClientDocuments {
    /// Returns whether the document at this address may describe a client.
    pub fn admit(&self, url: &Url) -> bool {
        match self {
            Self::Off => false,
            Self::Hosts(hosts) => authority(url).is_some_and(|authority| hosts.contains(&authority)),
            Self::Any => true,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "any" => Some(Self::Any),
            hosts => hosts.split(',').map(|host| named_host(host.trim())).collect::<Option<_>>().map(Self::Hosts),
        }
    }
}

/// Returns the host name of a URL, with the port unless it is the default.
fn authority(url: &Url) -> Option<String> {
    url.domain().map(|_| url[Position::BeforeHost..Position::AfterPort].to_owned())
}

/// Parses a host name, with or without a port.
fn named_host(text: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{text}/")).ok()?;
    let named = authority(&url).filter(|_| matches!(url.host(), Some(Host::Domain(_))))?;
    let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b));
    (is_name && text.eq_ignore_ascii_case(&named) && !matches!(text, "off" | "any")).then_some(named)
}

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

impl Apps {
    pub(super) fn read(env: &mut Environment) -> Self {
        let mut read = |name, wanted, least, most, default| {
            let within = Duration::from_secs(least)..=Duration::from_secs(most);
            env.parsed(name, wanted, |text| duration_within(text, &within)).unwrap_or(Duration::from_secs(default))
        };
        let short = "a duration from 30s to 1d such as 10m";
        let long = "a duration from 1m to 400d such as 14d";
        Self {
            access_token: read("VESTIBULE_ACCESS_TOKEN", short, 30, DAY, 10 * MINUTE),
            id_token: read("VESTIBULE_ID_TOKEN", short, 30, DAY, 10 * MINUTE),
            refresh_idle: read("VESTIBULE_REFRESH_IDLE", long, MINUTE, 400 * DAY, 14 * DAY),
            refresh_max: read("VESTIBULE_REFRESH_MAX", long, MINUTE, 400 * DAY, 90 * DAY),
            refresh_grace: read("VESTIBULE_REFRESH_GRACE", "a duration from 0s to 5m such as 30s", 0, 5 * MINUTE, 30),
            signing_rotation: read(
                "VESTIBULE_SIGNING_ROTATION",
                "a duration from 7d to 400d such as 90d",
                7 * DAY,
                400 * DAY,
                90 * DAY,
            ),
            file: env.text("VESTIBULE_APPS_FILE").map(PathBuf::from),
            outbound_networks: env
                .parsed(
                    "VESTIBULE_OUTBOUND_NETWORKS",
                    "networks such as 10.0.0.0/8,fd00::/8, separated by commas",
                    networks,
                )
                .unwrap_or_default(),
            outbound_authorities: authorities(env),
            client_documents: env
                .parsed(
                    "VESTIBULE_CLIENT_DOCUMENTS",
                    "off, any, or names of hosts such as claude.ai,vscode.dev, separated by commas",
                    ClientDocuments::parse,
                )
                .unwrap_or_default(),
            client_document_resources: env
                .parsed(
                    "VESTIBULE_CLIENT_DOCUMENT_RESOURCES",
                    "addresses without a fragment (#) such as https://notes.example.com/mcp, separated by commas",
                    resources,
                )
                .unwrap_or_default(),
        }
    }
}

/// Reads the certificates in the file that `VESTIBULE_OUTBOUND_CA` names.
fn authorities(env: &mut Environment) -> Vec<CertificateDer<'static>> {
    const NAME: &str = "VESTIBULE_OUTBOUND_CA";
    let Some(path) = env.text(NAME) else { return Vec::new() };
    let pem = match fs::read(&path) {
        Ok(pem) => pem,
        Err(error) => {
            env.mistake(NAME, format!("{path} cannot be read: {error}"));
            return Vec::new();
        }
    };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    let mut roots = RootCertStore::empty();
    if found.is_empty() || found.iter().any(|certificate| roots.add(certificate.clone()).is_err()) {
        env.mistake(NAME, "wanted a file with certificates in PEM");
        return Vec::new();
    }
    found
}

/// Parses a list of resources (RFC 8707 section 2).
fn resources(text: &str) -> Option<Vec<String>> {
    let is_resource = |uri: &str| {
        uri.len() <= 2048 && uri.bytes().all(|b| b.is_ascii_graphic()) && !uri.contains('#') && Url::parse(uri).is_ok()
    };
    text.split(',').map(str::trim).map(|uri| is_resource(uri).then(|| uri.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_documents_are_exact_names() {
        let hosts = ClientDocuments::parse("claude.ai, VSCode.dev,localhost:4443").expect("hosts");
        for (address, admitted) in [
            ("https://claude.ai/client.json", true),
            ("https://vscode.dev/x", true),
            ("https://localhost:4443/x", true),
            ("https://localhost/x", false),
            ("https://claude.ai:8443/x", false),
            ("https://sub.claude.ai/x", false),
            ("https://claude.ai.evil.example/x", false),
            ("https://claude.ai./x", false),
            ("https://127.0.0.1/x", false),
        ] {
            let url = Url::parse(address).expect("an address");
            assert_eq!(hosts.admit(&url), admitted, "{address}");
            assert!(!ClientDocuments::Off.admit(&url) && ClientDocuments::Any.admit(&url));
        }
        for bad in
            ["", "a,", "https://claude.ai", "claude.ai/x", "*.claude.ai", "a b", "127.0.0.1", "[::1]", "u@a", "a,any"]
        {
            assert_eq!(ClientDocuments::parse(bad), None, "{bad}");
        }
    }
}
