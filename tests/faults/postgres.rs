//! A PostgreSQL server of one's own on TCP: the real programs, a cluster in memory, restarted, filled and made
//! read-only as a fault wants it.

use std::{
    fs,
    io::PipeWriter,
    net::Ipv4Addr,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;

use crate::support::process::free_address;

/// Whoever dies without a word leaves no server behind: `$1` its programs, `$2` its cluster. Ends when standard input
/// does, cannot be interrupted from a terminal.
const KEEPER: &str = r#"
trap '' HUP INT QUIT TERM
cat >/dev/null
"$1/pg_ctl" -D "$2" -m immediate -s stop >/dev/null 2>&1
rm -rf "$3" 2>/dev/null || rm -rf "$3"/*
"#;

/// Durable, as the service's own is; small, so that many of its starts cost little.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = '64MB'
autovacuum_naptime = '10s'
log_min_messages = fatal
";

/// The running server.
pub struct Postgres {
    programs: PathBuf,
    cluster: PathBuf,
    log: PathBuf,
    pub port: u16,
    owner: Option<(u32, u32)>,
    folder: Option<TempDir>,
    leash: Option<PipeWriter>,
}

impl Postgres {
    /// With its cluster in memory.
    pub fn start() -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
        let folder = tempfile::Builder::new().prefix("vestibule-faults-").tempdir_in(parent).expect("a folder");
        let mut server = Self::in_folder(folder.path(), "");
        server.folder = Some(folder);
        server
    }

    /// With its cluster in this folder.
    pub fn in_folder(folder: &Path, more_settings: &str) -> Self {
        let (programs, owner) = (programs(), owner());
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("an open folder");
        if let Some((user, group)) = owner {
            chown(folder, Some(user), Some(group)).expect("a folder of the server's user");
        }
        let (cluster, port) = (folder.join("cluster"), free_address().port());
        let server =
            Self { log: folder.join("log"), programs, cluster, port, owner, folder: None, leash: None }.initialized();
        let settings = format!("{SETTINGS}{more_settings}port = {port}\n");
        fs::write(server.cluster.join("postgresql.auto.conf"), settings).expect("settings");
        let server = server.leashed();
        server.ctl(&["start", "-w"]);
        server
    }

    fn initialized(self) -> Self {
        let cluster = self.cluster.to_str().expect("a path");
        let arguments =
            ["-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--wal-segsize=4", "-N"];
        self.run("initdb", &arguments);
        self
    }

    #[expect(clippy::zombie_processes, reason = "it outlives this process")]
    fn leashed(mut self) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut keeper = self.command("/bin/sh".as_ref());
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.programs).arg(&self.cluster);
        keeper.arg(self.cluster.parent().expect("its folder"));
        keeper.stdin(reader).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        keeper.spawn().expect("the keeper of the server");
        self.leash = Some(writer);
        self
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(&self.programs.join(program)).args(arguments).output().expect("a server program");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
    }

    /// `pg_ctl`, to its end. What it starts keeps none of our pipes.
    pub fn ctl(&self, arguments: &[&str]) {
        assert!(self.try_ctl(arguments), "pg_ctl {arguments:?}: {}", fs::read_to_string(&self.log).unwrap_or_default());
    }

    pub fn try_ctl(&self, arguments: &[&str]) -> bool {
        let mut command = self.command(&self.programs.join("pg_ctl"));
        command.arg("-D").arg(&self.cluster).arg("-l").arg(&self.log).args(arguments).arg("-s");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("pg_ctl").success()
    }

    /// As the superuser, past every line that may fail.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        let here = Ipv4Addr::LOCALHOST.to_string();
        PgConnectOptions::new_without_pgpass()
            .host(&here)
            .port(self.port)
            .username("postgres")
            .database(database)
            .ssl_mode(sqlx::postgres::PgSslMode::Disable)
    }

    pub async fn connect(&self, database: &str) -> PgConnection {
        self.options(database).connect().await.expect("the server")
    }

    pub async fn execute(&self, statement: &str) {
        let mut connection = self.connect("postgres").await;
        connection.execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        connection.close().await.ok();
    }

    /// An empty database, owned by a role that may do nothing else.
    pub async fn create_database(&self, name: &str) {
        let mut connection = self.connect("postgres").await;
        connection.execute("create role vestibule login").await.ok();
        let create = format!("create database {name} owner vestibule template template0");
        connection.execute(&*create).await.expect("a database");
        connection.close().await.ok();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.try_ctl(&["stop", "-m", "immediate"]);
    }
}

/// Where the service itself would find them.
fn programs() -> PathBuf {
    let found = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres-bin")).output();
    let found = found.expect("scripts/postgres-bin");
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8(found.stdout).expect("a path").trim().into()
}

/// PostgreSQL refuses root.
fn owner() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the users of this system");
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    };
    of("postgres").or_else(|| of("nobody"))
}
