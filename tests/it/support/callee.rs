//! A server of an app, which the service calls.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    time::{Instant, sleep},
};
use tokio_rustls::TlsAcceptor;

/// What it answers: parts, with a pause before each.
#[derive(Clone, Default)]
pub struct Script {
    pub parts: Vec<Vec<u8>>,
    pub pause: Duration,
}

impl Script {
    pub fn status(line: &str) -> Self {
        Self::of(&format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"))
    }

    pub fn of(answer: &str) -> Self {
        Self { parts: vec![answer.as_bytes().to_vec()], pause: Duration::ZERO }
    }

    /// Takes the request, and says nothing for a minute.
    pub fn silent() -> Self {
        Self { parts: vec![Vec::new()], pause: Duration::from_secs(60) }
    }
}

/// A request that arrived, as text, and when.
#[derive(Clone, Debug)]
pub struct Called {
    pub text: String,
    pub at: Instant,
}

impl Called {
    /// The body of the request.
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// A running server.
#[derive(Clone)]
pub struct Callee {
    pub address: SocketAddr,
    script: Arc<Mutex<Script>>,
    called: Arc<Mutex<Vec<Called>>>,
    /// Connections, with or without a request.
    connections: Arc<Mutex<usize>>,
}

impl Callee {
    pub async fn start(script: Script) -> Self {
        Self::over(script, None).await
    }

    pub async fn with_tls(script: Script, tls: TlsAcceptor) -> Self {
        Self::over(script, Some(tls)).await
    }

    async fn over(script: Script, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let callee =
            Self { address, script: Arc::new(Mutex::new(script)), called: Arc::default(), connections: Arc::default() };
        let accepting = callee.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (callee, tls) = (accepting.clone(), tls.clone());
                tokio::spawn(async move {
                    *callee.connections.lock().unwrap() += 1;
                    match tls {
                        None => callee.serve(stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                callee.serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        callee
    }

    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut raw = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&raw).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .map(|rest| rest.split("\r\n").next().unwrap_or_default().parse::<usize>().expect("a length"));
                if body.len() >= length.unwrap_or(0) {
                    self.called.lock().unwrap().push(Called { text, at: Instant::now() });
                    break;
                }
            }
            let mut part = [0; 4096];
            match stream.read(&mut part).await {
                Ok(read) if read > 0 => raw.extend(&part[..read]),
                _ => return,
            }
        }
        let script = self.script.lock().unwrap().clone();
        for part in script.parts {
            sleep(script.pause).await;
            if stream.write_all(&part).await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
        stream.shutdown().await.ok();
    }

    /// From now on it answers so.
    pub fn answer(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    pub fn called(&self) -> Vec<Called> {
        self.called.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address of a path, in clear.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
