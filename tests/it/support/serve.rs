//! Runs the accept loop with a test's own router and caps.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use vestibule::http::server::{self, Caps, Serve};

/// Caps that no test reaches by accident.
pub const WIDE: Caps = Caps { total: 2000, per_network: 2000 };

/// A router served on a free port until it is stopped or dropped.
pub struct Served {
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

pub async fn serve(service: impl Serve, caps: Caps) -> Served {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(server::serve(listener, service, caps, Vec::new(), Arc::default(), stopped));
    Served { address, stop, task }
}

impl Served {
    /// Asks it to stop, without waiting.
    pub fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until it has stopped.
    pub async fn stopped(self) {
        self.ask_to_stop();
        self.task.await.expect("the server's end");
    }
}
