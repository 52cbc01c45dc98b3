//! Several machines, played by processes: `cargo bench --bench scaled`, or `scripts/scaled`.
//!
//! 1. A primary and a standby that has every acknowledged commit on its disk, two replicas of the released
//!    program, and HAProxy with the configuration of `deploy/scaled`.
//! 2. The sign-ins and session checks a second of two replicas are compared with those of one.
//! 3. While people sign up and in, every process of the primary is killed and the standby promoted. What was
//!    acknowledged is looked for afterwards, one by one.
//! 4. With `--check` something lost, a fault, or a minute without service is an exit code of 1.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::format_push_string,
    reason = "a bench that cannot go on has failed"
)]

#[path = "../parts/mod.rs"]
mod parts;
mod proxy;
mod visitors;

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parts::{
    client, people,
    postgres::Server,
    process::Process,
    table::{Bar, Table, median},
};
use proxy::Proxy;
use visitors::Seen;

const LANES: u8 = 8;
const ROUNDS: usize = 3;
const SECRET: &str = "a key for a bench and for nothing else 0123456789";

fn main() -> ExitCode {
    let folder = tempfile::Builder::new().prefix("vestibule-scaled-").tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("an open folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut primary = Server::primary(folder.path(), &[]);
    let standby = Server::standby_of(&primary, folder.path());
    let url =
        format!("postgres://vestibule@127.0.0.1:{},127.0.0.1:{}/vestibule?sslmode=disable", primary.port, standby.port);
    let mut table = Table::default();
    throughput(&runtime, &url, folder.path(), &primary, &mut table);
    let replicas = [replica(folder.path(), "one", &url, &[]), replica(folder.path(), "two", &url, &[])];
    let Some(proxy) = Proxy::before(&replicas.each_ref().map(|replica| replica.address), folder.path()) else {
        eprintln!("HAProxy is not installed (apt-get install haproxy)");
        return ExitCode::FAILURE;
    };
    eprintln!("killing the primary while people sign up");
    failover(&runtime, &mut primary, &standby, &proxy, &mut table);
    println!("\n{}", table.text());
    let check = std::env::args().any(|argument| argument == "--check");
    if check && !table.all_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn replica(folder: &Path, name: &str, url: &str, more: &[(&str, &str)]) -> Process {
    let settings = [("VESTIBULE_SECRET", SECRET), ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1/32")];
    Process::service_with(&folder.join(name), Some(url), &[&settings, more].concat()).0
}

/// One replica with one thread that hashes, against two such replicas: each stands for a machine. All of
/// them, the servers and the generator share the cores of this one, so this says what a second replica adds
/// at least.
fn throughput(runtime: &tokio::runtime::Runtime, url: &str, folder: &Path, primary: &Server, table: &mut Table) {
    let one_worker = [("VESTIBULE_HASH_WORKERS", "1")];
    let first = replica(folder, "first", url, &one_worker);
    let second = replica(folder, "second", url, &one_worker);
    runtime.block_on(people::sign_up_all(first.address));
    let (Some(alone), Some(both)) =
        (Proxy::before(&[first.address], folder), Proxy::before(&[first.address, second.address], folder))
    else {
        return;
    };
    let sign_ins = runtime.block_on(people::sign_in_lanes(first.address, 16));
    let who_am_i = runtime.block_on(people::who_am_i_lanes(first.address, 64));
    for (what, lanes) in [("sign-ins", &sign_ins), ("session checks", &who_am_i)] {
        let rate = |address| client::flood(address, lanes, || thread::sleep(Duration::from_secs(3))).0;
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_| [rate(first.address), rate(alone.address), rate(both.address)])
            .inspect(|round| eprintln!("{what}: {round:.0?}"))
            .collect();
        let of = |which: usize| median(rounds.iter().map(|round| round[which]).collect());
        let ratio =
            |above: usize, below: usize| median(rounds.iter().map(|round| round[above] / round[below]).collect());
        table.row(
            &format!("{what} a second: one replica by HAProxy ÷ one without"),
            ratio(1, 0),
            &format!("{:.0} ÷ {:.0} = {:.2}", of(1), of(0), ratio(1, 0)),
            Bar::None,
        );
        table.row(
            &format!("{what} a second: two replicas by HAProxy ÷ one"),
            ratio(2, 1),
            &format!("{:.0} ÷ {:.0} = {:.2}", of(2), of(1), ratio(2, 1)),
            Bar::None,
        );
    }
    primary.wait_for_standby();
    let rates: Vec<_> = (0..ROUNDS)
        .map(|_| client::flood(both.address, &sign_ins, || thread::sleep(Duration::from_secs(3))).0)
        .collect();
    table.figure(
        "sign-ins a second: two replicas, each commit on the standby's disk too",
        median(rates),
        "",
        Bar::None,
    );
}

fn failover(
    runtime: &tokio::runtime::Runtime,
    primary: &mut Server,
    standby: &Server,
    proxy: &Proxy,
    table: &mut Table,
) {
    let (stop, address) = (Arc::new(AtomicBool::new(false)), proxy.address);
    let lanes: Vec<_> =
        (0..LANES).map(|lane| runtime.spawn(visitors::come(address, lane, Arc::clone(&stop)))).collect();
    thread::sleep(Duration::from_secs(5));
    let killed = Instant::now();
    primary.kill();
    // As long as an operator's tool needs to be sure at the very least.
    thread::sleep(Duration::from_secs(1));
    let asked = Instant::now();
    standby.promote();
    let promoted = Instant::now();
    thread::sleep(Duration::from_secs(8));
    stop.store(true, Ordering::Relaxed);
    let mut seen = Seen::default();
    for lane in lanes {
        seen.add(runtime.block_on(lane).expect("a lane"));
    }
    let there: Vec<String> = standby.ask("select username from users").lines().map(str::to_owned).collect();
    let there: std::collections::BTreeSet<_> = there.iter().map(String::as_str).collect();
    let lost = seen.signed_up.iter().filter(|(name, _)| !there.contains(name.as_str())).count();
    let live = runtime.block_on(visitors::live(address, &seen.sessions));
    let before = seen.signed_up.iter().filter(|(_, at)| *at < killed).map(|(_, at)| *at).max().unwrap_or(killed);
    let after: Vec<Instant> = seen.signed_up.iter().map(|(_, at)| *at).filter(|at| *at > asked).collect();
    let first = after.iter().min().copied();
    let since = |from: Instant| first.map_or(f64::INFINITY, |at| at.saturating_duration_since(from).as_secs_f64());
    let acknowledged = seen.signed_up.len();
    let lost_said = format!("{lost} of {acknowledged}, {} of them after the promotion", after.len());
    table.row("acknowledged sign-ups lost", lost as f64, &lost_said, Bar::AtMost(0.0));
    let ended = seen.sessions.len() - live;
    table.row(
        "acknowledged sessions lost",
        ended as f64,
        &format!("{ended} of {}", seen.sessions.len()),
        Bar::AtMost(0.0),
    );
    table.figure(
        "without an acknowledged write, the operator's second included",
        since(before),
        " s",
        Bar::AtMost(10.0),
    );
    table.figure("the promotion itself", (promoted - asked).as_secs_f64(), " s", Bar::None);
    table.figure(
        "from the end of the promotion to the first acknowledged write",
        since(promoted),
        " s",
        Bar::AtMost(5.0),
    );
    table.row(
        "5xx other than 503",
        f64::from(seen.faults()),
        &format!("{} ({:?})", seen.faults(), seen.statuses),
        Bar::AtMost(0.0),
    );
}
