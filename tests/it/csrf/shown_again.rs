//! A form whose token does not fit: it is good where that is certain, and comes back with what was typed where not.

use super::{everything, token};
use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in},
    browser::Browser,
    http::Answer,
    letters::link_of,
};
use vestibule::accounts::links::Purpose;

/// Pages that a browser without a cookie opens at once; the cookie of the last one stays.
async fn at_once(app: &TestApp, paths: &[&'static str]) -> (Browser, Vec<(&'static str, Answer)>) {
    let mut browser = app.browser();
    let mut pages = Vec::new();
    for path in paths {
        let mut tab = app.browser();
        pages.push((*path, tab.get(path).await));
        browser = tab;
    }
    (browser, pages)
}

fn filled(path: &str) -> Vec<(&'static str, &'static str)> {
    match path {
        "/login" => vec![("identifier", "alice"), ("password", PASSWORD)],
        "/register" => vec![("username", "robert"), ("email", "robert@example.com"), ("password", PASSWORD)],
        _ => vec![("identifier", "alice")],
    }
}

async fn send(browser: &mut Browser, path: &str, page: &Answer) -> Answer {
    let token = page.hidden(path, "csrf_token").expect("a token");
    browser.post(path, &[&filled(path)[..], &[("csrf_token", token.as_str())]].concat()).await
}

const PAGES: [&str; 3] = ["/register", "/recover", "/login"];

#[tokio::test]
async fn field_11_each_of_several_pages_opened_at_once_is_good_where_the_browser_says_that_it_is_ours() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let origin = app.state.config.site.public_url.origin();
    for headers in [&[("Sec-Fetch-Site", "same-origin"), ("Origin", "null")][..], &[("Origin", origin.as_str())]] {
        app.execute("delete from users where username = 'robert'").await;
        let (browser, pages) = at_once(&app, &PAGES).await;
        let mut browser = headers.iter().fold(browser, |browser, (name, value)| browser.with(name, value));
        for (path, page) in &pages {
            assert_eq!(send(&mut browser, path, page).await.status, 303, "{path} with {headers:?}");
        }
        assert!(is_signed_in(&mut browser).await);
    }
}

#[tokio::test]
async fn field_11_where_the_browser_does_not_say_the_form_comes_back_with_what_was_typed() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let (mut browser, pages) = at_once(&app, &PAGES).await;
    for (path, page) in &pages[..2] {
        app.all_sent().await;
        let before = everything(&app).await;
        let again = send(&mut browser, path, page).await;
        assert_eq!(again.status, 403, "{again:?}");
        for (name, value) in filled(path) {
            let shown = again.body.contains(&format!("value=\"{value}\""));
            assert_eq!(shown, name != "password", "{path}: {name} in {again:?}");
        }
        assert!(again.body.contains("couldn’t tell that this form came from this browser"), "{again:?}");
        assert_eq!(everything(&app).await, before, "{path}: nothing is done");
        assert_eq!(send(&mut browser.clone(), path, &again).await.status, 303, "{path}: with a good token");
    }
}

#[tokio::test]
async fn asvs_3_5_1_a_form_from_another_time_or_of_a_session_is_not_one_of_several_opened_at_once() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await.with("Sec-Fetch-Site", "same-origin");
    let inside = token(&mut person).await;
    let (browser, pages) = at_once(&app, &PAGES).await;
    let mut browser = browser.with("Sec-Fetch-Site", "same-origin");
    let anonymous = pages[0].1.hidden("/register", "csrf_token").expect("a token");
    let before = everything(&app).await;
    // In a session only its own token counts.
    let fields = [("csrf_token", anonymous.as_str()), ("display_name", "Mallory")];
    assert_eq!(person.post("/account/profile", &fields).await.status, 403);
    // Without one, no token of a session.
    let fields = [&filled("/recover")[..], &[("csrf_token", inside.as_str())]].concat();
    assert_eq!(browser.post("/recover", &fields).await.status, 403);
    // A cookie that was not set at that time: its first bytes are the seconds since 1970.
    let mut later = browser.clone();
    later.cookies.insert("vestibule_csrf".into(), "AAAAAAAAAAAAAAAAAAAAAA".into());
    assert_eq!(send(&mut later, "/register", &pages[0].1).await.status, 403);
    // From another site.
    let mut foreign = at_once(&app, &PAGES).await.0.with("Sec-Fetch-Site", "cross-site");
    assert_eq!(send(&mut foreign, "/register", &pages[0].1).await.status, 403);
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn field_45_a_sign_in_form_of_an_older_tab_goes_on_when_another_tab_has_signed_in() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let page = browser.get("/login?next=/account/profile").await;
    let next = page.hidden("/login", "next").expect("where to go");
    let newer = browser.get("/login").await;
    assert_eq!(send(&mut browser, "/login", &newer).await.status, 303);
    let before = everything(&app).await;
    let token = page.hidden("/login", "csrf_token").expect("a token");
    let fields = [&filled("/login")[..], &[("csrf_token", token.as_str()), ("next", next.as_str())]].concat();
    let answer = browser.post("/login", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/profile"), "{answer:?}");
    assert_eq!(everything(&app).await, before, "nothing is done");
    assert!(is_signed_in(&mut browser).await);
    let mut foreign = browser.with("Sec-Fetch-Site", "cross-site");
    assert_eq!(foreign.post("/login", &fields).await.status, 403);
}

#[tokio::test]
async fn field_25_a_browser_that_keeps_no_cookies_is_told_that_they_are_needed() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for path in PAGES {
        let page = app.browser().get(path).await;
        let again = send(&mut app.browser(), path, &page).await;
        assert_eq!(again.status, 403, "{again:?}");
        assert!(again.body.contains("Your browser didn’t send us a cookie"), "{path}: {again:?}");
    }
    for purpose in [Purpose::Verify, Purpose::Recover, Purpose::ChangeEmail, Purpose::UndoEmail, Purpose::UndoDeletion]
    {
        let secret = link_of(&app, "alice", purpose, "alice@example.com").await;
        let path = vestibule::web::email::path_of(purpose);
        assert_eq!(app.browser().get(&format!("{path}?token={secret}")).await.location(), path);
        let page = app.browser().get(path).await;
        assert!(page.body.contains("Allow cookies for this site, then open the link again"), "{path}: {page:?}");
        let mut with_one = app.browser();
        with_one.get("/login").await;
        assert!(!with_one.get(path).await.body.contains("Allow cookies"), "{path}");
    }
}

#[tokio::test]
async fn a_page_with_a_link_comes_back_with_its_own_link() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let secret = link_of(&app, "alice", Purpose::Recover, "alice@example.com").await;
    let mut browser = app.browser();
    browser.get("/login").await;
    let fields = [("csrf_token", "stale"), ("link", secret.as_str()), ("password", "a brand new sentence")];
    let again = browser.post("/recover/reset", &fields).await;
    assert!(again.status == 403 && again.body.contains("alice"), "{again:?}");
    assert_eq!(again.hidden("/recover/reset", "link").as_deref(), Some(secret.as_str()));
    assert!(!again.body.contains("a brand new sentence"));
}

#[tokio::test]
async fn a_program_that_wants_json_gets_a_problem() {
    let app = TestApp::start().await;
    let mut browser = app.browser().with("Accept", "application/json");
    let answer = browser.post("/login", &filled("/login")).await;
    assert_eq!((answer.status, answer.header("content-type")), (403, Some("application/problem+json; charset=utf-8")));
}
