//! Every route as every kind of visitor, and the headers of every answer.

mod addresses;
mod back;
mod halfway;
mod proxy;
mod stale;

pub use addresses::{address, put_a_letter};

use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
    http::Answer,
    serve::{WIDE, serve},
};
use axum::{Router, routing::get};
use vestibule::{
    app,
    templates::asset_path,
    web::{Front, routes::Route},
};

/// The route, then the answer to somebody anonymous, signed in, signed in without a verified address,
/// with a revoked session, and of a disabled account. Forms are sent empty, with a good token.
const EXPECTED: [(&str, [&str; 5]); 100] = [
    ("GET /return", ["303 /"; 5]),
    ("GET /api/openapi.json", ["200"; 5]),
    ("GET /", ["303 /login", "303 /dashboard", "303 /verify", "303 /login", "303 /login"]),
    ("GET /account", ["303 /account/profile"; 5]),
    ("GET /.well-known/change-password", ["302 /account/password"; 5]),
    ("GET /register", ["200", "303 /dashboard", "200", "200", "200"]),
    ("POST /register", ["422"; 5]),
    ("GET /setup", ["410"; 5]),
    ("POST /setup", ["410"; 5]),
    ("GET /verify", ["200", "303 /dashboard", "200", "200", "200"]),
    ("POST /verify", ["410"; 5]),
    ("GET /verify/address", ["303 /verify"; 5]),
    ("POST /verify/address", ["303 /verify", "303 /verify", "422", "303 /verify", "303 /verify"]),
    ("GET /verify/resend", ["303 /verify"; 5]),
    ("POST /verify/resend", ["422", "422", "303 /verify", "422", "422"]),
    ("GET /recover", ["200"; 5]),
    ("POST /recover", ["422"; 5]),
    ("GET /recover/reset", ["410"; 5]),
    ("POST /recover/reset", ["410"; 5]),
    ("GET /reauth", owners("303 /login?next=/reauth", "200")),
    ("POST /reauth", owners("303 /login?next=/reauth", "422")),
    ("GET /login", ["200", "303 /dashboard", "200", "200", "200"]),
    ("POST /login", ["422"; 5]),
    ("GET /login/passkey", ["200", "303 /dashboard", "200", "200", "200"]),
    ("POST /login/passkey", ["422"; 5]),
    ("POST /login/passkey/options", ["200"; 5]),
    ("GET /reauth/passkey", owners("303 /login?next=/reauth/passkey", "303 /reauth")),
    ("POST /reauth/passkey", owners("303 /login?next=/reauth/passkey", "303 /reauth")),
    ("POST /reauth/passkey/options", owners("303 /login?next=/reauth/passkey/options", "404")),
    ("GET /account/factors/passkeys", owners("303 /login?next=/account/factors/passkeys", "200")),
    ("POST /account/factors/passkeys", owners("303 /login?next=/account/factors/passkeys", "422")),
    ("POST /account/factors/passkeys/options", owners("303 /login?next=/account/factors/passkeys/options", "200")),
    ("POST /account/factors/passkeys/rename", owners("303 /login?next=/account/factors/passkeys/rename", "404")),
    ("POST /account/factors/passkeys/remove", owners("303 /login?next=/account/factors/passkeys/remove", "404")),
    ("GET /logout", ["200"; 5]),
    ("POST /logout", ["303 /login"; 5]),
    ("GET /dashboard", [SIGN_IN_FIRST, "200", "303 /verify", SIGN_IN_FIRST, SIGN_IN_FIRST]),
    ("GET /account/activity", [ACTIVITY_AFTER, "200", "303 /verify", ACTIVITY_AFTER, ACTIVITY_AFTER]),
    ("GET /account/profile", owners("303 /login?next=/account/profile", "200")),
    ("POST /account/profile", owners("303 /login?next=/account/profile", "303 /account/profile")),
    ("GET /account/password", owners("303 /login?next=/account/password", "200")),
    ("POST /account/password", owners("303 /login?next=/account/password", "422")),
    ("GET /account/password/remove", owners("303 /login?next=/account/password/remove", "200")),
    ("POST /account/password/remove", owners("303 /login?next=/account/password/remove", "422")),
    ("GET /account/factors", owners("303 /login?next=/account/factors", "200")),
    ("GET /account/factors/passkeys/rename", owners("303 /login?next=/account/factors/passkeys/rename", TO_FACTORS)),
    ("GET /account/factors/passkeys/remove", owners("303 /login?next=/account/factors/passkeys/remove", TO_FACTORS)),
    ("GET /account/browsers/forget", owners("303 /login?next=/account/browsers/forget", TO_SESSIONS)),
    ("POST /account/browsers/forget", owners("303 /login?next=/account/browsers/forget", "404")),
    ("GET /account/sessions", owners("303 /login?next=/account/sessions", "200")),
    ("GET /account/sessions/end", owners("303 /login?next=/account/sessions/end", TO_SESSIONS)),
    ("POST /account/sessions/end", owners("303 /login?next=/account/sessions/end", "404")),
    ("GET /account/sessions/end-others", owners("303 /login?next=/account/sessions/end-others", TO_SESSIONS)),
    ("POST /account/sessions/end-others", owners("303 /login?next=/account/sessions/end-others", TO_SESSIONS)),
    ("GET /account/data", owners("303 /login?next=/account/data", "200")),
    ("POST /account/data", owners("303 /login?next=/account/data", "200")),
    ("GET /account/email", owners("303 /login?next=/account/email", "200")),
    ("POST /account/email", owners("303 /login?next=/account/email", "422")),
    ("GET /account/email/close", ["303 /account/email"; 5]),
    ("POST /account/email/close", owners("303 /login?next=/account/email/close", "422")),
    ("GET /account/email/confirm", ["410"; 5]),
    ("POST /account/email/confirm", ["410"; 5]),
    ("GET /account/email/undo", ["410"; 5]),
    ("POST /account/email/undo", ["410"; 5]),
    ("GET /account/delete", owners("303 /login?next=/account/delete", "200")),
    ("POST /account/delete", owners("303 /login?next=/account/delete", "422")),
    ("GET /account/delete/undo", ["410"; 5]),
    ("POST /account/delete/undo", ["410"; 5]),
    ("GET /login/totp", ["303 /login"; 5]),
    ("POST /login/totp", ["303 /login"; 5]),
    ("GET /reauth/totp", owners("303 /login?next=/reauth/totp", "303 /reauth")),
    ("POST /reauth/totp", owners("303 /login?next=/reauth/totp", "303 /reauth")),
    ("GET /account/factors/totp", owners("303 /login?next=/account/factors/totp", "200")),
    ("POST /account/factors/totp", owners("303 /login?next=/account/factors/totp", "303 /account/factors/totp")),
    (
        "GET /account/factors/totp/confirm",
        owners("303 /login?next=/account/factors/totp/confirm", "303 /account/factors/totp"),
    ),
    ("POST /account/factors/totp/confirm", owners("303 /login?next=/account/factors/totp/confirm", "422")),
    (
        "GET /account/factors/totp/rename",
        owners("303 /login?next=/account/factors/totp/rename", "303 /account/factors"),
    ),
    ("POST /account/factors/totp/rename", owners("303 /login?next=/account/factors/totp/rename", "404")),
    (
        "GET /account/factors/totp/remove",
        owners("303 /login?next=/account/factors/totp/remove", "303 /account/factors"),
    ),
    ("POST /account/factors/totp/remove", owners("303 /login?next=/account/factors/totp/remove", "404")),
    ("GET /login/recovery-code", ["303 /login"; 5]),
    ("POST /login/recovery-code", ["303 /login"; 5]),
    ("GET /reauth/recovery-code", owners("303 /login?next=/reauth/recovery-code", "303 /reauth")),
    ("POST /reauth/recovery-code", owners("303 /login?next=/reauth/recovery-code", "303 /reauth")),
    (
        "GET /account/factors/recovery-codes",
        owners("303 /login?next=/account/factors/recovery-codes", "303 /account/factors"),
    ),
    (
        "POST /account/factors/recovery-codes",
        owners("303 /login?next=/account/factors/recovery-codes", "303 /account/factors"),
    ),
    ("GET /account/factors/recovery-codes/file", owners(FILE_AFTER, "303 /account/factors/recovery-codes")),
    ("POST /account/factors/recovery-codes/file", owners(FILE_AFTER, "400")),
    ("GET /account/factors/recovery-codes/saved", owners(SAVED_AFTER, "303 /account/factors/recovery-codes")),
    ("POST /account/factors/recovery-codes/saved", owners(SAVED_AFTER, "400")),
    ("POST /language", ["400"; 5]),
    ("GET /api/v1/session", ["401", "200", "401", "401", "401"]),
    ("GET /livez", ["200"; 5]),
    ("GET /readyz", ["200"; 5]),
    ("GET /static/{digest}/{name}", ["200"; 5]),
    ("GET /favicon.ico", ["302"; 5]),
    ("GET /robots.txt", ["200"; 5]),
    ("GET /dev/mail", ["200"; 5]),
    ("GET /dev/mail/{id}", ["200"; 5]),
    ("GET /dev/mail/{id}/html", ["200"; 5]),
];

