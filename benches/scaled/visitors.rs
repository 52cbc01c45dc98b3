//! People who sign up and in, one after the other, whatever happens to the database meanwhile; and a
//! record of everything that they were promised.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::parts::client::{Connection, get, post};

const PASSWORD: &str = "a bench is for resting";
/// An answer later than this is none.
const PATIENCE: Duration = Duration::from_secs(15);

/// What visitors saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Names whose sign-up was acknowledged, and when.
    pub signed_up: Vec<(String, Instant)>,
    /// Session cookies that were handed out.
    pub sessions: Vec<String>,
    /// How often each status came; 0 is none at all.
    pub statuses: BTreeMap<u16, u32>,
}

impl Seen {
    pub fn add(&mut self, other: Self) {
        self.signed_up.extend(other.signed_up);
        self.sessions.extend(other.sessions);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
    }

    /// 5xx other than 503: what must not be.
    pub fn faults(&self) -> u32 {
        self.statuses.iter().filter(|(status, _)| **status >= 500 && **status != 503).map(|(_, count)| count).sum()
    }
}

/// Everybody comes from a network of their own, so that no limit is met.
fn home(lane: u8, n: u32) -> Ipv4Addr {
    let [_, _, high, low] = n.to_be_bytes();
    Ipv4Addr::new(127, 10 + lane, high, low)
}

/// Signs up and in until it is told to stop.
pub async fn come(address: SocketAddr, lane: u8, stop: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    for n in 1.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("visitor{lane}-{n}");
        let visit = tokio::time::timeout(PATIENCE, visit(address, home(lane, n), &name, &mut seen)).await;
        if !matches!(visit, Ok(Ok(()))) {
            *seen.statuses.entry(0).or_default() += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    seen
}

async fn visit(address: SocketAddr, from: Ipv4Addr, name: &str, seen: &mut Seen) -> std::io::Result<()> {
    let mut connection = Connection::open(address, from).await?;
    let page = connection.answer(&get("/register", "")).await?;
    let (Some(cookie), Some(token)) = (page.cookie("vestibule_csrf"), page.form_token()) else {
        *seen.statuses.entry(page.status).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        return Ok(());
    };
    let (cookie, email) = (format!("vestibule_csrf={cookie}"), format!("{name}@example.com"));
    let fields = [("csrf_token", token.as_str()), ("username", name), ("email", &email), ("password", PASSWORD)];
    let status = connection.ask(&post("/register", &cookie, &fields)).await?;
    *seen.statuses.entry(status).or_default() += 1;
    if status != 303 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        return Ok(());
    }
    seen.signed_up.push((name.to_owned(), Instant::now()));
    let fields = [("csrf_token", token.as_str()), ("identifier", name), ("password", PASSWORD)];
    let answer = connection.answer(&post("/login", &cookie, &fields)).await?;
    *seen.statuses.entry(answer.status).or_default() += 1;
    if let Some(session) = answer.cookie("vestibule").filter(|_| answer.status == 303) {
        seen.sessions.push(format!("vestibule={session}"));
    }
    Ok(())
}

/// How many of these sessions are live.
pub async fn live(address: SocketAddr, sessions: &[String]) -> usize {
    let mut live = 0;
    for session in sessions {
        let mut connection = Connection::open(address, Ipv4Addr::LOCALHOST).await.expect("a connection");
        let status = connection.ask(&get("/api/v1/session", session)).await.expect("an answer");
        live += usize::from(status == 200);
    }
    live
}
