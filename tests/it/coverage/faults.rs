//! Faults of ours, and what they say.

use crate::{
    coverage::assert_guarded,
    support::{
        app::TestApp,
        browser::Browser,
        serve::{WIDE, serve},
    },
};
use axum::{Router, routing::get};
use vestibule::web::Front;

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
