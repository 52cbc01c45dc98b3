//! Calls to addresses that others chose, to real listeners.

use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;
use tokio_rustls::rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use url::Url;
use vestibule::outbound::{MOST, Outbound, OutboundError};

use crate::support::{
    callee::{Callee, Script},
    certificate::certificate,
};

fn client(allowed: &[&str]) -> Outbound {
    let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().expect("a network")).collect();
    Outbound::new(&allowed, &[]).expect("a client")
}

fn url(text: &str) -> Url {
    text.parse().expect("an address")
}

const HERE: &[&str] = &["127.0.0.0/8"];

#[tokio::test]
async fn row_46_private_addresses_are_never_connected_to() {
    let callee = Callee::start(Script::status("200 OK")).await;
    let port = callee.port();
    let client = client(&[]);
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0.0.0.0"] {
        for scheme in ["http", "https"] {
            let refused = client.get(&url(&format!("{scheme}://{host}:{port}/"))).await;
            assert!(matches!(refused, Err(OutboundError::Network)), "{scheme}://{host}: {refused:?}");
        }
    }
    for address in ["https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://[64:ff9b::a00:1]/"] {
        let begun = Instant::now();
        assert!(matches!(client.get(&url(address)).await, Err(OutboundError::Network)), "{address}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{address}");
    }
    assert_eq!(callee.connections(), 0);

    // What the operator allows is not allowed in another spelling.
    let refused = self::client(HERE).get(&url(&format!("http://[::ffff:127.0.0.1]:{port}/"))).await;
    assert!(matches!(refused, Err(OutboundError::Network)), "{refused:?}");
    assert_eq!(callee.connections(), 0);
    let answer = self::client(HERE).get(&url(&format!("http://localhost:{port}/x?y=z#f"))).await.expect("an answer");
    assert_eq!(answer.status, 200);
    let called = &callee.called()[0].text;
    assert!(called.starts_with("GET /x?y=z HTTP/1.1\r\n"), "{called}");
    assert!(called.contains(&format!("host: localhost:{port}\r\n")), "{called}");
}

#[tokio::test]
async fn only_https_is_called_and_nobody_is_signed_in() {
    let client = client(&["127.0.0.0/8", "10.0.0.0/8"]);
    for address in
        ["http://10.0.0.1/", "http://1.1.1.1/", "https://user@1.1.1.1/", "https://:x@1.1.1.1/", "ftp://1.1.1.1/"]
    {
        let refused = client.get(&url(address)).await;
        assert!(matches!(refused, Err(OutboundError::Address)), "{address}: {refused:?}");
    }
    let unknown = client.get(&url("https://nowhere.invalid/")).await;
    assert!(matches!(unknown, Err(OutboundError::Lookup(_) | OutboundError::TimedOut)), "{unknown:?}");
}

#[tokio::test]
async fn row_47_a_redirect_is_not_followed() {
    let secret = Callee::start(Script::status("200 OK")).await;
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", secret.url("/"));
    let callee = Callee::start(Script::of(&redirect)).await;
    let answer = client(HERE).get(&url(&callee.url("/"))).await.expect("an answer");
    assert_eq!(answer.status, 302);
    assert_eq!((callee.connections(), secret.connections()), (1, 0));
}

#[tokio::test]
async fn row_48_slow_long_and_broken_answers_end() {
    let client = client(HERE);
    let slow = Script {
        parts: [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec()]
            .into_iter()
            .chain(vec![b"x".to_vec(); 1000])
            .collect(),
        pause: Duration::from_millis(100),
    };
    for script in [slow, Script::silent()] {
        let callee = Callee::start(script).await;
        let begun = Instant::now();
        let failed = client.get(&url(&callee.url("/"))).await;
        assert!(matches!(failed, Err(OutboundError::TimedOut)), "{failed:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    let most = "x".repeat(MOST);
    let exactly = Callee::start(Script::of(&format!("HTTP/1.1 200 OK\r\nContent-Length: {MOST}\r\n\r\n{most}"))).await;
    assert_eq!(client.get(&url(&exactly.url("/"))).await.expect("an answer").body.len(), MOST);
    let head = "x".repeat(40_000);
    for long in [
        format!("HTTP/1.1 200 OK\r\n\r\n{most}x"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n{most}x\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nX-Long: {head}\r\nContent-Length: 0\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx".to_owned(),
        "nothing of the kind\r\n\r\n".to_owned(),
        String::new(),
    ] {
        let callee = Callee::start(Script::of(&long)).await;
        let failed = client.get(&url(&callee.url("/"))).await;
        let expected = matches!(failed, Err(OutboundError::TooLong | OutboundError::Http(_)));
        assert!(expected, "{:?}: {failed:?}", long.get(..60));
    }
}

#[tokio::test]
async fn a_form_is_sent_over_tls_to_who_has_the_certificate() {
    let (tls, authority) = certificate();
    let callee = Callee::with_tls(Script::status("204 No Content"), tls).await;
    let here = url(&format!("https://localhost:{}/logout", callee.port()));
    let stranger = client(HERE).post_form(&here, "a=b".to_owned()).await;
    assert!(matches!(stranger, Err(OutboundError::Connect(_))), "{stranger:?}");
    assert!(callee.called().is_empty());

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).expect("a certificate")).expect("an authority");
    let trusting = Outbound::trusting(&[HERE[0].parse().expect("a network")], roots).expect("a client");
    let answer = trusting.post_form(&here, "a=b".to_owned()).await.expect("an answer");
    assert_eq!(answer.status, 204);
    let called = &callee.called()[0];
    assert!(called.text.starts_with("POST /logout HTTP/1.1\r\n"), "{called:?}");
    assert!(called.text.contains("content-type: application/x-www-form-urlencoded\r\n"), "{called:?}");
    assert_eq!(called.body(), "a=b");
    let by_address = url(&format!("https://127.0.0.1:{}/", callee.port()));
    assert!(matches!(trusting.get(&by_address).await, Err(OutboundError::Connect(_))), "the name is checked");
}
