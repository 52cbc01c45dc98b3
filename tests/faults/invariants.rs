//! What holds after every fault, I1 to I7 of the security rows, and the figures.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::{
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep, timeout},
};

use crate::{
    Form,
    house::{House, PASSWORD, PATIENCE, Replica, holds_within},
    load::Load,
    mailroom,
    support::smtp::Mode,
    vitals::vital,
};

/// Every account has its password and every password its account.
const HALF: &str = "select count(*) from users u full join password_credentials c on c.user_id = u.id
    where u.id is null or c.user_id is null";
const OPEN_TRANSACTIONS: &str =
    "select count(*) from pg_stat_activity where application_name = 'vestibule' and state like 'idle in transaction%'";
/// What no log line may have: a password, a statement of ours, an end of a thread.
const SECRET: [&str; 7] = [PASSWORD, "insert into ", "select ", "panicked", "verify?token", "reset?token", "$argon2"];
/// People who sign in to see whether the service is back; each may try only so often.
const CANARIES: u32 = 24;

/// What one fault cost.
#[derive(Debug, Default)]
pub struct Figures {
    pub requests: u64,
    pub acknowledged: u64,
    pub lost: usize,
    pub spent_twice: usize,
    pub recovered: Option<Duration>,
    pub rss_mib: u64,
    pub busy: u64,
    pub faults: u64,
    pub slowest: Duration,
    /// What may not be.
    pub wrong: Vec<String>,
    /// What it is good to know.
    pub said: String,
}

/// People who are needed to see whether the service works.
pub async fn canaries(house: &House) {
    people(house, "canary", CANARIES).await;
}

