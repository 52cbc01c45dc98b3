//! Sessions: how they begin, how long they live, and that what has ended stays so.

use std::sync::Arc;

use crate::{
    coverage::assert_guarded,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        serve::{WIDE, serve},
    },
};
use axum::{Router, routing::get};
use tokio::sync::Notify;
use tower_sessions::{Session, SessionManagerLayer};
use vestibule::{
    types::SecretToken,
    web::{DigestedStore, access::Cors},
};

#[tokio::test]
async fn asvs_7_2_3_session_cookies_carry_128_bits_and_repeat_nothing() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let cookie = app.signed_in("alice").await.cookies["vestibule"].clone();
        assert!(SecretToken::parse(&cookie).is_some(), "16 bytes of base64url: {cookie}");
        assert!(seen.insert(cookie));
    }
}

#[tokio::test]
async fn asvs_7_2_4_signing_in_always_makes_a_new_cookie_and_the_old_one_is_dead() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let mut old = Vec::new();
    for _ in 0..3 {
        // A person who is signed in already is led on, so the form comes from another window.
        let mut window = app.browser();
        let token = window.csrf_token("/login").await;
        window.cookies.extend(browser.cookies.clone().into_iter().filter(|(name, _)| name == "vestibule"));
        let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
        let refused = window.post("/login", &fields).await;
        if let Some(cookie) = browser.cookies.get("vestibule") {
            let led_on = (refused.status, refused.location(), refused.header_all("set-cookie").count());
            assert_eq!(led_on, (303, "/dashboard", 0), "a token from before this session does nothing");
            old.push(cookie.clone());
        }
        let page = browser.get("/logout").await;
        let token = page.hidden("/language", "csrf_token").expect("a token of this session");
        let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
        assert_eq!(browser.post("/login", &fields).await.status, 303);
        assert!(is_signed_in(&mut browser).await && !old.contains(&browser.cookies["vestibule"]));
        for cookie in &old {
            assert!(!is_signed_in(&mut holding(&app, cookie)).await, "the cookie before signing in again");
        }
    }
    assert_eq!(app.count("select count(*) from sessions where revoked_at is null").await, 2, "one more by the window");
}

/// A browser that holds this session cookie and nothing else.
fn holding(app: &TestApp, cookie: &str) -> Browser {
    let mut browser = app.browser();
    browser.cookies.insert("vestibule".into(), cookie.into());
    browser
}

#[tokio::test]
async fn cve_2024_28197_an_identifier_that_was_never_issued_is_not_adopted() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let chosen = SecretToken::random().reveal();
    let mut victim = holding(&app, &chosen);
    let answer = sign_in(&mut victim, "alice", PASSWORD).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_ne!(victim.cookies["vestibule"], chosen);
    assert!(is_signed_in(&mut victim).await);
    assert!(!is_signed_in(&mut holding(&app, &chosen)).await);
    assert_eq!(app.count("select count(*) from tower_sessions.session").await, 1);
}

#[tokio::test]
async fn asvs_7_4_1_a_session_ended_on_one_replica_is_dead_on_every_other_at_once() {
    let app = TestApp::start().await;
    let other = app.replica().await;
    let mut browser = app.person("alice").await;
    let mut replay = Browser { to: other.address, ..browser.clone() };
    assert!(is_signed_in(&mut replay).await, "replicas share sessions");
    assert_eq!(browser.submit("/logout", &[]).await.location(), "/login");
    assert!(!is_signed_in(&mut replay).await);
    assert_eq!(replay.get("/dashboard").await.location(), "/login?next=/dashboard");
    assert_eq!(app.count("select count(*) from tower_sessions.session").await, 0);
}

