//! Forms are taken from our own pages in the same browser and session only, on every route that has
//! one.

mod shown_again;

use crate::{
    coverage::assert_guarded,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::Answer,
    },
};
use vestibule::{app, web::access::Access};

/// Everything that a form could have changed. A try that was taken counts as a change.
pub async fn everything(app: &TestApp) -> Vec<i64> {
    let mut counts = Vec::new();
    for query in [
        "select count(*) from users",
        "select count(*) from sessions",
        "select count(*) from sessions where revoked_at is null",
        "select count(*) from tower_sessions.session",
        "select count(*) from attempt_limits",
        "select count(*) from known_browsers",
        "select count(*) from outbox",
        "select count(*) from audit_events",
        "select count(*) from mailed_links where used_at is not null",
        "select count(*) from totp_factors",
        "select count(*) from recovery_codes",
    ] {
        counts.push(app.count(query).await);
    }
    counts
}

/// Every route that takes a form.
pub fn forms(app: &TestApp) -> Vec<&'static str> {
    let routes = app::routes(&app.state);
    let list = routes.list();
    let posts =
        list.iter().filter(|route| route.method != "GET" && !route.policy.from_anywhere).map(|route| route.policy.path);
    let posts: Vec<_> = posts.collect();
    assert!(posts.len() >= 4, "{posts:?}");
    posts
}

/// Those that somebody anonymous reaches; the others lead to the sign-in page before they look at
/// anything.
fn open_forms(app: &TestApp) -> Vec<&'static str> {
    let list = app::routes(&app.state).list();
    let guarded = |path: &str| {
        let route = list.iter().find(|route| route.policy.path == path && route.method != "GET");
        route.is_some_and(|route| !matches!(route.policy.access, Access::Public | Access::Anyone))
    };
    forms(app).into_iter().filter(|path| !guarded(path)).collect()
}

/// As a page shows them.
const TEN_CODES: &str = "00000-00000-00000-00000-00000 11111-11111-11111-11111-11111 22222-22222-22222-22222-22222 \
    33333-33333-33333-33333-33333 44444-44444-44444-44444-44444 55555-55555-55555-55555-55555 \
    66666-66666-66666-66666-66666 77777-77777-77777-77777-77777 88888-88888-88888-88888-88888 \
    99999-99999-99999-99999-99999";

/// A good form for a route, but for its token.
pub fn good(path: &str) -> Vec<(&'static str, &'static str)> {
    match path {
        "/register" | "/setup" => {
            vec![("username", "mallory"), ("email", "mallory@example.com"), ("password", PASSWORD)]
        }
        "/login" => vec![("identifier", "alice"), ("password", PASSWORD)],
        "/logout"
        | "/oauth/logout/confirm"
        | "/verify"
        | "/account/email/confirm"
        | "/account/email/undo"
        | "/account/delete/undo"
        | "/account/sessions/end-others"
        | "/login/passkey/options"
        | "/reauth/passkey/options"
        | "/account/factors/passkeys/options"
        | "/account/data"
        | "/account/password/remove"
        | "/account/factors/totp"
        | "/account/factors/recovery-codes"
        | "/account/email/close" => Vec::new(),
        "/account/browsers/forget" => vec![("browser", "00000000-0000-4000-8000-000000000001")],
        "/login/totp" | "/reauth/totp" | "/account/factors/totp/confirm" => vec![("code", "000000")],
        "/account/factors/totp/rename" => {
            vec![("factor", "00000000-0000-4000-8000-000000000001"), ("name", "My phone")]
        }
        "/account/factors/totp/remove" => vec![("factor", "00000000-0000-4000-8000-000000000001")],
        "/login/recovery-code" | "/reauth/recovery-code" => vec![("code", "00000-00000-00000-00000-00000")],
        "/account/factors/recovery-codes/file" => vec![("codes", TEN_CODES)],
        "/account/factors/recovery-codes/saved" => vec![("codes", TEN_CODES), ("saved", "yes")],
        "/account/email" => vec![("email", "alice@example.org")],
        "/account/delete" => vec![("understood", "yes")],
        "/verify/address" => vec![("new_email", "alice@example.org")],
        "/verify/resend" => vec![("email", "alice@example.com")],
        "/recover" => vec![("identifier", "alice")],
        "/recover/reset" => vec![("password", "another good battery")],
        "/reauth" => vec![("password", PASSWORD), ("next", "/dashboard")],
        "/account/profile" => vec![("display_name", "Mallory"), ("language", "ko")],
        "/account/password" => vec![("current_password", PASSWORD), ("password", "another good battery")],
        "/account/apps/remove" => vec![("app_id", "00000000-0000-4000-8000-000000000001")],
        "/oauth/consent" => vec![("answer", "allow")],
        "/account/sessions/end" => vec![("session", "00000000-0000-4000-8000-000000000001")],
        "/language" => vec![("language", "ko"), ("next", "/login")],
        "/login/passkey" | "/reauth/passkey" | "/account/factors/passkeys" => vec![("credential", "{}")],
        "/account/factors/passkeys/rename" | "/account/factors/passkeys/remove" => {
            vec![("passkey", "00000000-0000-4000-8000-000000000001"), ("name", "A key")]
        }
        other => panic!("what does a good form for {other} hold?"),
    }
}

