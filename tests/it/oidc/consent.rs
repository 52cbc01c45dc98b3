//! Asking for consent: when, what is remembered, and races.

use super::{allow, bring, code_of, codes, consent, next_of};
use crate::support::{app::TestApp, browser::Browser, race::race};

#[tokio::test]
async fn consent_is_remembered_and_asked_again_for_more() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "resources = '{https://api.example}'").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    code_of(&app, &bring(&mut person, "wiki", &[]).await);
    code_of(&app, &bring(&mut person, "wiki", &[("scope", "openid")]).await);
    for (more, total) in [("openid profile", 3), ("offline_access", 4)] {
        let next = next_of(&bring(&mut person, "wiki", &[("scope", more)]).await, "/oauth/consent");
        code_of(&app, &consent(&mut person, &next, "allow").await);
        code_of(&app, &bring(&mut person, "wiki", &[("scope", more)]).await);
        assert_eq!(app.count("select array_length(scopes, 1)::int8 from consents").await, total, "{more}: the union");
    }
    let abroad = [("resource", "https://api.example")];
    let next = next_of(&bring(&mut person, "wiki", &abroad).await, "/oauth/consent");
    let page = person.get(&format!("/oauth/consent?next={next}")).await;
    assert!(
        page.body.contains("act for you at https:&#x2F;&#x2F;api.example")
            || page.body.contains("act for you at https://api.example"),
        "{page:?}"
    );
    code_of(&app, &consent(&mut person, &next, "allow").await);
    code_of(&app, &bring(&mut person, "wiki", &abroad).await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'app_authorized'").await, 4, "not each code");
    // Another person's is another.
    let mut other = app.person("robert").await;
    next_of(&bring(&mut other, "wiki", &[]).await, "/oauth/consent");
    let activity = person.get("/account/activity").await;
    assert!(activity.body.contains("App allowed to use your account"), "{activity:?}");
}

#[tokio::test]
async fn a_trusted_app_is_not_asked_about_and_a_denied_one_is_not_remembered() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    let next = next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
    assert_eq!(super::error_of(&app, &consent(&mut person, &next, "deny").await), "access_denied");
    assert_eq!(person.get(&next).await.status, 410);
    next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
    assert_eq!(app.count("select count(*) from consents").await, 0);
    app.set_app("wiki", "consent = 'trusted'").await;
    code_of(&app, &bring(&mut person, "wiki", &[]).await);
    assert_eq!(app.count("select count(*) from consents").await, 0);
    next_of(&bring(&mut person, "wiki", &[("prompt", "consent")]).await, "/oauth/consent");
}

#[tokio::test]
async fn row_17_an_app_on_the_device_is_asked_about_each_time() {
    let app = TestApp::start().await;
    app.public_app("cli", "http://127.0.0.1/cb").await;
    app.public_app("phone", "com.example.app:/cb").await;
    app.public_app("spa", "https://app.example/callback").await;
    let mut person = app.person("alice").await;
    let pkce = [("code_challenge", super::CHALLENGE), ("code_challenge_method", "S256")];
    for (client_id, uri, again) in [
        ("cli", "http://127.0.0.1:5000/cb", true),
        ("phone", "com.example.app:/cb", true),
        ("spa", "https://app.example/callback", false),
    ] {
        let changes = [&[("redirect_uri", uri)][..], &pkce].concat();
        let next = next_of(&bring(&mut person, client_id, &changes).await, "/oauth/consent");
        assert_eq!(consent(&mut person, &next, "allow").await.status, 200);
        let second = bring(&mut person, client_id, &changes).await;
        assert_eq!(second.location().starts_with("/oauth/consent"), again, "{client_id}: {second:?}");
    }
}

