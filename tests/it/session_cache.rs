//! Who is signed in is kept in memory, and nobody is let in by it whose session has ended.
//!
//! The other tests ask through [`Browser::send`], which waits until the service knows of every change. Here
//! requests go out as they come, and the answers are compared with the time.

use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::support::{
    app::{TestApp, is_signed_in},
    browser::Browser,
    http::exchange,
    proxy::{Line, Proxy},
    settle::settled,
};

/// The longest that a session may outlive its end, where everything fails.
pub const AT_MOST: Duration = Duration::from_millis(250);

/// Who-am-I, without waiting for anything before it.
async fn at_once(browser: &Browser) -> u16 {
    let request = browser.request("GET", "/api/v1/session", None);
    exchange(browser.to, browser.from, &request).await.expect("an answer").status
}

/// The connections on which replicas listen, by what was said last on them.
const EARS: &str = "pg_stat_activity where datname = current_database()
    and (query ilike 'listen%' or query like 'select current_setting(''transaction_read_only'')%')";

/// How often the database was asked who somebody is.
fn asked(app: &TestApp) -> u64 {
    app.state.metrics.session_checks_database.get()
}

/// Makes a replica know this browser by heart.
async fn known(app: &TestApp, browser: &Browser) -> Browser {
    let there = Browser { to: app.address, ..browser.clone() };
    let started = Instant::now();
    loop {
        let before = asked(app);
        assert_eq!(at_once(&there).await, 200);
        if asked(app) == before {
            return there;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "nobody is remembered");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn every_change_that_decides_is_told_and_use_is_not() {
    let app = TestApp::start().await;
    let browser = app.person("alice").await;
    let whose = "(select id from users where username = 'alice')";
    let app_of = format!(
        "insert into totp_factors (id, user_id, name, seed, confirmed_at) values (gen_random_uuid(), {whose}, 'app', '\\x00', now())"
    );
    let passkey = format!(
        "insert into passkeys (id, user_id, name, credential_id, credential, backup_eligible, backed_up) values (gen_random_uuid(), {whose}, 'key', '\\x00', '{{}}', false, false)"
    );
    let told = [
        "update users set display_name = 'Alice'",
        "update users set role = 'admin'",
        "update users set email = 'other@example.com', email_canonical = 'other@example.com'",
        "update users set email_verified_at = null, verify_by = now() + interval '1 day'",
        "update users set email_verified_at = now(), verify_by = null",
        "update users set language = 'ko'",
        "update users set disabled_at = now()",
        "update users set disabled_at = null",
        "update users set deletion_due_at = now()",
        "update users set deletion_due_at = null",
        app_of.as_str(),
        "update totp_factors set confirmed_at = null",
        "update totp_factors set confirmed_at = now()",
        "delete from totp_factors",
        passkey.as_str(),
        "delete from passkeys",
        "update sessions set amr = '{pwd,otp}'",
        "update sessions set aal = 2",
        "update sessions set authenticated_at = authenticated_at - interval '1 minute'",
        "update sessions set absolute_ends_at = absolute_ends_at + interval '1 minute'",
        "update sessions set idle_ends_at = idle_ends_at - interval '1 minute'",
        "update sessions set last_seen_at = last_seen_at - interval '30 seconds'",
        "update sessions set revoked_at = now()",
        "update sessions set revoked_at = null",
    ];
    let untold = [
        "update sessions set last_seen_at = now(), idle_ends_at = idle_ends_at + interval '1 second'",
        "update sessions set user_agent = 'another'",
        "update passkeys set last_used_at = now()",
        "update totp_factors set last_used_at = now()",
    ];
    for (change, is_told) in told.iter().map(|change| (change, true)).chain(untold.iter().map(|change| (change, false)))
    {
        settled(app.address).await;
        let open = at_once(&browser).await;
        let before = asked(&app);
        at_once(&browser).await;
        // Somebody who may not come in is asked for again and again.
        assert!(asked(&app) == before || open != 200, "{change}: remembered before");
        app.execute(change).await;
        settled(app.address).await;
        let before = asked(&app);
        at_once(&browser).await;
        assert_eq!(asked(&app) > before, is_told || open != 200, "{change}");
    }
    for gone in [
        "delete from tower_sessions.session",
        "delete from sessions",
        "delete from users",
        "truncate tower_sessions.session",
        "truncate sessions cascade",
        "update tower_sessions.session set id = id || 'x'",
    ] {
        let browser = app.person(&format!("x{}", gone.len())).await;
        let browser = known(&app, &browser).await;
        app.execute(gone).await;
        settled(app.address).await;
        assert_eq!(at_once(&browser).await, 401, "{gone}");
    }
}

#[tokio::test]
async fn a_visitor_who_is_remembered_costs_no_statement_and_a_cache_of_none_asks_each_time() {
    let app = TestApp::start().await;
    let browser = app.person("alice").await;
    let browser = known(&app, &browser).await;
    let before = asked(&app);
    let mut remembered = 0;
    // One after the other, so that the server's sign of life comes in between.
    for _ in 0..50 {
        remembered += u32::from(at_once(&browser).await == 200);
    }
    assert_eq!(remembered, 50);
    let mut looking = browser.clone();
    let token = looking.csrf_token_of("/dashboard").await;
    let doing = asked(&app);
    let done = looking.post("/account/sessions/end-others", &[("csrf_token", &token)]).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(asked(&app) - doing, 1, "nothing is done on the word of memory");
    assert!(asked(&app) - before <= 5, "{} of 50 were asked for", asked(&app) - before);

    let without = TestApp::with(&[("VESTIBULE_SESSION_CACHE", "0")]).await;
    let browser = without.person("alice").await;
    let before = asked(&without);
    for _ in 0..5 {
        assert_eq!(at_once(&browser).await, 200);
    }
    assert_eq!(asked(&without) - before, 5);
    assert_eq!(without.count(&format!("select count(*) from {EARS}")).await, 0);
}

#[tokio::test]
async fn a_small_cache_holds_the_right_people() {
    let app = TestApp::with(&[("VESTIBULE_SESSION_CACHE", "3")]).await;
    let mut browsers = Vec::new();
    for n in 0..9 {
        browsers.push((format!("person{n}"), app.person(&format!("person{n}")).await));
    }
    for round in 0..4 {
        for (name, browser) in &mut browsers {
            let answer = browser.get("/api/v1/session").await;
            assert!(answer.body.contains(&format!("\"username\":\"{name}\"")), "{round} {name}: {answer:?}");
        }
    }
}

/// The server process behind the connection on which a replica listens.
async fn ears(app: &TestApp) -> i32 {
    let whose = format!("select pid from {EARS}");
    sqlx::query_scalar(&whose).fetch_one(&app.db).await.expect("a connection that listens")
}

/// Stops and continues a server process, if it is one of this machine.
fn signal(pid: i32, signal: rustix::process::Signal) -> bool {
    let is_ours = std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process");
    is_ours && rustix::process::kill_process(pid, signal).is_ok()
}

#[tokio::test]
async fn asvs_7_4_1_a_replica_that_hears_nothing_lets_nobody_in_whose_session_it_ended() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    for round in 0..5 {
        let stolen = app.signed_in("alice").await;
        let stolen = known(&app, &stolen).await;
        let page = owner.get("/account/sessions").await;
        let token = page.hidden("/account/sessions/end-others", "csrf_token").expect("a form");
        let ears = ears(&app).await;
        // A server of another machine cannot be stopped from here; there this is about a plain sign-out.
        signal(ears, rustix::process::Signal::STOP);
        let request =
            owner.request("POST", "/account/sessions/end-others", Some(format!("csrf_token={token}").as_bytes()));
        let ended = exchange(owner.to, owner.from, &request).await.expect("an answer");
        let next = at_once(&stolen).await;
        signal(ears, rustix::process::Signal::CONT);
        assert_eq!((ended.status, next), (303, 401), "round {round}: {ended:?}");
        assert!(is_signed_in(&mut owner).await);
    }
}

/// Asks again and again until the answer is no, and tells how long after `since` the last yes was begun.
async fn last_yes(browser: Browser, since: impl Future<Output = Instant>) -> Duration {
    let stop = Arc::new(AtomicBool::new(false));
    let asking = {
        let stop = Arc::clone(&stop);
        tokio::spawn(async move {
            let mut last = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                if at_once(&browser).await == 200 {
                    last = begun;
                }
            }
            last
        })
    };
    let since = since.await;
    // Long enough for everything that could still be believed.
    tokio::time::sleep(2 * AT_MOST).await;
    stop.store(true, Ordering::Relaxed);
    asking.await.expect("the one who asks").saturating_duration_since(since)
}

