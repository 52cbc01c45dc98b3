//! Passkeys: adding them, and signing in with them.

mod account;
mod ceremonies;
mod forged;

use serde_json::Value;

use crate::{
    csrf::token,
    reauth::age,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        authenticator::Authenticator,
        browser::Browser,
        http::Answer,
        totp::without_first_codes,
    },
};

pub const PASSKEYS: &str = "/account/factors/passkeys";
pub const LOGIN: &str = "/login/passkey";
pub const REAUTH: &str = "/reauth/passkey";

/// Another authenticator in a browser that shows this service.
pub fn authenticator(app: &TestApp) -> Authenticator {
    Authenticator::at(&app.state.config.site.public_url.origin())
}

/// Asks for a ceremony's options as the page's script does.
pub async fn begin(browser: &mut Browser, page: &str, fields: &[(&str, &str)]) -> Answer {
    let token = token(browser).await;
    let all = [fields, &[("csrf_token", token.as_str())]].concat();
    browser.post(&format!("{page}/options"), &all).await
}

/// The options themselves.
pub async fn options(browser: &mut Browser, page: &str, fields: &[(&str, &str)]) -> Value {
    let answer = begin(browser, page, fields).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Sends an answer as the page's form does.
pub async fn send(browser: &mut Browser, page: &str, credential: &str, fields: &[(&str, &str)]) -> Answer {
    let token = token(browser).await;
    let all = [fields, &[("csrf_token", token.as_str()), ("credential", credential)]].concat();
    browser.post(page, &all).await
}

/// A whole ceremony with a passkey that is there already.
pub async fn show(browser: &mut Browser, page: &str, key: &mut Authenticator, fields: &[(&str, &str)]) -> Answer {
    let options = options(browser, page, fields).await;
    let credential = key.get(&options);
    send(browser, page, &credential, fields).await
}

/// Adds a passkey to the account that is signed in here.
pub async fn add(app: &TestApp, browser: &mut Browser) -> Authenticator {
    let mut key = authenticator(app);
    let options = options(browser, PASSKEYS, &[]).await;
    let credential = key.create(&options);
    let answer = send(browser, PASSKEYS, &credential, &[("name", "A key")]).await;
    // The page with the codes that come with the first factor, or the list of passkeys.
    assert!([200, 303].contains(&answer.status), "{answer:?}");
    without_first_codes(app, &answer).await;
    key
}

/// Somebody with a passkey, in the browser in which it was added.
pub async fn person(app: &TestApp, username: &str) -> (Browser, Authenticator) {
    let mut browser = app.person(username).await;
    let key = add(app, &mut browser).await;
    (browser, key)
}

/// A browser that knows the password, and is asked for the passkey.
pub async fn half_way(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    let answer = sign_in(&mut browser, username, PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, LOGIN), "{answer:?}");
    browser
}

pub const SECOND: [(&str, &str); 1] = [("second", "yes")];

pub async fn who(browser: &mut Browser) -> Value {
    serde_json::from_str(&browser.get("/api/v1/session").await.body).expect("JSON")
}

#[tokio::test]
async fn row_71_a_passkey_signs_in_alone_as_two_factors() {
    let app = TestApp::start().await;
    let (_, mut key) = person(&app, "alice").await;
    let mut browser = app.browser();
    let fields = [("next", "/account/profile"), ("remember", "yes")];
    let answer = show(&mut browser, LOGIN, &mut key, &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/profile"), "{answer:?}");
    let session = answer.header_all("set-cookie").find(|line| line.starts_with("vestibule=")).expect("a session");
    assert!(session.contains("Max-Age="), "it is remembered: {session}");
    assert!(!browser.cookies.contains_key("vestibule_ceremony"), "{:?}", browser.cookies);
    let who = who(&mut browser).await;
    assert_eq!((&who["user"]["username"], &who["session"]["aal"]), (&"alice".into(), &2.into()));
    assert_eq!(who["session"]["amr"], serde_json::json!(["hwk", "user", "mfa"]));
    assert_eq!(app.count("select (credential -> 'cred' ->> 'counter')::int8 from passkeys").await, 2);
    assert_eq!(app.count("select count(*) from passkeys where last_used_at is not null").await, 1);
    // Not even what a browser from elsewhere has to spend is spent.
    assert_eq!(app.count("select count(*) from attempt_limits where failures > 0").await, 0);
}

#[tokio::test]
async fn a_synced_passkey_is_named_as_one() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let mut key = Authenticator { synced: true, counter: 0, ..authenticator(&app) };
    let made = key.create(&options(&mut browser, PASSKEYS, &[]).await);
    assert_eq!(send(&mut browser, PASSKEYS, &made, &[]).await.status, 200);
    assert_eq!(app.count("select count(*) from passkeys where backup_eligible and backed_up").await, 1);
    assert_eq!(who(&mut browser).await["session"]["amr"], serde_json::json!(["pwd", "swk", "user", "mfa"]));
    // On another device it counts in another way.
    for counter in [9, 3, 0] {
        key.counter = counter;
        let answer = show(&mut app.browser(), LOGIN, &mut key, &[]).await;
        assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
    }
}

