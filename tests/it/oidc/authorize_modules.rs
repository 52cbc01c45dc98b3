//! Modules of the OpenID conformance suite that concern the authorization endpoint, by their names.

use super::{allow, answered, bring, code_of, error_of, good, next_of, path};
use crate::support::{
    app::{PASSWORD, TestApp},
    browser::Browser,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// A person who has allowed the app before.
async fn allowed() -> (TestApp, Browser) {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    (app, person)
}

#[tokio::test]
async fn oidcc_server_a_code_has_256_random_bits() {
    let (app, mut person) = allowed().await;
    let (one, other) = (bring(&mut person, "wiki", &[]).await, bring(&mut person, "wiki", &[]).await);
    let (one, other) = (code_of(&app, &one), code_of(&app, &other));
    assert_ne!(one, other);
    for code in [one, other] {
        let bytes = URL_SAFE_NO_PAD.decode(code.strip_prefix("vc_").expect("its kind")).expect("base64url");
        assert_eq!(bytes.len(), 32);
    }
}

#[tokio::test]
async fn oidcc_response_type_missing() {
    let (app, mut person) = allowed().await;
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &[("response_type", "")]).await), "invalid_request");
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let (app, mut person) = allowed().await;
    code_of(&app, &bring(&mut person, "wiki", &[]).await);
    assert_eq!(app.count("select count(*) from authorization_codes where nonce is null").await, 2);
}

#[tokio::test]
async fn oidcc_alternate_happy_flow() {
    let (app, mut person) = allowed().await;
    let mut turned = good("wiki", &[("scope", "email openid")]);
    turned.reverse();
    code_of(&app, &person.get(&path(&turned)).await);
}

#[tokio::test]
async fn oidcc_display_page_and_popup_and_locales_and_ensure_request_with_unknown_parameter_succeeds() {
    let (app, mut person) = allowed().await;
    for changes in [
        ("display", "page"),
        ("display", "popup"),
        ("claims_locales", "se"),
        ("ui_locales", "se ko"),
        ("extra", "foobar"),
        ("acr_values", "urn:mace:incommon:iap:silver"),
        ("login_hint", "nobody"),
        ("claims", r#"{"userinfo": {"name": {"essential": true}}}"#),
    ] {
        code_of(&app, &bring(&mut person, "wiki", &[changes]).await);
    }
}

#[tokio::test]
async fn oidcc_ui_locales_set_the_language_of_the_pages_unless_the_person_chose_one() {
    let (app, _) = allowed().await;
    let mut browser = app.browser();
    let asked = bring(&mut browser, "wiki", &[("ui_locales", "se ko-KR en")]).await;
    let page = browser.get(asked.location()).await;
    assert!(page.body.contains("<html lang=\"ko\">") && page.body.contains("The wiki app 앱으로"), "{page:?}");
    let mut chosen = app.browser();
    chosen.cookies.insert("vestibule_language".into(), "en".into());
    let asked = bring(&mut chosen, "wiki", &[("ui_locales", "ko")]).await;
    assert!(chosen.get(asked.location()).await.body.contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn oidcc_login_hint_fills_in_the_name() {
    let (app, _) = allowed().await;
    let mut browser = app.browser();
    let asked = bring(&mut browser, "wiki", &[("login_hint", "minji@example.com")]).await;
    assert!(browser.get(asked.location()).await.body.contains("value=\"minji@example.com\""));
}

#[tokio::test]
async fn oidcc_prompt_login_and_max_age_1() {
    let (app, mut person) = allowed().await;
    app.execute("update sessions set authenticated_at = now() - interval '2 seconds'").await;
    for changes in [("prompt", "login"), ("max_age", "1")] {
        let asked = bring(&mut person, "wiki", &[changes]).await;
        let next = next_of(&asked, "/reauth");
        let before = "select extract(epoch from max(authenticated_at))::int8 from grants";
        let before = app.count(before).await;
        let proven = person.submit(asked.location(), &[("password", PASSWORD), ("next", &next)]).await;
        // However long the pages after it take.
        app.execute("update sessions set authenticated_at = authenticated_at - interval '0.001 seconds'").await;
        app.execute("update authorization_requests set created_at = created_at - interval '5 seconds'").await;
        code_of(&app, &super::go_on(&mut person, &proven).await);
        let later = "select extract(epoch from max(authenticated_at))::int8 from grants";
        assert!(app.count(later).await >= before);
        app.execute("update sessions set authenticated_at = now() - interval '2 seconds'").await;
    }
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let (app, _) = allowed().await;
    let silent = [("prompt", "none")];
    assert_eq!(error_of(&app, &bring(&mut app.browser(), "wiki", &silent).await), "login_required");
    let mut person = app.person("robert").await;
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &silent).await), "consent_required");
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in_and_id_token_hint_and_max_age_10000() {
    let (app, mut person) = allowed().await;
    let hint = |subject: &str| {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part("{}"), part(&format!("{{\"sub\":\"{subject}\"}}")), part("x"))
    };
    let (own, others) = (hint(&app.id("alice").await.to_string()), hint("00000000-0000-4000-8000-000000000001"));
    for changes in [
        vec![("prompt", "none")],
        vec![("prompt", "none"), ("id_token_hint", own.as_str())],
        vec![("prompt", "none"), ("id_token_hint", "no token")],
        vec![("prompt", "none"), ("max_age", "10000")],
    ] {
        code_of(&app, &bring(&mut person, "wiki", &changes).await);
    }
    assert_eq!(app.count("select count(distinct (user_id, authenticated_at)) from grants").await, 1);
    let silent = [("prompt", "none"), ("id_token_hint", others.as_str())];
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &silent).await), "login_required", "someone else");
    next_of(&bring(&mut person, "wiki", &silent[1..]).await, "/oauth/consent");
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri_and_row_10() {
    let (app, mut person) = allowed().await;
    for prompt in ["", "none"] {
        let changes = [("redirect_uri", "https://app.example/callback/x"), ("prompt", prompt)];
        let answer = bring(&mut person, "wiki", &changes).await;
        assert_eq!((answer.status, answer.header("location")), (400, None), "{answer:?}");
    }
    let answer = bring(&mut person, "wiki", &[("redirect_uri", "")]).await;
    assert_eq!(answer.status, 400, "also where only one is registered");
    assert_eq!(app.count("select count(*) from authorization_codes").await, 1);
}

#[tokio::test]
async fn oidcc_request_uri_and_unsigned_request_object_are_never_ignored() {
    let (app, mut person) = allowed().await;
    for (name, value, error) in [
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://app.example/request.jwt", "request_uri_not_supported"),
    ] {
        let answer = bring(&mut person, "wiki", &[(name, value)]).await;
        assert_eq!(error_of(&app, &answer), error);
        assert_eq!(answered(&answer).get("state").map(String::as_str), Some("a state"));
    }
}
