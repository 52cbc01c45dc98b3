//! What more people cost: `cargo bench --bench growth`, or `-- --people 10000000`.
//!
//! 1. One durable PostgreSQL, whose `shared_buffers` are the quarter of the machine's memory that its manual
//!    recommends, holds two databases, one of 10,000 people, one of a million (or as many as are asked for), each
//!    person with a password, a live session, an event, a grant and three access tokens. A service runs on each.
//! 2. Sessions are checked, people sign in and apps ask about tokens, by turns in both, always the same 10,000 of them, who are spread
//!    over the whole database. Nothing is remembered, so that every check asks PostgreSQL. What counts is the
//!    processor time that it and the service spent on each; PostgreSQL's share is told beside it.
//! 3. Then the services remember sessions, as they do by themselves: how many checks a second, and the memory of
//!    the one that found those 10,000 in the large database.
//! 4. With `--check` a missed bar is an exit code of 1.

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
mod plant;

use std::{
    fmt::Debug,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use parts::{
    client::{self, Connection, Lane, get, post},
    database::folder,
    postgres::Server,
    process::{Process, processor_time},
    table::{Bar, Table, median},
};
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};
use tokio::runtime::Runtime;

const SMALL: u32 = 10_000;
const ROUNDS: usize = 5;
const LANES: u32 = 32;
const PASSWORD: &str = "a bench is for resting";

/// One of the two databases.
struct Crowd {
    people: u32,
    url: String,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let people = arguments.iter().skip_while(|argument| *argument != "--people").nth(1);
    let people = people.map_or(1_000_000, |people| people.parse().expect("a number of people"));
    let folder = folder();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let server = start(folder.path());
    let crowds = [("vestibule", SMALL), ("large", people)].map(|(database, people)| Crowd {
        people,
        url: format!("postgres://vestibule@127.0.0.1:{}/{database}?sslmode=disable", server.port),
    });
    let mut table = Table::default();
    for crowd in &crowds {
        gather(&runtime, folder.path(), crowd, &mut table);
    }
    asked(&runtime, folder.path(), &crowds, server.pid().unsigned_abs(), &mut table);
    remembered(folder.path(), &crowds, &mut table);
    println!("\n{}", table.text());
    let check = arguments.iter().any(|argument| argument == "--check");
    if check && !table.all_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A server for many people.
fn start(folder: &Path) -> Server {
    let memory = fs::read_to_string("/proc/meminfo").expect("this machine's memory");
    let kilobytes: u64 = memory.split_whitespace().nth(1).and_then(|total| total.parse().ok()).expect("a number");
    let buffers = format!("shared_buffers={}MB", kilobytes / 1024 / 4);
    // The rest makes planting quicker.
    let server = Server::primary(folder, &[&buffers, "max_wal_size=8GB", "checkpoint_timeout=1h"]);
    server.psql("create database large owner vestibule", "postgres");
    server.psql("grant set on parameter session_replication_role to vestibule", "postgres");
    eprintln!("{buffers}");
    server
}

/// Plants the people, and tells what they take on disk.
fn gather(runtime: &Runtime, folder: &Path, Crowd { people, url }: &Crowd, table: &mut Table) {
    let (service, _) = Process::service(&folder.join(format!("planting{people}")), Some(url));
    let sizes = runtime.block_on(async {
        template(service.address).await;
        let mut connection = url.parse::<PgConnectOptions>().expect("a URL").connect().await.expect("a connection");
        plant::plant(&mut connection, *people).await;
        plant::sizes(&mut connection, *people).await
    });
    for (name, bare, whole) in sizes {
        let what = format!("{people} people: octets a row of {name}, with its indexes");
        table.row(&what, whole, &format!("{bare:.0}, {whole:.0}"), Bar::None);
    }
}

/// What each costs while nothing is remembered.
fn asked(runtime: &Runtime, folder: &Path, crowds: &[Crowd; 2], postgres: u32, table: &mut Table) {
    let services = crowds.each_ref().map(|Crowd { people, url }| {
        let data_dir = folder.join(format!("asking{people}"));
        Process::service_with(&data_dir, Some(url), &[("VESTIBULE_SESSION_CACHE", "0")]).0
    });
    let all: [_; 2] = std::array::from_fn(|size| {
        let pass = runtime.block_on(form(services[size].address));
        [checks(), sign_ins(&pass, crowds[size].people), tokens()]
    });
    for (which, what) in ["a session check", "a sign-in", "a token check"].into_iter().enumerate() {
        let rounds = rounds(what, |size| cost(&services[size], &all[size][which], postgres));
        for (spent, whose, bar) in [
            (Cost::all as fn(&Cost) -> f64, "processor time", Bar::AtMost(1.3)),
            (|cost| cost.postgres, "PostgreSQL's share", Bar::None),
        ] {
            let rounds: Vec<_> = rounds.iter().map(|round| round.each_ref().map(spent)).collect();
            let ratio = median(rounds.iter().map(|[small, large]| large / small).collect());
            let said = format!("{:.3} ÷ {:.3} ms = {ratio:.2}", of(&rounds, 1), of(&rounds, 0));
            let what = format!("{whose} for {what} that asks: {} people ÷ {SMALL}", crowds[1].people);
            table.row(&what, ratio, &said, bar);
        }
    }
}

/// What a check costs as it is served, and what remembering sessions costs in memory.
fn remembered(folder: &Path, crowds: &[Crowd; 2], table: &mut Table) {
    let services = crowds.each_ref().map(|Crowd { people, url }| {
        let (service, _) = Process::service(&folder.join(format!("remembering{people}")), Some(url));
        // Each was asked for several times over.
        let (rate, ()) = client::flood(service.address, &checks(), || thread::sleep(Duration::from_secs(5)));
        assert!(rate * 5.0 > 2.0 * f64::from(plant::MEASURED), "too slow to have asked for everybody");
        service
    });
    let lanes = checks();
    let pause = || thread::sleep(Duration::from_secs(3));
    let rounds = rounds("checks a second", |size| client::flood(services[size].address, &lanes, pause).0);
    let ratio = median(rounds.iter().map(|[small, large]| small / large).collect());
    let said = format!("{:.0} ÷ {:.0} = {ratio:.2}", of(&rounds, 0), of(&rounds, 1));
    let people = crowds[1].people;
    let what = format!("session checks a second, remembered: {SMALL} people ÷ {people}");
    table.row(&what, ratio, &said, Bar::AtMost(1.3));
    let what = format!("resident memory among {people} live sessions, {} of them remembered", plant::MEASURED);
    table.figure(&what, services[1].memory(), " MiB", Bar::AtMost(64.0));
}

/// A figure of each of the two, by turns.
fn rounds<T: Debug>(what: &str, figure: impl Fn(usize) -> T) -> Vec<[T; 2]> {
    let rounds = (0..ROUNDS).map(|_| std::array::from_fn(&figure));
    rounds.inspect(|round| eprintln!("{what}: {round:.3?}")).collect()
}

fn of(rounds: &[[f64; 2]], size: usize) -> f64 {
    median(rounds.iter().map(|round| round[size]).collect())
}

/// Milliseconds of processor time for one answer.
#[derive(Debug)]
struct Cost {
    postgres: f64,
    service: f64,
}

impl Cost {
    fn all(&self) -> f64 {
        self.postgres + self.service
    }
}

fn cost(service: &Process, lanes: &[Lane], postgres: u32) -> Cost {
    let spent = || (processor_time(postgres, true), processor_time(service.id(), false));
    let (rate, ([postgres, service], wall)) = client::flood(service.address, lanes, || {
        let (before, begun) = (spent(), Instant::now());
        thread::sleep(Duration::from_secs(3));
        let after = spent();
        ([after.0 - before.0, after.1 - before.1], begun.elapsed().as_secs_f64())
    });
    let each = |time: f64| time * 1e3 / (rate * wall);
    Cost { postgres: each(postgres), service: each(service) }
}

fn home(lane: u32) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 4, u8::try_from(lane).expect("few lanes"))
}

