//! Passkeys: added, shown alone, after the password and again, renamed, removed, and living without a password.

use serde_json::Value;

use super::{LANGUAGES, Recording, account::values, journey::Journey};
use crate::{
    factors::{add_codes, both_shown},
    passkeys::{LOGIN, PASSKEYS, REAUTH, authenticator},
    reauth::age,
    support::{app::PASSWORD, authenticator::Authenticator, browser::Browser},
};

const REMOVE_PASSWORD: &str = "/account/password/remove";
const SIGN_IN: [(&str, &str); 2] = [("identifier", "alice"), ("password", PASSWORD)];

/// Asks for a ceremony's options.
async fn options(
    journey: &mut Journey<'_>,
    what: &str,
    browser: &mut Browser,
    page: &str,
    fields: &[(&str, &str)],
) -> Value {
    let answer = journey.post(&format!("{what}, options"), browser, &format!("{page}/options"), fields).await;
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Shows a passkey on a page that asks for one.
async fn show(
    journey: &mut Journey<'_>,
    what: &str,
    browser: &mut Browser,
    (page, key): (&str, &mut Authenticator),
    fields: &[(&str, &str)],
) {
    let options = options(journey, what, browser, page, fields).await;
    let credential = key.get(&options);
    journey.post(what, browser, page, &[fields, &[("credential", credential.as_str())]].concat()).await;
}

/// Adds a passkey.
async fn add(journey: &mut Journey<'_>, what: &str, browser: &mut Browser, name: &str) -> Authenticator {
    let mut key = authenticator(&journey.app);
    let options = options(journey, what, browser, PASSKEYS, &[]).await;
    let credential = key.create(&options);
    journey.post(what, browser, PASSKEYS, &[("credential", &credential), ("name", name)]).await;
    key
}

async fn lives_with_passkeys(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "passkeys").await;
    let mut alice = journey.person("alice").await;
    let mut elsewhere = journey.enter("alice").await;
    journey.get("page", &mut alice, PASSKEYS).await;
    journey.post("added nothing", &mut alice, PASSKEYS, &[]).await;
    journey.post("added nonsense", &mut alice, PASSKEYS, &[("credential", "{}")]).await;
    options(&mut journey, "nonsense", &mut alice, PASSKEYS, &[]).await;
    journey.post("nonsense", &mut alice, PASSKEYS, &[("credential", "{}")]).await;
    let mut key = add(&mut journey, "added", &mut alice, "열쇠고리").await;
    journey.get("elsewhere", &mut elsewhere, "/dashboard").await;
    let mut second = add(&mut journey, "a second", &mut alice, "<svg onload=alert(1)>\"{{7*7}}\"").await;
    journey.get("page of two", &mut alice, PASSKEYS).await;
    journey.get("overview", &mut alice, "/account/factors").await;
    journey.get("dashboard", &mut alice, "/dashboard").await;

    let mut browser = journey.browser();
    journey.get("sign-in page", &mut browser, "/login/passkey?next=/account/profile").await;
    journey.post("signed in by nothing", &mut browser, LOGIN, &[]).await;
    journey.post("signed in by nonsense", &mut browser, LOGIN, &[("credential", "{}")]).await;
    let fields = [("next", "/account/profile"), ("remember", "yes")];
    show(&mut journey, "signed in", &mut browser, (LOGIN, &mut key), &fields).await;
    journey.get("who", &mut browser, "/api/v1/session").await;
    show(&mut journey, "signed in by a stranger's", &mut anew(&alice), (LOGIN, &mut stranger(&key)), &[]).await;

    let mut browser = anew(&alice);
    journey.post("password", &mut browser, "/login", &SIGN_IN).await;
    let second_step = [("second", "yes"), ("trust", "yes")];
    show(&mut journey, "after the password, a stranger's", &mut browser, (LOGIN, &mut stranger(&key)), &second_step)
        .await;
    show(&mut journey, "after the password", &mut browser, (LOGIN, &mut second), &second_step).await;
    journey.get("who after the password", &mut browser, "/api/v1/session").await;

    age(&journey.app).await;
    journey.get("again", &mut alice, "/reauth?next=/account/email").await;
    journey.get("again, page", &mut alice, "/reauth/passkey?next=/account/email").await;
    let next = [("next", "/account/email")];
    show(&mut journey, "again, a stranger's", &mut alice, (REAUTH, &mut stranger(&key)), &next).await;
    show(&mut journey, "again, right", &mut alice, (REAUTH, &mut key), &next).await;

    let page = alice.get("/account/factors").await.body;
    let start = "/account/factors/passkeys/remove?passkey=";
    let ids: Vec<String> = page.split(start).skip(1).map(|rest| rest[..36].to_owned()).collect();
    let id = ids[0].as_str();
    journey.get("rename page", &mut alice, &format!("{PASSKEYS}/rename?passkey={id}")).await;
    let long = "x".repeat(65);
    for (what, name) in [("too long", long.as_str()), ("empty", ""), ("characters", "a\u{202e}b"), ("good", "Laptop")] {
        let fields = [("passkey", id), ("name", name), ("next", "/account/factors")];
        journey.post(&format!("renamed, {what}"), &mut alice, "/account/factors/passkeys/rename", &fields).await;
    }
    for (number, id) in (1..).zip(&ids) {
        journey.get(&format!("remove page {number}"), &mut alice, &format!("{PASSKEYS}/remove?passkey={id}")).await;
        let fields = [("passkey", id.as_str())];
        journey.post(&format!("removed {number}"), &mut alice, "/account/factors/passkeys/remove", &fields).await;
    }
    journey.end().await;
}

