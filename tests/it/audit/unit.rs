//! One door for what happened: audit rows, the log, the counters and email follow a commit, and nothing follows a
//! rollback.

use serde_json::json;
use vestibule::{
    audit::Event,
    passwords::PASSWORD_CHANGED,
    types::{Lang, Request, UserId, now},
};

use crate::support::app::TestApp;

fn request() -> Request {
    Request {
        id: "a-request".to_owned(),
        now: now(),
        address: "203.0.113.7".parse().expect("an address"),
        user_agent: String::new(),
        lang: Lang::En,
        browser: None,
    }
}

/// How often the service counted a refused sign-in.
async fn counted(app: &TestApp) -> usize {
    let metrics = app.state.metrics.encode();
    let line = metrics.lines().find(|line| line.contains("sign_ins_total") && line.contains("\"refused\""));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_commit_writes_everything_once_and_a_rollback_nothing() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let alice: UserId = app.id("alice").await;
    let recorder = app.state.recorder(&request());
    let (events, emails) =
        ("select count(*) from audit_events where kind = 'sign_in_failed'", "select count(*) from dev_mailbox");
    for (commits, after) in [(false, 0), (true, 1)] {
        let mut unit = recorder.begin().await.expect("a unit");
        unit.record(Event::sign_in_failed(true), alice, None);
        let user = vestibule::accounts::find(&mut unit, alice).await.expect("a database").expect("alice");
        unit.email(&user.email(&PASSWORD_CHANGED, Lang::En, json!({}))).await.expect("an email");
        if commits {
            unit.commit().await.expect("a commit");
            app.all_sent().await;
        } else {
            drop(unit);
        }
        assert_eq!((app.count(events).await, app.count(emails).await), (after, after), "commits: {commits}");
        assert_eq!(counted(&app).await, usize::try_from(after).expect("few"), "commits: {commits}");
    }
}

#[tokio::test]
async fn an_event_says_who_acted_and_the_chain_covers_it() {
    let app = TestApp::start().await;
    let alice = UserId::random();
    for recorder in [app.state.recorder(&request()), app.operator(), app.state.system()] {
        let mut unit = recorder.begin().await.expect("a unit");
        unit.record(Event::Enabled, alice, None);
        unit.commit().await.expect("a commit");
    }
    let kinds: Vec<String> = sqlx::query_scalar("select actor_kind from audit_events order by seq")
        .fetch_all(&app.db)
        .await
        .expect("events");
    assert_eq!(kinds, ["visitor", "cli", "system"]);
    super::linked(&app).await;
    assert_eq!(app.count("select count(*) from audit_links where version = 1").await, 3);
    super::tamper(&app, "update audit_events set actor_id = gen_random_uuid() where actor_kind = 'cli'").await;
    assert_eq!(super::faults(&app).await.len(), 1, "the actor is covered");
}
