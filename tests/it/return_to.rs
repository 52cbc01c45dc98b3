//! Coming back to where a visitor was going: through sign-in, sign-up, verification and recovery.

use crate::{
    support::{
        app::{PASSWORD, TestApp},
        browser::Browser,
        http::Answer,
    },
    verification::open,
};

const GOING: &str = "/account/email?tab=1";
const NEXT: &str = "/account/email?tab%3D1";

/// Signs up on the way to a page, as the link on the sign-in page does.
async fn sign_up_on_the_way(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    let page = browser.get(&format!("/login?next={NEXT}")).await;
    assert!(page.body.contains("href=\"/register?next=/account/email?tab=1\""), "{page:?}");
    let page = browser.get(&format!("/register?next={NEXT}")).await;
    assert_eq!(page.hidden("/register", "next").as_deref(), Some(GOING));
    let email = format!("{username}@example.com");
    let fields = [("username", username), ("email", email.as_str()), ("password", PASSWORD), ("next", GOING)];
    assert_eq!(browser.submit("/register", &fields).await.location(), "/verify");
    browser
}

#[tokio::test]
async fn a_visitor_who_signs_up_on_the_way_arrives_after_verifying_in_the_same_browser() {
    let app = TestApp::start().await;
    let mut browser = sign_up_on_the_way(&app, "alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    assert!(!letter.text.contains("tab"), "the email carries no path: {letter:?}");
    open(&mut browser, &letter.links[0]).await;
    assert_eq!(browser.submit("/verify", &[]).await.location(), GOING);
    assert_eq!(app.count("select count(*) from return_paths").await, 0, "it is followed once");
}

#[tokio::test]
async fn another_browser_that_opens_the_email_is_not_sent_anywhere() {
    let app = TestApp::start().await;
    sign_up_on_the_way(&app, "alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    let mut other = app.browser();
    open(&mut other, &letter.links[0]).await;
    assert_eq!(other.submit("/verify", &[("password", PASSWORD)]).await.location(), "/dashboard");
}

#[tokio::test]
async fn a_visitor_who_forgot_the_password_on_the_way_goes_on_after_signing_in() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let page = browser.get(&format!("/login?next={NEXT}")).await;
    assert!(page.body.contains("href=\"/recover?next=/account/email?tab=1\""), "{page:?}");
    let page = browser.get(&format!("/recover?next={NEXT}")).await;
    assert_eq!(page.hidden("/recover", "next").as_deref(), Some(GOING));
    // Whoever is asked about: the same answer, and one row for the browser.
    for identifier in ["nobody", "alice"] {
        let answer = browser.submit("/recover", &[("identifier", identifier), ("next", GOING)]).await;
        assert_eq!(answer.location(), "/recover");
    }
    assert_eq!(app.count("select count(*) from return_paths").await, 1);
    let letter = app.letter_to("alice@example.com", "/recover/reset").await;
    assert!(!letter.text.contains("tab"), "the email carries no path: {letter:?}");
    open(&mut browser, &letter.links[0]).await;
    let done = browser.submit("/recover/reset", &[("password", "a brand new sentence")]).await;
    assert_eq!(done.location(), "/login?next=/account/email?tab=1");
}

#[tokio::test]
async fn a_long_way_back_travels_as_a_short_id() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let long = format!("/dashboard?q={}", "a".repeat(4000));
    let mut browser = app.browser();
    let sent = browser.get(&long).await;
    let login = sent.location().to_owned();
    assert!(login.starts_with("/login?next=/return?to=") && login.len() < 80, "{login}");
    let next = browser.get(&login).await.hidden("/login", "next").expect("a next");
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
    let signed_in = browser.submit("/login", &fields).await;
    assert_eq!(signed_in.location(), next);
    assert_eq!(browser.get(&next).await.location(), long);
    // A page that an app linked to with a long way back is shown at a short address.
    let sent = app.browser().get(&format!("/login?next={long}")).await;
    assert!(sent.status == 303 && sent.location().len() < 80, "{sent:?}");
    for forged in ["/return", "/return?to=", "/return?to=x", "/return?to=mkVx3bbrWv1Fh7nXH6aPpA"] {
        assert_eq!(browser.get(forged).await.location(), "/", "{forged}");
    }
    let too_long = format!("/dashboard?q={}", "a".repeat(4100));
    assert_eq!(app.browser().get(&too_long).await.location(), "/login?next=/");
}

