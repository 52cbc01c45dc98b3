//! What was typed is not lost in silence: a form that comes when it cannot be taken says that nothing was saved.

use crate::support::{
    app::{PASSWORD, TestApp},
    browser::Browser,
    http::Answer,
};
use vestibule::{app, web::routes::Route};

/// Every form that stands behind a session and answers with a page.
fn forms(app: &TestApp) -> Vec<Route> {
    let behind = |route: &Route| route.method == "POST" && route.policy.access.needs().is_some();
    app::routes(&app.state).list().into_iter().filter(behind).collect()
}

async fn send(browser: &mut Browser, route: &Route, token: &str) -> Answer {
    browser.post(route.policy.path, &[("csrf_token", token), ("email", "anna@example.org")]).await
}

/// Follows redirects to the page at their end.
async fn arrive(browser: &mut Browser, mut answer: Answer) -> Answer {
    for _ in 0..4 {
        if answer.status != 303 {
            return answer;
        }
        answer = browser.get(answer.location()).await;
    }
    panic!("a circle of redirects: {answer:?}");
}

#[tokio::test]
async fn ux_4_every_form_of_a_session_that_ended_says_that_nothing_was_saved() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let token = person.csrf_token_of("/logout").await;
    app.execute("update sessions set revoked_at = now()").await;
    let forms = forms(&app);
    assert!(forms.len() > 20, "{forms:?}");
    for route in &forms {
        let mut browser = person.clone();
        let answer = send(&mut browser, route, &token).await;
        let page = arrive(&mut browser, answer).await;
        assert!(page.body.contains("nothing was saved"), "{}: {page:?}", route.policy.path);
        assert!(!browser.get("/login").await.body.contains("nothing was saved"), "told once");
    }
}

#[tokio::test]
async fn ux_4_every_form_that_needs_a_fresh_proof_says_that_nothing_was_saved_yet() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let token = person.csrf_token_of("/logout").await;
    for has_app in [false, true] {
        if has_app {
            crate::factors::add_totp(&app, "alice", "Phone").await;
        }
        app.execute("update sessions set authenticated_at = now() - interval '11 minutes'").await;
        for route in
            forms(&app).iter().filter(|route| route.policy.access.needs().is_some_and(|needs| needs.fresh.is_some()))
        {
            let mut browser = person.clone();
            let answer = send(&mut browser, route, &token).await;
            assert!(answer.location().starts_with("/reauth?next="), "{}: {answer:?}", route.policy.path);
            let page = arrive(&mut browser, answer).await;
            assert!(page.body.contains("Nothing was saved yet"), "{}: {page:?}", route.policy.path);
        }
    }
}

#[tokio::test]
async fn ux_4_so_does_every_form_of_somebody_who_must_verify_or_enrol_first() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_SECOND_FACTOR", "everyone")]).await;
    let mut person = app.person("alice").await;
    let token = person.csrf_token_of("/logout").await;
    for unverified in [false, true] {
        if unverified {
            app.execute("update users set email_verified_at = null").await;
        }
        let shut =
            |route: &&Route| unverified || route.policy.access.needs().is_some_and(|needs| !needs.while_enrolling);
        for route in forms(&app).iter().filter(shut) {
            let mut browser = person.clone();
            let answer = send(&mut browser, route, &token).await;
            let page = arrive(&mut browser, answer).await;
            assert!(page.body.contains("Nothing was saved yet"), "{}: {page:?}", route.policy.path);
        }
    }
}

/// A program is told by its status; it shows no page.
#[tokio::test]
async fn a_page_that_was_only_opened_and_a_program_lose_nothing_and_hear_nothing() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    app.execute("update sessions set revoked_at = now()").await;
    let answer = person.get("/account/profile").await;
    let page = arrive(&mut person, answer).await;
    assert!(!page.body.contains("nothing was saved"), "{page:?}");
    let mut program = person.clone().with("Accept", "application/json");
    let answer = program.post("/account/profile", &[("display_name", "A")]).await;
    assert!(answer.status == 401 && answer.header("set-cookie").is_none(), "{answer:?}");
    let fields = [("identifier", "alice"), ("password", PASSWORD)];
    assert_eq!(person.submit("/login", &fields).await.status, 303);
}
