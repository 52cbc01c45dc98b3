//! Signing up, showing that an address is one's own, signing in and out.

use super::{LANGUAGES, Recording, journey::Journey};
use crate::{
    password_change::with_common_password,
    support::{
        app::{PASSWORD, sign_in},
        process::{Program, said},
    },
};

/// Passwords that are refused to somebody called alice, one for each reason.
pub const REFUSED_PASSWORDS: [(&str, &str); 9] = [
    ("missing", ""),
    ("too short", "tooshort123"),
    ("characters", "with a \0 in its middle"),
    ("common", "Password1234"),
    ("padded", "dragon-2026-!"),
    ("own words", "alice-alice-alice"),
    ("repetitive", "abcabcabcabcabcabc"),
    ("sequence", "abcdefghijklmnop"),
    (
        "too long",
        "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 \
         0123456789 0123456789 0123456789",
    ),
];
const HOSTILE: &str = "<svg onload=alert(1)>\"{{7*7}}\"";

async fn registers(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "register").await;
    let mut browser = journey.browser();
    journey.get("page", &mut browser, "/register?next=/account/profile").await;
    journey.post("empty", &mut browser, "/register", &[]).await;
    let good = [("username", "alice"), ("email", "alice@example.com"), ("password", PASSWORD)];
    for (why, password) in REFUSED_PASSWORDS {
        let fields = [good[0], good[1], ("password", password)];
        journey.post(&format!("password {why}"), &mut browser, "/register", &fields).await;
    }
    for (why, name) in [("too short", "al"), ("too long", &"a".repeat(33)), ("characters", "a b"), ("hostile", HOSTILE)]
    {
        let fields = [("username", name), good[1], good[2]];
        journey.post(&format!("username {why}"), &mut browser, "/register", &fields).await;
    }
    for (why, email) in [("invalid", "nonsense"), ("too long", &format!("{}@example.com", "a".repeat(250)))] {
        let fields = [good[0], ("email", email), good[2]];
        journey.post(&format!("address {why}"), &mut browser, "/register", &fields).await;
    }
    for (why, name) in [("too long", "가".repeat(65)), ("characters", "a\u{202e}b".to_owned())] {
        let fields = [good[0], good[1], good[2], ("display_name", name.as_str())];
        journey.post(&format!("name {why}"), &mut browser, "/register", &fields).await;
    }
    journey.post("good", &mut browser, "/register", &[&good[..], &[("display_name", "김민지")]].concat()).await;
    journey.app.verify("alice").await;
    let taken = [good[0], ("email", "other@example.com"), good[2]];
    journey.post("username taken", &mut browser, "/register", &taken).await;
    let taken = [("username", "mallory"), ("email", "ALICE@example.com"), good[2]];
    journey.post("address taken", &mut browser, "/register", &taken).await;
    journey.end().await;
}

async fn verifies(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "verify").await;
    let mut browser = journey.browser();
    let good = [("username", "alice"), ("email", "alice@example.com"), ("password", PASSWORD)];
    journey.post("sign up", &mut browser, "/register", &good).await;
    let first = journey.secret("alice@example.com", "/verify").await;
    journey.post("ask again, no address", &mut browser, "/verify/resend", &[]).await;
    journey.post("ask again, invalid", &mut browser, "/verify/resend", &[("email", "a@b")]).await;
    journey.post("ask again", &mut browser, "/verify/resend", &[("email", "alice@example.com")]).await;
    journey.post("ask again, nobody's", &mut browser, "/verify/resend", &[("email", "nobody@example.com")]).await;
    journey.open("spoilt", &mut browser, "/verify", "AAAAAAAAAAAAAAAAAAAAAA").await;
    journey.open("open where it was asked for", &mut browser, "/verify", &first).await;

    let mut elsewhere = journey.browser();
    journey
        .post("sign in unverified", &mut elsewhere, "/login", &[("identifier", "alice"), ("password", PASSWORD)])
        .await;
    journey.get("waiting", &mut elsewhere, "/verify").await;
    journey.post("ask again signed in", &mut elsewhere, "/verify/resend", &[]).await;
    let mut phone = journey.browser();
    journey.open("open elsewhere", &mut phone, "/verify", &first).await;
    journey.post("no password", &mut phone, "/verify", &[]).await;
    journey.post("wrong password", &mut phone, "/verify", &[("password", "a wrong guess")]).await;
    journey.post("right password", &mut phone, "/verify", &[("password", PASSWORD)]).await;
    journey.open("used", &mut browser, "/verify", &first).await;

    let mut other = journey.browser();
    let good = [("username", "robert"), ("email", "robert@example.com"), ("password", PASSWORD)];
    journey.post("another signs up", &mut other, "/register", &good).await;
    let secret = journey.secret("robert@example.com", "/verify").await;
    journey.open("open at home", &mut other, "/verify", &secret).await;
    journey.post("confirm at home", &mut other, "/verify", &[]).await;
    journey.end().await;
}

