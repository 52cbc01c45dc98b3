//! The server process: started, watched, stopped.
//!
//! **The leash** is a pipe that this process can write to. A watcher, a few lines of shell forked just before the shell
//! becomes the server, reads from it. An orderly stop writes to the pipe, and the watcher exits. If this process is
//! killed, the kernel closes the pipe, and the watcher stops the server. (A parent-death signal exists on Linux only, and
//! fires when the thread that started the server ends.)
//!
//! The server leads its own process group: Ctrl-C reaches the whole group of this process, and the server must outlive
//! the last transactions.

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

use crate::{
    Died, Durability, Error, PORT, Settings,
    discover::Binaries,
    log::{self, Tail},
    pidfile::PidFile,
    place::Place,
};

/// The watcher is a grandchild, so that the server, which takes over the shell's process, does not see it as a child of
/// its own. Descriptor 3, because the standard input of a background command is `/dev/null`.
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
const STOP_TIMEOUT: Duration = Duration::from_secs(60);
/// The backends of a server that was killed need a moment to notice.
const ORPHAN_TIMEOUT: Duration = Duration::from_secs(10);
const STILL_IN_USE: &str = "still in use";
const REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// Parameters that the caller may override: little memory, and times in UTC.
const DEFAULTS: [&str; 5] =
    ["shared_buffers=64MB", "max_wal_size=512MB", "jit=off", "timezone=UTC", "log_timezone=UTC"];
/// Parameters that keep the server private and its log readable.
const FIXED: [&str; 7] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "log_destination=stderr",
    "logging_collector=off",
    "log_checkpoints=off",
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
];
const DURABLE: [&str; 3] = ["fsync=on", "synchronous_commit=on", "full_page_writes=on"];
const THROWAWAY: [&str; 6] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
];

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    /// `None` once the watcher has exited.
    leash: Option<PipeWriter>,
    tail: Tail,
    cluster: PathBuf,
}

impl Process {
    /// Starts the server and waits until it accepts connections.
    pub(crate) async fn start(
        binaries: &Binaries,
        place: &Place,
        socket_dir: &Path,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let began = Instant::now();
        let program = binaries.dir.join("postgres");
        let arguments = arguments(settings, socket_dir);
        loop {
            let mut process = Self::spawn(&program, place, &arguments)
                .map_err(|source| Error::Spawn { program: program.clone(), source })?;
            let Some(status) = process.wait_until_ready().await? else {
                tracing::info!(
                    folder = %place.dir.display(), postgres = %binaries.version, took = ?began.elapsed(),
                    "started the embedded database"
                );
                return Ok(process);
            };
            process.tail.settle().await;
            if process.tail.mentions(STILL_IN_USE) && began.elapsed() < ORPHAN_TIMEOUT {
                sleep(Duration::from_millis(200)).await;
                continue;
            }
            return Err(Error::DidNotStart { status, log: process.tail.text() });
        }
    }

    fn spawn(program: &Path, place: &Place, arguments: &[OsString]) -> io::Result<Self> {
        let (leash_end, leash) = io::pipe()?;
        let (log_end, log) = io::pipe()?;
        let mut command = place.command(Path::new("/bin/sh"));
        command.args(["-c", LEASH, "sh"]).arg(program).arg("-D").arg(place.cluster()).args(arguments);
        command.stdin(leash_end).stdout(Stdio::null()).stderr(log).process_group(0);
        let child = command.spawn()?;
        // The command holds copies of the server's ends, with which neither pipe would ever close.
        drop(command);
        let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        let pid = pid.ok_or_else(|| io::Error::other("it ended at once"))?;
        Ok(Self { child, pid, leash: Some(leash), tail: Tail::follow(log_end)?, cluster: place.cluster() })
    }

