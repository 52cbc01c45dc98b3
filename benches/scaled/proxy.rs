//! HAProxy in front of the replicas, with the configuration that docs/SCALING.md shows.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::parts::postgres::free_port;

/// The configuration that operators get; the addresses are put into it here.
const CONFIGURATION: &str = include_str!("../../deploy/scaled/haproxy.cfg");

#[derive(Debug)]
pub struct Proxy {
    child: Child,
    pub address: SocketAddr,
}

impl Proxy {
    /// Starts it; `None` where it is not installed.
    pub fn before(replicas: &[SocketAddr], folder: &Path) -> Option<Self> {
        let port = free_port();
        let mut text = String::new();
        for line in CONFIGURATION.lines() {
            match line {
                "    bind :8080" => text.push_str(&format!("    bind 127.0.0.1:{port}\n")),
                _ if line.starts_with("    server replica1 ") => {
                    for (n, replica) in replicas.iter().enumerate() {
                        text.push_str(&format!("    server replica{n} {replica}\n"));
                    }
                }
                _ if line.starts_with("    server replica") => {}
                _ => text.extend([line, "\n"]),
            }
        }
        let path = folder.join(format!("haproxy-{port}.cfg"));
        fs::write(&path, text).expect("a configuration");
        let address = (Ipv4Addr::LOCALHOST, port).into();
        let log = fs::File::create(path.with_extension("log")).expect("a log");
        let child =
            Command::new("haproxy").arg("-db").arg("-f").arg(&path).stdout(Stdio::null()).stderr(log).spawn().ok()?;
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "HAProxy did not start; see {}", path.display());
            thread::sleep(Duration::from_millis(10));
        }
        // Every server counts as down until it was asked.
        thread::sleep(Duration::from_millis(1500));
        Some(Self { child, address })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
