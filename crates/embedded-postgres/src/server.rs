//! One running server: started on a leash, watched, stopped.
//!
//! **The leash** is a pipe. The service holds its writing end; a few lines of shell, left behind just before the shell
//! becomes the server, read the other. While the service lives nothing comes. When it ends in order it says so, and
//! the shell goes. When it is killed the kernel closes the pipe, and the shell stops the server. (A parent-death signal
//! would be Linux-only, and tied to the thread that spawned.)
//!
//! The server leads a process group of its own: Ctrl-C reaches a whole group, and the database must outlive the
//! service's last transactions.

use std::{
    ffi::OsString,
    io::{self, PipeWriter, Write as _},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Child,
    time::{Instant, sleep, timeout},
};

use super::{
    Died, Durability, EmbeddedError, PORT, Settings,
    discover::Binaries,
    log::{self, Tail},
    pidfile::PidFile,
    place::Place,
};

/// How a server of ours is known by its command line; also what `ps` shows for its processes.
pub(super) const CLUSTER_NAME: &str = "cluster_name=vestibule";

/// The watcher is a grandchild, so that the server, whose process id the shell already has, never sees it as a child
/// of its own. Descriptor 3, because a background command's standard input is `/dev/null`.
const LEASH: &str = r#"
exec 3<&0 </dev/null
( (
    trap '' HUP INT QUIT TERM
    exec >/dev/null 2>&1
    read -r word <&3 && exit
    kill -INT $$
) & )
exec "$@" 3<&-
"#;

/// A fast shutdown writes a checkpoint first.
const STOP_PATIENCE: Duration = Duration::from_secs(60);
/// Backends of a server that was killed need a moment to notice.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);
const STILL_IN_USE: &str = "still in use";

#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pid: Pid,
    /// `None` once the watcher has been told to go.
    leash: Option<PipeWriter>,
    tail: Tail,
    cluster: PathBuf,
}

impl Server {
    /// Starts the server and waits until it takes connections.
    pub(super) async fn start(
        binaries: &Binaries,
        place: &Place,
        socket_dir: &Path,
        settings: &Settings,
    ) -> Result<Self, EmbeddedError> {
        let began = Instant::now();
        loop {
            let mut server = Self::spawn(binaries, place, socket_dir, settings)?;
            let Some(status) = server.wait_until_ready().await? else {
                tracing::info!(
                    folder = %place.root.display(), postgres = %binaries.version, took = ?began.elapsed(),
                    "the embedded database runs"
                );
                return Ok(server);
            };
            server.tail.settle().await;
            if server.tail.mentions(STILL_IN_USE) && began.elapsed() < ORPHAN_PATIENCE {
                sleep(Duration::from_millis(200)).await;
                continue;
            }
            return Err(EmbeddedError::DidNotStart { status, log: server.tail.text() });
        }
    }

    fn spawn(
        binaries: &Binaries,
        place: &Place,
        socket_dir: &Path,
        settings: &Settings,
    ) -> Result<Self, EmbeddedError> {
        let program = binaries.dir.join("postgres");
        let failed = |source| EmbeddedError::Spawn { program: program.clone(), source };
        let (leash_end, leash) = io::pipe().map_err(failed)?;
        let (log_end, log) = io::pipe().map_err(failed)?;
        let mut command = place.command(Path::new("/bin/sh"));
        command
            .args(["-c", LEASH, "sh"])
            .arg(&program)
            .arg("-D")
            .arg(place.cluster())
            .args(arguments(settings, socket_dir))
            .stdin(Stdio::from(leash_end))
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .process_group(0);
        let child = command.spawn().map_err(failed)?;
        // The command keeps our copies of the server's ends: while it lives, neither pipe would ever close.
        drop(command);
        let pid = child
            .id()
            .and_then(|pid| Pid::from_raw(pid.cast_signed()))
            .ok_or_else(|| failed(io::Error::other("it ended at once")))?;
        Ok(Self {
            child,
            pid,
            leash: Some(leash),
            tail: Tail::follow(log_end).map_err(failed)?,
            cluster: place.cluster(),
        })
    }

