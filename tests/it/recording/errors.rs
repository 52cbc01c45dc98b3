//! What cannot be read or served, files, and services with other settings.

use vestibule::templates::asset_path;

use super::{Recording, journey::Journey, visitors::firefox};
use crate::support::{
    app::{NO_MAIL, PASSWORD, TestApp},
    browser::Browser,
    http::Answer,
};

const SIGN_IN: [(&str, &str); 2] = [("identifier", "alice"), ("password", PASSWORD)];

/// Asks for a page and as a program.
async fn ask(recording: &mut Recording, what: &str, browser: &Browser, ask: impl AsyncFn(Browser) -> Answer) {
    recording.answer(what, &ask(browser.clone()).await);
    let answer = ask(browser.clone().with("Accept", "application/json")).await;
    recording.answer_if_not_as(what, &format!("json {what}"), &answer);
}

#[tokio::test]
async fn what_cannot_be_read() {
    let mut recording = Recording::of("unreadable");
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = firefox(&app);
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), SIGN_IN[0], SIGN_IN[1]];
    for (what, body) in [
        ("a broken escape", "a=%zz".to_owned()),
        ("no UTF-8", "a=%ff".to_owned()),
        ("a field twice", format!("csrf_token={token}&identifier=a&identifier=b")),
        ("many fields", (0..2000).map(|n| format!("f{n}=&")).collect()),
        ("too long", "a".repeat(40_000)),
        ("a wrong token", "csrf_token=AAAA".to_owned()),
    ] {
        ask(&mut recording, what, &browser, async |mut browser| browser.post_raw("/login", body.as_bytes()).await)
            .await;
    }
    for (what, headers) in [
        ("not a form", &[("Content-Type", "text/plain")][..]),
        ("a form with parts", &[("Content-Type", "multipart/form-data; boundary=x")]),
        ("compressed", &[("Content-Encoding", "gzip")]),
        ("from elsewhere", &[("Origin", "https://evil.example")]),
        ("across sites", &[("Sec-Fetch-Site", "cross-site")]),
        ("of no origin", &[("Origin", "null")]),
        ("of no origin, vouched for", &[("Origin", "null"), ("Sec-Fetch-Site", "same-origin")]),
    ] {
        let from = headers.iter().fold(browser.clone(), |browser, (name, value)| browser.with(name, value));
        ask(&mut recording, what, &from, async |mut browser| browser.post("/login", &fields).await).await;
    }
    for (what, method, path) in [
        ("an option", "OPTIONS", "/login"),
        ("a method", "PATCH", "/account/profile"),
        ("no such file", "GET", "/static/000000000000/none.css"),
        ("no such letter", "GET", "/dev/mail/00000000-0000-4000-8000-000000000009"),
        ("no letter", "GET", "/dev/mail/nonsense"),
        ("a path with an escape", "GET", "/login%2ftotp"),
        ("a path with a slash", "GET", "/login/"),
        ("a path with two", "GET", "//login"),
        ("broken query", "GET", "/login?next=%ff&%zz"),
        ("a long query", "GET", &format!("/login?next=/{}", "a".repeat(3000))),
        ("hostile path", "GET", "/<svg%20onload=alert(1)>"),
    ] {
        ask(&mut recording, what, &browser, async |mut browser| browser.send(method, path, None).await).await;
    }
    for accept in
        ["*/*", "text/html, application/json", "application/json, text/html;q=0.9", "application/*", "image/png"]
    {
        let answer = app.browser().with("Accept", accept).get("/nothing").await;
        recording.answer(&format!("accepts {accept}"), &answer);
    }
    recording.check();
}

#[tokio::test]
async fn files() {
    let mut recording = Recording::of("files");
    let app = TestApp::start().await;
    for name in ["app.css", "account.css", "app.js", "codes.js", "passkeys.js", "icon.svg"] {
        let path = asset_path(name).expect("a file");
        let head = app.browser().send("HEAD", path, None).await;
        let answer = app.browser().get(path).await;
        recording.answer_and_head(name, &answer, &head);
        let tag = answer.header("etag").expect("a tag");
        recording.answer(&format!("{name} that is there"), &app.browser().with("If-None-Match", tag).get(path).await);
        let old = format!("/static/000000000000/{name}");
        recording.answer(&format!("{name} of before"), &app.browser().get(&old).await);
        let mut zipped = app.browser().with("Accept-Encoding", "gzip").get(path).await;
        zipped.body.clear();
        recording.answer(&format!("{name} zipped"), &zipped);
    }
    recording.check();
}

