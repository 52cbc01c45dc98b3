//! What changes while a request waits for its person, or after an app got what it wanted.

use serde_json::json;

use super::{bring, code_of, consent, next_of};
use crate::support::{
    app::TestApp,
    apps::REDIRECT,
    http::Answer,
    oidc::{Allowed, assert_refused, json as body, of_code, text},
};

/// A page of ours that leads nowhere.
#[track_caller]
fn assert_over(answer: &Answer) {
    assert_eq!((answer.status, answer.header("location")), (410, None), "{answer:?}");
    assert!(!answer.body.contains("http-equiv"), "{answer:?}");
}

#[tokio::test]
async fn a_redirect_address_that_is_removed_gets_no_code_of_a_request_that_waits() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    for change in [
        "update app_addresses set uri = 'https://app.example/new' where kind = 'redirect'",
        "update apps set kind = 'service'",
    ] {
        let next = next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
        let page = format!("/oauth/consent?next={next}");
        let token = person.csrf_token(&page).await;
        app.execute(change).await;
        let fields = [("csrf_token", token.as_str()), ("next", &next), ("answer", "allow")];
        assert_over(&person.post("/oauth/consent", &fields).await);
        assert_over(&person.get(&next).await);
        app.execute(&format!("update app_addresses set uri = '{REDIRECT}' where kind = 'redirect'")).await;
    }
    assert_eq!(super::codes(&app).await, 0);
}

#[tokio::test]
async fn a_request_that_waits_is_granted_no_more_than_the_app_may_have_by_then() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "resources = '{https://api.example}'").await;
    let mut person = app.person("alice").await;
    let wide = [("scope", "openid profile email groups")];
    let next = next_of(&bring(&mut person, "wiki", &wide).await, "/oauth/consent");
    app.set_app("wiki", "scopes = '{openid,email}'").await;
    let code = code_of(&app, &consent(&mut person, &next, "allow").await);
    let tokens = body(&app.client(&wiki).token(&of_code(&code)[..3]).await);
    assert_eq!(text(&tokens, "scope"), "openid email");
    // A resource that is gone leaves no token for us in its place.
    let resource = [("resource", "https://api.example")];
    let next = next_of(&bring(&mut person, "wiki", &resource).await, "/oauth/consent");
    app.set_app("wiki", "resources = '{}'").await;
    assert_over(&person.get(&next).await);
}

/// Userinfo, introspection and the consent page agree about what an app knows.
#[tokio::test]
async fn introspection_says_no_more_than_the_scopes_allow() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    for (scopes, knows) in
        [("email", &[][..]), ("openid", &["sid", "auth_time", "acr", "amr"]), ("profile", &["username"])]
    {
        let code = app.code(&wiki, "alice", &Allowed { scopes, ..Allowed::default() }).await;
        let tokens = body(&app.client(&wiki).exchange(&code.code).await);
        let told = app.client(&wiki).introspect(text(&tokens, "access_token")).await;
        assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!(scopes)), "{told}");
        for name in ["username", "sid", "auth_time", "acr", "amr"] {
            assert_eq!(told.get(name).is_some(), knows.contains(&name), "{scopes}: {told}");
        }
    }
}

#[tokio::test]
async fn an_app_without_a_secret_cannot_introspect() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let phone = app.public_app("phone", REDIRECT).await;
    let code = app.code(&phone, "alice", &Allowed::default()).await;
    let tokens = body(&app.client(&phone).exchange(&code.code).await);
    let asked = [("token", text(&tokens, "access_token"))];
    assert_refused(&app.client(&phone).post("/oauth/introspect", &asked).await, 400, "unauthorized_client");
}

/// Codes stay in histories and logs. Another app that reads a used one ends nothing with it.
#[tokio::test]
async fn a_used_code_in_other_hands_ends_nothing() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let (wiki, phone) = (app.web_app("wiki").await, app.public_app("phone", REDIRECT).await);
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let tokens = body(&app.client(&wiki).exchange(&code.code).await);
    assert_refused(&app.client(&phone).exchange(&code.code).await, 400, "invalid_grant");
    assert_eq!(app.client(&wiki).userinfo(text(&tokens, "access_token")).await.status, 200);
    assert_refused(&app.client(&wiki).exchange(&code.code).await, 400, "invalid_grant");
    assert_eq!(app.client(&wiki).userinfo(text(&tokens, "access_token")).await.status, 401, "as ever");
}

#[tokio::test]
async fn an_app_that_is_no_longer_trusted_stays_listed_while_it_has_a_grant() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    let mut person = app.person("alice").await;
    code_of(&app, &bring(&mut person, "wiki", &[]).await);
    app.set_app("wiki", "consent = 'ask'").await;
    let page = person.get("/account/apps").await;
    assert!(page.body.contains("The wiki app"), "{page:?}");
}
