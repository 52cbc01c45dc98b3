//! `vestibule app check`.

use std::time::Duration;

use serde_json::Value;
use tokio::{io::AsyncReadExt as _, net::lookup_host, time::timeout};
use url::Url;

use super::{CliError, endpoints};
use crate::{
    apps::{App, AppKind, ClientAuth, address::is_loopback},
    audit::Recorder,
    cli::{
        doctor::{Finding, report},
        serve::ask,
    },
    config::Config,
    features::{
        apps::{self, Endpoints},
        provider_metadata,
    },
    outbound::{Outbound, OutboundError},
};

/// Timeout of each lookup or request.
const WITHIN: Duration = Duration::from_secs(3);
/// Maximum size of metadata, in bytes.
const METADATA_MAX: u64 = 64 * 1024;

/// Checks an app and prints one line per finding.
pub async fn check(by: &Recorder, name: &str, config: &Config) -> Result<(), CliError> {
    let app = apps::find(by, name).await?;
    let secrets = apps::secrets(by, app.id).await?.len();
    let endpoints = endpoints(config);
    let mut findings = vec![if app.is_enabled() {
        Finding::Good(format!("{} is enabled", app.client_id))
    } else {
        Finding::Wrong(format!("{} is disabled", app.client_id))
    }];
    if app.kind.auth() == ClientAuth::Secret {
        findings.push(match secrets {
            0 => Finding::Wrong(format!("it has no secret; `vestibule app secret add {}` prints one", app.client_id)),
            1 => Finding::Good("it has a secret".to_owned()),
            _ => Finding::Warning("it has two secrets; revoke the old one when the app has the new one".to_owned()),
        });
    }
    for uri in addresses(&app) {
        findings.push(reachable(uri).await);
    }
    let outbound = Outbound::new(&config.apps.outbound_networks, &config.apps.outbound_authorities)
        .map_err(|error| format!("cannot set up TLS: {error}"))?;
    if app.kind == AppKind::Proxy {
        for origin in app.gates.iter().filter(|origin| origin.starts_with("https:")) {
            findings.push(gate(&outbound, origin).await);
        }
    } else {
        findings.push(metadata(config, &endpoints).await);
        if config.site.public_url.is_https() {
            findings.push(from_outside(&outbound, config, &endpoints).await);
        }
    }
    if report(&findings) { Ok(()) } else { Err(format!("{} cannot work as it is", app.client_id).into()) }
}

fn addresses(app: &App) -> impl Iterator<Item = &String> {
    let lists = [&app.redirects, &app.post_logouts, &app.origins, &app.gates];
    lists.into_iter().flatten().chain(&app.backchannel_uri)
}

/// Checks that the host of an address resolves.
async fn reachable(uri: &str) -> Finding {
    let Some(url) = Url::parse(uri).ok().filter(|url| matches!(url.scheme(), "https" | "http")) else {
        return Finding::Good(format!("{uri} is opened by an app on the device"));
    };
    if is_loopback(&url) {
        return Finding::Good(format!("{uri} is on the device of the person"));
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    match timeout(WITHIN, lookup_host((host.as_str(), port))).await {
        Ok(Ok(_)) => Finding::Good(format!("{uri} has a host that resolves")),
        // Browsers may resolve names that this machine cannot.
        _ => Finding::Warning(format!("{uri}: this machine cannot resolve {host}")),
    }
}

/// Checks the metadata that the service on this machine serves.
async fn metadata(config: &Config, endpoints: &Endpoints) -> Finding {
    let issuer = &endpoints.issuer;
    let [(_, discovery), ..] = endpoints.all();
    match timeout(WITHIN, fetch(config, &discovery[issuer.len()..])).await {
        Ok(Ok(text)) if text.starts_with("HTTP/1.1 200") && text.contains(&format!("\"{issuer}\"")) => {
            Finding::Good(format!("the service names itself {issuer}; open {discovery} from where the app runs"))
        }
        Ok(Ok(text)) if text.starts_with("HTTP/1.1 404") => {
            Finding::Warning("the service on this machine serves no metadata".to_owned())
        }
        Ok(Ok(text)) => {
            let status = text.lines().next().unwrap_or_default();
            Finding::Wrong(format!("{discovery} is not what apps expect (answer of this machine: {status})"))
        }
        _ => Finding::Warning("the service does not run on this machine, so its metadata was not read".to_owned()),
    }
}

/// Checks the metadata as apps read it: at the public address, through its proxy and certificate.
async fn from_outside(outbound: &Outbound, config: &Config, endpoints: &Endpoints) -> Finding {
    let [(_, discovery), ..] = endpoints.all();
    let read = match Url::parse(&discovery) {
        Ok(url) => outbound.get(&url).await,
        Err(_) => Err(OutboundError::Address),
    };
    match read {
        Ok(answer) if answer.status == 200 => {
            let expected = serde_json::from_slice(&provider_metadata::document(config)).unwrap_or_default();
            let found = serde_json::from_slice(&answer.body).unwrap_or_default();
            let other = differences(&expected, &found);
            if other.is_empty() {
                return Finding::Good(format!("{discovery} is what apps expect"));
            }
            let other = other.join(", ");
            Finding::Wrong(format!("{discovery} differs in {other}: another service answers there, or other settings"))
        }
        Ok(answer) => Finding::Wrong(format!("{discovery} answers {}: apps expect 200", answer.status)),
        Err(error) => Finding::Warning(format!("{discovery} was not read from here: {error}")),
    }
}

/// Returns the differing members that apps rely on.
fn differences<'a>(expected: &'a Value, found: &Value) -> Vec<&'a str> {
    let matters = |name: &str| name == "issuer" || name == "jwks_uri" || name.ends_with("_endpoint");
    let members = expected.as_object().into_iter().flatten();
    members.filter(|(name, value)| matters(name) && found.get(name) != Some(value)).map(|(name, _)| &**name).collect()
}

/// Checks that a protected host refuses a request without a session.
async fn gate(outbound: &Outbound, origin: &str) -> Finding {
    let called = match Url::parse(origin) {
        Ok(url) => outbound.get(&url).await,
        Err(_) => Err(OutboundError::Address),
    };
    match called.map(|answer| answer.status) {
        Ok(status) if status.is_redirection() || matches!(status.as_u16(), 401 | 403) => {
            Finding::Good(format!("{origin} asks who is there (status {})", status.as_u16()))
        }
        Ok(status) if status.is_success() => Finding::Wrong(format!(
            "{origin} answers {} to someone who has not signed in: its proxy does not ask us",
            status.as_u16()
        )),
        Ok(status) => {
            Finding::Warning(format!("{origin} answers {}, which does not say who may enter", status.as_u16()))
        }
        Err(error) => Finding::Warning(format!("{origin} was not called from here: {error}")),
    }
}

async fn fetch(config: &Config, path: &str) -> std::io::Result<String> {
    let stream = ask(config.network.listen, config.site.public_url.host(), path).await?;
    let mut answer = Vec::new();
    stream.take(METADATA_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
