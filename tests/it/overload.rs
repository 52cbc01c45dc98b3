//! More than the service can do, worse than it should get, and faults of our own.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use crate::mail::until;
use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    race::race,
};
use axum::{body::Body, extract::Request};
use http_body_util::BodyExt as _;
use tokio::{sync::Semaphore, time::Instant};
use vestibule::web::{Front, access::Access, routes::Routes};

#[tokio::test]
async fn f22_a_storm_of_sign_ins_is_served_as_far_as_it_goes_and_slows_nobody_who_is_signed_in() {
    const STORM: usize = 240;
    let settings =
        [("VESTIBULE_ARGON2", "m=19456,t=2,p=1"), ("VESTIBULE_HASH_WORKERS", "2"), ("VESTIBULE_HASH_QUEUE", "40")];
    let app = TestApp::with(&settings).await;
    let mut owner = app.person("alice").await;
    app.execute(
        "insert into users (id, username, email, email_canonical)
        select gen_random_uuid(), 'person' || n, 'person' || n || '@example.com', 'person' || n || '@example.com'
        from generate_series(0, 239) n;
        insert into password_credentials (user_id, password_hash)
        select u.id, (select password_hash from password_credentials) from users u where username like 'person%'",
    )
    .await;
    let mut visitors = Vec::new();
    for n in 0..STORM {
        let third = u8::try_from(n / 200).expect("few");
        let mut browser =
            app.browser().at(Ipv4Addr::new(127, 80, third, u8::try_from(n % 200 + 1).expect("below 256")));
        let token = browser.csrf_token("/login").await;
        visitors.push((browser, token));
    }
    let (metrics, before) = (Arc::clone(&app.state.metrics), app.state.metrics.hashes.get());
    let storm = tokio::spawn(race(STORM, move |n| {
        let (mut browser, token) = visitors[n].clone();
        async move {
            let name = format!("person{n}");
            let fields = [("csrf_token", token.as_str()), ("identifier", &name), ("password", PASSWORD)];
            browser.post("/login", &fields).await
        }
    }));
    let (mut most, mut meanwhile) = (0, Vec::new());
    while !storm.is_finished() {
        let asked = Instant::now();
        assert!(is_signed_in(&mut owner).await);
        meanwhile.push(asked.elapsed());
        most = most.max(metrics.hashing.get());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let answers = storm.await.expect("the storm");
    let inside = answers.iter().filter(|answer| answer.status == 303).count();
    for answer in answers.iter().filter(|answer| answer.status != 303) {
        assert_eq!(answer.status, 503, "{answer:?}");
        let seconds: u64 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
        assert!((1..=2).contains(&seconds) && answer.body.contains("Try again in"), "{answer:?}");
    }
    meanwhile.sort();
    println!("{inside} of {STORM} got in, {most} hashed or waited at once, checks took {:?} at most", meanwhile.last());
    let (hashed, turned_away) = (metrics.hashes.get() - before, metrics.hashes_refused.get());
    assert!(inside > 0 && turned_away > 0, "the queue has a length and an end");
    assert!(most <= 42, "{most} at the hasher at once");
    assert!((inside as u64..=STORM as u64 - turned_away).contains(&hashed), "{hashed}: no hash for who is turned away");
    // A worker counts down right after it has answered.
    until("nothing is hashed any more", async || metrics.hashing.get() == 0).await;
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303, "over as soon as it is over");
}

#[tokio::test]
async fn solana_private_channels_247_visitors_who_hang_up_do_not_make_room_for_more_hashes() {
    let settings =
        [("VESTIBULE_ARGON2", "m=19456,t=2,p=1"), ("VESTIBULE_HASH_WORKERS", "1"), ("VESTIBULE_HASH_QUEUE", "3")];
    let app = TestApp::with(&settings).await;
    app.sign_up("alice").await;
    // Held by work that nobody waits for any more: as many as there are places, however often they hang up.
    let places = Arc::new(Semaphore::new(0));
    for n in 0..50 {
        if let Ok(place) = app.state.hasher.reserve(network(n)) {
            places.add_permits(1);
            let password = vestibule::types::PlainPassword::presented(PASSWORD).expect("a password");
            tokio::time::timeout(Duration::ZERO, place.hash(password)).await.expect_err("nobody waits for it");
        }
        assert!(app.state.metrics.hashing.get() <= 4);
    }
    assert!((4..50).contains(&places.available_permits()), "{places:?}");
    while sign_in(&mut app.browser(), "alice", PASSWORD).await.status == 503 {}
    assert!(app.state.hasher.reserve(network(0)).is_ok());
}

