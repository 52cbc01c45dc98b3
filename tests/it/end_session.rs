//! Signing out at the request of an app. Tests named `oidcc_…` do what that module of the OpenID conformance suite does.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::OffsetDateTime;
use url::form_urlencoded;
use vestibule::apps::SigningAlgorithm;
use vestibule_jose::{Algorithm, SigningKey, Typ};

use crate::support::{
    app::{TestApp, is_signed_in},
    browser::Browser,
    http::Answer,
};

const BYE: &str = "https://wiki.example/bye";

/// A service with an app, and a person who is signed in.
pub async fn service(settings: &[(&str, &str)]) -> (TestApp, Browser) {
    let app = TestApp::with(settings).await;
    for client_id in ["wiki", "other"] {
        app.web_app(client_id).await;
        let uri = format!("https://{client_id}.example/bye");
        let address = "insert into app_addresses (app_id, kind, uri) select id, 'post_logout'";
        app.execute(&format!("{address}, '{uri}' from apps where client_id = '{client_id}'")).await;
    }
    let browser = app.person("alice").await;
    (app, browser)
}

/// The account and the session, as apps know them.
pub async fn who(browser: &mut Browser) -> (String, String) {
    let session: Value = serde_json::from_str(&browser.get("/api/v1/session").await.body).expect("JSON");
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    (text(&session["user"]["id"]), text(&session["session"]["id"]))
}

/// A grant of this session, as the app's code would have opened it.
pub async fn grant(app: &TestApp, client_id: &str, sid: &str, offline: bool) {
    app.execute(&format!(
        "insert into grants (id, app_id, user_id, session_id, sid, scopes, aal, amr, authenticated_at, offline, expires_at)
         select gen_random_uuid(), a.id, s.user_id, s.id, s.id, '{{openid}}', s.aal, s.amr, now(), {offline}, now() + interval '1 hour'
         from sessions s, apps a where s.id = '{sid}' and a.client_id = '{client_id}'"
    ))
    .await;
}

fn claims(app: &TestApp, client_id: &str, sid: &str, age: i64) -> Value {
    let issued = OffsetDateTime::now_utc().unix_timestamp() - age;
    let issuer = app.state.config.site.public_url.origin();
    json!({ "iss": issuer, "aud": client_id, "sub": "alice", "sid": sid, "iat": issued, "exp": issued + 600 })
}

async fn hint(app: &TestApp, client_id: &str, sid: &str, age: i64) -> String {
    let key = app.state.signing.signer(SigningAlgorithm::Es256).await.expect("a key");
    key.sign(Typ::Jwt, &claims(app, client_id, sid, age)).expect("a token")
}

fn path(parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("/oauth/logout?{query}")
}

fn asks(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("action=\"/oauth/logout/confirm\"")
}

/// Opens the page and presses its button, with these fields in place of its own.
async fn press(browser: &mut Browser, page: &str, fields: &[(&str, &str)]) -> Answer {
    const CONFIRM: &str = "/oauth/logout/confirm";
    let token = browser.get(page).await.hidden(CONFIRM, "csrf_token").expect("a form");
    let all = [&[("csrf_token", token.as_str())], fields].concat();
    browser.post(CONFIRM, &all).await
}

