//! Clients that hang up, drip, do not read, or come by the thousand.

use std::{
    net::Ipv4Addr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::processes::empty;
use crate::{
    Form,
    house::{House, PASSWORD, PATIENCE, holds_within},
    invariants::{Figures, Prober, people, recovered, settle},
    load::Load,
    postgres::Postgres,
    support::{browser::Browser, http::connect},
    vitals::processor_time,
};

/// An address that no browser of the load has.
fn far(n: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(127, 200, 0, 1)) + u32::try_from(n).expect("few"))
}

/// Connections reset at any moment of a request, over a database that is twenty milliseconds away (trap T1).
pub async fn f14_clients_that_hang_up(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[("VESTIBULE_HASH_QUEUE", "500")]).await;
    people(&house, "owner", 50).await;
    house.lines().iter().for_each(|line| line.delay(Duration::from_millis(20)));
    let (resets, at_a_time) = (form.pick(150, 2000), 25);
    for batch in 0..resets / at_a_time {
        let mut clients = JoinSet::new();
        for n in batch * at_a_time..(batch + 1) * at_a_time {
            let mut browser = house.replicas[n % 2].browser().at(far(n));
            let (name, owner) = (format!("hasty{n}"), format!("owner{}", n % 50 + 1));
            clients.spawn(async move {
                let path = ["/register", "/register", "/login", "/recover"][n % 4];
                let token = browser.try_send("GET", path, None).await.ok()?.hidden(path, "csrf_token")?;
                let who = if n % 8 == 2 { &owner } else { &name };
                let body = format!(
                    "csrf_token={token}&username={name}&email={name}%40example.com&identifier={who}&password={}",
                    PASSWORD.replace(' ', "+")
                );
                let mut stream = connect(browser.to, browser.from).await.ok()?;
                stream.write_all(&browser.request("POST", path, Some(body.as_bytes()))).await.ok()?;
                sleep(Duration::from_millis(n as u64 * 13 % 241)).await;
                stream.set_zero_linger().ok()
            });
        }
        clients.join_all().await;
    }
    house.lines().iter().for_each(|line| line.heal());
    let healed = Instant::now();
    let after = recovered(&load, healed).await;
    // What was begun is finished; then nothing may be left open.
    let mut steady = 0;
    holds_within(PATIENCE, async || {
        let busy = "select count(*) from pg_stat_activity where application_name = 'vestibule' and state <> 'idle'";
        steady = if house.count(busy).await == 0 { steady + 1 } else { 0 };
        steady > 10
    })
    .await;
    house.execute("delete from attempt_limits").await;
    let good = form.pick(30, 200_u32);
    people(&house, "good", good).await;
    for n in 1..=good {
        // Wrong here is anything but 303: the database is sound and nobody is in the way.
        if !load.sign_in(&format!("good{n}"), &mut load.browser()).await {
            house.note(format!("T1: good{n} is not let in"));
        }
    }
    let made = house.count("select count(*) from users where username like 'hasty%'").await;
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.recovered = figures.recovered.max(after);
    figures.requests += resets as u64;
    figures.said = format!("{resets} resets, {made} sign-ups done all the same, then {good} good sign-ins");
    figures
}

