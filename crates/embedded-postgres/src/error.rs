//! What can go wrong with the embedded server, in the words of the person who has to fix it: each message tells what
//! happened and what to do next.

#![expect(missing_docs, reason = "each variant's message says what it means")]

use std::{io, path::PathBuf, process::ExitStatus};

/// The oldest major version whose features the migrations may use.
pub(super) const OLDEST_MAJOR: u32 = 15;

#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "no PostgreSQL server was found on this machine{}. Ways out: install PostgreSQL{} (here: `{install}`), \
         or set DATABASE_URL to a server you already have, or run everything with `docker compose up`",
        details(.seen), match .wanted { Some(major) => format!(" {major}"), None => format!(" {OLDEST_MAJOR} or newer") }
    )]
    NoBinaries {
        wanted: Option<u32>,
        /// What was found and why it did not serve.
        seen: Vec<String>,
        install: String,
    },

    #[error(
        "the database in {folder} was made by PostgreSQL {needs}, and only other versions were found{}. Nothing was \
         changed. Install PostgreSQL {needs} (here: `{install}`) or point VESTIBULE_POSTGRES_BIN at its folder of \
         programs; to move to a newer version, dump with the old one and restore into an empty VESTIBULE_DATA_DIR",
        details(.seen)
    )]
    OtherMajor { folder: PathBuf, needs: u32, seen: Vec<String>, install: String },

    #[error(
        "VESTIBULE_POSTGRES_BIN is {folder}, which does not serve: {reason}. Point it at a folder that holds `postgres` \
         and `initdb` of PostgreSQL {OLDEST_MAJOR} or newer, or unset it to search the usual places"
    )]
    BadBinDir { folder: PathBuf, reason: String },

    #[error(
        "{folder} is already used by another vestibule{}. Stop that one first, or give this one a \
         VESTIBULE_DATA_DIR of its own; several instances over one database need DATABASE_URL",
        holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse { folder: PathBuf, holder: Option<u32> },

    #[error(
        "{folder} is held by another vestibule{}, but its database does not answer. It may be starting or stopping: \
         try again in a moment, and read its log if this lasts",
        holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    HeldButSilent { folder: PathBuf, holder: Option<u32> },

    #[error(
        "an earlier database server (process {pid}) still runs in {folder} and did not stop within {seconds} s. \
         Wait for it, or end it with `kill -QUIT {pid}`; do not use `kill -9`"
    )]
    StillRunning { folder: PathBuf, pid: i32, seconds: u64 },

    #[error(
        "{folder} is not empty, but it is not a whole PostgreSQL cluster either ({reason}). Nothing was changed. \
         Restore it from a backup, or move it away to begin with an empty database"
    )]
    NotACluster { folder: PathBuf, reason: String },

    #[error(
        "{folder} belongs to another user (uid {owner}). Run the service as that user, or choose another \
         VESTIBULE_DATA_DIR, or give it over with `chown -R`"
    )]
    ForeignFolder { folder: PathBuf, owner: u32 },

    #[error(
        "the folder for the database's socket, {folder}, is not ours alone ({reason}). Remove it, or choose a shorter \
         VESTIBULE_DATA_DIR so that the socket fits inside"
    )]
    ForeignSocketFolder { folder: PathBuf, reason: String },

    #[error(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as. Create one \
         (`useradd --system postgres`), run the service as an ordinary user, or set DATABASE_URL"
    )]
    NoServerAccount,

    #[error("making the database failed ({status}): {log}. Nothing was kept; correct this and start again")]
    Initdb { status: ExitStatus, log: String },

    #[error("the database server did not start ({status}). Its last words:\n{log}")]
    DidNotStart { status: ExitStatus, log: String },

    #[error("{doing} {path} failed: {source}. Check that the folder is writable and the disk is not full")]
    File { doing: &'static str, path: PathBuf, source: io::Error },

    #[error("starting {program} failed: {source}")]
    Spawn { program: PathBuf, source: io::Error },

    #[error("the database server runs but refused a statement: {0}")]
    Database(#[from] sqlx::Error),
}

impl EmbeddedError {
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}

/// The server ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error("the database server ended by itself ({}); the service cannot go on. Its last words:\n{log}",
    match .status { Some(status) => status.to_string(), None => "status unknown".to_owned() })]
pub struct Died {
    pub status: Option<ExitStatus>,
    pub log: String,
}

fn details(seen: &[String]) -> String {
    if seen.is_empty() { String::new() } else { format!(" ({})", seen.join("; ")) }
}

/// The command that installs PostgreSQL on this system, guessed from the text of `/etc/os-release`.
pub(super) fn install_command(os_release: &str, major: Option<u32>) -> String {
    if cfg!(target_os = "macos") {
        return format!("brew install postgresql@{}", major.unwrap_or(17));
    }
    let ids: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace())
        .collect();
    let is = |names: &[&str]| ids.iter().any(|id| names.contains(id));
    let number = |dash: &str| major.map(|major| format!("{dash}{major}")).unwrap_or_default();
    if is(&["debian", "ubuntu"]) {
        format!("sudo apt-get install postgresql{}", number("-"))
    } else if is(&["alpine"]) {
        format!("apk add postgresql{}", number(""))
    } else if is(&["fedora", "rhel", "centos", "amzn"]) {
        format!("sudo dnf install postgresql{}-server", number(""))
    } else if is(&["arch"]) {
        "sudo pacman -S postgresql".to_owned()
    } else if is(&["suse", "opensuse"]) {
        format!("sudo zypper install postgresql{}-server", number(""))
    } else {
        "your package manager's postgresql server package".to_owned()
    }
}

#[cfg(all(test, not(target_os = "macos")))]
mod tests {
    use super::install_command;

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
            assert_eq!(install_command(os_release, major), expected);
        }
    }
}
