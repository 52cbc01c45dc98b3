//! A mail server that costs as little as it can, or that says nothing.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A running mail server.
pub struct Sink {
    pub address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connected: AtomicU32,
    taken: AtomicU32,
}

impl Sink {
    pub async fn start(silent: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.connected.fetch_add(1, Ordering::Relaxed);
                let counted = Arc::clone(&counted);
                // A client that goes away ends its own conversation.
                tokio::spawn(async move { converse(stream, silent, &counted).await.ok() });
            }
        });
        Self { address, counts }
    }

    pub fn connected(&self) -> u32 {
        self.counts.connected.load(Ordering::Relaxed)
    }

    pub fn taken(&self) -> u32 {
        self.counts.taken.load(Ordering::Relaxed)
    }
}

async fn converse(stream: TcpStream, silent: bool, counts: &Counts) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    if !silent {
        stream.write_all(b"220 sink\r\n").await?;
    }
    let (mut line, mut in_letter) = (Vec::new(), false);
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match line.as_slice() {
            b".\r\n" if in_letter => {
                in_letter = false;
                counts.taken.fetch_add(1, Ordering::Relaxed);
                b"250 taken\r\n"
            }
            _ if silent || in_letter => continue,
            b"DATA\r\n" => {
                in_letter = true;
                b"354 go on\r\n"
            }
            _ => b"250 sink\r\n",
        };
        stream.write_all(answer).await?;
    }
}
