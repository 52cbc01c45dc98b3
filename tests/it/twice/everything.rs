//! Every form of the route table.

use super::{said, twice};
use crate::{
    csrf::{everything, good, token},
    support::app::TestApp,
};
use vestibule::{app, web::access::Access};

/// Forms that are answered anew each time: they change nothing that counts, or hand out what must lie in no table.
const ANEW: [&str; 6] = [
    "/account/data",
    "/account/factors/passkeys/options",
    "/account/factors/recovery-codes/file",
    "/language",
    "/login/passkey/options",
    "/reauth/passkey/options",
];

#[tokio::test]
async fn every_form_that_is_sent_twice_gets_one_answer_and_does_nothing_more() {
    let app = TestApp::start().await;
    let list = app::routes(&app.state).list();
    let mut anew = Vec::new();
    for (n, route) in list.iter().filter(|route| route.method != "GET" && !route.policy.from_anywhere).enumerate() {
        let path = route.policy.path;
        if !route.policy.once {
            anew.push(path);
            continue;
        }
        let open = matches!(route.policy.access, Access::Public | Access::Anyone) && !path.contains("/logout");
        let mut browser = if open { app.browser() } else { app.person(&format!("person-{n}")).await };
        let token = token(&mut browser).await;
        let fields = [&[("csrf_token", token.as_str())][..], &good(path)].concat();
        let body = browser.body(path, &fields);
        let mut second = browser.clone();
        let first = browser.post_raw(path, body.as_bytes()).await;
        app.all_sent().await;
        let before = everything(&app).await;
        let again = second.post_raw(path, body.as_bytes()).await;
        assert_eq!(again.status, first.status, "{path}: {first:?}\n{again:?}");
        if [200, 303, 409, 410, 422].contains(&first.status) {
            assert_eq!(said(&again), said(&first), "{path}");
            assert_eq!(everything(&app).await, before, "{path}: nothing is done or counted twice");
        }
    }
    anew.sort_unstable();
    assert_eq!(anew, ANEW);
}

#[tokio::test]
async fn what_may_be_tried_again_is_tried_again() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let token = token(&mut browser).await;
    let unknown = [("csrf_token", token.as_str()), ("session", "00000000-0000-4000-8000-000000000001")];
    for answer in twice(&mut browser, "/account/sessions/end", &unknown).await {
        assert_eq!(answer.status, 404);
    }
    assert_eq!(app.count("select count(*) from form_answers where answer is null").await, 0, "nothing is left behind");
}