/// A browser of the same kind that was never here.
fn anew(like: &Browser) -> Browser {
    Browser { cookies: std::collections::BTreeMap::new(), ..like.clone() }
}

/// An authenticator that answers for the same account with a key that was never added.
fn stranger(key: &Authenticator) -> Authenticator {
    Authenticator { user_handle: key.user_handle.clone(), ..Authenticator::at(&key.origin) }
}

async fn lives_without_a_password(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "passwordless").await;
    let mut alice = journey.person("alice").await;
    journey.get("too early, page", &mut alice, REMOVE_PASSWORD).await;
    journey.post("too early", &mut alice, REMOVE_PASSWORD, &[]).await;
    let mut key = add(&mut journey, "added", &mut alice, "").await;
    journey.get("with one passkey, page", &mut alice, REMOVE_PASSWORD).await;
    journey.post("with one passkey", &mut alice, REMOVE_PASSWORD, &[]).await;
    add_codes(&journey.app, "alice", 2).await;
    journey.get("page", &mut alice, REMOVE_PASSWORD).await;
    journey.post("removed", &mut alice, REMOVE_PASSWORD, &[]).await;
    journey.get("password page", &mut alice, "/account/password").await;
    journey.get("dashboard", &mut alice, "/dashboard").await;
    journey.post("sign in by the password", &mut journey.browser(), "/login", &SIGN_IN).await;
    let page = alice.get("/account/factors").await.body;
    let id = page.split("/account/factors/passkeys/remove?passkey=").nth(1).expect("a passkey")[..36].to_owned();
    journey.get("the last one, page", &mut alice, &format!("{PASSKEYS}/remove?passkey={id}")).await;
    journey.post("the last one", &mut alice, "/account/factors/passkeys/remove", &[("passkey", &id)]).await;
    journey.post("a way back in", &mut journey.browser(), "/recover", &[("identifier", "alice")]).await;
    let secret = journey.secret("alice@example.com", "/recover/reset").await;
    let mut browser = journey.browser();
    journey.open("the way back in", &mut browser, "/recover/reset", &secret).await;
    let fields = [("password", "violet kettle marches")];
    journey.post("a password", &mut browser, "/recover/reset", &fields).await;
    show(&mut journey, "signed in", &mut browser, (LOGIN, &mut key), &[]).await;
    both_shown(&journey.app, "alice").await;
    let fields = [("password", "another kettle marches")];
    journey.post("another password", &mut browser, "/account/password", &fields).await;
    let sessions = browser.get("/account/sessions").await;
    journey.text("sessions", &values(&sessions.body, "session").len().to_string());
    journey.end().await;
}

#[test]
fn passkeys_in_both_languages() {
    Recording::of_each("passkeys", LANGUAGES, async |recording, lang| {
        lives_with_passkeys(recording, lang).await;
        lives_without_a_password(recording, lang).await;
    });
}
