//! The cluster on disk: which PostgreSQL made it, and how a new one comes to be.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
    time::Instant,
};

use super::{Durability, EmbeddedError, SUPERUSER, discover::Binaries, place::Place};

const UNFINISHED: &str = "cluster.new.";

/// The major version that made the cluster; `None` when there is none yet.
pub(super) fn major_of(cluster: &Path) -> Result<Option<u32>, EmbeddedError> {
    let not_a_cluster =
        |reason: &str| EmbeddedError::NotACluster { folder: cluster.to_owned(), reason: reason.to_owned() };
    match fs::read_to_string(cluster.join("PG_VERSION")) {
        Ok(text) => match text.trim().parse() {
            Ok(major) => Ok(Some(major)),
            Err(_) => Err(not_a_cluster("its PG_VERSION is not a number")),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if is_empty(cluster).map_err(EmbeddedError::file("reading", cluster))? {
                Ok(None)
            } else {
                Err(not_a_cluster("it has no PG_VERSION"))
            }
        }
        Err(error) => Err(EmbeddedError::file("reading", cluster)(error)),
    }
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Half-made clusters of first starts that were interrupted. A nuisance, not a fault.
pub(super) fn remove_leftovers(place: &Place) {
    let Ok(entries) = fs::read_dir(&place.root) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(folder = %entry.path().display(), %error, "an unfinished database could not be removed");
        }
    }
}

/// Makes the cluster beside its place and renames it, so that a cluster is whole or absent.
///
/// Locale `C`: it exists everywhere, never changes under an index, and sorts by code point; whatever needs to know
/// more about text than that is computed in Rust.
pub(super) async fn create(binaries: &Binaries, place: &Place, durability: Durability) -> Result<(), EmbeddedError> {
    let began = Instant::now();
    tracing::info!(folder = %place.root.display(), postgres = %binaries.version, "making the database, once");
    let unfinished = place.root.join(format!("{UNFINISHED}{}", std::process::id()));
    let program = binaries.dir.join("initdb");
    let mut command = place.command(&program);
    command
        .arg("--pgdata")
        .arg(&unfinished)
        .args(["--username", SUPERUSER])
        // Behind the 0700 socket folder; see the module's promise.
        .args(["--auth", "trust", "--encoding", "UTF8", "--locale", "C"])
        .args(["--data-checksums", "--no-instructions"])
        .kill_on_drop(true);
    if durability == Durability::Throwaway {
        command.arg("--no-sync");
    }
    let output = command.output().await.map_err(|source| EmbeddedError::Spawn { program, source })?;
    if !output.status.success() {
        let _ = fs::remove_dir_all(&unfinished);
        return Err(EmbeddedError::Initdb {
            status: output.status,
            log: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    let cluster = place.cluster();
    fs::rename(&unfinished, &cluster).map_err(EmbeddedError::file("renaming to", &cluster))?;
    if durability == Durability::Durable {
        // The names must survive a power cut as well, or the next start would make an empty database.
        for folder in place.root.ancestors().take(2) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(EmbeddedError::file("syncing", folder))?;
        }
    }
    tracing::info!(took = ?began.elapsed(), "the database is made");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_cluster_is_refused_and_an_empty_folder_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cluster = folder.path().join("cluster");
        assert!(matches!(major_of(&cluster), Ok(None)));
        fs::create_dir(&cluster).unwrap();
        assert!(matches!(major_of(&cluster), Ok(None)));
        fs::create_dir(cluster.join("base")).unwrap();
        assert!(matches!(major_of(&cluster), Err(EmbeddedError::NotACluster { .. })));
        fs::write(cluster.join("PG_VERSION"), "16\n").unwrap();
        assert!(matches!(major_of(&cluster), Ok(Some(16))));
        fs::write(cluster.join("PG_VERSION"), "").unwrap();
        assert!(matches!(major_of(&cluster), Err(EmbeddedError::NotACluster { .. })));
    }
}
