//! `authorization_code`: one use, by the app that asked, the way it asked.

use serde_json::Value;

use crate::support::{
    app::TestApp,
    apps::{REDIRECT, register},
    http::Answer,
    oidc::{Allowed, Client, VERIFIER, assert_refused, json, of_code, text},
    race::race,
};

const PLAIN: Allowed<'_> =
    Allowed { scopes: "openid", resources: &[], offline: false, pkce: false, nonce: None, claims: &[] };
/// The challenge of [`VERIFIER`] was sent.
const PKCE: Allowed<'_> = Allowed { pkce: true, ..PLAIN };

/// What an app without PKCE sends.
fn plain(code: &str) -> [(&str, &str); 3] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT)]
}

/// What became of a code: how many were used, how many access tokens there are.
async fn spent(app: &TestApp) -> (i64, i64) {
    let used = app.count("select count(*) from authorization_codes where used_at is not null").await;
    (used, app.count("select count(*) from access_tokens").await)
}

#[tokio::test]
async fn oidcc_server_and_ensure_request_with_valid_pkce_succeeds_a_code_becomes_tokens() {
    let app = TestApp::start().await;
    let (client, tokens) = app.tokens("alice", "wiki").await;
    assert_eq!(text(&tokens, "token_type"), "Bearer");
    assert_eq!(tokens["expires_in"], 600);
    assert_eq!(text(&tokens, "scope"), "openid profile email groups offline_access");
    assert!(text(&tokens, "access_token").starts_with("va_") && text(&tokens, "refresh_token").starts_with("vr_"));
    assert_eq!(tokens.as_object().map(serde_json::Map::len), Some(6), "{tokens}");
    assert_eq!(client.userinfo(text(&tokens, "access_token")).await.status, 200);
}

#[tokio::test]
async fn oidcc_server_client_secret_post_and_an_app_without_pkce_or_offline_access() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let code = app.code(&wiki, "alice", &PLAIN).await;
    let secret = wiki.secret.as_ref().expect("a secret").reveal();
    let mut unauthenticated = Client { secret: None, ..app.client(&wiki) };
    let answer = unauthenticated.token(&[&plain(&code.code)[..], &[("client_secret", secret)]].concat()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let tokens = json(&answer);
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_some(), "{tokens}");
    assert_eq!(text(&tokens, "scope"), "openid");
}

#[tokio::test]
async fn an_app_without_a_secret_names_itself_and_proves_the_code_by_pkce() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let phone = app.public_app("phone", REDIRECT).await;
    let code = app.code(&phone, "alice", &Allowed::default()).await;
    let answer = app.client(&phone).exchange(&code.code).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn gitlab_and_postiz_a_scope_beside_the_code_is_ignored_and_so_is_a_slash() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let code = app.code(&wiki, "alice", &PLAIN).await;
    let fields = [&plain(&code.code)[..], &[("scope", "openid profile api"), ("extra", "foobar")]].concat();
    let answer = app.client(&wiki).post("/oauth/token/", &fields).await;
    assert_eq!((answer.status, text(&json(&answer), "scope")), (200, "openid"), "{answer:?}");
}

#[tokio::test]
async fn row_8_a_challenge_and_a_verifier_go_together_and_the_code_is_burnt_otherwise() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let mut client = app.client(&wiki);
    let other = "another-verifier-of-43-unreserved-characters-x";
    for (allowed, verifier) in [(&PKCE, None), (&PKCE, Some(other)), (&PKCE, Some("short")), (&PLAIN, Some(VERIFIER))] {
        let code = app.code(&wiki, "alice", allowed).await;
        let sent = verifier.map(|verifier| ("code_verifier", verifier));
        let fields: Vec<_> = plain(&code.code).into_iter().chain(sent).collect();
        assert_refused(&client.token(&fields).await, 400, "invalid_grant");
        let right = if allowed.pkce { of_code(&code.code).to_vec() } else { plain(&code.code).to_vec() };
        assert_refused(&client.token(&right).await, 400, "invalid_grant");
    }
    assert_eq!(spent(&app).await, (4, 0));
}

#[tokio::test]
async fn row_19_a_code_in_other_hands_or_from_elsewhere_is_burnt() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let (ours, theirs) = (app.web_app("ours").await, app.web_app("theirs").await);
    let code = app.code(&ours, "alice", &PLAIN).await;
    assert_refused(&app.client(&theirs).token(&plain(&code.code)).await, 400, "invalid_grant");
    assert_refused(&app.client(&ours).token(&plain(&code.code)).await, 400, "invalid_grant");
    for uri in ["https://app.example/callback/", "https://app.example/", "https://evil.example/callback", "\0"] {
        let code = app.code(&ours, "alice", &PLAIN).await;
        let elsewhere = [("grant_type", "authorization_code"), ("code", code.code.as_str()), ("redirect_uri", uri)];
        assert_refused(&app.client(&ours).token(&elsewhere).await, 400, "invalid_grant");
        assert_refused(&app.client(&ours).token(&plain(&code.code)).await, 400, "invalid_grant");
    }
    assert_eq!(spent(&app).await, (5, 0));
}

