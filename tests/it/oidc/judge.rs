//! Each way to end a token, alone, on the other replica, which remembers what the token was worth.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    apps::{REDIRECT, Registered, register},
    http::{Answer, exchange},
    oidc::{Allowed, Client, assert_refused, basic, form, json as body, text},
    proxy::{Line, Proxy},
};

/// Every way that ends a token, for the person and app of that name.
const WAYS: [(&str, &str); 11] = [
    ("account-closed", "update users set disabled_at = now() where username = $1"),
    ("erasure-asked", "update users set deletion_due_at = now() + interval '7 days' where username = $1"),
    ("erased", "delete from users where username = $1"),
    ("app-disabled", "update apps set disabled_at = now() where client_id = $1"),
    ("app-removed", "delete from apps where client_id = $1"),
    (
        "group-left",
        "insert into app_groups (app_id, group_id) select a.id, g.id from apps a, groups g where a.client_id = $1",
    ),
    (
        "session-revoked",
        "update sessions set revoked_at = now() where user_id = (select id from users where username = $1)",
    ),
    (
        "password-changed",
        "update password_credentials set changed_at = now() + interval '1 second'
        where user_id = (select id from users where username = $1)",
    ),
    ("password-gone", "delete from password_credentials where user_id = (select id from users where username = $1)"),
    (
        "consent-taken",
        "update grants set ended_at = now(), ended_because = 'consent' where app_id = (select id from apps where client_id = $1)",
    ),
    ("expired", "update grants set expires_at = now() where app_id = (select id from apps where client_id = $1)"),
];

/// The ways that end one opaque token alone.
const OF_OPAQUE: [(&str, &str); 2] = [
    (
        "token-revoked",
        "delete from access_tokens t using grants g, apps a where g.id = t.grant_id and a.id = g.app_id and a.client_id = $1",
    ),
    (
        "token-expired",
        "update access_tokens t set expires_at = now() from grants g, apps a where g.id = t.grant_id and a.id = g.app_id and a.client_id = $1",
    ),
];

/// The ways that end a token without offline access as well.
const OF_SESSIONS: [(&str, &str); 4] = [
    ("idle", "update sessions set idle_ends_at = now() where user_id = (select id from users where username = $1)"),
    (
        "too-old",
        "update sessions set idle_ends_at = now(), absolute_ends_at = now()
        where user_id = (select id from users where username = $1)",
    ),
    ("swept", "delete from sessions where user_id = (select id from users where username = $1)"),
    (
        "signed-out",
        "delete from tower_sessions.session where id = (
            select store_id collate \"default\" from sessions where user_id = (select id from users where username = $1))",
    ),
];

async fn end(app: &TestApp, statement: &str, name: &str) {
    let done = sqlx::query(statement).bind(name).execute(&app.db).await.expect("the end");
    assert!(done.rows_affected() > 0, "{statement}");
}

/// The tokens of an app whose access tokens have this format.
async fn tokens(app: &TestApp, name: &str, format: &str, offline: bool) -> (Registered, Client, Value) {
    app.person(name).await;
    let registered = app.web_app(name).await;
    app.set_app(name, &format!("access_format = '{format}'")).await;
    let code = app.code(&registered, name, &Allowed { offline, ..Allowed::default() }).await;
    let client = app.client(&registered);
    let tokens = body(&client.clone().exchange(&code.code).await);
    (registered, client, tokens)
}

/// The longest that a token may outlive its end, where everything fails.
const AT_MOST: Duration = Duration::from_millis(250);

/// The answers of userinfo and introspection, without waiting for anything before them.
async fn at_once(client: &Client, token: &str) -> (Answer, Answer) {
    let bearer = client.browser.clone().with("Authorization", &format!("Bearer {token}"));
    let secret = client.secret.as_deref().expect("a secret");
    let app = client.browser.clone().with("Authorization", &basic(&client.id, secret));
    let userinfo = bearer.request("GET", "/oauth/userinfo", None);
    let introspection = app.request("POST", "/oauth/introspect", Some(form(&[("token", token)]).as_bytes()));
    let (to, from) = (client.browser.to, client.browser.from);
    (
        exchange(to, from, &userinfo).await.expect("an answer"),
        exchange(to, from, &introspection).await.expect("an answer"),
    )
}