/// What a page or a form of an account answers to nobody, and to its owner.
pub const fn owners(nobody: &'static str, owner: &'static str) -> [&'static str; 5] {
    [nobody, owner, "303 /verify", nobody, nobody]
}

const ACTIVITY_AFTER: &str = "303 /login?next=/account/activity";
const FILE_AFTER: &str = "303 /login?next=/account/factors/recovery-codes/file";
const SAVED_AFTER: &str = "303 /login?next=/account/factors/recovery-codes/saved";
const SIGN_IN_FIRST: &str = "303 /login?next=/dashboard";
const TO_FACTORS: &str = "303 /account/factors";
const TO_SESSIONS: &str = "303 /account/sessions";

const WHO: [&str; 5] = ["anonymous", "signed in", "unverified", "revoked", "disabled"];

/// What every answer carries (rows 45 to 49).
#[track_caller]
pub fn assert_guarded(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{what}: no policy in {answer:?}"));
    for part in ["default-src 'none'", "base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'", "form-action"]
    {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe-") && !policy.contains('*') && !policy.contains("http"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header_all(name).collect::<Vec<_>>(), [value], "{what}: {name}");
    }
    assert_eq!(answer.header_all("cache-control").count(), 1, "{what}: {answer:?}");
    let kept = answer.header("cache-control").is_some_and(|value| value != "no-store");
    assert!(!kept || what.contains("/static/"), "{what}: {answer:?}");
    if let Some(content_type) = answer.header("content-type") {
        assert!(content_type.ends_with("; charset=utf-8"), "{what}: {content_type}");
    }
    assert!(answer.body.is_empty() || answer.header("content-type").is_some(), "{what}: {answer:?}");
    assert_eq!(answer.header("server"), None, "{what}");
    assert_eq!(answer.header("clear-site-data"), None, "field 12, {what}");
    let public = what.contains("/api/openapi.json") && answer.status == 200;
    assert_eq!(answer.header("access-control-allow-origin"), public.then_some("*"), "{what}");
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.policy.path)
}

