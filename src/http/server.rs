//! The accept loop and graceful shutdown.
//!
//! 1. Connections are capped in total, below the limit on open files, and per network (an IPv4 address or an IPv6 /64)
//!    except for trusted proxies. Beyond the total, new connections wait in the listen backlog.
//! 2. Request heads must arrive within ten seconds, and clients must read responses within fifteen, so that slow
//!    clients cost little. axum's `serve` sets neither timeout.
//! 3. A shutdown accepts the backlog, closes the listener, finishes requests in progress and sends `Connection: close`.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt as _};

use crate::{
    limits::{
        Key,
        per_network::{Counted, PerNetwork},
    },
    telemetry::Metrics,
    types::instant,
};

/// Timeout for a request's head, and for idle connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout for a client that does not read its response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// Maximum size of a request's head in bytes. hyper checks after reading, so it lets somewhat more pass, and answers what
/// it refuses itself with a bare status and `Connection: close`; [`crate::web`] refuses the rest with a page.
pub const HEAD_MAX: usize = 32 * 1024;
/// Maximum number of request headers.
const HEADERS_MAX: usize = 100;
/// The listen backlog is empty after this long without a connection.
const BACKLOG_EMPTY_AFTER: Duration = Duration::from_millis(10);
/// How long a shutdown accepts connections from the backlog.
const BACKLOG_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a shutdown waits for requests on idle connections.
const LINGER: Duration = Duration::from_millis(100);
/// How long a shutdown waits for requests in progress.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);
/// File descriptors reserved for everything else: the database, the log, libraries.
const OTHER_FILES: u64 = 128;

/// Maximum numbers of connections.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// In total.
    pub total: usize,
    /// From one network that is not a trusted proxy.
    pub per_network: usize,
}

impl Caps {
    /// Returns 10,000 in total, less if the limit on open files is lower, and 512 per network.
    pub fn of_this_system() -> Self {
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let total = files.saturating_sub(OTHER_FILES).clamp(16, 10_000);
        Self { total: usize::try_from(total).unwrap_or(16), per_network: 512 }
    }
}

/// A service that answers every request.
pub trait Serve:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Serve for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

/// Serves until `stop` is true, then finishes requests in progress.
pub async fn serve(
    listener: TcpListener,
    service: impl Serve,
    caps: Caps,
    trusted_proxies: Vec<IpNet>,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    let Caps { total, per_network } = caps;
    let total = Arc::new(Semaphore::new(total));
    let gate = Gate { total, by_network: PerNetwork::default(), per_network, trusted_proxies };
    let connections = TaskTracker::new();
    let stopped = stop.clone();
    let spawn = |accepted: Option<(TcpStream, SocketAddr, Entry)>| {
        let Some((stream, peer, entry)) = accepted else { return };
        let (service, metrics, stopped) = (service.clone(), Arc::clone(&metrics), stopped.clone());
        connections.spawn(async move {
            metrics.connections.inc();
            serve_connection(stream, peer, service, stopped).await;
            metrics.connections.dec();
            drop(entry);
        });
    };
    loop {
        tokio::select! {
            () = stopping(&mut stop) => break,
            accepted = gate.accept(&listener) => spawn(accepted),
        }
    }
    // Connections in the backlog precede the shutdown, and would be reset with the listener.
    let deadline = instant() + BACKLOG_TIMEOUT;
    while let Ok(accepted) = timeout(BACKLOG_EMPTY_AFTER, gate.accept(&listener)).await {
        spawn(accepted);
        if instant() > deadline {
            break;
        }
    }
    drop(listener);
    connections.close();
    if timeout(SHUTDOWN_TIMEOUT, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "shutdown timed out; open connections were closed");
    }
}

/// Serves one connection until it ends.
async fn serve_connection(stream: TcpStream, peer: SocketAddr, service: impl Serve, mut stop: watch::Receiver<bool>) {
    // Responses are small and must not wait for the next packet.
    stream.set_nodelay(true).ok();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        service.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_headers(HEADERS_MAX).max_buf_size(HEAD_MAX);
    let mut connection = pin!(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
    // Connection errors are the client's; nobody needs to know.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = async {
            stopping(&mut stop).await;
            // Serves a request that has arrived but was not read; hyper would close the connection.
            sleep(LINGER).await;
        } => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await.ok();
}

/// Waits until the service stops.
pub async fn stopping(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender was dropped, which is a stop too.
    stop.wait_for(|stop| *stop).await.ok();
}

/// Counts and caps connections.
struct Gate {
    total: Arc<Semaphore>,
    by_network: PerNetwork,
    per_network: usize,
    trusted_proxies: Vec<IpNet>,
}

/// A connection's slot, released on drop.
type Entry = (OwnedSemaphorePermit, Counted);

impl Gate {
    /// Accepts the next connection; `None` if it failed or was rejected.
    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, SocketAddr, Entry)> {
        let place = Arc::clone(&self.total).acquire_owned().await.ok()?;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                back_off(&error).await;
                return None;
            }
        };
        let address = peer.ip().to_canonical();
        let is_proxy = self.trusted_proxies.iter().any(|network| network.contains(&address));
        let most = if is_proxy { usize::MAX } else { self.per_network };
        let counted = self.by_network.enter(Key::network(address), most)?;
        Some((stream, peer, (place, counted)))
    }
}

/// Ignores clients that disconnected while queued. Other errors, such as too many open files, are retried after a pause
/// instead of in a busy loop.
async fn back_off(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "no connection can be accepted; new visitors wait");
        sleep(Duration::from_millis(250)).await;
    }
}
