//! Finding PostgreSQL's server programs: a setting, `PATH`, `pg_config --bindir`, then the places where packages put
//! them. Distributions keep them out of `PATH`, so that not being there says nothing.

use std::{
    ffi::OsStr,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use super::{
    EmbeddedError, Settings,
    error::{OLDEST_MAJOR, install_command},
    place::Place,
};

#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) major: u32,
    /// As it calls itself, such as `15.14`.
    pub(super) version: String,
}

/// Folders with one star, which stands for a version.
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

/// The first binaries, in the order above, that run here and fit the cluster's major version.
pub(super) async fn find(settings: &Settings, place: &Place, wanted: Option<u32>) -> Result<Binaries, EmbeddedError> {
    match &settings.bin_dir {
        Some(folder) => chosen(folder, place, wanted).await,
        None => search(settings, place, wanted, &USUAL_PLACES).await,
    }
}

async fn search(
    settings: &Settings,
    place: &Place,
    wanted: Option<u32>,
    usual_places: &[&str],
) -> Result<Binaries, EmbeddedError> {
    let mut seen = Vec::new();
    for folder in candidates(settings.path.as_deref(), place, usual_places).await {
        match examine(&folder, place).await {
            Ok(found) => match unfit(&found, wanted) {
                None => return Ok(found),
                Some(reason) => seen.push(reason),
            },
            Err(reason) => seen.push(format!("{}: {reason}", folder.display())),
        }
    }
    #[cfg(feature = "download")]
    if let Some(cache) = &settings.cache_dir {
        match super::download::binaries(cache, place, wanted).await {
            Ok(found) => return Ok(found),
            Err(error) => seen.push(format!("fetching it failed: {error}")),
        }
    }
    Err(nothing_fits(place, wanted, seen))
}

/// A setting is an order: when it does not fit, nothing else is tried in its place.
async fn chosen(folder: &Path, place: &Place, wanted: Option<u32>) -> Result<Binaries, EmbeddedError> {
    let bad = |reason| EmbeddedError::BadBinDir { folder: folder.to_owned(), reason };
    let folder = std::path::absolute(folder).map_err(|error| bad(error.to_string()))?;
    let found = examine(&folder, place).await.map_err(bad)?;
    match unfit(&found, wanted) {
        None => Ok(found),
        Some(reason) if wanted.is_some() => Err(nothing_fits(place, wanted, vec![reason])),
        Some(reason) => Err(bad(reason)),
    }
}

fn nothing_fits(place: &Place, wanted: Option<u32>, seen: Vec<String>) -> EmbeddedError {
    let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let install = install_command(&os_release, wanted);
    match wanted {
        Some(needs) if !seen.is_empty() => EmbeddedError::OtherMajor { folder: place.cluster(), needs, seen, install },
        _ => EmbeddedError::NoBinaries { wanted, seen, install },
    }
}

fn unfit(found: &Binaries, wanted: Option<u32>) -> Option<String> {
    let what = format!("PostgreSQL {} in {}", found.version, found.dir.display());
    if found.major < OLDEST_MAJOR {
        Some(format!("{what} is too old"))
    } else {
        wanted.is_some_and(|wanted| found.major != wanted).then_some(what)
    }
}

/// Every folder worth a try, once, the real ones first: a script called `postgres` is some tool's stand-in, and may
/// run something else tomorrow or in another folder.
async fn candidates(path: Option<&OsStr>, place: &Place, usual_places: &[&str]) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut stand_ins = Vec::new();
    let mut add = |folder: &Path| {
        let Some(folder) = server_folder(folder) else {
            return;
        };
        let list = if is_script(&folder.join("postgres")) { &mut stand_ins } else { &mut folders };
        if !list.contains(&folder) {
            list.push(folder);
        }
    };
    let on_path: Vec<PathBuf> = path
        .map(|path| std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect())
        .unwrap_or_default();
    for folder in &on_path {
        add(folder);
    }
    if let Some(folder) = ask_pg_config(&on_path, place).await {
        add(&folder);
    }
    for pattern in usual_places {
        for folder in &expand(pattern) {
            add(folder);
        }
    }
    folders.append(&mut stand_ins);
    folders
}

/// The folder where `postgres` really is, when `initdb` sits beside it: a link in `/usr/local/bin` leads to it.
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
    let mut command = place.command(&program);
    command.arg("--bindir");
    answer(command).await.ok().map(PathBuf::from)
}

/// The folders that match a pattern with one star, newest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let Some((parent, prefix)) = before.rsplit_once('/') else {
        return Vec::new();
    };
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?;
            let folder = format!("{parent}/{name}{after}");
            Some((leading_number(version.trim_start_matches(['@', '-'])), folder.into()))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn leading_number(text: &str) -> u32 {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().unwrap_or(0)
}

/// Runs both programs as the server's user: whether they start here is the only test that counts.
pub(super) async fn examine(folder: &Path, place: &Place) -> Result<Binaries, String> {
    let ask = async |name: &str| {
        let mut command = place.command(&folder.join(name));
        command.arg("--version");
        let answer = answer(command).await;
        answer.map_err(|error| format!("{name} --version: {error}"))
    };
    let (postgres, initdb) = tokio::join!(ask("postgres"), ask("initdb"));
    initdb?;
    // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
    let postgres = postgres?;
    let version = postgres
        .split_once(") ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .ok_or_else(|| format!("postgres --version: {postgres}"))?;
    Ok(Binaries { dir: folder.to_owned(), major: leading_number(version), version: version.to_owned() })
}

async fn answer(mut command: tokio::process::Command) -> Result<String, String> {
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(10), command.output())
        .await
        .map_err(|_| "no answer".to_owned())?
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(output.status.to_string());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests;
