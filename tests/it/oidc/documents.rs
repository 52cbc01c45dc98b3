//! Clients that describe themselves (client ID metadata documents): from the document to tokens, and to the end.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use vestibule::{
    apps::documents::APPS_MOST,
    features::apps,
    types::{AppId, AppToken},
};

use super::{bring, code_of, consent, next_of, refreshed};
use crate::support::{
    app::TestApp,
    apps::{REDIRECT, Registered},
    browser::Browser,
    callee::{Callee, Script},
    certificate::certificate,
    http::Answer,
    oidc::{VERIFIER, assert_refused, json, text},
    race::race,
};

/// The host of documents, with a certificate that the service trusts.
pub struct Host {
    pub callee: Callee,
    folder: TempDir,
}

impl Host {
    pub async fn start() -> Self {
        let (tls, authority) = certificate();
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), authority).expect("a file");
        Self { callee: Callee::with_tls(Script::status("404 Not Found"), tls).await, folder }
    }

    /// A service that reads documents there, and a document that describes a good client.
    pub async fn with_service(settings: &[(&str, &str)]) -> (Self, TestApp) {
        let host = Self::start().await;
        let authority = host.authority();
        let app = TestApp::with(&[&trusting(&authority)[..], settings].concat()).await;
        host.serve(&host.document());
        (host, app)
    }

    /// The same service with other settings.
    pub async fn service_with(&self, app: &TestApp, settings: &[(&str, &str)]) -> TestApp {
        app.reconfigured(&[&trusting(&self.authority())[..], settings].concat()).await
    }

    fn authority(&self) -> String {
        self.folder.path().join("ca.pem").to_str().expect("a path").to_owned()
    }

    pub fn address(&self) -> String {
        self.address_of("/client.json")
    }

    pub fn address_of(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.callee.port())
    }

    pub fn document(&self) -> Value {
        json!({ "client_id": self.address(), "client_name": "Tool", "redirect_uris": [REDIRECT, "http://127.0.0.1/cb"] })
    }

    pub fn serve(&self, document: &Value) {
        self.serve_for(document, "max-age=3600");
    }

    fn serve_for(&self, document: &Value, cache_control: &str) {
        self.callee.answer(page(
            "application/json",
            &format!("Cache-Control: {cache_control}\r\n"),
            &document.to_string(),
        ));
    }

    /// How many requests have arrived.
    pub fn reads(&self) -> usize {
        self.callee.called().len()
    }
}

