//! Where somebody comes to who has a form in hand and is sent back: to a page, and to no dead end.

use crate::{
    coverage::assert_guarded,
    csrf::forms,
    support::{
        app::{PASSWORD, TestApp, sign_in},
        browser::Browser,
        http::Answer,
        serve::{WIDE, serve},
    },
};
use axum::{Router, http::StatusCode, routing::get};
use vestibule::{app, web::Front};

/// What nobody comes back to, and why.
const NO_WAY_BACK: [(&str, &str); 4] = [
    ("/language", "it stands on every page, and leads back to that"),
    ("/login/passkey/options", "a page's script asks for it, and is answered in JSON"),
    ("/reauth/passkey/options", "likewise"),
    ("/account/factors/passkeys/options", "likewise"),
];

/// The forms that people have in hand.
fn in_hand(app: &TestApp) -> Vec<&'static str> {
    let excused = |path: &str| NO_WAY_BACK.iter().any(|(other, _)| *other == path);
    forms(app).into_iter().filter(|path| !excused(path)).collect()
}

/// What the one button of an error's page leads to.
fn button(answer: &Answer) -> &str {
    let (_, after) = answer.body.split_once("class=\"button primary\" href=\"").unwrap_or_else(|| panic!("{answer:?}"));
    after.split_once('"').expect("its end").0
}

#[tokio::test]
async fn every_form_stands_on_a_path_that_can_be_asked_for() {
    let app = TestApp::start().await;
    let routes = app::routes(&app.state);
    let has = |method: &str, path: &str| {
        routes.list().iter().any(|route| route.method == method && route.policy.path == path)
    };
    for path in in_hand(&app) {
        assert!(has("GET", path), "a refused form, a sign-in on its way and the language switch lead to GET {path}");
    }
    for (path, why) in NO_WAY_BACK {
        assert!(has("POST", path) && !has("GET", path), "{path} needs no excuse: {why}");
    }
}

#[tokio::test]
async fn a_refused_form_and_the_language_switch_beside_it_lead_to_a_page() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for path in in_hand(&app) {
        let refused = person.post(path, &[]).await;
        if path.starts_with("/login") {
            // Its person is signed in already.
            assert_eq!(refused.status, 303, "{path}: {refused:?}");
            continue;
        }
        assert_eq!(refused.status, 403, "{path}: {refused:?}");
        // The form's own page, or a button that leads to it.
        assert_eq!(refused.hidden("/language", "next").as_deref(), Some(path), "{path}");
        let back = person.get(path).await;
        assert!([200, 303, 410].contains(&back.status), "{path}: {back:?}");
    }
}

/// The page that a form answers with has a language switch as well.
#[tokio::test]
async fn the_language_can_be_changed_on_the_page_that_refuses_an_address() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let token = browser.csrf_token_of("/verify").await;
    let refused = browser.post("/verify/resend", &[("csrf_token", &token), ("email", "no address")]).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let next = refused.hidden("/language", "next").expect("a language switch");
    let switched = browser.post("/language", &[("csrf_token", &token), ("language", "ko"), ("next", &next)]).await;
    let back = browser.get(switched.location()).await;
    assert_eq!((back.status, back.location()), (303, "/verify"), "{back:?}");
    assert!(browser.get("/verify").await.body.contains("<html lang=\"ko\">"));
}

/// Whose session ended while a form was open signs in and finds themselves before that form.
#[tokio::test]
async fn a_form_of_a_session_that_ended_is_come_back_to_after_signing_in() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let token = person.csrf_token("/account/profile").await;
    app.execute("update sessions set revoked_at = now()").await;
    let fields = [("csrf_token", token.as_str()), ("display_name", "Alice")];
    let answer = person.post("/account/profile?from=a-bookmark", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/login?next=/account/profile"), "{answer:?}");
    let next = person.get(answer.location()).await.hidden("/login", "next").expect("the way on");
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
    assert_eq!(person.submit("/login", &fields).await.location(), "/account/profile");
}

#[tokio::test]
async fn what_could_not_be_read_leads_back_to_its_form_and_what_is_not_there_to_the_start() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let mut letter = app.browser().with("Content-Type", "text/plain");
    for (status, answer) in [
        (400, browser.post_raw("/login", b"a=%zz").await),
        (413, browser.post_raw("/login", &[b'a'; 40_000]).await),
        (415, letter.post_raw("/login", b"a=b").await),
    ] {
        assert_eq!((answer.status, button(&answer)), (status, "/login"), "{answer:?}");
    }
    for (status, answer) in [
        (404, browser.get("/nothing/here").await),
        (405, browser.send("DELETE", "/login", None).await),
        // It stands on no page of its own.
        (403, browser.post("/language", &[]).await),
    ] {
        assert_eq!((answer.status, button(&answer)), (status, "/"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_form_that_could_not_be_served_is_gone_back_to_and_not_lost_on_the_start_page() {
    let app = TestApp::start().await;
    let away = TestApp::on(app.options.clone().port(1), &[]).await;
    let answer = sign_in(&mut away.browser(), "alice", PASSWORD).await;
    assert_eq!((answer.status, button(&answer)), (503, "/login"), "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("2"), "{answer:?}");
}

/// What the session layer cannot do it answers with a bare status.
#[tokio::test]
async fn a_bare_fault_says_when_to_try_again() {
    let app = TestApp::start().await;
    let router = Router::new().route("/bare", get(async || StatusCode::INTERNAL_SERVER_ERROR));
    let served = serve(Front::before(&app.state, router), WIDE).await;
    for accept in ["text/html", "application/json"] {
        let answer = Browser::new(served.address).with("Accept", accept).get("/bare").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")), "{answer:?}");
        assert_guarded(&answer, "a bare fault");
    }
}
