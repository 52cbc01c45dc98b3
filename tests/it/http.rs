//! HTTP/1.1 by hand: requests that are cut, smuggled, too large or too slow.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    coverage::assert_guarded,
    support::{app::TestApp, http::connect},
};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Longer than anything is allowed to take, even on a busy machine; no test waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything that comes until the server closes.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut raw = Vec::new();
    // A reset is a way to close, too.
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut raw)).await.expect("the server closes").ok();
    String::from_utf8_lossy(&raw).into_owned()
}

/// What comes back for raw octets on one connection, until the server closes it.
async fn sent(app: &TestApp, raw: &[u8]) -> String {
    let mut stream = connect(app.address, HERE).await.expect("a connection");
    stream.write_all(raw).await.ok();
    until_closed(&mut stream).await
}

fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect()
}

#[tokio::test]
async fn asvs_4_1_4_other_methods_are_refused_and_no_header_overrides_one() {
    let app = TestApp::start().await;
    for path in ["/login", "/dashboard", "/logout", "/", "/api/v1/session", "/livez"] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE", "CONNECT", "BREW", "get"] {
            let answer = app.browser().send(method, path, None).await;
            let what = format!("{method} {path}");
            assert!(answer.status == 405 || method == "CONNECT" && answer.status == 400, "{what}: {answer:?}");
            if answer.status == 405 {
                assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{what}: {answer:?}");
                assert_guarded(&answer, &what);
            }
            assert!(!answer.body.contains("Connection: close"), "nothing is echoed: {answer:?}");
        }
        for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
            let answer = app.browser().with(name, "DELETE").get(path).await;
            assert_ne!(answer.status, 405, "{name} {path}");
        }
    }
    let authority =
        sent(&app, b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").await;
    assert_eq!(statuses(&authority), ["405"], "{authority}");
    assert_eq!(app.browser().send("POST", "/dashboard", Some(b"")).await.header("allow"), Some("GET,HEAD"));
}