async fn signs_in(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "login").await;
    journey.app.sign_up("alice").await;
    let mut browser = journey.browser();
    let good = [("identifier", "alice"), ("password", PASSWORD)];
    journey.get("page", &mut browser, "/login?next=/account/profile").await;
    journey.get("page on the way to elsewhere", &mut browser, "/login?next=//evil.example").await;
    journey.post("no password", &mut browser, "/login", &good[..1]).await;
    journey.post("no name", &mut browser, "/login", &good[1..]).await;
    for (what, name) in [("wrong", "alice"), ("nobody", "nobody"), ("hostile", HOSTILE)] {
        let fields = [("identifier", name), ("password", "a wrong guess"), ("next", "/account/profile")];
        journey.post(what, &mut browser, "/login", &fields).await;
    }
    let fields = [good[0], good[1], ("next", "/account/profile"), ("remember", "yes")];
    journey.post("right, remembered, on the way", &mut browser, "/login", &fields).await;
    journey.get("page signed in", &mut browser, "/login").await;
    journey.get("register signed in", &mut browser, "/register").await;
    journey.get("who", &mut browser, "/api/v1/session").await;
    journey.post("sign in again", &mut browser, "/login", &good).await;
    journey.post("sign out", &mut browser, "/logout", &[]).await;
    journey.post("right by address", &mut browser, "/login", &[("identifier", "Alice@Example.COM"), good[1]]).await;
    for _ in 0..6 {
        sign_in(&mut journey.browser(), "alice", "a wrong guess").await;
    }
    journey.post("right after failures", &mut journey.browser(), "/login", &good).await;
    journey.app.execute("update users set disabled_at = now()").await;
    journey.get("disabled meanwhile", &mut browser, "/dashboard").await;
    journey.post("disabled", &mut journey.browser(), "/login", &good).await;
    journey.end().await;
}

/// Whose password came on the list after it was chosen.
async fn signs_in_with_a_common_password(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "common password").await;
    let common = with_common_password(&journey.app).await;
    let fields = [("identifier", "alice"), ("password", common), ("next", "/account/data")];
    journey.post("sign in", &mut journey.browser(), "/login", &fields).await;
    journey.end().await;
}

async fn makes_the_first_administrator(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "setup").await;
    let program = Program::new(&[("DATABASE_URL", journey.app.url())]);
    let (out, _) = said(&program.run(&["user", "setup-link"]).await);
    let secret: String = out.split_once("token=").expect("a link").1.chars().take(22).collect();
    let mut browser = journey.browser();
    journey.open("spoilt", &mut browser, "/setup", "AAAAAAAAAAAAAAAAAAAAAA").await;
    journey.open("open", &mut browser, "/setup", &secret).await;
    journey.post("empty", &mut browser, "/setup", &[]).await;
    let fields = [("username", "a b"), ("email", "nonsense"), ("password", "Password1234")];
    journey.post("refused", &mut browser, "/setup", &fields).await;
    let fields = [("username", "alice"), ("email", "alice@example.com"), ("password", PASSWORD)];
    journey.post("good", &mut browser, "/setup", &fields).await;
    journey.open("used", &mut browser, "/setup", &secret).await;
    journey.get("leaving as the only one", &mut browser, "/account/delete").await;
    journey.post("left as the only one", &mut browser, "/account/delete", &[("understood", "yes")]).await;
    journey.end().await;
}

async fn chooses_a_language(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "language").await;
    for asked in ["ko", "ko-KR,ko;q=0.9,en;q=0.8", "de, ko;q=0.5", "en, ko", "fr", "*", "ko;q=0", "x\u{e9}"] {
        let mut browser = journey.app.browser().with("Accept-Language", asked);
        journey.get(&format!("asked for {}", asked.escape_default()), &mut browser, "/login").await;
    }
    let mut browser = journey.browser();
    for (language, next) in [("ko", "/recover"), ("en", "//evil.example"), ("fr", "/login"), ("", "")] {
        let fields = [("language", language), ("next", next)];
        journey.post(&format!("chosen {language} {next}"), &mut browser, "/language", &fields).await;
    }
    browser.cookies.insert("vestibule_language".into(), "fr".into());
    journey.get("a cookie of no language", &mut browser, "/login").await;
    journey.end().await;
}

#[test]
fn entering_in_both_languages() {
    Recording::of_each("entering", LANGUAGES, async |recording, lang| {
        registers(recording, lang).await;
        verifies(recording, lang).await;
        signs_in(recording, lang).await;
        signs_in_with_a_common_password(recording, lang).await;
        makes_the_first_administrator(recording, lang).await;
        chooses_a_language(recording, lang).await;
    });
}
