//! `postmaster.pid`: whether a server is ready, and what an earlier one left behind.
//!
//! A server that was killed leaves its pid file and socket. PostgreSQL refuses to start while any process has that pid,
//! and after a reboot or in a container that may be an unrelated process, forever. Since this process holds the lock on
//! the folder, a pid that is no server of this cluster means nothing, and its files are removed.

use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process, test_kill_process},
};
use tokio::time::{Instant, sleep};

use crate::{Error, PORT, error::if_present, place::socket_in, process::cluster_name};

/// A fast shutdown ends with a checkpoint, which takes long on a slow disk.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: Pid,
    pub(crate) port: Option<u16>,
    pub(crate) socket_dir: Option<PathBuf>,
    pub(crate) ready: bool,
}

impl PidFile {
    pub(crate) fn read(cluster: &Path) -> Result<Option<Self>, Error> {
        let path = cluster.join("postmaster.pid");
        Ok(if_present(fs::read_to_string(&path), "reading", &path)?.as_deref().and_then(Self::parse))
    }

    /// Returns `None` for a file that is only half written, or invalid.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let text = |line: usize| lines.get(line).filter(|text| !text.is_empty());
        Some(Self {
            pid: Pid::from_raw(text(0)?.parse().ok().filter(|&pid| pid > 1)?)?,
            port: text(3).and_then(|port| port.parse().ok()),
            socket_dir: text(4).map(PathBuf::from),
            // The other words are "starting", "stopping" and "standby".
            ready: text(7).is_some_and(|status| *status == "ready"),
        })
    }
}

/// Waits for an earlier server of this cluster to end, then removes its files. The caller must hold the lock.
pub(crate) async fn clear(cluster: &Path, socket_dir: &Path, name: &str) -> Result<(), Error> {
    if let Some(old) = PidFile::read(cluster)?
        && let Some(arguments) = server_arguments(&old, cluster)
    {
        // This crate started the server, and its owner and watcher are gone. A server started by hand is left alone.
        if contains(&arguments, cluster_name(name).as_bytes()) {
            tracing::info!(pid = %old.pid.as_raw_nonzero(), "stopping the embedded database of an earlier run");
            // Fails if the server is ending already.
            let _ = kill_process(old.pid, Signal::INT);
        }
        wait_for_end(&old, cluster).await?;
    }
    let socket_lock = socket_dir.join(format!(".s.PGSQL.{PORT}.lock"));
    for leftover in [cluster.join("postmaster.pid"), socket_lock, socket_in(socket_dir)] {
        if if_present(fs::remove_file(&leftover), "removing", &leftover)?.is_some() {
            tracing::debug!(file = %leftover.display(), "removed a stale file of the embedded database");
        }
    }
    Ok(())
}

async fn wait_for_end(old: &PidFile, cluster: &Path) -> Result<(), Error> {
    let deadline = Instant::now() + STOP_TIMEOUT;
    while server_arguments(old, cluster).is_some() {
        if Instant::now() > deadline {
            return Err(Error::StillRunning {
                folder: cluster.to_owned(),
                pid: old.pid.as_raw_nonzero().get(),
                seconds: STOP_TIMEOUT.as_secs(),
            });
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Returns the command line of `old` if that process is a server of this cluster.
///
/// It is if its command line names the cluster or, where command lines are hidden, if it answers on its socket.
fn server_arguments(old: &PidFile, cluster: &Path) -> Option<Vec<u8>> {
    if test_kill_process(old.pid) == Err(Errno::SRCH) {
        return None;
    }
    let arguments = arguments_of(old.pid);
    let is_server = contains(&arguments, cluster.as_os_str().as_bytes())
        || UnixStream::connect(socket_in(old.socket_dir.as_deref()?)).is_ok();
    is_server.then_some(arguments)
}

fn arguments_of(pid: Pid) -> Vec<u8> {
    let pid = pid.as_raw_nonzero();
    let by_ps =
        |_| Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().map(|ps| ps.stdout);
    fs::read(format!("/proc/{pid}/cmdline")).or_else(by_ps).unwrap_or_default()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_the_eighth_line() {
        let lines = "4711\n/d/cluster\n1700000000\n5432\n/d/socket\n\n  123  45\n";
        let starting = PidFile::parse(&format!("{lines}starting\n")).expect("a whole file");
        assert_eq!(starting.pid.as_raw_nonzero().get(), 4711);
        assert_eq!(starting.port, Some(5432));
        assert_eq!(starting.socket_dir.as_deref(), Some(Path::new("/d/socket")));
        assert!(!starting.ready);
        assert!(PidFile::parse(&format!("{lines}ready   \n")).expect("a whole file").ready);
    }

    #[test]
    fn nonsense_in_the_file_is_no_process() {
        for text in ["", "\n", "zero\n", "-1\n", "0\n", "1\n"] {
            assert_eq!(PidFile::parse(text), None, "{text:?}");
        }
    }
}
