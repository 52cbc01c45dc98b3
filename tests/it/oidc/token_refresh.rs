//! `refresh_token`: each is used once, and a repeat is forgiven for a moment only.

use std::collections::BTreeSet;

use vestibule::apps::SigningAlgorithm;

use crate::support::{
    app::TestApp,
    http::Answer,
    oidc::{Allowed, Client, NONCE, assert_refused, json, text},
    race::race,
};

const ROWS: &str = "select count(*) from refresh_tokens";
const REUSED: &str = "select count(*) from grants where ended_because = 'reuse'";
/// The grace is over, as the database sees it.
const LATER: &str = "update refresh_tokens set used_at = used_at - interval '31 seconds' where used_at is not null";

fn refresh_with<'a>(token: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("grant_type", "refresh_token"), ("refresh_token", token)][..], more].concat()
}

/// Refreshes sixteen times at once at two replicas.
async fn sixteen(app: &TestApp, client: &Client, token: &str) -> Vec<Answer> {
    let replica = app.replica().await;
    let clients = [client.clone(), client.at(&replica)];
    race(16, |n| {
        let (mut client, token) = (clients[n % 2].clone(), token.to_owned());
        async move { client.refresh(&token).await }
    })
    .await
}

#[tokio::test]
async fn oidcc_refresh_token_becomes_new_tokens_of_the_same_sign_in() {
    let app = TestApp::start().await;
    let (mut client, first) = app.tokens("alice", "wiki").await;
    let answer = client.refresh(text(&first, "refresh_token")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let second = json(&answer);
    for name in ["access_token", "refresh_token", "id_token"] {
        assert_ne!(text(&first, name), text(&second, name));
    }
    assert_eq!(first["scope"], second["scope"]);
    let mut claims = Vec::new();
    for tokens in [&first, &second] {
        claims.push(app.id_token("wiki", text(tokens, "id_token"), SigningAlgorithm::Rs256).await);
    }
    for name in ["sub", "iss", "aud", "auth_time", "sid", "acr", "amr"] {
        assert!(claims[0].get(name).is_some() && claims[0].get(name) == claims[1].get(name), "{name}: {claims:?}");
    }
    assert_eq!((claims[0].text("nonce"), claims[1].get("nonce")), (Some(NONCE), None));
    for tokens in [&first, &second] {
        assert_eq!(client.userinfo(text(tokens, "access_token")).await.status, 200);
    }
}

#[tokio::test]
async fn row_21_sixteen_at_once_get_one_successor() {
    let app = TestApp::start().await;
    let (mut client, first) = app.tokens("alice", "wiki").await;
    let answers = sixteen(&app, &client, text(&first, "refresh_token")).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let successors: BTreeSet<_> =
        answers.iter().map(|answer| text(&json(answer), "refresh_token").to_owned()).collect();
    assert_eq!(successors.len(), 1);
    assert_eq!((app.count(ROWS).await, app.count(REUSED).await), (2, 0));
    let next = successors.first().expect("a successor");
    assert_eq!(client.refresh(next).await.status, 200);
}

#[tokio::test]
async fn row_21_without_a_grace_one_wins_and_the_grant_ends_with_the_next() {
    let app = TestApp::with(&[("VESTIBULE_REFRESH_GRACE", "0s")]).await;
    let (client, first) = app.tokens("alice", "wiki").await;
    let answers = sixteen(&app, &client, text(&first, "refresh_token")).await;
    let got = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(got, 1, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_refused(refused, 400, "invalid_grant");
    }
    assert_eq!((app.count(ROWS).await, app.count(REUSED).await), (2, 1));
    assert_eq!(client.userinfo(text(&first, "access_token")).await.status, 401);
}

#[tokio::test]
async fn row_22_after_the_grace_a_repeat_ends_the_grant_and_its_owner_is_told() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let mut client = app.client(&wiki);
    let first = json(&client.exchange(&code.code).await);
    let second = json(&client.refresh(text(&first, "refresh_token")).await);
    app.execute(LATER).await;
    // After a restart, which forgets what a process knew.
    let restarted = app.replica().await;
    let mut client = client.at(&restarted);
    assert_refused(&client.refresh(text(&first, "refresh_token")).await, 400, "invalid_grant");
    assert_refused(&client.refresh(text(&second, "refresh_token")).await, 400, "invalid_grant");
    assert_eq!(client.userinfo(text(&second, "access_token")).await.status, 401);
    assert_eq!(app.count(REUSED).await, 1);
    let events = "select count(*) from audit_events where kind = 'refresh_reused' and detail ->> 'client_id' = 'wiki'";
    assert_eq!(app.count(events).await, 1, "told once");
    let page = person.get("/account/activity").await;
    assert!(page.body.contains("Signed out of an app: its access was used in two places"), "{page:?}");
}

#[tokio::test]
async fn row_19_a_refresh_token_in_other_hands_ends_its_grant() {
    let app = TestApp::start().await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    let theirs = app.web_app("theirs").await;
    let token = text(&tokens, "refresh_token");
    assert_refused(&app.client(&theirs).refresh(token).await, 400, "invalid_grant");
    assert_refused(&client.refresh(token).await, 400, "invalid_grant");
    assert_eq!(app.count(REUSED).await, 1);
    let events =
        "select count(*) from audit_events where kind = 'refresh_reused' and detail = '{\"client_id\":\"wiki\"}'";
    assert_eq!(app.count(events).await, 1, "of the app whose token it was");
}

