//! The first second factor of an account: its consequence is said, and recovery codes come with it.

use crate::{
    passkeys,
    support::{
        app::{PASSWORD, TestApp, sign_in},
        browser::Browser,
        http::Answer,
        totp,
    },
};

const CODES: &str = "/account/factors/recovery-codes";
const SAVED: &str = "/account/factors/recovery-codes/saved";
const UNSAVED: &str = "select count(*) from recovery_codes where saved_at is null";
const THEN: &str = "your password alone no longer signs you in";

fn codes_of(page: &Answer) -> Vec<String> {
    page.body.split("<li><code>").skip(1).map(|rest| rest[..29].to_owned()).collect()
}

/// Sends one of the two forms below the codes.
async fn go_on(browser: &mut Browser, shown: &Answer, fields: &[(&str, &str)]) -> Answer {
    let hidden = |name| shown.hidden(SAVED, name).expect("a field");
    let (token, codes) = (hidden("csrf_token"), hidden("codes"));
    let all = [&[("csrf_token", token.as_str()), ("codes", codes.as_str())], fields].concat();
    browser.post(SAVED, &all).await
}

async fn add_app(app: &TestApp, browser: &mut Browser) -> Answer {
    let authenticator = totp::begin(browser).await;
    totp::confirm(browser, &authenticator.now(app).await, "Phone").await
}

async fn add_passkey(app: &TestApp, browser: &mut Browser) -> Answer {
    let options = passkeys::options(browser, passkeys::PASSKEYS, &[]).await;
    let credential = passkeys::authenticator(app).create(&options);
    passkeys::send(browser, passkeys::PASSKEYS, &credential, &[("name", "A key")]).await
}

#[tokio::test]
async fn ux_1_the_first_passkey_says_what_follows_and_brings_recovery_codes_at_once() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    assert!(alice.get(passkeys::PASSKEYS).await.body.contains(THEN), "before");
    let shown = add_passkey(&app, &mut alice).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    assert!(shown.body.contains("Your password alone no longer signs you in"), "after: {shown:?}");
    let codes = codes_of(&shown);
    assert_eq!(codes.len(), 10);
    assert!(!alice.get(passkeys::PASSKEYS).await.body.contains(THEN), "only before the first");

    // Whoever loses the passkey is not locked out, even if the page was closed at once.
    assert!(alice.get("/account/factors").await.body.contains("haven’t confirmed that you saved"));
    let mut elsewhere = app.browser();
    assert_eq!(sign_in(&mut elsewhere, "alice", PASSWORD).await.location(), passkeys::LOGIN);
    assert!(elsewhere.get(passkeys::LOGIN).await.body.contains("/login/recovery-code"));
    let answer = elsewhere.submit("/login/recovery-code", &[("code", &codes[0])]).await;
    assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
    let second = add_passkey(&app, &mut alice).await;
    assert_eq!((second.status, second.location()), (303, passkeys::PASSKEYS), "a further one brings none");
}

#[tokio::test]
async fn ux_1_so_does_the_first_app_and_the_codes_are_ticked_as_saved() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    assert!(alice.get("/account/factors/totp").await.body.contains(THEN));
    let shown = add_app(&app, &mut alice).await;
    assert_eq!((shown.status, codes_of(&shown).len()), (200, 10), "{shown:?}");
    let refused = go_on(&mut alice, &shown, &[]).await;
    assert!(refused.status == 422 && refused.body.contains("href=\"#saved\""), "{refused:?}");
    assert_eq!(codes_of(&refused), codes_of(&shown), "they are still there to be saved");
    assert_eq!(app.count(UNSAVED).await, 10);
    let answer = go_on(&mut alice, &refused, &[("saved", "yes")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/factors"), "{answer:?}");
    assert_eq!(app.count(UNSAVED).await, 0);
    assert!(!alice.get("/account/factors").await.body.contains("haven’t confirmed"));
}

#[tokio::test]
async fn ux_1_whoever_skips_the_codes_reads_the_cost_and_is_reminded() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let shown = add_app(&app, &mut alice).await;
    assert!(shown.body.contains("A new password doesn’t help"), "{shown:?}");
    assert_eq!(go_on(&mut alice, &shown, &[("skip", "yes")]).await.status, 303);
    assert_eq!(app.count(UNSAVED).await, 10);
    for page in ["/account/factors", CODES] {
        assert!(alice.get(page).await.body.contains("haven’t confirmed that you saved"), "{page}");
    }
}

#[tokio::test]
async fn nobody_ticks_codes_that_are_not_theirs() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let shown = add_app(&app, &mut alice).await;
    let mut robert = app.person("robert").await;
    let token = robert.csrf_token_of("/logout").await;
    let codes = codes_of(&shown).join(" ");
    robert.post(SAVED, &[("csrf_token", &token), ("codes", &codes), ("saved", "yes")]).await;
    assert_eq!(app.count(UNSAVED).await, 10);
    let forged =
        alice.post(SAVED, &[("csrf_token", &alice.clone().csrf_token_of("/logout").await), ("codes", "a b")]).await;
    assert_eq!(forged.status, 400, "{forged:?}");
}

#[tokio::test]
async fn below_every_challenge_stands_what_is_left_to_whoever_can_use_none() {
    for support in ["", "mailto:help@example.com"] {
        let settings = [("VESTIBULE_SUPPORT_URL", support)];
        let app = TestApp::with(if support.is_empty() { &[] } else { &settings }).await;
        app.sign_up("alice").await;
        crate::factors::add_totp(&app, "alice", "Phone").await;
        crate::factors::add_passkey(&app, "alice", "Key").await;
        crate::factors::add_codes(&app, "alice", 3).await;
        let mut half = app.browser();
        sign_in(&mut half, "alice", PASSWORD).await;
        for page in ["/login/passkey", "/login/totp", "/login/recovery-code"] {
            let shown = half.get(page).await;
            assert!(shown.status == 200 && shown.body.contains("use any of these?"), "{page}: {shown:?}");
            assert!(shown.body.contains("only the operator of Vestibule"), "{page}: {shown:?}");
            assert_eq!(shown.body.contains("href=\"mailto:help@example.com\""), !support.is_empty(), "{page}");
        }
    }
}
