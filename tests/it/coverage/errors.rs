//! Errors carry what every answer carries, and say when to try again.

use super::assert_guarded;
use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
    http::Answer,
    serve::{WIDE, serve},
};
use axum::{Router, routing::get};
use vestibule::{templates::asset_path, web::Front};

/// Asks for a page and for JSON; both must say the same status, with every header and a request id.
async fn assert_error(to: &TestApp, status: u16, what: &str, ask: impl AsyncFn(Browser) -> Answer) {
    let page = ask(to.browser()).await;
    assert_eq!(page.status, status, "{what}: {page:?}");
    assert_guarded(&page, what);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{what}");
    assert!(page.body.contains("</html>"), "{what}: {page:?}");
    let problem = ask(to.browser().with("Accept", "application/json")).await;
    assert_eq!(problem.status, status, "{what}: {problem:?}");
    assert_guarded(&problem, what);
    if status == 429 || status == 503 {
        for answer in [&page, &problem] {
            let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
            assert!(seconds.is_some_and(|seconds| seconds > 0), "{what}: {answer:?}");
        }
    }
    // A form that is shown again is a page for every client.
    if problem.header("content-type") == Some("application/problem+json; charset=utf-8") {
        let body: serde_json::Value = serde_json::from_str(&problem.body).expect("JSON");
        assert_eq!(body["status"], status, "{what}");
        assert!(body["request_id"].as_str().is_some_and(|id| id.len() == 32), "{what}: {body}");
    }
}

#[tokio::test]
async fn asvs_3_4_errors_carry_every_header_too() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    assert_error(&app, 404, "404", async |mut browser| browser.get("/nothing/here").await).await;
    assert_error(&app, 405, "405", async |mut browser| browser.send("DELETE", "/login", None).await).await;
    assert_error(&app, 403, "403", async |mut browser| browser.post("/login", &[]).await).await;
    assert_error(&app, 413, "413", async |mut browser| browser.post_raw("/login", &[b'a'; 40_000]).await).await;
    assert_error(&app, 400, "400", async |mut browser| browser.post_raw("/login", b"a=%zz").await).await;
    let not_a_form =
        async |browser: Browser| browser.with("Content-Type", "text/plain").post_raw("/login", b"a=b").await;
    assert_error(&app, 415, "415", not_a_form).await;
    let wrong = async |mut browser: Browser| sign_in(&mut browser, "alice", "a wrong password").await;
    assert_error(&app, 422, "422", wrong).await;
    for _ in 0..8 {
        assert_eq!(wrong(app.browser()).await.status, 422);
    }
    assert_error(&app, 429, "429", wrong).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503_with_every_header_and_never_a_sign_out() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let token = person.csrf_token("/logout").await;
    let away = TestApp::on(app.options.clone().port(1), &[]).await;
    person.to = away.address;
    let cookies = person.cookies.clone();
    assert_error(&away, 503, "POST /login", async |mut browser| sign_in(&mut browser, "alice", PASSWORD).await).await;
    for path in ["/dashboard", "/api/v1/session", "/"] {
        let answer = person.get(path).await;
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert!(answer.header("retry-after").is_some(), "{path}");
        assert_guarded(&answer, path);
    }
    assert_eq!(person.post("/logout", &[("csrf_token", &token)]).await.status, 503);
    assert_eq!(person.cookies, cookies, "what cannot be asked is not decided");
    assert_eq!(person.get("/livez").await.status, 200);
    assert_eq!(person.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn f27_a_panic_is_one_500_that_tells_nothing_and_the_service_goes_on() {
    let app = TestApp::start().await;
    let state = app.state.clone();
    let panics = async move || -> &'static str {
        let _held = state.db.acquire().await.expect("a connection");
        panic!("a secret from inside");
    };
    let router = Router::new().route("/panic", get(panics)).route("/fine", get(async || "fine"));
    let served = serve(Front::before(&app.state, router), WIDE).await;
    // More often than the pool has connections: a panic gives its own back.
    for _ in 0..10 {
        let page = Browser::new(served.address).get("/panic").await;
        assert_eq!(page.status, 500);
        assert_guarded(&page, "a panic");
        assert!(page.body.contains("</html>") && !page.body.contains("secret"), "{page:?}");
        let problem = Browser::new(served.address).with("Accept", "application/json").get("/panic").await;
        assert_eq!(problem.status, 500);
        assert_guarded(&problem, "a panic");
        assert!(problem.body.contains("request_id") && !problem.body.contains("secret"), "{problem:?}");
    }
    assert_eq!(Browser::new(served.address).get("/fine").await.status, 200);
    assert_eq!(app.browser().get("/readyz").await.status, 200);
}

#[tokio::test]
async fn asvs_3_4_1_https_is_insisted_on_where_there_is_https_and_nowhere_else() {
    let https = TestApp::with(&[("VESTIBULE_PUBLIC_URL", "https://id.example.com")]).await;
    for path in ["/login", "/nothing", "/livez", "/dashboard", asset_path("app.js").expect("the script")] {
        let answer = https.browser().get(path).await;
        let policy = answer.header("strict-transport-security").unwrap_or_else(|| panic!("{path}: {answer:?}"));
        let age = policy.strip_prefix("max-age=").and_then(|rest| rest.split(';').next()?.parse::<u64>().ok());
        assert!(age.is_some_and(|age| age >= 31_536_000) && policy.contains("includeSubDomains"), "{policy}");
        assert_guarded(&answer, &format!("{path} on https"));
    }
    let plain = TestApp::start().await;
    assert_eq!(plain.browser().get("/login").await.header("strict-transport-security"), None);
}
