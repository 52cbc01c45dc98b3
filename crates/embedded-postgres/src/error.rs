//! Errors. Each message says what happened and what to do about it.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::ExitStatus,
};

use crate::discover::OLDEST_MAJOR;

/// Why a server could not be started, joined or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are parts of the message")]
pub enum Error {
    /// No server programs that fit were found.
    #[error("no PostgreSQL server programs found{}; install PostgreSQL {} (here: `{}`)",
        details(.seen), version(*.wanted), install_command(*.wanted))]
    NoBinaries { wanted: Option<u32>, seen: Vec<String> },

    /// The server programs found are of another major version than the cluster.
    #[error(
        "the cluster in {folder} was created by PostgreSQL {needs}, and only other versions were found{}. Nothing was \
         changed. Install PostgreSQL {needs} (here: `{}`); to move to a newer version, dump with the old one and restore \
         into an empty folder", details(.seen), install_command(Some(*.needs))
    )]
    OtherMajor { folder: PathBuf, needs: u32, seen: Vec<String> },

    /// [`Settings::bin_dir`](crate::Settings::bin_dir) holds no server programs that run and fit.
    #[error(
        "no usable PostgreSQL server programs in the folder that is set for them: {reason}. It must hold `postgres` and \
         `initdb` of PostgreSQL {OLDEST_MAJOR} or newer"
    )]
    BadBinDir { reason: String },

    /// Another process owns the folder.
    #[error("{folder} is already in use by {holder}. Stop that one first, or use another folder")]
    InUse { folder: PathBuf, holder: String },

    /// Another process owns the folder, but its server accepts no connections.
    #[error(
        "{folder} is in use by {holder}, but its PostgreSQL server does not answer. It may be starting or stopping: try \
         again in a moment, and read its log if this lasts"
    )]
    NotAnswering { folder: PathBuf, holder: String },

    /// A server did not stop.
    #[error(
        "a PostgreSQL server (process {pid}) still runs in {folder} and did not stop within {seconds} s. Wait for it, or \
         end it with `kill -QUIT {pid}`; do not use `kill -9`"
    )]
    StillRunning { folder: PathBuf, pid: i32, seconds: u64 },

    /// The folder holds files, but no complete cluster.
    #[error(
        "{folder} is not empty but no complete PostgreSQL cluster either: {reason}. Nothing was changed. Restore it from \
         a backup, or move it away to start with an empty database"
    )]
    NotACluster { folder: PathBuf, reason: &'static str },

    /// The folder belongs to another user.
    #[error(
        "{folder} belongs to another user (uid {owner}). Run as that user, use another folder, or change the owner with \
         `chown -R`"
    )]
    ForeignFolder { folder: PathBuf, owner: u32 },

    /// The folder for the socket in `/tmp` may be another user's.
    #[error(
        "the socket folder {folder} is not private: {reason}. Remove it, or use a shorter path for the database, so that \
         the socket fits inside"
    )]
    ForeignSocketFolder { folder: PathBuf, reason: String },

    /// Running as root, and no ordinary user to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and there is no user `{name}` or `postgres` to run it as (`nobody` is not \
         used, because other programs run as that user). Create one (`useradd --system {name}`), create the database's \
         folder with an owner of your choice, or run as an ordinary user"
    )]
    NoServerAccount { name: String },

    /// `initdb` failed.
    #[error("creating the cluster failed ({status}): {log}. Nothing was kept; correct this and start again")]
    Initdb { status: ExitStatus, log: String },

    /// The server ended while starting.
    #[error("the PostgreSQL server did not start ({status}). The end of its log:\n{log}")]
    DidNotStart { status: ExitStatus, log: String },

    /// A file operation failed.
    #[error("{action} {path} failed: {source}. Check that the folder is writable and the disk is not full")]
    File { action: &'static str, path: PathBuf, source: io::Error },

    /// A program could not be run.
    #[error("running {program} failed: {source}")]
    Spawn { program: PathBuf, source: io::Error },

    /// The role or the database could not be created.
    #[error("the PostgreSQL server runs, but a statement failed: {0}")]
    Database(#[from] sqlx::Error),
}

impl Error {
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

/// Returns `None` if the file does not exist.
pub(crate) fn if_present<T>(done: io::Result<T>, action: &'static str, path: &Path) -> Result<Option<T>, Error> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        done => done.map(Some).map_err(Error::file(action, path)),
    }
}

/// The server ended without being stopped.
#[derive(Debug, thiserror::Error)]
#[error("the PostgreSQL server ended unexpectedly ({}). The end of its log:\n{log}",
    match .status { Some(status) => status.to_string(), None => "status unknown".to_owned() })]
pub struct Died {
    /// Its exit status, if known.
    pub status: Option<ExitStatus>,
    /// The last lines it logged.
    pub log: String,
}

fn details(seen: &[String]) -> String {
    if seen.is_empty() { String::new() } else { format!(" ({})", seen.join("; ")) }
}

fn version(wanted: Option<u32>) -> String {
    wanted.map_or_else(|| format!("{OLDEST_MAJOR} or newer"), |major| major.to_string())
}

/// Returns the command that installs PostgreSQL on this system.
fn install_command(major: Option<u32>) -> String {
    install_command_for(&fs::read_to_string("/etc/os-release").unwrap_or_default(), major)
}

fn install_command_for(os_release: &str, major: Option<u32>) -> String {
    if cfg!(target_os = "macos") {
        return format!("brew install postgresql@{}", major.unwrap_or(17));
    }
    let ids: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace())
        .collect();
    let systems = [
        ("debian ubuntu", "sudo apt-get install postgresql", Some("-"), ""),
        ("alpine", "apk add postgresql", Some(""), ""),
        ("fedora rhel centos amzn", "sudo dnf install postgresql", Some(""), "-server"),
        ("arch", "sudo pacman -S postgresql", None, ""),
        ("suse opensuse", "sudo zypper install postgresql", Some(""), "-server"),
    ];
    let is_here = |names: &str| names.split(' ').any(|name| ids.contains(&name));
    let Some((_, command, dash, end)) = systems.into_iter().find(|(names, ..)| is_here(names)) else {
        return "your package manager's postgresql server package".to_owned();
    };
    let number = dash.zip(major).map(|(dash, major)| format!("{dash}{major}")).unwrap_or_default();
    format!("{command}{number}{end}")
}

#[cfg(all(test, not(target_os = "macos")))]
mod tests {
    use super::install_command_for;

    #[test]
    fn the_install_command_is_the_one_of_this_system() {
        let cases = [
            ("ID=debian\n", None, "sudo apt-get install postgresql"),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Some(16), "sudo apt-get install postgresql-16"),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", None, "sudo dnf install postgresql-server"),
            ("ID=alpine\n", Some(17), "apk add postgresql17"),
            ("ID=arch\n", None, "sudo pacman -S postgresql"),
            ("", None, "your package manager's postgresql server package"),
        ];
        for (os_release, major, expected) in cases {
            assert_eq!(install_command_for(os_release, major), expected);
        }
    }
}
