//! Limits on trying: who is slowed down, who never is, and that nobody gets around it.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    http::Answer,
    race::race,
};
use tokio::time::Instant;
use vestibule::{
    features::admin,
    limits::{self, Cap, Key, Limit, Spend},
};

const WRONG: &str = "not the right password";

/// The `n`th address of many.
fn address(n: usize) -> Ipv4Addr {
    let n = u32::try_from(n).expect("few addresses");
    Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(127, 77, 0, 1)) + n)
}

/// One guess by somebody new, from an address that nobody used before.
async fn guess(app: &TestApp, n: usize, name: &str, password: &str) -> Answer {
    sign_in(&mut app.browser().at(address(n)), name, password).await
}

/// Lets every bucket fill up, as a patient guesser would.
async fn age(app: &TestApp) {
    app.execute("update attempt_limits set full_at = full_at - interval '30 days'").await;
}

/// How many tries a bucket gave, at most: its burst, and what came back while the test ran.
fn at_most(limit: Limit, since: Instant) -> usize {
    let refilled = since.elapsed().as_secs() / limit.refill.as_secs() + 1;
    limit.burst as usize + usize::try_from(refilled).expect("a short test")
}

async fn failures(app: &TestApp) -> i64 {
    app.count("select coalesce(sum(failures), 0)::int8 from attempt_limits").await
}

fn assert_slowed(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer:?}");
    let seconds: u64 = answer.header("retry-after").and_then(|value| value.parse().ok()).expect("Retry-After");
    assert!(seconds >= 1 && answer.body.contains("Too many tries. Wait "), "{answer:?}");
}

