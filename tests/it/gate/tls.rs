//! A throw-away certificate for the protected host, and a browser's side of the connection.

use std::{fs, io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use crate::support::http::Answer;

/// The name of the protected host behind a real proxy.
pub const NAME: &str = "app.test";

/// Connects to the host.
#[derive(Clone)]
pub struct Client {
    connector: TlsConnector,
    pub to: SocketAddr,
}

/// Writes `app.pem`, `app.key` and `app.both.pem`, and returns a client that trusts them.
pub fn certificate(folder: &Path, to: SocketAddr) -> Client {
    let key = rcgen::KeyPair::generate().expect("a key");
    let own = rcgen::CertificateParams::new(vec![NAME.to_owned()]).expect("parameters");
    let own = own.self_signed(&key).expect("a certificate");
    for (name, text) in [
        ("app.pem", own.pem()),
        ("app.key", key.serialize_pem()),
        ("app.both.pem", format!("{}{}", own.pem(), key.serialize_pem())),
    ] {
        fs::write(folder.join(name), text).expect("a file");
    }
    let mut roots = RootCertStore::empty();
    roots.add(own.der().clone()).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client { connector: TlsConnector::from(Arc::new(config)), to }
}

impl Client {
    pub async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(NAME).expect("a name");
        self.connector.connect(name, TcpStream::connect(self.to).await?).await
    }

    /// Sends raw octets, and reads the answer until the host closes, or switches protocols.
    pub async fn exchange(&self, request: &[u8]) -> io::Result<Answer> {
        let mut stream = self.connect().await?;
        stream.write_all(request).await.ok();
        let mut raw = Vec::new();
        let reading = async {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                raw.extend_from_slice(&buffer[..read]);
                if is_whole(&raw) {
                    break;
                }
            }
        };
        timeout(Duration::from_secs(20), reading).await.map_err(|_| io::ErrorKind::TimedOut)?;
        Answer::parse(&raw)
    }
}

/// Whether the answer is complete although the connection stays open, as it does when a switch of protocols was asked for.
fn is_whole(raw: &[u8]) -> bool {
    let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&raw[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    match length {
        Some(length) => raw.len() >= end + 4 + length,
        None => head.starts_with("http/1.1 101") || (head.contains("chunked") && raw.ends_with(b"0\r\n\r\n")),
    }
}