#[tokio::test]
async fn row_69_after_the_password_a_passkey_is_asked_for_and_opens_what_was_wanted() {
    let app = TestApp::start().await;
    let (_, mut key) = person(&app, "alice").await;
    let mut browser = app.browser();
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", "/account/profile")];
    let answer = browser.submit("/login", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/login/passkey?next=/account/profile"), "{answer:?}");
    assert!(!is_signed_in(&mut browser).await);
    for path in ["/dashboard", PASSKEYS, REAUTH, "/account/profile", "/api/v1/session"] {
        let answer = browser.get(path).await;
        assert!(answer.status == 401 || answer.location().starts_with("/login?next="), "{path}: {answer:?}");
    }
    let page = browser.get(LOGIN).await;
    assert!(page.status == 200 && page.body.contains("alice"), "{page:?}");
    let asked = options(&mut browser, LOGIN, &SECOND).await;
    assert_eq!(asked["allowCredentials"].as_array().map(Vec::len), Some(1), "{asked}");
    assert_eq!(asked["userVerification"], "required");
    key.user_handle = None;
    let credential = key.get(&asked);
    let answer = send(&mut browser, LOGIN, &credential, &[("second", "yes"), ("trust", "yes")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/profile"), "{answer:?}");
    let who = who(&mut browser).await;
    assert_eq!(who["session"]["amr"], serde_json::json!(["pwd", "hwk", "user", "mfa"]));
    assert!(!browser.cookies.contains_key("vestibule_pending"), "{:?}", browser.cookies);
    // And is asked for no more in a browser that is trusted.
    browser.submit("/logout", &[]).await;
    assert_eq!(sign_in(&mut browser, "alice", PASSWORD).await.location(), "/dashboard");
}

#[tokio::test]
async fn row_33_a_factor_is_changed_with_a_fresh_passkey_and_not_with_a_password() {
    let app = TestApp::start().await;
    let (mut browser, mut key) = person(&app, "alice").await;
    age(&app).await;
    assert_eq!(browser.get(PASSKEYS).await.location(), "/reauth?next=/account/factors/passkeys");
    let remove = send(&mut browser, &format!("{PASSKEYS}/remove"), "", &[]).await;
    assert!(remove.location().starts_with("/reauth"), "{remove:?}");
    assert_eq!(
        browser.get("/reauth?next=/account/factors/passkeys").await.location(),
        "/reauth/passkey?next=/account/factors/passkeys"
    );
    let old = browser.cookies["vestibule"].clone();
    let by_password = send(&mut browser, "/reauth", "", &[("password", PASSWORD)]).await;
    assert!(by_password.location().starts_with(REAUTH), "{by_password:?}");
    let answer = show(&mut browser, REAUTH, &mut key, &[("next", PASSKEYS)]).await;
    assert_eq!((answer.status, answer.location()), (303, PASSKEYS), "{answer:?}");
    assert_ne!(browser.cookies["vestibule"], old);
    assert_eq!(browser.get(PASSKEYS).await.status, 200);
}

#[tokio::test]
async fn asvs_6_3_8_the_options_are_the_same_for_everybody() {
    let app = TestApp::start().await;
    let (known, _) = person(&app, "alice").await;
    app.person("robert").await;
    let mut seen = Vec::new();
    let half = half_way(&app, "alice").await;
    for mut browser in [app.browser(), known, half] {
        let mut asked = options(&mut browser, LOGIN, &[]).await;
        let challenge = asked["challenge"].take();
        assert!(challenge.as_str().is_some_and(|text| text.len() >= 22), "16 octets or more: {challenge}");
        assert_eq!(asked["allowCredentials"], serde_json::json!([]));
        seen.push(asked);
    }
    assert!(seen.iter().all(|asked| *asked == seen[0]), "{seen:?}");
}

#[tokio::test]
async fn asvs_6_3_8_whoever_may_not_sign_in_hears_the_same() {
    let app = TestApp::start().await;
    let mut said = Vec::new();
    for (who, change) in [
        ("disabled", "disabled_at = now()"),
        ("closing", "deletion_due_at = now() + interval '7 days'"),
        ("unverified", "email_verified_at = null"),
        ("unknown", "id = id"),
    ] {
        let (_, mut key) = person(&app, who).await;
        app.execute(&format!("update users set {change} where username = '{who}'")).await;
        if who == "unknown" {
            app.execute("delete from passkeys where user_id = (select id from users where username = 'unknown')").await;
        }
        let mut browser = app.browser();
        let answer = show(&mut browser, LOGIN, &mut key, &[]).await;
        assert!(answer.status == 400 && !is_signed_in(&mut browser).await, "{who}: {answer:?}");
        let text: Vec<&str> = answer.body.lines().filter(|line| !line.contains("csrf_token")).collect();
        said.push(text.join("\n"));
    }
    assert!(said.iter().all(|text| *text == said[0]), "{said:?}");
}

#[tokio::test]
async fn a_service_at_an_address_of_numbers_offers_none_and_says_why() {
    let app = TestApp::with(&[("VESTIBULE_PUBLIC_URL", "http://127.0.0.1:4000")]).await;
    let mut browser = app.person("alice").await;
    for page in [browser.get(PASSKEYS).await, app.browser().get(LOGIN).await] {
        assert!(page.status == 200 && page.body.contains("a number, not a name"), "{page:?}");
        assert!(!page.body.contains("passkeys.js"), "{page:?}");
    }
    assert!(!app.browser().get("/login").await.body.contains("passkey"));
    assert_eq!(begin(&mut app.browser(), LOGIN, &[]).await.status, 404);
    assert_eq!(begin(&mut browser, PASSKEYS, &[]).await.status, 404);
    assert_eq!(send(&mut browser, PASSKEYS, "{}", &[]).await.status, 404);
}
