//! Programs at the authorization endpoint: who accepts JSON and no HTML gets problem details instead of pages.

use serde_json::Value;

use super::{allow, bring, code_of, codes, next_of, path, requests};
use crate::support::{app::TestApp, browser::Browser, http::Answer};

/// The problem that a program is told.
#[track_caller]
fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json; charset=utf-8"), "{answer:?}");
    assert_eq!(answer.header("location"), None, "{answer:?}");
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    let name = body["type"].as_str().and_then(|text| text.strip_prefix("urn:vestibule:problem:"));
    (answer.status, name.unwrap_or_else(|| panic!("{answer:?}")).to_owned())
}

fn program(browser: &Browser) -> Browser {
    browser.clone().with("Accept", "application/json")
}

#[tokio::test]
async fn a_program_is_told_what_is_wrong_and_what_comes_first() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut nobody = program(&app.browser());
    for wrong in ["/oauth/authorize", "/oauth/authorize/", "/oauth/authorize?client_id=unknown"] {
        assert_eq!(problem(&nobody.get(wrong).await), (400, "bad-request".into()), "{wrong}");
    }
    assert_eq!(problem(&nobody.post_raw("/oauth/authorize", b"a=b").await), (400, "bad-request".into()));
    let unknown =
        path(&[("client_id", "wiki"), ("request_uri", "urn:ietf:params:oauth:request_uri:AAAAAAAAAAAAAAAAAAAAAA")]);
    for over in ["/oauth/authorize/continue", "/oauth/consent", &unknown] {
        assert_eq!(problem(&nobody.get(over).await), (410, "gone".into()), "{over}");
    }
    assert_eq!(problem(&bring(&mut nobody, "wiki", &[]).await), (401, "not-signed-in".into()));
    let person = app.person("alice").await;
    let mut signed_in = program(&person);
    assert_eq!(problem(&bring(&mut signed_in, "wiki", &[]).await), (403, "consent-required".into()));
    let again = problem(&bring(&mut signed_in, "wiki", &[("max_age", "0")]).await);
    assert_eq!(again, (401, "reauthenticate".into()));
    assert_eq!((requests(&app).await, codes(&app).await), (0, 0), "nothing is kept for it");
    app.execute("insert into groups (id, name) values (gen_random_uuid(), 'staff')").await;
    app.execute("insert into app_groups (app_id, group_id) select apps.id, groups.id from apps, groups").await;
    assert_eq!(problem(&bring(&mut signed_in, "wiki", &[]).await), (403, "denied".into()));
}

#[tokio::test]
async fn a_request_that_waits_is_told_as_a_problem_and_an_answer_is_a_redirect() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    let next = next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
    let mut same = program(&person);
    for waits in [next.clone(), format!("/oauth/consent?next={next}")] {
        assert_eq!(problem(&same.get(&waits).await), (403, "consent-required".into()), "{waits}");
    }
    allow(&mut person, "wiki").await;
    let mut same = program(&person);
    let answer = bring(&mut same, "wiki", &[]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    code_of(&app, &answer);
    // An error after a form is a redirect too, not a page that leads on.
    let form = crate::support::oidc::form(&super::good("wiki", &[("prompt", "x")]));
    let refused = same.post_raw("/oauth/authorize", form.as_bytes()).await;
    assert_eq!((refused.status, super::error_of(&app, &refused)), (303, "invalid_request".into()));
    // Who takes HTML as well is a browser.
    let mut browser = person.clone().with("Accept", "text/html, application/json");
    let page = browser.get("/oauth/authorize").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
}
