//! Replicas are killed, stopped, started at once, given other keys and other clocks.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::database::at_work;
use crate::{
    Form,
    house::{House, KEY, PASSWORD, PATIENCE, Replica, holds_within, program},
    invariants::{Figures, recovered, settle},
    load::Load,
    postgres::Postgres,
    support::{browser::Browser, process::free_address, smtp::Sink},
};

/// A replica dies in the middle of sign-ups, again and again: each is whole or absent, and can be tried again.
pub async fn f6_kill_9_mid_sign_up(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    let (rounds, mut there, mut slowest) = (form.pick(3, 50_u64), 0, Duration::ZERO);
    for round in 0..rounds {
        let victim = usize::try_from(round % 2).expect("zero or one");
        let mut clients = JoinSet::new();
        for n in 0..4 {
            let mut browser = load.browser();
            browser.to = house.replicas[victim].address;
            let token = browser.csrf_token("/register").await;
            clients.spawn(sign_up(browser, token, format!("k{round}-{n}")));
        }
        // From before the request was read to after it was answered.
        sleep(Duration::from_millis(round * form.pick(137, 37) % form.pick(300, 91))).await;
        house.replicas[victim].kill().await;
        let killed = Instant::now();
        let told = clients.join_all().await;
        for (name, acknowledged) in told {
            if acknowledged {
                load.ledger.registered(&name);
            }
            there += again(&load, &name, acknowledged).await;
        }
        house.replicas[victim].start().await;
        slowest = slowest.max(killed.elapsed());
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.said = format!("{rounds} kills; {there} of {} sign-ups were whole by then, the rest absent", rounds * 4);
    figures
}

async fn sign_up(mut browser: Browser, token: String, name: String) -> (String, bool) {
    let password = PASSWORD.replace(' ', "+");
    let body = format!("csrf_token={token}&username={name}&email={name}%40example.com&password={password}");
    let answer = browser.try_send("POST", "/register", Some(body.as_bytes())).await;
    (name, answer.is_ok_and(|answer| answer.status == 303))
}

/// The same sign-up once more, at whoever is left; tells whether the first had been whole.
async fn again(load: &Load, name: &str, acknowledged: bool) -> u64 {
    let mut browser = load.browser();
    let email = format!("{name}@example.com");
    let fields = [("username", name), ("email", &email), ("password", PASSWORD)];
    let status = load.submit(&mut browser, "/register", &fields).await.map(|answer| answer.status);
    let wanted: &[u16] = if acknowledged { &[422] } else { &[303, 422] };
    match status {
        Some(status) if wanted.contains(&status) => load.ledger.registered(name),
        other => load.house.note(format!("{name} signs up again: {other:?}")),
    }
    // Its address is not verified, so that no page tells of the session.
    let answer = load.submit(&mut load.browser(), "/login", &[("identifier", name), ("password", PASSWORD)]).await;
    if answer.as_ref().is_none_or(|answer| answer.status != 303) {
        load.house.note(format!("{name} cannot sign in: {answer:?}"));
    }
    u64::from(status == Some(422))
}

/// Connections that say nothing, rest, or never finish their head.
async fn silent(replica: &Replica, half_heads: bool) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    let halves = ["", "", "", "", "", "GET /login HT", "GET /login HTTP/1.1\r\nHost: x\r\nX-Slow: ye"];
    for half in &halves[..if half_heads { 7 } else { 5 }] {
        let mut stream = TcpStream::connect(replica.address).await.expect("a connection");
        stream.write_all(half.as_bytes()).await.expect("half a head");
        silent.push(stream);
    }
    silent
}

