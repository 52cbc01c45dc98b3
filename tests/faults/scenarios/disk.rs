//! PostgreSQL's disk is full.

use std::{fs, path::PathBuf, process::Command, sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::database::at_work;
use crate::{
    Form,
    invariants::{Figures, settle},
    postgres::Postgres,
};

/// A small file system of one's own, gone when it goes.
struct Small(TempDir);

impl Small {
    fn mount() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let folder = tempfile::tempdir().ok()?;
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).ok()?;
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=160m", "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).status().ok();
    }
}

/// Nothing can be written any more, not even the log of the database, which may stop over it; then there is room again.
pub async fn f5_disk_full(_: Arc<Postgres>, form: Form) -> Figures {
    let Some(small) = Small::mount() else {
        return Figures { said: "skipped: no file system may be mounted here".to_owned(), ..Figures::default() };
    };
    let settings = "shared_buffers = '16MB'\nmin_wal_size = '16MB'\nmax_wal_size = '32MB'\n";
    let postgres = Arc::new(Postgres::in_folder(small.0.path(), settings));
    let (house, load, prober) = at_work(&postgres, form).await;
    sleep(Duration::from_secs(1)).await;
    // All that there is, and a little more as the checkpoints give it back.
    let (full, mut filled) = (form.pick(Duration::from_secs(2), Duration::from_secs(10)), 0);
    let until = Instant::now() + full;
    let mut fillers = Vec::new();
    while Instant::now() < until {
        let path = small.filler().with_extension(fillers.len().to_string());
        let mut file = fs::File::create(&path).expect("a file");
        let block = vec![0; 64 * 1024];
        while std::io::Write::write_all(&mut file, &block).is_ok() {
            filled += 1;
        }
        fillers.push(path);
        sleep(Duration::from_millis(200)).await;
    }
    for filler in fillers {
        fs::remove_file(filler).expect("room again");
    }
    // Without room for its own log it has stopped; whoever looks after it starts it again.
    let stopped = !postgres.try_ctl(&["status"]);
    if stopped {
        postgres.ctl(&["start", "-w"]);
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    let ended = if stopped { "PostgreSQL had stopped" } else { "PostgreSQL went on" };
    figures.said = format!("{} MiB filled; {ended}", filled / 16);
    drop((prober, load, house));
    figures
}
