//! Benchmarks the endpoints that apps call, under load: `cargo bench --bench apps`.
//!
//! 1. It runs a private PostgreSQL as durable as in production, the release build of the service, and a bare axum
//!    service as the baseline.
//! 2. Each round measures discovery and JWKS, userinfo and introspection, code exchanges, and authorizations
//!    with a remembered consent. Ratios are taken within a round; the median is reported.
//! 3. A code exchange is compared with a TOTP sign-in of the same round: each is one transaction.
//! 4. Each round also measures the gate, with and without concurrent sign-ins. At the end, the memory of 10,000 cached
//!    tokens is measured.
//! 5. With `--check`, a missed bar exits with code 1. `--rounds N` replaces the default of 5 rounds.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a bench that cannot go on has failed"
)]

#[path = "../parts/mod.rs"]
mod parts;
mod planted;
#[path = "../factors/people.rs"]
mod totp;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use parts::{
    client::{self, Connection, Lane, get, on_this_thread},
    database::{self, Database},
    people,
    process::{self, Process},
    table::{Bar, Table, median},
};
use tokio::runtime::Runtime;

/// Connections that send requests.
const CONNECTIONS: usize = 64;
/// Connections that sign in while the gate is measured, and requests to the gate per second.
const SIGN_INS: usize = 32;
const STEADY: u32 = 400;
/// Number of cached tokens whose memory is measured.
const REMEMBERED: usize = 10_000;
/// Codes of each kind per round, and connections that send them.
const CODES: usize = 1200;
const BRINGING: usize = 32;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == process::HELLO) {
        process::be_hello();
        return ExitCode::SUCCESS;
    }
    let rounds = arguments.iter().skip_while(|argument| *argument != "--rounds").nth(1);
    let table = measure(rounds.map_or(5, |rounds| rounds.parse().expect("a number of rounds")));
    println!("\n{}", table.text());
    let check = arguments.iter().any(|argument| argument == "--check");
    if check && !table.all_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Results of one round: requests per second, and p99 of the gate in seconds.
struct Round {
    hello: f64,
    discovery: f64,
    jwks: f64,
    userinfo: f64,
    introspection: f64,
    gate: f64,
    calm_gate: f64,
    flood_gate: f64,
    authorize: f64,
    totp: f64,
    es256: f64,
    rs256: f64,
}

