//! A session on a host is worth what its session is worth now, wherever that changes.

use std::time::Duration;

use tokio::time::Instant;

use super::{HOST, Visitor, admit, inside, start};
use crate::support::{
    app::TestApp,
    http::{Answer, exchange},
    proxy::{Line, Proxy},
};

/// The longest that a session may outlive its end, where everything fails.
const AT_MOST: Duration = Duration::from_millis(250);

/// The answer to nginx, without waiting for anything before it.
async fn at_once(visitor: &Visitor, headers: &[(&str, &str)]) -> Answer {
    let mut asked = visitor.host.clone().with("X-Original-URL", &visitor.origin).with("X-Original-Method", "GET");
    for (name, value) in headers {
        asked = asked.with(name, value);
    }
    let request = asked.request("GET", "/gate/nginx", None);
    exchange(asked.to, asked.from, &request).await.expect("an answer")
}

/// Asks until the answer comes from memory.
async fn known(app: &TestApp, visitor: &Visitor) -> Visitor {
    let mut there = visitor.clone();
    there.host.to = app.address;
    let started = Instant::now();
    loop {
        let before = app.state.metrics.session_checks_database.get();
        assert_eq!(at_once(&there, &[]).await.status, 200);
        if app.state.metrics.session_checks_database.get() == before {
            return there;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "nobody is remembered");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn row_63_whatever_ends_is_refused_at_the_next_request_also_elsewhere() {
    for change in [
        "update sessions set revoked_at = now()",
        "update sessions set idle_ends_at = now()",
        "delete from tower_sessions.session",
        "update users set disabled_at = now()",
        "update users set email_verified_at = null, verify_by = now() + interval '1 day'",
        "delete from group_members",
        "update apps set disabled_at = now()",
        "update apps set min_aal = 2",
        "update apps set kind = 'web', auth = 'secret'",
        "update apps set kind = 'document', client_id = 'https://x.example/y', pkce = 'required', consent = 'ask'",
        "update app_addresses set uri = 'https://moved.example.com'",
        "delete from gate_sessions",
        "delete from sessions",
        "truncate gate_sessions",
    ] {
        let app = start().await;
        let replica = app.replica().await;
        app.sign_up("alice").await;
        admit(&app, "staff", &["alice"]).await;
        let mut visitor = Visitor::of(app.signed_in("alice").await, HOST);
        visitor.enters("/").await;
        let (here, there) = (known(&app, &visitor).await, known(&replica, &visitor).await);
        app.execute(change).await;
        let changed = Instant::now();
        for place in [&here, &there] {
            loop {
                let asked = changed.elapsed();
                let status = at_once(place, &[]).await.status;
                if status != 200 {
                    assert!([401, 403].contains(&status), "{change}: {status}");
                    break;
                }
                assert!(asked < AT_MOST, "{change}: let in after {asked:?}");
            }
        }
        // A browser that still has the cookie is told to forget it, where it is led on.
        let answer = at_once(&there, &[super::PAGE]).await;
        let forgotten = answer
            .header("set-cookie")
            .is_some_and(|cookie| cookie.contains("gate=; ") && cookie.contains("Max-Age=0"));
        assert!(forgotten || answer.status == 403, "{change}: {answer:?}");
    }
}

#[tokio::test]
async fn row_63_a_group_that_is_left_and_joined_again_counts_at_each_request() {
    let app = start().await;
    let visitor = inside(&app, "alice").await;
    admit(&app, "staff", &[]).await;
    let answer = visitor.asks("POST", "/", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (403, None), "{answer:?}");
    app.execute("insert into group_members (group_id, user_id) select g.id, u.id from groups g, users u").await;
    assert_eq!(visitor.asks("POST", "/", &[]).await.header("remote-groups"), Some("staff"));
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_on_a_host_of_another_app() {
    let app = start().await;
    app.proxy_app("chat", "https://chat.example.com").await;
    let visitor = inside(&app, "alice").await;
    let chat = Visitor { origin: "https://chat.example.com".into(), ..visitor.clone() };
    assert_eq!(chat.asks("GET", "/", &[]).await.status, 401);
    // Nor is the cookie of the service on any host, or that of a host at the service.
    let mut swapped = visitor.clone();
    let session = visitor.id.cookies["__Host-vestibule"].clone();
    swapped.host.cookies.insert("__Host-vestibule-gate".into(), session);
    assert_eq!(swapped.asks("GET", "/", &[]).await.status, 401);
}

#[tokio::test]
async fn remembered_answers_ask_the_database_nothing() {
    let app = start().await;
    let visitor = known(&app, &inside(&app, "alice").await).await;
    let before = app.state.metrics.session_checks_database.get();
    for _ in 0..50 {
        assert_eq!(at_once(&visitor, &[]).await.header("remote-user"), Some("alice"));
    }
    assert!(app.state.metrics.session_checks_database.get() <= before + 1);
}

/// The database is away: no answer is 200.
#[tokio::test]
async fn without_the_database_nobody_passes() {
    let first = start().await;
    let proxy = Proxy::before(&first.options);
    let settings = [("VESTIBULE_PUBLIC_URL", super::PUBLIC), ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1/32")];
    let app = TestApp::on(proxy.options.clone(), &settings).await;
    let visitor = known(&app, &inside(&first, "alice").await).await;
    for line in [Line::Cut, Line::Silent] {
        proxy.set(line);
        tokio::time::sleep(AT_MOST).await;
        for headers in [&[super::PAGE][..], &[]] {
            let answer = at_once(&visitor, headers).await;
            assert_eq!((answer.status, answer.header("location")), (503, None), "{line:?}: {answer:?}");
            assert!(answer.header("retry-after").is_some() && answer.header("remote-user").is_none());
        }
    }
}
