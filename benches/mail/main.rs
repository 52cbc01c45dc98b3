//! How fast letters go, and what visitors notice of a mail server that hangs: `cargo bench --bench mail`.
//!
//! 1. A private PostgreSQL as durable as in production, the service as the program that is released,
//!    and a mail server of our own on this machine.
//! 2. What waits in the outbox is letters that carry links, each made and noted before it goes.
//! 3. Asking for a way back in and signing up are timed in turn at a service whose mail server is
//!    well and at one whose mail server says nothing; the medians are compared.
//! 4. With `--check` a missed bar is an exit code of 1.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench that cannot go on has failed"
)]

#[path = "../parts/mod.rs"]
mod parts;
mod sink;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use parts::{
    client::{Connection, get, post},
    database::{self, Database},
    process::{Process, processor_time},
    table::{Bar, Table, median},
};
use sink::Sink;
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Runtime;

/// How many letters are drained.
const LETTERS: u32 = 3000;
/// How often the two services are asked in turn.
const ROUNDS: usize = 7;
/// How many requests of each kind a round has.
const REQUESTS: usize = 20;
const PASSWORD: &str = "a bench is for resting";

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let folder = database::folder();
    let databases = ["one", "two"].map(|name| runtime.block_on(Database::start(&folder.path().join(name))));
    let [one, two] = [databases[0].url(), databases[1].url()];
    let mut table = Table::default();
    // Each on a database that the other does not touch.
    hanging(&runtime, [&one, &two], folder.path(), &mut table);
    drain(&runtime, &databases[0], folder.path(), &mut table);
    for database in databases {
        runtime.block_on(database.stop());
    }
    println!("\n{}", table.text());
    let check = std::env::args().any(|argument| argument == "--check");
    if check && !table.all_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The service with a mail server.
fn service(folder: &Path, name: &str, url: &str, sink: &Sink) -> Process {
    let mail = format!("smtp://{}", sink.address);
    let settings = [("VESTIBULE_MAIL_URL", mail.as_str()), ("VESTIBULE_MAIL_FROM", "Vestibule <no-reply@example.com>")];
    Process::service_with(&folder.join(name), Some(url), &settings).0
}

fn drain(runtime: &Runtime, database: &Database, folder: &Path, table: &mut Table) {
    let (url, sink) = (&database.url(), runtime.block_on(Sink::start(false)));
    let service = service(folder, "draining", url, &sink);
    let used = || [processor_time(service.id(), false), processor_time(database.pid, true)];
    // Due in one statement, as after an outage of the mail server.
    let waiting = format!(
        "delete from outbox;
         delete from users;
         insert into users (id, username, email, email_canonical, email_verified_at)
         select gen_random_uuid(), 'person' || n, 'person' || n || '@example.com', 'person' || n || '@example.com', now()
         from generate_series(1, {LETTERS}) n;
         insert into outbox (id, kind, user_id, address, language, expires_at)
         select gen_random_uuid(), 'recover', id, email, 'en', now() + interval '1 day' from users;"
    );
    runtime.block_on(execute(url, &waiting));
    let (begun, before) = (Instant::now(), used());
    while sink.taken() < LETTERS {
        assert!(begun.elapsed() < Duration::from_secs(300), "only {} letters came", sink.taken());
        thread::sleep(Duration::from_millis(2));
    }
    eprintln!("{LETTERS} letters took {:?}", begun.elapsed());
    let [ours, theirs] = [0, 1].map(|which| (used()[which] - before[which]) * 1000.0 / f64::from(LETTERS));
    let said = format!("{ours:.2} ms + {theirs:.2} ms");
    table.row("processor time a letter, service and PostgreSQL", ours + theirs, &said, Bar::None);
    let rate = f64::from(LETTERS) / begun.elapsed().as_secs_f64();
    drop(service);
    table.figure("letters with links a second, to a mail server on this machine", rate, "", Bar::AtLeast(200.0));
}

fn hanging(runtime: &Runtime, [well, silent]: [&str; 2], folder: &Path, table: &mut Table) {
    let sinks = [runtime.block_on(Sink::start(false)), runtime.block_on(Sink::start(true))];
    let services = [service(folder, "well", well, &sinks[0]), service(folder, "silent", silent, &sinks[1])];
    let mut ratios = [Vec::new(), Vec::new()];
    let mut all = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
    for round in 0..ROUNDS {
        let mut medians = [[0.0; 2]; 2];
        for (which, service) in services.iter().enumerate() {
            let took = runtime.block_on(ask(service.address, round));
            for (kind, took) in took.into_iter().enumerate() {
                medians[which][kind] = median(took);
                all[which][kind].push(medians[which][kind]);
            }
        }
        for kind in 0..2 {
            ratios[kind].push(medians[1][kind] / medians[0][kind]);
        }
    }
    assert!(sinks[0].taken() > 0 && sinks[1].connected() > 0 && sinks[1].taken() == 0, "mail went as it was meant to");
    for (kind, what) in ["asking for a way back in", "signing up"].into_iter().enumerate() {
        let [well, silent] = [0, 1].map(|which| median(all[which][kind].clone()));
        let ratio = median(ratios[kind].clone());
        let said = format!("{silent:.2} ms ÷ {well:.2} ms = {ratio:.2}");
        table.row(&format!("{what}, mail server silent ÷ well"), ratio, &said, Bar::AtMost(1.2));
    }
}

/// Milliseconds that each request of a round took: to recover, and to sign up.
async fn ask(address: SocketAddr, round: usize) -> [Vec<f64>; 2] {
    let (mut recover, mut register) = (Vec::new(), Vec::new());
    for request in 0..REQUESTS {
        let n = round * REQUESTS + request;
        // Everybody has a network of their own, and nobody their limit.
        let home = Ipv4Addr::new(127, 1, octet(n / 200), octet(n % 200 + 1));
        let mut connection = Connection::open(address, home).await.expect("a connection");
        let page = connection.answer(&get("/login", "")).await.expect("the sign-in page");
        let cookie = format!("vestibule_csrf={}", page.cookie("vestibule_csrf").expect("a cookie"));
        let token = page.form_token().expect("a token");
        let (name, email) = (format!("visitor{n}"), format!("visitor{n}@example.com"));
        let fields = [("csrf_token", token.as_str()), ("username", &name), ("email", &email), ("password", PASSWORD)];
        register.push(timed(&mut connection, &post("/register", &cookie, &fields)).await);
        let fields = [("csrf_token", token.as_str()), ("identifier", &name)];
        recover.push(timed(&mut connection, &post("/recover", &cookie, &fields)).await);
    }
    [recover, register]
}

async fn timed(connection: &mut Connection, request: &[u8]) -> f64 {
    let begun = Instant::now();
    let status = connection.ask(request).await.expect("an answer");
    assert_eq!(status, 303, "{}", String::from_utf8_lossy(request));
    begun.elapsed().as_secs_f64() * 1000.0
}

fn octet(n: usize) -> u8 {
    u8::try_from(n).expect("an octet")
}

async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    sqlx::raw_sql(statement).execute(&mut connection).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}
