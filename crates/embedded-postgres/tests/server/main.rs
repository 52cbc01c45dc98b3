//! A real server, as a program that uses the crate sees it. The tests run as root and as an ordinary user.

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

use embedded_postgres::{Durability, Server, Settings};
use rustix::process::{Pid, test_kill_process};
use sqlx::{ConnectOptions as _, PgConnection};

/// A temporary folder. Under root the server runs as another user, who must be able to enter it.
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
        bin_dir: std::env::var_os("EMBEDDED_POSTGRES_BIN").map(PathBuf::from),
        path: std::env::var_os("PATH"),
        parameters: vec!["max_connections=20".to_owned()],
        ..Settings::new(folder.join("data/postgres"), "shop")
    }
}

fn cluster(settings: &Settings) -> PathBuf {
    settings.dir.join("cluster")
}

fn server_pid(settings: &Settings) -> Pid {
    let file = fs::read_to_string(cluster(settings).join("postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().parse().unwrap()).unwrap()
}

async fn connect(server: &Server) -> PgConnection {
    server.connect_options().connect().await.unwrap()
}

async fn one(connection: &mut PgConnection, query: &str) -> String {
    sqlx::query_scalar(query).fetch_one(connection).await.unwrap()
}

/// A child of this process stays a zombie, which still takes signals, until it is waited for.
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