#[tokio::test]
async fn a_fragment_and_any_script_survive_the_way() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for (next, leads_to) in [
        ("/account/email%23new", "/account/email#new"),
        ("/%EB%AC%B8%EC%84%9C", "/%EB%AC%B8%EC%84%9C"),
        ("/?q=%C3%A9%23%EC%A0%88", "/?q=%C3%A9#%EC%A0%88"),
    ] {
        let mut browser = app.browser();
        let page = browser.get(&format!("/login?next={next}")).await;
        let next = page.hidden("/login", "next").expect("a next");
        let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
        let answer = browser.submit("/login", &fields).await;
        if answer.location().starts_with("/return?") {
            let page = browser.get(answer.location()).await;
            assert_eq!(self::leads_to(&page), Some(leads_to));
        } else {
            assert_eq!(answer.location(), leads_to);
        }
    }
}

/// Where a page of ours leads on to by itself.
fn leads_to(page: &Answer) -> Option<&str> {
    page.body.split("http-equiv=\"refresh\" content=\"0; url=").nth(1)?.split('"').next()
}

#[tokio::test]
async fn field_7_no_form_is_followed_by_a_redirect_to_an_app_which_may_redirect_elsewhere() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for (next, fields) in [
        ("/oauth/authorize?client=a&amp;state=b", &[("next", "/oauth/authorize?client=a&state=b")][..]),
        ("/accounting", &[("next", "/accounting")]),
        ("/.well-known/change-password", &[("next", "/.well-known/change-password")]),
    ] {
        let mut browser = app.browser();
        let fields = [&[("identifier", "alice"), ("password", PASSWORD)][..], fields].concat();
        let answer = browser.submit("/login", &fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        assert!(answer.location().starts_with("/return?next=/"), "{answer:?}");
        let page = browser.get(answer.location()).await;
        assert_eq!((page.status, leads_to(&page)), (200, Some(next)), "{page:?}");
        assert!(page.body.contains(&format!("href=\"{next}\"")), "and a link: {page:?}");
        // To prove again who one is, and to switch the language.
        let answer = browser.submit("/reauth", &[("password", PASSWORD), ("next", "/app")]).await;
        assert_eq!(answer.location(), "/return?next=/app");
        let token = browser.csrf_token_of("/dashboard").await;
        let answer = browser.post("/language", &[("csrf_token", &token), ("language", "en"), ("next", "/app")]).await;
        assert_eq!(answer.location(), "/return?next=/app");
        // A page that a form led to does not redirect there either.
        let mut followed = browser.clone().with("Sec-Fetch-Site", "same-origin");
        assert_eq!(followed.get("/login?next=/app").await.location(), "/return?next=/app");
        assert_eq!(browser.get("/login?next=/app").await.location(), "/app", "no form is before it");
    }
}

#[tokio::test]
async fn a_page_of_ours_is_gone_on_to_directly() {
    let app = TestApp::start().await;
    for route in vestibule::app::routes(&app.state).list().iter().filter(|route| route.method == "GET") {
        let path = route.policy.path;
        let elsewhere = ["/.well-known/", "/api/", "/livez", "/readyz", "/static/", "/favicon.ico", "/robots.txt"];
        let ours = vestibule::web::paths::is_ours(path);
        assert_eq!(ours, !elsewhere.iter().any(|other| path.starts_with(other)), "{path}");
    }
    for other in ["/accounts", "/app", "/loginx", "/apps/login", "/oauth/authorize"] {
        assert!(!vestibule::web::paths::is_ours(other), "{other}");
    }
}
