//! What a token is worth, for those whom it concerns; and its end.

use serde_json::{Value, json};
use vestibule::apps::SigningAlgorithm;
use vestibule_jose::{Algorithm, SigningKey, Typ};

use crate::support::{
    app::TestApp,
    oidc::{Allowed, assert_refused, json as body, text},
};

#[tokio::test]
async fn an_app_learns_what_its_token_is_worth() {
    let app = TestApp::start().await;
    for format in ["opaque", "jwt"] {
        app.person(format).await;
        let registered = app.web_app(format).await;
        app.set_app(format, &format!("access_format = '{format}'")).await;
        let code = app.code(&registered, format, &Allowed::default()).await;
        let mut client = app.client(&registered);
        let tokens = body(&client.exchange(&code.code).await);
        let issuer = app.state.config.site.public_url.origin();
        let mut told = client.introspect(text(&tokens, "access_token")).await;
        let times =
            ["iat", "exp", "auth_time"].map(|name| told[name].as_i64().unwrap_or_else(|| panic!("{name}: {told}")));
        assert_eq!(times[1] - times[0], 600, "{told}");
        let sid = told["sid"].take();
        assert!(sid.is_string());
        let expected = json!({
            "active": true, "iss": issuer, "sub": app.id(format).await.to_string(), "aud": [issuer], "client_id": format,
            "username": format, "token_type": "Bearer", "scope": "openid profile email groups offline_access",
            "iat": times[0], "exp": times[1], "auth_time": times[2], "acr": "aal1", "amr": ["pwd"], "sid": null,
        });
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn row_37_others_learn_nothing_and_revoke_nothing() {
    let app = TestApp::start().await;
    let (client, tokens) = app.tokens("alice", "wiki").await;
    let theirs = app.web_app("theirs").await;
    let mut theirs = app.client(&theirs);
    for name in ["access_token", "refresh_token", "id_token"] {
        assert_eq!(theirs.introspect(text(&tokens, name)).await, json!({ "active": false }));
        theirs.revoke(text(&tokens, name)).await;
    }
    assert_eq!(client.userinfo(text(&tokens, "access_token")).await.status, 200);
    assert_eq!(client.clone().refresh(text(&tokens, "refresh_token")).await.status, 200);
}

#[tokio::test]
async fn row_37_a_resource_learns_about_tokens_that_are_for_it() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let (wiki, api) = (app.web_app("wiki").await, app.web_app("api").await);
    let resources = "resources = '{https://api.example,https://other.example}'";
    for format in ["opaque", "jwt"] {
        app.set_app("wiki", &format!("{resources}, access_format = '{format}'")).await;
        app.set_app("api", "resources = '{https://api.example}'").await;
        let allowed = Allowed { resources: &["https://api.example", "https://other.example"], ..Allowed::default() };
        let code = app.code(&wiki, "alice", &allowed).await;
        let tokens = body(&app.client(&wiki).exchange(&code.code).await);
        let told = app.client(&api).introspect(text(&tokens, "access_token")).await;
        assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!("wiki")), "{told}");
        app.client(&api).revoke(text(&tokens, "access_token")).await;
        let narrow = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(&tokens, "refresh_token")),
            ("resource", "https://other.example"),
        ];
        let narrow = body(&app.client(&wiki).token(&narrow).await);
        let token = text(&narrow, "access_token");
        assert_eq!(app.client(&api).introspect(token).await, json!({ "active": false }));
        assert_eq!(app.client(&wiki).introspect(token).await["aud"], json!(["https://other.example"]));
        assert_eq!(app.client(&wiki).introspect(text(&tokens, "access_token")).await["active"], json!(true));
    }
}

#[tokio::test]
async fn an_app_revokes_its_tokens() {
    let app = TestApp::start().await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    let next = body(&client.refresh(text(&tokens, "refresh_token")).await);
    client.revoke(text(&tokens, "access_token")).await;
    assert_eq!(client.userinfo(text(&tokens, "access_token")).await.status, 401);
    assert_eq!(client.userinfo(text(&next, "access_token")).await.status, 200, "alone");
    client.revoke("va_unknown").await;
    client.revoke(text(&next, "refresh_token")).await;
    assert_eq!(client.userinfo(text(&next, "access_token")).await.status, 401);
    assert_refused(&client.refresh(text(&next, "refresh_token")).await, 400, "invalid_grant");
    assert_eq!(app.count("select count(*) from grants where ended_because = 'revoked'").await, 1);
    assert_refused(&client.post("/oauth/revoke", &[]).await, 400, "invalid_request");
    assert_refused(&client.post("/oauth/introspect", &[]).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_signed_token_is_revoked_with_its_grant() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "access_format = 'jwt'").await;
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let mut client = app.client(&wiki);
    let tokens = body(&client.exchange(&code.code).await);
    client.revoke(text(&tokens, "access_token")).await;
    assert_eq!(client.introspect(text(&tokens, "access_token")).await, json!({ "active": false }));
}

/// Signed by somebody else, for somebody else, or as something else.
#[tokio::test]
async fn row_41_42_and_43_forged_tokens_are_worth_nothing() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "access_format = 'jwt', resources = '{https://api.example}'").await;
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let mut client = app.client(&wiki);
    let tokens = body(&client.exchange(&code.code).await);
    let token = text(&tokens, "access_token");
    let issuer = app.state.config.site.public_url.origin();
    let claims = app.signed(token, Typ::AccessToken, &issuer, SigningAlgorithm::Rs256).await;
    let claims: Value = claims.into_typed().expect("claims");
    let ours = app.state.signing.signer(SigningAlgorithm::Rs256).await.expect("a key");
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        changed
    };
    let (stranger, _) = SigningKey::generate(Algorithm::ES256).expect("a key");
    let parts: Vec<&str> = token.split('.').collect();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{}.", parts[1]);
    let sign = |typ, claims: &Value| ours.sign(typ, claims).expect("a token");
    let forged = [
        unsigned,
        format!("{}.{}.", parts[0], parts[1]),
        stranger.sign(Typ::AccessToken, &claims).expect("a token"),
        sign(Typ::Jwt, &claims),
        sign(Typ::LogoutToken, &claims),
        sign(Typ::AccessToken, &with("iss", json!("https://evil.example"))),
        sign(Typ::AccessToken, &with("iss", json!(format!("{issuer}/../x")))),
        sign(Typ::AccessToken, &with("aud", json!("https://else.example"))),
        sign(Typ::AccessToken, &with("aud", json!([]))),
        sign(Typ::AccessToken, &with("exp", json!(1000))),
        sign(Typ::AccessToken, &with("grant_id", json!("00000000-0000-4000-8000-000000000000"))),
        sign(Typ::AccessToken, &with("grant_id", json!(7))),
        sign(Typ::AccessToken, &with("scope", json!(["openid"]))),
        format!("{}.{}.{}", parts[0], parts[1], ".".repeat(20_000)),
        format!("{}.{}.{}", "e".repeat(20_000), parts[1], parts[2]),
        text(&tokens, "id_token").to_owned(),
    ];
    for forged in forged {
        assert_eq!(client.introspect(&forged).await, json!({ "active": false }), "{forged}");
        if forged.len() < 4000 {
            assert_refused(&client.userinfo(&forged).await, 401, "invalid_token");
        }
    }
    assert_eq!(client.userinfo(&sign(Typ::AccessToken, &claims)).await.status, 200);
    assert_eq!(client.userinfo(token).await.status, 200);
}
