//! Whether anything in the background tells who has an account: `cargo bench --bench timing`.
//!
//! 1. Two replicas of the program over one private PostgreSQL, with the development mailbox or a mail server.
//! 2. A visitor asks once or three times, in the name of somebody or of nobody, in random order: for a way back in, for
//!    another link, or for an account. Right after, they time requests, to the same replica or to the other.
//! 3. The area under the ROC curve is the chance that somebody's time is longer than nobody's. It is 0.5 where it tells
//!    nothing. With 1,000 samples a class its standard error is 0.013.
//! 4. Emails are taken out of the outbox between two samples, so that each stands for itself. With `--window 100` the
//!    rows at the end time requests for as long as such an email may take, and let it go.
//! 5. With `--check` an area outside of 0.45 to 0.55 is an exit code of 1. `--samples 200` asks less often, `--only SMTP`
//!    or `--only Recover` measures less.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench that cannot go on has failed"
)]

#[path = "../parts/mod.rs"]
mod parts;
#[path = "../mail/sink.rs"]
#[allow(dead_code, reason = "the other bench looks at more")]
mod sink;

use std::{
    collections::hash_map::RandomState,
    fmt::Write as _,
    hash::BuildHasher as _,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use parts::{
    client::{Connection, get, post},
    database::{self, Database},
    process::Process,
};
use sink::Sink;
use sqlx::{Connection as _, PgConnection};

const BOUNDS: std::ops::RangeInclusive<f64> = 0.45..=0.55;
const PASSWORD: &str = "a bench is for resting";
/// For how long a requested email may be on its way.
const WINDOW: Duration = Duration::from_secs(6);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Recover,
    Resend,
    SignUp,
}

/// What is asked how often, and where the time is taken.
#[derive(Clone, Copy, Debug)]
struct Cell {
    kind: Kind,
    times: usize,
    elsewhere: bool,
}

/// Two replicas and a connection to their database.
struct House {
    replicas: [SocketAddr; 2],
    database: PgConnection,
    /// How many visitors there have been: each has a name and an address of their own.
    visitors: usize,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (samples, window) = (option("--samples").unwrap_or(1000), option("--window").unwrap_or(0));
    let (text, all_met) = runtime.expect("a runtime").block_on(measure(samples, window));
    println!("\n{text}");
    let check = std::env::args().any(|argument| argument == "--check");
    if check && !all_met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn option(name: &str) -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).map(|number| number.parse().expect("a number"))
}

/// Whether this is to be measured.
fn is_wanted(what: &[&str]) -> bool {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--only");
    arguments.nth(1).is_none_or(|only| what.contains(&only.as_str()))
}

async fn measure(samples: usize, window: usize) -> (String, bool) {
    let folder = database::folder();
    let database = Database::start(&folder.path().join("database")).await;
    let sink = Sink::start(false).await;
    let url = format!("smtp://{}", sink.address);
    let server = [("VESTIBULE_MAIL_URL", url.as_str()), ("VESTIBULE_MAIL_FROM", "Vestibule <no-reply@example.com>")];
    let mut text =
        String::from("| mail | asked | then timed | samples a class | area | |\n|---|---|---|---:|---:|---|\n");
    let mut all_met = true;
    for (mail, settings) in [("mailbox", &[][..]), ("SMTP", &server[..])] {
        let processes =
            ["one", "two"].map(|name| replica(&folder.path().join(format!("{mail}-{name}")), &database, settings));
        let mut connection = PgConnection::connect(&database.url()).await.expect("a connection");
        // Nothing but the requests is to be seen: no checkpoint, no vacuum.
        execute(&mut connection, "delete from outbox; delete from attempt_limits; delete from users").await;
        let replicas = [processes[0].address, processes[1].address];
        let mut house = House { replicas, database: connection, visitors: 0 };
        for kind in [Kind::Recover, Kind::Resend, Kind::SignUp] {
            if !is_wanted(&[mail, &format!("{kind:?}")]) {
                continue;
            }
            for times in [1, 3] {
                for elsewhere in [false, true] {
                    let cell = Cell { kind, times, elsewhere };
                    let area = house.sample(cell, samples, false).await;
                    all_met &= row(&mut text, mail, cell, "15 requests", samples, area);
                }
            }
            if window > 0 {
                let cell = Cell { kind, times: 1, elsewhere: false };
                let area = house.sample(cell, window, true).await;
                all_met &= row(&mut text, mail, cell, "6 seconds of requests", window, area);
            }
        }
    }
    database.stop().await;
    (text, all_met)
}

fn row(text: &mut String, mail: &str, cell: Cell, timed: &str, samples: usize, area: f64) -> bool {
    let (is_met, place) = (BOUNDS.contains(&area), if cell.elsewhere { "other" } else { "same" });
    let verdict = if is_met { "" } else { "outside" };
    let Cell { kind, times, .. } = cell;
    writeln!(text, "| {mail} | {times} × {kind:?} | {timed}, {place} replica | {samples} | {area:.3} | {verdict} |")
        .expect("a text");
    eprintln!("{mail}, {times} × {kind:?}, {timed}, {place} replica: {area:.3}");
    is_met
}