/// Asks both doors until both answer from memory.
async fn remembered(replica: &TestApp, client: &Client, token: &str) {
    let metrics = &replica.state.metrics;
    let started = Instant::now();
    loop {
        let asked = metrics.token_checks_database.get();
        let (userinfo, told) = at_once(client, token).await;
        assert_eq!((userinfo.status, &body(&told)["active"]), (200, &json!(true)));
        if metrics.token_checks_database.get() == asked {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "nothing is remembered");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks both doors until both refuse, soon enough.
async fn refused_soon(client: &Client, token: &str, what: &str) {
    let ended = Instant::now();
    loop {
        let asked = ended.elapsed();
        let (userinfo, answer) = at_once(client, token).await;
        let status = userinfo.status;
        let told = if answer.status == 401 { body(&answer)["error"].clone() } else { body(&answer) };
        // A removed app cannot ask any more.
        if status == 401 && (told == json!({ "active": false }) || told == json!("invalid_client")) {
            assert_eq!(what.starts_with("app-"), told.is_string(), "{what}");
            return;
        }
        assert!(asked < AT_MOST, "{what}: {status} and {told} after {asked:?}");
    }
}

/// What the doors say of an access token at a replica: userinfo, and introspection by an app whose resource it is for.
async fn doors(client: &Client, observer: &Client, token: &str) -> (u16, bool) {
    let answer = observer.clone().introspect(token).await;
    (client.userinfo(token).await.status, answer["active"] == json!(true))
}

async fn ended_everywhere(format: &str, offline: bool, ways: &[(&str, &str)]) {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    app.execute("insert into groups (id, name) values (gen_random_uuid(), 'staff')").await;
    for (name, statement) in ways {
        let (_, client, tokens) = tokens(&app, name, format, offline).await;
        let client = client.at(&replica);
        let token = text(&tokens, "access_token");
        remembered(&replica, &client, token).await;
        end(&app, statement, name).await;
        refused_soon(&client, token, name).await;
    }
}

#[tokio::test]
async fn row_39_each_way_ends_an_opaque_token_at_every_door() {
    ended_everywhere("opaque", true, &WAYS).await;
    ended_everywhere("opaque", true, &OF_OPAQUE).await;
}

#[tokio::test]
async fn row_39_each_way_ends_a_signed_token_at_every_door() {
    ended_everywhere("jwt", true, &WAYS).await;
}

#[tokio::test]
async fn row_39_without_offline_access_the_end_of_the_session_ends_it_too() {
    ended_everywhere("opaque", false, &OF_SESSIONS).await;
}

#[tokio::test]
async fn row_39_offline_access_outlives_a_session_that_nobody_ended() {
    let app = TestApp::start().await;
    for (name, statement) in OF_SESSIONS {
        let (_, client, tokens) = tokens(&app, name, "opaque", true).await;
        end(&app, statement, name).await;
        assert_eq!(client.userinfo(text(&tokens, "access_token")).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn row_39_a_person_in_a_group_that_the_app_admits_stays_in() {
    let app = TestApp::start().await;
    let (_, client, tokens) = tokens(&app, "alice", "opaque", true).await;
    let admit = "insert into groups (id, name) values (gen_random_uuid(), 'staff'), (gen_random_uuid(), 'guests');
        insert into app_groups (app_id, group_id) select a.id, g.id from apps a, groups g;
        insert into group_members (group_id, user_id) select g.id, u.id from groups g, users u where g.name = 'guests'";
    app.execute(admit).await;
    let token = text(&tokens, "access_token");
    remembered(&app, &client, token).await;
    app.execute("delete from group_members").await;
    refused_soon(&client, token, "left").await;
}

#[tokio::test]
async fn row_39_an_access_token_expires() {
    let app = TestApp::start().await;
    let (_, client, tokens) = tokens(&app, "alice", "opaque", true).await;
    let token = text(&tokens, "access_token");
    assert_eq!(doors(&client, &client, token).await, (200, true));
    app.execute("update access_tokens set expires_at = now()").await;
    refused_soon(&client, token, "expired").await;
}

/// A replica remembers a token until time alone ends it, and no longer.
#[tokio::test]
async fn row_39_a_remembered_token_expires_without_a_change() {
    let app = TestApp::with(&[("VESTIBULE_ACCESS_TOKEN", "30s")]).await;
    let (_, client, tokens) = tokens(&app, "alice", "opaque", true).await;
    let token = text(&tokens, "access_token");
    // Nobody is told, as nobody is told when time goes on.
    app.execute("alter table access_tokens disable trigger access_tokens_notify_change").await;
    app.execute("update access_tokens set expires_at = now() + interval '1 second'").await;
    let started = Instant::now();
    remembered(&app, &client, token).await;
    while at_once(&client, token).await.0.status == 200 {
        assert!(started.elapsed() < Duration::from_secs(10), "it never expires");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(doors(&client, &client, token).await, (401, false));
}

#[tokio::test]
async fn row_40_remembered_tokens_ask_the_database_nothing_and_name_no_caller() {
    let app = TestApp::start().await;
    let (_, client, tokens) = tokens(&app, "alice", "opaque", true).await;
    let token = text(&tokens, "access_token");
    let other = app.web_app("other").await;
    let other = app.client(&other);
    remembered(&app, &client, token).await;
    let before = app.state.metrics.token_checks_database.get();
    for _ in 0..50 {
        let (userinfo, told) = at_once(&client, token).await;
        assert_eq!((userinfo.status, &body(&told)["active"]), (200, &json!(true)));
        assert_eq!(body(&at_once(&other, token).await.1), json!({ "active": false }));
    }
    // The lease may have ended once, on a busy machine.
    assert!(app.state.metrics.token_checks_database.get() <= before + 1);
}

#[tokio::test]
async fn row_24_a_remembered_token_of_a_service_ends_with_its_grant_and_its_app() {
    for change in [
        "update grants set ended_at = now(), ended_because = 'revoked'",
        "delete from grants",
        "truncate grants cascade",
        "update apps set disabled_at = now() where client_id = 'robot'",
    ] {
        let app = TestApp::start().await;
        let replica = app.replica().await;
        let robot = register(&app.db, "robot", "service", REDIRECT).await;
        app.set_app("robot", "resources = '{https://api.example}', access_format = 'opaque'").await;
        let api = app.web_app("api").await;
        app.set_app("api", "resources = '{https://api.example}'").await;
        let tokens = body(&app.client(&robot).token(&[("grant_type", "client_credentials")]).await);
        let (token, api) = (text(&tokens, "access_token"), app.client(&api).at(&replica));
        let is_active = async || body(&at_once(&api, token).await.1)["active"] == json!(true);
        let database = &replica.state.metrics.token_checks_database;
        let started = Instant::now();
        loop {
            let asked = database.get();
            assert!(is_active().await);
            // Userinfo refuses a token that is for another audience, and remembers it as well.
            if database.get() == asked {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "nothing is remembered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        app.execute(change).await;
        let ended = Instant::now();
        while is_active().await {
            assert!(ended.elapsed() < AT_MOST, "{change}");
        }
    }
}

/// A secret that the operator removed opens nothing, though the replica remembers the app.
#[tokio::test]
async fn row_24_a_removed_secret_is_refused_soon() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let (_, client, tokens) = tokens(&app, "alice", "opaque", true).await;
    let client = client.at(&replica);
    remembered(&replica, &client, text(&tokens, "access_token")).await;
    app.execute("delete from app_secrets").await;
    assert_refused(&client.clone().refresh(text(&tokens, "refresh_token")).await, 401, "invalid_client");
    let removed = Instant::now();
    loop {
        let asked = removed.elapsed();
        let (_, answer) = at_once(&client, "va_x").await;
        if answer.status == 401 {
            break assert_refused(&answer, 401, "invalid_client");
        }
        assert!(asked < AT_MOST, "{answer:?}");
    }
}

/// The database is away: nothing is active on the word of memory.
#[tokio::test]
async fn remembered_tokens_are_worth_nothing_without_the_database() {
    let first = TestApp::start().await;
    let proxy = Proxy::before(&first.options);
    let (_, client, tokens) = tokens(&first, "alice", "opaque", true).await;
    let app = TestApp::on(proxy.options.clone(), &[]).await;
    let (client, token) = (client.at(&app), text(&tokens, "access_token"));
    remembered(&app, &client, token).await;
    for line in [Line::Cut, Line::Silent] {
        proxy.set(line);
        tokio::time::sleep(AT_MOST).await;
        let (userinfo, told) = at_once(&client, token).await;
        assert_refused(&userinfo, 503, "temporarily_unavailable");
        assert_refused(&told, 503, "temporarily_unavailable");
    }
}
