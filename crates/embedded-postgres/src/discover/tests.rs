use std::{
    ffi::OsString,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use super::*;

/// A folder that the server's user can enter, and settings for a server in it.
async fn scene() -> (tempfile::TempDir, Place, Settings) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let settings = Settings::new(folder.path().join("postgres"), "shop");
    let place = Place::resolve(&settings).await.unwrap();
    (folder, place, settings)
}

/// Writes programs that only know their version.
fn programs(folder: &Path, version: &str) {
    fs::create_dir_all(folder).unwrap();
    for name in ["postgres", "initdb"] {
        let program = folder.join(name);
        fs::write(&program, format!("#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[tokio::test]
async fn without_binaries_the_error_names_the_way_out() {
    let (_folder, place, settings) = scene().await;
    let error = search(&settings, &place, None, &[]).await.unwrap_err();
    assert!(error.to_string().contains("install PostgreSQL 15 or newer"), "{error}");
}

#[tokio::test]
async fn the_newest_version_of_a_place_that_fits_the_cluster_is_taken() {
    let (folder, place, settings) = scene().await;
    for version in ["9.6", "14", "16", "17"] {
        programs(&folder.path().join(version).join("bin"), &format!("{version}.1 (Debian)"));
    }
    let pattern = format!("{}/*/bin", folder.path().display());
    let newest = search(&settings, &place, None, &[&pattern]).await.unwrap();
    assert_eq!((newest.major, newest.version.as_str()), (17, "17.1"));
    let fitting = search(&settings, &place, Some(16), &[&pattern]).await.unwrap();
    assert_eq!(fitting.major, 16);
    let error = search(&settings, &place, Some(15), &[&pattern]).await.unwrap_err();
    assert!(error.to_string().contains("PostgreSQL 17.1 in "), "{error}");
}

#[tokio::test]
async fn a_link_on_path_leads_to_the_real_folder_and_a_script_comes_last() {
    let (folder, place, mut settings) = scene().await;
    let real = folder.path().canonicalize().unwrap().join("real/16/bin");
    let linked = folder.path().join("linked");
    let shims = folder.path().join("shims");
    programs(&real, "16.1");
    programs(&shims, "17.1");
    // Not a script, by its first bytes.
    fs::remove_file(real.join("postgres")).unwrap();
    fs::write(real.join("postgres"), "echo 'postgres (PostgreSQL) 16.1'\n").unwrap();
    fs::create_dir(&linked).unwrap();
    symlink(real.join("postgres"), linked.join("postgres")).unwrap();
    settings.path = Some(OsString::from(format!("{}:{}", shims.display(), linked.display())));
    let found = candidates(settings.path.as_deref(), &place, &[]).await;
    assert_eq!(found, [real, shims]);
}

#[tokio::test]
async fn a_folder_that_was_set_is_the_only_one_tried() {
    let (folder, place, mut settings) = scene().await;
    settings.bin_dir = Some(folder.path().join("nothing"));
    let error = find(&settings, &place, None).await.unwrap_err();
    assert!(matches!(error, Error::BadBinDir { .. }), "{error}");
    let old = folder.path().join("old");
    programs(&old, "14.2");
    settings.bin_dir = Some(old);
    let error = find(&settings, &place, None).await.unwrap_err();
    assert!(error.to_string().contains("14.2"), "{error}");
}