    /// `Some(status)` when the server ended instead. No time limit: recovery after a crash takes what it takes, and
    /// giving up would only begin it again.
    async fn wait_until_ready(&mut self) -> Result<Option<ExitStatus>, EmbeddedError> {
        let mut report = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.exited() {
                return Ok(Some(status));
            }
            if let Some(file) = PidFile::read(&self.cluster)?
                && file.pid == self.pid
                && file.ready
            {
                return Ok(None);
            }
            if Instant::now() > report {
                tracing::info!("the database is still starting; after a crash it reads its journal first");
                report += Duration::from_secs(10);
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) async fn died(&mut self) -> Died {
        let status = self.child.wait().await.ok();
        self.let_watcher_go();
        self.tail.settle().await;
        Died { status, log: self.tail.text() }
    }

    /// Fast shutdown (SIGINT): sessions end, nothing is lost. SIGTERM would wait for every client to leave.
    pub(super) async fn stop(&mut self) -> Result<(), EmbeddedError> {
        for signal in [Signal::INT, Signal::QUIT] {
            if self.exited().is_none() {
                // It may end by itself in this very moment.
                let _ = kill_process(self.pid, signal);
            }
            if timeout(STOP_PATIENCE, self.child.wait()).await.is_ok() {
                self.let_watcher_go();
                tracing::debug!("the embedded database has stopped");
                return Ok(());
            }
            // An immediate shutdown loses nothing either, but the next start has to recover.
            tracing::warn!("the database does not stop; asking it to stop at once");
        }
        Err(EmbeddedError::StillRunning {
            folder: self.cluster.clone(),
            pid: self.pid.as_raw_nonzero().get(),
            seconds: 2 * STOP_PATIENCE.as_secs(),
        })
    }

    /// The leash, for somebody else to hold; `None` when the server has ended.
    pub(super) fn hand_over(mut self) -> Option<PipeWriter> {
        self.leash.take()
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Without this the watcher would signal a process id that may already be somebody else's.
    fn let_watcher_go(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            // No reader means no watcher, which is as good.
            let _ = leash.write_all(b"done\n");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.exited().is_some() {
            self.let_watcher_go();
        }
    }
}

/// Given on the command line, so that they hold whatever the files in the cluster say.
fn arguments(settings: &Settings, socket_dir: &Path) -> Vec<OsString> {
    let mut set: Vec<OsString> = [
        CLUSTER_NAME,
        "listen_addresses=",
        "unix_socket_permissions=0700",
        // Modest memory: the tables of an authentication service are small and its statements short.
        "shared_buffers=64MB",
        "max_wal_size=512MB",
        "jit=off",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_destination=stderr",
        "logging_collector=off",
        "log_checkpoints=off",
        "log_error_verbosity=terse",
        "log_min_error_statement=panic",
    ]
    .map(OsString::from)
    .to_vec();
    set.push(format!("log_line_prefix={}", log::PREFIX).into());
    set.push(format!("port={PORT}").into());
    set.push(format!("max_connections={}", settings.max_connections).into());
    set.push(socket_setting(socket_dir));
    let durability: &[&str] = match settings.durability {
        Durability::Durable => &["fsync=on", "synchronous_commit=on", "full_page_writes=on"],
        Durability::Throwaway => &[
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "autovacuum=off",
            "wal_level=minimal",
            "max_wal_senders=0",
        ],
    };
    set.extend(durability.iter().map(OsString::from));
    set.into_iter().flat_map(|setting| [OsString::from("-c"), setting]).collect()
}

/// The setting is a list: in quotes, themselves doubled, a path may hold commas, blanks and quotes.
fn socket_setting(socket_dir: &Path) -> OsString {
    let mut setting = b"unix_socket_directories=\"".to_vec();
    for &byte in socket_dir.as_os_str().as_bytes() {
        setting.push(byte);
        if byte == b'"' {
            setting.push(byte);
        }
    }
    setting.push(b'"');
    OsString::from_vec(setting)
}
