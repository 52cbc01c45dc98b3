//! Trouble of ours costs nobody their tries, and a clock that was ahead locks nobody out.

use std::{net::Ipv4Addr, time::Duration};

use crate::factors::after_the_password;
use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
    http::Answer,
    letters::{follow, mailed},
    race::race,
    totp,
};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::time::Instant;
use vestibule::limits;

const WRONG: &str = "not the right password";
const OFFICE: Ipv4Addr = Ipv4Addr::new(127, 55, 0, 1);
const FAILURES: &str = "select coalesce(sum(failures), 0)::int8 from attempt_limits";
/// For how many seconds tokens will be missing from a bucket of a network, which counts no failures.
const MISSING: &str = "select greatest(ceil(max(extract(epoch from full_at - now()))), 0)::int8 from attempt_limits \
    where failures = 0";

/// Keeps a table from being written until the connection is closed.
async fn locked(app: &TestApp, table: &str) -> PgConnection {
    let mut connection = app.options.connect().await.expect("a connection");
    let lock = format!("begin; set local lock_timeout = '30s'; lock table {table} in exclusive mode");
    sqlx::raw_sql(&lock).execute(&mut connection).await.expect("a lock");
    connection
}

/// Waits until everything that is owed has been given back.
async fn paid(app: &TestApp) {
    let started = Instant::now();
    while !app.state.limits.owe_nothing() {
        assert!(started.elapsed() < Duration::from_secs(30), "still owed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Does the same in several browsers at once, while nothing can be written to a table.
async fn while_locked<F>(app: &TestApp, table: &str, n: usize, act: impl Fn(usize) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let lock = locked(app, table).await;
    let answers = race(n, act).await;
    lock.close().await.expect("closing");
    paid(app).await;
    answers
}

async fn ready(app: &TestApp, path: &str) -> (Browser, String) {
    let mut browser = app.browser().at(OFFICE);
    let token = browser.csrf_token(path).await;
    (browser, token)
}

#[tokio::test]
async fn a5_an_outage_costs_no_tries_of_people_with_the_right_password() {
    let app = TestApp::with(&[("VESTIBULE_DATABASE_CONNECTIONS", "16")]).await;
    app.sign_up("alice").await;
    let mut browsers = Vec::new();
    for _ in 0..10 {
        browsers.push(ready(&app, "/login").await);
    }
    let answers = while_locked(&app, "known_browsers", 10, |n| {
        let (mut browser, token) = browsers[n].clone();
        async move {
            browser.post("/login", &[("csrf_token", &token), ("identifier", "alice"), ("password", PASSWORD)]).await
        }
    })
    .await;
    assert!(answers.iter().all(|answer| answer.status == 503), "{answers:?}");
    assert_eq!((app.count(FAILURES).await, app.count(MISSING).await), (0, 0), "nobody's and no network's");
    for _ in 0..12 {
        assert_eq!(sign_in(&mut app.browser().at(OFFICE), "alice", PASSWORD).await.status, 303);
    }
}

#[tokio::test]
async fn a5_an_outage_gives_nobody_back_what_wrong_passwords_cost() {
    let app = TestApp::with(&[("VESTIBULE_DATABASE_CONNECTIONS", "16")]).await;
    app.sign_up("alice").await;
    let mut browsers = Vec::new();
    for _ in 0..8 {
        browsers.push(ready(&app, "/login").await);
    }
    // The refusal cannot be recorded; the tries were looked at nevertheless (CVE-2026-35597).
    let answers =
        while_locked(&app, "audit_events", 8, |n| {
            let (mut browser, token) = browsers[n].clone();
            async move {
                browser.post("/login", &[("csrf_token", &token), ("identifier", "alice"), ("password", WRONG)]).await
            }
        })
        .await;
    assert!(answers.iter().all(|answer| answer.status == 503), "{answers:?}");
    assert_eq!(app.count(FAILURES).await, 8);
}

#[tokio::test]
async fn a5_an_outage_costs_no_tries_at_the_second_step_or_when_proving_again() {
    let app = TestApp::start().await;
    let (alice, phone) = totp::person(&app, "alice").await;
    let mut waiting = app.browser().at(OFFICE);
    totp::asked(&mut waiting, "alice").await;
    let tokens = [waiting.csrf_token("/login/totp").await, alice.clone().csrf_token("/reauth/totp").await];
    app.execute("delete from attempt_limits").await;
    let code = phone.now(&app).await;
    let answers = while_locked(&app, "sessions", 2, |n| {
        let (mut browser, token) = ([&waiting, &alice][n].clone(), tokens[n].clone());
        let (path, code) = (["/login/totp", "/reauth/totp"][n], code.clone());
        async move { browser.post(path, &[("csrf_token", &token), ("code", &code)]).await }
    })
    .await;
    assert!(answers.iter().all(|answer| answer.status == 503), "{answers:?}");
    assert_eq!((app.count(FAILURES).await, app.count(MISSING).await), (0, 0));
    assert_eq!(waiting.post("/login/totp", &[("csrf_token", &tokens[0]), ("code", &code)]).await.status, 303);
}

#[tokio::test]
async fn a5_an_outage_costs_no_network_its_sign_ups_and_new_passwords() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    assert_eq!(app.browser().submit("/recover", &[("identifier", "alice")]).await.status, 303);
    let secret = mailed(&app, "alice@example.com", "/recover/reset", 0).await;
    let mut resetting = app.browser().at(OFFICE);
    follow(&mut resetting, "/recover/reset", &secret).await;
    let token = resetting.csrf_token("/recover/reset").await;
    let (signing_up, sign_up_token) = ready(&app, "/register").await;
    app.execute("delete from attempt_limits").await;
    let answers = while_locked(&app, "password_credentials", 2, |n| {
        let (mut browser, token) = ([&resetting, &signing_up][n].clone(), [&token, &sign_up_token][n].clone());
        async move {
            let fields = [("csrf_token", token.as_str()), ("password", "violet kettle marches")];
            let more = [("username", "robert"), ("email", "robert@example.com")];
            let fields = if n == 0 { fields.to_vec() } else { [fields, more].concat() };
            browser.post(["/recover/reset", "/register"][n], &fields).await
        }
    })
    .await;
    assert!(answers.iter().all(|answer| answer.status == 503), "{answers:?}");
    assert_eq!(app.count(MISSING).await, 0);
    let fields = [("csrf_token", token.as_str()), ("password", "violet kettle marches")];
    assert_eq!(resetting.post("/recover/reset", &fields).await.status, 303, "the link still works, too");
}

/// As if the database's clock had been two days ahead until now.
async fn clock_was_ahead(app: &TestApp) {
    for (table, columns) in [
        ("attempt_limits", &["full_at", "used_at"][..]),
        ("pending_sign_ins", &["created_at", "expires_at"]),
        ("mailed_links", &["created_at", "expires_at"]),
        ("outbox", &["created_at", "due_at", "expires_at"]),
        ("known_browsers", &["last_used_at", "trusted_until"]),
        ("audit_refusals", &["minute"]),
    ] {
        let sets: Vec<_> = columns.iter().map(|column| format!("{column} = {column} + interval '2 days'")).collect();
        app.execute(&format!("update {table} set {}", sets.join(", "))).await;
    }
}

#[tokio::test]
async fn a9_a_clock_that_was_ahead_locks_nobody_out_for_as_long() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut guesser = app.browser().at(OFFICE);
    while sign_in(&mut guesser, "alice", WRONG).await.status == 422 {}
    clock_was_ahead(&app).await;
    assert_eq!(sign_in(&mut guesser, "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a9_a_bucket_is_full_again_after_its_own_time_whatever_it_says() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut guesser = app.browser().at(OFFICE);
    while sign_in(&mut guesser, "alice", WRONG).await.status == 422 {}
    // Only what it says about the future is wrong: it stays as empty as it was, and no longer.
    app.execute("update attempt_limits set full_at = full_at + interval '2 days'").await;
    let slowed = sign_in(&mut guesser, "alice", PASSWORD).await;
    let seconds: u64 = slowed.header("retry-after").expect("a time").parse().expect("seconds");
    // In whole minutes.
    assert!(slowed.status == 429 && seconds <= limits::ACCOUNT.refill.as_secs() + 60, "{slowed:?}");
    app.execute("update attempt_limits set used_at = used_at - interval '91 seconds'").await;
    assert_eq!(sign_in(&mut guesser, "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a9_what_was_stored_by_a_clock_that_was_ahead_does_not_live_longer_for_it() {
    let app = TestApp::start().await;
    let (_, phone) = totp::person(&app, "alice").await;
    let mut trusted = totp::pending(&app, "alice").await;
    let code = phone.now(&app).await;
    assert_eq!(trusted.submit("/login/totp", &[("code", &code), ("trust", "on")]).await.status, 303);
    assert_eq!(after_the_password(&trusted, "alice", PASSWORD).await, "/dashboard");
    let mut waiting = totp::pending(&app, "alice").await;
    let mut resetting = app.browser();
    assert_eq!(resetting.submit("/recover", &[("identifier", "alice")]).await.status, 303);
    let secret = mailed(&app, "alice@example.com", "/recover/reset", 0).await;
    clock_was_ahead(&app).await;
    assert_eq!(waiting.get("/login/totp").await.location(), "/login");
    assert_eq!(follow(&mut resetting, "/recover/reset", &secret).await.status, 410);
    assert_eq!(after_the_password(&trusted, "alice", PASSWORD).await, "/login/totp");
    // A proof in the future is none.
    let mut robert = app.person("robert").await;
    assert_eq!(robert.get("/account/factors/totp").await.status, 200);
    app.execute(
        "update sessions set authenticated_at = now() + interval '2 days', last_seen_at = now() + interval '2 days'",
    )
    .await;
    assert!(robert.get("/account/factors/totp").await.location().starts_with("/reauth"));
}

#[tokio::test]
async fn a9_email_that_waits_for_a_clock_that_was_ahead_is_sent() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.execute(
        "insert into outbox (id, kind, user_id, address, language, detail, due_at, expires_at) select gen_random_uuid(), \
        'password-changed', id, email, 'en', '{}', now() + interval '2 days', now() + interval '3 days' from users",
    )
    .await;
    crate::support::letters::all_delivered(&app).await;
    assert_eq!(app.count("select count(*) from dev_mailbox").await, 1);
}

#[tokio::test]
async fn a9_the_sweep_forgets_times_that_no_bucket_has() {
    let app = TestApp::start().await;
    let mut guesser = app.browser().at(OFFICE);
    assert_eq!(sign_in(&mut guesser, "nobody", WRONG).await.status, 422);
    app.execute(
        "update attempt_limits set full_at = full_at + interval '9 years', used_at = used_at + interval '9 years'",
    )
    .await;
    app.sweep().await;
    assert_eq!(app.count("select count(*) from attempt_limits where full_at > now() + interval '1 minute'").await, 0);
    assert_eq!(app.count("select count(*) from attempt_limits where used_at > now() + interval '1 minute'").await, 0);
    assert_eq!(app.count(FAILURES).await, 1, "what counts in a row still counts");
}