fn network(n: u8) -> std::net::IpAddr {
    std::net::Ipv4Addr::new(192, 0, 2, n).into()
}

/// The layers of the service over a route that breaks.
fn with_a_broken_route(app: &TestApp) -> Front {
    async fn broken() -> &'static str {
        panic!("a canary that no visitor may see")
    }
    let routes = Routes::new(app.state.clone()).get("/broken", Access::Public, broken);
    Front::before(&app.state, routes.into_router())
}

#[tokio::test]
async fn f27_a_panic_ends_one_request_with_a_page_that_names_it_and_nothing_else() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let front = with_a_broken_route(&app);
    for accept in ["text/html", "application/json"] {
        let request = Request::builder().uri("/broken").header("host", "localhost").header("accept", accept);
        let peer = axum::extract::ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 1)));
        let request = request.extension(peer).body(Body::empty()).expect("a request");
        let answer = tower::ServiceExt::oneshot(front.clone(), request).await.expect("an answer");
        assert_eq!(answer.status(), 500);
        assert!(answer.headers().contains_key("content-security-policy"));
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        let body = String::from_utf8_lossy(&body);
        assert!(!body.contains("canary") && !body.contains("overload.rs"), "{body}");
        let id = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(body.split(|c: char| !c.is_ascii_alphanumeric()).any(id), "no request id in {body}");
    }
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn f20_text_that_is_no_utf_8_is_refused_wherever_it_stands_and_never_stored() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let (logout, mut visitor) = (owner.csrf_token("/logout").await, app.browser());
    let token = visitor.csrf_token("/register").await;
    for broken in ["%FF", "%ED%A0%80", "%C0%AF", "%F4%90%80%80", "%E2%82", "%", "%4", "%zz", "%u0041"] {
        for field in ["username", "email", "password", "display_name", "csrf_token", "unknown"] {
            let body = format!("{field}=x{broken}&other=1");
            let body = if field == "csrf_token" { body } else { format!("{body}&csrf_token={token}") };
            for path in ["/register", "/login", "/language"] {
                let answer = visitor.clone().post_raw(path, body.as_bytes()).await;
                assert!([400, 403, 422].contains(&answer.status), "{path} {body}: {answer:?}");
            }
        }
        for path in [
            format!("/login?next=/{broken}"),
            format!("/{broken}"),
            format!("/static/{broken}"),
            format!("/dashboard?{broken}={broken}"),
        ] {
            let answer = owner.clone().get(&path).await;
            assert!([200, 303, 400, 404].contains(&answer.status), "{path}: {answer:?}");
        }
    }
    for raw in [&b"\xff"[..], b"\xed\xa0\x80", b"\xc0\xaf", b"\x80"] {
        for header in [
            "Cookie: vestibule=",
            "Cookie: vestibule_csrf=",
            "User-Agent: ",
            "Accept: ",
            "Accept-Language: ",
            "X-Forwarded-For: ",
        ] {
            for (method, path) in
                [("GET", "/dashboard"), ("GET", "/login"), ("GET", "/api/v1/session"), ("POST", "/login")]
            {
                let head = format!(
                    "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n{header}"
                );
                let request = [head.as_bytes(), raw, b"\r\n\r\n"].concat();
                let answer =
                    crate::support::http::exchange(app.address, Ipv4Addr::LOCALHOST, &request).await.expect(&head);
                assert!(answer.status < 500, "{head} {raw:?}: {answer:?}");
            }
        }
        let body = [b"csrf_token=", logout.as_bytes(), b"&x=", raw].concat();
        assert_eq!(owner.clone().post_raw("/logout", &body).await.status, 400, "{raw:?}");
    }
    assert!(is_signed_in(&mut owner).await);
    assert_eq!(app.count("select count(*) from users").await, 1);
}
