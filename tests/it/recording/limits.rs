//! Too many tries, and more than the service can do at once: in English, because what these pages say in both
//! languages is among their samples.

use std::{net::Ipv4Addr, time::Duration};

use vestibule::{jobs::outbox::Patience, mail::WAITING_MAX};

use super::{Recording, journey::Journey};
use crate::support::{
    app::{PASSWORD, TestApp},
    browser::Browser,
    process::{Program, said},
    totp::{Authenticator, enrol, key, recovery_codes},
};

const NEW: &str = "violet kettle marches";
const WRONG: (&str, &str) = ("password", "a wrong guess");
const SIGN_UP: [(&str, &str); 3] = [("username", "robert"), ("email", "robert@example.com"), ("password", PASSWORD)];

/// As if everything that was tried had been tried until nothing was left. The wait is nowhere near a full hour.
async fn spend(app: &TestApp) {
    app.execute("update attempt_limits set full_at = now() + interval '100 hours 30 minutes'").await;
}

/// Does something twice, the second time with nothing left to spend, which alone is noted; then all is forgotten.
async fn twice(journey: &mut Journey<'_>, what: &str, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) {
    let token = browser.csrf_token_of("/logout").await;
    let all = [&[("csrf_token", token.as_str())], fields].concat();
    let first = browser.clone().post(path, &all).await;
    assert_ne!(first.status, 429, "{what}: {first:?}");
    spent(journey, what, browser, path, fields).await;
}

async fn spent(journey: &mut Journey<'_>, what: &str, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) {
    journey.app.all_sent().await;
    spend(&journey.app).await;
    let answer = journey.post(what, browser, path, fields).await;
    assert_eq!(answer.status, 429, "{what}: {answer:?}");
    journey.post_as_program(what, browser, path, fields).await;
    journey.app.execute("delete from attempt_limits").await;
}

/// Somebody with a link to verify an address, to set a password, and to make the first administrator.
async fn with_links(journey: &mut Journey<'_>) -> [Browser; 3] {
    let mut verifying = journey.browser();
    journey.app.claim("carol").await;
    let secret = journey.secret("carol@example.com", "/verify").await;
    journey.open("a link to verify", &mut verifying, "/verify", &secret).await;
    let mut resetting = journey.browser();
    resetting.submit("/recover", &[("identifier", "alice")]).await;
    let secret = journey.secret("alice@example.com", "/recover/reset").await;
    journey.open("a link to reset", &mut resetting, "/recover/reset", &secret).await;
    let program = Program::new(&[("DATABASE_URL", journey.app.url())]);
    let (out, _) = said(&program.run(&["user", "setup-link"]).await);
    let secret: String = out.split_once("token=").expect("a link").1.chars().take(22).collect();
    let mut making = journey.browser();
    journey.open("a link to setup", &mut making, "/setup", &secret).await;
    journey.app.execute("delete from attempt_limits").await;
    [verifying, resetting, making]
}

async fn too_many_passwords(recording: &mut Recording) {
    let mut journey = Journey::begin(recording, "en", "slow down").await;
    let mut alice = journey.person("alice").await;
    let mut nobody = journey.browser();
    let [mut verifying, mut resetting, mut making] = with_links(&mut journey).await;
    twice(&mut journey, "login", &mut nobody, "/login", &[("identifier", "alice"), WRONG]).await;
    let mut known = Browser { cookies: alice.cookies.clone(), ..nobody.clone() };
    known.cookies.remove("vestibule");
    twice(&mut journey, "login where one is known", &mut known, "/login", &[("identifier", "alice"), WRONG]).await;
    twice(&mut journey, "register", &mut nobody, "/register", &SIGN_UP).await;
    twice(&mut journey, "recover", &mut nobody, "/recover", &[("identifier", "alice")]).await;
    twice(&mut journey, "verify", &mut verifying, "/verify", &[WRONG]).await;
    twice(&mut journey, "verify again", &mut nobody, "/verify/resend", &[("email", "carol@example.com")]).await;
    twice(&mut journey, "reauth", &mut alice, "/reauth", &[WRONG]).await;
    let fields = [("current_password", "a wrong guess"), ("password", NEW)];
    twice(&mut journey, "password", &mut alice, "/account/password", &fields).await;
    twice(&mut journey, "email", &mut alice, "/account/email", &[("email", "alice@example.org")]).await;
    alice.submit("/account/profile", &[("display_name", "A")]).await;
    spent(&mut journey, "profile", &mut alice, "/account/profile", &[("display_name", "B")]).await;
    for (what, browser, path, fields) in [
        ("reset", &mut resetting, "/recover/reset", &[("password", NEW)][..]),
        ("setup", &mut making, "/setup", &[("username", "dave"), ("email", "d@example.com"), ("password", PASSWORD)]),
    ] {
        journey.browser().submit("/register", &SIGN_UP).await;
        spent(&mut journey, what, browser, path, fields).await;
    }
    journey.end().await;
}

