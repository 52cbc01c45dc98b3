//! Each way to end a token, alone, on the other replica, with the next request.

use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    apps::Registered,
    oidc::{Allowed, Client, assert_refused, json as body, text},
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
        assert_eq!(doors(&client, &client, token).await, (200, true), "{name}");
        end(&app, statement, name).await;
        assert_eq!(client.userinfo(token).await.status, 401, "{name}");
        let observed = client.clone().post("/oauth/introspect", &[("token", token)]).await;
        if name.starts_with("app-") {
            assert_refused(&observed, 401, "invalid_client");
        } else {
            assert_eq!(body(&observed), json!({ "active": false }), "{name}");
        }
    }
}

#[tokio::test]
async fn row_39_each_way_ends_an_opaque_token_at_every_door() {
    ended_everywhere("opaque", true, &WAYS).await;
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
    assert_eq!(client.userinfo(text(&tokens, "access_token")).await.status, 200);
    app.execute("delete from group_members").await;
    assert_eq!(client.userinfo(text(&tokens, "access_token")).await.status, 401);
}

#[tokio::test]
async fn row_39_an_access_token_expires() {
    let app = TestApp::start().await;
    let (_, client, tokens) = tokens(&app, "alice", "opaque", true).await;
    let token = text(&tokens, "access_token");
    assert_eq!(doors(&client, &client, token).await, (200, true));
    app.execute("update access_tokens set expires_at = now()").await;
    assert_eq!(doors(&client, &client, token).await, (401, false));
}