/// One replica after the other is stopped and started under load, as an upgrade does it; nobody notices.
pub async fn f7_sigterm_in_flight(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    let mut slowest = Duration::ZERO;
    for round in 0..form.pick(1, 4) {
        let replica = &house.replicas[round % 2];
        // A head that never ends is waited for; that takes eight seconds.
        let silent = silent(replica, form == Form::Full).await;
        let took = replica.stop().await;
        slowest = slowest.max(took);
        drop(silent);
        replica.start().await;
        sleep(Duration::from_millis(500)).await;
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.said = format!("stopped within {:.1} s; {} requests cut", slowest.as_secs_f64(), unanswered(&load));
    if slowest > form.pick(Duration::from_secs(30), Duration::from_millis(10_500)) {
        figures.wrong.push(format!("a stop took {slowest:?}"));
    }
    if unanswered(&load) > 0 {
        figures.wrong.push("a stop cut requests".to_owned());
    }
    figures
}

fn unanswered(load: &Load) -> u64 {
    load.tally.unanswered.load(std::sync::atomic::Ordering::Relaxed)
}

/// Four replicas start at once on an empty database, and one of them is killed at some moment of it.
pub async fn f12_four_replicas_migrate_at_once(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (sink, mut figures, mut slowest) = (Sink::start().await, Figures::default(), Duration::ZERO);
    for round in 0..form.pick(1, 10_u64) {
        let database = format!("crowd{round}");
        postgres.create_database(&database).await;
        let url = format!("postgres://vestibule@127.0.0.1:{}/{database}?sslmode=disable", postgres.port);
        let mut programs: Vec<_> = (0..4).map(|_| program(&url, &sink)).collect();
        let started = Instant::now();
        let mut services: Vec<_> = programs.iter_mut().map(|program| program.start_at(free_address())).collect();
        sleep(Duration::from_millis(20 + round * 20)).await;
        services.remove(0).kill().await;
        for service in &mut services {
            let ready = holds_within(PATIENCE, async || service.is_ready().await || service.has_ended()).await;
            if !ready || service.has_ended() {
                figures.wrong.push(format!("round {round}: {}", service.log()));
            }
        }
        slowest = slowest.max(started.elapsed());
        let late = programs[0].serve().await;
        services.push(late);
        for service in services {
            figures.requests += 1;
            let shown = service.browser().get("/register").await;
            if shown.status != 200 {
                figures.wrong.push(format!("round {round}: {shown:?}"));
            }
            service.kill().await;
        }
    }
    figures.said = format!("all ready within {:.1} s", slowest.as_secs_f64());
    figures
}

/// The keys change under load, one replica after the other, and nobody is sent back a form.
pub async fn f25_secret_rotation(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    let new = "another key for faults and newer than it 9876543210";
    let steps = [format!("{KEY},{new}"), format!("{new},{KEY}"), new.to_owned()];
    for (n, keys) in steps.iter().enumerate() {
        for replica in &house.replicas {
            replica.set("VESTIBULE_SECRET", keys.clone()).await;
            replica.stop().await;
            replica.start().await;
        }
        // Forms made with the old key are sent before it is taken away, as a day is for in earnest.
        sleep(form.pick(Duration::from_millis(500), Duration::from_secs(3))).await;
        if n == 1 {
            quiet(&load).await;
        }
    }
    // The trail of the old key's time is verified with both.
    house.replicas[0].set("VESTIBULE_SECRET", format!("{new},{KEY}")).await;
    settle(&load, form, Instant::now()).await
}

/// Until every form that is open now was sent.
async fn quiet(load: &Load) {
    let asked = load.tally.requests.load(std::sync::atomic::Ordering::Relaxed);
    let more = async || load.tally.requests.load(std::sync::atomic::Ordering::Relaxed) > asked + 200;
    holds_within(Duration::from_secs(20), more).await;
}

/// One replica's clock is an hour or two days off, either way; the database's decides.
pub async fn f8_clock_jumps_on_one_replica(postgres: Arc<Postgres>, form: Form) -> Figures {
    let library = ["x86_64", "aarch64"].map(|arch| format!("/usr/lib/{arch}-linux-gnu/faketime/libfaketime.so.1"));
    let Some(library) = library.iter().find(|path| Path::new(path).exists()) else {
        return Figures { said: "skipped: libfaketime is not installed".to_owned(), ..Figures::default() };
    };
    let (house, load, _prober) = at_work(&postgres, form).await;
    let (skews, mut slowest) = (["+1h", "-1h", "+2d", "-2d"], Duration::ZERO);
    for skew in &skews[..form.pick(2, 4)] {
        let replica = &house.replicas[1];
        for (name, value) in
            [("LD_PRELOAD", library.as_str()), ("FAKETIME", skew), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")]
        {
            replica.set(name, value).await;
        }
        replica.stop().await;
        replica.start().await;
        slowest = slowest.max(recovered(&load, Instant::now()).await.unwrap_or_default());
        sleep(form.pick(Duration::from_secs(1), Duration::from_secs(4))).await;
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.recovered = figures.recovered.max(Some(slowest));
    figures.said = skews[..form.pick(2, 4)].join(", ");
    figures
}

/// The house of a fault that needs nobody else in it.
pub async fn empty(postgres: &Arc<Postgres>, settings: &[(&str, &str)]) -> (Arc<House>, Arc<Load>) {
    let house = House::open(postgres, settings).await;
    crate::invariants::canaries(&house).await;
    let load = Load::idle(&house);
    (house, load)
}