#[tokio::test]
async fn t2_a_request_that_began_before_a_sign_out_cannot_undo_it() {
    let app = TestApp::start().await;
    let (loaded, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let held = {
        let (loaded, go_on) = (Arc::clone(&loaded), Arc::clone(&go_on));
        async move |session: Session| {
            let seen: Option<u8> = session.get("seen").await.expect("the session");
            session.insert("seen", seen.unwrap_or_default() + 1).await.expect("a change");
            loaded.notify_one();
            go_on.notified().await;
            "saved"
        }
    };
    let layer = SessionManagerLayer::new(DigestedStore::new(app.db.clone())).with_name("vestibule").with_secure(false);
    let slow = serve(Router::new().route("/slow", get(held)).layer(layer), WIDE).await;
    let mut browser = app.person("alice").await;
    let cookie = browser.cookies["vestibule"].clone();

    let mut earlier = Browser { to: slow.address, ..holding(&app, &cookie) };
    let request = tokio::spawn(async move { earlier.get("/slow").await });
    loaded.notified().await;
    assert_eq!(browser.submit("/logout", &[]).await.status, 303);
    go_on.notify_one();
    assert_eq!(request.await.expect("the earlier request").status, 200);

    assert!(!is_signed_in(&mut holding(&app, &cookie)).await);
    assert_eq!(app.count("select count(*) from tower_sessions.session").await, 0, "nothing came back");
    // Nor would the row that is the authority let anyone in, if the store's had come back.
    assert_eq!(app.count("select count(*) from sessions where revoked_at is null").await, 0);
}

#[tokio::test]
async fn asvs_6_5_2_no_row_of_the_database_holds_a_cookie() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("remember", "on")];
    assert_eq!(browser.submit("/login", &fields).await.status, 303);
    browser.get("/dashboard").await;
    let dump = dump(&app).await;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    // The dump would show them: a name as text, and one inside of a `bytea` column as hex.
    let store_id: String = sqlx::query_scalar("select store_id from sessions").fetch_one(&app.db).await.expect("a row");
    assert!(dump.contains("alice@example.com") && dump.contains(&store_id), "{dump}");
    for name in ["vestibule", "vestibule_browser"] {
        let value = &browser.cookies[name];
        let bytes = *SecretToken::parse(value).unwrap_or_else(|| panic!("{name} is no secret: {value}")).as_bytes();
        let mut reversed = bytes;
        reversed.reverse();
        let decimal = i128::from_le_bytes(bytes).to_string();
        for form in [value.clone(), decimal, hex(&bytes), hex(&reversed), hex(value.as_bytes())] {
            assert!(!dump.contains(&form), "the cookie {name} stands in the database as {form}: {dump}");
        }
    }
}

/// Every value of every table, as text.
async fn dump(app: &TestApp) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&app.db)
    .await
    .expect("the tables");
    let mut dump = String::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(&format!("select t::text || replace(t::text, '-', '') from {table} t"))
                .fetch_all(&app.db)
                .await
                .unwrap_or_else(|error| panic!("{table}: {error}"));
        dump.push_str(&rows.join("\n"));
    }
    dump
}

#[tokio::test]
async fn asvs_7_4_2_closing_an_account_ends_the_next_request_of_every_session() {
    let app = TestApp::start().await;
    let mut first = app.person("alice").await;
    let replica = app.replica().await;
    let mut second = Browser { to: replica.address, ..app.signed_in("alice").await };
    let mut other = app.person("robert").await;
    app.execute("update users set disabled_at = now() where username = 'alice'").await;
    for browser in [&mut first, &mut second] {
        assert!(!is_signed_in(browser).await);
        assert_eq!(browser.get("/dashboard").await.status, 303);
    }
    assert!(is_signed_in(&mut other).await);
    app.execute("delete from users where username = 'robert'").await;
    assert!(!is_signed_in(&mut other).await);
    assert_eq!(
        app.count("select count(*) from sessions s join users u on u.id = s.user_id where u.username = 'robert'").await,
        0
    );
}

