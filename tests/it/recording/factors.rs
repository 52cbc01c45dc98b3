//! Authenticator apps and recovery codes: set up, shown, used, guessed at, and taken away.

use super::{LANGUAGES, Recording, account::values, journey::Journey};
use crate::{
    factors::{add_codes, add_totp, both_shown, trust},
    reauth::age,
    support::{
        app::{PASSWORD, TestApp},
        browser::Browser,
        totp::{Authenticator, enrol, key, later, recovery_codes},
    },
};

const OVERVIEW: &str = "/account/factors";
const TOTP: &str = "/account/factors/totp";
const CONFIRM: &str = "/account/factors/totp/confirm";
const CODES: &str = "/account/factors/recovery-codes";
const SIGN_IN: [(&str, &str); 2] = [("identifier", "alice"), ("password", PASSWORD)];
const NO_CODE: &str = "00000-00000-00000-00000-00000";

async fn sets_up_apps(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "totp").await;
    let mut alice = journey.person("alice").await;
    let mut elsewhere = journey.enter("alice").await;
    journey.get("overview of none", &mut alice, OVERVIEW).await;
    journey.get("page", &mut alice, TOTP).await;
    journey.post("begun", &mut alice, TOTP, &[]).await;
    let page = journey.get("the key", &mut alice, TOTP).await;
    let phone = Authenticator::take(&key(&page.body));
    let (wrong, long) = (phone.wrong(&journey.app).await, "x".repeat(65));
    for (what, code, name) in [
        ("no digits", "12a", ""),
        ("wrong", wrong.as_str(), "<svg onload=alert(1)>\"{{7*7}}\""),
        ("name too long", wrong.as_str(), long.as_str()),
        ("name with characters, no digits", "", "a\u{202e}b"),
    ] {
        journey.post(what, &mut alice, CONFIRM, &[("code", code), ("name", name)]).await;
    }
    let right = phone.now(&journey.app).await;
    journey.post("right", &mut alice, CONFIRM, &[("code", &right), ("name", "  My phone ")]).await;
    journey.get("elsewhere", &mut elsewhere, "/dashboard").await;
    journey.get("overview of one", &mut alice, OVERVIEW).await;
    journey.get("dashboard", &mut alice, "/dashboard").await;

    let page = journey.post("codes made", &mut alice, CODES, &[]).await;
    let codes = page.hidden("/account/factors/recovery-codes/file", "codes").expect("codes");
    journey.post("codes as a file", &mut alice, "/account/factors/recovery-codes/file", &[("codes", &codes)]).await;
    journey.post("no codes as a file", &mut alice, "/account/factors/recovery-codes/file", &[("codes", "a b")]).await;
    // The page tells them apart by the second.
    journey.app.execute("update recovery_codes set created_at = created_at - interval '1 hour'").await;
    let page = journey.get("codes kept", &mut alice, CODES).await;
    let instead_of = page.hidden(CODES, "instead_of").expect("when they were made");
    journey.post("codes made again", &mut alice, CODES, &[("instead_of", &instead_of)]).await;
    journey.post("codes made from an old page", &mut alice, CODES, &[("instead_of", &instead_of)]).await;

    later(&journey.app).await;
    journey.post("a second one begun", &mut alice, TOTP, &[]).await;
    let tablet = Authenticator::take(&key(&alice.get(TOTP).await.body));
    let right = tablet.now(&journey.app).await;
    journey.post("a second one right", &mut alice, CONFIRM, &[("code", &right)]).await;
    let page = journey.get("overview of two", &mut alice, OVERVIEW).await.body;
    let of = |what: &str| -> Vec<String> {
        let start = format!("/account/factors/totp/{what}?factor=");
        page.split(&start).skip(1).map(|rest| rest[..36].to_owned()).collect()
    };
    let ids = of("remove");
    journey.get("rename page", &mut alice, &format!("/account/factors/totp/rename?factor={}", ids[0])).await;
    for (what, name) in
        [("too long", long.as_str()), ("empty", " "), ("characters", "a\u{202e}b"), ("good", "New name")]
    {
        let fields = [("factor", ids[0].as_str()), ("name", name)];
        journey.post(&format!("renamed, {what}"), &mut alice, "/account/factors/totp/rename", &fields).await;
    }
    for (number, id) in (1..).zip(&ids) {
        let path = format!("/account/factors/totp/remove?factor={id}");
        journey.get(&format!("remove page {number}"), &mut alice, &path).await;
        let fields = [("factor", id.as_str())];
        journey.post(&format!("removed {number}"), &mut alice, "/account/factors/totp/remove", &fields).await;
    }
    journey.post("removed again", &mut alice, "/account/factors/totp/remove", &[("factor", &ids[0])]).await;
    journey.end().await;
}

/// An app and codes of alice, with her signed in.
async fn enrolled(journey: &Journey<'_>) -> (Browser, Authenticator, Vec<String>) {
    let mut alice = journey.person("alice").await;
    let phone = enrol(&journey.app, &mut alice).await;
    // One letter after the other.
    journey.app.all_sent().await;
    let codes = recovery_codes(&mut alice).await;
    (alice, phone, codes)
}

