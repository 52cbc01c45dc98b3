//! PostgreSQL goes away, is full, slow, silent, read-only.

use std::{sync::Arc, time::Duration};

use sqlx::{ConnectOptions as _, Executor as _};
use tokio::time::{Instant, sleep};

use crate::{
    Form,
    house::House,
    invariants::{Figures, Prober, canaries, settle, unready},
    line::Flow,
    load::Load,
    postgres::Postgres,
};

/// Two replicas under load.
pub async fn at_work(postgres: &Arc<Postgres>, form: Form) -> (Arc<House>, Arc<Load>, Prober) {
    let house = House::open(postgres, &[]).await;
    canaries(&house).await;
    let load = Load::start(&house, form.pick(4, 12)).await;
    let prober = Prober::of(&house);
    (house, load, prober)
}

/// Runs something that blocks, beside everything else.
async fn aside(postgres: &Arc<Postgres>, work: impl FnOnce(&Postgres) + Send + 'static) {
    let postgres = Arc::clone(postgres);
    tokio::task::spawn_blocking(move || work(&postgres)).await.expect("the server");
}

/// Restarted in order, killed, and away for a while: under load each time.
pub async fn f1_postgresql_restarts(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    sleep(form.pick(Duration::from_millis(500), Duration::from_secs(4))).await;
    let mut slowest = Duration::ZERO;
    if form == Form::Full {
        aside(&postgres, |postgres| postgres.ctl(&["restart", "-w", "-m", "fast"])).await;
        slowest = crate::invariants::recovered(&load, Instant::now()).await.unwrap_or_default();
        sleep(Duration::from_secs(4)).await;
    }
    aside(&postgres, |postgres| postgres.ctl(&["restart", "-w", "-m", "immediate"])).await;
    slowest = slowest.max(crate::invariants::recovered(&load, Instant::now()).await.unwrap_or_default());
    sleep(form.pick(Duration::from_millis(300), Duration::from_secs(3))).await;
    aside(&postgres, |postgres| postgres.ctl(&["stop", "-w", "-m", "fast"])).await;
    if !unready(&house, Duration::from_secs(30)).await {
        house.note("I6: ready without a database");
    }
    sleep(form.pick(Duration::from_millis(300), Duration::from_secs(5))).await;
    aside(&postgres, |postgres| postgres.ctl(&["start", "-w"])).await;
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.recovered = figures.recovered.max(Some(slowest));
    figures
}

/// The table of accounts locked and every connection of the server taken, for eight seconds.
pub async fn f2_pool_exhausted_behind_locks(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    sleep(Duration::from_secs(1)).await;
    let mut locker = house.connect().await;
    locker.execute("begin; lock table users in access exclusive mode").await.expect("the lock");
    let mut taken = Vec::new();
    let as_everybody = postgres.options(&house.database).username("vestibule");
    while let Ok(connection) = as_everybody.connect().await {
        taken.push(connection);
    }
    let (started, mut slowest) = (Instant::now(), Duration::ZERO);
    while started.elapsed() < form.pick(Duration::from_secs(3), Duration::from_secs(8)) {
        for path in ["/login", "/livez", "/register"] {
            for replica in &house.replicas {
                let asked = Instant::now();
                let status = replica.status(path).await;
                slowest = slowest.max(asked.elapsed());
                if status != Some(200) {
                    house.note(format!("I6: {path} without the database: {status:?}"));
                }
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
    let held = taken.len();
    drop(taken);
    locker.execute("rollback").await.expect("the end of the lock");
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.said = format!("{held} connections taken; pages without the database ≤ {} ms", slowest.as_millis());
    if figures.busy == 0 {
        figures.wrong.push("nobody noticed the lock".to_owned());
    }
    figures
}

/// 300 ms for each step, then 3 s, then none.
pub async fn f3_slow_postgresql(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    for latency in [300, 3000] {
        house.lines().iter().for_each(|line| line.delay(Duration::from_millis(latency)));
        sleep(form.pick(Duration::from_secs(2), Duration::from_secs(6))).await;
    }
    house.lines().iter().for_each(|line| line.heal());
    let mut figures = settle(&load, form, Instant::now()).await;
    bounded(&mut figures, form);
    figures
}

/// Nobody waits for longer than a request may take.
fn bounded(figures: &mut Figures, form: Form) {
    let most = form.pick(Duration::from_secs(40), Duration::from_secs(12));
    if figures.slowest > most {
        figures.wrong.push(format!("an answer took {:?}", figures.slowest));
    }
}

/// Nothing comes through for fifteen seconds and no reset tells of it: once with every octet lost, once with all of
/// them late.
pub async fn f4_black_hole(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    let mut slowest = Duration::ZERO;
    for flow in form.pick(&[Flow::Swallow][..], &[Flow::Swallow, Flow::Stall]) {
        house.lines().iter().for_each(|line| line.flow(*flow, *flow));
        if !unready(&house, Duration::from_secs(30)).await {
            house.note("I6: ready behind a black hole");
        }
        sleep(form.pick(Duration::from_secs(2), Duration::from_secs(15))).await;
        house.lines().iter().for_each(|line| line.heal());
        slowest = slowest.max(crate::invariants::recovered(&load, Instant::now()).await.unwrap_or_default());
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.recovered = figures.recovered.max(Some(slowest));
    if form == Form::Full && slowest > Duration::from_secs(5) {
        figures.wrong.push(format!("I3: back after {slowest:?}"));
    }
    bounded(&mut figures, form);
    figures
}

/// One direction stands still, then the other; then a few octets at a time; then resets, again and again.
pub async fn f4_one_way_and_drip(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    let each = form.pick(Duration::from_secs(1), Duration::from_secs(6));
    for (to_server, to_client) in [(Flow::Stall, Flow::Pass), (Flow::Pass, Flow::Stall), (Flow::Drip, Flow::Drip)] {
        // One replica, while the other works on.
        house.replicas[0].line.flow(to_server, to_client);
        sleep(each).await;
        house.replicas[0].line.heal();
        sleep(Duration::from_millis(500)).await;
    }
    let (started, mut cuts) = (Instant::now(), 0);
    while started.elapsed() < each {
        house.lines()[cuts % 2].cut();
        cuts += 1;
        sleep(Duration::from_millis(90)).await;
    }
    house.lines().iter().for_each(|line| line.refuse(true));
    sleep(Duration::from_secs(1)).await;
    house.lines().iter().for_each(|line| line.heal());
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.said = format!("{cuts} resets of every connection");
    bounded(&mut figures, form);
    figures
}

/// What a replica of a failover says until it is promoted.
pub async fn f26_read_only_postgresql(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    let set = async |value: &str| {
        postgres.execute(&format!("alter system set default_transaction_read_only = {value}")).await;
        postgres.execute("select pg_reload_conf()").await;
    };
    set("on").await;
    if !unready(&house, Duration::from_secs(30)).await {
        house.note("I6: ready without writes");
    }
    sleep(form.pick(Duration::from_millis(500), Duration::from_secs(5))).await;
    set("off").await;
    settle(&load, form, Instant::now()).await
}
