//! Runs the real program in its own folder, with only the environment that a test gives it.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use super::{browser::Browser, http::exchange};

/// A timeout that no machine should reach.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder to run in, and the settings of the program.
pub struct Program {
    pub folder: TempDir,
    /// The program to run; by default the one built with the tests.
    pub path: PathBuf,
    settings: Vec<(String, String)>,
}

impl Program {
    pub fn new(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = env!("CARGO_BIN_EXE_vestibule").into();
        Self { folder, path, settings: settings.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect() }
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.retain(|(found, _)| found != name);
        self.settings.push((name.into(), value.into()));
    }

    /// The value of a given setting.
    pub fn setting(&self, name: &str) -> &str {
        self.settings.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        let settings = self.settings.iter().map(|(name, value)| (name, value));
        command.args(arguments).env_clear().envs(settings).current_dir(self.folder.path()).kill_on_drop(true);
        command
    }

    /// Runs one command until it exits.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "").await
    }

    /// Runs one command until it exits, with this standard input.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().expect("standard input");
        // A command that reads nothing may have exited already.
        stdin.write_all(input.as_bytes()).await.ok();
        drop(stdin);
        timeout(PATIENCE, child.wait_with_output()).await.expect("a command that ends").expect("its output")
    }

    /// Starts the service at a free address, and waits until it is ready.
    pub async fn serve(&mut self) -> Service {
        self.serve_at(free_address()).await
    }

    /// Starts the service at this address, and waits until it is ready.
    pub async fn serve_at(&mut self, address: SocketAddr) -> Service {
        let started = Instant::now();
        let mut service = self.start_at(address);
        while !service.is_ready().await {
            assert!(!service.has_ended() && started.elapsed() < PATIENCE, "not ready: {}", service.log());
            sleep(Duration::from_millis(5)).await;
        }
        service.ready_after = started.elapsed();
        service
    }

    /// Starts the service at this address without waiting.
    pub fn start_at(&mut self, address: SocketAddr) -> Service {
        let file = File::options().create(true).append(true).open(self.log_file()).expect("a log");
        self.start_to(address, file)
    }

    /// Starts the service with this standard error, without waiting.
    pub fn start_to(&mut self, address: SocketAddr, log: impl Into<Stdio>) -> Service {
        self.set("VESTIBULE_LISTEN", address.to_string());
        let child = self.command(&[]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Service { child, address, ready_after: Duration::ZERO, log: self.log_file() }
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Runs one command until it exits, with this standard output and error.
    pub async fn run_to(&self, arguments: &[&str], out: impl Into<Stdio>, err: impl Into<Stdio>) -> Output {
        let child = self.command(arguments).stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
        timeout(PATIENCE, child.wait_with_output()).await.expect("a command that ends").expect("its output")
    }
}

/// A running service.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
    pub ready_after: Duration,
    log: PathBuf,
}

impl Service {
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Everything logged in the folder so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log")
    }

    #[allow(dead_code, reason = "tests/faults looks at the process from outside")]
    /// The process id; `None` once it is known to have exited.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the process").is_some()
    }

    pub async fn is_ready(&self) -> bool {
        let request = self.browser().request("GET", "/readyz", None);
        exchange(self.address, Ipv4Addr::LOCALHOST, &request).await.is_ok_and(|answer| answer.status == 200)
    }

    /// Waits until it exits.
    pub async fn ended(mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("an end").expect("the process")
    }

    /// Sends SIGKILL: nothing is finished.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the end of the process");
    }

    /// Sends SIGTERM, so that the service can finish. Returns its exit status and how long that took.
    pub async fn terminate(self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("a running process");
        kill_process(pid, Signal::TERM).expect("a signal");
        (self.ended().await, asked.elapsed())
    }
}

/// A free port on a loopback address.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let process = u8::try_from(std::process::id() % 200).expect("below 200");
    let host = Ipv4Addr::new(127, 90, process, NEXT.fetch_add(1, Ordering::Relaxed));
    TcpListener::bind((host, 0)).expect("a free port").local_addr().expect("the port")
}

/// Writes a file into a folder and returns its path as text.
pub fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    path.into_os_string().into_string().expect("a path in UTF-8")
}

/// A command's standard output and standard error.
pub fn said(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}
