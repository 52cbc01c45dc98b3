//! What a second factor costs: `cargo bench --bench factors`.
//!
//! 1. A private PostgreSQL as durable as in production, and the service as the program that is released.
//! 2. Thousands of accounts whose password was right a moment ago stand before their second step: each shows
//!    one code of its authenticator app, which works once. As many were asked for a passkey, and answer.
//! 3. Some do so one after the other, for the time that one takes, and the rest all at once.
//! 4. With `--check` a missed bar is an exit code of 1.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a bench that cannot go on has failed"
)]

#[path = "../../tests/it/support/authenticator.rs"]
mod authenticator;
#[path = "../parts/mod.rs"]
mod parts;
mod passkeys;
mod people;

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Instant,
};

use parts::{
    client::{Connection, on_this_thread},
    database::{self, Database},
    process::{Process, processor_time},
    table::{Bar, Table, median},
};

/// Who shows a factor one after the other.
const ALONE: usize = 500;
/// Who does so at once, over this many connections.
const TOGETHER: usize = 4000;
const CONNECTIONS: usize = 32;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let folder = database::folder();
    let database = runtime.block_on(Database::start(&folder.path().join("server")));
    let settings = [("VESTIBULE_SECRET", people::SECRET), ("VESTIBULE_LOG", "warn")];
    let (service, _) = Process::service_with(&folder.path().join("service"), Some(&database.url()), &settings);
    let mut table = Table::default();

    let count = ALONE + TOGETHER;
    let codes = runtime.block_on(people::before_their_code(&database.url(), service.address, count));
    measure("a code of an authenticator app", &service, &database, &codes, &mut table);
    let answers = runtime.block_on(passkeys::before_their_answer(&database.url(), service.address, count));
    measure("an answer of a passkey", &service, &database, &answers, &mut table);

    drop(service);
    runtime.block_on(database.stop());
    println!("\n{}", table.text());
    let check = std::env::args().any(|argument| argument == "--check");
    if check && !table.all_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn measure(what: &str, service: &Process, database: &Database, requests: &[Vec<u8>], table: &mut Table) {
    let (alone, together) = requests.split_at(ALONE);
    let took = on_this_thread(one_after_the_other(service.address, alone));
    table.figure(&format!("{what}, p50"), took * 1e3, " ms", Bar::AtMost(5.0));
    let used = || [processor_time(service.id(), false), processor_time(database.pid, true)];
    let before = used();
    let rate = on_this_thread(all_at_once(service.address, together));
    table.figure(&format!("{what}, a second over {CONNECTIONS} connections"), rate, "", Bar::AtLeast(1000.0));
    for (who, (after, before)) in ["the service", "PostgreSQL"].iter().zip(used().into_iter().zip(before)) {
        let each = (after - before) * 1e3 / together.len() as f64;
        table.figure(&format!("{what}, processor time: {who}"), each, " ms", Bar::None);
    }
}

/// Seconds that one takes, in the middle.
async fn one_after_the_other(address: SocketAddr, requests: &[Vec<u8>]) -> f64 {
    let mut connection = Connection::open(address, Ipv4Addr::new(127, 0, 2, 1)).await.expect("a connection");
    let mut took = Vec::new();
    for request in requests {
        let asked = Instant::now();
        accepted(connection.ask(request).await);
        took.push(asked.elapsed().as_secs_f64());
    }
    median(took)
}

/// How many a second.
async fn all_at_once(address: SocketAddr, requests: &[Vec<u8>]) -> f64 {
    let begun = Instant::now();
    let lanes = requests.chunks(requests.len().div_ceil(CONNECTIONS)).zip(1..).map(|(chunk, lane)| {
        let chunk = chunk.to_vec();
        tokio::task::spawn_local(async move {
            let from = Ipv4Addr::new(127, 0, 3, lane);
            let mut connection = Connection::open(address, from).await.expect("a connection");
            for request in &chunk {
                accepted(connection.ask(request).await);
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("a lane");
    }
    requests.len() as f64 / begun.elapsed().as_secs_f64()
}

#[track_caller]
fn accepted(status: std::io::Result<u16>) {
    assert_eq!(status.expect("an answer"), 303, "a factor was refused");
}
