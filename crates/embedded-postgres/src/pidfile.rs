//! `postmaster.pid`: how a server tells that it is ready, and what an earlier one left behind.
//!
//! A server that was killed leaves its pid file and socket. PostgreSQL refuses to start while the pid in that file is
//! alive, and after a reboot or in a container the number may be anybody's: it would refuse for ever. We hold the
//! owner lock, so a pid that is no server of this cluster means nothing and its files go.

use std::{
    fs,
    io::ErrorKind,
    os::unix::{ffi::OsStrExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process, test_kill_process},
};
use tokio::time::{Instant, sleep};

use super::{EmbeddedError, server::CLUSTER_NAME, socket};

/// A fast shutdown ends with a checkpoint, which a slow disk may drag out.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: Pid,
    pub(super) port: Option<u16>,
    pub(super) socket_dir: Option<PathBuf>,
    /// Line 8 says so; the other words are "starting", "stopping" and "standby".
    pub(super) ready: bool,
}

impl PidFile {
    pub(super) fn read(cluster: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = cluster.join("postmaster.pid");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EmbeddedError::file("reading", path)(error)),
        }
    }

    /// `None` for a file that is only half written or makes no sense.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let text = |line: usize| lines.get(line).filter(|text| !text.is_empty());
        Some(Self {
            pid: Pid::from_raw(text(0)?.parse().ok().filter(|&pid| pid > 1)?)?,
            port: text(3).and_then(|port| port.parse().ok()),
            socket_dir: text(4).map(PathBuf::from),
            ready: text(7).is_some_and(|status| *status == "ready"),
        })
    }
}

/// Waits for an earlier server of this cluster to end, then removes what it left. Only with the owner lock held.
pub(super) async fn clear(cluster: &Path, socket_dir: &Path) -> Result<(), EmbeddedError> {
    if let Some(old) = PidFile::read(cluster)?
        && let Some(arguments) = server_arguments(&old, cluster)
    {
        // One of ours lost its service and its watcher. A server that somebody started by hand is left alone.
        if contains(&arguments, CLUSTER_NAME.as_bytes()) {
            tracing::info!(pid = %old.pid.as_raw_nonzero(), "stopping the database server of an earlier run");
            // It may end by itself in this very moment.
            let _ = kill_process(old.pid, Signal::INT);
        }
        wait_for_end(&old, cluster).await?;
    }
    for leftover in [cluster.join("postmaster.pid"), socket::socket_in(socket_dir), socket::lock_in(socket_dir)] {
        match fs::remove_file(&leftover) {
            Ok(()) => tracing::debug!(file = %leftover.display(), "removed a stale file"),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(EmbeddedError::file("removing", leftover)(error)),
        }
    }
    Ok(())
}

async fn wait_for_end(old: &PidFile, cluster: &Path) -> Result<(), EmbeddedError> {
    let deadline = Instant::now() + PATIENCE;
    while server_arguments(old, cluster).is_some() {
        if Instant::now() > deadline {
            return Err(EmbeddedError::StillRunning {
                folder: cluster.to_owned(),
                pid: old.pid.as_raw_nonzero().get(),
                seconds: PATIENCE.as_secs(),
            });
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The command line of `old`, if that process is a server of this cluster: it names the cluster, or it answers on the
/// socket that the file names (when command lines are hidden from us).
fn server_arguments(old: &PidFile, cluster: &Path) -> Option<Vec<u8>> {
    if test_kill_process(old.pid) == Err(Errno::SRCH) {
        return None;
    }
    let arguments = arguments_of(old.pid).unwrap_or_default();
    if contains(&arguments, cluster.as_os_str().as_bytes()) {
        return Some(arguments);
    }
    let socket = socket::socket_in(old.socket_dir.as_deref()?);
    UnixStream::connect(socket).is_ok().then_some(arguments)
}

fn arguments_of(pid: Pid) -> Option<Vec<u8>> {
    let pid = pid.as_raw_nonzero();
    if let Ok(arguments) = fs::read(format!("/proc/{pid}/cmdline")) {
        return Some(arguments);
    }
    let output = Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Some(output.stdout)
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
