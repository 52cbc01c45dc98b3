//! What stays in the memory of the service after people have signed up, signed in and changed what they know: nothing
//! that opens anything.
//!
//! The real program, because its allocator is part of the answer.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
};

use sqlx::{ConnectOptions as _, PgConnection};

use crate::{
    mail::until,
    support::{
        browser::Browser,
        cluster::fresh_database,
        process::{Program, Service},
        smtp::Sink,
        totp::{self, Authenticator},
    },
};

/// Four passwords that nobody writes by chance. Their middles are looked for, so that a part that stays is found.
const SIGNED_UP: &str = "quagga-1 zephyrine 1-lantern";
const MISTYPED: &str = "quagga-2 zephyrant 2-lantern";
const CHANGED: &str = "quagga-3 zephyrous 3-lantern";
const RESET: &str = "quagga-4 zephyrild 4-lantern";

/// A secret, and how it may look in memory.
struct Secret {
    name: String,
    forms: Vec<Vec<u8>>,
}

impl Secret {
    fn new(name: &str, forms: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { name: name.to_owned(), forms: forms.into_iter().collect() }
    }

    /// As text, and as the code points of a text that is normalised.
    fn text(name: &str, text: &str) -> Self {
        let wide = text.chars().flat_map(|c| u32::from(c).to_ne_bytes()).collect();
        Self::new(name, [text.as_bytes().to_vec(), wide])
    }
}

/// How much is read at a time; most of it was never used, and is skipped.
const PIECE: usize = 64 * 1024;
/// So much of the next piece, so that nothing hides between two.
const OVERLAP: usize = 128;

/// Where a secret is found in the memory of a process, which is read from outside.
fn found(pid: u32, secrets: &[Secret]) -> io::Result<Vec<String>> {
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let (unused, mut places) = (vec![0; PIECE + OVERLAP], Vec::new());
    for line in fs::read_to_string(format!("/proc/{pid}/maps"))?.lines() {
        let (range, rest) = line.split_once(' ').expect("a mapping");
        let (start, end) = range.split_once('-').expect("a range");
        let number = |text| u64::from_str_radix(text, 16).expect("an address");
        let (start, end) = (number(start), number(end));
        if !rest.starts_with("rw") {
            continue;
        }
        for at in (start..end).step_by(PIECE) {
            let length = usize::try_from(end - at).map_or(PIECE + OVERLAP, |left| left.min(PIECE + OVERLAP));
            let mut bytes = vec![0; length];
            // Some mappings of devices cannot be read; none of them is ours.
            if memory.read_exact_at(&mut bytes, at).is_ok() && bytes != unused[..length] {
                places.extend(found_in(&bytes, secrets).map(|place| format!("{place} in {line}")));
            }
        }
    }
    Ok(places)
}

fn found_in(bytes: &[u8], secrets: &[Secret]) -> impl Iterator<Item = String> {
    let forms = secrets.iter().flat_map(|secret| secret.forms.iter().map(move |form| (secret, form)));
    forms.filter_map(|(secret, form)| {
        let at = memchr::memmem::find(bytes, form)?;
        let around = &bytes[at.saturating_sub(40)..(at + form.len() + 40).min(bytes.len())];
        let around = String::from_utf8_lossy(around).replace(|c: char| c.is_control(), "·");
        Some(format!("{}: {around}", secret.name))
    })
}

/// The secret of the newest link that was mailed.
async fn mailed(sink: &Sink, path: &str, known: usize) -> String {
    let mark = format!("{path}?token=");
    let newest = || {
        let letters = sink.received().into_iter().skip(known);
        let letters = letters.map(|letter| letter.data.replace("=\r\n", "").replace("=3D", "="));
        letters.filter_map(|letter| Some(letter.split_once(&mark)?.1.chars().take(22).collect::<String>())).next_back()
    };
    until("the letter comes", async || newest().is_some()).await;
    newest().expect("a letter with a link")
}

