//! A line to the database that swallows everything and tells nobody.

use std::time::Duration;

use tokio::{io::AsyncWriteExt as _, time::Instant};
use url::form_urlencoded;

use super::{address, alice_gets_in_within, assert_unavailable, behind_a_line};
use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    http::connect,
    proxy::Line,
    race::race,
};

#[tokio::test]
async fn f4_connections_that_fell_silent_while_they_rested_are_not_waited_for() {
    let (watcher, proxy, service) = behind_a_line(&[]).await;
    watcher.sign_up("alice").await;
    // Fill the pool, then let every connection rest.
    race(4, |_| {
        let db = service.db.clone();
        async move { sqlx::query("select pg_sleep(0.3)").execute(&db).await.map(drop).expect("a connection") }
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    proxy.set(Line::Silent);
    assert_eq!(service.browser().get("/readyz").await.status, 503);
    assert_unavailable(&sign_in(&mut service.browser(), "alice", PASSWORD).await);
    proxy.set(Line::Open);
    alice_gets_in_within(Duration::from_secs(10), &service).await;
}

#[tokio::test]
async fn f4_connections_that_fell_silent_in_the_middle_of_a_request_are_given_up() {
    let (watcher, proxy, service) = behind_a_line(&[]).await;
    watcher.sign_up("alice").await;
    let mut visitors = Vec::new();
    for n in 0..8 {
        let mut browser = service.browser().at(address(700 + n));
        let token = browser.csrf_token("/login").await;
        visitors.push((browser, token));
    }
    proxy.delay(Duration::from_millis(100));
    let started = Instant::now();
    let waiting = tokio::spawn(race(visitors.len(), move |n| {
        let (mut browser, token) = visitors[n].clone();
        async move {
            let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
            browser.post("/login", &fields).await
        }
    }));
    wait_until_the_pool_is_busy(&service).await;
    // Nothing comes back on any of them ever again.
    proxy.set(Line::Silent);
    tokio::time::sleep(Duration::from_millis(500)).await;
    proxy.delay(Duration::ZERO);
    proxy.set(Line::Open);
    for answer in waiting.await.expect("the visitors") {
        if answer.status != 303 {
            assert_unavailable(&answer);
        }
    }
    println!("the last visitor was answered after {:?}", started.elapsed());
    alice_gets_in_within(Duration::from_secs(15), &service).await;
}

#[tokio::test]
async fn f4_t1_who_hangs_up_before_a_silent_database_leaves_nobody_waiting_for_it() {
    let (watcher, proxy, service) = behind_a_line(&[]).await;
    watcher.sign_up("alice").await;
    let mut browser = service.browser();
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = browser.request("POST", "/login", Some(body.as_bytes()));
    proxy.delay(Duration::from_millis(100));
    let mut visitors = Vec::new();
    for n in 0..8 {
        let mut stream = connect(browser.to, address(720 + n)).await.expect("a connection");
        stream.write_all(&request).await.expect("a request");
        visitors.push(stream);
    }
    wait_until_the_pool_is_busy(&service).await;
    proxy.set(Line::Silent);
    for visitor in visitors {
        visitor.set_zero_linger().expect("a reset instead of an orderly end");
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    proxy.delay(Duration::ZERO);
    proxy.set(Line::Open);
    alice_gets_in_within(Duration::from_secs(15), &service).await;
}

/// Every connection of the pool is at work.
async fn wait_until_the_pool_is_busy(service: &TestApp) {
    while service.db.size() < 4 || service.db.num_idle() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(250)).await;
}
