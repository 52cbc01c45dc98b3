//! The database of the bench: a private PostgreSQL as durable as in production, and a proxy that
//! counts what the service says to it.

use std::{
    fs, io,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use embedded_postgres::{Server, Settings};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UnixStream},
};

/// A server in a folder that goes with the bench.
#[derive(Debug)]
pub struct Database {
    server: Server,
    pub pid: u32,
}

/// A folder that others can enter: under root the server runs as another user.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("vestibule-load-").tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("an open folder");
    folder
}

impl Database {
    pub async fn start(data_dir: &Path) -> Self {
        let settings = Settings {
            bin_dir: std::env::var_os("VESTIBULE_POSTGRES_BIN").map(PathBuf::from),
            path: std::env::var_os("PATH"),
            // Two services at a time, and one connection to look.
            parameters: vec!["max_connections=40".to_owned()],
            ..Settings::new(data_dir.join("postgres"), "vestibule")
        };
        let server = Server::start(&settings).await.unwrap_or_else(|error| panic!("PostgreSQL: {error}"));
        let note = fs::read_to_string(data_dir.join("postgres/cluster/postmaster.pid")).expect("postmaster.pid");
        let pid = note.lines().next().and_then(|pid| pid.parse().ok()).expect("a process id");
        Self { server, pid }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    pub async fn stop(self) {
        self.server.stop().await.expect("an orderly stop");
    }

    /// Starts the proxy; the URL to give to the service, and what it counts.
    pub async fn counted(&self) -> (String, Arc<Counts>) {
        let socket = self.server.connect_options().get_socket().expect("a socket").join(".s.PGSQL.5432");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let counts = Arc::new(Counts::default());
        tokio::spawn(relay_all(listener, socket, Arc::clone(&counts)));
        (format!("postgres://vestibule@127.0.0.1:{port}/vestibule?sslmode=disable"), counts)
    }
}

/// What went to the server.
#[derive(Debug, Default)]
pub struct Counts {
    statements: AtomicU32,
    round_trips: AtomicU32,
}

impl Counts {
    /// Statements executed and times waited for the server, since the last call.
    pub fn take(&self) -> (u32, u32) {
        (self.statements.swap(0, Ordering::Relaxed), self.round_trips.swap(0, Ordering::Relaxed))
    }
}

async fn relay_all(listener: TcpListener, socket: PathBuf, counts: Arc<Counts>) {
    while let Ok((client, _)) = listener.accept().await {
        let (socket, counts) = (socket.clone(), Arc::clone(&counts));
        tokio::spawn(async move {
            let server = UnixStream::connect(socket).await.expect("the server");
            let (from_client, mut to_client) = client.into_split();
            let (mut from_server, to_server) = server.into_split();
            let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            // Either end may hang up at any moment.
            relay(from_client, to_server, &counts).await.ok();
            back.abort();
        });
    }
}

/// Passes the client's messages on one by one (PostgreSQL 18, chapter 54.7): `E` (Execute) and `Q` (Query) run
/// a statement, `S` (Sync) and `Q` make the client wait for an answer.
async fn relay(
    mut from: impl AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    counts: &Counts,
) -> io::Result<()> {
    let mut from = tokio::io::BufReader::new(&mut from);
    // The first message has no type.
    let length = from.read_u32().await?;
    let mut message = length.to_be_bytes().to_vec();
    fill(&mut from, &mut message, length).await?;
    loop {
        to.write_all(&message).await?;
        let kind = from.read_u8().await?;
        let length = from.read_u32().await?;
        message.clear();
        message.push(kind);
        message.extend(length.to_be_bytes());
        fill(&mut from, &mut message, length).await?;
        if matches!(kind, b'E' | b'Q') {
            counts.statements.fetch_add(1, Ordering::Relaxed);
        }
        if matches!(kind, b'S' | b'Q') {
            counts.round_trips.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Reads the rest of a message whose `length` counts its own four octets.
async fn fill(from: &mut (impl AsyncRead + Unpin), message: &mut Vec<u8>, length: u32) -> io::Result<()> {
    let rest = usize::try_from(length).unwrap_or_default().saturating_sub(4);
    let start = message.len();
    message.resize(start + rest, 0);
    from.read_exact(&mut message[start..]).await?;
    Ok(())
}
