//! Finds PostgreSQL's server programs: a setting, `PATH`, `pg_config --bindir`, then the folders that packages use.
//! Distributions keep them out of `PATH`, so their absence there means nothing.

use std::{
    ffi::OsStr,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use crate::{Error, Settings, place::Place};

/// The oldest major version that is used.
pub(crate) const OLDEST_MAJOR: u32 = 15;

#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    pub(crate) dir: PathBuf,
    pub(crate) major: u32,
    /// Such as `15.14`.
    pub(crate) version: String,
}

/// Folders of packages. The star stands for a version.
const USUAL_PLACES: [&str; 8] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// Returns the first programs that run here and have the cluster's major version, if one is wanted.
pub(crate) async fn find(settings: &Settings, place: &Place, wanted: Option<u32>) -> Result<Binaries, Error> {
    let Some(folder) = &settings.bin_dir else { return search(settings, place, wanted, &USUAL_PLACES).await };
    let folder = std::path::absolute(folder).map_err(Error::file("resolving", folder))?;
    usable(&folder, place, wanted).await.map_err(|reason| match wanted {
        Some(needs) => Error::OtherMajor { folder: place.cluster(), needs, seen: vec![reason] },
        None => Error::BadBinDir { reason },
    })
}

async fn search(
    settings: &Settings,
    place: &Place,
    wanted: Option<u32>,
    usual_places: &[&str],
) -> Result<Binaries, Error> {
    let mut seen = Vec::new();
    for folder in candidates(settings.path.as_deref(), place, usual_places).await {
        match usable(&folder, place, wanted).await {
            Ok(found) => return Ok(found),
            Err(reason) => seen.push(reason),
        }
    }
    #[cfg(feature = "download")]
    if let Some(cache) = &settings.cache_dir {
        match crate::download::binaries(cache, place, wanted).await {
            Ok(found) => return Ok(found),
            Err(error) => seen.push(format!("the download failed: {error}")),
        }
    }
    Err(match wanted {
        Some(needs) if !seen.is_empty() => Error::OtherMajor { folder: place.cluster(), needs, seen },
        _ => Error::NoBinaries { wanted, seen },
    })
}

/// Returns the programs of a folder, or why they are not used.
async fn usable(folder: &Path, place: &Place, wanted: Option<u32>) -> Result<Binaries, String> {
    let found = examine(folder, place).await.map_err(|reason| format!("{}: {reason}", folder.display()))?;
    let what = format!("PostgreSQL {} in {}", found.version, folder.display());
    match wanted {
        _ if found.major < OLDEST_MAJOR => Err(format!("{what} is too old")),
        Some(wanted) if wanted != found.major => Err(what),
        _ => Ok(found),
    }
}

/// Returns every folder with server programs, scripts last: a script called `postgres` is a version manager's shim and
/// may run another version tomorrow or in another folder.
async fn candidates(path: Option<&OsStr>, place: &Place, usual_places: &[&str]) -> Vec<PathBuf> {
    let on_path: Vec<PathBuf> =
        path.into_iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute()).collect();
    let by_pg_config = ask_pg_config(&on_path, place).await;
    let usual = usual_places.iter().flat_map(|pattern| expand(pattern));
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in on_path.into_iter().chain(by_pg_config).chain(usual).filter_map(|folder| server_folder(&folder)) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    // A stable sort.
    folders.sort_by_key(|folder| is_script(&folder.join("postgres")));
    folders
}

/// Returns the real folder of `postgres`, which may be a link in `/usr/local/bin`, if `initdb` is beside it.
fn server_folder(folder: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(folder.join("postgres")).ok()?;
    [real.parent()?, folder]
        .into_iter()
        .find(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
        .map(Path::to_owned)
}

fn is_script(program: &Path) -> bool {
    let mut start = [0; 2];
    fs::File::open(program).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && start == *b"#!"
}

async fn ask_pg_config(on_path: &[PathBuf], place: &Place) -> Option<PathBuf> {
    let program = on_path.iter().map(|folder| folder.join("pg_config")).find(|program| program.is_file())?;
    answer(place, &program, "--bindir").await.ok().map(PathBuf::from)
}

/// Returns the folders that match a pattern with one star, newest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let Some((parent, prefix)) = before.rsplit_once('/') else { return Vec::new() };
    let matching = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let version = leading_number(name.strip_prefix(prefix)?.trim_start_matches(['@', '-']));
        Some((version, PathBuf::from(format!("{parent}/{name}{after}"))))
    };
    let mut found: Vec<_> = fs::read_dir(parent).into_iter().flatten().flatten().filter_map(matching).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn leading_number(text: &str) -> u32 {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().unwrap_or(0)
}

/// Runs both programs as the server's user, which is the only proof that they work here.
pub(crate) async fn examine(folder: &Path, place: &Place) -> Result<Binaries, String> {
    let ask = async |name: &str| {
        let answer = answer(place, &folder.join(name), "--version").await;
        answer.map_err(|error| format!("{name} --version: {error}"))
    };
    let (postgres, initdb) = tokio::join!(ask("postgres"), ask("initdb"));
    initdb?;
    // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
    let postgres = postgres?;
    let version = postgres.split_once(") ").and_then(|(_, rest)| rest.split_whitespace().next());
    let version = version.ok_or_else(|| format!("postgres --version: {postgres}"))?;
    Ok(Binaries { dir: folder.to_owned(), major: leading_number(version), version: version.to_owned() })
}

/// Returns what a program prints for an option, within ten seconds.
async fn answer(place: &Place, program: &Path, option: &str) -> Result<String, String> {
    let mut command = place.command(program);
    command.arg(option).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(10), command.output()).await;
    let output = output.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(output.status.to_string());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests;
