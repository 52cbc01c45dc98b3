//! What strangers can cause is bounded: by network however wide it is, and in all.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    audit::tallied,
    support::{
        app::{PASSWORD, TestApp, sign_in},
        browser::Browser,
        cluster::fresh_database,
        http::Answer,
        process::Program,
    },
};
use tokio::time::Instant;
use vestibule::limits::{self, Bucket, Spend};

const WRONG: &str = "not the right password";
const PROXY: (&str, &str) = ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.0/8");

/// Guesses at names that nobody has, from as many addresses as one likes, through the trusted proxy.
struct Guesser {
    browser: Browser,
    token: String,
    guesses: usize,
}

impl Guesser {
    async fn before(app: &TestApp) -> Self {
        let mut browser = app.browser();
        let token = browser.csrf_token("/login").await;
        Self { browser, token, guesses: 0 }
    }

    async fn guess(&mut self, from: &str, password: &str) -> Answer {
        self.guesses += 1;
        let name = format!("nobody{}", self.guesses);
        self.guess_at(from, &name, password).await
    }

    async fn guess_at(&self, from: &str, name: &str, password: &str) -> Answer {
        let fields = [("csrf_token", self.token.as_str()), ("identifier", name), ("password", password)];
        self.browser.clone().with("X-Forwarded-For", from).post("/login", &fields).await
    }
}

/// How many of these were looked at.
async fn looked_at(guesser: &mut Guesser, from: impl Iterator<Item = String>) -> usize {
    let mut looked_at = 0;
    for address in from {
        let answer = guesser.guess(&address, WRONG).await;
        assert!([422, 429].contains(&answer.status), "{answer:?}");
        looked_at += usize::from(answer.status == 422);
    }
    looked_at
}

/// A wide network's burst, and what came back while the test ran.
fn at_most(times: usize, since: Instant) -> usize {
    let refilled = usize::try_from(since.elapsed().as_secs() / 6 + 1).expect("a short test");
    times * (limits::NETWORK.burst as usize + refilled)
}

#[tokio::test]
async fn a12_the_many_networks_of_one_subscriber_share_a_wider_limit() {
    let app = TestApp::with(&[PROXY]).await;
    let mut guesser = Guesser::before(&app).await;
    // 120 /64s of one /56, and 120 of one /48 that lie in as many /56s, twice.
    let started = Instant::now();
    let one_56 = looked_at(&mut guesser, (0..120).map(|n| format!("2001:db8:1:{n:x}::1"))).await;
    assert!((100..=at_most(2, started)).contains(&one_56), "{one_56}");
    let started = Instant::now();
    let one_48 = looked_at(&mut guesser, (0..240).map(|n| format!("2001:db8:2:{:x}::1", (n % 120) << 8))).await;
    assert!((200..=at_most(4, started)).contains(&one_48), "{one_48}");
    // What is refused leaves nothing behind, however many addresses there are.
    let rows = app.count("select count(*) from attempt_limits").await;
    app.execute("update attempt_limits set used_at = now(), full_at = now() + interval '5 minutes'").await;
    for n in 0..50 {
        assert_eq!(guesser.guess(&format!("2001:db8:2:{n:x}::2"), WRONG).await.status, 429);
    }
    assert_eq!(app.count("select count(*) from attempt_limits").await, rows);
    assert_eq!(guesser.guess("2001:db8:3::1", WRONG).await.status, 422, "others are not concerned");
}

#[tokio::test]
async fn a12_one_network_does_not_lock_its_neighbours_out() {
    let app = TestApp::with(&[PROXY]).await;
    app.sign_up("alice").await;
    let mut guesser = Guesser::before(&app).await;
    for _ in 0..limits::NETWORK.burst + 30 {
        guesser.guess("2001:db8:1:1::1", WRONG).await;
    }
    assert_eq!(guesser.guess("2001:db8:1:1::2", WRONG).await.status, 429);
    assert_eq!(guesser.guess_at("2001:db8:1:2::1", "alice", PASSWORD).await.status, 303, "in the same /56");
    // What was right comes back to every network: nothing is missing but the guesses.
    let missing =
        "select round(extract(epoch from max(full_at) - now()) / 1.5)::int8 from attempt_limits where failures = 0";
    assert!(app.count(missing).await <= 201);
}

#[tokio::test]
async fn a12_sign_ups_paths_and_ceremonies_have_the_wider_limits_too() {
    let app = TestApp::start().await;
    let mut connection = app.db.acquire().await.expect("a connection");
    let kinds: [(&str, fn(IpAddr) -> Vec<Bucket>, u32, u32); 3] = [
        ("sign-ups", limits::unauthenticated_writes, limits::UNAUTHENTICATED_WRITES.burst, 10),
        ("paths", limits::return_paths, limits::UNAUTHENTICATED_WRITES.burst, 10),
        ("ceremonies", limits::ceremonies, limits::CEREMONIES.burst, 1),
    ];
    for (kind, buckets, burst, refill) in kinds {
        let started = Instant::now();
        let mut allowed = 0_u64;
        for n in 0..burst * 5 {
            let address = format!("2001:db8:1:{:x}::1", (n % 120) << 8).parse().expect("an address");
            let spent = limits::spend_all(&mut connection, &buckets(address)).await.expect("a database");
            allowed += u64::from(spent == Spend::Allowed);
        }
        let refilled = (started.elapsed().as_secs() / u64::from(refill) + 1) * 4;
        assert!((u64::from(burst) * 4..=u64::from(burst) * 4 + refilled).contains(&allowed), "{kind}: {allowed}");
    }
}