async fn too_many_factors(recording: &mut Recording) {
    let mut journey = Journey::begin(recording, "en", "slow down, factors").await;
    let mut alice = journey.person("alice").await;
    alice.submit("/account/factors/totp", &[]).await;
    let mut elsewhere = journey.enter("alice").await;
    spent(&mut journey, "begin an app", &mut elsewhere, "/account/factors/totp", &[]).await;
    let phone = enrol(&journey.app, &mut alice).await;
    journey.app.all_sent().await;
    let codes = recovery_codes(&mut alice).await;
    assert_eq!(codes.len(), 10);
    alice.submit("/account/factors/totp", &[]).await;
    let new = Authenticator::take(&key(&alice.get("/account/factors/totp").await.body));
    let (wrong, code) = (new.wrong(&journey.app).await, "00000-00000-00000-00000-00000");
    twice(&mut journey, "confirm an app", &mut alice, "/account/factors/totp/confirm", &[("code", &wrong)]).await;
    twice(&mut journey, "make codes", &mut alice, "/account/factors/recovery-codes", &[]).await;
    twice(&mut journey, "passkey options", &mut alice, "/account/factors/passkeys/options", &[]).await;
    let mut browser = journey.browser();
    journey.post("password", &mut browser, "/login", &[("identifier", "alice"), ("password", PASSWORD)]).await;
    let wrong = phone.wrong(&journey.app).await;
    for (what, browser, path, typed) in [
        ("a code", &mut browser.clone(), "/login/totp", wrong.as_str()),
        ("a recovery code", &mut browser.clone(), "/login/recovery-code", code),
        ("a code again", &mut alice.clone(), "/reauth/totp", wrong.as_str()),
        ("a recovery code again", &mut alice.clone(), "/reauth/recovery-code", code),
    ] {
        twice(&mut journey, what, browser, path, &[("code", typed)]).await;
    }
    twice(&mut journey, "passkey options at sign-in", &mut anew(&browser), "/login/passkey/options", &[]).await;
    journey.end().await;
}

/// All places at the hasher are taken, or ten thousand letters wait.
async fn more_than_it_can_do(recording: &mut Recording) {
    let patience = Patience { look: Duration::from_secs(3600), ..Patience::default() };
    let app = TestApp::patient(&[], patience).await;
    let mut journey = Journey::at(app, recording, "en", "busy");
    let alice = journey.person("alice").await;
    let nobody = journey.browser();
    let [mut verifying, mut resetting, mut making] = with_links(&mut journey).await;
    let network = |n: u8| Ipv4Addr::new(192, 0, 2, n).into();
    let hasher = journey.app.state.hasher.clone();
    let places: Vec<_> = (0..=255).map_while(|n| hasher.reserve(network(n)).ok()).collect();
    let password = ("password", PASSWORD);
    let change = [("current_password", PASSWORD), ("password", NEW)];
    let admin = [("username", "dave"), ("email", "d@example.com"), password];
    for (what, browser, path, fields) in [
        ("login", &mut nobody.clone(), "/login", &[("identifier", "alice"), password][..]),
        ("register", &mut nobody.clone(), "/register", &SIGN_UP),
        ("reauth", &mut alice.clone(), "/reauth", &[password]),
        ("password", &mut alice.clone(), "/account/password", &change),
        ("verify", &mut verifying, "/verify", &[password]),
        ("reset", &mut resetting, "/recover/reset", &[("password", NEW)]),
        ("setup", &mut making, "/setup", &admin),
    ] {
        journey.post(what, browser, path, fields).await;
        journey.post_as_program(what, browser, path, fields).await;
    }
    drop(places);
    for (what, browser, path, fields) in [
        ("letters, register", &mut nobody.clone(), "/register", &SIGN_UP[..]),
        ("letters, recover", &mut nobody.clone(), "/recover", &[("identifier", "alice")]),
        ("letters, verify again", &mut nobody.clone(), "/verify/resend", &[("email", "carol@example.com")]),
        ("letters, email", &mut alice.clone(), "/account/email", &[("email", "alice@example.org")]),
    ] {
        journey.app.state.mailer.note_waiting(WAITING_MAX);
        journey.post(what, browser, path, fields).await;
    }
    journey.app.state.mailer.note_waiting(0);
    journey.end().await;
}

fn anew(like: &Browser) -> Browser {
    Browser { cookies: std::collections::BTreeMap::new(), ..like.clone() }
}

#[tokio::test]
async fn limits() {
    let mut recording = Recording::of("limits");
    too_many_passwords(&mut recording).await;
    too_many_factors(&mut recording).await;
    more_than_it_can_do(&mut recording).await;
    recording.check();
}
