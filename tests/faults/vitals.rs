//! What the system knows about the replicas while a fault runs.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::house::Replica;

/// Memory and files of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vital {
    pub rss_mib: u64,
    pub files: usize,
}

/// What a replica had after its start.
pub struct Vitals {
    pub base: [Vital; 2],
}

impl Vitals {
    pub fn of(replicas: &[Replica; 2]) -> Self {
        Self { base: [0, 1].map(|n| vital(replicas[n].pid.load(Ordering::Relaxed)).unwrap_or_default()) }
    }
}

/// None for a process that is not there.
pub fn vital(pid: u32) -> Option<Vital> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    // The kernel shows the files of a process that writes no core dump to root only.
    Some(Vital { rss_mib: kib / 1024, files: fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count) })
}

/// Processor time that a process has used so far.
pub fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    // Linux tells it in hundredths of a second whatever its own clock does (USER_HZ).
    Duration::from_millis(ticks * 10)
}

/// The most memory of any replica, looked at every twentieth of a second.
pub struct Sampler {
    highest: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Sampler {
    pub fn start(pids: impl Fn() -> [u32; 2] + Send + 'static) -> Self {
        let (highest, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, stopped) = (Arc::clone(&highest), Arc::clone(&stop));
        thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                for vital in pids().into_iter().filter_map(vital) {
                    seen.fetch_max(vital.rss_mib, Ordering::Relaxed);
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        Self { highest, stop }
    }

    pub fn highest(&self) -> u64 {
        self.highest.load(Ordering::Relaxed)
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
