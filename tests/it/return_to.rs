//! Coming back to where a visitor was going: through sign-in, sign-up, verification and recovery.

use crate::{
    support::{
        app::{PASSWORD, TestApp},
        browser::Browser,
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
        assert_eq!(browser.submit("/login", &fields).await.location(), leads_to);
    }
}
