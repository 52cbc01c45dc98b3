//! Pages of public apps call the token endpoint, userinfo and revocation from their own origins.

use crate::support::{app::TestApp, http::Answer, oidc::of_code};

const PAGE: &str = "https://spa.example";

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Answer {
    let mut browser = app.browser().with("Origin", origin).with("Access-Control-Request-Method", "POST");
    browser.send("OPTIONS", path, None).await
}

fn allowed(answer: &Answer) -> Option<&str> {
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn a_page_of_a_public_app_may_read_and_no_other() {
    let app = TestApp::start().await;
    let spa = app.public_app("spa", "https://spa.example/callback?a=b").await;
    app.execute(&format!(
        "insert into app_addresses (app_id, kind, uri) values ('{}', 'origin', 'https://www.spa.example'),
            ('{}', 'post_logout', 'https://out.example/')",
        spa.id, spa.id
    ))
    .await;
    app.web_app("wiki").await;
    for path in ["/oauth/token", "/oauth/token/", "/oauth/par", "/oauth/par/", "/oauth/revoke", "/oauth/userinfo"] {
        for origin in [PAGE, "https://www.spa.example"] {
            let answer = preflight(&app, origin, path).await;
            assert_eq!((answer.status, allowed(&answer)), (204, Some(origin)), "{path}: {answer:?}");
            assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
        for origin in [
            "https://spa.example.evil",
            "https://spa.exampl",
            "https://spa.example:8443",
            "http://spa.example",
            "https://spa.example/",
            "https://app.example",
            "https://out.example",
            "null",
            "*",
            "https://",
        ] {
            let answer = preflight(&app, origin, path).await;
            assert_eq!((answer.status, allowed(&answer)), (204, None), "{path} {origin}: {answer:?}");
        }
    }
    let refused = preflight(&app, PAGE, "/oauth/introspect").await;
    assert_eq!((refused.status, allowed(&refused)), (405, None), "{refused:?}");
    app.set_app("spa", "disabled_at = now()").await;
    assert_eq!(allowed(&preflight(&app, PAGE, "/oauth/token").await), None);
}

#[tokio::test]
async fn errors_can_be_read_too() {
    let app = TestApp::start().await;
    let spa = app.public_app("spa", "https://spa.example/callback").await;
    let mut client = app.client(&spa);
    client.browser = client.browser.with("Origin", PAGE);
    let answer = client.token(&of_code("vc_x")).await;
    assert_eq!((answer.status, allowed(&answer)), (400, Some(PAGE)), "{answer:?}");
    let answer = client.browser.get("/oauth/userinfo").await;
    assert_eq!((answer.status, allowed(&answer)), (401, Some(PAGE)), "{answer:?}");
    let elsewhere = app.client(&spa).browser.with("Origin", "https://evil.example").get("/oauth/userinfo").await;
    assert_eq!(allowed(&elsewhere), None);
}