#[tokio::test]
async fn asvs_7_4_1_row_28_what_one_replica_ended_is_dead_on_the_other_within_moments() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut delays = BTreeSet::new();
    let mut bystander = first.person("robert").await;
    for round in 0..20 {
        let mut browser = first.person(&format!("person{round}")).await;
        let there = known(&second, &browser).await;
        let token = browser.csrf_token("/logout").await;
        let ended = async {
            let answer = browser.post("/logout", &[("csrf_token", &token)]).await;
            assert_eq!(answer.status, 303);
            assert_eq!(at_once(&browser).await, 401, "round {round}: where it was ended");
            Instant::now()
        };
        delays.insert(last_yes(there, ended).await);
    }
    assert!(is_signed_in(&mut bystander).await);
    let longest = delays.last().expect("delays");
    assert!(*longest <= AT_MOST, "{delays:?}");
}

#[tokio::test]
async fn f4_a_replica_that_is_cut_off_stops_believing_by_itself_and_learns_what_it_missed() {
    let database = Arc::new(crate::support::cluster::fresh_database().await);
    let here = TestApp::on(database.options.clone(), &[]).await;
    let proxy = Proxy::before(&database.options);
    let cut_off = TestApp::on(proxy.options.clone(), &[]).await;
    for (round, line) in [Line::Silent, Line::Cut, Line::Silent].into_iter().enumerate() {
        let alice = here.person(&format!("alice{round}")).await;
        let robert = here.person(&format!("robert{round}")).await;
        let (alice_there, robert_there) = (known(&cut_off, &alice).await, known(&cut_off, &robert).await);
        let asking = Browser { from: Ipv4Addr::new(127, 0, 7, 1), ..alice_there.clone() };
        let cut = async {
            proxy.set(line);
            here.execute(&format!("update users set disabled_at = now() where username = 'alice{round}'")).await;
            Instant::now()
        };
        let late = last_yes(asking, cut).await;
        assert!(late <= AT_MOST, "{line:?}: let in {late:?} after the end");
        proxy.set(Line::Open);
        // And when it hears again, it has not kept what it knew.
        let started = Instant::now();
        while at_once(&robert_there).await != 200 {
            assert!(started.elapsed() < Duration::from_secs(45), "{line:?}: nobody is let in any more");
        }
        assert_eq!(at_once(&alice_there).await, 401, "{line:?}");
        known(&cut_off, &robert).await;
    }
}

#[tokio::test]
async fn a_listener_that_is_ended_comes_back_and_is_missed_by_nobody() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    let alice = known(&app, &alice).await;
    for _ in 0..3 {
        let pid = ears(&app).await;
        app.execute(&format!("select pg_terminate_backend({pid})")).await;
        let others = format!("select count(*) from {EARS} and pid <> {pid}");
        let started = Instant::now();
        while app.count(&others).await == 0 {
            assert_eq!(at_once(&alice).await, 200);
            assert!(started.elapsed() < Duration::from_secs(45), "nobody listens any more");
        }
        known(&app, &alice).await;
    }
}