async fn shows_codes(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "second step").await;
    let (mut alice, phone, codes) = enrolled(&journey).await;
    let mut browser = journey.browser();
    let fields = [SIGN_IN[0], SIGN_IN[1], ("next", "/account/profile"), ("remember", "yes")];
    journey.post("password", &mut browser, "/login", &fields).await;
    let wrong = phone.wrong(&journey.app).await;
    for (what, code) in [("no code", ""), ("no digits", "12a"), ("wrong", wrong.as_str())] {
        journey.post(what, &mut browser, "/login/totp", &[("code", code)]).await;
    }
    let right = phone.now(&journey.app).await;
    journey.post("right, trusted", &mut browser, "/login/totp", &[("code", &right), ("trust", "yes")]).await;
    journey.get("who", &mut browser, "/api/v1/session").await;
    journey.get("used up", &mut browser, "/login/totp").await;
    journey.post("used again elsewhere", &mut journey.browser(), "/login", &SIGN_IN).await;
    journey.post("signed out", &mut browser, "/logout", &[]).await;
    journey.post("password where it is trusted", &mut browser, "/login", &SIGN_IN).await;
    let page = journey.get("trusted browsers", &mut browser, "/account/sessions").await;
    let id = values(&page.body, "browser").remove(0);
    journey.post("forgotten", &mut browser, "/account/browsers/forget", &[("browser", &id)]).await;
    journey.post("forgotten again", &mut browser, "/account/browsers/forget", &[("browser", &id)]).await;

    let mut browser = journey.browser();
    journey.post("password, then a code", &mut browser, "/login", &SIGN_IN).await;
    journey.get("page for codes", &mut browser, "/login/recovery-code").await;
    for (what, code) in [("no recovery code", "12345"), ("wrong recovery code", NO_CODE)] {
        journey.post(what, &mut browser, "/login/recovery-code", &[("code", code)]).await;
    }
    journey.post("right recovery code", &mut browser, "/login/recovery-code", &[("code", &codes[0])]).await;
    let mut browser = journey.browser();
    journey.post("password, then a used code", &mut browser, "/login", &SIGN_IN).await;
    journey.post("used recovery code", &mut browser, "/login/recovery-code", &[("code", &codes[0])]).await;

    age(&journey.app).await;
    later(&journey.app).await;
    journey.get("again", &mut alice, "/reauth?next=/account/email").await;
    journey.get("again, page", &mut alice, "/reauth/totp?next=/account/email").await;
    for (what, code) in [("no digits", "12a"), ("wrong", wrong.as_str())] {
        let fields = [("code", code), ("next", "/account/email")];
        journey.post(&format!("again, {what}"), &mut alice, "/reauth/totp", &fields).await;
    }
    let right = phone.now(&journey.app).await;
    journey.post("again, right", &mut alice, "/reauth/totp", &[("code", &right), ("next", "/account/email")]).await;
    journey.get("again, page for codes", &mut alice, "/reauth/recovery-code?next=/account/email").await;
    for (what, code) in [("no code", "1"), ("wrong code", NO_CODE), ("right code", codes[1].as_str())] {
        let fields = [("code", code), ("next", "/account/email")];
        journey.post(&format!("again, {what}"), &mut alice, "/reauth/recovery-code", &fields).await;
    }
    journey.end().await;
}

/// Somebody knows the password and guesses.
async fn is_guessed_at(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "guesses").await;
    let (_, phone, _) = enrolled(&journey).await;
    let mut browser = journey.browser();
    journey.post("password", &mut browser, "/login", &SIGN_IN).await;
    let wrong = phone.wrong(&journey.app).await;
    for number in 1..5 {
        journey.post(&format!("guess {number}"), &mut browser, "/login/totp", &[("code", &wrong)]).await;
    }
    journey.app.execute("update pending_sign_ins set expires_at = created_at").await;
    journey.post("too late", &mut browser, "/login/totp", &[("code", &wrong)]).await;
    journey.end().await;
}

async fn has_to_enrol(recording: &mut Recording, lang: &'static str) {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_SECOND_FACTOR", "everyone")]).await;
    let mut journey = Journey::at(app, recording, lang, "has to enrol");
    journey.app.sign_up("alice").await;
    let mut alice = journey.browser();
    journey.post("sign in", &mut alice, "/login", &SIGN_IN).await;
    journey.get("overview", &mut alice, OVERVIEW).await;
    let id = add_totp(&journey.app, "alice", "Phone").await;
    add_codes(&journey.app, "alice", 3).await;
    both_shown(&journey.app, "alice").await;
    journey.get("overview with one", &mut alice, OVERVIEW).await;
    journey.get("dashboard with one", &mut alice, "/dashboard").await;
    journey.get("before it is removed", &mut alice, &format!("/account/factors/totp/remove?factor={id}")).await;
    let id = id.to_string();
    journey.post("removed", &mut alice, "/account/factors/totp/remove", &[("factor", &id)]).await;
    journey.end().await;
}

/// A browser skips the second step until the password is another one.
async fn loses_trust(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "trust").await;
    let mut alice = journey.person("alice").await;
    add_totp(&journey.app, "alice", "Phone").await;
    both_shown(&journey.app, "alice").await;
    trust(&journey.app, "alice", &alice).await;
    journey.get("listed", &mut alice, "/account/sessions").await;
    let fields = [("current_password", PASSWORD), ("password", "violet kettle marches")];
    journey.post("a new password", &mut alice, "/account/password", &fields).await;
    journey.get("listed no more", &mut alice, "/account/sessions").await;
    journey.end().await;
}

#[test]
fn factors_in_both_languages() {
    Recording::of_each("factors", LANGUAGES, async |recording, lang| {
        sets_up_apps(recording, lang).await;
        shows_codes(recording, lang).await;
        is_guessed_at(recording, lang).await;
        has_to_enrol(recording, lang).await;
        loses_trust(recording, lang).await;
    });
}
