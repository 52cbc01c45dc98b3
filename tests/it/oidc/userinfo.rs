//! Who the person is, for a client that sends the right token in the right place.

use serde_json::json;

use crate::support::{
    app::TestApp,
    http::Answer,
    oidc::{Allowed, assert_refused, basic, json as body, text},
};

fn challenge(answer: &Answer) -> &str {
    answer.header("www-authenticate").unwrap_or_else(|| panic!("no challenge in {answer:?}"))
}

#[tokio::test]
async fn oidcc_userinfo_get_and_post_header_tell_the_granted_claims() {
    let app = TestApp::start().await;
    let (client, tokens) = app.tokens("alice", "wiki").await;
    app.execute("update users set display_name = 'Alice', language = 'ko'").await;
    let updated_at = app.count("select floor(extract(epoch from profile_updated_at))::bigint from users").await;
    let token = text(&tokens, "access_token");
    let mut post = client.browser.clone().with("Authorization", &format!("bearer {token}"));
    for answer in [client.userinfo(token).await, post.send("POST", "/oauth/userinfo", None).await] {
        assert_eq!(answer.status, 200, "{answer:?}");
        let expected = json!({
            "sub": app.id("alice").await.to_string(), "name": "Alice", "preferred_username": "alice", "locale": "ko",
            "email": "alice@example.com", "email_verified": true, "groups": [],
            "updated_at": updated_at,
        });
        assert_eq!(body(&answer), expected);
    }
}

#[tokio::test]
async fn oidcc_scope_profile_email_and_all_each_reveals_its_own() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    for (scopes, names) in [
        ("openid", &["sub"][..]),
        ("openid profile", &["name", "preferred_username", "sub", "updated_at"]),
        ("openid email", &["email", "email_verified", "sub"]),
        ("openid groups", &["groups", "sub"]),
    ] {
        let code = app.code(&wiki, "alice", &Allowed { scopes, ..Allowed::default() }).await;
        let tokens = body(&app.client(&wiki).exchange(&code.code).await);
        let claims = body(&app.client(&wiki).userinfo(text(&tokens, "access_token")).await);
        let found: Vec<_> = claims.as_object().expect("claims").keys().map(String::as_str).collect();
        assert_eq!(found, names, "{scopes}");
    }
}

#[tokio::test]
async fn oidcc_scope_profile_updated_at_follows_the_profile_and_nothing_else() {
    let app = TestApp::start().await;
    let (client, tokens) = app.tokens("alice", "wiki").await;
    let token = text(&tokens, "access_token");
    let told = async || body(&client.userinfo(token).await)["updated_at"].as_i64().expect("a number");
    let seconds = |column: &str| format!("select floor(extract(epoch from {column}))::bigint from users");
    app.execute("update users set created_at = now() - interval '9 days'").await;
    assert_eq!(told().await, app.count(&seconds("created_at")).await, "an account that never changed");
    for what in ["display_name = 'Alice'", "language = 'ko'", "email = 'a@example.com'", "username = 'alicia'"] {
        app.execute("update users set profile_updated_at = now() - interval '8 days'").await;
        let old = app.count(&seconds("profile_updated_at")).await;
        app.execute(&format!("update users set {what}")).await;
        assert!(told().await > old + 7 * 86_400, "{what}");
        app.execute("update users set profile_updated_at = now() - interval '8 days'").await;
        let old = app.count(&seconds("profile_updated_at")).await;
        // The same again is no change, and neither is what apps do not see.
        app.execute(&format!("update users set {what}, credentials_version = credentials_version + 1")).await;
        assert_eq!(told().await, old, "{what}");
    }
}