    /// Returns `Some(status)` if the server ended instead.
    ///
    /// There is no timeout, because crash recovery that is interrupted begins again at the next start.
    async fn wait_until_ready(&mut self) -> Result<Option<ExitStatus>, Error> {
        let mut report = Instant::now() + REPORT_INTERVAL;
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
                tracing::info!("embedded database still starting; after a crash it replays its write-ahead log first");
                report += REPORT_INTERVAL;
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn died(&mut self) -> Died {
        let status = self.child.wait().await.ok();
        self.release_watcher();
        self.tail.settle().await;
        Died { status, log: self.tail.text() }
    }

    /// Stops the server by a fast shutdown (SIGINT), which ends sessions and loses nothing. SIGTERM would wait for every
    /// client to leave.
    pub(crate) async fn stop(&mut self) -> Result<(), Error> {
        for signal in [Signal::INT, Signal::QUIT] {
            if self.exited().is_none() {
                // Fails if the server is ending already.
                let _ = kill_process(self.pid, signal);
            }
            if timeout(STOP_TIMEOUT, self.child.wait()).await.is_ok() {
                self.release_watcher();
                tracing::debug!("stopped the embedded database");
                return Ok(());
            }
            // An immediate shutdown loses nothing either, but the next start has to recover.
            tracing::warn!(seconds = STOP_TIMEOUT.as_secs(), "embedded database did not stop in time");
        }
        Err(Error::StillRunning {
            folder: self.cluster.clone(),
            pid: self.pid.as_raw_nonzero().get(),
            seconds: 2 * STOP_TIMEOUT.as_secs(),
        })
    }

    /// Returns the leash, or `None` if the server has ended.
    pub(crate) fn detach(mut self) -> Option<PipeWriter> {
        self.leash.take()
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends the watcher, which would otherwise signal a pid that the system may have reused.
    fn release_watcher(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            // Fails if the watcher has ended already.
            let _ = leash.write_all(b"done\n");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.exited().is_some() {
            self.release_watcher();
        }
    }
}

/// The parameter by which a command line is recognised as this crate's server. Also shown by `ps`.
pub(crate) fn cluster_name(name: &str) -> String {
    format!("cluster_name={name}")
}

/// Parameters on the command line override the configuration files of the cluster, and later ones override earlier ones.
fn arguments(settings: &Settings, socket_dir: &Path) -> Vec<OsString> {
    let durability: &[&str] = match settings.durability {
        Durability::Durable => &DURABLE,
        Durability::Throwaway => &THROWAWAY,
    };
    let mut parameters: Vec<OsString> = DEFAULTS.map(OsString::from).into();
    parameters.extend(settings.parameters.iter().map(OsString::from));
    parameters.extend(FIXED.iter().chain(durability).map(OsString::from));
    let (prefix, port) = (format!("log_line_prefix={}", log::PREFIX), format!("port={PORT}"));
    parameters.extend([cluster_name(&settings.name), prefix, port].map(OsString::from));
    parameters.push(socket_parameter(socket_dir));
    parameters.into_iter().flat_map(|parameter| ["-c".into(), parameter]).collect()
}

/// The parameter is a list of folders. In quotes, which are doubled inside, a path may contain any character.
fn socket_parameter(socket_dir: &Path) -> OsString {
    let parts: Vec<&[u8]> = socket_dir.as_os_str().as_bytes().split(|byte| *byte == b'"').collect();
    OsString::from_vec([b"unix_socket_directories=\"", &parts.join(&b"\"\""[..])[..], b"\""].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_the_caller_override_defaults_but_not_what_keeps_the_server_private() {
        let mut settings = Settings::new("data/postgres", "shop");
        settings.parameters = vec!["jit=on".to_owned(), "listen_addresses=*".to_owned(), "fsync=off".to_owned()];
        let arguments = arguments(&settings, Path::new("/a \"b\""));
        // The last one of a name counts.
        let last = |name: &str| {
            let mut found = arguments.iter().rev().filter_map(|argument| argument.to_str()?.strip_prefix(name));
            found.next().map(str::to_owned)
        };
        for (name, value) in [
            ("jit=", "on"),
            ("listen_addresses=", ""),
            ("fsync=", "on"),
            ("shared_buffers=", "64MB"),
            ("cluster_name=", "shop"),
            ("unix_socket_directories=", "\"/a \"\"b\"\"\""),
        ] {
            assert_eq!(last(name).as_deref(), Some(value), "{name}");
        }
    }
}
