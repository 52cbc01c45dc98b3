//! The loop that accepts connections, and how it ends.
//!
//! 1. There is a cap on all connections, below the system's limit on open files, and one for each
//!    network (an IPv4 address, an IPv6 /64) that is not a proxy of ours; beyond the first, new ones wait in the system's queue.
//! 2. A request's head must arrive within ten seconds, and a client that does not take its answer
//!    for fifteen is let go: slow clients cost little and not for long. (axum's own `serve` sets
//!    neither.)
//! 3. A stop lets in who is in that queue, closes the listener, lets requests in flight finish, and says `Connection: close`.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::Peer;
use crate::{
    limits::{
        Key,
        per_network::{Counted, PerNetwork},
    },
    telemetry::Metrics,
};

/// How long a request's head may take, and a connection may rest between requests.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may leave its answer lying.
const TAKEN_WITHIN: Duration = Duration::from_secs(15);
/// About how many octets a request's head may have: hyper looks after it has read.
const HEAD_MAX: usize = 32 * 1024;
/// The most header fields of a request.
const HEADERS_MAX: usize = 100;
/// A queue of new connections that brought nobody for this long is empty.
const NOBODY_FOR: Duration = Duration::from_millis(10);
/// How long a stop lets people in who were in that queue.
const LAST_IN_WITHIN: Duration = Duration::from_millis(250);
/// How long a stop waits for what connections that rest have to say.
const LAST_WORD_WITHIN: Duration = Duration::from_millis(100);
/// How long requests in flight may take to finish when the service stops.
const FINISH_WITHIN: Duration = Duration::from_secs(8);
/// Open files that are not connections from clients: the database, the log, libraries.
const OTHER_FILES: u64 = 128;

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// In all.
    pub total: usize,
    /// From one network that is not a trusted proxy.
    pub per_network: usize,
}

impl Caps {
    /// 10,000 in all, fewer where the system's limit on open files is lower, and 512 from one
    /// network.
    #[must_use]
    pub fn of_this_system() -> Self {
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let total = files.saturating_sub(OTHER_FILES).clamp(16, 10_000);
        Self { total: usize::try_from(total).unwrap_or(16), per_network: 512 }
    }
}

/// Answers requests. Not tower's `Service`, whose futures would have to be boxed.
pub trait Serve: Clone + Send + Sync + 'static {
    /// The answer, whatever happens.
    fn answer(self, request: Request) -> impl Future<Output = Response> + Send;
}

impl Serve for Router {
    async fn answer(self, request: Request) -> Response {
        self.oneshot(request).await.into_response()
    }
}

/// Serves until `stop` says true, then finishes what is in flight.
pub async fn serve<S: Serve>(
    listener: TcpListener,
    service: S,
    caps: Caps,
    trusted_proxies: Vec<IpNet>,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    let gate = Gate {
        total: Arc::new(Semaphore::new(caps.total)),
        by_network: PerNetwork::default(),
        per_network: caps.per_network,
        trusted_proxies,
    };
    let connections = TaskTracker::new();
    let stopped = stop.clone();
    let welcome = |accepted: Option<(TcpStream, SocketAddr, Entry)>| {
        let Some((stream, peer, entry)) = accepted else { return };
        let (service, metrics, stopped) = (service.clone(), Arc::clone(&metrics), stopped.clone());
        connections.spawn(async move {
            metrics.connections.inc();
            converse(stream, peer, service, stopped).await;
            metrics.connections.dec();
            drop(entry);
        });
    };
    loop {
        tokio::select! {
            () = stopping(&mut stop) => break,
            accepted = gate.accept(&listener) => welcome(accepted),
        }
    }
    // Whoever stands in the system's queue came before the stop, and would be reset with the listener.
    let closes = Instant::now() + LAST_IN_WITHIN;
    while let Ok(accepted) = timeout(NOBODY_FOR, gate.accept(&listener)).await {
        welcome(accepted);
        if Instant::now() > closes {
            break;
        }
    }
    drop(listener);
    connections.close();
    if timeout(FINISH_WITHIN, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "connections were cut: they did not finish in time");
    }
}

/// One connection from its first request to its last.
async fn converse<S: Serve>(stream: TcpStream, peer: SocketAddr, service: S, mut stop: watch::Receiver<bool>) {
    // Answers are small: none of them waits for the next packet.
    stream.set_nodelay(true).ok();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKEN_WITHIN));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer.ip()));
        let answer = service.clone().answer(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = pin!(connection);
    // How a connection ends is its client's business: there is nobody left to tell.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = async {
            stopping(&mut stop).await;
            // A request that is here and was not read yet is served; hyper would close without a word.
            sleep(LAST_WORD_WITHIN).await;
        } => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await.ok();
}

/// Resolves when the service stops.
pub async fn stopping(stop: &mut watch::Receiver<bool>) {
    // An error means that whoever could say so is gone, which is a stop too.
    stop.wait_for(|stop| *stop).await.ok();
}

/// Counts connections in and out.
struct Gate {
    total: Arc<Semaphore>,
    by_network: PerNetwork,
    per_network: usize,
    trusted_proxies: Vec<IpNet>,
}

/// One connection's place; leaving it lets the next one in.
struct Entry {
    _place: OwnedSemaphorePermit,
    _counted: Counted,
}

impl Gate {
    /// The next connection that may come in; `None` when one was turned away.
    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, SocketAddr, Entry)> {
        let place = Arc::clone(&self.total).acquire_owned().await.ok()?;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                rest_after(&error).await;
                return None;
            }
        };
        let address = peer.ip().to_canonical();
        let is_proxy = self.trusted_proxies.iter().any(|network| network.contains(&address));
        let most = if is_proxy { usize::MAX } else { self.per_network };
        let counted = self.by_network.enter(Key::network(address), most)?;
        Some((stream, peer, Entry { _place: place, _counted: counted }))
    }
}

/// A client that left while it waited is its own affair; a system without free files is asked again
/// in a moment, not in a busy loop.
async fn rest_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "no connection can be accepted at the moment");
        sleep(Duration::from_millis(250)).await;
    }
}