#[tokio::test]
async fn what_cannot_be_served() {
    let mut recording = Recording::of("unservable");
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut alice = super::visitors::enter(&app, "alice").await;
    let token = alice.csrf_token_of("/logout").await;
    let away = TestApp::on(app.options.clone().port(1), &[]).await;
    let away = Browser { to: away.address, ..alice.clone() };
    for path in ["/", "/dashboard", "/api/v1/session", "/account/profile", "/login", "/livez", "/readyz", "/dev/mail"] {
        ask(&mut recording, &format!("database away, {path}"), &away, async |mut browser| browser.get(path).await)
            .await;
    }
    let nobody = Browser { to: away.to, ..app.browser() };
    for (what, path, fields) in [
        ("login", "/login", &SIGN_IN[..]),
        ("recover", "/recover", &SIGN_IN[..1]),
        ("register", "/register", &[("username", "bob"), ("email", "bob@example.com"), ("password", PASSWORD)]),
    ] {
        let send = async |mut browser: Browser| browser.submit(path, fields).await;
        ask(&mut recording, &format!("database away, {what}"), &nobody, send).await;
    }
    let out = async |mut browser: Browser| browser.post("/logout", &[("csrf_token", &token)]).await;
    ask(&mut recording, "database away, signing out", &away, out).await;

    app.execute("alter table audit_events rename to elsewhere").await;
    let send = async |mut browser: Browser| browser.submit("/login", &SIGN_IN).await;
    ask(&mut recording, "broken, login", &firefox(&app), send).await;
    for path in ["/account/activity", "/dashboard", "/readyz"] {
        ask(&mut recording, &format!("broken, {path}"), &alice, async |mut browser| browser.get(path).await).await;
    }
    recording.check();
}

/// What is set, and what that is called.
const SETTINGS: [(&str, &[(&str, &str)]); 6] = [
    ("usual", &[]),
    ("https", &[("VESTIBULE_PUBLIC_URL", "https://id.example.com"), NO_MAIL[0], NO_MAIL[1]]),
    ("numbers", &[("VESTIBULE_PUBLIC_URL", "http://127.0.0.1:4000")]),
    ("named", &[("VESTIBULE_SERVICE_NAME", "<b>A&B</b>"), ("VESTIBULE_PASSWORD_MIN", "20")]),
    ("unverified", &[("VESTIBULE_REQUIRE_VERIFICATION", "false")]),
    ("short", &[("VESTIBULE_SESSION_IDLE", "2h"), ("VESTIBULE_SESSION_MAX", "3h")]),
];

/// Signs up, in and out.
async fn comes_and_goes(mut journey: Journey<'_>) {
    let mut browser = journey.browser();
    let fields = [("username", "robert"), ("email", "robert@example.com"), ("password", "another good battery")];
    journey.post("signs up", &mut browser, "/register", &fields).await;
    let fields = [("identifier", "robert"), fields[2]];
    journey.post("signs in unverified", &mut browser.clone(), "/login", &fields).await;
    journey.app.sign_up("alice").await;
    journey.post("signs in", &mut browser, "/login", &SIGN_IN).await;
    journey.get("who", &mut browser, "/api/v1/session").await;
    journey.get("factors", &mut browser, "/account/factors").await;
    journey.get("passkeys", &mut browser, "/account/factors/passkeys").await;
    journey.post("options", &mut browser, "/account/factors/passkeys/options", &[]).await;
    journey.post("changes the language", &mut browser, "/language", &[("language", "en"), ("next", "/login")]).await;
    journey.post("signs out", &mut browser, "/logout", &[]).await;
    let mut nobody = journey.browser();
    for path in ["/login", "/register", "/login/passkey", "/recover", "/verify", "/dev/mail", "/nothing"] {
        journey.get(path, &mut nobody, path).await;
    }
    journey.end().await;
}

#[test]
fn other_settings() {
    Recording::of_each("settings", &SETTINGS.map(|(name, _)| name), async |recording, name| {
        let (_, settings) = SETTINGS.iter().find(|(known, _)| *known == name).expect("settings");
        comes_and_goes(Journey::at(TestApp::with(settings).await, recording, "en", "set")).await;
    });
}
