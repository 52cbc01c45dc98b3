//! The cluster on disk: its major version, and creating a new one.

use std::{
    fs::{self, File},
    path::Path,
    time::Instant,
};

use crate::{Durability, Error, SUPERUSER, discover::Binaries, error::if_present, place::Place};

const UNFINISHED: &str = "cluster.new.";

/// Returns the major version that created the cluster, or `None` before the first start.
pub(crate) fn major_of(cluster: &Path) -> Result<Option<u32>, Error> {
    let not_a_cluster = |reason| Error::NotACluster { folder: cluster.to_owned(), reason };
    let has_entries = || fs::read_dir(cluster).is_ok_and(|mut entries| entries.next().is_some());
    match if_present(fs::read_to_string(cluster.join("PG_VERSION")), "reading", cluster)? {
        Some(text) => text.trim().parse().map(Some).map_err(|_| not_a_cluster("its PG_VERSION is not a number")),
        None if has_entries() => Err(not_a_cluster("it has no PG_VERSION")),
        None => Ok(None),
    }
}

/// Removes the unfinished clusters of first starts that were interrupted, as far as possible.
pub(crate) fn remove_leftovers(place: &Place) {
    for entry in fs::read_dir(&place.dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(folder = %entry.path().display(), %error, "cannot remove an unfinished database cluster");
        }
    }
}

/// Creates the cluster in a temporary folder and renames it, so that a cluster is complete or absent.
///
/// Its locale is `C`: available everywhere, ordered by code point, and no upgrade of the system changes the order under
/// an index.
pub(crate) async fn create(binaries: &Binaries, place: &Place, durability: Durability) -> Result<(), Error> {
    let began = Instant::now();
    tracing::info!(
        folder = %place.dir.display(), postgres = %binaries.version,
        "creating the embedded database (first start)"
    );
    let unfinished = place.dir.join(format!("{UNFINISHED}{}", std::process::id()));
    let program = binaries.dir.join("initdb");
    let mut command = place.command(&program);
    command.arg("--pgdata").arg(&unfinished).args(["--username", SUPERUSER]).kill_on_drop(true);
    // No password: only the server's user can enter the folder of the socket.
    command.args(["--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--data-checksums", "--no-instructions"]);
    if durability == Durability::Throwaway {
        command.arg("--no-sync");
    }
    let output = command.output().await.map_err(|source| Error::Spawn { program, source })?;
    if !output.status.success() {
        let _ = fs::remove_dir_all(&unfinished);
        let log = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Initdb { status: output.status, log });
    }
    let cluster = place.cluster();
    fs::rename(&unfinished, &cluster).map_err(Error::file("renaming to", &cluster))?;
    if durability == Durability::Durable {
        // If a power cut lost the names, the next start would create an empty database.
        for folder in place.dir.ancestors().take(2) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("syncing", folder))?;
        }
    }
    tracing::info!(took = ?began.elapsed(), "created the embedded database");
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
        assert!(matches!(major_of(&cluster), Err(Error::NotACluster { .. })));
        fs::write(cluster.join("PG_VERSION"), "16\n").unwrap();
        assert!(matches!(major_of(&cluster), Ok(Some(16))));
        fs::write(cluster.join("PG_VERSION"), "").unwrap();
        assert!(matches!(major_of(&cluster), Err(Error::NotACluster { .. })));
    }
}