#[tokio::test]
async fn a_code_expires() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let code = app.code(&wiki, "alice", &PLAIN).await;
    app.execute("update authorization_codes set expires_at = now()").await;
    assert_refused(&app.client(&wiki).token(&plain(&code.code)).await, 400, "invalid_grant");
}

#[tokio::test]
async fn oidcc_codereuse_a_second_use_ends_what_the_first_got() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let mut client = app.client(&wiki);
    let tokens = json(&client.exchange(&code.code).await);
    // As after the thirty seconds of the other module.
    app.execute("update authorization_codes set used_at = used_at - interval '30 seconds'").await;
    assert_refused(&client.exchange(&code.code).await, 400, "invalid_grant");
    assert_eq!(client.userinfo(text(&tokens, "access_token")).await.status, 401);
    assert_refused(&client.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");
    let reuse = "select count(*) from grants where ended_because = 'reuse'";
    assert_eq!(app.count(reuse).await, 1);
    assert_refused(&client.exchange(&code.code).await, 400, "invalid_grant");
    let events = "select count(*) from audit_events where kind = 'code_reused' and detail ->> 'client_id' = 'wiki'
        and user_id = (select id from users)";
    assert_eq!(app.count(events).await, 1, "told once");
    let page = person.get("/account/activity").await;
    assert!(page.body.contains("Signed out of an app: its sign-in code was used twice"), "{page:?}");
}

#[tokio::test]
async fn row_20_twenty_at_once_on_two_replicas_get_one_token_set_which_is_dead_then() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let clients = [app.client(&wiki), app.client(&wiki).at(&replica)];
    let answers: Vec<Answer> = race(20, |n| {
        let (mut client, code) = (clients[n % 2].clone(), code.code.clone());
        async move { client.exchange(&code).await }
    })
    .await;
    let (got, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((got.len(), refused.len()), (1, 19), "{answers:?}");
    for answer in refused {
        assert_refused(answer, 400, "invalid_grant");
    }
    let tokens: Value = json(got[0]);
    assert_eq!(clients[1].userinfo(text(&tokens, "access_token")).await.status, 401);
    assert_eq!(spent(&app).await, (1, 1));
}

#[tokio::test]
async fn a_database_that_is_away_or_fails_half_way_spends_no_code() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let away = TestApp::on(app.options.clone().port(1), &[]).await;
    let answer = app.client(&wiki).at(&away).exchange(&code.code).await;
    assert_refused(&answer, 503, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    // The last statement fails, as on a full disk.
    app.execute(
        "create function fail() returns trigger language plpgsql as
            $$ begin raise exception 'full' using errcode = 'disk_full'; end $$;
        create trigger fail before insert on refresh_tokens for each row execute function fail()",
    )
    .await;
    let answer = app.client(&wiki).exchange(&code.code).await;
    assert_refused(&answer, 503, "temporarily_unavailable");
    assert_eq!(spent(&app).await, (0, 0));
    app.execute("drop trigger fail on refresh_tokens").await;
    let answer = app.client(&wiki).exchange(&code.code).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_dump_of_the_database_holds_no_token() {
    let app = TestApp::start().await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    let refreshed = json(&client.refresh(text(&tokens, "refresh_token")).await);
    let tables = "select string_agg(to_jsonb(t)::text, ' ') from (
        select to_jsonb(x) from grants x union all select to_jsonb(x) from authorization_codes x
        union all select to_jsonb(x) from access_tokens x union all select to_jsonb(x) from refresh_tokens x
        union all select to_jsonb(x) from app_secrets x union all select to_jsonb(x) from audit_events x) t";
    let rows: String = sqlx::query_scalar(tables).fetch_one(&app.db).await.expect("the rows");
    let secret = client.secret.clone().expect("a secret");
    for token in
        [&tokens, &refreshed].into_iter().flat_map(|set| ["access_token", "refresh_token"].map(|name| text(set, name)))
    {
        assert!(!rows.contains(&token[3..]), "{token}");
        // As bytes, which the database prints as hexadecimal digits.
        let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!rows.contains(&hex), "{token}");
    }
    assert!(!rows.contains(&secret[3..]) && rows.contains("digest"));
}

#[tokio::test]
async fn services_and_hosts_behind_a_proxy_get_no_codes() {
    let app = TestApp::start().await;
    let service = register(&app.db, "robot", "service", REDIRECT).await;
    assert_refused(&app.client(&service).exchange("vc_x").await, 400, "unauthorized_client");
    let proxy = register(&app.db, "host", "proxy", REDIRECT).await;
    assert_refused(&app.client(&proxy).exchange("vc_x").await, 401, "invalid_client");
}
