//! A steady load: people who sign up, verify, sign in, look, change and sign out at either replica, and write down
//! whatever they were told.

use std::{
    io::ErrorKind,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use url::form_urlencoded;

use crate::{
    house::{House, PASSWORD, PATIENCE, Replica},
    ledger::{Ended, Ledger},
    mailroom::Mailroom,
    support::{browser::Browser, http::Answer},
    vitals::Sampler,
};

/// How soon every replica has heard that a session ended.
const HEARD_WITHIN: Duration = Duration::from_millis(250);
/// Words of our own workshop that no visitor may read.
const INSIDE: [&str; 6] = ["sqlx", "panicked", "postgres", "tower_sessions", "src/", "select "];

/// How the answers were.
#[derive(Debug, Default)]
pub struct Tally {
    pub requests: AtomicU64,
    pub busy: AtomicU64,
    pub faults: AtomicU64,
    pub unanswered: AtomicU64,
    pub slowest_ms: AtomicU64,
}

/// The load and what it wrote down.
pub struct Load {
    pub house: Arc<House>,
    pub ledger: Ledger,
    pub tally: Tally,
    pub mailroom: Mailroom,
    /// Whether a connection may end without an answer, as at a replica that has no files left.
    pub may_be_cut: AtomicBool,
    /// Memory that a fault may take beyond what every fault may.
    pub held_mib: AtomicU64,
    stop: AtomicBool,
    next: AtomicU32,
    workers: tokio::sync::Mutex<JoinSet<()>>,
    sampler: Sampler,
}

impl Load {
    /// Nobody yet.
    pub fn idle(house: &Arc<House>) -> Arc<Self> {
        // Not the house itself: the thread that samples must not keep it, and its processes, beyond the end.
        let pids = [0, 1].map(|n: usize| Arc::clone(&house.replicas[n].pid));
        let pids = move || pids.each_ref().map(|pid| pid.load(Ordering::Relaxed));
        Arc::new(Self {
            house: Arc::clone(house),
            ledger: Ledger::default(),
            tally: Tally::default(),
            mailroom: Mailroom::of(house),
            may_be_cut: AtomicBool::new(false),
            held_mib: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            next: AtomicU32::new(0),
            workers: tokio::sync::Mutex::default(),
            sampler: Sampler::start(pids),
        })
    }

    /// So many people at a time; returns once each of them has been in.
    pub async fn start(house: &Arc<House>, workers: u32) -> Arc<Self> {
        let load = Self::idle(house);
        for worker in 0..workers {
            let mine = Arc::clone(&load);
            load.workers.lock().await.spawn(async move {
                let mut n = 0;
                while !mine.stop.load(Ordering::Relaxed) {
                    mine.person(&format!("w{worker}-{n}")).await;
                    n += 1;
                }
            });
        }
        let started = Instant::now();
        while load.ledger.registered_ones().len() < workers as usize {
            assert!(started.elapsed() < PATIENCE, "the load does not begin");
            sleep(Duration::from_millis(20)).await;
        }
        load
    }

    /// Lets everybody finish what they are at.
    pub async fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut workers = self.workers.lock().await;
        let ended = timeout(PATIENCE, async {
            while let Some(ended) = workers.join_next().await {
                if let Err(error) = ended {
                    self.house.note(format!("a worker failed: {error}"));
                }
            }
        });
        if ended.await.is_err() {
            self.house.note("a request was never answered");
        }
    }

    pub fn highest_rss(&self) -> u64 {
        self.sampler.highest()
    }

    /// A browser at an address that nobody had before, at the replica whose turn it is.
    pub fn browser(&self) -> Browser {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let from = Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(127, 100, 0, 1)) + n);
        self.house.replicas[n as usize % 2].browser().at(from)
    }

    /// One exchange at whichever replica runs; none when it ended without an answer.
    pub async fn send(&self, browser: &mut Browser, path: &str, body: Option<&[u8]>) -> Option<Answer> {
        let method = if body.is_some() { "POST" } else { "GET" };
        let mut replica = self.turn()?;
        browser.to = replica.address;
        let (mut pid, asked) = (replica.pid.load(Ordering::Relaxed), Instant::now());
        let mut answer = browser.try_send(method, path, body).await;
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            // Nothing was said yet: a balancer goes to the other one.
            replica = self.turn()?;
            browser.to = replica.address;
            pid = replica.pid.load(Ordering::Relaxed);
            answer = browser.try_send(method, path, body).await;
        }
        self.tally.requests.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.tally.slowest_ms.fetch_max(took, Ordering::Relaxed);
        match answer {
            Ok(answer) => {
                self.judge(method, path, &answer);
                Some(answer)
            }
            Err(error) => {
                self.tally.unanswered.fetch_add(1, Ordering::Relaxed);
                let same =
                    replica.is_meant_to_run.load(Ordering::Relaxed) && replica.pid.load(Ordering::Relaxed) == pid;
                if same && !self.may_be_cut.load(Ordering::Relaxed) {
                    self.house.note(format!("{method} {path} had no answer after {took} ms: {error}"));
                }
                None
            }
        }
    }

    /// The replica whose turn it is, of those that run.
    fn turn(&self) -> Option<&Replica> {
        let n = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        let replicas = &self.house.replicas;
        let in_turn = [&replicas[n % 2], &replicas[(n + 1) % 2]];
        in_turn.into_iter().find(|replica| replica.is_meant_to_run.load(Ordering::Relaxed))
    }

    /// What holds for every answer there is.
    fn judge(&self, method: &str, path: &str, answer: &Answer) {
        if answer.status == 503 {
            self.tally.busy.fetch_add(1, Ordering::Relaxed);
            if answer.header("retry-after").is_none() && path != "/readyz" {
                self.house.note(format!("{method} {path}: 503 without Retry-After"));
            }
        } else if answer.status >= 500 {
            self.tally.faults.fetch_add(1, Ordering::Relaxed);
            self.house.note(format!("{method} {path}: {}", answer.status));
        }
        if answer.status >= 400
            && let Some(word) = INSIDE.iter().find(|word| answer.body.contains(*word))
        {
            self.house.note(format!("{method} {path}: {} tells of {word:?}", answer.status));
        }
    }

    /// Visits a page, fills its form and sends it; the answer that there was in the end.
    pub async fn submit(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        let page = self.send(browser, path, None).await?;
        if page.status != 200 {
            return Some(page);
        }
        let Some(token) = page.hidden(path, "csrf_token") else {
            self.house.note(format!("no form at {path}: {}", page.body));
            return None;
        };
        let fields = [("csrf_token", token.as_str())].into_iter().chain(fields.iter().copied());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(browser, path, Some(body.as_bytes())).await
    }

    /// Whether it was done; what is neither done nor busy is noted.
    fn done(&self, what: &str, answer: Option<&Answer>) -> bool {
        match answer.map(|answer| answer.status) {
            Some(303) => true,
            None | Some(500..=599) => false,
            Some(status) => {
                self.house.note(format!("{what}: {status}, {:?}", answer.and_then(|answer| answer.header("location"))));
                false
            }
        }
    }

    /// One person's visit, from signing up to signing out.
    async fn person(&self, name: &str) {
        let mut first = self.browser();
        let email = format!("{name}@example.com");
        let fields = [("username", name), ("email", &email), ("password", PASSWORD)];
        let answer = self.submit(&mut first, "/register", &fields).await;
        if !self.done("sign up", answer.as_ref()) {
            // Not a busy loop while nobody answers.
            return sleep(Duration::from_millis(100)).await;
        }
        self.ledger.registered(name);
        if !self.verify(name, &email, &mut first).await {
            return;
        }
        let mut browser = self.browser();
        if !self.sign_in(name, &mut browser).await {
            return;
        }
        for path in ["/dashboard", "/account/activity"] {
            self.look(name, &mut browser, path).await;
            sleep(Duration::from_millis(20)).await;
        }
        self.rename(name, &mut browser).await;
        // Every third stays signed in.
        if !name.ends_with(['0', '3', '6', '9']) {
            self.sign_out(name, &mut browser).await;
        }
    }

    /// Waits for the letter, and presses its button in the browser of the sign-up.
    async fn verify(&self, name: &str, email: &str, browser: &mut Browser) -> bool {
        let asked = Instant::now();
        let secret = loop {
            if let Some(secret) = self.mailroom.secret(email, "/verify") {
                break secret;
            }
            // A letter may be long on its way while the database or the mail server is away.
            if asked.elapsed() > Duration::from_secs(4) || self.stop.load(Ordering::Relaxed) {
                return false;
            }
            sleep(Duration::from_millis(50)).await;
        };
        let carried = self.send(browser, &format!("/verify?token={secret}"), None).await;
        if !self.done("open a letter's link", carried.as_ref()) {
            return false;
        }
        let answer = self.submit(browser, "/verify", &[("link", &secret)]).await;
        if !self.done("verify", answer.as_ref()) {
            return false;
        }
        self.ledger.verified(name);
        self.ledger.signed_in(name, browser);
        true
    }

    pub async fn sign_in(&self, name: &str, browser: &mut Browser) -> bool {
        let answer = self.submit(browser, "/login", &[("identifier", name), ("password", PASSWORD)]).await;
        let done = self.done(&format!("{name} signs in"), answer.as_ref());
        if done {
            self.ledger.signed_in(name, browser);
        }
        done
    }

    /// A page behind the session: shown, or unavailable, and never a way out.
    async fn look(&self, name: &str, browser: &mut Browser, path: &str) {
        let answer = self.send(browser, path, None).await;
        if let Some(answer) = answer.filter(|answer| answer.status != 200 && answer.status < 500) {
            self.house.note(format!("{name} at {path}: {} {:?}", answer.status, answer.header("location")));
        }
    }

    async fn rename(&self, name: &str, browser: &mut Browser) {
        let wanted = format!("Called {name}");
        let answer = self.submit(browser, "/account/profile", &[("display_name", &wanted), ("language", "")]).await;
        let done = self.done("rename", answer.as_ref());
        self.ledger.named(name, &wanted, done);
    }

    async fn sign_out(&self, name: &str, browser: &mut Browser) {
        let cookies = browser.clone();
        let answer = self.submit(browser, "/logout", &[]).await;
        let done = self.done("sign out", answer.as_ref());
        self.ledger.signed_out(name, &cookies, if done { Ended::Yes } else { Ended::Perhaps });
        if !done {
            return;
        }
        let (ended, ended_by) = (Instant::now(), browser.to);
        let mut replayed = cookies;
        loop {
            let asked_after = ended.elapsed();
            let answer = self.send(&mut replayed, "/api/v1/session", None).await;
            if answer.is_none_or(|answer| answer.status != 200) {
                return;
            }
            // The other replica hears of it a round trip later, and believes nothing for longer than its lease.
            if replayed.to == ended_by || asked_after > HEARD_WITHIN {
                self.house.note(format!("{name} is signed in {asked_after:?} after signing out"));
                return;
            }
        }
    }
}
