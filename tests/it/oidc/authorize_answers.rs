//! What goes to the app: codes and errors, as a query and as a form.

use std::collections::BTreeMap;

use super::{
    CHALLENGE, allow, answered, bring, code_of, codes, consent, error_of, good, issuer, next_of, path, refreshed,
    requests,
};
use crate::support::{
    app::TestApp,
    apps::{REDIRECT, register},
    browser::Browser,
};
use sqlx::Row as _;
use url::form_urlencoded;
use vestibule::types::{AppToken, TokenKind};

#[tokio::test]
async fn row_16_every_answer_names_its_issuer() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    let next = next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
    assert_eq!(error_of(&app, &consent(&mut person, &next, "deny").await), "access_denied");
    allow(&mut person, "wiki").await;
    code_of(&app, &bring(&mut person, "wiki", &[]).await);
    for (changes, error) in [
        (("response_type", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "code id_token"), "unsupported_response_type"),
        (("response_mode", "fragment"), "invalid_request"),
        (("response_mode", "jwt"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
        (("max_age", "1e3"), "invalid_request"),
        (("claims", "no json"), "invalid_request"),
        (("resource", "https://api.example"), "invalid_target"),
        (("registration", "{}"), "registration_not_supported"),
    ] {
        let answer = bring(&mut person, "wiki", &[changes]).await;
        assert_eq!(error_of(&app, &answer), error, "{changes:?}");
        assert_eq!(answered(&answer).get("state").map(String::as_str), Some("a state"));
    }
    assert_eq!(codes(&app).await, 2);
}

#[tokio::test]
async fn a_code_belongs_to_a_grant_that_says_who_signed_in_and_how() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    let changes = [
        ("scope", "openid profile unknown email offline_access openid"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("claims", r#"{"id_token": {"email": {"essential": true}, "groups": null, "nobody": null}, "userinfo": {}}"#),
    ];
    let next = next_of(&bring(&mut person, "wiki", &changes).await, "/oauth/consent");
    let code = code_of(&app, &consent(&mut person, &next, "allow").await);
    let digest = AppToken::parse(TokenKind::Code, &code).expect("a code").digest();
    let query = "select g.scopes, g.offline, c.nonce, c.redirect_uri, c.claims,
            g.session_id = s.id and g.sid = s.id and g.user_id = s.user_id and g.amr = s.amr and g.aal = s.aal
                and g.authenticated_at = s.authenticated_at and g.app_id = a.id as of_session,
            c.expires_at - now() between interval '50 seconds' and interval '60 seconds' as short,
            g.expires_at - now() between interval '89 days' and interval '90 days' as long
        from authorization_codes c join grants g on g.id = c.grant_id, sessions s, apps a where c.digest = $1";
    let row = sqlx::query(query).bind(digest.as_bytes()).fetch_one(&app.db).await.expect("a grant");
    assert_eq!(row.get::<Vec<String>, _>("scopes"), ["openid", "profile", "email", "offline_access"]);
    assert_eq!(row.get::<Vec<String>, _>("claims"), ["email"], "those that the scopes allow");
    assert_eq!((row.get::<&str, _>("nonce"), row.get::<&str, _>("redirect_uri")), ("n-0S6_WzA2Mj", REDIRECT));
    for what in ["offline", "of_session", "short", "long"] {
        assert!(row.get::<bool, _>(what), "{what}");
    }
    // Without offline access the grant ends with the session.
    code_of(&app, &bring(&mut person, "wiki", &[]).await);
    let ends = "select count(*) from grants g join sessions s on s.id = g.session_id
        where not g.offline and g.expires_at = s.absolute_ends_at";
    assert_eq!(app.count(ends).await, 1);
}

#[tokio::test]
async fn an_app_may_ask_for_nothing_and_gets_a_code_for_nothing() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "scopes = '{openid,email}'").await;
    let mut person = app.person("alice").await;
    let next = next_of(&bring(&mut person, "wiki", &[("scope", "")]).await, "/oauth/consent");
    let page = person.get(&format!("/oauth/consent?next={next}")).await;
    assert!(page.body.contains("know nothing about you"), "{page:?}");
    code_of(&app, &consent(&mut person, &next, "allow").await);
    assert_eq!(app.count("select count(*) from grants where scopes = '{}'").await, 1);
    let offline = bring(&mut person, "wiki", &[("scope", "offline_access")]).await;
    code_of(&app, &offline);
    assert_eq!(app.count("select count(*) from grants where offline").await, 0, "the app may not");
}