#[tokio::test]
async fn oidcc_rp_initiated_logout() {
    let (app, mut browser) = service(&[]).await;
    let (_, sid) = who(&mut browser).await;
    // Long expired, as they are when somebody signs out at last.
    let hint = hint(&app, "wiki", &sid, 86_400).await;
    let state = "a b&c=d/한";
    let answer =
        browser.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", state)])).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(answer.location(), format!("{BYE}?state=a%20b%26c%3Dd%2F%ED%95%9C"));
    assert!(!is_signed_in(&mut browser).await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'signed_out'").await, 1);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let (app, mut browser) = service(&[]).await;
    let (_, sid) = who(&mut browser).await;
    let hint = hint(&app, "wiki", &sid, 0).await;
    let parameters = [("id_token_hint", hint.as_str()), ("client_id", "wiki"), ("post_logout_redirect_uri", BYE)];
    let answer = browser.get(&path(&parameters)).await;
    assert_eq!((answer.status, answer.location()), (303, BYE));
    assert!(!is_signed_in(&mut browser).await);

    // Once more, by the other tab: nobody is signed in, and the page leads on.
    let answer = browser.get(&path(&parameters)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(&format!("content=\"0; url={BYE}\"")), "{}", answer.body);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let (app, mut browser) = service(&[]).await;
    let (_, sid) = who(&mut browser).await;
    let answer = browser.get(&path(&[("id_token_hint", &hint(&app, "wiki", &sid, 0).await), ("state", "x")])).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    let (_app, mut browser) = service(&[]).await;
    let answer = browser.get("/oauth/logout").await;
    assert!(asks(&answer) && is_signed_in(&mut browser).await);
    let answer = press(&mut browser, "/oauth/logout", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn without_a_hint_a_page_asks_and_then_leads_on_without_a_redirect() {
    let (_app, mut browser) = service(&[]).await;
    let page = path(&[("client_id", "wiki"), ("post_logout_redirect_uri", BYE), ("state", "x&y")]);
    let answer = browser.get(&page).await;
    assert!(asks(&answer), "{answer:?}");
    assert!(answer.body.contains("The wiki app"), "{}", answer.body);
    assert!(is_signed_in(&mut browser).await, "nothing happens before somebody says so");
    let field = |name: &str| answer.hidden("/oauth/logout/confirm", name).expect("a field");
    let fields = ["client_id", "post_logout_redirect_uri", "state"].map(|name| (name, field(name)));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let left = press(&mut browser, &page, &fields).await;
    assert_eq!((left.status, left.location()), (303, page.as_str()), "to a page of ours");
    let last = browser.get(left.location()).await;
    assert_eq!(last.status, 200, "form-action would block a redirect after a form");
    assert!(last.body.contains(&format!("content=\"0; url={BYE}?state=x%26y\"")), "{}", last.body);
    assert!(last.body.contains(&format!("href=\"{BYE}?state=x%26y\"")), "{}", last.body);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn an_app_may_say_which_language_its_person_reads() {
    let (_app, mut browser) = service(&[]).await;
    let answer = browser.get("/oauth/logout?ui_locales=fr+ko-KR+en&client_id=wiki").await;
    assert_eq!((answer.status, answer.location()), (303, "/oauth/logout?client_id=wiki"));
    let page = browser.get(answer.location()).await;
    assert!(asks(&page) && page.body.contains("<html lang=\"ko\""), "{}", page.body);
    let chosen = browser.get("/oauth/logout?ui_locales=en").await;
    assert!(asks(&chosen) && chosen.body.contains("<html lang=\"ko\""), "what somebody chose stays");
}

#[tokio::test]
async fn row_52_and_oidcc_rp_initiated_logout_bad_hint_or_address_asks_and_leads_nowhere() {
    let (app, mut browser) = service(&[]).await;
    let (_, sid) = who(&mut browser).await;
    let good = hint(&app, "wiki", &sid, 0).await;
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!("{}.{}.", encode(json!({ "alg": "none" })), encode(claims(&app, "wiki", &sid, 0)));
    let (foreign, _) = SigningKey::generate(Algorithm::ES256).expect("a key");
    let foreign = foreign.sign(Typ::Jwt, &claims(&app, "wiki", &sid, 0)).expect("a token");
    let access = app.state.signing.signer(SigningAlgorithm::Es256).await.expect("a key");
    let access = access.sign(Typ::AccessToken, &claims(&app, "wiki", &sid, 0)).expect("a token");
    let future = hint(&app, "wiki", &sid, -3600).await;
    let others = hint(&app, "other", &sid, 0).await;
    let long = "x".repeat(7000);
    let mut changed = good.clone();
    changed.insert(good.len() / 2, 'A');
    for hint in [unsigned.as_str(), &foreign, &access, &future, &others, &long, &changed, "x", "..", "{}"] {
        let parameters = [("id_token_hint", hint), ("client_id", "wiki"), ("post_logout_redirect_uri", BYE)];
        let answer = browser.get(&path(&parameters)).await;
        assert!(asks(&answer), "{hint}: {answer:?}");
        assert_eq!(answer.hidden("/oauth/logout/confirm", "post_logout_redirect_uri"), None, "{hint}");
        assert!(!answer.body.contains("href=\"https://wiki.example") && !answer.body.contains("refresh"), "{hint}");
    }
    let twice = format!("{}&id_token_hint={good}", path(&[("id_token_hint", &good)]));
    assert!(asks(&browser.get(&twice).await));
    assert!(is_signed_in(&mut browser).await);

    // The hint is right, and so the session ends; the address is not, and so nobody goes there.
    for uri in [
        "https://wiki.example/bye?foo=bar",
        "https://wiki.example/bye/",
        "https://WIKI.example/bye",
        "https://wiki.example",
        "https://other.example/bye",
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
    ] {
        let mut browser = app.signed_in("alice").await;
        let (_, sid) = who(&mut browser).await;
        let hint = self::hint(&app, "wiki", &sid, 0).await;
        let answer = browser.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)])).await;
        assert_eq!((answer.status, answer.location()), (303, "/login"), "{uri}");
        let mut browser = app.signed_in("alice").await;
        let answer = browser.get(&path(&[("client_id", "wiki"), ("post_logout_redirect_uri", uri)])).await;
        assert!(asks(&answer), "{uri}");
        let fields = [("client_id", "wiki"), ("post_logout_redirect_uri", uri)];
        let left = press(&mut browser, "/oauth/logout", &fields).await;
        assert_eq!((left.status, left.location()), (303, "/login"), "{uri}: nor by a changed form");
    }
    // An app that is disabled gets nobody.
    app.set_app("wiki", "disabled_at = now()").await;
    let answer = app.browser().get(&path(&[("client_id", "wiki"), ("post_logout_redirect_uri", BYE)])).await;
    assert!(answer.status == 200 && !answer.body.contains(BYE), "{}", answer.body);
}