#[tokio::test]
async fn nist_63b_3_2_2_after_100_failures_in_a_row_the_right_password_is_refused_until_the_owner_is_rebound() {
    let first = TestApp::start().await;
    first.sign_up("alice").await;
    first.sign_up("robert").await;
    let mut second = first.replica().await;
    // A success in between starts the row anew.
    for n in 0..30 {
        assert_eq!(guess(&first, n, "alice", WRONG).await.status, 422);
        age(&first).await;
    }
    assert_eq!(failures(&first).await, 30);
    assert_eq!(guess(&first, 0, "alice", PASSWORD).await.status, 303);
    assert_eq!(failures(&first).await, 0);
    for n in 0..100 {
        if n == 50 {
            second.stop().await;
            second = first.replica().await;
        }
        let replica = if n % 2 == 0 { &first } else { &second };
        assert_eq!(guess(replica, n, "alice", WRONG).await.status, 422, "guess {n}");
        age(&first).await;
    }
    assert_eq!(failures(&first).await, 100);
    // However long one waits, and whatever the sweeper does.
    for replica in [&first, &second] {
        age(&first).await;
        first.sweep().await;
        for name in ["alice", "alice@example.com"] {
            let refused = guess(replica, 200, name, PASSWORD).await;
            assert_slowed(&refused);
            let seconds: u64 = refused.header("retry-after").expect("a time").parse().expect("seconds");
            assert!(seconds >= 3600, "{seconds}");
        }
    }
    assert_eq!(guess(&first, 201, "robert", PASSWORD).await.status, 303, "others are not concerned");
    admin::enable(&first.operator(), first.id("alice").await).await.expect("alice");
    assert_eq!(guess(&second, 202, "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn asvs_6_1_1_an_account_under_attack_stays_open_to_the_browser_that_knows_it() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let mut attacker = app.browser().at(Ipv4Addr::new(127, 66, 6, 6));
    // Until the throttle, and then beyond the cap.
    for capped in [false, true] {
        if capped {
            app.execute("update attempt_limits set failures = 100 where failures > 0").await;
        } else {
            while sign_in(&mut attacker, "alice", WRONG).await.status == 422 {}
        }
        assert_slowed(&sign_in(&mut attacker, "alice", PASSWORD).await);
        assert_slowed(&guess(&app, 1, "alice", PASSWORD).await);
        owner.cookies.remove("vestibule");
        // A slip of the owner's own is the owner's own.
        assert_eq!(sign_in(&mut owner, "alice", WRONG).await.status, 422);
        assert_eq!(sign_in(&mut owner, "alice", PASSWORD).await.status, 303, "capped: {capped}");
        // The owner's success gives the attacker nothing back.
        assert_slowed(&sign_in(&mut attacker, "alice", WRONG).await);
        assert_slowed(&guess(&app, 2, "alice@example.com", PASSWORD).await);
    }
    // Nor does it help to steal the browser's name without the account.
    let marker = owner.cookies["vestibule_browser"].clone();
    app.sign_up("robert").await;
    app.execute("update attempt_limits set failures = 100, full_at = now() + interval '1 hour' where failures > 0")
        .await;
    let mut thief = app.browser();
    thief.cookies.insert("vestibule_browser".into(), marker.chars().rev().collect());
    assert_slowed(&sign_in(&mut thief, "alice", PASSWORD).await);
}

#[tokio::test]
async fn asvs_6_3_1_one_password_at_many_accounts_from_one_address_is_slowed_down() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let (started, mut sprayer) = (Instant::now(), app.browser().at(Ipv4Addr::new(127, 66, 6, 6)));
    let mut tried = 0;
    let refused = loop {
        let answer = sign_in(&mut sprayer, &format!("account{tried}"), WRONG).await;
        if answer.status != 422 {
            break answer;
        }
        tried += 1;
    };
    assert_slowed(&refused);
    assert!(tried >= limits::NETWORK.burst as usize && tried <= at_most(limits::NETWORK, started), "{tried}");
    // What was refused was not counted against the account, whose owner sits elsewhere.
    assert_slowed(&sign_in(&mut sprayer, "alice", WRONG).await);
    assert_eq!(app.count("select max(failures)::int8 from attempt_limits").await, 1);
    assert_eq!(guess(&app, 1, "alice", PASSWORD).await.status, 303);
    // And it holds over a restart.
    app.execute("update attempt_limits set full_at = full_at + interval '1 hour' where failures = 0").await;
    let again = app.replica().await;
    app.stop().await;
    sprayer.to = again.address;
    assert_slowed(&sign_in(&mut sprayer, "alice", PASSWORD).await);
}

#[tokio::test]
async fn asvs_15_3_4_an_ipv6_subscriber_has_one_bucket_for_a_whole_64_bit_prefix() {
    let app = TestApp::start().await;
    let mut connection = app.db.acquire().await.expect("a connection");
    let limit = Limit { burst: 5, refill: Duration::from_secs(3600), cap: Cap::Never };
    for n in 0..10 {
        let at = |prefix: &str| Key::network(format!("{prefix}:{n:x}:{n:x}::1").parse().expect("an address"));
        let subject = (Key::name(&format!("name{n}")), limits::ACCOUNT);
        let here = [(at("2001:db8:1:2"), limit)];
        let taken = limits::spend(&mut connection, &here, subject).await.expect("a database");
        assert_eq!(matches!(taken, Spend::Allowed), n < 5, "try {n}: {taken:?}");
        let neighbour = [(Key::network(format!("2001:db8:1:{:x}::1", n + 16).parse().expect("an address")), limit)];
        assert_eq!(limits::spend(&mut connection, &neighbour, subject).await.expect("a database"), Spend::Allowed);
    }
}

#[tokio::test]
async fn cve_2024_4629_guesses_in_parallel_do_not_beat_the_limit_nor_lose_a_count() {
    let first = TestApp::with(&[("VESTIBULE_HASH_QUEUE", "500"), ("VESTIBULE_DATABASE_CONNECTIONS", "8")]).await;
    first.sign_up("alice").await;
    let second = first.replica().await;
    let hashes = || first.state.metrics.hashes.get() + second.state.metrics.hashes.get();
    for (one_account, limit) in [(true, limits::ACCOUNT), (false, limits::NETWORK)] {
        first.execute("delete from attempt_limits").await;
        let mut guessers = Vec::new();
        for n in 0..200 {
            let from = if one_account { address(n) } else { Ipv4Addr::new(127, 66, 6, 6) };
            let mut guesser = [&first, &second][n % 2].browser().at(from);
            let token = guesser.csrf_token("/login").await;
            let name = if one_account { "alice".to_owned() } else { format!("account{n}") };
            guessers.push((guesser, token, name));
        }
        let (before, started) = (hashes(), Instant::now());
        let statuses = race(guessers.len(), |n| {
            let (mut guesser, token, name) = guessers[n].clone();
            async move {
                let fields = [("csrf_token", token.as_str()), ("identifier", name.as_str()), ("password", WRONG)];
                guesser.post("/login", &fields).await.status
            }
        })
        .await;
        let processed = statuses.iter().filter(|status| **status == 422).count();
        assert!(statuses.iter().all(|status| [422, 429].contains(status)), "{statuses:?}");
        assert!(processed >= limit.burst as usize && processed <= at_most(limit, started), "{processed}");
        assert_eq!(hashes() - before, processed as u64, "hashes");
        assert_eq!(failures(&first).await, i64::try_from(processed).expect("few"), "counted");
    }
}

fn network(n: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, n).into()
}