fn replica(folder: &Path, database: &Database, settings: &[(&str, &str)]) -> Process {
    let ours = [
        ("VESTIBULE_SECRET", "a key for measuring and for nothing else 0123"),
        ("VESTIBULE_REQUIRE_VERIFICATION", "true"),
    ];
    Process::service_with(folder, Some(&database.url()), &[&ours[..], settings].concat()).0
}

impl House {
    /// Samples both classes in random order; the area under the ROC curve.
    async fn sample(&mut self, cell: Cell, samples: usize, through: bool) -> f64 {
        let mut times = [Vec::new(), Vec::new()];
        // The first few warm up.
        for _ in 0..10 {
            self.one(cell, false, false).await;
            self.one(cell, true, false).await;
        }
        while times.iter().any(|times| times.len() < samples) {
            let is_somebody = RandomState::new().hash_one(0) & 1 == 1;
            if times[usize::from(is_somebody)].len() < samples {
                let took = self.one(cell, is_somebody, through).await;
                times[usize::from(is_somebody)].push(took);
            }
        }
        area(&times[1], &times[0])
    }

    /// Asks in the name of somebody or nobody, and times what is asked next.
    async fn one(&mut self, cell: Cell, is_somebody: bool, through: bool) -> f64 {
        self.visitors += 1;
        let n = self.visitors;
        // Both are as long, and both are new to all limits.
        let name = if is_somebody { format!("person{n}") } else { format!("nobody{n}") };
        self.prepare(cell.kind, &name, is_somebody).await;
        let home = Ipv4Addr::new(127, octet(1 + n / 40_000), octet(n / 200 % 200), octet(n % 200 + 1));
        let mut asking = Connection::open(self.replicas[0], home).await.expect("a connection");
        let page = asking.answer(&get("/login", "")).await.expect("the sign-in page");
        let cookie = format!("vestibule_csrf={}", page.cookie("vestibule_csrf").expect("a cookie"));
        let token = page.form_token().expect("a token");
        let mut timing =
            Connection::open(self.replicas[usize::from(cell.elsewhere)], home).await.expect("a connection");
        let probe = get("/readyz", "");
        timing.ask(&probe).await.expect("an answer");
        for time in 0..cell.times {
            let request = request(cell.kind, &name, time, &cookie, &token);
            let status = asking.ask(&request).await.expect("an answer");
            assert_eq!(status, 303, "{}", String::from_utf8_lossy(&request));
        }
        let (begun, mut answers) = (Instant::now(), 0_u32);
        while if through { begun.elapsed() < WINDOW } else { answers < 15 } {
            assert_eq!(timing.ask(&probe).await.expect("an answer"), 200);
            answers += 1;
        }
        let took = begun.elapsed().as_secs_f64() / f64::from(answers);
        execute(&mut self.database, "delete from outbox").await;
        took
    }

    /// Makes the account, before anything is asked.
    async fn prepare(&mut self, kind: Kind, name: &str, is_somebody: bool) {
        let verified = if let Kind::Resend = kind { "null" } else { "now()" };
        // For nobody, someone else's: what was written just before is the same.
        let name = if is_somebody { name.to_owned() } else { name.replace("nobody", "absent") };
        let statement = format!(
            "insert into users (id, username, email, email_canonical, email_verified_at)
            values (gen_random_uuid(), '{name}', '{name}@example.com', '{name}@example.com', {verified})"
        );
        execute(&mut self.database, &statement).await;
    }
}

fn request(kind: Kind, name: &str, time: usize, cookie: &str, token: &str) -> Vec<u8> {
    let (email, account) = (format!("{name}@example.com"), format!("{name}-new-{time}"));
    let csrf = ("csrf_token", token);
    match kind {
        Kind::Recover => post("/recover", cookie, &[csrf, ("identifier", name)]),
        Kind::Resend => post("/verify/resend", cookie, &[csrf, ("email", &email)]),
        Kind::SignUp => {
            post("/register", cookie, &[csrf, ("username", &account), ("email", &email), ("password", PASSWORD)])
        }
    }
}

/// The area under the ROC curve: the chance that one of the first is larger than one of the second.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn area(first: &[f64], second: &[f64]) -> f64 {
    let larger = |one: f64| {
        second
            .iter()
            .map(move |other| if one > *other { 1.0 } else { 0.5 * f64::from(u8::from(one.total_cmp(other).is_eq())) })
    };
    first.iter().copied().flat_map(larger).sum::<f64>() / (first.len() * second.len()) as f64
}

fn octet(n: usize) -> u8 {
    u8::try_from(n).expect("an octet")
}

async fn execute(connection: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(statement).execute(connection).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}