#[tokio::test]
async fn row_35_and_oidcc_userinfo_post_body_a_token_belongs_in_the_header() {
    let app = TestApp::start().await;
    let (client, tokens) = app.tokens("alice", "wiki").await;
    let token = text(&tokens, "access_token");
    let in_query = client.browser.clone().get(&format!("/oauth/userinfo?access_token={token}")).await;
    assert_refused(&in_query, 400, "invalid_request");
    let in_body = client.browser.clone().post_raw("/oauth/userinfo", format!("access_token={token}").as_bytes()).await;
    assert_refused(&in_body, 400, "invalid_request");
    for field in [basic("wiki", token), basic(token, ""), token.to_owned(), format!("Bearer{token}"), String::new()] {
        let answer = client.browser.clone().with("Authorization", &field).get("/oauth/userinfo").await;
        assert_eq!((answer.status, challenge(&answer)), (401, "Bearer realm=\"vestibule\""), "{field}: {answer:?}");
    }
    let with_basic = client.browser.clone().with("Authorization", &basic("wiki", token));
    let answer = with_basic.clone().post_raw("/oauth/token", b"grant_type=client_credentials").await;
    assert_refused(&answer, 401, "invalid_client");
}

#[tokio::test]
async fn row_28_and_29_a_token_has_one_spelling_and_one_use() {
    let app = TestApp::start().await;
    let (client, tokens) = app.tokens("alice", "wiki").await;
    let token = text(&tokens, "access_token");
    let wrong = [
        token[..45].to_owned(),
        format!("{token}="),
        token.to_uppercase(),
        format!("{token} {token}"),
        text(&tokens, "refresh_token").to_owned(),
        text(&tokens, "id_token").to_owned(),
        "a.b.c".to_owned(),
        ".".repeat(3000),
    ];
    for token in wrong {
        let answer = client.userinfo(&token).await;
        assert_refused(&answer, 401, "invalid_token");
        assert!(challenge(&answer).starts_with("Bearer realm=\"vestibule\", error=\"invalid_token\""), "{answer:?}");
        assert_eq!(client.clone().introspect(&token).await, json!({ "active": false }), "{token}");
    }
    // Spaces at the end of a field are no part of it; in a form they are.
    assert_eq!(client.clone().introspect(&format!("{token} ")).await, json!({ "active": false }));
    for name in ["access_token", "refresh_token", "id_token"] {
        let code = client.clone().exchange(text(&tokens, name)).await;
        assert_refused(&code, 400, "invalid_grant");
        if name != "refresh_token" {
            assert_refused(&client.clone().refresh(text(&tokens, name)).await, 400, "invalid_grant");
        }
    }
    assert_eq!(client.userinfo(token).await.status, 200);
}

#[tokio::test]
async fn row_38_without_openid_it_says_nothing() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let code = app.code(&wiki, "alice", &Allowed { scopes: "profile email", ..Allowed::default() }).await;
    let tokens = body(&app.client(&wiki).exchange(&code.code).await);
    assert_eq!(tokens.get("id_token"), None);
    let answer = app.client(&wiki).userinfo(text(&tokens, "access_token")).await;
    assert_refused(&answer, 403, "insufficient_scope");
    assert!(
        challenge(&answer).contains("error=\"insufficient_scope\"") && challenge(&answer).ends_with("scope=\"openid\"")
    );
}

#[tokio::test]
async fn row_40_a_token_for_a_resource_is_not_for_userinfo() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    for format in ["opaque", "jwt"] {
        app.set_app("wiki", &format!("access_format = '{format}', resources = '{{https://api.example}}'")).await;
        let allowed = Allowed { resources: &["https://api.example"], ..Allowed::default() };
        let code = app.code(&wiki, "alice", &allowed).await;
        let tokens = body(&app.client(&wiki).exchange(&code.code).await);
        assert_refused(&app.client(&wiki).userinfo(text(&tokens, "access_token")).await, 401, "invalid_token");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_no_verdict() {
    let app = TestApp::start().await;
    let (client, tokens) = app.tokens("alice", "wiki").await;
    let away = TestApp::on(app.options.clone().port(1), &[]).await;
    let answer = client.at(&away).userinfo(text(&tokens, "access_token")).await;
    assert_refused(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("www-authenticate"), None);
}
