//! The folders of the cluster and its socket, and the user that the server runs as.
//!
//! An ordinary user runs the server as themselves. PostgreSQL refuses root, so under root the server runs as the owner
//! of an existing folder, else as the user with the name of the server, else as `postgres`. `nobody` is not used: other
//! daemons run as that user too, and could enter the folder. If the server's user cannot enter the parent of the folder,
//! the folder of the same path below the fallback folder is used, with a warning. So each folder has its own.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown},
    path::{Component, Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use crate::{Error, PORT, SUPERUSER, Settings};

/// The longest path that fits into `sockaddr_un`, without its final zero byte.
const LONGEST_SOCKET: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The user that the server runs as if this process runs as root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) dir: PathBuf,
    /// `None` to run the server as the user of this process.
    account: Option<Account>,
    /// The requested folder, if the fallback is used.
    moved_from: Option<PathBuf>,
}

impl Place {
    pub(crate) async fn resolve(settings: &Settings) -> Result<Self, Error> {
        let absolute = |dir| std::path::absolute(dir).map_err(Error::file("resolving", dir));
        let dir = absolute(&settings.dir)?;
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { dir, account: None, moved_from: None });
        }
        let account = Account::for_root(&dir, &settings.name)?;
        if can_enter(parent(&dir), &account).await? {
            return Ok(Self { dir, account: Some(account), moved_from: None });
        }
        let fallback_dir = below(&absolute(&settings.fallback_dir)?, &dir)?;
        let account = Account::for_root(&fallback_dir, &settings.name)?;
        Ok(Self { dir: fallback_dir, account: Some(account), moved_from: Some(dir) })
    }

    pub(crate) fn announce(&self) {
        if let Some(requested) = &self.moved_from {
            tracing::warn!(
                requested = %requested.display(),
                folder = %self.dir.display(),
                "keeping the embedded database in another folder: PostgreSQL refuses to run as root, and the user it \
                 runs as cannot enter the requested folder. To keep it there, open the folders above it \
                 (`chmod o+x`) or run as an ordinary user"
            );
        }
    }

    /// Creates the folder and those above it. Refuses a folder of another user.
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        let parent = parent(&self.dir);
        let missing: Vec<&Path> = parent.ancestors().take_while(|folder| !folder.exists()).collect();
        fs::create_dir_all(parent).map_err(Error::file("creating", parent))?;
        for folder in missing {
            // Under root, the server's user passes through, whatever the umask.
            let mode = if self.account.is_some() { 0o755 } else { 0o700 };
            fs::set_permissions(folder, fs::Permissions::from_mode(mode))
                .map_err(Error::file("setting permissions of", folder))?;
        }
        self.make_private(&self.dir)
    }

    /// Creates a folder that only the server's user may enter, or checks the owner of an existing one.
    fn make_private(&self, folder: &Path) -> Result<(), Error> {
        match fs::create_dir(folder) {
            Ok(()) => {
                fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
                    .map_err(Error::file("setting permissions of", folder))?;
                if let Some(Account { uid, gid }) = self.account {
                    lchown(folder, Some(uid), Some(gid)).map_err(Error::file("changing the owner of", folder))?;
                }
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let owner = fs::metadata(folder).map_err(Error::file("reading", folder))?.uid();
                if owner == self.server_uid() {
                    return Ok(());
                }
                Err(Error::ForeignFolder { folder: folder.to_owned(), owner })
            }
            Err(error) => Err(Error::file("creating", folder)(error)),
        }
    }

    /// Creates the folder of the socket: inside the cluster's if that path is short enough for the kernel, else in `/tmp`.
    pub(crate) fn socket_dir(&self) -> Result<PathBuf, Error> {
        let inside = self.dir.join("socket");
        if socket_in(&inside).as_os_str().len() <= LONGEST_SOCKET {
            self.make_private(&inside)?;
            return Ok(inside);
        }
        // The same name at every start, and a different one for every cluster.
        let id = fs::metadata(&self.dir).map_err(Error::file("reading", &self.dir))?;
        let uid = self.server_uid();
        let outside = PathBuf::from(format!("/tmp/embedded-postgres-{uid}-{:x}-{:x}", id.dev(), id.ino()));
        if fs::symlink_metadata(&outside).is_err() {
            self.make_private(&outside)?;
        }
        refuse_unless_private(&outside, uid)?;
        Ok(outside)
    }

    pub(crate) fn cluster(&self) -> PathBuf {
        self.dir.join("cluster")
    }

    /// Beside the folder, because the server's user must not change it.
    pub(crate) fn lock_path(&self) -> PathBuf {
        let mut path = self.dir.clone().into_os_string();
        path.push(".lock");
        path.into()
    }

    fn server_uid(&self) -> u32 {
        self.account.as_ref().map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid)
    }

    /// Returns the folder for downloaded programs: `wanted`, unless only this process can enter it.
    #[cfg(feature = "download")]
    pub(crate) async fn cache(&self, wanted: PathBuf) -> Result<PathBuf, Error> {
        match &self.account {
            Some(account) if !can_enter(&wanted, account).await? => Ok(self.dir.join("programs")),
            _ => Ok(wanted),
        }
    }

    /// Prepares a command that runs as the server's user, in `/` and with a clean environment: the server sees neither
    /// secrets nor `PG…` variables, and its messages are in English.
    pub(crate) fn command(&self, program: &Path) -> Command {
        command(program, self.account.as_ref())
    }
}

