//! The whole way: from the request of an app to its tokens, and to their end.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use vestibule::apps::SigningAlgorithm;

use super::{answered, bring, code_of, consent, error_of, next_of};
use crate::support::{
    app::{PASSWORD, TestApp},
    apps::REDIRECT,
    oidc::{VERIFIER, assert_refused, json, text},
};

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

#[tokio::test]
async fn oidcc_server_a_person_signs_in_to_an_app_which_refreshes_until_they_sign_out() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    app.sign_up("alice").await;
    let (mut person, challenge) = (app.browser(), challenge());
    let request = [
        ("scope", "openid email groups offline_access"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("nonce", "n-1"),
    ];
    let next = next_of(&bring(&mut person, "wiki", &request).await, "/login");
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
    let answer = person.submit(&format!("/login?next={next}"), &fields).await;
    assert_eq!(answer.location(), format!("/return?next={next}"), "{answer:?}");
    let next = next_of(&person.get(&next).await, "/oauth/consent");
    let code = code_of(&app, &consent(&mut person, &next, "allow").await);
    let mut client = app.client(&wiki);
    let tokens = json(&client.exchange(&code).await);
    let id_token = app.id_token("wiki", text(&tokens, "id_token"), SigningAlgorithm::Rs256).await;
    let info = json(&client.userinfo(text(&tokens, "access_token")).await);
    assert_eq!(id_token.subject(), info["sub"].as_str());
    assert_eq!(info["email"], "alice@example.com");
    assert_eq!(info["groups"], serde_json::json!([]));
    let refreshed = json(&client.refresh(text(&tokens, "refresh_token")).await);
    // A second time nobody is asked.
    let silent = [&request[..3], &[("prompt", "none")]].concat();
    let again = bring(&mut person, "wiki", &silent).await;
    assert!(answered(&again).contains_key("code"), "{again:?}");
    // Signing out takes everything along.
    assert_eq!(person.submit("/logout", &[]).await.status, 303);
    assert_refused(&client.refresh(text(&refreshed, "refresh_token")).await, 400, "invalid_grant");
    assert_eq!(client.introspect(text(&refreshed, "access_token")).await["active"], false);
    assert_eq!(client.userinfo(text(&refreshed, "access_token")).await.status, 401);
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &silent).await), "login_required");
}

#[tokio::test]
async fn an_app_that_redeemed_a_code_by_pkce_must_send_a_challenge_from_then_on() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    let mut person = app.person("alice").await;
    let (mut client, challenge) = (app.client(&wiki), challenge());
    let with = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    // Anyone can send a challenge in the app's name.
    let code = code_of(&app, &bring(&mut person, "wiki", &with).await);
    let without = code_of(&app, &bring(&mut person, "wiki", &[]).await);
    let plain = [("grant_type", "authorization_code"), ("code", without.as_str()), ("redirect_uri", REDIRECT)];
    assert_eq!(client.token(&plain).await.status, 200);
    // The app alone can prove one.
    assert_eq!(client.exchange(&code).await.status, 200);
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &[]).await), "invalid_request");
    let code = code_of(&app, &bring(&mut person, "wiki", &with).await);
    assert_eq!(client.exchange(&code).await.status, 200);
}
