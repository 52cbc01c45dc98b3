//! Connections: slow ones, too many of them, and how the service stops.

use std::{
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
    http::{connect, exchange},
    serve::{WIDE, serve},
};
use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
};
use vestibule::{
    app,
    http::server::{self, Caps},
    web::Front,
};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Longer than anything is allowed to take, even on a busy machine; no test waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);
const LIVEZ: &[u8] = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";

/// Reads until the server closes, and tells what came and how long it took.
async fn until_closed(mut stream: TcpStream) -> (String, Duration) {
    let (started, mut raw) = (Instant::now(), Vec::new());
    // A reset is a way to close, too.
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut raw)).await.expect("the server closes").ok();
    (String::from_utf8_lossy(&raw).into_owned(), started.elapsed())
}

/// Whether the server answers on this connection, rather than to close it.
async fn is_served(stream: &mut TcpStream) -> bool {
    stream.write_all(LIVEZ).await.ok();
    let mut start = [0; 12];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut start)).await.expect("an answer or an end");
    let served = read.is_ok_and(|_| &start == b"HTTP/1.1 200");
    if served {
        // The rest of this answer, so that the next one starts clean.
        let mut rest = Vec::new();
        while !rest.ends_with(br#"{"live":true}"#) {
            rest.push(stream.read_u8().await.expect("the rest"));
        }
    }
    served
}

#[tokio::test]
async fn t7_f15_slow_heads_and_slow_bodies_are_let_go_and_honest_visitors_notice_nothing() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let open = async |start: &str| {
        let mut stream = connect(app.address, HERE).await.expect("a connection");
        stream.write_all(start.as_bytes()).await.expect("a start");
        stream
    };
    let form = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let mut slow = Vec::new();
    for _ in 0..30 {
        slow.push(("no head", open("").await));
        slow.push(("half a head", open("GET /login HTTP/1.1\r\nHost: a\r\nX-A: ").await));
        slow.push(("half a body", open(&format!("{form}Content-Length: 100\r\n\r\na=")).await));
        slow.push(("a chunk without an end", open(&format!("{form}Transfer-Encoding: chunked\r\n\r\n5\r\na=b")).await));
    }
    // One that drips: an octet every now and then puts nothing off.
    let drip = tokio::spawn({
        let mut stream = open("GET /login HTTP/1.1\r\nHost: a\r\nX-A: ").await;
        async move {
            let started = Instant::now();
            while stream.write_all(b"a").await.is_ok() && started.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            started.elapsed()
        }
    });
    // An idle connection between requests is let go as well.
    let mut idle = connect(app.address, HERE).await.expect("a connection");
    assert!(is_served(&mut idle).await);
    let closing: Vec<_> = slow
        .into_iter()
        .map(|(what, stream)| tokio::spawn(async move { (what, until_closed(stream).await) }))
        .collect();

    for _ in 0..5 {
        assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303, "while they hang");
    }
    for closed in closing {
        let (what, (answer, took)) = closed.await.expect("a closed connection");
        // Ten seconds are the rule; the rest is for a busy machine.
        assert!(took < Duration::from_secs(25), "{what}: {took:?}");
        let refused = ["", "HTTP/1.1 408", "HTTP/1.1 400"];
        assert!(answer.is_empty() || refused[1..].iter().any(|start| answer.starts_with(start)), "{what}: {answer}");
    }
    assert!(drip.await.expect("the drip") < Duration::from_secs(25));
    until_closed(idle).await;
}