fn trusting(authority: &str) -> [(&'static str, &str); 3] {
    [
        ("VESTIBULE_CLIENT_DOCUMENTS", "any"),
        ("VESTIBULE_OUTBOUND_CA", authority),
        ("VESTIBULE_OUTBOUND_NETWORKS", "127.0.0.0/8"),
    ]
}

/// An answer with this body.
pub fn page(content_type: &str, more: &str, body: &str) -> Script {
    let length = body.len();
    Script::of(&format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{more}Content-Length: {length}\r\n\r\n{body}"
    ))
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// Brings a good request of a client that describes itself, with changes.
pub async fn ask(browser: &mut Browser, address: &str, changes: &[(&str, &str)]) -> Answer {
    let challenge = challenge();
    let pkce = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    bring(browser, address, &[&pkce[..], changes].concat()).await
}

/// How many apps describe themselves.
pub async fn rows(app: &TestApp) -> i64 {
    app.count("select count(*) from apps where kind = 'document'").await
}

async fn expire(app: &TestApp) {
    app.execute("update client_documents set fetched_at = now() - interval '2 hours', expires_at = now()").await;
}

fn registered(address: &str) -> Registered {
    Registered { id: AppId::random(), client_id: address.to_owned(), secret: None::<AppToken> }
}

async fn events(app: &TestApp, kind: &str) -> i64 {
    app.count(&format!("select count(*) from audit_events where kind = '{kind}'")).await
}

#[tokio::test]
async fn a_client_that_describes_itself_signs_a_person_in_and_is_asked_about_each_time() {
    let resource = "https://notes.example/mcp";
    let (host, app) = Host::with_service(&[("VESTIBULE_CLIENT_DOCUMENT_RESOURCES", resource)]).await;
    let (address, notes) = (host.address(), app.web_app("notes").await);
    app.set_app("notes", &format!("resources = '{{{resource}}}'")).await;
    let mut person = app.person("alice").await;
    let request = [("scope", "openid offline_access"), ("resource", resource)];
    let next = next_of(&ask(&mut person, &address, &request).await, "/oauth/consent");
    let code = code_of(&app, &consent(&mut person, &next, "allow").await);

    let mut client = app.client(&registered(&address));
    let tokens = json(&client.exchange(&code).await);
    let tokens = json(&client.refresh(text(&tokens, "refresh_token")).await);
    let worth = app.client(&notes).introspect(text(&tokens, "access_token")).await;
    assert_eq!(
        (&worth["active"], &worth["client_id"], &worth["aud"]),
        (&json!(true), &json!(address), &json!([resource]))
    );

    // Read once, and asked about again.
    next_of(&ask(&mut person, &address, &request).await, "/oauth/consent");
    // Any site could ask silently who its visitor is, or send browsers on.
    for changes in [("prompt", "none"), ("response_type", "token"), ("max_age", "x")] {
        let answer = ask(&mut person, &address, &[changes]).await;
        assert_eq!((answer.status, answer.header("location")), (400, None), "{changes:?}: {answer:?}");
        assert!(!answer.body.contains("http-equiv"), "{changes:?}: {answer:?}");
    }
    assert_eq!(host.reads(), 1);
    let called = &host.callee.called()[0].text;
    assert!(called.starts_with("GET /client.json HTTP/1.1\r\n"), "{called}");
    assert_eq!((events(&app, "app_added").await, events(&app, "app_authorized").await), (1, 1));

    let connected = person.get("/account/apps").await;
    assert!(connected.body.contains("Tool") && connected.body.contains(&host.address()[8..22]), "{connected:?}");
    // Other resources are nobody's to ask for.
    let other = ask(&mut person, &address, &[("resource", "https://other.example")]).await;
    assert_eq!((other.status, other.header("location")), (400, None), "{other:?}");

    // What ends the access of other apps ends that of this one.
    apps::disable(&app.operator(), &address).await.expect("a disabled app");
    assert_refused(&client.refresh(text(&tokens, "refresh_token")).await, 401, "invalid_client");
    assert_eq!(app.client(&notes).introspect(text(&tokens, "access_token")).await["active"], false);
}

/// A client that has never been seen may push first, also for a resource.
#[tokio::test]
async fn a_client_that_describes_itself_pushes_its_request() {
    let resource = "https://notes.example/mcp";
    let (host, app) = Host::with_service(&[("VESTIBULE_CLIENT_DOCUMENT_RESOURCES", resource)]).await;
    let (address, mut person) = (host.address(), app.person("alice").await);
    let mut client = app.client(&registered(&address));
    let challenge = challenge();
    let mut pushed = vec![
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid"),
        ("state", "a state"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("resource", resource),
    ];
    let answer = client.post("/oauth/par", &pushed).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let uri = text(&json(&answer), "request_uri").to_owned();
    let request = super::path(&[("client_id", &address), ("request_uri", &uri)]);
    let next = next_of(&person.get(&request).await, "/oauth/consent");
    let code = code_of(&app, &consent(&mut person, &next, "allow").await);
    assert_eq!(client.exchange(&code).await.status, 200);
    // Nor does a pushed request ask silently.
    pushed.push(("prompt", "none"));
    let uri = text(&json(&client.post("/oauth/par", &pushed).await), "request_uri").to_owned();
    let answer = person.get(&super::path(&[("client_id", &address), ("request_uri", &uri)])).await;
    assert_eq!((answer.status, answer.header("location")), (410, None), "{answer:?}");
}

#[tokio::test]
async fn row_8_such_a_client_must_send_a_challenge() {
    let (host, app) = Host::with_service(&[]).await;
    let mut person = app.person("alice").await;
    let answer = bring(&mut person, &host.address(), &[]).await;
    assert_eq!((answer.status, answer.header("location")), (400, None), "{answer:?}");
}

#[tokio::test]
async fn a_loopback_address_of_a_document_may_have_any_port_and_others_none() {
    let (host, app) = Host::with_service(&[]).await;
    let mut person = app.person("alice").await;
    for (uri, status) in [
        ("http://127.0.0.1:51000/cb", 303),
        ("http://127.0.0.1:51000/other", 400),
        ("http://localhost:51000/cb", 400),
        ("https://app.example:8443/callback", 400),
        ("https://evil.example/callback", 400),
    ] {
        let answer = ask(&mut person, &host.address(), &[("redirect_uri", uri)]).await;
        assert_eq!(answer.status, status, "{uri}: {answer:?}");
    }
    let next = next_of(
        &ask(&mut person, &host.address(), &[("redirect_uri", "http://127.0.0.1:51000/cb")]).await,
        "/oauth/consent",
    );
    let allowed = refreshed(&consent(&mut person, &next, "allow").await);
    assert!(allowed.starts_with("http://127.0.0.1:51000/cb?code=vc_"), "{allowed}");
}

#[tokio::test]
async fn a_changed_document_counts_once_the_old_one_is_stale() {
    let (host, app) = Host::with_service(&[]).await;
    let (address, mut person) = (host.address(), app.person("alice").await);
    next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
    let mut changed = host.document();
    changed["redirect_uris"] = json!(["https://tool.example/new"]);
    host.serve_for(&changed, "no-store");
    next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
    expire(&app).await;
    assert_eq!(ask(&mut person, &address, &[]).await.status, 400, "no longer registered");
    let moved = ask(&mut person, &address, &[("redirect_uri", "https://tool.example/new")]).await;
    next_of(&moved, "/oauth/consent");
    assert_eq!((host.reads(), rows(&app).await), (2, 1), "five minutes at least");
    assert_eq!((events(&app, "app_added").await, events(&app, "app_changed").await), (1, 1));
    expire(&app).await;
    let moved = ask(&mut person, &address, &[("redirect_uri", "https://tool.example/new")]).await;
    next_of(&moved, "/oauth/consent");
    assert_eq!((host.reads(), events(&app, "app_changed").await), (3, 1), "read again, and the same");
}

#[tokio::test]
async fn a_document_that_is_gone_ends_new_requests_and_no_grant() {
    let (host, app) = Host::with_service(&[]).await;
    let (address, mut person) = (host.address(), app.person("alice").await);
    let next = next_of(&ask(&mut person, &address, &[("scope", "offline_access")]).await, "/oauth/consent");
    let code = code_of(&app, &consent(&mut person, &next, "allow").await);
    let mut client = app.client(&registered(&address));
    let mut tokens = json(&client.exchange(&code).await);
    expire(&app).await;
    for gone in [Script::status("404 Not Found"), Script::of(""), page("text/html", "", "<!doctype html>")] {
        host.callee.answer(gone);
        assert_eq!(ask(&mut person, &address, &[]).await.status, 400);
        tokens = json(&client.refresh(text(&tokens, "refresh_token")).await);
    }
    host.serve(&host.document());
    next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
}

#[tokio::test]
async fn an_app_that_the_operator_disabled_stays_refused_and_is_not_read_again() {
    let (host, app) = Host::with_service(&[]).await;
    let (address, mut person) = (host.address(), app.person("alice").await);
    let next = next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
    assert_eq!(apps::disable(&app.operator(), &address).await.expect("a disabled app"), 0);
    assert_eq!(person.get(&next).await.status, 410, "a request that waits too");
    app.execute(
        "update client_documents set fetched_at = now() - interval '9 days', expires_at = now() - interval '8 days'",
    )
    .await;
    assert_eq!(app.sweep().await.count("client_documents"), 0, "a removed row would be added again");
    assert_eq!(ask(&mut person, &address, &[]).await.status, 400);
    assert_eq!((host.reads(), rows(&app).await), (1, 1));
    apps::enable(&app.operator(), &address).await.expect("an enabled app");
    next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
    assert_eq!(host.reads(), 2);
}

#[tokio::test]
async fn sixteen_first_requests_at_once_over_two_replicas_are_one_app() {
    let (host, app) = Host::with_service(&[]).await;
    let replica = app.replica().await;
    let (address, person) = (host.address(), app.person("alice").await);
    let answers = race(16, |n| {
        let to = [app.address, replica.address][n % 2];
        let (mut tab, address) = (Browser { to, ..person.clone() }, address.clone());
        async move { ask(&mut tab, &address, &[]).await }
    })
    .await;
    for answer in &answers {
        next_of(answer, "/oauth/consent");
    }
    assert_eq!((rows(&app).await, app.count("select count(*) from client_documents").await), (1, 1));
    assert_eq!((events(&app, "app_added").await, events(&app, "app_changed").await), (1, 0));
}

#[tokio::test]
async fn what_nobody_uses_is_swept_and_what_has_a_grant_or_a_consent_stays() {
    let (host, app) = Host::with_service(&[]).await;
    let (address, mut person) = (host.address(), app.person("alice").await);
    let next = next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
    let two_days_ago = "update client_documents set fetched_at = now() - interval '3 days',
        expires_at = now() - interval '2 days'";
    code_of(&app, &consent(&mut person, &next, "allow").await);
    app.execute(two_days_ago).await;
    assert_eq!(app.sweep().await.count("client_documents"), 0, "a grant and a consent");
    app.execute("delete from grants").await;
    assert_eq!(app.sweep().await.count("client_documents"), 0, "a consent");
    app.execute("delete from consents").await;
    app.execute("update client_documents set expires_at = now() - interval '23 hours'").await;
    assert_eq!(app.sweep().await.count("client_documents"), 0, "stale for less than a day");
    app.execute(two_days_ago).await;
    assert_eq!(app.sweep().await.count("client_documents"), 1);
    assert_eq!((rows(&app).await, events(&app, "app_removed").await), (0, 1));
    next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
}

#[tokio::test]
async fn there_are_so_many_at_most_and_what_nobody_uses_makes_room() {
    let (host, app) = Host::with_service(&[]).await;
    let mut person = app.person("alice").await;
    app.execute(&format!(
        "with added as (
            insert into apps (id, client_id, kind, name, auth, pkce)
            select gen_random_uuid(), 'https://tool.example/' || n, 'document', 'Tool', 'none', 'required'
            from generate_series(1, {APPS_MOST}) n returning id
        )
        insert into client_documents (app_id, expires_at) select id, now() + interval '1 hour' from added"
    ))
    .await;
    let full = ask(&mut person, &host.address(), &[]).await;
    assert_eq!(
        (full.status, rows(&app).await),
        (503, APPS_MOST),
        "someone may be signing in to each of them: {full:?}"
    );
    app.execute("update client_documents set fetched_at = now() - interval '11 minutes'").await;
    app.execute(
        "insert into grants (id, app_id, scopes, resources, expires_at)
        select gen_random_uuid(), id, '{}', '{}', now() + interval '1 day' from apps",
    )
    .await;
    let used = ask(&mut person, &host.address(), &[]).await;
    assert_eq!((used.status, rows(&app).await), (503, APPS_MOST), "all are in use: {used:?}");
    app.execute("delete from grants where app_id = (select id from apps where client_id like '%/7')").await;
    next_of(&ask(&mut person, &host.address(), &[]).await, "/oauth/consent");
    assert_eq!(rows(&app).await, APPS_MOST);
    assert_eq!(app.count("select count(*) from apps where client_id like '%/7'").await, 0);
}

#[tokio::test]
async fn a_read_document_invalidates_no_session_and_a_disabled_app_does() {
    let (host, app) = Host::with_service(&[]).await;
    let (address, mut person) = (host.address(), app.person("alice").await);
    let mut listener = sqlx::postgres::PgListener::connect(app.url()).await.expect("a listener");
    listener.listen("vestibule_sessions").await.expect("a channel");
    next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
    let mut changed = host.document();
    changed["client_name"] = json!("Another tool");
    changed["redirect_uris"] = json!([REDIRECT]);
    host.serve(&changed);
    expire(&app).await;
    next_of(&ask(&mut person, &address, &[]).await, "/oauth/consent");
    assert_eq!(events(&app, "app_changed").await, 1);
    app.execute("notify vestibule_sessions, 'the end'").await;
    assert_eq!(listener.recv().await.expect("a notification").payload(), "the end");
    apps::disable(&app.operator(), &address).await.expect("a disabled app");
    assert_eq!(listener.recv().await.expect("a notification").payload(), "all");
}
