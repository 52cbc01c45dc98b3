//! A proxy between the service and its database that a test can delay, silence or cut.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixListener, UnixStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// What the proxy does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Line {
    /// Forwards everything.
    Open,
    /// Closes every connection, and every new one.
    Cut,
    /// Accepts everything and forwards nothing. A connection that lost bytes here stays silent.
    Silent,
}

/// A Unix socket in front of the test server.
pub struct Proxy {
    pub options: PgConnectOptions,
    line: watch::Sender<Line>,
    latency_us: Arc<AtomicU64>,
    listening: JoinHandle<()>,
    _folder: TempDir,
}

#[derive(Clone, Debug)]
enum Server {
    Unix(PathBuf),
    Tcp(String, u16),
}

impl Proxy {
    /// Starts a proxy for this database; its `options` connect through it.
    pub fn before(database: &PgConnectOptions) -> Self {
        let (host, port) = (database.get_host(), database.get_port());
        let folder = database.get_socket().cloned().or_else(|| host.starts_with('/').then(|| host.into()));
        let server = match folder {
            Some(folder) => Server::Unix(folder.join(format!(".s.PGSQL.{port}"))),
            None => Server::Tcp(host.to_owned(), port),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("a socket");
        let (line, watched) = watch::channel(Line::Open);
        let latency_us = Arc::new(AtomicU64::new(0));
        let listening = tokio::spawn(listen(listener, server, watched, Arc::clone(&latency_us)));
        let options = database.clone().socket(folder.path()).port(5432);
        Self { options, line, latency_us, listening, _folder: folder }
    }

    /// Changes what the proxy does, for existing and new connections.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// Delays everything on its way to the server.
    pub fn delay(&self, latency: Duration) {
        self.latency_us.store(u64::try_from(latency.as_micros()).expect("a short time"), Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: UnixListener, server: Server, line: watch::Receiver<Line>, latency_us: Arc<AtomicU64>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(relay(client, server.clone(), line.clone(), Arc::clone(&latency_us)));
    }
}

async fn relay(
    client: UnixStream,
    server: Server,
    line: watch::Receiver<Line>,
    latency_us: Arc<AtomicU64>,
) -> io::Result<()> {
    if *line.borrow() == Line::Cut {
        return Ok(());
    }
    let (from_client, to_client) = client.into_split();
    let mut cut = line.clone();
    let relayed = async {
        match server {
            Server::Unix(path) => {
                let (from_server, to_server) = UnixStream::connect(path).await?.into_split();
                let upstream = pass(from_client, to_server, line.clone(), Some(latency_us));
                tokio::try_join!(upstream, pass(from_server, to_client, line, None))
            }
            Server::Tcp(host, port) => {
                let (from_server, to_server) = TcpStream::connect((host, port)).await?.into_split();
                let upstream = pass(from_client, to_server, line.clone(), Some(latency_us));
                tokio::try_join!(upstream, pass(from_server, to_client, line, None))
            }
        }
    };
    tokio::select! {
        done = relayed => done.map(drop),
        _ = cut.wait_for(|line| *line == Line::Cut) => Ok(()),
    }
}

/// Forwards one direction. When one side ends, both end.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    line: watch::Receiver<Line>,
    latency_us: Option<Arc<AtomicU64>>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut lost = false;
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        lost |= *line.borrow() == Line::Silent;
        if lost {
            continue;
        }
        let latency = latency_us.as_ref().map_or(0, |latency| latency.load(Ordering::Relaxed));
        if latency > 0 {
            sleep(Duration::from_micros(latency)).await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}