#[tokio::test]
async fn f16_one_address_cannot_hold_every_connection() {
    let app = TestApp::start().await;
    let served = serve(app::build(&app.state), Caps { total: 100, per_network: 5 }).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(served.address, HERE).await.expect("a connection");
        assert!(is_served(&mut stream).await);
        held.push(stream);
    }
    for _ in 0..3 {
        let mut one_more = connect(served.address, HERE).await.expect("a connection");
        assert!(!is_served(&mut one_more).await, "the sixth from one address");
    }
    let mut neighbour = connect(served.address, Ipv4Addr::new(127, 0, 0, 2)).await.expect("a connection");
    assert!(is_served(&mut neighbour).await, "another address has its own");
    assert!(is_served(&mut held[0]).await, "and those that were in stay in");
    // Whoever leaves makes room, as soon as the server has seen it.
    drop(held);
    let room = async {
        loop {
            let mut stream = connect(served.address, HERE).await.expect("a connection");
            if is_served(&mut stream).await {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, room).await.expect("room again");
}

/// A service with a route that says when it has begun, and finishes when it is told to.
fn with_a_slow_route() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (begun, finish) = (Arc::clone(&begun), Arc::clone(&finish));
        async move || {
            begun.notify_one();
            finish.notified().await;
            "finished"
        }
    };
    let router = Router::new().route("/held", get(slow)).route("/livez", get(async || r#"{"live":true}"#));
    (router, begun, finish)
}

#[tokio::test]
async fn f16_a4_beyond_the_cap_a_connection_waits_for_others_that_are_answered_and_closes_none_of_them() {
    let app = TestApp::start().await;
    let (router, begun, finish) = with_a_slow_route();
    let served = serve(Front::before(&app.state, router), Caps { total: 3, per_network: 100 }).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(tokio::spawn(exchange(
            served.address,
            HERE,
            b"GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )));
        begun.notified().await;
    }
    let mut waiting = connect(served.address, HERE).await.expect("a place in the system's queue");
    waiting.write_all(LIVEZ).await.expect("a request");
    let mut one = [0];
    let early = tokio::time::timeout(Duration::from_millis(200), waiting.read(&mut one)).await;
    assert!(early.is_err(), "nobody was let in beyond the cap");
    for _ in 0..3 {
        finish.notify_one();
    }
    for answer in held {
        let answer = answer.await.expect("the request").expect("an answer");
        assert_eq!((answer.status, answer.body.as_str()), (200, "finished"));
    }
    let mut start = [0; 12];
    tokio::time::timeout(PATIENCE, waiting.read_exact(&mut start)).await.expect("in time").expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");
}

#[tokio::test]
async fn f7_a_stop_finishes_what_is_in_flight_and_waits_for_nobody_who_idles() {
    let app = TestApp::start().await;
    let (router, begun, finish) = with_a_slow_route();
    let served = serve(Front::before(&app.state, router), WIDE).await;
    let address = served.address;
    let mut idle = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(address, HERE).await.expect("a connection");
        assert!(is_served(&mut stream).await);
        idle.push(stream);
    }
    let mut half = connect(address, HERE).await.expect("a connection");
    half.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: ").await.expect("half a head");
    let in_flight = tokio::spawn(exchange(address, HERE, b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
    begun.notified().await;

    let stopping = Instant::now();
    served.ask_to_stop();
    for stream in idle {
        assert_eq!(until_closed(stream).await.0, "", "an idle connection is closed");
    }
    // As soon as nobody is left in the system's queue.
    while connect(address, HERE).await.is_ok() {
        assert!(stopping.elapsed() < PATIENCE, "the listener is never closed");
    }
    finish.notify_one();
    let answer = in_flight.await.expect("the request").expect("an answer");
    assert_eq!((answer.status, answer.body.as_str()), (200, "finished"));
    assert_eq!(answer.header("connection"), Some("close"));
    served.stopped().await;
    // Eight seconds are the limit, for half a head too; the rest is for a busy machine.
    assert!(stopping.elapsed() < Duration::from_secs(20), "{:?}", stopping.elapsed());
    drop(half);
}

#[tokio::test]
async fn f7_a_stop_serves_whoever_waits_in_the_systems_queue() {
    let app = TestApp::start().await;
    for _ in 0..20 {
        let listener = TcpListener::bind((HERE, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let mut waiting = connect(address, HERE).await.expect("a place in the system's queue");
        waiting.write_all(LIVEZ).await.expect("a request");
        // Stopped before anybody was let in.
        let (_stop, stopped) = watch::channel(true);
        let stopping = server::serve(listener, app::build(&app.state), WIDE, Vec::new(), Arc::default(), stopped);
        let ((), (answer, _)) = tokio::join!(stopping, until_closed(waiting));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    }
}

#[tokio::test]
async fn f7_a_stopped_replica_leaves_its_sessions_to_the_others() {
    let app = TestApp::start().await;
    let other = app.replica().await;
    let person = app.person("alice").await;
    app.stop().await;
    let mut person = Browser { to: other.address, ..person };
    assert_eq!(person.get("/dashboard").await.status, 200);
}

#[tokio::test]
async fn a4_two_addresses_that_hold_every_connection_keep_nobody_waiting() {
    let app = TestApp::start().await;
    let served = serve(app::build(&app.state), Caps { total: 40, per_network: 20 }).await;
    let attackers = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    // Some say nothing, some half a request, some have had an answer.
    let hold = async |n: usize| {
        let mut stream = connect(served.address, attackers[n % 2]).await.expect("a connection");
        match n % 3 {
            0 => {}
            1 => stream.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: ").await.expect("half a head"),
            _ => assert!(is_served(&mut stream).await),
        }
        stream
    };
    let mut held = Vec::new();
    for n in 0..40 {
        held.push(hold(n).await);
    }
    for n in 0..50 {
        let asked = Instant::now();
        let mut honest = connect(served.address, HERE).await.expect("a connection");
        assert!(is_served(&mut honest).await, "visitor {n}");
        assert!(asked.elapsed() < Duration::from_secs(3), "visitor {n} waited {:?}", asked.elapsed());
        // They come back at once.
        held.push(hold(n).await);
    }
}

#[tokio::test]
async fn a4_the_fullest_network_makes_room_and_a_slow_request_is_never_dropped() {
    let app = TestApp::start().await;
    let (router, begun, finish) = with_a_slow_route();
    let served = serve(Front::before(&app.state, router), Caps { total: 10, per_network: 100 }).await;
    let crowd = Ipv4Addr::new(127, 0, 0, 2);
    let request = b"GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let in_flight = tokio::spawn(exchange(served.address, crowd, request));
    begun.notified().await;
    let mut neighbour = connect(served.address, Ipv4Addr::new(127, 0, 0, 3)).await.expect("a connection");
    assert!(is_served(&mut neighbour).await);
    let mut idle = Vec::new();
    for _ in 0..8 {
        let mut stream = connect(served.address, crowd).await.expect("a connection");
        assert!(is_served(&mut stream).await);
        idle.push(stream);
    }
    // Used again, so that the second has been idle for longest.
    assert!(is_served(&mut idle[0]).await);
    let mut visitors = Vec::new();
    for _ in 0..3 {
        let mut visitor = connect(served.address, HERE).await.expect("a connection");
        assert!(is_served(&mut visitor).await);
        visitors.push(visitor);
    }
    let mut served_again = Vec::new();
    for stream in &mut idle {
        served_again.push(is_served(stream).await);
    }
    assert_eq!(served_again, [true, false, false, false, true, true, true, true]);
    assert!(is_served(&mut neighbour).await, "one connection of another network");
    finish.notify_one();
    let answer = in_flight.await.expect("the request").expect("an answer");
    assert_eq!((answer.status, answer.body.as_str()), (200, "finished"));
}

#[tokio::test]
async fn a4_a_response_that_is_still_being_sent_is_not_cut_off() {
    let app = TestApp::start().await;
    let large = "x".repeat(16 << 20);
    let expected = large.len();
    let router = Router::new()
        .route("/large", get(move || std::future::ready(large.clone())))
        .route("/livez", get(async || r#"{"live":true}"#));
    let served = serve(Front::before(&app.state, router), Caps { total: 2, per_network: 100 }).await;
    // It asks, and does not read yet.
    let mut slow = connect(served.address, HERE).await.expect("a connection");
    slow.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("a request");
    slow.readable().await.expect("the start of an answer");
    for _ in 0..5 {
        let mut other = connect(served.address, HERE).await.expect("a connection");
        assert!(is_served(&mut other).await);
        std::mem::forget(other);
    }
    let (answer, _) = until_closed(slow).await;
    assert!(answer.len() > expected, "{} of {expected}", answer.len());
}
