//! What happens when the database, the network or a client fails, and that it is over when they are back.

mod silence;

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    csrf,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::{Answer, connect},
        proxy::{Line, Proxy},
        race::race,
    },
};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use tokio::{io::AsyncWriteExt as _, task::JoinSet, time::Instant};
use url::form_urlencoded;
use vestibule::db::{Trouble, trouble};

fn address(n: usize) -> Ipv4Addr {
    let n = u32::try_from(n).expect("few addresses");
    Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(127, 79, 0, 1)) + n)
}

/// Busy or away, with a time to come back: the only way to fail that is nobody's fault.
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let seconds: u64 = answer.header("retry-after").and_then(|value| value.parse().ok()).expect("Retry-After");
    assert!((1..=5).contains(&seconds), "{seconds}");
}

/// Every account has its password and every password its account.
async fn assert_whole(app: &TestApp) {
    let half = "select count(*) from users u full join password_credentials c on c.user_id = u.id where u.id is null or c.user_id is null";
    assert_eq!(app.count(half).await, 0, "half an account");
}

/// The service's own jobs open short ones now and then; one that was left open stays until it is cut after five seconds.
async fn assert_no_transaction_is_open(app: &TestApp) {
    let idle = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'";
    let started = Instant::now();
    while app.count(idle).await > 0 {
        assert!(started.elapsed() < Duration::from_secs(4), "a transaction was left open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Tries something until it holds; the patience is for machines with much else to do.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(45), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Two views of one database: the one a test looks through, and the service behind a line that may fail.
async fn behind_a_line(settings: &[(&str, &str)]) -> (TestApp, Proxy, TestApp) {
    let watcher = TestApp::start().await;
    let proxy = Proxy::before(&watcher.options);
    let service = TestApp::on(proxy.options.clone(), settings).await;
    (watcher, proxy, service)
}

#[tokio::test]
async fn t1_clients_that_hang_up_at_any_moment_leave_no_transaction_open_and_no_work_half_done() {
    let (watcher, proxy, service) = behind_a_line(&[("VESTIBULE_DATABASE_CONNECTIONS", "8")]).await;
    watcher.sign_up("alice").await;
    let mut browser = service.browser();
    let token = browser.csrf_token("/login").await;
    proxy.delay(Duration::from_millis(20));
    let mut clients = JoinSet::new();
    for n in 0..320_usize {
        let (name, mail) = (format!("hasty{n}"), format!("hasty{n}@example.com"));
        let (path, fields) = match n % 4 {
            0 | 1 => ("/register", vec![("username", name.as_str()), ("email", &mail), ("password", PASSWORD)]),
            2 => ("/login", vec![("identifier", name.as_str()), ("password", PASSWORD)]),
            _ => ("/login", vec![("identifier", "alice"), ("password", PASSWORD)]),
        };
        let fields = fields.into_iter().chain([("csrf_token", token.as_str())]);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let (request, to) = (browser.request("POST", path, Some(body.as_bytes())), browser.to);
        clients.spawn(async move {
            // Spread over a second and a half; each hangs up 0 to 40 ms after it spoke.
            tokio::time::sleep(Duration::from_millis((n as u64 * 37) % 1500)).await;
            let mut stream = connect(to, address(n)).await.expect("a connection");
            stream.write_all(&request).await.expect("a request");
            tokio::time::sleep(Duration::from_millis((n as u64 * 13) % 41)).await;
            stream.set_zero_linger().expect("a reset instead of an orderly end");
        });
    }
    clients.join_all().await;
    eventually("the requests run to their end", async || service.state.requests.is_empty()).await;
    assert_no_transaction_is_open(&watcher).await;
    assert_whole(&watcher).await;
    assert!(watcher.count("select count(*) from users").await > 1, "a sign-up that was begun is finished");
    proxy.delay(Duration::ZERO);
    watcher.execute("delete from attempt_limits").await;
    for n in 0..40 {
        let answer = sign_in(&mut service.browser().at(address(400 + n)), "alice", PASSWORD).await;
        assert_eq!(answer.status, 303, "{answer:?}");
    }
    assert_no_transaction_is_open(&watcher).await;
    // What the service said it wrote is there for others to see.
    assert!(watcher.count("select count(*) from sessions").await >= 40);
}

#[tokio::test]
async fn f1_a_database_that_goes_and_comes_back_costs_answers_while_it_is_away_and_nothing_else() {
    let (watcher, proxy, service) = behind_a_line(&[]).await;
    let mut before = service.person("alice").await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut workers = JoinSet::new();
    for worker in 0..6 {
        let (stop, browser) = (Arc::clone(&stop), service.browser().at(address(500 + worker)));
        workers.spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0..80 {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let (name, mut visitor) = (format!("worker{worker}-{n}"), browser.clone());
                let mail = format!("{name}@example.com");
                let fields = [("username", name.as_str()), ("email", &mail), ("password", PASSWORD)];
                let answer = visitor.submit("/register", &fields).await;
                match answer.status {
                    303 => acknowledged.push(name.clone()),
                    _ => assert_unavailable(&answer),
                }
                let answer = sign_in(&mut visitor, &name, PASSWORD).await;
                let there = acknowledged.contains(&name);
                // Never "wrong password" while the store is unsure.
                assert!(answer.status == 303 || answer.status == 503 || !there, "{answer:?}");
            }
            acknowledged
        });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..3 {
        proxy.set(Line::Cut);
        assert_unavailable(&before.clone().get("/dashboard").await);
        assert_eq!(before.get("/livez").await.status, 200);
        assert_eq!(before.get("/readyz").await.status, 503);
        assert_unavailable(&sign_in(&mut service.browser(), "alice", PASSWORD).await);
        assert_eq!(service.browser().get("/login").await.status, 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
        proxy.set(Line::Open);
        let back = Instant::now();
        while before.clone().get("/dashboard").await.status != 200 {
            assert!(back.elapsed() < Duration::from_secs(5), "still away");
        }
        assert_eq!(before.get("/readyz").await.status, 200);
    }
    stop.store(true, Ordering::Relaxed);
    let acknowledged: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    assert!(is_signed_in(&mut before).await);
    assert_whole(&watcher).await;
    let kept = sqlx::query_scalar("select count(*) from users where username = any($1)").bind(&acknowledged);
    let kept: i64 = kept.fetch_one(&watcher.db).await.expect("a count");
    assert_eq!(kept, i64::try_from(acknowledged.len()).expect("few"), "every acknowledged account is there");
}

#[tokio::test]
async fn f2_an_exhausted_pool_is_said_in_time_and_pages_without_the_database_stay_quick() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let mut visitors = Vec::new();
    for n in 0..40 {
        let mut browser = app.browser().at(address(600 + n));
        let token = browser.csrf_token("/login").await;
        visitors.push((browser, token));
    }
    let mut locker = app.options.connect().await.expect("a connection");
    locker.execute("begin; lock table users in access exclusive mode").await.expect("the lock");
    let started = Instant::now();
    let waiting = tokio::spawn(race(visitors.len(), move |n| {
        let (mut browser, token) = visitors[n].clone();
        async move {
            let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
            (browser.post("/login", &fields).await, started.elapsed())
        }
    }));
    let mut slowest = Duration::ZERO;
    while !waiting.is_finished() {
        for path in ["/login", "/livez", "/register"] {
            let asked = Instant::now();
            assert_eq!(app.browser().get(path).await.status, 200, "{path}");
            slowest = slowest.max(asked.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("pages without the database took {slowest:?} at most");
    for (answer, after) in waiting.await.expect("the visitors") {
        assert_unavailable(&answer);
        assert!(after < Duration::from_secs(15), "{after:?}");
    }
    assert!(slowest < Duration::from_millis(2500), "{slowest:?}: they waited with the others");
    locker.execute("rollback").await.expect("the end of the lock");
    locker.close().await.expect("closing a connection");
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303);
    assert!(is_signed_in(&mut owner).await);
}

#[tokio::test]
async fn f3_a_slow_database_makes_slow_answers_and_then_honest_ones() {
    let (watcher, proxy, service) = behind_a_line(&[]).await;
    watcher.sign_up("alice").await;
    let mut visitor = service.browser();
    let token = visitor.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
    proxy.delay(Duration::from_millis(150));
    assert_eq!(visitor.clone().post("/login", &fields).await.status, 303);
    // Longer than a connection may take to be had.
    proxy.delay(Duration::from_millis(1800));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let started = Instant::now();
    let answer = visitor.clone().post("/login", &fields).await;
    if answer.status != 303 {
        assert_unavailable(&answer);
    }
    assert_eq!(visitor.get("/readyz").await.status, 503);
    assert!(started.elapsed() < Duration::from_secs(30));
    proxy.delay(Duration::ZERO);
    alice_gets_in_within(Duration::from_secs(10), &service).await;
}

/// The service recovers by itself.
async fn alice_gets_in_within(time: Duration, service: &TestApp) {
    let (back, mut in_vain) = (Instant::now(), 0);
    while sign_in(&mut service.browser(), "alice", PASSWORD).await.status != 303 {
        in_vain += 1;
        assert!(back.elapsed() < time, "the service never recovers: {in_vain} tried in vain");
    }
    println!("back after {:?}, {in_vain} in vain", back.elapsed());
}

#[tokio::test]
async fn f26_a_read_only_database_is_unavailable_and_never_a_fault() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let replica = TestApp::on(app.options.clone().options([("default_transaction_read_only", "on")]), &[]).await;
    let ready = replica.browser().get("/readyz").await;
    assert_eq!((ready.status, ready.body.contains("read-only")), (503, true), "{ready:?}");
    assert_unavailable(&sign_in(&mut replica.browser(), "alice", PASSWORD).await);
    assert_unavailable(&sign_in(&mut replica.browser(), "alice", "not the right password").await);
    let fields = [("username", "robert"), ("email", "robert@example.com"), ("password", PASSWORD)];
    assert_unavailable(&replica.browser().submit("/register", &fields).await);
    assert_eq!(app.count("select count(*) from users").await, 1);
    let token = owner.csrf_token("/logout").await;
    owner.to = replica.address;
    assert_eq!(owner.get("/dashboard").await.status, 200, "what only reads goes on");
    assert_unavailable(&owner.clone().post("/logout", &[("csrf_token", &token)]).await);
    assert!(is_signed_in(&mut Browser { to: app.address, ..owner.clone() }).await, "nobody was told otherwise");
}

#[tokio::test]
async fn f26_no_form_is_a_fault_on_a_read_only_database_and_none_is_half_done() {
    let app = TestApp::start().await;
    let owner = app.person("alice").await;
    let replica = TestApp::on(app.options.clone().options([("default_transaction_read_only", "on")]), &[]).await;
    let before = csrf::everything(&app).await;
    let mut unavailable = 0;
    for mut browser in [app.browser(), owner] {
        let token = csrf::token(&mut browser).await;
        browser.to = replica.address;
        for path in csrf::forms(&app) {
            let answer = csrf::send(&mut browser.clone(), path, &token).await;
            // Led to sign in, or to what they have to show.
            let location = answer.header("location").unwrap_or_default();
            let guarded = location.starts_with("/login") || location.starts_with("/reauth");
            match answer.status {
                503 => {
                    assert_unavailable(&answer);
                    unavailable += 1;
                }
                // Nothing to write: no link and no ceremony in hand, nobody's session, no factor, or only a cookie or a file.
                400 | 404 | 410 => {}
                200 => assert!(path.ends_with("/file"), "{path}: {answer:?}"),
                303 => {
                    let harmless = path == "/language" || path.starts_with("/account/factors/");
                    assert!(guarded || harmless, "{path}: {answer:?}");
                }
                other => panic!("{path}: {other}: {answer:?}"),
            }
        }
    }
    assert!(unavailable > 12, "{unavailable}");
    assert_eq!(csrf::everything(&app).await, before);
}

#[tokio::test]
async fn what_passes_by_itself_is_told_apart_from_what_does_not() {
    let app = TestApp::start().await;
    for (setup, statement, wanted) in [
        ("set statement_timeout = 1", "select pg_sleep(1)", Trouble::Unavailable),
        ("begin read only", "insert into users default values", Trouble::Unavailable),
        ("begin; set local idle_in_transaction_session_timeout = 1", "select 1", Trouble::Unavailable),
        ("select pg_terminate_backend(pg_backend_pid(), 0)", "select 1", Trouble::Unavailable),
        ("set application_name = 'x'", "insert into users default values", Trouble::Fault),
        ("set application_name = 'x'", "select nonsense", Trouble::Fault),
    ] {
        let mut connection = app.options.connect().await.expect("a connection");
        connection.execute(setup).await.ok();
        // Time enough for the server to lose its patience.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let error = connection.execute(statement).await.expect_err(statement);
        assert_eq!(trouble(&error), wanted, "{setup}: {error:?}");
    }
}
