//! The audit trail: nothing is written over, and whoever does it nevertheless is found.

mod attacks;
mod chain;
mod daily;
mod keys;
mod retention;
mod trail;
mod unit;

use std::time::Duration;

use crate::support::app::{TestApp, sign_in};
use tokio::time::Instant;
use vestibule::{
    audit::{self, ChainKeys, Fault, Head, Pruned, Verified},
    config::{Config, Environment, Secrets},
};

/// What [`TestApp`] runs with.
const SECRET: &str = "a key for tests and for nothing else 0123456789";
const OTHER: &str = "another key for tests that is not the first 987654";

fn keys(secrets: &str) -> ChainKeys {
    let config = Config::read(Environment::of([("VESTIBULE_SECRET", secrets)])).expect("a good secret");
    ChainKeys::derive(&Secrets::given_or_kept(&config.secrets, &config.data_dir).expect("keys"))
}

/// Waits until the linkers that run have nothing left to do.
pub async fn linked(app: &TestApp) {
    let started = Instant::now();
    while app.count("select count(*) from audit_pending").await > 0 {
        assert!(started.elapsed() < Duration::from_secs(45), "nobody links");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Lets the minute pass, and waits until what was counted in it stands in the trail. Returns the counts of its events.
pub async fn tallied(app: &TestApp) -> Vec<i64> {
    app.execute("update audit_refusals set minute = minute - interval '1 hour'").await;
    let started = Instant::now();
    while app.count("select count(*) from audit_refusals").await > 0 {
        assert!(started.elapsed() < Duration::from_secs(45), "nobody closes the minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let times = "select coalesce((detail ->> 'times')::bigint, 1) from audit_events \
        where kind = 'sign_in_failed' and user_id is null order by seq";
    sqlx::query_scalar(times).fetch_all(&app.db).await.expect("the trail")
}

async fn verify_with(app: &TestApp, keys: &ChainKeys, noted: Option<Head>) -> (Verified, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut connection = app.db.acquire().await.expect("a connection");
    let verified = audit::verify(&mut connection, keys, noted, |fault| faults.push(fault)).await.expect("a walk");
    assert_eq!(verified.faults, faults.len() as u64);
    (verified, faults)
}

async fn verify(app: &TestApp) -> (Verified, Vec<Fault>) {
    verify_with(app, &app.state.keys.audit, None).await
}

async fn faults(app: &TestApp) -> Vec<Fault> {
    verify(app).await.1
}

#[track_caller]
fn assert_intact((verified, faults): &(Verified, Vec<Fault>), events: i64) {
    assert_eq!((faults.as_slice(), verified.events.cast_signed(), verified.waiting), (&[][..], events, 0));
}

/// As somebody who owns the tables, and knows how to switch their guards off.
pub async fn tamper(app: &TestApp, statement: &str) {
    let off = ["audit_events", "audit_links"].map(|table| format!("alter table {table} disable trigger user;"));
    let on = ["audit_events", "audit_links"].map(|table| format!("alter table {table} enable trigger user;"));
    app.execute(&format!("begin; {} {statement}; {} commit", off.concat(), on.concat())).await;
}

/// What is found after a change, which is taken back again.
async fn after(app: &TestApp, statement: &str, noted: Option<Head>) -> (Verified, Vec<Fault>) {
    app.execute("create table kept_events as table audit_events; create table kept_links as table audit_links").await;
    tamper(app, statement).await;
    let found = verify_with(app, &app.state.keys.audit, noted).await;
    tamper(
        app,
        "delete from audit_events; delete from audit_links;
        insert into audit_events overriding system value select * from kept_events;
        insert into audit_links select * from kept_links;
        drop table kept_events, kept_links",
    )
    .await;
    found
}

/// Ten linked events of one account, and its number.
async fn ten_events(app: &TestApp) -> String {
    app.sign_up("alice").await;
    for _ in 0..4 {
        app.signed_in("alice").await;
        assert_eq!(sign_in(&mut app.browser(), "alice", "not her password").await.status, 422);
    }
    app.signed_in("alice").await;
    linked(app).await;
    assert_intact(&verify(app).await, 10);
    sqlx::query_scalar("select id::text from users").fetch_one(&app.db).await.expect("alice")
}

/// The number of the event at a position.
async fn seq(app: &TestApp, position: i64) -> i64 {
    app.count(&format!("select event_seq from audit_links where position = {position}")).await
}

async fn head(app: &TestApp) -> Head {
    let mut connection = app.db.acquire().await.expect("a connection");
    audit::head(&mut connection).await.expect("the head").expect("a head")
}

/// Adds linked events of that many days ago.
async fn events_of(app: &TestApp, days_ago: u32, count: u32) {
    app.execute(&format!(
        "with event as (
            insert into audit_events (at, kind, version, detail, actor_kind)
            select now() - interval '{days_ago} days', 'sign_in_failed', 1, '{{}}', 'visitor'
            from generate_series(1, {count})
            returning seq
        )
        insert into audit_pending select seq from event"
    ))
    .await;
    linked(app).await;
}

async fn prune(app: &TestApp) -> Pruned {
    let mut connection = app.db.acquire().await.expect("a connection");
    loop {
        match audit::prune_next(&mut connection, &app.state.keys.audit).await.expect("a cut") {
            Pruned::Busy => tokio::time::sleep(Duration::from_millis(5)).await,
            done => return done,
        }
    }
}
