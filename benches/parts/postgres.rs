//! Servers as an operator has them, a primary and its standby, each in a folder that goes with the bench.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{DirBuilderExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// One server.
#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    pub port: u16,
    running: bool,
}

fn bin(program: &str) -> PathBuf {
    let found = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres-bin")).output();
    let found = found.expect("scripts/postgres-bin");
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    Path::new(String::from_utf8_lossy(&found.stdout).trim()).join(program)
}

/// PostgreSQL refuses to run as root: then its programs run as the user postgres.
fn command(program: &str) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(bin(program));
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(bin(program));
    command
}

fn run(command: &mut Command) {
    let done = command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null()).output().expect("a program");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A folder that the server's user owns.
fn folder(path: PathBuf) -> PathBuf {
    // PostgreSQL starts in no folder that others may enter.
    fs::DirBuilder::new().mode(0o700).create(&path).expect("a folder");
    if rustix::process::geteuid().is_root() {
        let id = |flag| {
            let said = Command::new("id").args([flag, "postgres"]).output().expect("id");
            String::from_utf8_lossy(&said.stdout).trim().parse().ok()
        };
        chown(&path, id("-u"), id("-g")).expect("another owner");
    }
    path
}

impl Server {
    /// A fresh primary with these settings, and a role and a database of the service.
    pub fn primary(folder_of_all: &Path, settings: &[&str]) -> Self {
        let data = folder(folder_of_all.join("primary"));
        run(command("initdb").arg("--pgdata").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
        ]));
        let mut server = Self { data, port: free_port(), running: false };
        server.start(settings);
        server.psql("create role vestibule login; create role copy login replication;", "postgres");
        server.psql("create database vestibule owner vestibule", "postgres");
        server
    }

    /// A standby that follows a primary, under a slot of its own.
    pub fn standby_of(primary: &Self, folder_of_all: &Path) -> Self {
        let data = folder(folder_of_all.join("standby"));
        let from = format!("host=127.0.0.1 port={} user=copy application_name=standby", primary.port);
        run(command("pg_basebackup")
            .args(["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream"])
            .args(["--create-slot", "--slot=standby", "--dbname", &from, "--pgdata"])
            .arg(&data));
        let mut server = Self { data, port: free_port(), running: false };
        server.start(&[]);
        server
    }

    fn start(&mut self, more: &[&str]) {
        let mut options = format!(
            "-c port={} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=120",
            self.port
        );
        for setting in more {
            options.push_str(" -c ");
            options.push_str(setting);
        }
        run(command("pg_ctl").arg("--pgdata").arg(&self.data).arg("--log").arg(self.data.join("log")).args([
            "--wait",
            "start",
            "--options",
            &options,
        ]));
        self.running = true;
    }

    /// From now on a commit waits until the standby has it on its disk too.
    pub fn wait_for_standby(&self) {
        self.psql("alter system set synchronous_standby_names = 'standby'", "postgres");
        self.psql("select pg_reload_conf()", "postgres");
        while self.ask("select count(*) from pg_stat_replication where sync_state = 'sync'") != "1" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Kills the server with all its processes, as the loss of its machine would.
    pub fn kill(&mut self) {
        let pid = self.pid();
        let children = Command::new("pgrep").args(["-P", &pid.to_string()]).output().expect("pgrep");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        let all = children.split_whitespace().map(|pid| pid.parse().expect("a process id"));
        for pid in std::iter::once(pid).chain(all) {
            let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
        self.running = false;
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        run(command("pg_ctl").arg("--pgdata").arg(&self.data).args(["--wait", "promote"]));
    }

    pub fn pid(&self) -> i32 {
        let note = fs::read_to_string(self.data.join("postmaster.pid")).expect("postmaster.pid");
        note.lines().next().and_then(|pid| pid.parse().ok()).expect("a process id")
    }

    pub fn psql(&self, statement: &str, database: &str) {
        run(self.psql_command(database).args(["--command", statement]));
    }

    fn psql_command(&self, database: &str) -> Command {
        let mut psql = command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--tuples-only", "--no-align"]);
        psql.args(["--host=127.0.0.1", "--username=postgres", &format!("--port={}", self.port), database]);
        psql
    }

    /// One value from the service's database.
    pub fn ask(&self, question: &str) -> String {
        let done =
            self.psql_command("vestibule").current_dir("/").args(["--command", question]).output().expect("psql");
        assert!(done.status.success(), "{question}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running {
            let mut stop = command("pg_ctl");
            stop.arg("--pgdata").arg(&self.data).args(["--mode=immediate", "stop"]).current_dir("/");
            stop.stdout(Stdio::null()).status().ok();
        }
    }
}