fn measure(rounds: usize) -> Table {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let folder = database::folder();
    let database = runtime.block_on(Database::start(&folder.path().join("server")));
    let settings =
        [("VESTIBULE_SECRET", totp::SECRET), ("VESTIBULE_LOG", "warn"), ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.0/8")];
    let (service, _) = Process::service_with(&folder.path().join("service"), Some(&database.url()), &settings);
    let hello = Process::hello();
    let mut table = Table::default();
    table.figure("memory idle", service.memory(), " MiB", Bar::None);
    runtime.block_on(people::sign_up_all(service.address));
    let sign_ins = runtime.block_on(people::sign_in_lanes(service.address, SIGN_INS));
    let mut all = Vec::new();
    for round in 1..=rounds {
        all.push(one_round(&runtime, &database, &service, &hello, &sign_ins));
        eprintln!("round {round} of {rounds}");
    }
    report(&all, &mut table);
    statements(&runtime, &database, &folder.path().join("counted"), &settings, &mut table);
    remembered(&runtime, &database, &folder.path().join("remembering"), &settings, &mut table);
    drop(service);
    runtime.block_on(database.stop());
    table
}

fn one_round(runtime: &Runtime, database: &Database, service: &Process, hello: &Process, sign_ins: &[Lane]) -> Round {
    let planted = runtime.block_on(planted::plant(&database.url(), service.address, CODES));
    let same = |request: &[u8], status| lanes(&[request.to_vec()], status);
    let rate = |address, lanes: &[Lane]| client::flood(address, lanes, || thread::sleep(Duration::from_millis(1500))).0;
    let here = |lanes: &[Lane]| rate(service.address, lanes);
    let bring = |requests: &[Vec<u8>], status| on_this_thread(all_at_once(service.address, requests, status));
    Round {
        hello: rate(hello.address, &same(&get("/", ""), 200)),
        discovery: here(&same(&get("/.well-known/openid-configuration", ""), 200)),
        jwks: here(&same(&get("/oauth/jwks", ""), 200)),
        userinfo: here(&lanes(&planted.userinfo, 200)),
        introspection: here(&lanes(&planted.introspect, 200)),
        gate: here(&lanes(&planted.gate, 200)),
        calm_gate: p99(service.address, &planted.gate[0]),
        flood_gate: client::flood(service.address, sign_ins, || p99(service.address, &planted.gate[0])).1,
        authorize: here(&lanes(&planted.authorize, 303)),
        totp: bring(&runtime.block_on(totp::before_their_code(&database.url(), service.address, CODES)), 303),
        es256: bring(&planted.es256, 200),
        rs256: bring(&planted.rs256, 200),
    }
}

/// Returns the p99 latency of a steady rate of requests, in seconds.
fn p99(address: SocketAddr, request: &[u8]) -> f64 {
    let mut took = client::steady(address, request, STEADY, Duration::from_millis(2500));
    took.sort();
    took[took.len() * 99 / 100].as_secs_f64()
}

/// Counts on the wire, one request after the other, with every statement prepared before.
fn statements(runtime: &Runtime, database: &Database, folder: &Path, settings: &[(&str, &str)], table: &mut Table) {
    const TIMES: usize = 10;
    let (url, counts) = runtime.block_on(database.counted());
    let (service, _) = Process::service_with(folder, Some(&url), settings);
    let planted = runtime.block_on(planted::plant(&database.url(), service.address, 2 * TIMES));
    let same = |requests: &[Vec<u8>]| vec![requests[0].clone(); 2 * TIMES];
    let asked = [
        ("authorize with remembered consent", same(&planted.authorize), 303, Bar::AtMost(3.0)),
        ("code → tokens, with begin and commit", planted.es256.clone(), 200, Bar::AtMost(7.0)),
        ("userinfo, remembered", same(&planted.userinfo), 200, Bar::AtMost(0.5)),
        ("introspection, remembered", same(&planted.introspect), 200, Bar::AtMost(0.5)),
        ("the gate, remembered", same(&planted.gate), 200, Bar::AtMost(0.5)),
    ];
    for (what, requests, status, bar) in asked {
        runtime.block_on(async {
            let mut connection = Connection::open(service.address, Ipv4Addr::LOCALHOST).await.expect("a connection");
            for (time, request) in requests.iter().enumerate() {
                if time == TIMES {
                    counts.take();
                }
                assert_eq!(connection.ask(request).await.expect("an answer"), status, "{what}");
            }
        });
        let each = f64::from(counts.take().0) / TIMES as f64;
        table.row(&format!("statements: {what}"), each, &format!("{each:.1}"), bar);
    }
}

/// What tokens take in memory that a replica of its own remembers.
fn remembered(runtime: &Runtime, database: &Database, folder: &Path, settings: &[(&str, &str)], table: &mut Table) {
    let (service, _) = Process::service_with(folder, Some(&database.url()), settings);
    let requests = runtime.block_on(planted::userinfo(&database.url(), REMEMBERED));
    // Warm-up: allocations of the first requests are not the cache's.
    on_this_thread(all_at_once(service.address, &requests[..BRINGING], 200));
    let before = service.memory();
    for _ in 0..2 {
        on_this_thread(all_at_once(service.address, &requests, 200));
    }
    let more = service.memory() - before;
    table.figure(&format!("memory of {REMEMBERED} remembered tokens"), more, " MiB", Bar::AtMost(12.0));
}

/// Distributes the requests over the connections.
fn lanes(requests: &[Vec<u8>], status: u16) -> Vec<Lane> {
    let of = |lane: usize| vec![requests[lane % requests.len()].clone()];
    let lane = |lane: usize| Lane {
        from: Ipv4Addr::new(127, 0, 5, u8::try_from(lane + 1).expect("few lanes")),
        requests: of(lane),
        status,
    };
    (0..CONNECTIONS).map(lane).collect()
}

/// Sends all requests once, and returns how many were answered per second.
async fn all_at_once(address: SocketAddr, requests: &[Vec<u8>], status: u16) -> f64 {
    let begun = Instant::now();
    let lanes = requests.chunks(requests.len().div_ceil(BRINGING)).zip(1..).map(|(chunk, lane)| {
        let chunk = chunk.to_vec();
        tokio::task::spawn_local(async move {
            let from = Ipv4Addr::new(127, 0, 6, lane);
            let mut connection = Connection::open(address, from).await.expect("a connection");
            for request in &chunk {
                let answer = connection.answer(request).await.expect("an answer");
                assert_eq!(answer.status, status, "{}", answer.body());
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("a lane");
    }
    requests.len() as f64 / begun.elapsed().as_secs_f64()
}

fn report(all: &[Round], table: &mut Table) {
    let mut ratio = |what: &str, above: fn(&Round) -> f64, below: fn(&Round) -> f64, bar| {
        let of = |figure: fn(&Round) -> f64| median(all.iter().map(figure).collect());
        let ratio = median(all.iter().map(|round| above(round) / below(round)).collect());
        table.row(what, ratio, &format!("{:.0} ÷ {:.0} = {ratio:.2}", of(above), of(below)), bar);
    };
    let hello: fn(&Round) -> f64 = |round| round.hello;
    ratio("the gate, remembered ÷ hello", |round| round.gate, hello, Bar::AtLeast(0.6));
    let totp: fn(&Round) -> f64 = |round| round.totp;
    ratio("discovery ÷ bare axum hello, a second, 64 connections", |round| round.discovery, hello, Bar::AtLeast(0.85));
    ratio("JWKS ÷ hello", |round| round.jwks, hello, Bar::AtLeast(0.85));
    ratio("userinfo of an opaque token ÷ hello", |round| round.userinfo, hello, Bar::AtLeast(0.45));
    ratio("introspection of an opaque token ÷ hello", |round| round.introspection, hello, Bar::AtLeast(0.45));
    ratio("code → tokens, ES256 ÷ a code of an authenticator app", |round| round.es256, totp, Bar::AtLeast(0.8));
    ratio("code → tokens, RS256 ÷ the same", |round| round.rs256, totp, Bar::AtLeast(0.5));
    ratio("authorize with remembered consent → code ÷ the same", |round| round.authorize, totp, Bar::AtLeast(0.9));
    let p99 = |figure: fn(&Round) -> f64| median(all.iter().map(figure).collect()) * 1e3;
    let (calm, flood) = (p99(|round| round.calm_gate), p99(|round| round.flood_gate));
    let ratio = median(all.iter().map(|round| round.flood_gate / round.calm_gate).collect());
    let said = format!("{flood:.2} ÷ {calm:.2} ms = {ratio:.2}");
    table.row("p99 of the gate during a flood of 32 sign-ins ÷ without", ratio, &said, Bar::AtMost(5.0));
}
