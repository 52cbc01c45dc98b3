//! What no browser sends, over raw sockets at the real program.

use std::{
    net::Ipv4Addr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout},
};

use super::processes::empty;
use crate::{
    Form,
    house::{House, PASSWORD, PATIENCE},
    invariants::{Figures, settle},
    postgres::Postgres,
    support::http::connect,
    vitals::{processor_time, vital},
};

const FORM: &str = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";

/// Sends octets and tells the status that came; 0 for a connection that was closed without one.
async fn status(house: &House, n: usize, request: &[u8]) -> u16 {
    let from = Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(127, 180, 0, 1)) + u32::try_from(n).expect("few"));
    let Ok(mut stream) = connect(house.replicas[n % 2].address, from).await else { return 0 };
    // The answer may come before everything was taken; its first line is all that is waited for.
    let (mut read, mut write) = stream.split();
    let mut answer = [0; 12];
    let talk = async {
        let sent = async {
            write.write_all(request).await.ok();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = sent => false,
            read = read.read_exact(&mut answer) => read.is_ok(),
        }
    };
    match timeout(PATIENCE, talk).await {
        Ok(true) => String::from_utf8_lossy(&answer[9..]).parse().unwrap_or(0),
        Ok(false) => 0,
        Err(_) => u16::MAX,
    }
}

/// Heads that are too long, too many, without end, or no HTTP at all.
fn heads() -> Vec<(&'static str, Vec<u8>)> {
    let get = "GET /login HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let many = |count: usize| (0..count).map(|n| format!("x-{n}: a\r\n")).collect::<Vec<_>>().concat();
    let cookies = |count: usize| (0..count).map(|n| format!("c{n}=a; ")).collect::<Vec<_>>().concat();
    vec![
        ("101 fields", format!("{get}{}\r\n", many(101)).into_bytes()),
        ("a field of 100 kB", format!("{get}X: {}\r\n\r\n", "a".repeat(100_000)).into_bytes()),
        ("a cookie of 64 kB", format!("{get}Cookie: vestibule={}\r\n\r\n", "a".repeat(65_536)).into_bytes()),
        ("a cookie of 20 kB", format!("{get}Cookie: vestibule={}\r\n\r\n", "a".repeat(20_000)).into_bytes()),
        ("200 cookies", format!("{get}Cookie: {}\r\n\r\n", cookies(200)).into_bytes()),
        ("a head without end", format!("{get}{}", many(5_000)).into_bytes()),
        ("a target of 60 kB", format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(60_000)).into_bytes()),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(40)),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        ("zeros", vec![0; 4096]),
    ]
}

/// Bodies that are too large, that lie about their length, or that are no text.
fn bodies(token: &str) -> Vec<(&'static str, Vec<u8>)> {
    let sized = |body: &[u8]| {
        let head = format!("{FORM}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let field = |text: &str| {
        sized(format!("csrf_token={token}&identifier=x{text}&password={}{text}", PASSWORD.replace(' ', "+")).as_bytes())
    };
    let mut chunked = format!("{FORM}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    chunked.extend(b"1000\r\n".iter().chain(&[b'a'; 0x1000]).chain(b"\r\n").copied().collect::<Vec<_>>().repeat(200));
    let fields: Vec<_> = (0..10_000).map(|n| format!("f{n}=")).collect();
    let mut all = vec![
        ("a megabyte", sized(&vec![b'a'; 1_000_000])),
        ("10,000 fields", sized(fields.join("&").as_bytes())),
        ("10^12 octets", format!("{FORM}Content-Length: 1000000000000\r\n\r\na=b").into_bytes()),
        ("two lengths", format!("{FORM}Content-Length: 3\r\nContent-Length: 5\r\n\r\na=b").into_bytes()),
        (
            "length and chunks",
            format!("{FORM}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").into_bytes(),
        ),
        ("chunks without end", chunked),
        ("a gzip bomb", format!("{FORM}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\na=b").into_bytes()),
    ];
    for broken in ["%00", "%FF", "%ED%A0%80", "%C0%AF", "%F4%90%80%80", "%E2%82", "%", "%zz", "%u0041"] {
        all.push(("text that is none", field(broken)));
    }
    for raw in [&b"\xff"[..], b"\0", b"\xed\xa0\x80", b"\r\n\r\nX: y"] {
        let body = [format!("csrf_token={token}&identifier=").as_bytes(), raw].concat();
        all.push(("octets that are no text", sized(&body)));
    }
    all
}

/// F17, F19, F20, F21 in one: each many times at once, refused early, and nobody pays for it.
pub async fn f17_f19_f20_f21_hostile_input(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    let token = load.browser().csrf_token("/login").await;
    let cases: Vec<_> = heads().into_iter().chain(bodies(&token)).collect();
    let (times, mut sent, mut slowest) = (form.pick(2, 40), 0_u32, Duration::ZERO);
    let pids = house.replicas.each_ref().map(|replica| replica.pid.load(Ordering::Relaxed));
    let used = |before: Duration| pids.map(processor_time).iter().sum::<Duration>().saturating_sub(before);
    let (before, memory) = (used(Duration::ZERO), vital(pids[0]).unwrap_or_default().rss_mib);
    for (what, request) in &cases {
        let mut running = tokio::task::JoinSet::new();
        for n in 0..times {
            let (house, request) = (Arc::clone(&load.house), request.clone());
            running.spawn(async move {
                let asked = Instant::now();
                (status(&house, n, &request).await, asked.elapsed())
            });
        }
        for (status, took) in running.join_all().await {
            sent += 1;
            slowest = slowest.max(took);
            if status >= 500 {
                house.note(format!("{what}: {status}"));
            }
        }
    }
    let each = used(before).as_secs_f64() * 1000.0 / f64::from(sent.max(1));
    let grown = vital(pids[0]).unwrap_or_default().rss_mib.saturating_sub(memory);
    if house.count("select count(*) from users where username !~ '^canary[0-9]*$'").await > 0 {
        house.note("something hostile was stored");
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.requests += u64::from(sent);
    figures.said = format!("{} kinds × {times}; {each:.1} ms of processor time each, {grown} MiB more", cases.len());
    figures.slowest = figures.slowest.max(slowest);
    if form == Form::Full && each > 50.0 {
        figures.wrong.push(figures.said.clone());
    }
    figures
}
