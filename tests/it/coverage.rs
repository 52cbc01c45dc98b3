//! Every route as every kind of visitor, and the headers of every answer.

mod addresses;
mod back;
mod errors;
mod halfway;
mod provider;
mod proxy;
mod stale;

pub use addresses::{address, put_a_letter};

use crate::support::{app::TestApp, browser::Browser, http::Answer};
use vestibule::{app, web::routes::Route};

/// The route, then the answer to somebody anonymous, signed in, signed in without a verified address,
/// with a revoked session, and of a disabled account. Forms are sent empty, with a good token.
const EXPECTED: [(&str, [&str; 5]); 116] = [
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
    ("GET /account/apps", owners("303 /login?next=/account/apps", "200")),
    ("GET /account/apps/remove", owners("303 /login?next=/account/apps/remove", "303 /account/apps")),
    ("POST /account/apps/remove", owners("303 /login?next=/account/apps/remove", "404")),
    ("GET /oauth/authorize", ["400"; 5]),
    ("GET /oauth/authorize/", ["400"; 5]),
    ("POST /oauth/authorize", ["400"; 5]),
    ("POST /oauth/authorize/", ["400"; 5]),
    ("GET /oauth/authorize/continue", ["410"; 5]),
    ("GET /oauth/consent", ["410"; 5]),
    ("POST /oauth/consent", ["410"; 5]),
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
    ("POST /oauth/token", ["401"; 5]),
    ("POST /oauth/token/", ["401"; 5]),
    ("POST /oauth/introspect", ["401"; 5]),
    ("POST /oauth/revoke", ["401"; 5]),
    ("GET /oauth/userinfo", ["401"; 5]),
    ("POST /oauth/userinfo", ["401"; 5]),
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
    // An email, the one page with a style sheet of its own, has style attributes too.
    let attributes = if policy.contains("style-src 'sha256-") { "style-src-attr 'unsafe-inline'; " } else { "" };
    let policy = policy.replacen(attributes, "", 1);
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
    assert!(!kept || provider::is_document(what) || what.contains("/static/"), "{what}: {answer:?}");
    if let Some(content_type) = answer.header("content-type") {
        assert!(content_type.ends_with("; charset=utf-8"), "{what}: {content_type}");
    }
    assert!(answer.body.is_empty() || answer.header("content-type").is_some(), "{what}: {answer:?}");
    assert_eq!(answer.header("server"), None, "{what}");
    assert_eq!(answer.header("clear-site-data"), None, "field 12, {what}");
    let public = (provider::is_document(what) || what.contains("/api/openapi.json")) && answer.status == 200;
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
            let signs_out = provider::signs_out(&name) && ["signed in", "unverified"].contains(who);
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
    EXPECTED.into_iter().chain(provider::EXPECTED).chain(crate::gate::ROUTES)
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