#[tokio::test]
async fn t8_a_try_is_counted_in_the_database_whatever_becomes_of_the_request() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    assert_eq!(guess(&app, 1, "alice", WRONG).await.status, 422);
    assert_eq!(failures(&app).await, 1);
    // Too busy to look: nothing was guessed, nothing is counted, nothing is forgotten.
    let places: Vec<_> = (0..=255).map_while(|n| app.state.hasher.reserve(network(n)).ok()).collect();
    let busy = guess(&app, 2, "alice", PASSWORD).await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("1")), "{busy:?}");
    assert_eq!(failures(&app).await, 1);
    drop(places);
    // CVE-2026-35597: what fails after a wrong password was compared takes no count back with it.
    app.execute("alter table audit_events rename to elsewhere").await;
    for n in 3..12 {
        assert_eq!(guess(&app, n, "alice", WRONG).await.status, 500);
    }
    assert_eq!(failures(&app).await, 10);
    assert_slowed(&guess(&app, 13, "alice", PASSWORD).await);
}

#[tokio::test]
async fn cve_2025_24806_every_spelling_of_an_account_shares_one_counter() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let spellings = ["alice", "ALICE", " alice ", "alice@example.com", "Alice@Example.COM", " alice@example.com  "];
    for (n, spelling) in spellings.iter().cycle().take(10).enumerate() {
        assert_eq!(guess(&app, n, spelling, WRONG).await.status, 422, "{spelling:?}");
    }
    assert_eq!(app.count("select count(*) from attempt_limits where failures > 0").await, 1);
    assert_eq!(failures(&app).await, 10);
    for (n, spelling) in spellings.iter().enumerate() {
        assert_slowed(&guess(&app, 20 + n, spelling, PASSWORD).await);
    }
    // So does every spelling of a name that no account has.
    for (n, spelling) in ["nobody", "NOBODY", " nobody"].iter().cycle().take(10).enumerate() {
        assert_eq!(guess(&app, 40 + n, spelling, WRONG).await.status, 422, "{spelling:?}");
    }
    assert_slowed(&guess(&app, 60, "nobody", WRONG).await);
}

#[tokio::test]
async fn allauth_65_8_1_ones_own_successes_clear_neither_the_victims_counter_nor_the_networks() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.sign_up("mallory").await;
    let (started, mut attacker) = (Instant::now(), app.browser().at(Ipv4Addr::new(127, 66, 6, 6)));
    let mut by_account = 0;
    let mut tried = 0;
    loop {
        attacker.cookies.remove("vestibule");
        assert_eq!(sign_in(&mut attacker, "mallory", PASSWORD).await.status, 303, "after {tried} guesses");
        attacker.cookies.remove("vestibule");
        let victim = if tried < 10 { "alice".to_owned() } else { format!("account{tried}") };
        by_account += usize::from(victim == "alice");
        if sign_in(&mut attacker, &victim, WRONG).await.status == 429 {
            break;
        }
        tried += 1;
        if tried == 10 {
            assert_slowed(&guess(&app, 1, "alice", PASSWORD).await);
        }
        // The last try of the bucket is one that the attacker's own sign-in needs.
        if tried == limits::NETWORK.burst as usize - 1 {
            break;
        }
    }
    assert_eq!((by_account, failures(&app).await), (10, i64::try_from(tried).expect("few")));
    assert_eq!(sign_in(&mut attacker, "account", WRONG).await.status, 422);
    let mut more = 0;
    while sign_in(&mut attacker, &format!("another{more}"), WRONG).await.status == 422 {
        more += 1;
    }
    assert!(tried + 1 + more <= at_most(limits::NETWORK, started), "{tried} + {more}");
}

#[tokio::test]
async fn asvs_4_1_3_no_header_buys_a_fresh_bucket_without_a_trusted_proxy() {
    let app = TestApp::start().await;
    for n in 0..4 {
        let value = format!("198.51.100.{n}");
        for name in ["X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "Forwarded"] {
            let value = if name == "Forwarded" { format!("for={value}") } else { value.clone() };
            let mut browser = app.browser().with(name, &value);
            assert_eq!(sign_in(&mut browser, &format!("account{n}"), WRONG).await.status, 422);
        }
    }
    // One row for the one peer, however it called itself.
    assert_eq!(app.count("select count(*) from attempt_limits where failures = 0").await, 1);
    app.execute("update attempt_limits set full_at = now() + interval '1 day' where failures = 0").await;
    assert_slowed(&sign_in(&mut app.browser().with("X-Forwarded-For", "198.51.100.99"), "account", WRONG).await);
}