pub async fn send(browser: &mut Browser, path: &str, token: &str) -> Answer {
    let mut fields = good(path);
    fields.push(("csrf_token", token));
    browser.post(path, &fields).await
}

/// The token that this browser's next page shows.
pub async fn token(browser: &mut Browser) -> String {
    let page = browser.get("/logout").await;
    page.hidden("/language", "csrf_token").unwrap_or_else(|| panic!("no form in {page:?}"))
}

#[track_caller]
fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 403, "{what}: {answer:?}");
    assert_guarded(answer, what);
    assert!(answer.body.contains("</html>") && answer.body.contains("<h1>"), "{what}: {answer:?}");
    let harmless = |line: &str| line.starts_with("vestibule_csrf=") || line.starts_with("vestibule_notice=;");
    assert!(answer.header_all("set-cookie").all(harmless), "{what}: {answer:?}");
}

/// The same in a browser that is signed in: the forms that sign in lead on, and do nothing.
#[track_caller]
fn assert_refused_inside(answer: &Answer, path: &str, what: &str) {
    if path.starts_with("/login") && answer.status == 303 {
        assert!(["/dashboard", "/login"].contains(&answer.location()), "{what}: {answer:?}");
        assert_eq!(answer.header_all("set-cookie").count(), 0, "{what}: {answer:?}");
    } else {
        assert_refused(answer, what);
    }
}

#[tokio::test]
async fn asvs_3_5_1_every_form_wants_the_token_of_its_own_browser_and_session() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let mut other = app.person("robert").await;
    let mut anonymous = app.browser();
    let unsigned = token(&mut anonymous).await;
    let foreign = [token(&mut other).await, unsigned.clone(), token(&mut app.browser()).await];
    let own = token(&mut person).await;
    let mut wrong =
        vec![String::new(), "AAAA".into(), own[1..].into(), format!("{own}A"), own.to_lowercase(), "x".repeat(5000)];
    wrong.extend(foreign);
    wrong.push(person.cookies["vestibule_csrf"].clone());
    wrong.push(person.cookies["vestibule"].clone());
    let before = everything(&app).await;
    for path in forms(&app) {
        for token in &wrong {
            assert_refused_inside(&send(&mut person, path, token).await, path, &format!("{path} with {token:.60}"));
        }
        assert_refused_inside(&person.post(path, &good(path)).await, path, &format!("{path} without a token"));
        // The double-submitted cookie alone is no proof: the token is bound to the session.
        let mut tossed = person.clone();
        tossed.cookies.insert("vestibule_csrf".into(), anonymous.cookies["vestibule_csrf"].clone());
        let answer = send(&mut tossed, path, &unsigned).await;
        assert_refused_inside(&answer, path, &format!("{path} with a tossed cookie"));
    }
    assert_eq!(everything(&app).await, before);
    assert!(is_signed_in(&mut person).await);
    assert_eq!(send(&mut person, "/language", &own).await.status, 303, "the token itself was good");
}

