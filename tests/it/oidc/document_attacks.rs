//! Attacks by documents that clients describe themselves in, by the number of their row.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    documents::{Host, ask, page, rows},
    next_of,
};
use crate::{
    coverage::assert_guarded,
    support::{
        app::TestApp,
        apps::REDIRECT,
        browser::Browser,
        callee::{Callee, Script},
        http::Answer,
    },
};

/// A page of ours with the id of the request, which says nothing about the reason and leads nowhere.
#[track_caller]
fn assert_stopped(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.header("location")), (400, None), "{what}: {answer:?}");
    let (_, page) = answer.body.split_once("<h1>").expect("a page");
    let (page, _) = page.split_once("<footer>").expect("its end");
    let request_id = page.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>")).expect("an id").0;
    assert!(request_id.len() == 32 && !page.contains("href"), "{what}: {answer:?}");
    for reason in ["localhost", "private", "network", "JSON", "status", "seconds", "client_id"] {
        assert!(!page.contains(reason), "{what}: {answer:?}");
    }
    assert_guarded(answer, what);
}

/// Nothing has been written but limits.
async fn assert_nothing_kept(app: &TestApp, what: &str) {
    let kept = app.count("select (select count(*) from apps) + (select count(*) from client_documents)").await;
    assert_eq!(kept, 0, "{what}");
    assert_eq!(app.count("select count(*) from audit_events where kind like 'app\\_%'").await, 0, "{what}");
}

async fn forget_limits(app: &TestApp) {
    app.execute("delete from attempt_limits").await;
}

#[tokio::test]
async fn row_48_what_is_not_the_address_of_a_document_is_never_called() {
    let (host, app) = Host::with_service(&[]).await;
    let (mut person, port) = (app.person("alice").await, host.callee.port());
    let long = format!("https://localhost:{port}/{}", "a".repeat(2000));
    for address in [
        format!("https://localhost:{port}"),
        format!("https://localhost:{port}/"),
        format!("http://localhost:{port}/client.json"),
        format!("https://localhost:{port}/client.json?v=1"),
        format!("https://localhost:{port}/client.json?"),
        format!("https://localhost:{port}/client.json#x"),
        format!("https://user@localhost:{port}/client.json"),
        format!("https://user:x@localhost:{port}/client.json"),
        format!("https://localhost:{port}/a/../client.json"),
        format!("https://localhost:{port}/%2e%2e/client.json"),
        format!("https://LOCALHOST:{port}/client.json"),
        format!("https://127.0.0.1:{port}/client.json"),
        format!("https://[::ffff:127.0.0.1]:{port}/client.json"),
        format!("file://localhost:{port}/etc/passwd"),
        format!("javascript://localhost:{port}/%0aalert(1)"),
        "urn:uuid:0198f2b4-0000-4000-8000-000000000001".to_owned(),
        "https:".to_owned(),
        ":".to_owned(),
        long,
    ] {
        assert_stopped(&ask(&mut person, &address, &[]).await, &address);
        assert_stopped(&ask(&mut app.browser(), &address, &[("prompt", "none")]).await, &address);
    }
    assert_eq!(host.callee.connections(), 0);
    assert_nothing_kept(&app, "addresses").await;
}

#[tokio::test]
async fn row_48_a_document_that_does_not_describe_its_client_gets_a_page_and_no_row() {
    let (host, app) = Host::with_service(&[]).await;
    let mut person = app.person("alice").await;
    let with = |name: &str, value: Value| {
        let mut document = host.document();
        document[name] = value;
        page("application/json", "", &document.to_string())
    };
    let good = host.document().to_string();
    let most = format!("{good}{}", " ".repeat(5 * 1024 - good.len()));
    for (what, script) in [
        ("another client", with("client_id", json!("https://other.example/client.json"))),
        ("the same in other bytes", with("client_id", json!(host.address().replace("localhost", "LOCALHOST")))),
        ("a secret", with("client_secret", json!("s3cret"))),
        ("a secret method", with("token_endpoint_auth_method", json!("client_secret_basic"))),
        ("a script", with("redirect_uris", json!(["javascript:alert(1)"]))),
        ("plain http", with("redirect_uris", json!(["http://app.example/cb"]))),
        ("no codes", with("grant_types", json!(["client_credentials"]))),
        ("6 kB", page("application/json", "", &format!("{good}{}", " ".repeat(6 * 1024)))),
        ("a byte more than 5 KiB", page("application/json", "", &format!("{most} "))),
        ("HTML", page("text/html", "", &good)),
        ("no type", Script::of(&format!("HTTP/1.1 200 OK\r\n\r\n{good}"))),
        ("no JSON", page("application/json", "", "<!doctype html>")),
        ("201", Script::of(&format!("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{good}"))),
        ("404", Script::status("404 Not Found")),
        ("500", Script::status("500 Oh")),
        ("nothing", Script::of("")),
    ] {
        host.callee.answer(script);
        let before = host.reads();
        assert_stopped(&ask(&mut person, &host.address(), &[]).await, what);
        assert_eq!(host.reads(), before + 1, "{what}");
        forget_limits(&app).await;
    }
    assert_nothing_kept(&app, "documents").await;
    host.callee.answer(page("application/json", "", &most));
    next_of(&ask(&mut person, &host.address(), &[]).await, "/oauth/consent");
}

