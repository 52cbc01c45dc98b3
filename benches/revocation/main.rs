//! Measures how long revoking a session or token takes on every replica: `cargo bench --bench revocation`.
//!
//! 1. Two replicas of the release build share one durable PostgreSQL. As load, users check their sessions on both, and
//!    others sign in on the first.
//! 2. A user signs in on the first replica, uses the session on the second, and signs out on the first. After that
//!    response the first must refuse at once. The second is polled until it refuses; its delay is the time from the
//!    response to the last accepted request.
//! 3. The same is measured for access tokens, after an update in the database ends the grant or a group membership.
//! 4. With `--check`, a missed bar exits with code 1. `--times N` replaces the default of 300 sessions.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on has failed"
)]

#[path = "../parts/mod.rs"]
mod parts;
mod tokens;

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::{Duration, Instant},
};

use parts::{
    client::{self, Connection, Lane, get, post},
    database::{self, Database},
    people,
    process::Process,
    table::{Bar, Table},
};

/// Connections that check their session, on each replica.
const CALM: usize = 16;
/// Connections that sign in, on the replica that ends sessions.
const BUSY: usize = 2;
const SECRET: &str = "a key for a bench and for nothing else 0123456789";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let times = arguments.iter().skip_while(|argument| *argument != "--times").nth(1);
    let times = times.map_or(300, |times| times.parse().expect("a number"));
    let folder = database::folder();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let database = runtime.block_on(Database::start(&folder.path().join("server")));
    let url = database.url();
    let [first, second] = ["first", "second"]
        .map(|name| Process::service_with(&folder.path().join(name), Some(&url), &[("VESTIBULE_SECRET", SECRET)]).0);
    runtime.block_on(people::sign_up_all(first.address));
    let mut table = Table::default();
    let replicas = [first.address, second.address];
    report(&measure(replicas, &Load::none(), times), "with nothing else to do", &mut table);
    let load = runtime.block_on(Load::on(replicas));
    report(&measure(replicas, &load, times), "under load", &mut table);
    for (what, way) in tokens::WAYS {
        let ended = load.beside(replicas, async || tokens::end_tokens(&url, second.address, way, times).await);
        report_elsewhere(&ended, &format!("{what}, under load"), &mut table);
    }
    drop((first, second));
    runtime.block_on(database.stop());
    println!("\n{}", table.text());
    let check = arguments.iter().any(|argument| argument == "--check");
    if check && !table.all_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Load on the replicas.
struct Load {
    who_am_i: [Vec<Lane>; 2],
    sign_ins: Vec<Lane>,
}

impl Load {
    fn none() -> Self {
        Self { who_am_i: [Vec::new(), Vec::new()], sign_ins: Vec::new() }
    }

    async fn on([first, second]: [SocketAddr; 2]) -> Self {
        let who_am_i = [people::who_am_i_lanes(first, CALM).await, people::who_am_i_lanes(second, CALM).await];
        Self { who_am_i, sign_ins: people::sign_in_lanes(first, BUSY).await }
    }

    /// Does `work` while the replicas are under this load.
    fn beside(&self, [first, second]: [SocketAddr; 2], work: impl AsyncFnOnce() -> Vec<Ended> + Send) -> Vec<Ended> {
        let end_all = || client::on_this_thread(work());
        let busy = || client::flood(first, &self.sign_ins, end_all).1;
        let here = || client::flood(first, &self.who_am_i[0], busy).1;
        client::flood(second, &self.who_am_i[1], here).1
    }
}

/// The measurement of one ended session or token.
#[derive(Clone, Copy)]
struct Ended {
    /// Time from the response to the last request that the other replica accepted.
    delay: Duration,
    /// How many requests the other replica accepted, and how many the replica that ended it.
    accepted: u32,
    accepted_here: u32,
}

fn measure(replicas: [SocketAddr; 2], load: &Load, times: usize) -> Vec<Ended> {
    load.beside(replicas, async || end_sessions(replicas[0], replicas[1], times).await)
}

async fn end_sessions(first: SocketAddr, second: SocketAddr, times: usize) -> Vec<Ended> {
    let mut all = Vec::with_capacity(times);
    for n in 0..times {
        all.push(end_session(first, second, n % people::PEOPLE).await);
    }
    all
}

async fn end_session(first: SocketAddr, second: SocketAddr, person: usize) -> Ended {
    let (session, _) = people::sign_in(first, person).await;
    let open = async |address| Connection::open(address, Ipv4Addr::new(127, 0, 2, 1)).await.expect("a connection");
    let (mut here, mut there) = (open(first).await, open(second).await);
    let asked = get("/api/v1/session", &session);
    for connection in [&mut here, &mut there] {
        // Twice: from the database, then from the cache.
        for _ in 0..2 {
            assert_eq!(connection.ask(&asked).await.expect("an answer"), 200);
        }
    }
    let page = here.answer(&get("/dashboard", &session)).await.expect("the dashboard");
    let cookies = format!("{session}; vestibule_csrf={}", page.cookie("vestibule_csrf").expect("a cookie"));
    let token = page.form_token().expect("a token");
    let ended = here.ask(&post("/logout", &cookies, &[("csrf_token", &token)])).await.expect("an answer");
    let answered = Instant::now();
    assert_eq!(ended, 303, "signing out");
    let mut seen = Ended { delay: Duration::ZERO, accepted: 0, accepted_here: 0 };
    seen.accepted_here += u32::from(here.ask(&asked).await.expect("an answer") == 200);
    while there.ask(&asked).await.expect("an answer") == 200 {
        (seen.delay, seen.accepted) = (answered.elapsed(), seen.accepted + 1);
        assert!(seen.delay < Duration::from_secs(10), "the session does not end");
    }
    seen
}

fn report(all: &[Ended], when: &str, table: &mut Table) {
    report_elsewhere(all, &format!("an ended session, {when}"), table);
    let here: u32 = all.iter().map(|ended| ended.accepted_here).sum();
    let what = format!("accepted afterwards on the replica that ended it, {when}");
    table.row(&what, f64::from(here), &here.to_string(), Bar::AtMost(0.0));
}

fn report_elsewhere(all: &[Ended], what: &str, table: &mut Table) {
    let mut delays: Vec<f64> = all.iter().map(|ended| ended.delay.as_secs_f64() * 1e3).collect();
    delays.sort_by(f64::total_cmp);
    let at = |share: usize| delays[(delays.len() * share / 100).min(delays.len() - 1)];
    let said = format!("{:.1} ms (p50 {:.1}, longest {:.1}, of {})", at(99), at(50), at(100), delays.len());
    table.row(&format!("p99 until the other replica refuses: {what}"), at(99), &said, Bar::AtMost(50.0));
    table.row(&format!("longest of them: {what}"), at(100), &format!("{:.1} ms", at(100)), Bar::AtMost(250.0));
    let there = all.iter().filter(|ended| ended.accepted > 0).count();
    table.row(&format!("accepted once more or oftener: {what}"), there as f64, &there.to_string(), Bar::None);
}
