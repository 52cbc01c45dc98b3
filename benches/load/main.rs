//! What the service reaches under load: `cargo bench --bench load`.
//!
//! 1. Everything is started here: a private PostgreSQL as durable as in production, the service as
//!    the program that is released, and what it is compared with.
//! 2. Everything is measured in turn, round after round, and the medians are compared: what else
//!    runs on the machine takes from both sides. Figures in seconds are this machine's; ratios are
//!    worth remembering.
//! 3. One table is printed. With `--check` a missed bar is an exit code of 1; `--rounds N` measures
//!    longer than the usual 5.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench that cannot go on has failed"
)]

mod hashes;
mod judged;
#[path = "../parts/mod.rs"]
mod parts;
mod rounds;

use std::{net::Ipv4Addr, num::NonZero, path::Path, process::ExitCode, thread, time::Duration};

use parts::{
    client,
    database::{self, Database},
    people,
    process::{self, Process},
    table::{Bar, Table, median},
};
use rounds::Round;
use tokio::runtime::Runtime;

/// How often a start is measured.
const STARTS: usize = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == process::HELLO) {
        process::be_hello();
        return ExitCode::SUCCESS;
    }
    let rounds = arguments.iter().skip_while(|argument| *argument != "--rounds").nth(1);
    let rounds = rounds.map_or(5, |rounds| rounds.parse().expect("a number of rounds"));
    let table = measure(rounds);
    println!("\n{}", table.text());
    let check = arguments.iter().any(|argument| argument == "--check");
    if check && !table.all_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn measure(rounds: usize) -> Table {
    let mut table = Table::default();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let folder = database::folder();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    judged_passwords(&mut table);
    let database = runtime.block_on(Database::start(&folder.path().join("server")));
    let url = database.url();
    load(&runtime, &database, &folder.path().join("service"), rounds, cores, &mut table);
    eprintln!("counting statements");
    statements(&runtime, &database, &folder.path().join("counted"), &mut table);
    eprintln!("starting again and again");
    start_to_ready("start to ready, with DATABASE_URL", &folder.path().join("service"), Some(&url), &mut table);
    start_to_ready("start to ready, with its own server", &folder.path().join("embedded"), None, &mut table);
    runtime.block_on(database.stop());
    table
}

fn load(runtime: &Runtime, database: &Database, data_dir: &Path, rounds: usize, cores: usize, table: &mut Table) {
    let (service, _) = Process::service(data_dir, Some(&database.url()));
    let hello = Process::hello();
    thread::sleep(Duration::from_secs(1));
    let idle = service.memory();
    runtime.block_on(people::sign_up_all(service.address));
    let parts = rounds::Parts {
        service: &service,
        hello: &hello,
        postgres: database.pid,
        sign_ins: runtime.block_on(people::sign_in_lanes(service.address, rounds::SIGN_INS)),
        who_am_i: runtime.block_on(people::who_am_i_lanes(service.address, rounds::WHO_AM_I)),
        cores,
    };
    let mut all = Vec::new();
    for round in 1..=rounds {
        all.push(parts.measure());
        eprintln!("round {round} of {rounds}: {}", all[round - 1]);
    }
    report(&all, table);
    let flood = all.iter().map(|round| round.memory).fold(0.0, f64::max);
    let workers = f64::from(u32::try_from(cores).expect("a number of cores"));
    table.figure("memory idle", idle, " MiB", Bar::AtMost(20.0));
    table.figure("memory under the flood", flood, " MiB", Bar::AtMost(idle + workers * 19.0 + 8.0));
}

