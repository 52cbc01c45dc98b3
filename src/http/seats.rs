//! Connection slots ("seats").
//!
//! 1. Connections are capped in total and per network: an IPv4 address or an IPv6 /64. Its /56 may have twice and its
//!    /48 four times as many. Trusted proxies have no cap of their own.
//! 2. At the total cap, the longest-idle connection of the network with the most connections is closed to make room. So
//!    an attacker cannot keep others out by holding connections, however many addresses it has.
//! 3. A connection is idle while it has no request in progress. Busy connections and those of trusted proxies are never
//!    closed.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use ipnet::IpNet;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

use super::server::Caps;
use crate::{
    limits::{
        Key,
        per_network::{Counted, PerNetwork},
    },
    types::instant,
};

/// All connection slots. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Seats(Arc<All>);

#[derive(Debug)]
struct All {
    caps: Caps,
    trusted_proxies: Vec<IpNet>,
    by_network: PerNetwork,
    taken: Mutex<HashMap<u64, Arc<Seat>>>,
    next: AtomicU64,
    /// Notified when a slot is freed or its connection becomes idle.
    changed: Notify,
}

/// The slot of one connection.
#[derive(Debug)]
struct Seat {
    /// The widest network around the client; `None` for a trusted proxy.
    network: Option<Key>,
    doing: Mutex<Doing>,
    leave: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    /// Idle since this time.
    Idle(Instant),
    /// Idle and asked to close.
    Leaving,
    /// Processing a request.
    Busy,
    /// The response is complete but may not be sent yet.
    Answered,
}

impl Seats {
    pub(super) fn new(caps: Caps, trusted_proxies: Vec<IpNet>) -> Self {
        Self(Arc::new(All {
            caps,
            trusted_proxies,
            by_network: PerNetwork::default(),
            taken: Mutex::default(),
            next: AtomicU64::new(0),
            changed: Notify::new(),
        }))
    }

    /// Waits for a slot. Returns `None` if the client's network has reached its cap.
    pub(super) async fn take(&self, client: IpAddr) -> Option<Taken> {
        let client = client.to_canonical();
        let networks = Key::networks(client);
        let is_proxy = self.0.trusted_proxies.iter().any(|proxies| proxies.contains(&client));
        let counted = if is_proxy {
            None
        } else {
            let most = [1, 2, 4].map(|times| self.0.caps.per_network * times);
            let shares: Vec<_> = networks.iter().copied().zip(most).collect();
            Some(self.0.by_network.enter(&shares)?)
        };
        let network = networks.last().copied().filter(|_| !is_proxy);
        let doing = Mutex::new(Doing::Idle(instant()));
        let seat = Arc::new(Seat { network, doing, leave: Notify::new() });
        loop {
            if let Some(number) = self.sit(&seat) {
                return Some(Taken { seats: self.clone(), seat, number, _counted: counted });
            }
            self.make_room();
            self.0.changed.notified().await;
        }
    }

    fn sit(&self, seat: &Arc<Seat>) -> Option<u64> {
        let mut taken = self.taken();
        if taken.len() >= self.0.caps.total {
            return None;
        }
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        taken.insert(number, Arc::clone(seat));
        Some(number)
    }

    /// Asks the longest-idle connection of the network with the most to close, unless one is closing or none is idle.
    fn make_room(&self) {
        let taken = self.taken();
        let (mut counts, mut longest) = (HashMap::<Key, usize>::new(), HashMap::<Key, (Instant, &Arc<Seat>)>::new());
        for seat in taken.values() {
            let Some(network) = seat.network else { continue };
            *counts.entry(network).or_default() += 1;
            match *seat.doing() {
                Doing::Leaving => return,
                Doing::Idle(since) if longest.get(&network).is_none_or(|(other, _)| since < *other) => {
                    longest.insert(network, (since, seat));
                }
                Doing::Idle(_) | Doing::Busy | Doing::Answered => {}
            }
        }
        let fullest = longest.into_iter().max_by_key(|(network, _)| counts.get(network));
        if let Some((_, (_, seat))) = fullest {
            *seat.doing() = Doing::Leaving;
            seat.leave.notify_one();
        }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<u64, Arc<Seat>>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A taken slot; dropping it frees the slot.
#[derive(Debug)]
pub(super) struct Taken {
    seats: Seats,
    seat: Arc<Seat>,
    number: u64,
    _counted: Option<Counted>,
}

impl Taken {
    /// Waits until another connection needs the slot while this one is idle.
    pub(super) async fn asked_to_leave(&self) {
        loop {
            self.seat.leave.notified().await;
            // A request may have arrived meanwhile.
            if *self.seat.doing() == Doing::Leaving {
                return;
            }
            self.seats.0.changed.notify_one();
        }
    }

    /// Marks the connection as busy with a request.
    pub(super) fn answering(&self) -> Answering {
        *self.seat.doing() = Doing::Busy;
        Answering(Arc::clone(&self.seat))
    }

    /// Wraps the stream, to notice when responses have been sent.
    pub(super) fn watch<S>(&self, stream: Pin<Box<S>>) -> Watched<S> {
        Watched { stream, seats: self.seats.clone(), seat: Arc::clone(&self.seat) }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.seats.taken().remove(&self.number);
        self.seats.0.changed.notify_one();
    }
}

/// A request in progress; dropped at the end of its response.
#[derive(Debug)]
pub(super) struct Answering(Arc<Seat>);

impl Answering {
    /// Attaches it to the response body, so that it lasts until the body is sent.
    pub(super) fn with(self, body: Body) -> Body {
        Body::new(Answer { body, _answering: self })
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        *self.0.doing() = Doing::Answered;
    }
}

/// The body of a response.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that marks the connection as idle once all responses have been sent.
pub(super) struct Watched<S> {
    stream: Pin<Box<S>>,
    seats: Seats,
    seat: Arc<Seat>,
}

impl<S: AsyncRead> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(context, into)
    }
}

impl<S: AsyncWrite> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.stream.as_mut().poll_flush(context);
        // hyper flushes after it has written everything it has.
        let mut doing = self.seat.doing();
        if flushed.is_ready() && *doing == Doing::Answered {
            *doing = Doing::Idle(instant());
            self.seats.0.changed.notify_one();
        }
        drop(doing);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