#[tokio::test]
async fn row_53_every_grant_of_the_session_ends_with_it() {
    let (app, mut browser) = service(&[]).await;
    let (_, sid) = who(&mut browser).await;
    grant(&app, "wiki", &sid, false).await;
    grant(&app, "other", &sid, true).await;
    let live = "select count(*) from grants where ended_at is null";
    assert_eq!(app.count(live).await, 2);
    browser.get(&path(&[("id_token_hint", &hint(&app, "wiki", &sid, 0).await)])).await;
    assert_eq!(app.count(live).await, 0, "offline grants too");
    assert_eq!(app.count("select count(*) from grants where ended_because = 'session'").await, 2);
}

#[tokio::test]
async fn row_54_the_hint_of_the_one_before_ends_nothing_of_the_next() {
    let (app, mut browser) = service(&[]).await;
    let (_, first) = who(&mut browser).await;
    let hint = hint(&app, "wiki", &first, 0).await;
    browser.submit("/logout", &[]).await;
    app.sign_up("bob").await;
    let mut browser = app.signed_in("bob").await;
    let (_, second) = who(&mut browser).await;
    assert_ne!(second, first);
    let answer = browser.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])).await;
    assert!(asks(&answer), "{answer:?}");
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_form_of_an_app_is_led_to_the_page() {
    let (app, mut browser) = service(&[]).await;
    let (_, sid) = who(&mut browser).await;
    let hint = hint(&app, "wiki", &sid, 0).await;
    let fields = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s"), ("other", "x")];
    // From another site, without our cookies and token.
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut foreign = app.browser().with("origin", "https://wiki.example").with("sec-fetch-site", "cross-site");
    let answer = foreign.send("POST", "/oauth/logout", Some(body.as_bytes())).await;
    assert_eq!((answer.status, answer.location()), (303, path(&fields[..3]).as_str()));
    let answer = browser.get(answer.location()).await;
    assert_eq!((answer.status, answer.location()), (303, "https://wiki.example/bye?state=s"));

    // Nobody is signed out by a form of another site.
    let mut browser = app.signed_in("alice").await;
    let mut foreign = Browser { from: browser.from, ..browser.clone() }.with("origin", "https://evil.example");
    let answer = foreign.send("POST", "/oauth/logout/confirm", Some(b"")).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_replaced_key_still_names_a_session_until_it_is_retired() {
    let (app, mut browser) = service(&[]).await;
    let (_, sid) = who(&mut browser).await;
    let hint = hint(&app, "wiki", &sid, 0).await;
    let kid = app.state.signing.signer(SigningAlgorithm::Es256).await.expect("a key").public().kid().to_owned();
    let retired = app.state.signing.retire(&kid).await.expect("retired");
    assert!(matches!(retired, vestibule::apps::keys::Retired::Done(..)));
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert!(asks(&browser.get(&path(&[("id_token_hint", &hint)])).await));
}
