//! The folder of the server's Unix socket: inside the data folder when the path is short enough for the kernel,
//! otherwise a folder under `/tmp` that nobody else can have prepared.

use std::{
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use super::{EmbeddedError, PORT, place::Place};

/// What fits into `sockaddr_un`, without the byte that ends it.
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

pub(super) fn prepare(place: &Place) -> Result<PathBuf, EmbeddedError> {
    let inside = place.root.join("socket");
    if socket_in(&inside).as_os_str().as_bytes().len() <= LONGEST {
        place.make_private(&inside)?;
        return Ok(inside);
    }
    let outside = outside(place)?;
    if fs::symlink_metadata(&outside).is_err() {
        place.make_private(&outside)?;
    }
    refuse_unless_private(&outside, place.server_uid())?;
    Ok(outside)
}

pub(super) fn socket_in(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

pub(super) fn lock_in(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}.lock"))
}

/// The same name at every start, and another one for every cluster: the identity of the cluster's folder.
fn outside(place: &Place) -> Result<PathBuf, EmbeddedError> {
    let root = fs::metadata(&place.root).map_err(EmbeddedError::file("reading", &place.root))?;
    Ok(PathBuf::from(format!("/tmp/vestibule-{}-{:x}-{:x}", place.server_uid(), root.dev(), root.ino())))
}

/// Anybody may put something into `/tmp`: a link, or a folder of theirs where they wait for our connections.
fn refuse_unless_private(folder: &Path, owner: u32) -> Result<(), EmbeddedError> {
    let found = fs::symlink_metadata(folder).map_err(EmbeddedError::file("reading", folder))?;
    let reason = if found.is_symlink() {
        "it is a symbolic link".to_owned()
    } else if !found.is_dir() {
        "it is not a folder".to_owned()
    } else if found.uid() != owner {
        format!("its owner is uid {}, expected {owner}", found.uid())
    } else if found.permissions().mode() & 0o077 != 0 {
        "others may enter it".to_owned()
    } else {
        return Ok(());
    };
    Err(EmbeddedError::ForeignSocketFolder { folder: folder.to_owned(), reason })
}
