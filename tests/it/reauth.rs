//! Proving again who one is.

use crate::support::app::{PASSWORD, TestApp, is_signed_in};

/// As if the last proof were older than ten minutes.
pub async fn age(app: &TestApp) {
    app.execute("update sessions set authenticated_at = now() - interval '11 minutes'").await;
}

#[tokio::test]
async fn asvs_7_2_4_the_right_password_renews_the_session_under_another_cookie() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    age(&app).await;
    let mut old = person.clone();
    let answer = person.submit("/reauth?next=/dashboard", &[("password", PASSWORD), ("next", "/dashboard")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
    assert_ne!(person.cookies["vestibule"], old.cookies["vestibule"]);
    assert!(is_signed_in(&mut person).await && !is_signed_in(&mut old).await, "the old cookie is dead");
    assert_eq!(app.count("select count(*) from sessions").await, 1, "it is the same session");
    let fresh = "select count(*) from sessions where authenticated_at > now() - interval '1 minute'";
    assert_eq!(app.count(fresh).await, 1);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'reauthenticated'").await, 1);
}

#[tokio::test]
async fn a_remembered_session_stays_remembered() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut person = app.browser();
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("remember", "yes")];
    assert_eq!(person.submit("/login", &fields).await.status, 303);
    let answer = person.submit("/reauth", &[("password", PASSWORD)]).await;
    let cookie = answer.header_all("set-cookie").find(|line| line.starts_with("vestibule=")).expect("a cookie");
    assert!(cookie.contains("Max-Age="), "{cookie}");
}

#[tokio::test]
async fn wrong_passwords_renew_nothing_and_spend_what_the_sign_in_spends() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    age(&app).await;
    for (typed, says) in [("", "Enter your password"), ("not her password", "password isn’t right")] {
        let answer = person.submit("/reauth", &[("password", typed)]).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{typed}: {answer:?}");
    }
    let fresh = "select count(*) from sessions where authenticated_at > now() - interval '1 minute'";
    assert_eq!(app.count(fresh).await, 0);
    let mut slowed = false;
    for _ in 0..12 {
        slowed |= person.submit("/reauth", &[("password", "a wrong guess here")]).await.status == 429;
    }
    assert!(slowed, "asvs_6_3_4: no page is a second way to guess");
}

#[tokio::test]
async fn asvs_3_7_2_the_way_on_stays_here() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for next in
        ["//evil.example", "https://evil.example", "/\\evil.example", "/%09/evil.example", "javascript:alert(1)"]
    {
        let answer = person.submit("/reauth", &[("password", PASSWORD), ("next", next)]).await;
        assert_eq!(answer.location(), "/dashboard", "{next}");
    }
}
