//! The app behind the proxy: it says what reached it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// An app that answers with the request as it came.
pub struct Backend {
    pub address: SocketAddr,
    reached: Arc<AtomicU64>,
    listening: JoinHandle<()>,
}

impl Backend {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let reached = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&reached);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&counter)));
            }
        });
        Self { address, reached, listening }
    }

    /// How many requests reached the app.
    pub fn reached(&self) -> u64 {
        self.reached.load(Ordering::SeqCst)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The answer to a WebSocket handshake with the key of RFC 6455 section 1.3.
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Reached: app\r\n";

async fn answer(mut stream: TcpStream, reached: Arc<AtomicU64>) -> Option<()> {
    let (mut raw, mut buffer) = (Vec::new(), [0; 8192]);
    let head = loop {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        raw.extend_from_slice(&buffer[..read]);
        if let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    reached.fetch_add(1, Ordering::SeqCst);
    let text = String::from_utf8_lossy(&raw[..head]).into_owned();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    if field("upgrade").is_some() {
        let user = field("remote-user").unwrap_or_default();
        stream.write_all(format!("{SWITCHED}X-Seen: {user}\r\n\r\n").as_bytes()).await.ok()?;
        // Until the other side goes.
        let _read = stream.read(&mut buffer).await;
        return None;
    }
    let length = field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0_usize);
    while raw.len() < head + length {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        raw.extend_from_slice(&buffer[..read]);
    }
    let says = format!(
        "HTTP/1.1 200 OK\r\nX-Reached: app\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        raw.len()
    );
    stream.write_all(&[says.as_bytes(), &raw].concat()).await.ok()
}