#[tokio::test]
async fn row_14_sixteen_answers_at_once_over_two_replicas_are_one_code() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    let next = next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
    let page = format!("/oauth/consent?next={next}");
    let tabs = person.tabs(16, &[app.address, replica.address], &page).await;
    let answers = race(16, |n| {
        let (mut tab, token) = tabs[n].clone();
        let next = next.clone();
        async move {
            let fields = [("csrf_token", token.as_str()), ("next", &next), ("answer", "allow")];
            tab.post("/oauth/consent", &fields).await
        }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| [200, 410].contains(&answer.status)), "{answers:?}");
    assert_eq!(codes(&app).await, 1);
}

#[tokio::test]
async fn row_13_sixteen_returns_at_once_over_two_replicas_are_one_code() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    let mut person = app.person("alice").await;
    let asked = bring(&mut person, "wiki", &[("prompt", "login")]).await;
    let next = next_of(&asked, "/reauth");
    app.execute("update authorization_requests set created_at = created_at - interval '1 hour'").await;
    let answers = race(16, |n| {
        let to = [app.address, replica.address][n % 2];
        let (mut tab, next) = (Browser { to, ..person.clone() }, next.clone());
        async move { tab.get(&next).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| [303, 410].contains(&answer.status)), "{answers:?}");
    assert_eq!(codes(&app).await, 1);
}

#[tokio::test]
async fn a_consent_of_a_session_that_ended_begins_again_with_signing_in() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    let next = next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
    let token = person.csrf_token(&format!("/oauth/consent?next={next}")).await;
    app.execute("update sessions set revoked_at = now()").await;
    let fields = [("csrf_token", token.as_str()), ("next", &next), ("answer", "allow")];
    let answer = person.post("/oauth/consent", &fields).await;
    assert_eq!(next_of(&super::go_on(&mut person, &answer).await, "/login"), next);
    assert_eq!(codes(&app).await, 0);
}

/// Grants that stayed although nothing allows them.
const STRAY: &str = "select count(*) from grants g where ended_at is null and not exists (
    select from consents where user_id = g.user_id and app_id = g.app_id)";

#[tokio::test]
async fn sixteen_requests_over_two_replicas_while_the_consent_is_withdrawn_leave_no_grant() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let wiki = app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    for _ in 0..16 {
        app.execute("delete from attempt_limits").await;
        allow(&mut person, "wiki").await;
        let token = person.csrf_token_of("/account/apps").await;
        let id = wiki.id.to_string();
        let answers = race(16, |n| {
            let to = [app.address, replica.address][n % 2];
            let (mut tab, token, id) = (Browser { to, ..person.clone() }, token.clone(), id.clone());
            async move {
                match n {
                    7 => tab.post("/account/apps/remove", &[("csrf_token", &token), ("app_id", &id)]).await,
                    _ => bring(&mut tab, "wiki", &[]).await,
                }
            }
        })
        .await;
        assert!(answers.iter().all(|answer| answer.status == 303), "{answers:?}");
        assert_eq!(app.count("select count(*) from consents").await, 0);
        assert_eq!(app.count(STRAY).await, 0, "{answers:?}");
    }
}

#[tokio::test]
async fn a_request_waits_for_a_withdrawal_that_began_before_it_and_then_asks() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    for (prompt, expected) in [("", "/oauth/consent"), ("none", "consent_required")] {
        let mut withdrawal = app.db.begin().await.expect("a transaction");
        sqlx::query("delete from consents").execute(&mut *withdrawal).await.expect("a withdrawal");
        let mut tab = person.clone();
        let asked = tokio::spawn(async move { bring(&mut tab, "wiki", &[("prompt", prompt)]).await });
        let waits =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while !asked.is_finished() && app.count(waits).await == 0 {
            tokio::task::yield_now().await;
        }
        sqlx::query("update grants set ended_at = now(), ended_because = 'consent' where ended_at is null")
            .execute(&mut *withdrawal)
            .await
            .expect("a withdrawal");
        withdrawal.commit().await.expect("a withdrawal");
        let answer = asked.await.expect("an answer");
        assert!(answer.location().contains(expected), "{prompt}: {answer:?}");
        assert_eq!(app.count(STRAY).await, 0);
        allow(&mut person, "wiki").await;
    }
}
