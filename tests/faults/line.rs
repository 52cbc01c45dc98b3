//! The line between one replica and PostgreSQL, over TCP, that a fault slows down, stalls, silences and cuts.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
    time::sleep,
};

/// What one direction does with octets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Flow {
    #[default]
    Pass,
    /// Keeps them until it passes again, as a network that comes back does.
    Stall,
    /// Takes them and forgets them, and the connection with them: a black hole, and no reset ever.
    Swallow,
    /// Passes a few at a time.
    Drip,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    to_server: Flow,
    to_client: Flow,
    latency: Duration,
    /// New connections are reset.
    refuses: bool,
    /// How often all connections were reset.
    cuts: u64,
}

/// A listener in front of the server.
pub struct Line {
    pub address: SocketAddr,
    state: watch::Sender<State>,
    task: AbortHandle,
}

impl Line {
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let (state, watched) = watch::channel(State::default());
        let task = tokio::spawn(listen(listener, port, watched)).abort_handle();
        Self { address, state, task }
    }

    /// What each direction does, for the connections there are and for those to come.
    pub fn flow(&self, to_server: Flow, to_client: Flow) {
        self.state.send_modify(|state| (state.to_server, state.to_client) = (to_server, to_client));
    }

    /// What every step costs on its way to the server.
    pub fn delay(&self, latency: Duration) {
        self.state.send_modify(|state| state.latency = latency);
    }

    /// Resets every connection there is.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Resets every connection there is, and those to come, or no more.
    pub fn refuse(&self, refuses: bool) {
        self.state.send_modify(|state| {
            state.refuses = refuses;
            state.cuts += u64::from(refuses);
        });
    }

    /// As if nothing had been.
    pub fn heal(&self) {
        self.state.send_modify(|state| *state = State { cuts: state.cuts, ..State::default() });
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, port: u16, state: watch::Receiver<State>) {
    let mut relays = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        while relays.try_join_next().is_some() {}
        relays.spawn(relay(client, port, state.clone()));
    }
}

async fn relay(mut client: TcpStream, port: u16, mut state: watch::Receiver<State>) {
    let (refuses, cuts) = {
        let state = state.borrow_and_update();
        (state.refuses, state.cuts)
    };
    if refuses {
        client.set_zero_linger().ok();
        return;
    }
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        client.set_zero_linger().ok();
        return;
    };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let (up, down) = (state.clone(), state.clone());
    let was_cut = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        tokio::select! {
            _ = pass(from_client, to_server, up, |state| (state.to_server, state.latency)) => false,
            _ = pass(from_server, to_client, down, |state| (state.to_client, Duration::ZERO)) => false,
            _ = state.wait_for(|state| state.cuts > cuts) => true,
        }
    };
    if was_cut {
        client.set_zero_linger().ok();
        server.set_zero_linger().ok();
    }
}

/// One direction. The end of one side is the end of both.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    mine: impl Fn(&State) -> (Flow, Duration),
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut lost = false;
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // The line's end is the end of its connections.
        state.wait_for(|state| mine(state).0 != Flow::Stall).await.map_err(io::Error::other)?;
        let (flow, latency) = mine(&state.borrow());
        lost |= flow == Flow::Swallow;
        if lost {
            continue;
        }
        if !latency.is_zero() {
            sleep(latency).await;
        }
        if flow == Flow::Drip {
            for few in buffer[..read].chunks(16) {
                to.write_all(few).await?;
                sleep(Duration::from_millis(4)).await;
            }
        } else {
            to.write_all(&buffer[..read]).await?;
        }
    }
}
