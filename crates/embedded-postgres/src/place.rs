//! Where the cluster lives and as whom its server runs.
//!
//! An ordinary user runs the server as themselves, in the data folder. PostgreSQL refuses root, so under root the
//! server runs as the owner of an existing folder, else as `postgres`, else as `nobody`; that user has to be able to
//! enter every folder above the cluster, and when it cannot, the cluster moves to `/var/lib/vestibule`, with a warning.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::EmbeddedError;

const FALLBACK: &str = "/var/lib/vestibule";

/// The user a server runs as when we are root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Place {
    data_dir: PathBuf,
    /// `<data>/postgres`.
    pub(super) root: PathBuf,
    /// `None`: as ourselves.
    account: Option<Account>,
    /// The data folder that was asked for but could not be entered.
    moved_from: Option<PathBuf>,
}

impl Place {
    pub(super) async fn resolve(data_dir: &Path) -> Result<Self, EmbeddedError> {
        Self::resolve_with(data_dir, Path::new(FALLBACK)).await
    }

    async fn resolve_with(data_dir: &Path, fallback: &Path) -> Result<Self, EmbeddedError> {
        let data_dir = std::path::absolute(data_dir).map_err(EmbeddedError::file("resolving", data_dir))?;
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::at(data_dir, None, None));
        }
        let account = Account::for_root(&data_dir.join("postgres"))?;
        if can_enter(&data_dir, &account).await? {
            return Ok(Self::at(data_dir, Some(account), None));
        }
        let account = Account::for_root(&fallback.join("postgres"))?;
        Ok(Self::at(fallback.to_owned(), Some(account), Some(data_dir)))
    }

    fn at(data_dir: PathBuf, account: Option<Account>, moved_from: Option<PathBuf>) -> Self {
        Self { root: data_dir.join("postgres"), data_dir, account, moved_from }
    }

    pub(super) fn announce(&self) {
        if let Some(asked) = &self.moved_from {
            tracing::warn!(
                asked = %asked.display(),
                folder = %self.root.display(),
                "the database is kept in another folder: PostgreSQL refuses to run as root, and the user it runs as \
                 instead cannot enter the data folder. Open that folder (`chmod o+x` on it and its parents) or run \
                 the service as an ordinary user to keep it there"
            );
        }
    }

    /// Makes the folders, and refuses one that belongs to somebody else.
    pub(super) fn prepare(&self) -> Result<(), EmbeddedError> {
        if !self.data_dir.exists() {
            fs::create_dir_all(&self.data_dir).map_err(EmbeddedError::file("making", &self.data_dir))?;
            // Under root the server's user passes through here; what is secret inside has its own permissions.
            let mode = if self.account.is_some() { 0o755 } else { 0o700 };
            fs::set_permissions(&self.data_dir, fs::Permissions::from_mode(mode))
                .map_err(EmbeddedError::file("opening up", &self.data_dir))?;
        }
        self.make_private(&self.root)
    }

    /// A 0700 folder of the server's user; made when missing, refused when it is somebody else's.
    pub(super) fn make_private(&self, folder: &Path) -> Result<(), EmbeddedError> {
        match fs::create_dir(folder) {
            Ok(()) => {
                fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
                    .map_err(EmbeddedError::file("closing", folder))?;
                if let Some(Account { uid, gid }) = self.account {
                    lchown(folder, Some(uid), Some(gid)).map_err(EmbeddedError::file("giving away", folder))?;
                }
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let owner = fs::metadata(folder).map_err(EmbeddedError::file("reading", folder))?.uid();
                if owner == self.server_uid() {
                    return Ok(());
                }
                let folder = folder.to_owned();
                Err(EmbeddedError::ForeignFolder { folder, owner })
            }
            Err(error) => Err(EmbeddedError::file("making", folder)(error)),
        }
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// Beside the server's folder, not inside: the server's user has no business with it.
    pub(super) fn lock_path(&self) -> PathBuf {
        self.data_dir.join("postgres.lock")
    }

    /// For programs fetched under root, when the user's own cache is closed to the server.
    #[cfg(feature = "download")]
    pub(super) fn cache(&self) -> PathBuf {
        self.data_dir.join("cache")
    }

    pub(super) fn server_uid(&self) -> u32 {
        match &self.account {
            Some(account) => account.uid,
            None => rustix::process::geteuid().as_raw(),
        }
    }

    /// Whether the server's user can enter `folder`, or could once it exists.
    #[cfg(feature = "download")]
    pub(super) async fn can_enter(&self, folder: &Path) -> Result<bool, EmbeddedError> {
        match &self.account {
            Some(account) => can_enter(folder, account).await,
            None => Ok(true),
        }
    }

    /// A command that runs as the server's user, in `/`, with an environment that holds nothing of ours: neither
    /// secrets nor `PG…` variables reach the server, and its messages are in English.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null());
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Account {
    /// The owner of what is there already, be it an ordinary user who ran the service before, else a usual account.
    fn for_root(existing: &Path) -> Result<Self, EmbeddedError> {
        if let Ok(found) = fs::metadata(existing)
            && found.uid() != 0
        {
            return Ok(Self { uid: found.uid(), gid: found.gid() });
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(EmbeddedError::file("reading", "/etc/passwd"))?;
        ["postgres", "nobody"].iter().find_map(|name| Self::named(name, &passwd)).ok_or(EmbeddedError::NoServerAccount)
    }

    fn named(name: &str, passwd: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok().filter(|&uid| uid != 0)?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }
}

/// Tried out rather than computed: modes alone do not tell about access lists, mounts and containers.
async fn can_enter(folder: &Path, account: &Account) -> Result<bool, EmbeddedError> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    let status = Command::new("/bin/sh")
        .args(["-c", "cd \"$1\"", "sh"])
        .arg(existing)
        .env_clear()
        .current_dir("/")
        .uid(account.uid)
        .gid(account.gid)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .map_err(|source| EmbeddedError::Spawn { program: "/bin/sh".into(), source })?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_passwd_and_is_never_root() {
        let passwd = "root:x:0:0::/root:/bin/sh\nodd\npostgres:x:0:0::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(Account::named("postgres", passwd), None);
        assert_eq!(Account::named("odd", passwd), None);
        let nobody = Account { uid: 65534, gid: 65533 };
        assert_eq!(Account::named("nobody", passwd), Some(nobody));
    }

    #[tokio::test]
    async fn under_root_a_folder_that_the_server_cannot_enter_is_left_for_another() {
        let closed = tempfile::tempdir().unwrap();
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let open = tempfile::tempdir().unwrap();
        fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let asked = closed.path().join("not/there/yet");
        let place = Place::resolve_with(&asked, open.path()).await.unwrap();
        if rustix::process::geteuid().is_root() {
            assert_eq!(place.moved_from.as_deref(), Some(asked.as_path()));
            assert_eq!(place.root, open.path().join("postgres"));
        } else {
            assert_eq!(place.moved_from, None);
            assert_eq!(place.root, asked.join("postgres"));
        }
    }
}