fn command(program: &Path, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
    command.current_dir("/").stdin(Stdio::null());
    if let Some(Account { uid, gid }) = account {
        command.uid(*uid).gid(*gid);
    }
    command
}

fn parent(dir: &Path) -> &Path {
    dir.parent().unwrap_or(dir)
}

/// Returns the folder below `root` that stands for another: the one of the same path. However that is spelled, and through
/// whatever links, it is the same folder.
fn below(root: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    let real = fs::canonicalize(existing).map_err(Error::file("resolving", existing))?;
    let rest = folder.strip_prefix(existing).unwrap_or(folder);
    let mut path = root.to_owned();
    for part in real.join(rest).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if path != root => drop(path.pop()),
            _ => {}
        }
    }
    Ok(path)
}

pub(crate) fn socket_in(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

/// Refuses what another user may have put into `/tmp`: a link, or a folder where they wait for connections.
fn refuse_unless_private(folder: &Path, owner: u32) -> Result<(), Error> {
    let found = fs::symlink_metadata(folder).map_err(Error::file("reading", folder))?;
    let reason = if found.is_symlink() {
        "it is a symbolic link".to_owned()
    } else if !found.is_dir() {
        "it is not a folder".to_owned()
    } else if found.uid() != owner {
        format!("its owner is uid {}, expected {owner}", found.uid())
    } else if found.permissions().mode() & 0o077 != 0 {
        "other users may enter it".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::ForeignSocketFolder { folder: folder.to_owned(), reason })
}

impl Account {
    /// Returns the owner of an existing folder, so that its user keeps it, else the user of this name or `postgres`.
    fn for_root(existing: &Path, name: &str) -> Result<Self, Error> {
        if let Ok(found) = fs::metadata(existing)
            && found.uid() != 0
        {
            return Ok(Self { uid: found.uid(), gid: found.gid() });
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(Error::file("reading", "/etc/passwd"))?;
        let found = [name, SUPERUSER].iter().find_map(|name| Self::named(name, &passwd));
        found.ok_or_else(|| Error::NoServerAccount { name: name.to_owned() })
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

/// Returns whether a user can enter a folder, or could once it exists.
///
/// It tries, because access lists, mounts and containers count as well as modes.
async fn can_enter(folder: &Path, account: &Account) -> Result<bool, Error> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    let mut command = command(Path::new("/bin/sh"), Some(account));
    command.args(["-c", "cd \"$1\"", "sh"]).arg(existing).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().await.map_err(|source| Error::Spawn { program: "/bin/sh".into(), source })?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_passwd_and_is_never_root() {
        let passwd = "root:x:0:0::/root:/bin/sh\nodd\npostgres:x:0:0::/:/bin/sh\nshop:x:998:997::/:/bin/false\n";
        assert_eq!(Account::named("postgres", passwd), None);
        assert_eq!(Account::named("odd", passwd), None);
        assert_eq!(Account::named("shop", passwd), Some(Account { uid: 998, gid: 997 }));
    }

    #[test]
    fn field_27_two_folders_never_stand_for_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        fs::create_dir_all(at.join("a/data")).unwrap();
        std::os::unix::fs::symlink(at.join("a"), at.join("link")).unwrap();
        let root = Path::new("/var/lib/shop");
        let of = |path: &str| below(root, &at.join(path)).unwrap();
        let expected = root.join(at.strip_prefix("/").unwrap());
        assert_eq!(of("a/data/postgres"), expected.join("a/data/postgres"));
        assert_ne!(of("a/data/postgres"), of("b/data/postgres"));
        for same in ["link/data/postgres", "a/./data/postgres", "a/data/../data/postgres", "a/new/../data/postgres"] {
            assert_eq!(of(same), expected.join("a/data/postgres"), "{same}");
        }
        assert!(of("../../../../../../../../etc").starts_with(root));
    }

    #[tokio::test]
    async fn field_27_under_root_a_folder_that_the_server_cannot_enter_is_left_for_its_own_place() {
        let closed = tempfile::tempdir().unwrap();
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let open = tempfile::tempdir().unwrap();
        fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let resolved = async |data: &str| {
            let requested = closed.path().join(data).join("postgres");
            let settings = Settings { fallback_dir: open.path().into(), ..Settings::new(&requested, "shop") };
            (requested, Place::resolve(&settings).await.unwrap())
        };
        let (one, first) = resolved("not/there/yet").await;
        let (other, second) = resolved("another").await;
        assert_ne!(first.dir, second.dir);
        if rustix::process::geteuid().is_root() {
            assert_eq!(first.moved_from, Some(one));
            assert!(first.dir.starts_with(open.path()) && second.dir.starts_with(open.path()));
        } else {
            assert_eq!((first.moved_from, first.dir, second.dir), (None, one, other));
        }
    }
}