#[tokio::test]
async fn asvs_3_5_1_no_form_is_taken_from_a_browser_that_never_saw_one() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let before = everything(&app).await;
    let mut attacker = app.browser();
    let theirs = token(&mut attacker).await;
    for path in open_forms(&app) {
        // Login CSRF: the victim's browser has no cookie of ours, or none that fits.
        assert_refused(&send(&mut app.browser(), path, &theirs).await, path);
        assert_refused(&app.browser().post(path, &good(path)).await, path);
        let mut elsewhere = app.browser();
        token(&mut elsewhere).await;
        assert_refused(&send(&mut elsewhere, path, &theirs).await, path);
    }
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn asvs_3_5_1_no_token_survives_signing_in_or_out() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let anonymous = token(&mut browser).await;
    let anonymous_cookie = browser.cookies["vestibule_csrf"].clone();
    assert_eq!(sign_in(&mut browser, "alice", PASSWORD).await.status, 303);
    assert!(!browser.cookies.contains_key("vestibule_csrf"), "the cookie from before is taken back");

    let signed_in = token(&mut browser).await;
    assert_ne!(browser.cookies["vestibule_csrf"], anonymous_cookie);
    let before = everything(&app).await;
    for path in forms(&app) {
        let answer = send(&mut browser, path, &anonymous).await;
        assert_refused_inside(&answer, path, &format!("{path}, token from before"));
        let mut stubborn = browser.clone();
        stubborn.cookies.insert("vestibule_csrf".into(), anonymous_cookie.clone());
        assert_refused_inside(&send(&mut stubborn, path, &anonymous).await, path, &format!("{path}, with its cookie"));
    }
    assert_eq!(everything(&app).await, before);

    let signed_in_cookie = browser.cookies["vestibule_csrf"].clone();
    assert_eq!(send(&mut browser, "/logout", &signed_in).await.status, 303);
    let before = everything(&app).await;
    for path in open_forms(&app) {
        assert_refused(&send(&mut browser, path, &signed_in).await, &format!("{path}, token of a session that ended"));
        let mut stubborn = browser.clone();
        stubborn.cookies.insert("vestibule_csrf".into(), signed_in_cookie.clone());
        assert_refused(&send(&mut stubborn, path, &signed_in).await, &format!("{path}, with its cookie"));
    }
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn asvs_3_5_1_a_good_token_from_a_foreign_page_is_refused_by_the_headers_browsers_write() {
    for settings in [&[][..], &[("VESTIBULE_PUBLIC_URL", "https://id.example.com")]] {
        let app = TestApp::with(settings).await;
        let mut person = app.person("alice").await;
        let own = token(&mut person).await;
        let before = everything(&app).await;
        for path in forms(&app) {
            for headers in [
                &[("Sec-Fetch-Site", "cross-site")][..],
                &[("Sec-Fetch-Site", "same-site")],
                &[("Sec-Fetch-Site", "nonsense")],
                &[("Sec-Fetch-Site", "")],
                &[("Origin", "https://evil.example")],
                &[("Origin", "null")],
                &[("Origin", "")],
                &[("Origin", "https://id.example.com.evil.example")],
                &[("Origin", "https://id.example.com:444")],
                &[("Origin", "http://id.example.com")],
                &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://id.example.com")],
                &[("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.example")],
                &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-User", "?1")],
            ] {
                let foreign = headers.iter().fold(person.clone(), |browser, (name, value)| browser.with(name, value));
                let answer = send(&mut foreign.clone(), path, &own).await;
                let what = format!("{path} with {headers:?}");
                assert_eq!(answer.status, 403, "{what}: {answer:?}");
                assert_guarded(&answer, &what);
            }
        }
        assert_eq!(everything(&app).await, before);
        assert_eq!(send(&mut person, "/language", &own).await.status, 303, "none of the headers: the token decides");
        let vouched = person.clone().with("Sec-Fetch-Site", "same-origin").with("Origin", "null");
        assert_eq!(send(&mut vouched.clone(), "/language", &own).await.status, 303, "our own no-referrer form");
    }
}

#[tokio::test]
async fn a_token_is_taken_from_the_form_alone() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let own = token(&mut person).await;
    let address = format!("/logout?csrf_token={own}");
    assert_eq!(person.post(&address, &[]).await.status, 403);
    assert_eq!(person.clone().with("X-CSRF-Token", &own).post("/logout", &[]).await.status, 403);
    assert_eq!(person.get(&address).await.status, 200);
    assert!(is_signed_in(&mut person).await);
}

#[tokio::test]
async fn a_refused_form_leads_back_to_a_fresh_one_that_works() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let refused = send(&mut browser, "/login", "stale").await;
    assert_refused(&refused, "/login");
    assert!(refused.hidden("/login", "csrf_token").is_some(), "the form again: {}", refused.body);
    assert_eq!(sign_in(&mut browser, "alice", PASSWORD).await.status, 303);
    let problem = app.browser().with("Accept", "application/json").post("/login", &good("/login")).await;
    assert_eq!(problem.header("content-type"), Some("application/problem+json; charset=utf-8"));
}
