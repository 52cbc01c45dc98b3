//! What more people cost: `cargo bench --bench growth`, or `-- --people 10000000`.
//!
//! 1. One durable PostgreSQL holds two databases, one of 10,000 people, one of a million (or as many as are
//!    asked for), each person with a password, a live session and an event. A service runs on each.
//! 2. Sessions are checked and people sign in, by turns in both, always the same 10,000 of them, who are spread
//!    over the whole database. Nothing is remembered, so that every check asks PostgreSQL. What counts is the
//!    processor time that it spent on each.
//! 3. A service that remembers sessions has found those 10,000 in the large database: its memory.
//! 4. With `--check` a missed bar is an exit code of 1.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on has failed"
)]

#[path = "../load/client.rs"]
#[allow(dead_code, reason = "the other bench uses the rest")]
mod client;
#[path = "../load/database.rs"]
#[allow(dead_code, reason = "the other bench uses the rest")]
mod database;
mod plant;
#[path = "../load/process.rs"]
#[allow(dead_code, reason = "the other bench uses the rest")]
mod process;
#[path = "../load/table.rs"]
#[allow(dead_code, reason = "the other bench uses the rest")]
mod table;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    thread,
    time::Duration,
};

use client::{Connection, Lane, get, post};
use database::Database;
use process::{Process, processor_time};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, postgres::PgConnectOptions};
use table::{Bar, Table, median};

const SMALL: u32 = 10_000;
const ROUNDS: usize = 5;
const LANES: u32 = 32;
const PASSWORD: &str = "a bench is for resting";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let people = arguments.iter().skip_while(|argument| *argument != "--people").nth(1);
    let people = people.map_or(1_000_000, |people| people.parse().expect("a number of people"));
    let folder = database::folder();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let database = runtime.block_on(Database::start(&folder.path().join("server")));
    let url = database.url();
    let options: PgConnectOptions = url.parse().expect("a URL");
    runtime.block_on(async {
        let mut superuser = options.clone().username("postgres").connect().await.expect("the superuser");
        superuser.execute("create database large owner vestibule").await.expect("a database");
        superuser.close().await.expect("an end");
    });
    let (server, rest) = url.rsplit_once("/vestibule").expect("the service's own database");
    let large_url = format!("{server}/large{rest}");
    let mut table = Table::default();
    let services = [(&url, SMALL), (&large_url, people)].map(|(url, people)| {
        let data_dir = folder.path().join(format!("service{people}"));
        let (service, _) = Process::service_with(&data_dir, Some(url), &[("VESTIBULE_SESSION_CACHE", "0")]);
        runtime.block_on(async {
            template(service.address).await;
            let mut connection = url.parse::<PgConnectOptions>().expect("a URL").connect().await.expect("a connection");
            plant::plant(&mut connection, people).await;
            for (name, bare, whole) in plant::sizes(&mut connection, people).await {
                table.row(
                    &format!("{people} people: octets a row of {name}, with its indexes"),
                    whole,
                    &format!("{bare:.0}, {whole:.0}"),
                    Bar::None,
                );
            }
        });
        (service, people)
    });
    let all: [_; 2] = services.each_ref().map(|(service, people)| {
        let pass = runtime.block_on(form(service.address));
        [checks(), sign_ins(&pass, *people)]
    });
    for (which, what) in ["a session check", "a sign-in"].into_iter().enumerate() {
        let rounds: Vec<[f64; 2]> = (0..ROUNDS)
            .map(|_| std::array::from_fn(|size| cost(services[size].0.address, &all[size][which], database.pid)))
            .inspect(|round| eprintln!("{what}: {round:.3?} ms"))
            .collect();
        let of = |size: usize| median(rounds.iter().map(|round| round[size]).collect());
        let ratio = median(rounds.iter().map(|[small, large]| large / small).collect());
        let said = format!("{:.3} ÷ {:.3} ms = {ratio:.2}", of(1), of(0));
        table.row(&format!("PostgreSQL's time for {what}: {people} people ÷ {SMALL}"), ratio, &said, Bar::AtMost(1.3));
    }
    drop(services);
    remembered(&folder.path().join("remembering"), &large_url, people, &mut table);
    runtime.block_on(database.stop());
    println!("\n{}", table.text());
    let check = arguments.iter().any(|argument| argument == "--check");
    if check && !table.all_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// What remembering sessions costs in memory.
fn remembered(data_dir: &Path, url: &str, people: u32, table: &mut Table) {
    let (service, _) = Process::service(data_dir, Some(url));
    let warm = || thread::sleep(Duration::from_secs(5));
    // Each was asked for several times over.
    let (rate, ()) = client::flood(service.address, &checks(), warm);
    assert!(rate * 5.0 > 2.0 * f64::from(plant::MEASURED), "too slow to have asked for everybody");
    let what = format!("resident memory among {people} live sessions, {} of them remembered", plant::MEASURED);
    table.figure(&what, service.memory(), " MiB", Bar::AtMost(64.0));
}

/// Milliseconds of PostgreSQL's for one answer.
fn cost(address: SocketAddr, lanes: &[Lane], postgres: u32) -> f64 {
    let (rate, (spent, wall)) = client::flood(address, lanes, || {
        let (before, begun) = (processor_time(postgres, true), std::time::Instant::now());
        thread::sleep(Duration::from_secs(3));
        (processor_time(postgres, true) - before, begun.elapsed().as_secs_f64())
    });
    spent * 1e3 / (rate * wall)
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

fn sign_ins((cookie, token): &(String, String), people: u32) -> Vec<Lane> {
    lanes(303, |n| sign_in(cookie, token, &plant::name(n, people)))
}
