//! Apps that sign people in in a popup: the pages of their requests keep the opener, and no other page does.

use super::{bring, consent, next_of, refreshed};
use crate::support::{
    app::{PASSWORD, TestApp},
    http::Answer,
    oidc::json,
};

fn keeps(answer: &Answer) -> bool {
    let policies: Vec<_> = answer.header_all("cross-origin-opener-policy").collect();
    match policies.as_slice() {
        ["unsafe-none"] => true,
        ["same-origin"] => false,
        other => panic!("{other:?}"),
    }
}

/// Every response that a person meets on the way to an app, from its request to its answer.
async fn way(app: &TestApp, client_id: &str, changes: &[(&str, &str)]) -> Vec<(&'static str, Answer)> {
    let mut browser = app.browser();
    let asked = bring(&mut browser, client_id, changes).await;
    let (next, login) = (next_of(&asked, "/login"), asked.location().to_owned());
    let page = browser.get(&login).await;
    let token = page.hidden("/login", "csrf_token").expect("a form");
    let language = [("csrf_token", token.as_str()), ("language", "en"), ("next", login.as_str())];
    let switched = browser.post("/language", &language).await;
    let fields = |password| [("identifier", "alice"), ("password", password), ("next", next.as_str())];
    let refused = browser.submit(&login, &fields("a wrong guess here")).await;
    let entered = browser.submit(&login, &fields(PASSWORD)).await;
    let lead = browser.get(entered.location()).await;
    let continued = browser.get(&refreshed(&lead)).await;
    let consent_page = browser.get(continued.location()).await;
    let allowed = consent(&mut browser, &next, "allow").await;
    let over = browser.get(&next).await;
    let second = bring(&mut browser, client_id, changes).await;
    let mistaken = bring(&mut browser, client_id, &[("prompt", "x")]).await;
    vec![
        ("the request", asked),
        ("sign-in", page),
        ("the language switch", switched),
        ("a wrong password", refused),
        ("the right password", entered),
        ("the page that leads on", lead),
        ("the request continued", continued),
        ("consent", consent_page),
        ("the answer", allowed),
        ("the request again", over),
        ("an answer at once", second),
        ("an error", mistaken),
    ]
}

#[tokio::test]
async fn every_response_on_the_way_of_an_app_with_a_popup_keeps_its_opener() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.web_app("plain").await;
    app.set_app("wiki", "popup = true").await;
    app.sign_up("alice").await;
    for mode in ["query", "form_post"] {
        for (client_id, popup) in [("wiki", true), ("plain", false)] {
            app.execute("delete from consents").await;
            for (what, answer) in way(&app, client_id, &[("response_mode", mode)]).await {
                assert_eq!(keeps(&answer), popup, "{client_id} {mode}: {what}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_form_of_another_site_and_a_pushed_request_keep_the_opener_too() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "popup = true").await;
    let mut person = app.person("alice").await;
    let body = crate::support::oidc::form(&super::good("wiki", &[]));
    let posted = person.post_raw("/oauth/authorize", body.as_bytes()).await;
    assert!(posted.status == 303 && keeps(&posted), "{posted:?}");
    let lead = person.get(posted.location()).await;
    assert!(keeps(&lead), "{lead:?}");
    let pushed = app.client(&wiki).post("/oauth/par", &super::good("wiki", &[])[1..]).await;
    let uri = json(&pushed)["request_uri"].as_str().expect("a request_uri").to_owned();
    let asked = person.get(&super::path(&[("client_id", "wiki"), ("request_uri", &uri)])).await;
    next_of(&asked, "/oauth/consent");
    assert!(keeps(&asked), "{asked:?}");
}

#[tokio::test]
async fn no_link_makes_another_page_keep_its_opener() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "popup = true").await;
    // The attacker has a request of their own, and sends its address to a victim.
    let next = next_of(&bring(&mut app.browser(), "wiki", &[]).await, "/login");
    let mut victim = app.person("alice").await;
    next_of(&bring(&mut victim, "wiki", &[]).await, "/oauth/consent");
    for path in [
        format!("/login?next={next}"),
        next.clone(),
        format!("/reauth?next={next}"),
        "/login?next=/oauth/authorize/continue?request=AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "/dashboard".to_owned(),
        "/account/password".to_owned(),
        "/oauth/authorize?client_id=unknown".to_owned(),
    ] {
        let answer = victim.get(&path).await;
        assert!(!keeps(&answer), "{path}: {answer:?}");
    }
}