#[tokio::test]
async fn a11_refused_sign_ins_that_meant_nobody_are_one_event_for_a_network_and_minute() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut sprayer = app.browser().at(Ipv4Addr::new(127, 66, 6, 6));
    for n in 0..40 {
        assert_eq!(sign_in(&mut sprayer, &format!("nobody{n}"), WRONG).await.status, 422);
    }
    for _ in 0..3 {
        assert_eq!(sign_in(&mut sprayer, "alice", WRONG).await.status, 422);
    }
    let times = tallied(&app).await;
    assert!(times.len() <= 2 && times.iter().sum::<i64>() == 40, "{times:?}");
    // A tally over the trail adds the counts; what concerns an account stays single.
    let all =
        "select sum(coalesce((detail ->> 'times')::bigint, 1))::int8 from audit_events where kind = 'sign_in_failed'";
    assert_eq!(app.count(all).await, 43);
    let single =
        "select count(*) from audit_events where kind = 'sign_in_failed' and user_id is not null and detail = '{}'";
    assert_eq!(app.count(single).await, 3);
    let origin = "select count(distinct address) from audit_events where user_id is null and address = '127.66.6.6'";
    assert_eq!(app.count(origin).await, 1);
}

#[tokio::test]
async fn a11_however_many_networks_there_are_a_minute_leaves_few_events() {
    let app = TestApp::start().await;
    for n in 0..60 {
        let mut browser = app.browser().at(Ipv4Addr::new(127, 66, 7, n));
        assert_eq!(sign_in(&mut browser, &format!("nobody{n}"), WRONG).await.status, 422);
    }
    let minutes = app.count("select count(distinct minute) from audit_refusals").await
        + app.count("select count(*) from audit_events where user_id is null and address is null").await;
    let times = tallied(&app).await;
    assert_eq!(times.iter().sum::<i64>(), 60);
    assert!(i64::try_from(times.len()).expect("few") <= 33 * minutes.max(1), "{times:?}");
}

#[tokio::test]
async fn a11_tables_that_strangers_fill_keep_only_the_newest_rows() {
    let app = TestApp::start().await;
    let mut filling = sqlx::ConnectOptions::connect(&app.options).await.expect("a connection");
    sqlx::raw_sql(
        "insert into attempt_limits (key, full_at, failures, used_at, nobodys)
        select decode(md5(n::text), 'hex'), now(), 1, now() - n * interval '1 second', true from generate_series(1, 102000) n;
        insert into attempt_limits (key, full_at, failures, used_at)
        select decode(md5('of an account'), 'hex'), now(), 1, now() - interval '20 days';
        insert into return_paths (id, path, expires_at)
        select sha256(n::text::bytea), '/', now() + interval '1 day' - n * interval '1 second' from generate_series(1, 21500) n;
        insert into webauthn_ceremonies (digest, purpose, state, expires_at)
        select sha256(n::text::bytea), 'sign-in', '{}', now() + interval '10 minutes' - n * interval '1 millisecond'
        from generate_series(1, 21500) n",
    )
    .execute(&mut filling)
    .await
    .expect("full tables");
    app.sweep().await;
    for (table, kept) in [
        ("attempt_limits where nobodys", limits::NOBODYS_MAX),
        ("attempt_limits where not nobodys", 1),
        ("return_paths", 20_000),
        ("webauthn_ceremonies", 20_000),
        ("attempt_limits where used_at < now() - interval '100010 seconds' and nobodys", 0),
    ] {
        assert_eq!(app.count(&format!("select count(*) from {table}")).await, kept, "{table}");
    }
}

#[tokio::test]
async fn a11_refusals_leave_a_few_log_lines_and_then_a_count() {
    let database = fresh_database().await;
    let mut program = Program::new(&[("DATABASE_URL", &database.url)]);
    let service = program.serve().await;
    for _ in 0..60 {
        assert_eq!(service.browser().post("/login", &[]).await.status, 403);
    }
    // Another kind from the same network, and what names an account, are logged as ever.
    assert_eq!(sign_in(&mut service.browser(), "nobody", WRONG).await.status, 422);
    service.terminate().await;
    let log = std::fs::read_to_string(program.folder.path().join("log")).expect("the log");
    let lines = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert!((10..=20).contains(&lines(r#""event":"csrf_refused""#)), "{log}");
    assert!(lines(r#""message":"answered""#) <= 22, "{log}");
    assert_eq!(lines("authn_login_fail"), 1, "{log}");
    assert!(lines("similar log lines were suppressed") >= 2, "{log}");
}