/// Ratios are taken within each round, whose parts are seconds apart, and the median of those counts.
fn report(all: &[Round], table: &mut Table) {
    let of = |figure: fn(&Round) -> f64| median(all.iter().map(figure).collect());
    let mut ratio = |what: &str, above: fn(&Round) -> f64, below: fn(&Round) -> f64, unit: &str, bar| {
        let ratio = median(all.iter().map(|round| above(round) / below(round)).collect());
        table.row(what, ratio, &format!("{}{unit} ÷ {}{unit} = {ratio:.2}", digits(of(above)), digits(of(below))), bar);
    };
    let [sign_in, raw] = ["sign-ins a second, 32 connections", "raw Argon2id"];
    let kernel = vestibule_argon2::Backend::fastest();
    ratio(
        &format!("{sign_in} ÷ {raw} of our kernel ({kernel})"),
        |round| round.sign_ins,
        |round| round.ours.rate,
        "",
        Bar::AtLeast(0.9),
    );
    let fast = if kernel.to_string() == "avx512" { 2.5 } else { 1.8 };
    ratio(
        &format!("{sign_in} ÷ {raw} of RustCrypto, as everyone calls it"),
        |round| round.sign_ins,
        |round| round.rust_crypto.rate,
        "",
        Bar::AtLeast(fast),
    );
    ratio(
        &format!("{sign_in} ÷ {raw} of RustCrypto, memory reused"),
        |round| round.sign_ins,
        |round| round.rust_crypto_reused.rate,
        "",
        Bar::AtLeast(fast),
    );
    // On a machine that others use too, the rates above may show anything, even more than 1: then
    // only this one says what a sign-in costs beside its hash. So it has to hold as well.
    let cost = "processor time of a raw hash ÷ of a sign-in, the database's and the generator's included";
    ratio(cost, |round| round.ours.cost, Round::cost, " s", Bar::AtLeast(0.9));
    ratio(
        "who-am-I a second ÷ bare axum hello, 64 connections",
        |round| round.who_am_i,
        |round| round.hello,
        "",
        Bar::AtLeast(0.7),
    );
    ratio(
        "who-am-I a second ÷ bare axum hello, 16 connections",
        |round| round.few_who_am_i,
        |round| round.few_hello,
        "",
        Bar::AtLeast(0.7),
    );
    ratio(
        "the dashboard a second ÷ bare axum hello, 64 connections",
        |round| round.dashboard,
        |round| round.hello,
        "",
        Bar::AtLeast(0.35),
    );
    ratio(
        "p99 of who-am-I during a sign-in flood ÷ without",
        |round| round.flood_p99,
        |round| round.calm_p99,
        " s",
        Bar::AtMost(2.5),
    );
    for (who, figure) in [
        ("the service, its hash included", (|round| round.service) as fn(&Round) -> f64),
        ("PostgreSQL", |round| round.postgres),
        ("the generator", |round| round.generator),
    ] {
        table.figure(&format!("processor time of a sign-in: {who}"), of(figure) * 1e3, " ms", Bar::None);
    }
    table.figure("share of the cores that others took meanwhile", of(|round| round.others), "", Bar::None);
}

/// As many digits as mean something.
fn digits(number: f64) -> String {
    if number < 10.0 { format!("{number:.4}") } else { format!("{number:.0}") }
}

/// Counts on the wire, one request after the other, with every statement prepared before.
fn statements(runtime: &Runtime, database: &Database, data_dir: &Path, table: &mut Table) {
    const TIMES: u16 = 10;
    let (url, counts) = runtime.block_on(database.counted());
    let (service, _) = Process::service(data_dir, Some(&url));
    let (session, _) = runtime.block_on(people::sign_in(service.address, 0));
    let asked = [
        ("a signed-in page", client::get("/dashboard", &session), 200, Bar::AtMost(2.0)),
        ("who-am-I", client::get("/api/v1/session", &session), 200, Bar::None),
        ("the sign-in page", client::get("/login", ""), 200, Bar::None),
        ("a liveness check", client::get("/livez", ""), 200, Bar::None),
        ("a sign-in", runtime.block_on(people::one_sign_in(service.address, true)), 303, Bar::None),
        ("a sign-in from a new browser", runtime.block_on(people::one_sign_in(service.address, false)), 303, Bar::None),
    ];
    for (what, request, status, bar) in asked {
        runtime.block_on(async {
            let mut connection =
                client::Connection::open(service.address, Ipv4Addr::LOCALHOST).await.expect("a connection");
            for time in 0..2 * TIMES {
                if time == TIMES {
                    counts.take();
                }
                assert_eq!(connection.ask(&request).await.expect("an answer"), status, "{what}");
            }
        });
        let (executed, waited) = counts.take();
        let each = |count: u32| f64::from(count) / f64::from(TIMES);
        let said = format!("{:.1} ({:.1} round trips)", each(executed), each(waited));
        table.row(&format!("statements: {what}"), each(executed), &said, bar);
    }
}

/// What a form with a new password costs beside its hash.
fn judged_passwords(table: &mut Table) {
    let (usual, longest) = (judged::microseconds(judged::USUAL), judged::microseconds(judged::LONGEST));
    let said = format!("{longest:.1} µs ({usual:.1} µs for one of {} characters)", judged::USUAL.len());
    table.row("a chosen password of 128 characters judged", longest, &said, Bar::AtMost(50.0));
}

/// From the start of the program to its first 200 of `/readyz`, over a database that is there.
fn start_to_ready(what: &str, data_dir: &Path, url: Option<&str>, table: &mut Table) {
    drop(Process::service(data_dir, url));
    let starts = (0..STARTS).map(|_| Process::service(data_dir, url).1.as_secs_f64());
    table.figure(what, median(starts.collect()), " s", Bar::AtMost(0.2));
}
