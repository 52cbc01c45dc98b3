//! The list of apps that a person has allowed something.

use super::{allow, bring, code_of, next_of};
use crate::support::{app::TestApp, browser::Browser};

const MINE: &str = "select count(*) from grants where ended_at is null";

#[tokio::test]
async fn an_app_is_listed_and_removed_with_all_that_came_of_it_on_every_replica() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let wiki = app.web_app("wiki").await;
    app.web_app("files").await;
    let mut person = app.person("alice").await;
    let empty = person.get("/account/apps").await;
    assert!(empty.status == 200 && empty.body.contains("No apps yet"), "{empty:?}");
    for client_id in ["wiki", "files"] {
        allow(&mut person, client_id).await;
        code_of(&app, &bring(&mut person, client_id, &[]).await);
    }
    let mut other = app.person("robert").await;
    allow(&mut other, "wiki").await;
    let page = person.get("/account/apps").await;
    for says in ["The wiki app", "The files app", "see your email address", "Remove access", "just now"] {
        assert!(page.body.contains(says), "{says}: {page:?}");
    }
    assert_eq!(app.count(MINE).await, 5);
    let id = wiki.id.to_string();
    let token = person.csrf_token_of("/account/apps").await;
    let removed = person.post("/account/apps/remove", &[("csrf_token", &token), ("app_id", &id)]).await;
    assert_eq!((removed.status, removed.location()), (303, "/account/apps"), "{removed:?}");
    let page = person.get("/account/apps").await;
    assert!(page.body.contains("can no longer use your account") && !page.body.contains("The wiki app"), "{page:?}");
    assert_eq!(app.count(MINE).await, 3, "the other app's and the other person's stay");
    assert_eq!(app.count("select count(*) from grants where ended_because = 'consent'").await, 2);
    next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
    let mut elsewhere = crate::support::browser::Browser { to: replica.address, ..person.clone() };
    next_of(&bring(&mut elsewhere, "wiki", &[]).await, "/oauth/consent");
    let activity = person.get("/account/activity").await;
    assert!(activity.body.contains("Access of an app ended"), "{activity:?}");
    for wrong in [id.as_str(), "00000000-0000-4000-8000-000000000001", "x"] {
        let answer = person.post("/account/apps/remove", &[("csrf_token", &token), ("app_id", wrong)]).await;
        assert!([303, 404].contains(&answer.status), "{wrong}: {answer:?}");
    }
    assert_eq!(app.count("select count(*) from audit_events where kind = 'consent_withdrawn'").await, 1);
}

#[tokio::test]
async fn a_trusted_app_is_listed_while_signed_in_to_and_signed_out_of() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    let mut person = app.person("alice").await;
    let (mut other, list) = (app.person("robert").await, "/account/apps");
    let is_listed = async |browser: &mut Browser| browser.get(list).await.body.contains("The wiki app");
    assert!(!is_listed(&mut person).await, "not signed in to it yet");
    for _ in 0..2 {
        code_of(&app, &bring(&mut person, "wiki", &[]).await);
    }
    code_of(&app, &bring(&mut other, "wiki", &[]).await);
    let page = person.get(list).await;
    for says in ["Added by the operator", "Sign out of this app", "see your email address"] {
        assert_eq!(page.body.matches(says).count(), 1, "{says}: {page:?}");
    }
    let id = wiki.id.to_string();
    let token = person.csrf_token_of(list).await;
    let removed = person.post("/account/apps/remove", &[("csrf_token", &token), ("app_id", &id)]).await;
    assert_eq!((removed.status, removed.location()), (303, list), "{removed:?}");
    let page = person.get(list).await;
    assert!(page.body.contains("signed out of that app") && !page.body.contains("no longer has"), "{page:?}");
    assert!(!is_listed(&mut person).await && is_listed(&mut other).await);
    assert_eq!(app.count(MINE).await, 1, "the other person's stays");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'consent_withdrawn'").await, 1);
    let token = person.csrf_token_of(list).await;
    let again = person.post("/account/apps/remove", &[("csrf_token", &token), ("app_id", &id)]).await;
    assert_eq!(again.status, 404, "nothing is left");
    // A session that ended takes the app with it; nobody was asked, and nobody is asked again.
    let mut elsewhere = app.signed_in("alice").await;
    code_of(&app, &bring(&mut elsewhere, "wiki", &[]).await);
    assert!(is_listed(&mut person).await);
    elsewhere.submit("/logout", &[]).await;
    assert!(!is_listed(&mut person).await);
}

#[tokio::test]
async fn grants_and_requests_are_deleted_after_their_time() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    code_of(&app, &bring(&mut person, "wiki", &[]).await);
    bring(&mut app.browser(), "wiki", &[]).await;
    app.sweep().await;
    assert_eq!((super::codes(&app).await, super::requests(&app).await), (2, 2));
    app.execute("update authorization_requests set expires_at = now() - interval '1 second'").await;
    app.execute("update grants set ended_at = now() - interval '23 hours', ended_because = 'revoked'").await;
    app.sweep().await;
    assert_eq!((super::codes(&app).await, super::requests(&app).await), (2, 0));
    app.execute("update grants set ended_at = now() - interval '25 hours'").await;
    app.sweep().await;
    assert_eq!((super::codes(&app).await, app.count("select count(*) from grants").await), (0, 0));
}

#[tokio::test]
async fn the_data_of_a_person_names_their_apps_and_goes_with_the_account() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    let token = person.csrf_token("/account/data").await;
    let document = person.post("/account/data", &[("csrf_token", &token)]).await;
    let document: serde_json::Value = serde_json::from_str(&document.body).expect("JSON");
    assert_eq!(document["connected_apps"]["items"][0]["client_id"], "wiki");
    assert_eq!(document["app_sign_ins"]["items"][0]["scopes"][0], "openid");
    app.execute("update users set deletion_due_at = now() - interval '1 second'").await;
    app.sweep().await;
    for table in ["users", "consents", "grants", "authorization_codes"] {
        assert_eq!(app.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
}
