//! ID tokens, verified as apps do: with the published keys.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use vestibule::apps::SigningAlgorithm;
use vestibule_jose::Claims;

use crate::support::{
    app::TestApp,
    oidc::{Allowed, NONCE, json as body, text},
};

/// The ID token that an app gets for alice, and its access token.
async fn id_token(
    app: &TestApp,
    client_id: &str,
    allowed: &Allowed<'_>,
    algorithm: SigningAlgorithm,
) -> (Claims, Value) {
    let registered = app.web_app(client_id).await;
    app.set_app(client_id, &format!("id_token_alg = '{}'", algorithm.code())).await;
    let code = app.code(&registered, "alice", allowed).await;
    let tokens = body(&app.client(&registered).exchange(&code.code).await);
    (app.id_token(client_id, text(&tokens, "id_token"), algorithm).await, tokens)
}

fn names(claims: &Claims) -> Vec<String> {
    let all: serde_json::Map<String, Value> = claims.clone().into_typed().expect("claims");
    all.keys().cloned().collect()
}

#[tokio::test]
async fn oidcc_idtoken_signature_every_algorithm_verifies_and_says_who_signed_in() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let issuer = app.state.config.site.public_url.origin();
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        let (claims, tokens) = id_token(&app, algorithm.code(), &Allowed::default(), algorithm).await;
        assert_eq!(claims.issuer(), Some(issuer.as_str()));
        assert_eq!(claims.subject(), Some(app.id("alice").await.to_string().as_str()));
        assert_eq!(claims.audience(), [algorithm.code()]);
        assert_eq!(claims.expires_at() - claims.issued_at().expect("iat"), 600);
        assert_eq!(claims.text("nonce"), Some(NONCE));
        assert_eq!((claims.text("acr"), claims.get("amr")), (Some("aal1"), Some(&json!(["pwd"]))));
        let now = vestibule::types::now().unix_timestamp();
        assert!(claims.get("auth_time").and_then(Value::as_i64).is_some_and(|at| (now - 60..=now).contains(&at)));
        let sid: String =
            sqlx::query_scalar("select id::text from sessions").fetch_one(&app.db).await.expect("a session");
        assert_eq!(claims.text("sid"), Some(sid.as_str()));
        let at_hash = vestibule::apps::tokens::jwt::at_hash(algorithm, text(&tokens, "access_token"));
        assert_eq!(claims.text("at_hash"), Some(at_hash.as_str()));
        assert_eq!(names(&claims).len(), 11, "{:?}", names(&claims));
        let header = text(&tokens, "id_token").split('.').next().expect("a header");
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64url")).expect("JSON");
        assert_eq!(header["alg"], algorithm.code());
        assert!(header["kid"].as_str().is_some_and(|kid| !kid.is_empty()), "{header}");
    }
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let allowed = Allowed { nonce: None, ..Allowed::default() };
    let (claims, _) = id_token(&app, "wiki", &allowed, SigningAlgorithm::Rs256).await;
    assert_eq!(claims.get("nonce"), None);
}

#[tokio::test]
async fn oidcc_claims_essential_what_was_requested_for_the_id_token_stands_in_it() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let allowed = Allowed { claims: &["name", "groups", "sub", "aud"], scopes: "openid profile", ..Allowed::default() };
    let (claims, _) = id_token(&app, "wiki", &allowed, SigningAlgorithm::Rs256).await;
    assert_eq!(claims.text("name"), Some("alice"));
    assert_eq!((claims.get("groups"), claims.get("preferred_username")), (None, None), "not granted, not requested");
    assert_eq!(claims.audience(), ["wiki"]);
}

#[tokio::test]
async fn an_app_that_never_asks_userinfo_finds_everything_in_the_id_token() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let registered = app.web_app("grafana").await;
    app.set_app("grafana", "id_token_claims = true").await;
    app.execute(
        "insert into groups (id, name) values (gen_random_uuid(), 'ops'), (gen_random_uuid(), 'admins'), (gen_random_uuid(), 'x');
        insert into group_members (group_id, user_id) select g.id, u.id from groups g, users u where g.name <> 'x'",
    )
    .await;
    let code = app.code(&registered, "alice", &Allowed::default()).await;
    let tokens = body(&app.client(&registered).exchange(&code.code).await);
    let claims = app.id_token("grafana", text(&tokens, "id_token"), SigningAlgorithm::Rs256).await;
    assert_eq!(claims.text("email"), Some("alice@example.com"));
    assert_eq!(
        (claims.get("email_verified"), claims.get("groups")),
        (Some(&json!(true)), Some(&json!(["admins", "ops"])))
    );
    assert_eq!(claims.text("preferred_username"), Some("alice"));
}

#[tokio::test]
async fn a_second_factor_shows_in_acr_and_amr() {
    let app = TestApp::start().await;
    app.person("alice").await;
    app.execute("update sessions set aal = 2, amr = '{pwd,otp,mfa}'").await;
    let (claims, _) = id_token(&app, "wiki", &Allowed::default(), SigningAlgorithm::Es256).await;
    assert_eq!((claims.text("acr"), claims.get("amr")), (Some("aal2"), Some(&json!(["pwd", "otp", "mfa"]))));
}