async fn press(browser: &mut Browser, path: &str, secret: &str, fields: &[(&str, &str)]) {
    let answer = browser.get(&format!("{path}?token={secret}")).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let answer = browser.submit(path, fields).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

async fn sign_in(service: &Service, password: &str, leads_to: Option<&str>) -> Browser {
    let mut browser = service.browser();
    let answer = browser.submit("/login", &[("identifier", "alice"), ("password", password)]).await;
    assert_eq!(answer.header("location"), leads_to, "{answer:?}");
    browser
}

async fn code(authenticator: &Authenticator, connection: &mut PgConnection) -> String {
    let forgotten = "update totp_factors set last_step = 0; delete from attempt_limits";
    sqlx::raw_sql(forgotten).execute(&mut *connection).await.expect("time passes");
    let step = sqlx::query_scalar("select extract(epoch from now())::int8 / 30").fetch_one(connection).await;
    authenticator.code(step.expect("a step"))
}

/// What is still there when all requests have ended, which takes some moments longer than their answers.
async fn found_at_last(pid: u32, secrets: &[Secret]) -> io::Result<Vec<String>> {
    for _ in 0..20 {
        if found(pid, secrets)?.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    found(pid, secrets)
}

#[tokio::test]
async fn a8_no_password_code_key_or_link_stays_in_memory() {
    let (database, sink) = (fresh_database().await, Sink::start().await);
    let mut connection = database.options.connect().await.expect("a connection");
    let mut program = Program::new(&[("DATABASE_URL", database.url.as_str()), ("VESTIBULE_HASH_WORKERS", "2")]);
    for (name, value) in sink.settings() {
        program.set(&name, value);
    }
    let service = program.serve().await;

    let mut alice = service.browser();
    let fields = [("username", "alice"), ("email", "alice@example.com"), ("password", SIGNED_UP)];
    assert_eq!(alice.submit("/register", &fields).await.status, 303);
    let verify = mailed(&sink, "/verify", 0).await;
    press(&mut alice, "/verify", &verify, &[]).await;
    sign_in(&service, MISTYPED, None).await;
    let mut alice = sign_in(&service, SIGNED_UP, Some("/dashboard")).await;
    let authenticator = totp::begin(&mut alice).await;
    let first = code(&authenticator, &mut connection).await;
    assert_eq!(totp::confirm(&mut alice, &first, "My phone").await.status, 200, "with recovery codes");
    let change = [("current_password", SIGNED_UP), ("password", CHANGED)];
    let answer = alice.submit("/account/password", &change).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let mut alice = sign_in(&service, CHANGED, Some("/login/totp")).await;
    let second = code(&authenticator, &mut connection).await;
    assert_eq!(alice.submit("/login/totp", &[("code", &second)]).await.location(), "/dashboard");
    let known = sink.count();
    assert_eq!(service.browser().submit("/recover", &[("identifier", "alice")]).await.status, 303);
    let recover = mailed(&sink, "/recover/reset", known).await;
    press(&mut service.browser(), "/recover/reset", &recover, &[("password", RESET)]).await;

    let form = |code: &str| format!("code={code}").into_bytes();
    let key = data_encoding::BASE32.encode(&authenticator.seed);
    let secrets = [
        Secret::text("the first password", &SIGNED_UP[4..20]),
        Secret::text("a wrong password", &MISTYPED[4..20]),
        Secret::text("the second password", &CHANGED[4..20]),
        Secret::text("the third password", &RESET[4..20]),
        Secret::new("the key of the app", [authenticator.seed.clone(), key.into_bytes()]),
        Secret::new("a code", [form(&first), form(&second)]),
        Secret::text("the link to verify", &verify),
        Secret::text("the link to recover", &recover),
    ];
    let pid = service.pid().expect("a running process");
    let places = match found_at_last(pid, &secrets).await {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            println!("skipped: the kernel lets this user read no other process: {error}");
            return;
        }
        places => places.expect("the memory"),
    };
    assert!(places.is_empty(), "{} places:\n{}", places.len(), places.join("\n"));
    // That it would be found: something that is there.
    let there = found(pid, &[Secret::text("the address", "localhost")]).expect("the memory");
    assert!(!there.is_empty(), "nothing can be found");
    service.terminate().await;
}

#[tokio::test]
async fn a8_the_service_writes_no_core_dump() {
    let database = fresh_database().await;
    let mut program = Program::new(&[("DATABASE_URL", database.url.as_str())]);
    let service = program.serve().await;
    let pid = service.pid().expect("a running process");
    if let Ok(limits) = fs::read_to_string(format!("/proc/{pid}/limits")) {
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit");
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    }
    service.terminate().await;
}