/// A cookie and a token for forms.
async fn form(address: SocketAddr) -> (String, String) {
    let mut connection = Connection::open(address, home(200)).await.expect("a connection");
    let page = connection.answer(&get("/login", "")).await.expect("the sign-in page");
    let cookie = page.cookie("vestibule_csrf").expect("the cookie of the forms");
    (format!("vestibule_csrf={cookie}"), page.form_token().expect("a token"))
}

/// The one person whose rows all others are copies of.
async fn template(address: SocketAddr) {
    let (cookie, token) = form(address).await;
    let mut connection = Connection::open(address, home(200)).await.expect("a connection");
    let fields = [
        ("csrf_token", token.as_str()),
        ("username", "template"),
        ("email", "template@example.com"),
        ("password", PASSWORD),
    ];
    assert_eq!(connection.ask(&post("/register", &cookie, &fields)).await.expect("an answer"), 303);
    assert_eq!(connection.ask(&sign_in(&cookie, &token, "template")).await.expect("an answer"), 303);
}

fn sign_in(cookie: &str, token: &str, name: &str) -> Vec<u8> {
    post("/login", cookie, &[("csrf_token", token), ("identifier", name), ("password", PASSWORD)])
}

fn lanes(status: u16, request: impl Fn(u32) -> Vec<u8>) -> Vec<Lane> {
    let of = |lane| (lane..plant::MEASURED).step_by(LANES as usize).map(&request).collect();
    (0..LANES).map(|lane| Lane { from: home(lane + 1), requests: of(lane), status }).collect()
}

fn checks() -> Vec<Lane> {
    lanes(200, |n| get("/api/v1/session", &format!("vestibule={}", plant::cookie(n))))
}

fn tokens() -> Vec<Lane> {
    let bearer = |n| format!("Authorization: Bearer {}\r\n\r\n", plant::token(n).reveal());
    lanes(200, |n| format!("GET /oauth/userinfo HTTP/1.1\r\nHost: localhost\r\n{}", bearer(n)).into_bytes())
}

fn sign_ins((cookie, token): &(String, String), people: u32) -> Vec<Lane> {
    lanes(303, |n| sign_in(cookie, token, &plant::name(n, people)))
}
