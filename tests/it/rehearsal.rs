//! What happens after somebody asked for a letter, where nobody sees it: the same for people who exist and who do not.

use std::{collections::BTreeMap, time::Duration};

use sqlx::{ConnectOptions as _, PgConnection};
use tokio::time::Instant;
use vestibule::jobs::outbox::Patience;

use crate::{
    mail::until,
    support::{
        app::{HASTY, TestApp},
        letters::all_delivered,
        smtp::Sink,
    },
};

/// How many rows were ever inserted into each table, those of undone transactions included.
async fn inserted(connection: &mut PgConnection) -> BTreeMap<String, i64> {
    let counts = sqlx::query_as("select relname::text, n_tup_ins from pg_stat_user_tables where schemaname = 'public'");
    let counts: Vec<(String, i64)> = counts.fetch_all(connection).await.expect("the statistics");
    counts.into_iter().collect()
}

/// The tables that grew by one row for each of the requests, waiting for the server to count them.
async fn grows(app: &TestApp, names: &[&str]) -> Vec<String> {
    let mut connection = app.options.connect().await.expect("a connection");
    let before = settled(&mut connection).await;
    for name in names {
        assert_eq!(app.browser().submit("/recover", &[("identifier", name)]).await.status, 303);
        all_delivered(app).await;
    }
    let wanted = i64::try_from(names.len()).expect("a number");
    let begun = Instant::now();
    loop {
        let now = inserted(&mut connection).await;
        let grown: Vec<String> = now
            .iter()
            .filter(|(table, count)| **count - before[*table] == wanted)
            .map(|(table, _)| table.clone())
            .collect();
        // Each backend says what it did when it is idle.
        if WRITTEN.iter().all(|table| grown.iter().any(|grown| grown == table)) {
            return grown;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{names:?}: {before:?}, {now:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What every request for an email writes, for somebody and for nobody.
const WRITTEN: [&str; 6] = ["audit_events", "audit_pending", "dev_mailbox", "form_answers", "mailed_links", "outbox"];

/// The counts, once no backend has anything left to say.
async fn settled(connection: &mut PgConnection) -> BTreeMap<String, i64> {
    let mut last = inserted(connection).await;
    let mut since = Instant::now();
    while since.elapsed() < Duration::from_secs(12) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = inserted(connection).await;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    last
}

async fn rows(app: &TestApp) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ["mailed_links", "audit_events", "audit_pending", "dev_mailbox", "outbox"] {
        counts.push(app.count(&format!("select count(*) from {table}")).await);
    }
    counts
}

#[tokio::test]
async fn a3_a_request_for_nobody_writes_as_many_rows_as_one_for_somebody_and_leaves_none() {
    let app = TestApp::patient(&[], HASTY).await;
    app.sign_up("alice").await;
    app.sign_up("robert").await;
    crate::audit::linked(&app).await;
    // The limit of this network has its row.
    assert_eq!(app.browser().submit("/recover", &[("identifier", "the first")]).await.status, 303);
    all_delivered(&app).await;
    let before = rows(&app).await;
    let for_nobody = grows(&app, &["nobody", "nobody@example.com"]).await;
    assert_eq!(rows(&app).await, before);
    let for_somebody = grows(&app, &["alice", "robert"]).await;
    assert_eq!(app.count("select count(*) from dev_mailbox").await, 2);
    let by_linking = |table: &String| *table != "audit_links";
    let for_somebody: Vec<_> = for_somebody.into_iter().filter(by_linking).collect();
    assert_eq!(for_nobody, for_somebody);
    assert!(for_nobody.iter().any(|table| table == "audit_events"), "{for_nobody:?}");
}

#[tokio::test]
async fn a3_a_request_for_nobody_connects_to_the_mail_server_and_sends_nothing() {
    let sink = Sink::start().await;
    let settings = sink.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let app = TestApp::patient(&settings, HASTY).await;
    app.claim("claimed").await;
    until("the letter to verify has gone", async || sink.count() == 1).await;
    app.sign_up("verified").await;
    let seen = || sink.said().iter().filter(|line| line.to_ascii_uppercase().starts_with("MAIL FROM")).count();
    let mut begun = seen();
    for (path, field, name) in [
        ("/recover", "identifier", "nobody"),
        ("/recover", "identifier", "nobody@example.com"),
        ("/verify/resend", "email", "nobody@example.com"),
        // Verified already, so there is no link to send.
        ("/verify/resend", "email", "verified@example.com"),
    ] {
        let mut browser = app.browser();
        let token = browser.csrf_token_of("/verify").await;
        assert_eq!(browser.post(path, &[("csrf_token", &token), (field, name)]).await.status, 303, "{path} {name}");
        all_delivered(&app).await;
        begun += 1;
        assert_eq!(seen(), begun, "{path} {name}");
    }
    assert_eq!(sink.count(), 1, "nobody gets anything");
    assert_eq!(app.count("select count(*) from mailed_links").await, 1);
}

#[tokio::test]
async fn a3_a_requested_letter_waits_for_a_random_time_whoever_it_is_for() {
    // Looks when it is woken, and never again while this test runs.
    let patience = Patience { look: Duration::from_secs(3600), ..Patience::default() };
    let app = TestApp::patient(&[], patience).await;
    app.sign_up("alice").await;
    for name in ["alice", "alice@example.com", "nobody", "nobody@example.com"] {
        assert_eq!(app.browser().submit("/recover", &[("identifier", name)]).await.status, 303);
    }
    app.claim("robert").await;
    let early = "select count(*) from outbox where attempts > 0 and due_at <= created_at + interval '4 seconds'";
    assert_eq!(app.count(early).await, 0);
    let waiting = "select count(*) from outbox where attempts > 0
        or due_at - created_at between interval '0.5 seconds' and interval '4 seconds'";
    let all = app.count("select count(*) from outbox").await;
    assert_eq!(app.count(waiting).await, all);
}