/// The visitors of the table, each with a browser of its own.
async fn visitor(app: &TestApp, who: &str) -> Browser {
    if who == "anonymous" {
        return app.browser();
    }
    let browser = app.person(&who.replace(' ', "-")).await;
    let whose = format!("(select id from users where username = '{who}')");
    match who {
        "unverified" => app.execute(&format!("update users set email_verified_at = null where id = {whose}")).await,
        "revoked" => app.execute(&format!("update sessions set revoked_at = now() where user_id = {whose}")).await,
        "disabled" => app.execute(&format!("update users set disabled_at = now() where id = {whose}")).await,
        _ => {}
    }
    browser
}

/// The token that this browser would send now, wherever it is signed in.
async fn token(browser: &mut Browser) -> String {
    let page = browser.get("/logout").await;
    page.hidden("/language", "csrf_token").unwrap_or_else(|| panic!("no form in {page:?}"))
}

fn told(answer: &Answer) -> String {
    match answer.header("location") {
        Some(location) if !location.starts_with("/static/") => format!("{} {location}", answer.status),
        _ => answer.status.to_string(),
    }
}

#[tokio::test]
async fn every_route_answers_every_kind_of_visitor_as_the_table_says() {
    let app = TestApp::start().await;
    put_a_letter(&app).await;
    let routes = app::routes(&app.state);
    for (who, column) in WHO.iter().zip(0..) {
        let visitor = visitor(&app, who).await;
        for route in &routes.list() {
            let name = name(route);
            let expected = expected(&name);
            let signs_out = name == "POST /logout" && ["signed in", "unverified"].contains(who);
            let mut browser = if signs_out { app.signed_in(&who.replace(' ', "-")).await } else { visitor.clone() };
            let answer = ask(route, &mut browser).await;
            let wanted = if column == 2 { halfway::unverified(expected) } else { expected[column].to_owned() };
            assert_eq!(told(&answer), wanted, "{name} as {who}: {answer:?}");
            assert_guarded(&answer, &format!("{name} as {who}"));
        }
    }
    for (name, _) in rows() {
        let found = routes.list().iter().any(|route| self::name(route) == name);
        assert!(found, "the table has a route that the service has not: {name}");
    }
}