#[tokio::test]
async fn asvs_3_5_3_a_get_of_the_sign_out_page_changes_nothing() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    for method in ["GET", "HEAD"] {
        for path in ["/logout", "/logout?confirm=yes&_method=POST"] {
            assert_eq!(browser.send(method, path, None).await.status, 200);
        }
    }
    let overridden = browser.clone().with("X-HTTP-Method-Override", "POST").get("/logout").await;
    assert_eq!(overridden.status, 200);
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(app.count("select count(*) from sessions where revoked_at is not null").await, 0);
    let dashboard = browser.get("/dashboard").await;
    assert!(dashboard.hidden("/logout", "csrf_token").is_some(), "a button on every page: {}", dashboard.body);
}

#[tokio::test]
async fn asvs_14_3_1_signing_out_leaves_nothing_in_the_browser_and_twice_is_as_good_as_once() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let token = browser.csrf_token("/logout").await;
    // A double click: the same form, from the same moment.
    let mut twice = browser.clone();
    let answer = browser.post("/logout", &[("csrf_token", &token)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"));
    // No page is in its cache, so none is emptied: that takes seconds, and other apps on this host need theirs.
    assert_eq!((answer.header("clear-site-data"), answer.header("cache-control")), (None, Some("no-store")));
    assert!(!browser.cookies.contains_key("vestibule"), "{:?}", browser.cookies);
    assert_eq!(twice.post("/logout", &[("csrf_token", &token)]).await.status, 303);
    assert!(browser.get("/login").await.body.contains("signed out"), "the next page says so");
    assert_eq!(app.count("select count(*) from sessions where revoked_at is not null").await, 1);
}

#[tokio::test]
async fn asvs_14_2_1_no_cookie_value_shows_in_an_address_a_page_or_an_answer_to_an_app() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let secret = browser.cookies["vestibule"].clone();
    for path in ["/", "/dashboard", "/login", "/logout", "/api/v1/session", "/nothing"] {
        let answer = browser.get(path).await;
        assert!(!answer.body.contains(&secret), "{path}");
        assert!(answer.headers.iter().all(|(_, value)| !value.contains(&secret)), "{path}: {answer:?}");
        assert!(!answer.body.contains(&browser.cookies["vestibule_browser"]), "{path}");
    }
}

#[tokio::test]
async fn f24_the_sweep_removes_what_ended_long_ago_and_only_that() {
    let app = TestApp::start().await;
    let mut live = app.person("alice").await;
    for (n, column) in ["revoked_at", "idle_ends_at"].into_iter().enumerate() {
        app.signed_in("alice").await;
        let newest = "(select id from sessions order by created_at desc limit 1)";
        app.execute(&format!("update sessions set {column} = now() - interval '59 minutes' where id = {newest}")).await;
        assert_eq!(app.sweep().await.count("sessions"), 0, "{n}: {column}");
        app.execute(&format!("update sessions set {column} = {column} - interval '2 minutes' where id = {newest}"))
            .await;
        assert_eq!(app.sweep().await.count("sessions"), 1, "{n}: {column}");
    }
    assert!(is_signed_in(&mut live).await);
    assert_eq!(app.count("select count(*) from sessions").await, 1);
}

#[tokio::test]
async fn a_method_that_nothing_has_changes_no_session() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let routes = vestibule::app::routes(&app.state);
    let list = routes.list();
    // What apps call from their pages answers OPTIONS, for CORS.
    let called_by_pages = |path| list.iter().any(|route| route.policy.path == path && route.policy.cors == Cors::Apps);
    // Envoy asks with the method of the request that it asks about.
    let is_asked = |path: &&str| path.contains('{') || path.starts_with("/gate/envoy");
    for path in list.iter().map(|route| route.policy.path).filter(|path| !is_asked(path)) {
        for method in
            ["OPTIONS", "BREW", "get"].into_iter().filter(|method| *method != "OPTIONS" || !called_by_pages(path))
        {
            let answer = person.send(method, path, None).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(answer.header("allow").is_some(), "{method} {path}");
            assert_guarded(&answer, path);
            assert!(!answer.header_all("set-cookie").any(|line| line.starts_with("vestibule=")), "{method} {path}");
        }
    }
    assert!(is_signed_in(&mut person).await);
}
