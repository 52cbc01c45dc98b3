//! The accept loop and graceful shutdown.
//!
//! 1. Connections are capped in total, below the limit on open files, and per network except for trusted proxies.
//!    Beyond the total, an idle connection is closed to make room ([`super::seats`]).
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
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt as _};

use super::seats::{Seats, Taken};
use crate::{telemetry::Metrics, types::instant};

/// Timeout for a request's head, and for idle connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout for a client that does not read its response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// Maximum size of a request's head in bytes. hyper checks after reading, so it accepts slightly more. What hyper
/// refuses gets a bare status and `Connection: close`; [`crate::web`] refuses the rest with a page.
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

/// Connections in total, if the limit on open files allows.
const TOTAL_MAX: u64 = 10_000;
/// One network's share of all connections, and the connections that it has in any case.
const SHARE: usize = 16;
const PER_NETWORK_MIN: usize = 128;

/// Maximum numbers of connections.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// In total.
    pub total: usize,
    /// From one network that is not a trusted proxy; an IPv6 /56 may have twice and a /48 four times as many.
    pub per_network: usize,
}

impl Caps {
    /// Raises the soft limit on open files to the hard one. Returns 10,000 in total, less if the limit is lower, and a
    /// sixteenth of that per network, but at least 128.
    pub fn of_this_system() -> Self {
        let total = raised_file_limit().saturating_sub(OTHER_FILES).clamp(16, TOTAL_MAX);
        let total = usize::try_from(total).unwrap_or(16);
        Self { total, per_network: (total / SHARE).max(PER_NETWORK_MIN) }
    }
}

/// Raises the limit on open files as far as an unprivileged process may, and returns it.
fn raised_file_limit() -> u64 {
    let files = Resource::Nofile;
    let Rlimit { current, maximum } = getrlimit(files);
    // Some systems refuse an unlimited number; then the limit stays unchanged.
    setrlimit(files, Rlimit { current: maximum, maximum }).ok();
    getrlimit(files).current.or(current).unwrap_or(u64::MAX)
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
    let seats = Seats::new(caps, trusted_proxies);
    let connections = TaskTracker::new();
    let stopped = stop.clone();
    let spawn = |accepted: Option<(TcpStream, SocketAddr, Taken)>| {
        let Some((stream, peer, seat)) = accepted else { return };
        let (service, metrics, stopped) = (service.clone(), Arc::clone(&metrics), stopped.clone());
        connections.spawn(async move {
            metrics.connections.inc();
            serve_connection(stream, peer, seat, service, stopped).await;
            metrics.connections.dec();
        });
    };
    loop {
        tokio::select! {
            () = stopping(&mut stop) => break,
            accepted = accept(&listener, &seats) => spawn(accepted),
        }
    }
    // Connections in the backlog precede the shutdown, and would be reset with the listener.
    let deadline = instant() + BACKLOG_TIMEOUT;
    while let Ok(accepted) = timeout(BACKLOG_EMPTY_AFTER, accept(&listener, &seats)).await {
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

/// Serves one connection until it ends, or until it is idle and another one needs its slot.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    seat: Taken,
    service: impl Serve,
    mut stop: watch::Receiver<bool>,
) {
    // Responses are small and must not wait for the next packet.
    stream.set_nodelay(true).ok();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let stream = seat.watch(Box::pin(stream));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let answering = seat.answering();
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = service.clone().oneshot(request);
        async move { answer.await.map(|response| response.map(|body| answering.with(body))) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_headers(HEADERS_MAX).max_buf_size(HEAD_MAX);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // Connection errors are the client's; nobody needs to know.
    tokio::select! {
        // First, so that a request that has arrived is seen before the place is given up.
        biased;
        _ = connection.as_mut() => return,
        () = seat.asked_to_leave() => return,
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

/// Accepts the next connection and waits for a slot; `None` if it failed or was rejected.
async fn accept(listener: &TcpListener, seats: &Seats) -> Option<(TcpStream, SocketAddr, Taken)> {
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, seats.take(peer.ip()).await?)),
        Err(error) => {
            back_off(&error).await;
            None
        }
    }
}

/// Ignores clients that disconnected while queued. Other errors, such as too many open files, are retried after a pause
/// instead of in a busy loop.
async fn back_off(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "cannot accept connections; new visitors wait");
        sleep(Duration::from_millis(250)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a4_the_soft_limit_on_open_files_is_raised_to_the_hard_one() {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let lower = maximum.map_or(65_536, |files| files - 1);
        setrlimit(Resource::Nofile, Rlimit { current: Some(lower), maximum }).expect("a lower limit");
        let Caps { total, per_network } = Caps::of_this_system();
        assert_eq!(getrlimit(Resource::Nofile).current, maximum);
        assert_eq!(per_network, (total / 16).max(128));
    }
}