#[tokio::test]
async fn asvs_3_4_2_no_other_origin_may_read_an_answer() {
    let app = TestApp::start().await;
    let person = app.person("alice").await.with("Origin", "https://evil.example");
    for path in ["/api/v1/session", "/dashboard", "/livez"] {
        let preflight = person.clone().with("Access-Control-Request-Method", "GET").send("OPTIONS", path, None).await;
        for answer in [person.clone().get(path).await, preflight] {
            assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control-")), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn asvs_4_2_1_a_request_of_doubtful_length_is_refused_and_leaks_into_no_other() {
    let app = TestApp::start().await;
    let smuggled = "GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = |headers: &str, body: &str| format!("POST /login HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n{body}");
    for (what, request) in [
        (
            "length and chunked",
            post("Content-Length: 5\r\nTransfer-Encoding: chunked", &format!("0\r\n\r\n{smuggled}")),
        ),
        (
            "chunked and length",
            post("Transfer-Encoding: chunked\r\nContent-Length: 5", &format!("0\r\n\r\n{smuggled}")),
        ),
        ("two lengths", post("Content-Length: 0\r\nContent-Length: 38", smuggled)),
        ("two lengths in one", post("Content-Length: 0, 38", smuggled)),
        ("a signed length", post("Content-Length: +0", smuggled)),
        ("a length in hex", post("Content-Length: 0x0", smuggled)),
        ("a negative length", post("Content-Length: -1", smuggled)),
        ("an endless length", post("Content-Length: 99999999999999999999999999", smuggled)),
        ("chunked, identity", post("Transfer-Encoding: chunked, identity", &format!("0\r\n\r\n{smuggled}"))),
        ("an unknown coding", post("Transfer-Encoding: xchunked", &format!("0\r\n\r\n{smuggled}"))),
        ("a space before the colon", post("Content-Length : 0", smuggled)),
        ("a folded field", post("X-A: b\r\n Content-Length: 38", smuggled)),
        ("a field without a colon", post("Content-Length 0", smuggled)),
        ("a NUL in a field", post("X-A: b\0c", smuggled)),
        ("a bare CR in a field", post("X-A: b\rContent-Length: 38", smuggled)),
        ("a broken chunk", post("Transfer-Encoding: chunked", &format!("zz\r\n{smuggled}"))),
        ("a chunk that overflows", post("Transfer-Encoding: chunked", &format!("fffffffffffffffff\r\n{smuggled}"))),
        ("no version", format!("GET /login\r\n\r\n{smuggled}")),
        ("another version", format!("GET /login HTTP/3.0\r\nHost: a\r\n\r\n{smuggled}")),
        ("a space too many", format!("GET  /login HTTP/1.1\r\nHost: a\r\n\r\n{smuggled}")),
        ("HTTP/2", format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{smuggled}")),
        ("TLS", format!("\u{16}\u{3}\u{1}\u{2}\r\n\r\n{smuggled}")),
    ] {
        let answers = sent(&app, request.as_bytes()).await;
        let statuses = statuses(&answers);
        assert!(statuses.len() <= 1, "{what}: {answers}");
        assert!(statuses.iter().all(|status| status.starts_with('4')), "{what}: {answers}");
        assert!(!answers.contains("Disallow"), "{what}: the second request was answered: {answers}");
    }
}

#[tokio::test]
async fn asvs_4_2_1_a_refused_form_does_not_become_the_next_request() {
    let app = TestApp::start().await;
    // The length is honest, the form is refused before it is read, and its body is a request.
    for (headers, body) in [
        ("Content-Type: text/plain", "GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        ("Origin: https://evil.example", "GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000)),
    ] {
        let length = body.len();
        let request = format!(
            "POST /login HTTP/1.1\r\nHost: a\r\n{headers}\r\nContent-Length: {length}\r\n\r\n{body}\
             GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        );
        let answers = sent(&app, request.as_bytes()).await;
        assert!(!answers.contains("Disallow"), "{answers}");
        assert!(matches!(statuses(&answers)[..], ["415" | "403"] | ["415" | "403", "200"]), "{answers}");
    }
    // One connection, two people: nothing of the first stays for the second.
    let person = app.person("alice").await;
    let first = String::from_utf8(person.request("GET", "/api/v1/session", None))
        .expect("text")
        .replace("Connection: close\r\n", "");
    let second = "GET /api/v1/session HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answers = sent(&app, format!("{first}{second}").as_bytes()).await;
    assert_eq!(statuses(&answers), ["200", "401"], "{answers}");
}

#[tokio::test]
async fn a_bare_line_feed_and_a_missing_host_do_no_harm() {
    let app = TestApp::start().await;
    let answers = sent(&app, b"GET /livez HTTP/1.1\nHost: a\nConnection: close\n\n").await;
    assert!(matches!(statuses(&answers)[..], ["200" | "400"]), "{answers}");
    let answers = sent(&app, b"GET /login HTTP/1.0\r\n\r\n").await;
    assert!(matches!(statuses(&answers)[..], [] | ["200" | "400"]), "{answers}");
}

#[tokio::test]
async fn f17_too_many_or_too_large_headers_are_refused_at_once() {
    let app = TestApp::start().await;
    let lines = |count: usize, line: &str| line.repeat(count);
    for (what, headers) in [
        ("101 fields", lines(100, "X-A: b\r\n")),
        ("a field of 100 kB", format!("X-A: {}\r\n", "a".repeat(100_000))),
        ("a cookie of 64 kB", format!("Cookie: vestibule={}\r\n", "a".repeat(65_536))),
        ("200 cookies", lines(200, "Cookie: a=b\r\n")),
        ("a name of 70 kB", format!("{}: a\r\n", "X".repeat(70_000))),
    ] {
        let request = format!("GET /login HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        let answers = sent(&app, request.as_bytes()).await;
        // The answer may be lost when the server closes before it has read everything.
        assert!(matches!(statuses(&answers)[..], [] | ["431" | "400"]), "{what}: {answers}");
    }
    let target = sent(&app, format!("GET /login?{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(100_000)).as_bytes()).await;
    assert!(matches!(statuses(&target)[..], [] | ["414" | "431" | "400"]), "{target}");
    // A head without an end: the server stops reading long before the sender stops sending.
    let mut stream = connect(app.address, HERE).await.expect("a connection");
    stream.write_all(b"GET /login HTTP/1.1\r\nHost: a\r\n").await.expect("the start");
    let endless = async {
        let mut octets: u64 = 0;
        while stream.write_all(b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await.is_ok() {
            octets += 62;
        }
        octets
    };
    let octets = tokio::time::timeout(PATIENCE, endless).await.expect("it is cut off");
    assert!(octets < 50_000_000, "{octets} octets were taken");
    assert_eq!(app.browser().get("/livez").await.status, 200);
}

#[tokio::test]
async fn f19_a_form_that_is_too_large_is_refused_before_it_arrives() {
    let app = TestApp::start().await;
    for length in ["1000000", "1000000000000", "18446744073709551615"] {
        let mut stream = connect(app.address, HERE).await.expect("a connection");
        let head = format!(
            "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("the head");
        let mut start = [0; 12];
        let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut start)).await;
        read.expect("an answer without a body").unwrap_or_else(|error| panic!("{length}: {error}"));
        let refused = matches!(&start, b"HTTP/1.1 413" | b"HTTP/1.1 400" | b"HTTP/1.1 431");
        assert!(refused, "{length}: {}", String::from_utf8_lossy(&start));
    }
    // In chunks no length is announced: the limit is met as they come.
    let mut stream = connect(app.address, HERE).await.expect("a connection");
    let head = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("the head");
    let chunk = format!("400\r\n{}\r\n", "a".repeat(1024));
    for _ in 0..40 {
        stream.write_all(chunk.as_bytes()).await.ok();
    }
    let mut start = [0; 12];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut start)).await.expect("an answer").expect("a status");
    assert_eq!(&start, b"HTTP/1.1 413");
}
