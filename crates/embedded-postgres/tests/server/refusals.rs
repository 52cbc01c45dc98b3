//! What is refused, and with which message.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use embedded_postgres::{Error, Server};
use sqlx::{Connection as _, PgConnection};

use super::{cluster, connect, folder, settings};

#[tokio::test]
async fn a_second_instance_gets_a_clear_error() {
    let folder = folder();
    let settings = settings(folder.path());
    let first = Server::start(&settings).await.unwrap();
    let error = Server::start(&settings).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    let message = error.to_string();
    let holder = format!("process {}", std::process::id());
    for part in [holder.as_str(), "Stop that one first", "another folder"] {
        assert!(message.contains(part), "{message}");
    }
    connect(&first).await.ping().await.unwrap();
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused_and_left_alone() {
    let folder = folder();
    let settings = settings(folder.path());
    let cluster = cluster(&settings);
    Server::start(&settings).await.unwrap().stop().await.unwrap();
    fs::write(cluster.join("PG_VERSION"), "99\n").unwrap();
    let before = listing(&settings.dir);
    let error = Server::start(&settings).await.unwrap_err();
    assert!(matches!(error, Error::OtherMajor { needs: 99, .. }), "{error}");
    assert!(error.to_string().contains("Nothing was changed"), "{error}");
    assert_eq!(listing(&settings.dir), before);
}

/// Returns every file below a folder, with its size and time of change.
fn listing(folder: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                found.push((entry.path(), metadata.len(), metadata.modified().unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_long_path_moves_the_socket_and_a_link_in_its_place_is_refused() {
    let folder = folder();
    let mut settings = settings(folder.path());
    settings.dir = folder.path().join("a, \"long\" path ".repeat(8));
    let server = Server::start(&settings).await.unwrap();
    let socket = server.connect_options().get_socket().unwrap().clone();
    assert_eq!(socket.parent(), Some(Path::new("/tmp")));
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    PgConnection::connect(&server.url()).await.unwrap().close().await.unwrap();
    server.stop().await.unwrap();

    fs::remove_dir(&socket).unwrap();
    symlink(folder.path(), &socket).unwrap();
    let error = Server::start(&settings).await.unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
    fs::remove_file(&socket).unwrap();
    fs::create_dir(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
    let error = Server::start(&settings).await.unwrap_err();
    assert!(matches!(error, Error::ForeignSocketFolder { .. }), "{error}");
    fs::remove_dir(&socket).unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let folder = folder();
    let settings = settings(folder.path());
    Server::start(&settings).await.unwrap().stop().await.unwrap();
    fs::remove_file(cluster(&settings).join("global/pg_control")).unwrap();
    let error = Server::start(&settings).await.unwrap_err();
    assert!(matches!(error, Error::DidNotStart { .. }), "{error}");
    assert!(error.to_string().contains("pg_control"), "{error}");
}
