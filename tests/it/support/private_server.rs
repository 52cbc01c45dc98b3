//! The PostgreSQL server of one test run, shared by all its processes and removed when the run ends.
//!
//! The first process that needs the server starts it, under a file lock, and hands it to a keeper: a shell that holds
//! the server's leash and waits for the runner (cargo, cargo-nextest, or a test binary started by hand) to end. The
//! keeper cannot be interrupted from the terminal, so nothing is left behind by Ctrl-C, a timeout or `kill -9`.

use super::cluster::blocking;
use std::{
    fs::{self, File, OpenOptions},
    io::PipeWriter,
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use embedded_postgres::{Durability, Server, Settings};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// High, because every test opens its own pools.
const MAX_CONNECTIONS: u16 = 400;
const ROOM: u64 = 1 << 30;

/// `$1` the runner, `$2` the run's folder. Standard input is the leash, standard output the lock on the cluster.
const KEEPER: &str = r#"
trap '' HUP INT QUIT TERM
while kill -0 "$1" 2>/dev/null; do sleep 0.5 2>/dev/null || sleep 1; done
server=$(head -n 1 "$2/data/postgres/cluster/postmaster.pid" 2>/dev/null)
exec </dev/null
while [ -n "$server" ] && kill -0 "$server" 2>/dev/null; do sleep 0.1 2>/dev/null || sleep 1; done
rm -rf "$2" "$2.lock"
"#;

/// The URL of the run's server, which is started if necessary. Its role may create databases here and nothing more, so
/// that tests need no privilege that the service lacks.
pub fn of_this_run() -> String {
    let runner = runner();
    let folder = home().join(format!("run-{runner}"));
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.with_extension("lock"))
        .expect("the lock of the test server");
    lock.lock().expect("the lock of the test server");
    let note = folder.join("url");
    if let Ok(url) = fs::read_to_string(&note)
        && blocking(answers(&url))
    {
        return url;
    }
    // A folder without a running server is left over from a run whose runner had the same process id.
    let _ = fs::remove_dir_all(&folder);
    let (url, leash, cluster_lock) = blocking(start(&folder));
    keep(runner, &folder, leash.into(), cluster_lock.into());
    fs::write(&note, &url).expect("a note of the test server");
    url
}

async fn answers(url: &str) -> bool {
    match PgConnection::connect(url).await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

async fn start(folder: &Path) -> (String, PipeWriter, File) {
    fs::create_dir(folder).expect("a folder for the test server");
    // Under root, the server runs as another user, who must be able to enter the folder.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("an open folder");
    let server = Server::start(&Settings {
        bin_dir: std::env::var_os("VESTIBULE_POSTGRES_BIN").map(PathBuf::from),
        path: std::env::var_os("PATH"),
        durability: Durability::Throwaway,
        parameters: vec![format!("max_connections={MAX_CONNECTIONS}")],
        ..Settings::new(folder.join("data/postgres"), "vestibule")
    })
    .await
    .unwrap_or_else(|error| panic!("the test server: {error}"));
    assert!(
        folder.join("data/postgres").exists(),
        "the user postgres cannot enter {}; open it, or give it room in /dev/shm",
        folder.display()
    );
    let mut superuser = server.superuser_options().connect().await.expect("the superuser");
    superuser.execute("alter role vestibule createdb").await.expect("a right for the harness");
    superuser.close().await.expect("closing a connection");
    let url = server.url();
    let (leash, lock) = server.detach();
    (url, leash.expect("the leash of a running server"), lock)
}

#[expect(clippy::zombie_processes, reason = "it outlives this process")]
fn keep(runner: u32, folder: &Path, leash: Stdio, cluster_lock: Stdio) {
    Command::new("/bin/sh")
        .args(["-c", KEEPER, "keeper", &runner.to_string()])
        .arg(folder)
        .stdin(leash)
        .stdout(cluster_lock)
        .stderr(Stdio::null())
        .current_dir("/")
        .process_group(0)
        .spawn()
        .expect("the keeper of the test server");
}

/// The process that ends with the run.
fn runner() -> u32 {
    let by_a_runner = ["NEXTEST", "CARGO"].iter().any(|name| std::env::var_os(name).is_some());
    if by_a_runner { std::os::unix::process::parent_id() } else { std::process::id() }
}

/// The folder for this user's runs: in memory if it has enough space, else next to the build.
fn home() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let roomy = rustix::fs::statvfs(memory).is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) >= ROOM);
    let parent = if roomy { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
    let uid = rustix::process::geteuid().as_raw();
    let home = parent.join(format!("vestibule-tests-{uid}"));
    // Anyone may write to /dev/shm, so an existing folder must be ours and not writable by others.
    let _ = fs::DirBuilder::new().mode(0o755).create(&home);
    let found = fs::symlink_metadata(&home).expect("a folder for test servers");
    assert!(
        found.is_dir() && found.uid() == uid && found.mode() & 0o022 == 0,
        "{} is not ours alone; remove it",
        home.display()
    );
    home
}