/// Verified people with everybody's password, made behind the service's back but for the first.
pub async fn people(house: &House, name: &str, count: u32) {
    let first = "canary";
    if house.count("select count(*) from users where username = 'canary'").await == 0 {
        let fields = [("username", first), ("email", "canary@example.com"), ("password", PASSWORD)];
        let answer = house.replicas[0].browser().submit("/register", &fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
    }
    let more = format!(
        "insert into users (id, username, email, email_canonical, email_verified_at)
        select gen_random_uuid(), '{name}' || n, '{name}' || n || '@example.com', '{name}' || n || '@example.com', now()
        from generate_series(1, {count}) n;
        insert into password_credentials (user_id, password_hash)
        select u.id, (select c.password_hash from password_credentials c join users f on f.id = c.user_id where f.username = '{first}')
        from users u where u.username ~ '^{name}[0-9]+$'"
    );
    house.execute(&more).await;
}

/// Asks both replicas whether they live, all the time; ends with what it returns.
pub struct Prober(AbortHandle);

impl Prober {
    pub fn of(house: &Arc<House>) -> Self {
        let house = Arc::clone(house);
        let probing = tokio::spawn(async move {
            loop {
                for (n, replica) in house.replicas.iter().enumerate() {
                    let pid = replica.pid.load(Ordering::Relaxed);
                    let lives = pid == 0 || replica.status("/livez").await == Some(200);
                    if !lives && replica.pid.load(Ordering::Relaxed) == pid {
                        house.note(format!("I6: replica {n} does not say that it lives"));
                    }
                }
                sleep(Duration::from_millis(150)).await;
            }
        });
        Self(probing.abort_handle())
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How long after the end of a fault both replicas let people in again.
pub async fn recovered(load: &Arc<Load>, healed: Instant) -> Option<Duration> {
    let (one, other) = tokio::join!(lets_in(load, 0, healed), lets_in(load, 1, healed));
    Some(one?.max(other?))
}

async fn lets_in(load: &Arc<Load>, replica: usize, healed: Instant) -> Option<Duration> {
    let (mut tries, mut n) = (JoinSet::new(), 0);
    while healed.elapsed() < PATIENCE {
        n += 1;
        let load = Arc::clone(load);
        tries.spawn(async move {
            let mut browser = load.browser();
            browser.to = load.house.replicas[replica].address;
            let name = format!("canary{}", n % CANARIES + 1);
            let page = browser.try_send("GET", "/login", None).await.ok()?;
            let token = page.hidden("/login", "csrf_token")?;
            let body = format!("csrf_token={token}&identifier={name}&password={}", PASSWORD.replace(' ', "+"));
            let answer = browser.try_send("POST", "/login", Some(body.as_bytes())).await.ok()?;
            let shown = browser.try_send("GET", "/dashboard", None).await.ok()?;
            ((answer.status, shown.status) == (303, 200)).then_some(())
        });
        // The next one does not wait for a try that is stuck.
        let until = Instant::now() + Duration::from_millis(250);
        while let Ok(Some(tried)) = tokio::time::timeout_at(until, tries.join_next()).await {
            if matches!(tried, Ok(Some(()))) {
                return Some(healed.elapsed());
            }
        }
        tokio::time::sleep_until(until).await;
    }
    None
}

/// After the fault: waits until the service is back, lets the load end, and looks at everything.
pub async fn settle(load: &Arc<Load>, form: Form, healed: Instant) -> Figures {
    let house = &load.house;
    house.sink.set(Mode::Accept);
    let mut figures = Figures { recovered: recovered(load, healed).await, ..Figures::default() };
    let most = form.pick(Duration::from_secs(30), Duration::from_secs(5));
    if figures.recovered.is_none_or(|after| after > most) {
        figures.wrong.push(format!("I3: back after {:?}", figures.recovered));
    }
    // Some of the load runs on sound replicas again.
    sleep(Duration::from_millis(500)).await;
    load.stop().await;
    for (n, replica) in house.replicas.iter().enumerate() {
        if !holds_within(PATIENCE, async || replica.status("/readyz").await == Some(200)).await {
            figures.wrong.push(format!("I6: replica {n} is not ready"));
        }
        let log = replica.log().await;
        if load.tally.faults.load(Ordering::Relaxed) > 0 {
            figures.wrong.extend(log.lines().filter(|line| line.contains("a request failed")).map(str::to_owned));
        }
        for secret in SECRET.iter().filter(|secret| log.contains(*secret)) {
            let line = log.lines().find(|line| line.contains(*secret));
            figures.wrong.push(format!("I5: the log has {secret:?}: {line:?}"));
        }
    }
    if !holds_within(PATIENCE, async || house.count(OPEN_TRANSACTIONS).await == 0).await {
        figures.wrong.push("I7: a transaction stays open".to_owned());
    }
    letters(load, &mut figures).await;
    written(load, &mut figures).await;
    resources(load, &mut figures).await;
    let tally = &load.tally;
    figures.requests += tally.requests.load(Ordering::Relaxed);
    figures.busy += tally.busy.load(Ordering::Relaxed);
    figures.faults += tally.faults.load(Ordering::Relaxed);
    figures.slowest = Duration::from_millis(tally.slowest_ms.load(Ordering::Relaxed));
    figures.wrong.append(&mut house.seen.lock().unwrap_or_else(PoisonError::into_inner));
    figures
}

/// Whoever was told of an account got a letter, and once.
async fn letters(load: &Load, figures: &mut Figures) {
    let house = &load.house;
    // What a killed replica held is held for long; that time passes here.
    house.execute("update outbox set due_at = now()").await;
    if !holds_within(PATIENCE, async || house.count("select count(*) from outbox").await == 0).await {
        figures.wrong.push("I7: letters wait for ever".to_owned());
    }
    let to: BTreeSet<String> =
        house.sink.received().into_iter().flat_map(|letter| letter.to).map(|to| to.to_lowercase()).collect();
    let registered: BTreeSet<String> =
        load.ledger.registered_ones().into_iter().map(|name| format!("{name}@example.com")).collect();
    figures.wrong.extend(registered.difference(&to).map(|address| format!("I7: no letter to {address}")));
    let twice = mailroom::told_twice(house, &registered);
    figures.wrong.extend(twice.into_iter().map(|what| format!("I7: told twice: {what}")));
}

/// Everything that was acknowledged is there, whole, and its trail verifies.
async fn written(load: &Load, figures: &mut Figures) {
    let house = &load.house;
    let found = load.ledger.check(house).await;
    figures.acknowledged = found.acknowledged;
    figures.lost = found.lost.len();
    figures.wrong.extend(found.lost.iter().map(|what| format!("I1: lost: {what}")));
    figures.wrong.extend(found.revived.iter().map(|what| format!("I2: {what}")));
    let half = house.count(HALF).await;
    if half > 0 {
        figures.wrong.push(format!("I1: {half} half accounts"));
    }
    // Events wait for their link for a second.
    let linked = "select count(*) from audit_pending";
    if !holds_within(PATIENCE, async || house.count(linked).await == 0).await {
        figures.wrong.push("I1: events of the audit trail are never chained".to_owned());
    }
    let (verifies, said) = house.replicas[0].run(&["audit", "verify"]).await;
    if !verifies {
        figures.wrong.push(format!("I1: the audit trail does not verify: {said}"));
    }
}

async fn resources(load: &Load, figures: &mut Figures) {
    let house = &load.house;
    figures.rss_mib = load.highest_rss();
    let base = house.vitals.base.iter().map(|base| base.rss_mib).max().unwrap_or(0);
    // Two workers of 19 MiB, and what connections cost that somebody holds open.
    if figures.rss_mib > base + 2 * 19 + 64 + load.held_mib.load(Ordering::Relaxed) {
        figures.wrong.push(format!("I4: {} MiB, and {base} after the start", figures.rss_mib));
    }
    for (replica, base) in house.replicas.iter().zip(house.vitals.base) {
        let back = async || files(replica) <= base.files + 32;
        if !holds_within(PATIENCE, back).await {
            figures.wrong.push(format!("I4: {} files, and {} after the start", files(replica), base.files));
        }
    }
}

fn files(replica: &Replica) -> usize {
    vital(replica.pid.load(Ordering::Relaxed)).map_or(0, |vital| vital.files)
}

/// Whether both replicas say in time that they are not ready.
pub async fn unready(house: &House, within: Duration) -> bool {
    let both = async {
        let away = async |n: usize| house.replicas[n].status("/readyz").await == Some(503);
        while !(away(0).await && away(1).await) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(within, both).await.is_ok()
}
