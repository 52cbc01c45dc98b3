//! The service and the reader of its log: a pipe that is closed, full, slow or non-blocking costs lines, never a request.

use std::{
    fs::File,
    io::{PipeReader, PipeWriter, Read as _},
    os::fd::OwnedFd,
};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::support::{
    cluster::{TestDatabase, fresh_database},
    process::{Program, Service, free_address},
};

/// More than a pipe holds (64 KiB), in lines of answered forms; those of refused ones are sampled.
const FORMS: usize = 400;

fn program(database: &TestDatabase) -> Program {
    let mut program = Program::new(&[("DATABASE_URL", &database.url)]);
    program.set("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789");
    program.set("VESTIBULE_METRICS_LISTEN", free_address().to_string());
    program
}

async fn ready(service: &Service) {
    crate::mail::until("the service is ready", async || service.is_ready().await).await;
}

/// Reads until a text has come.
async fn read_until(mut log: PipeReader, text: &'static str) -> (PipeReader, String) {
    let reading = tokio::task::spawn_blocking(move || {
        let mut read = Vec::new();
        let mut some = [0; 4096];
        while !String::from_utf8_lossy(&read).contains(text) {
            let length = log.read(&mut some).expect("a pipe");
            assert!(length > 0, "the log ended before {text}");
            read.extend_from_slice(&some[..length]);
        }
        (log, String::from_utf8_lossy(&read).into_owned())
    });
    reading.await.expect("text")
}

/// Signs up, switches the language many times, and looks at other pages.
async fn use_it(service: &Service) {
    let mut browser = service.browser();
    let fields = [("username", "minji"), ("email", "minji@example.com"), ("password", "correct-horse-violin-7391")];
    assert_eq!(browser.submit("/register", &fields).await.status, 303);
    let token = browser.csrf_token_of("/login").await;
    for _ in 0..FORMS {
        assert_eq!(browser.post("/language", &[("csrf_token", &token), ("language", "en")]).await.status, 303);
    }
    assert_eq!(browser.get("/livez").await.status, 200);
    assert_eq!(browser.get("/readyz").await.status, 200);
}

async fn lost(metrics: std::net::SocketAddr) -> u64 {
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = crate::support::http::exchange(metrics, std::net::Ipv4Addr::LOCALHOST, request.as_bytes()).await;
    let body = answer.expect("metrics").body;
    let line = body.lines().find_map(|line| line.strip_prefix("vestibule_log_lines_lost_total "));
    line.expect("the metric").parse().expect("a number")
}

async fn stops(service: Service, what: &str) {
    let (status, took) = service.terminate().await;
    assert_eq!(status.code(), Some(0), "{what}");
    assert!(took.as_secs() < 12, "{what}: {took:?}");
}

fn non_blocking(pipe: &PipeWriter) {
    let flags = fcntl_getfl(pipe).expect("flags");
    fcntl_setfl(pipe, flags | OFlags::NONBLOCK).expect("flags");
}

#[tokio::test]
async fn field_13_a_closed_log_costs_lines_which_are_counted_and_no_request() {
    let database = fresh_database().await;
    let mut program = program(&database);
    let metrics = program.setting("VESTIBULE_METRICS_LISTEN").parse().expect("an address");
    let (log, end) = std::io::pipe().expect("a pipe");
    let service = program.start_to(free_address(), OwnedFd::from(end));
    // As long as somebody reads, the link for the first administrator comes out.
    let (log, text) = read_until(log, "/setup?token=").await;
    assert!(text.contains("create the first administrator"), "{text}");
    ready(&service).await;
    assert_eq!(lost(metrics).await, 0);
    drop(log);
    use_it(&service).await;
    crate::mail::until("lost lines are counted", async || lost(metrics).await >= FORMS as u64).await;
    stops(service, "closed").await;
}

#[tokio::test]
async fn field_13_a_log_that_was_closed_before_the_start_is_no_matter_and_a_stop_exits_with_0() {
    let database = fresh_database().await;
    let (log, end) = std::io::pipe().expect("a pipe");
    drop(log);
    let service = program(&database).start_to(free_address(), OwnedFd::from(end));
    ready(&service).await;
    use_it(&service).await;
    stops(service, "closed from the beginning").await;
    // A disk that is full is another error.
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let service = program(&database).start_to(free_address(), full);
    ready(&service).await;
    use_it_again(&service).await;
    stops(service, "a full disk").await;
}

async fn use_it_again(service: &Service) {
    assert_eq!(service.browser().post("/login", &[("csrf_token", "wrong")]).await.status, 403);
    assert_eq!(service.browser().get("/livez").await.status, 200);
}

/// A service that is used while nobody reads its log.
async fn used_unread(is_non_blocking: bool) -> (Service, PipeReader) {
    let database = fresh_database().await;
    let (log, end) = std::io::pipe().expect("a pipe");
    if is_non_blocking {
        non_blocking(&end);
    }
    let service = program(&database).start_to(free_address(), OwnedFd::from(end));
    ready(&service).await;
    use_it(&service).await;
    (service, log)
}

#[tokio::test]
async fn field_14_an_unread_log_holds_up_nothing_and_comes_out_whole_when_somebody_reads() {
    for is_non_blocking in [false, true] {
        let (service, log) = used_unread(is_non_blocking).await;
        let (log, _) = read_until(log, "/setup?token=").await;
        use_it_again(&service).await;
        let rest = tokio::task::spawn_blocking(move || std::io::read_to_string(log).expect("text"));
        stops(service, "read late").await;
        let rest = rest.await.expect("the log");
        let forms = rest.matches("\"route\":\"/language\"").count();
        assert!(forms >= FORMS / 2 && rest.contains("csrf_refused"), "{forms}: {rest}");
        // The first line may be the end of one that was read before.
        for line in rest.lines().skip(1) {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        assert!(rest.lines().last().is_some_and(|line| line.contains("\"stopped\"")), "{rest}");
    }
}

#[tokio::test]
async fn field_14_a_stop_does_not_wait_for_a_reader_that_is_stuck() {
    for is_non_blocking in [false, true] {
        let (service, log) = used_unread(is_non_blocking).await;
        stops(service, "stuck").await;
        drop(log);
    }
}

#[tokio::test]
async fn field_13_a_start_that_fails_says_why_to_whoever_reads_and_ends_for_whoever_does_not() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("the port");
    let mut program = Program::new(&[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")]);
    let (mut log, end) = std::io::pipe().expect("a pipe");
    let service = program.start_to(address, OwnedFd::from(end));
    assert_eq!(service.ended().await.code(), Some(1));
    let mut text = String::new();
    log.read_to_string(&mut text).expect("text");
    assert!(text.contains("vestibule: cannot listen on"), "{text}");
    let (log, end) = std::io::pipe().expect("a pipe");
    drop(log);
    assert_eq!(program.start_to(address, OwnedFd::from(end)).ended().await.code(), Some(1));
}