#[tokio::test]
async fn cve_2024_47070_behind_a_trusted_proxy_the_right_most_stranger_is_limited_and_no_garbage_skips_the_check() {
    let app = TestApp::with(&[("VESTIBULE_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let through = |forwarded: &str| app.browser().with("X-Forwarded-For", forwarded);
    let long = "1".repeat(10_000);
    let garbage = ["a", "", "fe80::1%eth0", "unknown", "1.2.3.4.5", "203.0.113.1, a", "-", long.as_str()];
    for forwarded in garbage {
        assert_eq!(sign_in(&mut through(forwarded), "account", WRONG).await.status, 422, "{forwarded}");
    }
    let networks = "select count(*) from attempt_limits where failures = 0";
    assert_eq!(app.count(networks).await, 1, "the proxy itself stands for whom it cannot name");
    app.execute("update attempt_limits set full_at = now() + interval '1 day'").await;
    for forwarded in garbage {
        assert_slowed(&sign_in(&mut through(forwarded), "other", WRONG).await);
    }
    // The client that the proxy names, in every spelling; what the client itself wrote is no help.
    for n in 0..4 {
        for same in ["198.51.100.7", "198.51.100.7:80", "::ffff:198.51.100.7", "203.0.113.1, 198.51.100.7, 127.0.0.9"] {
            let forwarded = same.replace("203.0.113.1", &format!("203.0.113.{n}"));
            assert_eq!(sign_in(&mut through(&forwarded), &format!("account{n}"), WRONG).await.status, 422, "{same}");
        }
    }
    assert_eq!(app.count(networks).await, 2);
    app.execute("update attempt_limits set full_at = now() + interval '1 day'").await;
    assert_slowed(&sign_in(&mut through("8.8.8.8, 198.51.100.7"), "fresh", WRONG).await);
    assert_eq!(sign_in(&mut through("198.51.100.8"), "fresh", WRONG).await.status, 422);
}

#[tokio::test]
async fn f23_sign_ups_from_one_address_are_bounded_whether_they_make_an_account_or_not() {
    let app = TestApp::start().await;
    let (started, mut flooder) = (Instant::now(), app.browser().at(Ipv4Addr::new(127, 66, 6, 6)));
    let mut accepted = 0;
    let refused = loop {
        // Every other address has an account already.
        let (name, email) = (format!("flood{accepted}"), format!("flood{}@example.com", accepted / 2));
        let fields = [("username", name.as_str()), ("email", email.as_str()), ("password", PASSWORD)];
        let answer = flooder.submit("/register", &fields).await;
        if answer.status != 303 {
            break answer;
        }
        accepted += 1;
    };
    assert_slowed(&refused);
    assert!(
        accepted >= limits::UNAUTHENTICATED_WRITES.burst as usize
            && accepted <= at_most(limits::UNAUTHENTICATED_WRITES, started)
    );
    assert!(app.count("select count(*) from users").await <= i64::try_from(accepted).expect("few"));
    app.sign_up("elsewhere").await;
    // Signing in is another matter.
    assert_eq!(sign_in(&mut flooder, "flood0", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn asvs_6_3_8_a_throttled_name_is_answered_alike_whether_an_account_has_it() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.sign_up("carol").await;
    app.execute("update users set disabled_at = now() where username = 'carol'").await;
    let mut answers = Vec::new();
    let mut visitor = app.browser();
    visitor.get("/login").await;
    for name in ["alice", "carol", "nobod"] {
        for n in 0..10 {
            assert_eq!(guess(&app, n, name, WRONG).await.status, 422);
        }
        for password in [WRONG, PASSWORD] {
            let answer = sign_in(&mut visitor.clone().at(address(50)), name, password).await;
            assert_slowed(&answer);
            let body = answer.without_tokens();
            let headers: Vec<_> = answer.headers.into_iter().filter(|(name, _)| name != "date").collect();
            answers.push((headers, body.replace(name, "NAME")));
        }
    }
    let same = answers.iter().filter(|answer| **answer == answers[0]).count();
    assert_eq!(same, answers.len(), "{answers:#?}");
}
