//! The embedded PostgreSQL, as its service meets it. These run as root and as an ordinary user.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed"
)]

mod life;
mod refusals;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use embedded_postgres::{Durability, Embedded, Settings};
use rustix::process::{Pid, test_kill_process};
use sqlx::{ConnectOptions as _, PgConnection};

/// A data folder of this test's own. Under root the server is another user, who has to get in.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn settings(folder: &Path) -> Settings {
    Settings { durability: Durability::Throwaway, ..durable(folder) }
}

fn durable(folder: &Path) -> Settings {
    Settings {
        data_dir: folder.join("data"),
        bin_dir: std::env::var_os("VESTIBULE_POSTGRES_BIN").map(PathBuf::from),
        path: std::env::var_os("PATH"),
        cache_dir: None,
        durability: Durability::Durable,
        max_connections: 20,
    }
}

fn cluster(settings: &Settings) -> PathBuf {
    settings.data_dir.join("postgres/cluster")
}

fn server_pid(settings: &Settings) -> Pid {
    let file = fs::read_to_string(cluster(settings).join("postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().parse().unwrap()).unwrap()
}

async fn connect(server: &Embedded) -> PgConnection {
    server.connect_options().connect().await.unwrap()
}

async fn one(connection: &mut PgConnection, query: &str) -> String {
    sqlx::query_scalar(query).fetch_one(connection).await.unwrap()
}

/// A child of ours would stay as a zombie, which still takes signals, until somebody waits for it.
fn is_gone(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_err() || status.is_ok_and(|stat| stat.contains(") Z "))
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