/// The rows of this table, and those of slices that keep their own.
fn rows() -> impl Iterator<Item = (&'static str, [&'static str; 5])> {
    EXPECTED.into_iter().chain(crate::gate::ROUTES)
}

fn expected(name: &str) -> [&'static str; 5] {
    let row = rows().find(|(route, _)| *route == name);
    row.unwrap_or_else(|| panic!("{name} is not in the table")).1
}

/// Asks for a page, or sends its form empty with a good token.
async fn ask(route: &Route, browser: &mut Browser) -> Answer {
    if route.method == "POST" {
        let token = token(browser).await;
        browser.post(address(route), &[("csrf_token", &token)]).await
    } else {
        browser.get(address(route)).await
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::start().await;
    put_a_letter(&app).await;
    let person = app.person("alice").await;
    for route in app::routes(&app.state).list().iter().filter(|route| route.method == "GET") {
        for mut browser in [app.browser(), person.clone()] {
            let (get, head) = (browser.get(address(route)).await, browser.send("HEAD", address(route), None).await);
            assert_eq!((told(&head), head.body.as_str()), (told(&get), ""), "{}", route.policy.path);
            assert_eq!(head.header("content-type"), get.header("content-type"), "{}", route.policy.path);
            assert_guarded(&head, &name(route).replace("GET", "HEAD"));
        }
    }
}

/// Asks for a page and for JSON; both must say the same status, with every header and a request id.
async fn assert_error(to: &TestApp, status: u16, what: &str, ask: impl AsyncFn(Browser) -> Answer) {
    let page = ask(to.browser()).await;
    assert_eq!(page.status, status, "{what}: {page:?}");
    assert_guarded(&page, what);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{what}");
    assert!(page.body.contains("</html>"), "{what}: {page:?}");
    let problem = ask(to.browser().with("Accept", "application/json")).await;
    assert_eq!(problem.status, status, "{what}: {problem:?}");
    assert_guarded(&problem, what);
    if status == 429 || status == 503 {
        for answer in [&page, &problem] {
            let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
            assert!(seconds.is_some_and(|seconds| seconds > 0), "{what}: {answer:?}");
        }
    }
    // A form that is shown again is a page, whoever asks.
    if problem.header("content-type") == Some("application/problem+json; charset=utf-8") {
        let body: serde_json::Value = serde_json::from_str(&problem.body).expect("JSON");
        assert_eq!(body["status"], status, "{what}");
        assert!(body["request_id"].as_str().is_some_and(|id| id.len() == 32), "{what}: {body}");
    }
}

#[tokio::test]
async fn asvs_3_4_errors_carry_every_header_too() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    assert_error(&app, 404, "404", async |mut browser| browser.get("/nothing/here").await).await;
    assert_error(&app, 405, "405", async |mut browser| browser.send("DELETE", "/login", None).await).await;
    assert_error(&app, 403, "403", async |mut browser| browser.post("/login", &[]).await).await;
    assert_error(&app, 413, "413", async |mut browser| browser.post_raw("/login", &[b'a'; 40_000]).await).await;
    assert_error(&app, 400, "400", async |mut browser| browser.post_raw("/login", b"a=%zz").await).await;
    let not_a_form =
        async |browser: Browser| browser.with("Content-Type", "text/plain").post_raw("/login", b"a=b").await;
    assert_error(&app, 415, "415", not_a_form).await;
    let wrong = async |mut browser: Browser| sign_in(&mut browser, "alice", "a wrong password").await;
    assert_error(&app, 422, "422", wrong).await;
    for _ in 0..8 {
        assert_eq!(wrong(app.browser()).await.status, 422);
    }
    assert_error(&app, 429, "429", wrong).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503_with_every_header_and_never_a_sign_out() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let token = person.csrf_token("/logout").await;
    let away = TestApp::on(app.options.clone().port(1), &[]).await;
    person.to = away.address;
    let cookies = person.cookies.clone();
    assert_error(&away, 503, "POST /login", async |mut browser| sign_in(&mut browser, "alice", PASSWORD).await).await;
    for path in ["/dashboard", "/api/v1/session", "/"] {
        let answer = person.get(path).await;
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert!(answer.header("retry-after").is_some(), "{path}");
        assert_guarded(&answer, path);
    }
    assert_eq!(person.post("/logout", &[("csrf_token", &token)]).await.status, 503);
    assert_eq!(person.cookies, cookies, "what cannot be asked is not decided");
    assert_eq!(person.get("/livez").await.status, 200);
    assert_eq!(person.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn f27_a_panic_is_one_500_that_tells_nothing_and_the_service_goes_on() {
    let app = TestApp::start().await;
    let state = app.state.clone();
    let panics = async move || -> &'static str {
        let _held = state.db.acquire().await.expect("a connection");
        panic!("a secret from inside");
    };
    let router = Router::new().route("/panic", get(panics)).route("/fine", get(async || "fine"));
    let served = serve(Front::before(&app.state, router), WIDE).await;
    // More often than the pool has connections: a panic gives its own back.
    for _ in 0..10 {
        let page = Browser::new(served.address).get("/panic").await;
        assert_eq!(page.status, 500);
        assert_guarded(&page, "a panic");
        assert!(page.body.contains("</html>") && !page.body.contains("secret"), "{page:?}");
        let problem = Browser::new(served.address).with("Accept", "application/json").get("/panic").await;
        assert_eq!(problem.status, 500);
        assert_guarded(&problem, "a panic");
        assert!(problem.body.contains("request_id") && !problem.body.contains("secret"), "{problem:?}");
    }
    assert_eq!(Browser::new(served.address).get("/fine").await.status, 200);
    assert_eq!(app.browser().get("/readyz").await.status, 200);
}

#[tokio::test]
async fn asvs_3_4_1_https_is_insisted_on_where_there_is_https_and_nowhere_else() {
    let https = TestApp::with(&[("VESTIBULE_PUBLIC_URL", "https://id.example.com")]).await;
    for path in ["/login", "/nothing", "/livez", "/dashboard", asset_path("app.js").expect("the script")] {
        let answer = https.browser().get(path).await;
        let policy = answer.header("strict-transport-security").unwrap_or_else(|| panic!("{path}: {answer:?}"));
        let age = policy.strip_prefix("max-age=").and_then(|rest| rest.split(';').next()?.parse::<u64>().ok());
        assert!(age.is_some_and(|age| age >= 31_536_000) && policy.contains("includeSubDomains"), "{policy}");
        assert_guarded(&answer, &format!("{path} on https"));
    }
    let plain = TestApp::start().await;
    assert_eq!(plain.browser().get("/login").await.header("strict-transport-security"), None);
}