#[tokio::test]
async fn form_post_sends_the_answer_to_the_app_and_to_nobody_else() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    register(&app.db, "device", "web", "app.example:/cb").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    let page = bring(&mut person, "wiki", &[("response_mode", "form_post")]).await;
    assert_eq!(page.status, 200, "{page:?}");
    let code = page.hidden(REDIRECT, "code").expect("a code");
    assert!(AppToken::parse(TokenKind::Code, &code).is_some());
    assert_eq!(page.hidden(REDIRECT, "state").as_deref(), Some("a state"));
    assert_eq!(page.hidden(REDIRECT, "iss"), Some(issuer(&app)));
    assert_eq!(page.hidden(REDIRECT, "csrf_token"), None, "ours stays here");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action https:;") && policy.contains("script-src 'self';"), "{policy}");
    assert_eq!(page.header_all("content-security-policy").count(), 1);
    assert!(page.body.contains("form-post.js"), "{page:?}");
    // Nor does a form go to an app on the device.
    let changes = [("redirect_uri", "app.example:/cb"), ("response_mode", "form_post")];
    let answer = bring(&mut person, "device", &changes).await;
    assert!(answer.location().starts_with("app.example:/cb?error=invalid_request"), "{answer:?}");
}

#[tokio::test]
async fn a_consent_that_is_repeated_gets_the_same_form_with_the_same_policy() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    let next = next_of(&bring(&mut person, "wiki", &[("response_mode", "form_post")]).await, "/oauth/consent");
    let token = person.csrf_token(&format!("/oauth/consent?next={next}")).await;
    let fields = [("csrf_token", token.as_str()), ("next", &next), ("answer", "allow")];
    let (first, again) = (person.post("/oauth/consent", &fields).await, person.post("/oauth/consent", &fields).await);
    assert_eq!(first.hidden(REDIRECT, "code"), again.hidden(REDIRECT, "code"));
    for answer in [first, again] {
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("form-action https:;"), "{policy}");
    }
    assert_eq!(codes(&app).await, 1);
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds_as_well_with_a_slash_at_the_end() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    for endpoint in ["/oauth/authorize", "/oauth/authorize/"] {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(good("wiki", &[])).finish();
        // Lax cookies stay behind with a form of another site.
        let mut bare = Browser { cookies: BTreeMap::new(), ..person.clone() }
            .with("Origin", "https://app.example")
            .with("Sec-Fetch-Site", "cross-site");
        let answer = bare.post_raw(endpoint, body.as_bytes()).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        bare.cookies.extend(person.cookies.clone().into_iter().filter(|(name, _)| name != "vestibule_app"));
        code_of(&app, &super::go_on(&mut bare, &answer).await);
        let got = person.get(&path(&good("wiki", &[])).replace("/oauth/authorize", endpoint)).await;
        code_of(&app, &got);
        let broken = person.post_raw(endpoint, b"client_id=wiki").await;
        assert_eq!((broken.status, broken.header("location")), (400, None), "{broken:?}");
    }
    let wrong = good("wiki", &[("response_type", "x")]);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(wrong).finish();
    let answer = person.post_raw("/oauth/authorize", body.as_bytes()).await;
    assert_eq!(error_of(&app, &answer), "unsupported_response_type", "{}", refreshed(&answer));
    let mut json = app.browser().with("Content-Type", "application/json");
    assert_eq!(json.post_raw("/oauth/authorize", b"{}").await.status, 415);
}

#[tokio::test]
async fn loopback_addresses_match_with_any_port() {
    let app = TestApp::start().await;
    app.public_app("cli", "http://127.0.0.1/cb").await;
    let mut person = app.person("alice").await;
    let uri = "http://127.0.0.1:53211/cb";
    let changes = [("redirect_uri", uri), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let next = next_of(&bring(&mut person, "cli", &changes).await, "/oauth/consent");
    let page = person.get(&format!("/oauth/consent?next={next}")).await;
    assert!(page.body.contains("an app on this device"), "{page:?}");
    let answer = consent(&mut person, &next, "allow").await;
    assert!(refreshed(&answer).starts_with("http://127.0.0.1:53211/cb?code=vc_"), "{answer:?}");
}

#[tokio::test]
async fn one_network_cannot_fill_the_table_of_requests() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut last = 0;
    for _ in 0..230 {
        last = bring(&mut app.browser(), "wiki", &[]).await.status;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
    assert!(requests(&app).await >= 200);
}
