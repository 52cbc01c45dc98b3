//! Services that act for themselves, signed access tokens, and tokens for resources.

use serde_json::{Value, json};
use vestibule::apps::SigningAlgorithm;
use vestibule_jose::Typ;

use crate::support::{
    app::TestApp,
    apps::{REDIRECT, register},
    oidc::{Allowed, Client, assert_refused, json as body, of_code, text},
};

const API: &str = "https://api.example";
const MCP: &str = "https://mcp.example/server";

async fn service(app: &TestApp, name: &str) -> Client {
    let registered = register(&app.db, name, "service", REDIRECT).await;
    app.set_app(name, "scopes = '{jobs.read,jobs.write}', resources = '{https://api.example}'").await;
    app.client(&registered)
}

fn credentials<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("grant_type", "client_credentials")][..], more].concat()
}

#[tokio::test]
async fn a_service_gets_a_token_for_itself_and_nothing_of_people() {
    let app = TestApp::start().await;
    let mut robot = service(&app, "robot").await;
    let tokens = body(&robot.token(&credentials(&[("scope", "jobs.read")])).await);
    assert_eq!((text(&tokens, "scope"), &tokens["expires_in"]), ("jobs.read", &json!(600)));
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none(), "{tokens}");
    let told = robot.introspect(text(&tokens, "access_token")).await;
    assert_eq!((&told["active"], &told["sub"], &told["aud"]), (&json!(true), &json!("robot"), &json!([API])), "{told}");
    assert!(told.get("username").is_none() && told.get("sid").is_none(), "{told}");
    assert_eq!(text(&body(&robot.token(&credentials(&[])).await), "scope"), "jobs.read jobs.write");
}

#[tokio::test]
async fn row_25_a_service_gets_only_scopes_of_its_own() {
    let app = TestApp::start().await;
    let mut robot = service(&app, "robot").await;
    for scope in ["jobs.delete", "jobs.read openid", "openid"] {
        assert_refused(&robot.token(&credentials(&[("scope", scope)])).await, 400, "invalid_scope");
    }
    let elsewhere = robot.token(&credentials(&[("resource", "https://other.example")])).await;
    assert_refused(&elsewhere, 400, "invalid_target");
    let wiki = app.web_app("wiki").await;
    assert_refused(&app.client(&wiki).token(&credentials(&[])).await, 400, "unauthorized_client");
    let phone = app.public_app("phone", REDIRECT).await;
    assert_refused(&app.client(&phone).token(&credentials(&[])).await, 400, "unauthorized_client");
    assert_eq!(app.count("select count(*) from grants").await, 0);
}

#[tokio::test]
async fn row_24_tokens_of_a_disabled_service_are_worth_nothing() {
    let app = TestApp::start().await;
    let mut robot = service(&app, "robot").await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "resources = '{https://api.example}'").await;
    let mut observer = app.client(&wiki);
    let tokens = body(&robot.token(&credentials(&[])).await);
    let token = text(&tokens, "access_token");
    assert_eq!(observer.introspect(token).await["active"], json!(true));
    app.set_app("robot", "disabled_at = now()").await;
    assert_eq!(observer.introspect(token).await, json!({ "active": false }));
    assert_refused(&robot.token(&credentials(&[])).await, 401, "invalid_client");
}

#[tokio::test]
async fn row_36_a_token_without_scopes_opens_nothing() {
    let app = TestApp::start().await;
    let mut robot = service(&app, "robot").await;
    app.set_app("robot", "scopes = '{}', resources = '{}'").await;
    let tokens = body(&robot.token(&credentials(&[])).await);
    assert_eq!(text(&tokens, "scope"), "");
    assert_refused(&robot.userinfo(text(&tokens, "access_token")).await, 403, "insufficient_scope");
}

#[tokio::test]
async fn a_signed_access_token_is_an_rfc_9068_one() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "access_format = 'jwt', id_token_alg = 'ES256'").await;
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let mut client = app.client(&wiki);
    let tokens = body(&client.exchange(&code.code).await);
    let issuer = app.state.config.site.public_url.origin();
    let claims = app.signed(text(&tokens, "access_token"), Typ::AccessToken, &issuer, SigningAlgorithm::Es256).await;
    let all: serde_json::Map<String, Value> = claims.clone().into_typed().expect("claims");
    let names: Vec<_> = all.keys().map(String::as_str).collect();
    let expected =
        ["acr", "amr", "aud", "auth_time", "client_id", "exp", "grant_id", "iat", "iss", "jti", "scope", "sid", "sub"];
    assert_eq!(names, expected);
    assert_eq!(claims.subject(), Some(app.id("alice").await.to_string().as_str()));
    assert_eq!((claims.text("client_id"), claims.text("scope")), (Some("wiki"), tokens["scope"].as_str()));
    assert_eq!(claims.text("grant_id"), Some(code.grant.to_string().as_str()));
    assert_eq!(app.count("select count(*) from access_tokens").await, 0, "it has no row");
    assert_eq!(client.userinfo(text(&tokens, "access_token")).await.status, 200);
    let next = body(&client.refresh(text(&tokens, "refresh_token")).await);
    let again = app.signed(text(&next, "access_token"), Typ::AccessToken, &issuer, SigningAlgorithm::Es256).await;
    assert_ne!(claims.id(), again.id());
}

#[tokio::test]
async fn rfc_8707_resources_narrow_what_a_token_is_for() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", &format!("access_format = 'jwt', resources = '{{{API},{MCP}}}'")).await;
    let mut client = app.client(&wiki);
    let allowed = Allowed { resources: &[API, MCP], ..Allowed::default() };
    let code = app.code(&wiki, "alice", &allowed).await;
    let one = [&of_code(&code.code)[..], &[("resource", "https://mcp.example/server/")]].concat();
    let tokens = body(&client.token(&one).await);
    let claims = app.signed(text(&tokens, "access_token"), Typ::AccessToken, MCP, SigningAlgorithm::Rs256).await;
    assert_eq!(claims.audience(), [MCP]);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    let both = body(&client.token(&[&refresh[..], &[("resource", API), ("resource", MCP)]].concat()).await);
    let claims = app.signed(text(&both, "access_token"), Typ::AccessToken, API, SigningAlgorithm::Rs256).await;
    assert_eq!(claims.audience(), [API, MCP]);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", text(&both, "refresh_token"))];
    let other = [&refresh[..], &[("resource", "https://evil.example")]].concat();
    // So that clients of MCP start anew.
    assert_refused(&client.token(&other).await, 400, "invalid_grant");
    assert_eq!(client.token(&refresh).await.status, 200, "what was refused was not used");
    let code = app.code(&wiki, "alice", &allowed).await;
    let other = [&of_code(&code.code)[..], &[("resource", "https://evil.example")]].concat();
    assert_refused(&client.token(&other).await, 400, "invalid_target");
}