/// Heads and bodies that drip, answers that nobody reads: let go in time, while others are served.
pub async fn f15_slow_clients(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    let _prober = Prober::of(&house);
    let mut owner = load.browser();
    assert!(load.sign_in("canary1", &mut owner).await, "canary1 signs in");
    load.may_be_cut.store(true, Ordering::Relaxed);
    let (slow, mut closing) = (form.pick(60, 2000), JoinSet::new());
    for n in 0..slow {
        let to = house.replicas[n % 2].address;
        closing.spawn(async move { slow_client(to, n).await });
    }
    let (started, mut honest) = (Instant::now(), Vec::new());
    let mut longest = Duration::ZERO;
    while !closing.is_empty() {
        let asked = Instant::now();
        owner.to = house.replicas[honest.len() % 2].address;
        let status = owner.try_send("GET", "/api/v1/session", None).await.map(|answer| answer.status);
        if !matches!(status, Ok(200)) {
            house.note(format!("F15: an honest visitor is answered with {status:?}"));
        }
        honest.push(asked.elapsed());
        while let Some(closed) = closing.try_join_next() {
            longest = longest.max(closed.expect("a slow client"));
        }
        if started.elapsed() > PATIENCE {
            house.note(format!("F15: {} slow connections are never let go", closing.len()));
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    honest.sort();
    let p99 = honest[(honest.len() - 1) * 99 / 100];
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.requests += (slow + honest.len()) as u64;
    figures.slowest = figures.slowest.max(honest[honest.len() - 1]);
    figures.said = format!(
        "{slow} slow clients, let go within {:.0} s; honest visitors' p99 {} ms",
        longest.as_secs_f64(),
        p99.as_millis()
    );
    if form == Form::Full && (p99 > Duration::from_millis(500) || longest > Duration::from_secs(25)) {
        figures.wrong.push(figures.said.clone());
    }
    figures
}

/// One slow client, until it is let go; tells how long that took.
async fn slow_client(to: std::net::SocketAddr, n: usize) -> Duration {
    let started = Instant::now();
    let Ok(mut stream) = connect(to, far(n / 100)).await else { return started.elapsed() };
    let form = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let begin = match n % 4 {
        0 => "GET /login HTTP/1.1\r\nHost: a\r\nX-A: ".to_owned(),
        1 => format!("{form}Content-Length: 1000\r\n\r\na="),
        2 => format!("{form}Transfer-Encoding: chunked\r\n\r\n5\r\na=b"),
        // Asks for a few pages at once, and reads none of them.
        _ => "GET /login HTTP/1.1\r\nHost: a\r\n\r\n".repeat(10),
    };
    stream.write_all(begin.as_bytes()).await.ok();
    if n % 4 == 3 {
        // A write fails once the other side is gone.
        while stream.write_all(b"G").await.is_ok() && started.elapsed() < PATIENCE {
            sleep(Duration::from_millis(500)).await;
        }
        return started.elapsed();
    }
    let mut rest = Vec::new();
    let (mut from, mut into) = stream.split();
    tokio::select! {
        _ = from.read_to_end(&mut rest) => {}
        () = async {
            while into.write_all(b"a").await.is_ok() {
                sleep(Duration::from_millis(500)).await;
            }
            sleep(PATIENCE).await;
        } => {}
    }
    started.elapsed()
}

/// As many idle connections as this process may have, up to ten thousand: little memory each, and room for honest ones.
pub async fn f16_idle_connections(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    load.may_be_cut.store(true, Ordering::Relaxed);
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(10_000);
    let most = usize::try_from(limit.saturating_sub(600) / 2).unwrap_or(0);
    let wanted = form.pick(400, 9_000).min(most);
    let before = rss(&house);
    let (mut held, started) = (Vec::new(), Instant::now());
    for n in 0..wanted {
        // Below the cap of one network.
        match connect(house.replicas[0].address, far(n / 100)).await {
            Ok(stream) => held.push(stream),
            Err(_) => break,
        }
    }
    let opened = started.elapsed();
    let each = (rss(&house).saturating_sub(before)) * 1024 / held.len().max(1) as u64;
    for n in 1..=5 {
        if !load.sign_in(&format!("canary{n}"), &mut load.browser()).await {
            house.note("F16: an honest visitor is not let in");
        }
    }
    let connections = held.len();
    // 20 KiB each.
    load.held_mib.store(connections as u64 * 20 / 1024, Ordering::Relaxed);
    drop(held);
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.said = format!("{connections} connections in {:.1} s, {each} KiB each", opened.as_secs_f64());
    if form == Form::Full && each > 20 {
        figures.wrong.push(format!("I4: {each} KiB for an idle connection"));
    }
    figures
}

fn rss(house: &House) -> u64 {
    crate::vitals::vital(house.replicas[0].pid.load(Ordering::Relaxed)).map_or(0, |vital| vital.rss_mib)
}

/// No file is left for a connection: accepting rests instead of spinning, and goes on when there are files again.
pub async fn f16_out_of_files(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    load.may_be_cut.store(true, Ordering::Relaxed);
    let replica = &house.replicas[0];
    let pid = replica.pid.load(Ordering::Relaxed);
    // Below what it has open already, so that nothing more is to be had.
    limit_files(pid, 12);
    let mut waiting: Vec<TcpStream> = Vec::new();
    for n in 0..40 {
        waiting.push(connect(replica.address, far(n)).await.expect("a place in the system's queue"));
    }
    sleep(Duration::from_millis(500)).await;
    let (before, watched) = (processor_time(pid), form.pick(Duration::from_secs(2), Duration::from_secs(5)));
    sleep(watched).await;
    let used = processor_time(pid).saturating_sub(before);
    if replica.log().await.lines().all(|line| !line.contains("cannot accept connections")) {
        house.note("F16: the operator is not told");
    }
    limit_files(pid, 4096);
    drop(waiting);
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.said = format!("{} ms of processor time in {} s without files", used.as_millis(), watched.as_secs());
    if used > watched / 4 {
        figures.wrong.push(format!("F16: it spins: {}", figures.said));
    }
    figures
}

fn limit_files(pid: u32, files: u64) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let pid = Pid::from_raw(pid.cast_signed());
    let limit = Rlimit { current: Some(files), maximum: Some(20_000) };
    prlimit(pid, Resource::Nofile, limit).expect("a limit of a process of ours");
}

/// A thousand people sign in at once, again and again: as many as the machine hashes get in, the rest is told to come
/// back, and those who are signed in notice nothing.
pub async fn f22_storm_of_sign_ins(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    let (crowd, lasts) = (form.pick(100, 1000_u32), form.pick(Duration::from_secs(2), Duration::from_secs(15)));
    people(&house, "storm", crowd).await;
    let mut owner = load.browser();
    assert!(load.sign_in("canary1", &mut owner).await, "canary1 signs in");
    let (until, mut storm) = (Instant::now() + lasts, JoinSet::new());
    for n in 1..=crowd {
        let load = Arc::clone(&load);
        storm.spawn(async move { in_the_storm(&load, &format!("storm{n}"), until).await });
    }
    let (mut honest, mut turned_away) = (Vec::new(), 0);
    while Instant::now() < until {
        let asked = Instant::now();
        owner.to = house.replicas[honest.len() % 2].address;
        let answer = load.send(&mut owner, "/api/v1/session", None).await;
        if answer.as_ref().is_none_or(|answer| answer.status != 200) {
            turned_away += 1;
        }
        honest.push(asked.elapsed());
        sleep(Duration::from_millis(20)).await;
    }
    let inside: u32 = storm.join_all().await.into_iter().sum();
    honest.sort();
    let p99 = honest[(honest.len() - 1) * 99 / 100];
    load.ledger.forget_sessions("storm");
    let mut figures = settle(&load, form, Instant::now()).await;
    let each = f64::from(inside) / lasts.as_secs_f64();
    figures.said = format!("{crowd} at once, {each:.0} sign-ins/s; p99 of a session check {} ms", p99.as_millis());
    if turned_away > 0 {
        figures.wrong.push(format!("F22: {turned_away} of {} session checks were turned away", honest.len()));
    }
    if inside == 0 || figures.busy == 0 && form == Form::Full {
        figures.wrong.push(format!("F22: {inside} got in, {} were turned away", figures.busy));
    }
    figures
}

/// Signs in until the end of the storm; tells how often that went well.
async fn in_the_storm(load: &Load, name: &str, until: Instant) -> u32 {
    let mut browser: Browser = load.browser();
    let Some(token) =
        load.send(&mut browser, "/login", None).await.and_then(|page| page.hidden("/login", "csrf_token"))
    else {
        return 0;
    };
    let body = format!("csrf_token={token}&identifier={name}&password={}", PASSWORD.replace(' ', "+"));
    let mut inside = 0;
    while Instant::now() < until {
        let answer = load.send(&mut browser.clone(), "/login", Some(body.as_bytes())).await;
        match answer {
            Some(answer) if answer.status == 303 => inside += 1,
            Some(answer) if answer.status == 503 => {
                let seconds: u64 = answer.header("retry-after").and_then(|value| value.parse().ok()).unwrap_or(99);
                if seconds > 5 {
                    load.house.note(format!("F22: come back in {seconds} s"));
                }
                sleep(Duration::from_secs(seconds)).await;
            }
            other => load.house.note(format!("F22: {name}: {:?}", other.map(|answer| answer.status))),
        }
    }
    inside
}