#[tokio::test]
async fn row_48_a_byte_a_second_takes_three_seconds_and_no_connection_to_the_database() {
    let (host, app) = Host::with_service(&[]).await;
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n".to_vec();
    let parts = [head].into_iter().chain(vec![b"{".to_vec(); 60]).collect();
    host.callee.answer(Script { parts, pause: Duration::from_secs(1) });
    let begun = Instant::now();
    // More of them than the service has connections.
    let mut slow = Vec::new();
    for _ in 0..8 {
        let (mut browser, address) = (app.browser(), host.address());
        slow.push(tokio::spawn(async move { ask(&mut browser, &address, &[]).await }));
    }
    while host.callee.connections() < 8 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.browser().get("/readyz").await.status, 200);
    // One more of a slow host is told so at once, and its host is not called.
    let more = ask(&mut app.browser(), &host.address(), &[]).await;
    assert_eq!((more.status, more.header("retry-after"), host.callee.connections()), (503, Some("3"), 8), "{more:?}");
    assert!(slow.iter().all(|slow| !slow.is_finished()), "{:?}", begun.elapsed());
    for slow in slow {
        assert_stopped(&slow.await.expect("an answer"), "slow");
    }
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_nothing_kept(&app, "slow").await;
}

#[tokio::test]
async fn row_47_a_redirect_of_a_document_is_not_followed() {
    let (host, app) = Host::with_service(&[]).await;
    let elsewhere = Callee::start(page("application/json", "", &host.document().to_string())).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let to = elsewhere.url("/client.json");
        host.callee.answer(Script::of(&format!("HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")));
        assert_stopped(&ask(&mut app.browser(), &host.address(), &[]).await, status);
    }
    assert_eq!((host.reads(), elsewhere.connections()), (5, 0));
    assert_nothing_kept(&app, "redirects").await;
}

#[tokio::test]
async fn row_46_a_document_in_a_private_network_is_never_connected_to() {
    // By its name, whose address is looked up once and then judged; and by addresses in every spelling.
    let (host, app) = Host::with_service(&[("VESTIBULE_OUTBOUND_NETWORKS", "")]).await;
    let port = host.callee.port();
    for address in [
        host.address(),
        format!("https://127.0.0.1:{port}/client.json"),
        format!("https://[::1]:{port}/client.json"),
        format!("https://[::ffff:127.0.0.1]:{port}/client.json"),
        "https://[::ffff:10.0.0.1]/client.json".to_owned(),
        "https://[::ffff:a00:1]/client.json".to_owned(),
        "https://10.0.0.1/client.json".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://2852039166/latest/meta-data".to_owned(),
        "https://0xa9fea9fe/latest/meta-data".to_owned(),
    ] {
        let begun = Instant::now();
        assert_stopped(&ask(&mut app.browser(), &address, &[]).await, &address);
        assert!(begun.elapsed() < Duration::from_secs(2), "{address}: {:?}", begun.elapsed());
    }
    assert_eq!(host.callee.connections(), 0);
    assert_nothing_kept(&app, "private addresses").await;
}

#[tokio::test]
async fn row_46_pictures_policies_and_keys_of_a_document_are_never_fetched() {
    let (host, app) = Host::with_service(&[]).await;
    let callee = Callee::start(Script::status("200 OK")).await;
    let mut document = host.document();
    for name in ["logo_uri", "tos_uri", "policy_uri", "client_uri", "jwks_uri", "sector_identifier_uri"] {
        document[name] = json!(callee.url("/x"));
    }
    host.serve(&document);
    let mut person = app.person("alice").await;
    let next = next_of(&ask(&mut person, &host.address(), &[]).await, "/oauth/consent");
    let page = person.get(&format!("/oauth/consent?next={next}")).await;
    let (_, content) = page.body.split_once("<h1>").expect("a page");
    assert!(!content.contains(&callee.url("/x")) && !content.contains("<img"), "{page:?}");
    assert_eq!(callee.connections(), 0);
}