/// Each of these alone, with another person and app.
#[tokio::test]
async fn row_23_what_ends_a_grant_refuses_the_next_refresh_at_once() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let group = "insert into groups (id, name) values (gen_random_uuid(), 'staff')";
    let admit = "insert into app_groups (app_id, group_id) select id, (select id from groups) from apps where client_id = 'group-left'";
    app.execute(group).await;
    for (name, statement) in [
        ("account-closed", "update users set disabled_at = now() where username = 'account-closed'"),
        ("erasure-asked", "update users set deletion_due_at = now() where username = 'erasure-asked'"),
        ("consent-taken", "update grants set ended_at = now(), ended_because = 'consent' where ended_at is null"),
        ("group-left", admit),
        ("password-new", "update password_credentials set changed_at = now() + interval '1 second'"),
        ("grant-expired", "update grants set expires_at = now()"),
        ("session-out", "update sessions set revoked_at = now() where revoked_at is null"),
        ("idle", "update refresh_tokens set expires_at = now() where used_at is null"),
    ] {
        let (client, tokens) = app.tokens(name, name).await;
        let mut client = client.at(&replica);
        let next = json(&client.refresh(text(&tokens, "refresh_token")).await);
        app.execute(statement).await;
        assert_refused(&client.refresh(text(&next, "refresh_token")).await, 400, "invalid_grant");
        assert_eq!(app.count(REUSED).await, 0, "{name}");
    }
}

#[tokio::test]
async fn row_23_without_offline_access_a_refresh_ends_with_the_session() {
    let app = TestApp::start().await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    app.execute("update grants set offline = false").await;
    let next = json(&client.refresh(text(&tokens, "refresh_token")).await);
    let token = text(&next, "refresh_token");
    app.execute("update sessions set idle_ends_at = now()").await;
    assert_refused(&client.refresh(token).await, 400, "invalid_grant");
    // What was refused was not used.
    app.execute("update grants set offline = true").await;
    assert_eq!(client.refresh(token).await.status, 200);
}

#[tokio::test]
async fn row_24_a_disabled_app_refreshes_nothing() {
    let app = TestApp::start().await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    app.set_app("wiki", "disabled_at = now()").await;
    assert_refused(&client.refresh(text(&tokens, "refresh_token")).await, 401, "invalid_client");
    app.set_app("wiki", "disabled_at = null").await;
    assert_eq!(client.refresh(text(&tokens, "refresh_token")).await.status, 200);
}

#[tokio::test]
async fn row_25_a_refresh_narrows_and_never_widens() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let allowed = Allowed { scopes: "openid email offline_access", ..Allowed::default() };
    let code = app.code(&wiki, "alice", &allowed).await;
    let mut client = app.client(&wiki);
    let tokens = json(&client.exchange(&code.code).await);
    let token = text(&tokens, "refresh_token");
    let wider = client.token(&refresh_with(token, &[("scope", "openid email profile")])).await;
    assert_refused(&wider, 400, "invalid_scope");
    let narrow = json(&client.token(&refresh_with(token, &[("scope", "email")])).await);
    assert_eq!((text(&narrow, "scope"), narrow.get("id_token")), ("email", None));
    assert_eq!(client.userinfo(text(&narrow, "access_token")).await.status, 403);
    // The grant keeps all of them.
    let next = json(&client.refresh(text(&narrow, "refresh_token")).await);
    assert_eq!(text(&next, "scope"), "openid email offline_access");
}

#[tokio::test]
async fn a_refresh_token_lasts_while_it_is_used_and_never_longer_than_its_grant() {
    let app = TestApp::with(&[("VESTIBULE_REFRESH_IDLE", "14d")]).await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    let days = "select (extract(epoch from max(expires_at) - now()) / 86400)::int8 from refresh_tokens";
    assert_eq!(app.count(days).await, 14);
    app.execute("update grants set expires_at = now() + interval '3 days'").await;
    assert_eq!(client.refresh(text(&tokens, "refresh_token")).await.status, 200);
    let last = "select (extract(epoch from expires_at - now()) / 86400)::int8 from refresh_tokens where number = 2";
    assert_eq!(app.count(last).await, 3);
}

#[tokio::test]
async fn access_tokens_never_outlive_their_grant() {
    let app = TestApp::start().await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    app.execute("update grants set expires_at = now() + interval '60 seconds'").await;
    let next = json(&client.refresh(text(&tokens, "refresh_token")).await);
    assert!(next["expires_in"].as_i64().is_some_and(|seconds| (50..=60).contains(&seconds)), "{next}");
}

#[tokio::test]
async fn expired_tokens_are_swept() {
    let app = TestApp::start().await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    client.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!((app.sweep().await.count("access_tokens"), app.count(ROWS).await), (0, 2));
    app.execute("update access_tokens set expires_at = now() - interval '1 second'").await;
    app.execute("update refresh_tokens set expires_at = now() - interval '1 second' where number = 1").await;
    let swept = app.sweep().await;
    assert_eq!((swept.count("access_tokens"), swept.count("refresh_tokens")), (2, 1));
}
