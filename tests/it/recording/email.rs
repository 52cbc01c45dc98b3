//! Changing the address, taking it back, and the way back in.

use super::{LANGUAGES, Recording, entering::REFUSED_PASSWORDS, journey::Journey};
use crate::support::app::PASSWORD;

const PAGE: &str = "/account/email";
const CONFIRM: &str = "/account/email/confirm";
const UNDO: &str = "/account/email/undo";
const RESET: &str = "/recover/reset";
const NEW: &str = "violet kettle marches";

async fn changes_the_address(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "email").await;
    let mut alice = journey.person("alice").await;
    let mut robert = journey.person("robert").await;
    journey.get("page", &mut alice, PAGE).await;
    for (what, address) in [("no address", ""), ("invalid", "a@b"), ("present one", " ALICE@example.com ")] {
        journey.post(what, &mut alice, PAGE, &[("email", address)]).await;
    }
    journey.post("hostile", &mut alice, PAGE, &[("email", "<svg onload=alert(1)>\"@example.com")]).await;
    journey.post("another's", &mut alice, PAGE, &[("email", "robert@example.com")]).await;
    journey.post("good", &mut alice, PAGE, &[("email", "Alice@example.org")]).await;
    let first = journey.secret("Alice@example.org", CONFIRM).await;
    journey.post("again", &mut alice, PAGE, &[("again", "yes")]).await;
    let secret = journey.secret("Alice@example.org", CONFIRM).await;
    journey.open("an older link", &mut alice, CONFIRM, &first).await;
    journey.open("spoilt", &mut alice, CONFIRM, "AAAAAAAAAAAAAAAAAAAAAA").await;
    journey.open("opened by another", &mut robert, CONFIRM, &secret).await;
    journey.post("sent by another", &mut robert, CONFIRM, &[]).await;
    let mut nobody = journey.browser();
    journey.open("opened by nobody", &mut nobody, CONFIRM, &secret).await;
    journey.open("opened", &mut alice, CONFIRM, &secret).await;
    let mut elsewhere = journey.enter("alice").await;
    journey.post("confirmed", &mut alice, CONFIRM, &[]).await;
    journey.open("used", &mut alice, CONFIRM, &secret).await;
    journey.get("elsewhere", &mut elsewhere, "/dashboard").await;

    let undo = journey.secret("alice@example.com", UNDO).await;
    let mut owner = journey.browser();
    journey.open("spoilt way back", &mut owner, UNDO, "AAAAAAAAAAAAAAAAAAAAAA").await;
    journey.open("the way back", &mut owner, UNDO, &undo).await;
    journey.post("taken back", &mut owner, UNDO, &[]).await;
    journey.post("a new password", &mut owner, RESET, &[("password", NEW)]).await;
    journey.open("used way back", &mut owner, UNDO, &undo).await;
    journey.get("whoever changed it", &mut alice, PAGE).await;
    journey.post("the owner signs in", &mut owner, "/login", &[("identifier", "alice"), ("password", NEW)]).await;
    journey.end().await;
}

async fn loses_the_address_meanwhile(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "email taken").await;
    let mut alice = journey.person("alice").await;
    journey.post("asked", &mut alice, PAGE, &[("email", "robert@example.com")]).await;
    let secret = journey.secret("robert@example.com", CONFIRM).await;
    journey.app.sign_up("robert").await;
    journey.open("opened", &mut alice, CONFIRM, &secret).await;
    journey.post("confirmed", &mut alice, CONFIRM, &[]).await;
    journey.end().await;
}

async fn comes_back_in(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "recover").await;
    let mut elsewhere = journey.person("alice").await;
    let mut browser = journey.browser();
    journey.get("page", &mut browser, "/recover").await;
    for (what, name) in [("no name", " "), ("nobody", "nobody"), ("hostile", "<svg onload=alert(1)>\"")] {
        journey.post(what, &mut browser, "/recover", &[("identifier", name)]).await;
    }
    journey.post("asked", &mut browser, "/recover", &[("identifier", "alice")]).await;
    let secret = journey.secret("alice@example.com", RESET).await;
    journey.open("spoilt", &mut browser, RESET, "AAAAAAAAAAAAAAAAAAAAAA").await;
    journey.open("opened", &mut browser, RESET, &secret).await;
    for (why, password) in REFUSED_PASSWORDS {
        journey.post(&format!("password {why}"), &mut browser, RESET, &[("password", password)]).await;
    }
    journey.post("a new password", &mut browser, RESET, &[("password", NEW)]).await;
    journey.open("used", &mut browser, RESET, &secret).await;
    journey.get("elsewhere", &mut elsewhere, "/dashboard").await;
    let fields = [("identifier", "alice"), ("password", PASSWORD)];
    journey.post("the old password", &mut browser, "/login", &fields).await;
    // Nobody has shown that this address is theirs.
    journey.app.claim("robert").await;
    journey.post("asked unverified", &mut browser, "/recover", &[("identifier", "robert@example.com")]).await;
    let secret = journey.secret("robert@example.com", RESET).await;
    journey.open("opened unverified", &mut browser, RESET, &secret).await;
    journey.post("a new password unverified", &mut browser, RESET, &[("password", NEW)]).await;
    journey.app.execute("update users set disabled_at = now() where username = 'alice'").await;
    journey.post("asked disabled", &mut browser, "/recover", &[("identifier", "alice")]).await;
    journey.end().await;
}

#[test]
fn addresses_in_both_languages() {
    Recording::of_each("email", LANGUAGES, async |recording, lang| {
        changes_the_address(recording, lang).await;
        loses_the_address_meanwhile(recording, lang).await;
        comes_back_in(recording, lang).await;
    });
}