#[tokio::test]
async fn documents_are_off_by_default_and_on_named_hosts_only_where_they_are_named() {
    let plain = TestApp::start().await;
    assert_stopped(&ask(&mut plain.browser(), "https://tool.example/client.json", &[]).await, "off");
    let (host, app) = Host::with_service(&[("VESTIBULE_CLIENT_DOCUMENTS", "tool.example,localhost")]).await;
    for address in [host.address(), "https://sub.tool.example/client.json".to_owned()] {
        assert_stopped(&ask(&mut app.browser(), &address, &[]).await, "its port is another");
    }
    assert_eq!(host.callee.connections(), 0);
    let here = format!("localhost:{}", host.callee.port());
    let named = host.service_with(&app, &[("VESTIBULE_CLIENT_DOCUMENTS", &here)]).await;
    next_of(&ask(&mut named.browser(), &host.address(), &[]).await, "/login");
    // What was described before is refused too, once it is off.
    assert_stopped(&ask(&mut app.browser(), &host.address(), &[]).await, "not here");
    for (service, supported) in [(&plain, Value::Null), (&app, json!(true)), (&named, json!(true))] {
        let answer = service.browser().get("/.well-known/oauth-authorization-server").await;
        let found: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(found["client_id_metadata_document_supported"], supported);
    }
}

#[tokio::test]
async fn one_network_has_so_many_documents_read_and_what_is_known_stays_usable() {
    let (host, app) = Host::with_service(&[]).await;
    next_of(&ask(&mut app.browser(), &host.address(), &[]).await, "/login");
    let mut last = 0;
    for n in 0..25 {
        let address = host.address_of(&format!("/other-{n}.json"));
        last = ask(&mut app.browser(), &address, &[]).await.status;
    }
    assert_eq!((last, host.reads()), (429, 20));
    next_of(&ask(&mut app.browser(), &host.address(), &[]).await, "/login");
    assert_eq!(rows(&app).await, 1);
}

#[tokio::test]
async fn row_50_a_page_says_large_that_nobody_checked_the_app_and_where_the_answer_goes() {
    let (host, app) = Host::with_service(&[]).await;
    let (address, mut person) = (host.address(), app.person("alice").await);
    let mut document = host.document();
    document["client_name"] = json!("Google <b>");
    host.serve(&document);
    let here = format!("localhost:{}", host.callee.port());
    let seen = async |person: &mut Browser, redirect: &str| {
        let next = next_of(&ask(person, &address, &[("redirect_uri", redirect)]).await, "/oauth/consent");
        person.get(&format!("/oauth/consent?next={next}")).await
    };
    let page = seen(&mut person, REDIRECT).await;
    let heading = page.body.split_once("<h1>").and_then(|(_, rest)| rest.split_once("</h1>")).expect("a heading").0;
    assert_eq!(heading, "Allow an app that hasn’t been checked?");
    assert!(!page.body.contains("Google <b>") && page.body.contains("Google &lt;b&gt;"), "{page:?}");
    for strong in [here.as_str(), "app.example"] {
        assert!(page.body.contains(&format!("<strong>{strong}</strong>")), "{strong}: {page:?}");
    }
    let buttons: Vec<_> = page.body.split("<button name=\"answer\"").skip(1).collect();
    assert!(buttons.len() == 2 && buttons[0].contains(">Deny<") && buttons[1].contains(">Allow<"), "{page:?}");
    let pretends = "Any program on this device can pretend to be";
    assert!(!page.body.contains(pretends), "{page:?}");

    let device = seen(&mut person, "http://127.0.0.1:5000/cb").await;
    assert!(device.body.contains("<strong>An app on this device</strong>"), "{device:?}");
    assert!(!device.body.contains(pretends), "it has an address on the web too: {device:?}");
    document["redirect_uris"] = json!(["http://127.0.0.1/cb", "http://localhost/cb", "com.example.tool:/cb"]);
    host.serve(&document);
    app.execute("update client_documents set fetched_at = now() - interval '1 hour', expires_at = now()").await;
    let only = seen(&mut person, "http://127.0.0.1:5000/cb").await;
    assert!(only.body.contains(pretends), "{only:?}");

    // Before anyone has signed in, it is called by the host of its document, and not as it likes.
    let mut nobody = app.browser();
    let login = ask(&mut nobody, &address, &[("redirect_uri", "http://127.0.0.1/cb")]).await;
    let login = nobody.get(login.location()).await;
    assert!(login.body.contains(&here) && !login.body.contains("Google"), "{login:?}");
}

#[tokio::test]
async fn row_51_what_a_document_says_of_secrets_is_kept_nowhere() {
    let (host, app) = Host::with_service(&[]).await;
    let mut document = host.document();
    document["registration_access_token"] = json!("s3cret-token");
    document["software_statement"] = json!("s3cret-statement");
    host.serve(&document);
    next_of(&ask(&mut app.browser(), &host.address(), &[]).await, "/login");
    let kept = "select count(*) from (select a::text from apps a union all select d::text from client_documents d
        union all select e.detail::text from audit_events e union all select u::text from app_addresses u) x (line)";
    assert!(app.count(kept).await > 3);
    assert_eq!(app.count(&format!("{kept} where line like '%s3cret%'")).await, 0);
    assert_eq!(app.count("select count(*) from app_secrets").await, 0);
}
