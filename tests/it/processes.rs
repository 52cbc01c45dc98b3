//! The real process: killed in the middle, told to stop, started again.

use std::{net::Ipv4Addr, time::Duration};

use sqlx::{ConnectOptions as _, PgConnection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
};
use url::form_urlencoded;

use crate::support::{
    app::{PASSWORD, is_signed_in, sign_in},
    cluster::{empty_database, fresh_database},
    http::{connect, exchange},
    process::Program,
    rounds,
};

async fn count(connection: &mut PgConnection, query: &str) -> i64 {
    sqlx::query_scalar(query).fetch_one(connection).await.unwrap_or_else(|error| panic!("{query}: {error}"))
}

#[tokio::test]
async fn f6_kill_9_in_the_middle_of_a_sign_up_leaves_a_whole_account_or_none() {
    let database = fresh_database().await;
    let mut connection = database.options.connect().await.expect("a connection");
    let mut program = Program::new(&[("DATABASE_URL", &database.url)]);
    let (mut made, mut lost) = (0, 0);
    let rounds = u64::try_from(rounds(3, 8)).expect("few");
    for round in 0..rounds {
        let service = program.serve().await;
        let mut browser = service.browser();
        let token = browser.csrf_token("/register").await;
        let mut clients = JoinSet::new();
        for n in 0..4 {
            let name = format!("person{round}-{n}");
            let email = format!("{name}@example.com");
            let fields =
                [("csrf_token", token.as_str()), ("username", &name), ("email", &email), ("password", PASSWORD)];
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let (to, request) = (service.address, browser.request("POST", "/register", Some(body.as_bytes())));
            clients.spawn(async move {
                let answer = exchange(to, Ipv4Addr::LOCALHOST, &request).await;
                (name, answer.ok().map(|answer| answer.status))
            });
        }
        tokio::time::sleep(Duration::from_millis(120 * round / rounds)).await;
        service.kill().await;
        // What the server was told before the end, it still does.
        let open = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'vestibule'";
        while count(&mut connection, open).await > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let half = "select count(*) from users u full join password_credentials c on c.user_id = u.id where u.id is null or c.user_id is null";
        assert_eq!(count(&mut connection, half).await, 0, "round {round}");
        let again = program.serve().await;
        for (name, acknowledged) in clients.join_all().await {
            let there = count(&mut connection, &format!("select count(*) from users where username = '{name}'")).await;
            assert!(acknowledged != Some(303) || there == 1, "{name} was promised");
            (made, lost) = (made + there, lost + 1 - there);
            let email = format!("{name}@example.com");
            let fields = [("username", name.as_str()), ("email", &email), ("password", PASSWORD)];
            let retried = again.browser().submit("/register", &fields).await;
            assert_eq!(retried.status, if there == 1 { 422 } else { 303 }, "{name}: {retried:?}");
            assert_eq!(sign_in(&mut again.browser(), &name, PASSWORD).await.status, 303, "{name}");
        }
        again.kill().await;
    }
    println!("{made} were made before the process was killed, {lost} were not");
}

#[tokio::test]
async fn f7_a_stop_finishes_what_is_in_flight_and_waits_for_nobody_who_says_nothing() {
    let database = fresh_database().await;
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("VESTIBULE_HASH_WORKERS", "1"),
        ("VESTIBULE_REQUIRE_VERIFICATION", "false"),
    ];
    let mut program = Program::new(&settings);
    let service = program.serve().await;
    let mut owner = service.browser();
    let fields = [("username", "alice"), ("email", "alice@example.com"), ("password", PASSWORD)];
    assert_eq!(owner.submit("/register", &fields).await.status, 303);
    assert_eq!(sign_in(&mut owner, "alice", PASSWORD).await.status, 303);
    let to = service.address;
    let mut silent = Vec::new();
    for half in ["", "GET /login HT", "GET /login HTTP/1.1\r\nHost: x\r\nX-Slow: ye"] {
        let mut stream = connect(to, Ipv4Addr::LOCALHOST).await.expect("a connection");
        stream.write_all(half.as_bytes()).await.expect("half a head");
        silent.push(stream);
    }
    // One that rests between two requests.
    let mut resting = connect(to, Ipv4Addr::LOCALHOST).await.expect("a connection");
    resting.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("a request");
    assert!(resting.read(&mut [0; 4096]).await.expect("an answer") > 0);
    // Eight wait for the one worker.
    let mut connection = database.options.connect().await.expect("a connection");
    let eight = "
        insert into users (id, username, email, email_canonical)
        select gen_random_uuid(), 'person' || n, 'person' || n || '@example.com', 'person' || n || '@example.com'
        from generate_series(0, 7) n;
        insert into password_credentials (user_id, password_hash)
        select u.id, (select password_hash from password_credentials) from users u where username like 'person%'";
    sqlx::raw_sql(eight).execute(&mut connection).await.expect("eight accounts");
    let mut visitors = JoinSet::new();
    for n in 0..8 {
        let mut visitor = service.browser();
        let token = visitor.csrf_token("/login").await;
        visitors.spawn(async move {
            let name = format!("person{n}");
            let fields = [("csrf_token", token.as_str()), ("identifier", &name), ("password", PASSWORD)];
            (visitor.post("/login", &fields).await, visitor)
        });
    }
    // Until the service has taken each of them: a try was taken, or the sign-in is through already.
    let taken = "select (select count(*) from attempt_limits where failures > 0) + (select count(*) from sessions) - 1";
    while count(&mut connection, taken).await < 8 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let log = service.log();
    let (status, took) = service.terminate().await;
    println!("stopped after {took:?}");
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < Duration::from_secs(12), "{took:?}");
    let mut signed_in = Vec::new();
    for (answer, visitor) in visitors.join_all().await {
        assert_eq!(answer.status, 303, "{answer:?}");
        signed_in.push(visitor);
    }
    // What was promised holds after the next start, and so does what was there before.
    let service = program.serve().await;
    for mut visitor in signed_in.into_iter().chain([owner]) {
        visitor.to = service.address;
        assert!(is_signed_in(&mut visitor).await);
    }
    let (status, took) = service.terminate().await;
    assert_eq!(status.code(), Some(0));
    println!("with nobody connected it stopped after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn from_an_empty_database_to_ready_is_a_moment() {
    let database = empty_database().await;
    let mut program = Program::new(&[("DATABASE_URL", &database.url)]);
    let first = program.serve().await;
    let first_took = first.ready_after;
    assert_eq!(first.browser().get("/login").await.status, 200);
    first.terminate().await;
    let second = program.serve().await;
    println!("ready after {first_took:?}, and {:?} the second time", second.ready_after);
    assert!(first_took < Duration::from_secs(20) && second.ready_after < Duration::from_secs(15));
    second.terminate().await;
}
