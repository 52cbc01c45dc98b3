//! The processes that are measured: the service itself, a bare "hello" to compare it with, and what
//! the system knows about each of them.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A running child, stopped when it goes out of scope.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// Starts the service over the database of a URL, or over its embedded one, and waits until it
    /// is ready. Its log goes through a pipe, as to a service manager, and on to a file.
    pub fn service(data_dir: &Path, database_url: Option<&str>) -> (Self, Duration) {
        Self::service_with(data_dir, database_url, &[])
    }

    /// The same with more settings.
    pub fn service_with(data_dir: &Path, database_url: Option<&str>, settings: &[(&str, &str)]) -> (Self, Duration) {
        let address = free_address();
        // Leading a session of its own, as under a service manager.
        let mut command = Command::new("setsid");
        command
            .arg(env!("CARGO_BIN_EXE_vestibule"))
            .arg("serve")
            .env("VESTIBULE_DATA_DIR", data_dir)
            // Nobody here reads letters.
            .env("VESTIBULE_REQUIRE_VERIFICATION", "false")
            .env("VESTIBULE_LISTEN", address.to_string());
        command.env_remove("DATABASE_URL").current_dir(data_dir.parent().expect("the bench's folder"));
        if let Some(url) = database_url {
            command.env("DATABASE_URL", url);
        }
        command.envs(settings.iter().copied());
        let begun = Instant::now();
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the service");
        let log = fs::OpenOptions::new().create(true).append(true).open(data_dir.with_extension("log"));
        let (mut from, mut to) = (child.stderr.take().expect("its log"), log.expect("a log file"));
        // Ends with the service. Not `io::copy`: that splices, and a splice into a file on a slow
        // disk locks the pipe under the service's hands.
        thread::spawn(move || {
            let mut lines = [0; 16 * 1024];
            while let Ok(length @ 1..) = from.read(&mut lines) {
                to.write_all(&lines[..length]).ok();
            }
        });
        let mut service = Self { child, address };
        service.wait_until_ready(data_dir);
        (service, begun.elapsed())
    }

    fn wait_until_ready(&mut self, data_dir: &Path) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_ready(self.address) {
            let gone = self.child.try_wait().expect("the state of a child");
            let late = Instant::now() > deadline;
            assert!(gone.is_none() && !late, "the service did not start; see {}.log", data_dir.display());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// This program once more, as a bare axum service.
    pub fn hello() -> Self {
        let myself = std::env::current_exe().expect("the path of this program");
        let mut child = Command::new(myself).arg(HELLO).stdout(Stdio::piped()).spawn().expect("the hello service");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its address");
        Self { child, address: line.trim().parse().expect("an address") }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in MiB.
    pub fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).expect("/proc");
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        kib.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        self.child.wait().ok();
    }
}

/// The argument under which this program is the bare service.
pub const HELLO: &str = "--hello";

/// The bare service: what axum does when it has nothing to do.
pub fn be_hello() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/", axum::routing::get(async || "hello"));
        axum::serve(listener, router).await.expect("the hello service");
    });
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address")
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut status = [0; 12];
    asked.is_ok() && stream.read_exact(&mut status).is_ok() && &status == b"HTTP/1.1 200"
}

/// Seconds of processor time that a process, or a server with its children, has used.
pub fn processor_time(pid: u32, with_children: bool) -> f64 {
    let of = |stat: &str| {
        // The name in parentheses may hold anything; the numbers come after it.
        let fields: Vec<u64> = numbers(stat);
        (fields[1], ticks(fields[11] + fields[12]))
    };
    let own = fs::read_to_string(format!("/proc/{pid}/stat")).map_or(0.0, |stat| of(&stat).1);
    if !with_children {
        return own;
    }
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let stats = processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    own + stats.map(|stat| of(&stat)).filter(|(parent, _)| *parent == u64::from(pid)).map(|(_, time)| time).sum::<f64>()
}

fn numbers(stat: &str) -> Vec<u64> {
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    after.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect()
}

/// Seconds of processor time that all of this machine has spent working.
pub fn machine_time() -> f64 {
    let stat = fs::read_to_string("/proc/stat").expect("/proc/stat");
    let fields: Vec<u64> =
        stat.lines().next().unwrap_or_default().split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal
    ticks(fields[0] + fields[1] + fields[2] + fields[5] + fields[6])
}

fn ticks(ticks: u64) -> f64 {
    // Linux tells processor time in hundredths of a second whatever its own clock does (USER_HZ).
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ticks = ticks as f64;
    ticks / 100.0
}
