//! Vestibule inside another axum app, as `examples/mount.rs` has it.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{Router, routing::get};
use tokio::{net::TcpListener, task::JoinHandle};
use vestibule::app;

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
};

/// An app with a page of its own in front of the service.
fn mounted(app: &TestApp) -> Router {
    Router::new().route("/hello", get(async || "the app's own page")).fallback_service(app::build(&app.state))
}

async fn bound() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    (listener, address)
}

fn spawned(serving: impl Future<Output = std::io::Result<()>> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async { serving.await.expect("the server") })
}

#[tokio::test]
async fn another_axum_app_mounts_the_service_and_people_sign_in_through_it() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let (listener, address) = bound().await;
    let router = mounted(&app).into_make_service_with_connect_info::<SocketAddr>();
    let server = spawned(axum::serve(listener, router).into_future());

    let mut browser = Browser::new(address);
    let own = browser.get("/hello").await;
    assert_eq!((own.status, own.body.as_str()), (200, "the app's own page"));
    assert!(own.header("content-security-policy").is_none(), "the app's pages are its own: {own:?}");
    let signed_in = sign_in(&mut browser, "alice", PASSWORD).await;
    assert_eq!((signed_in.status, signed_in.location()), (303, "/dashboard"), "{signed_in:?}");
    assert!(is_signed_in(&mut browser).await);
    let page = browser.get("/dashboard").await;
    assert!(page.status == 200 && page.header("content-security-policy").is_some(), "{page:?}");
    assert_eq!(browser.get("/nowhere").await.status, 404);
    let origins = "select count(*) from audit_events where kind = 'signed_in' and address = '127.0.0.1'";
    assert_eq!(app.count(origins).await, 1, "the audit log has the client's address");
    server.abort();
}

#[tokio::test]
async fn a_mount_without_the_clients_address_answers_nothing_but_500() {
    let app = TestApp::start().await;
    let (listener, address) = bound().await;
    let server = spawned(axum::serve(listener, mounted(&app)).into_future());

    let mut browser = Browser::new(address);
    assert_eq!(browser.get("/hello").await.status, 200, "the app's own pages do not need it");
    for path in ["/login", "/livez", "/readyz", "/nowhere"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 500, "{path}: {answer:?}");
        assert!(answer.header("content-security-policy").is_some(), "{path}: {answer:?}");
        assert!(answer.body.contains("<html"), "{path} has the page of an error: {answer:?}");
    }
    server.abort();
}
