//! Requests that apps push beforehand (RFC 9126), and the rows of the attack table that hold for this door as well.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    CHALLENGE, allow, answered, bring, code_of, codes, consent, error_of, go_on, good, next_of, path, requests,
};
use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    apps::{REDIRECT, Registered, register},
    browser::Browser,
    http::Answer,
    oidc::{Client, assert_refused, basic, form, json, text},
    race::race,
};

const PAR: &str = "/oauth/par";
/// Of the right form, and nobody's.
const UNKNOWN: &str = "urn:ietf:params:oauth:request_uri:AAAAAAAAAAAAAAAAAAAAAA";

/// Pushes a good request of an app with changes.
async fn push(client: &mut Client, changes: &[(&str, &str)]) -> Answer {
    let id = client.id.clone();
    let pushed: Vec<_> = good(&id, changes).into_iter().filter(|(name, _)| *name != "client_id").collect();
    client.post(PAR, &pushed).await
}

/// The `request_uri` of a request that was taken.
async fn pushed(client: &mut Client, changes: &[(&str, &str)]) -> String {
    let answer = push(client, changes).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let body = json(&answer);
    assert_eq!(body["expires_in"], 90);
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(2), "{body}");
    let uri = text(&body, "request_uri");
    assert!(uri.strip_prefix("urn:ietf:params:oauth:request_uri:").is_some_and(|id| id.len() == 22), "{uri}");
    uri.to_owned()
}

fn address(client_id: &str, uri: &str) -> String {
    path(&[("client_id", client_id), ("request_uri", uri)])
}

/// A page of ours, which leads nowhere.
#[track_caller]
fn assert_stopped(answer: &Answer, status: u16, what: &str) {
    assert_eq!((answer.status, answer.header("location")), (status, None), "{what}: {answer:?}");
    let (_, page) = answer.body.split_once("<h1>").expect("a page");
    // The language switch below it leads back here, whatever was sent.
    let (page, _) = page.split_once("<footer>").expect("its end");
    assert!(!page.contains("app.example") && !answer.body.contains("http-equiv"), "{what}: {answer:?}");
}

/// A person whose apps need no consent, and an app with a secret.
async fn trusted(app: &TestApp) -> (Browser, Registered) {
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    (app.person("alice").await, wiki)
}

#[tokio::test]
async fn a_pushed_request_is_used_once_and_what_comes_beside_it_counts_for_nothing() {
    let app = TestApp::start().await;
    let (mut person, wiki) = trusted(&app).await;
    let mut client = app.client(&wiki);
    for slash in ["", "/"] {
        let uri = pushed(&mut client, &[("nonce", "n-1")]).await;
        let beside = [
            ("client_id", "wiki"),
            ("request_uri", &uri),
            ("redirect_uri", "https://evil.example/callback"),
            ("scope", "openid profile email groups offline_access"),
            ("state", "evil"),
            ("prompt", "none"),
            ("ui_locales", "ko"),
        ];
        let asked = path(&beside).replace("/oauth/authorize?", &format!("/oauth/authorize{slash}?"));
        code_of(&app, &person.get(&asked).await);
        assert_stopped(&person.get(&asked).await, 410, "a second time");
    }
    assert_eq!(codes(&app).await, 2);
    let granted = "select count(*) from grants where scopes = '{openid,email}' and not offline";
    assert_eq!(app.count(granted).await, 2);
    assert_eq!(app.count("select count(*) from authorization_codes where nonce = 'n-1'").await, 2);
    let rest = "select string_agg(to_jsonb(r)::text, ' ') from authorization_requests r";
    let rows: String = sqlx::query_scalar(rest).fetch_one(&app.db).await.expect("the rows");
    let uri = pushed(&mut client, &[]).await;
    assert!(!rows.contains(&uri[34..]) && rows.contains("redirect_uri"), "a dump holds no request_uri: {rows}");
}

#[tokio::test]
async fn a_pushed_request_leads_through_sign_in_and_consent_by_get_and_by_post() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    app.sign_up("alice").await;
    let mut client = app.client(&wiki);
    let uri = pushed(&mut client, &[("login_hint", "alice"), ("ui_locales", "ko")]).await;
    let mut browser = app.browser();
    let asked = browser.get(&address("wiki", &uri)).await;
    let next = next_of(&asked, "/login");
    let login = browser.get(asked.location()).await;
    assert!(login.body.contains("lang=\"ko\"") && login.body.contains("value=\"alice\""), "{login:?}");
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", &next)];
    let entered = browser.submit(asked.location(), &fields).await;
    let asked = go_on(&mut browser, &entered).await;
    assert_eq!(next_of(&asked, "/oauth/consent"), next);
    code_of(&app, &consent(&mut browser, &next, "allow").await);
    // A form of another site brings no cookie.
    let uri = pushed(&mut client, &[]).await;
    let body = form(&[("client_id", "wiki"), ("request_uri", &uri)]);
    let posted = browser.post_raw("/oauth/authorize", body.as_bytes()).await;
    assert!(posted.status == 303 && posted.location().starts_with("/return?next="), "{posted:?}");
    code_of(&app, &go_on(&mut browser, &posted).await);
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_request_uri_of_another_app_expired_unknown_or_malformed_gets_a_page() {
    let app = TestApp::start().await;
    let (mut person, wiki) = trusted(&app).await;
    app.web_app("other").await;
    app.set_app("other", "consent = 'trusted'").await;
    let mut client = app.client(&wiki);
    let uri = pushed(&mut client, &[]).await;
    assert_stopped(&person.get(&address("other", &uri)).await, 410, "another app's");
    assert_stopped(&person.get(&address("wiki", UNKNOWN)).await, 410, "unknown");
    let prefix = "urn:ietf:params:oauth:request_uri:";
    for id in ["", "x", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA=", &"A".repeat(3000), "\u{1f600}", "A%00"] {
        // Beside a whole request, too: what it says is not used.
        let both = format!("{}&request_uri={prefix}{id}", path(&good("wiki", &[])));
        assert_stopped(&person.get(&both).await, 400, id);
    }
    assert_stopped(&person.get(&path(&[("request_uri", &uri)])).await, 400, "without client_id");
    let ours = path(&[("client_id", "wiki"), ("request_uri", &uri), ("request_uri", &uri)]);
    assert_stopped(&person.get(&ours).await, 400, "twice");
    code_of(&app, &person.get(&address("wiki", &uri)).await);
    let uri = pushed(&mut client, &[]).await;
    app.execute("update authorization_requests set expires_at = now()").await;
    assert_stopped(&person.get(&address("wiki", &uri)).await, 410, "expired");
    assert_eq!(codes(&app).await, 1);
    for foreign in ["https://app.example/request.jwt", "urn:example:x", "URN:ietf:params:oauth:request_uri:x"] {
        let answer = bring(&mut person, "wiki", &[("request_uri", foreign)]).await;
        assert_eq!(error_of(&app, &answer), "request_uri_not_supported", "{foreign}");
    }
}

#[tokio::test]
async fn sixteen_browsers_at_two_replicas_use_a_pushed_request_once() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let (person, wiki) = trusted(&app).await;
    let uri = pushed(&mut app.client(&wiki), &[]).await;
    let asked = address("wiki", &uri);
    let answers = race(16, |n| {
        let to = if n % 2 == 0 { app.address } else { replica.address };
        let (mut browser, asked) = (Browser { to, ..person.clone() }, asked.clone());
        async move { browser.get(&asked).await }
    })
    .await;
    let (got, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 303);
    assert_eq!((got.len(), refused.len(), codes(&app).await), (1, 15, 1), "{answers:?}");
    code_of(&app, got[0]);
    for answer in refused {
        assert_stopped(answer, 410, "later");
    }
}

#[tokio::test]
async fn rows_13_and_14_the_id_of_a_pushed_request_continues_nothing_and_gives_no_consent() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    let before = codes(&app).await;
    let uri = pushed(&mut app.client(&wiki), &[]).await;
    let next = format!("/oauth/authorize/continue?request={}", &uri[34..]);
    for path in [next.clone(), format!("/oauth/consent?next={next}")] {
        assert_eq!(person.get(&path).await.status, 404, "{path}");
    }
    let token = person.csrf_token_of("/logout").await;
    let fields = [("csrf_token", token.as_str()), ("next", &next), ("answer", "allow")];
    assert_eq!(person.post("/oauth/consent", &fields).await.status, 404);
    assert_eq!(codes(&app).await, before);
    // And what waits in one browser is no pushed request in another.
    let mut attacker = app.browser();
    let waiting = next_of(&bring(&mut attacker, "wiki", &[]).await, "/login");
    let id = waiting.rsplit('=').next().expect("an id");
    let stolen = format!("urn:ietf:params:oauth:request_uri:{id}");
    assert_stopped(&person.get(&address("wiki", &stolen)).await, 410, "another browser's");
    code_of(&app, &person.get(&address("wiki", &uri)).await);
}

#[tokio::test]
async fn rows_1_9_and_15_every_mistake_is_told_to_the_app() {
    let app = TestApp::start().await;
    let (_, wiki) = trusted(&app).await;
    app.set_app("wiki", "resources = '{https://a.example}'").await;
    let mut client = app.client(&wiki);
    for (name, value, error) in [
        ("redirect_uri", "", "invalid_request"),
        ("redirect_uri", "https://app.example/callback/", "invalid_request"),
        ("redirect_uri", "https://app.example.evil/callback", "invalid_request"),
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", CHALLENGE, "invalid_request"),
        ("code_challenge_method", "S256", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("claims", "[]", "invalid_request"),
        ("resource", "https://c.example", "invalid_target"),
        ("request", "e30.e30.", "request_not_supported"),
        ("registration", "{}", "registration_not_supported"),
        ("request_uri", UNKNOWN, "invalid_request"),
        ("request_uri", "https://app.example/request.jwt", "invalid_request"),
        ("client_id", "other", "invalid_request"),
    ] {
        let changed: Vec<_> = good("wiki", &[(name, value)]);
        let sent: Vec<_> =
            changed.into_iter().filter(|(name, value)| (*name, *value) != ("client_id", "wiki")).collect();
        assert_refused(&client.post(PAR, &sent).await, 400, error);
    }
    for name in
        ["client_id", "redirect_uri", "scope", "state", "response_type", "nonce", "code_challenge", "request_uri"]
    {
        let twice = [good("wiki", &[]), vec![(name, "wiki"), (name, "wiki")]].concat();
        assert_refused(&client.post(PAR, &twice).await, 400, "invalid_request");
    }
    assert_eq!(requests(&app).await, 0, "nothing is stored");
    let two = [("resource", "https://a.example"), ("resource", "https://a.example/")];
    assert_eq!(client.post(PAR, &[good("wiki", &[]), two.to_vec()].concat()).await.status, 201);
}

#[tokio::test]
async fn row_18_what_is_too_much_is_refused_and_not_stored() {
    let app = TestApp::start().await;
    let (mut person, wiki) = trusted(&app).await;
    let mut client = app.client(&wiki);
    let (state, scopes, padding) = ("s".repeat(8192), "scope ".repeat(500), "p".repeat(8000));
    let (longest, nonce) = ("s".repeat(2000), "n".repeat(513));
    for changes in [
        ("state", state.as_str()),
        ("scope", scopes.as_str()),
        ("extra", padding.as_str()),
        ("state", "a\0b"),
        ("state", "a\r\nLocation: https://evil.example"),
        ("nonce", &nonce),
    ] {
        assert_refused(&push(&mut client, &[changes]).await, 400, "invalid_request");
    }
    let broken = format!("{}&x=%FF", form(&good("wiki", &[])));
    let secret = client.secret.clone().expect("a secret");
    let mut raw = app.browser().with("Authorization", &basic("wiki", &secret));
    assert_refused(&raw.post_raw(PAR, broken.as_bytes()).await, 400, "invalid_request");
    assert_eq!(requests(&app).await, 0);
    let uri = pushed(&mut client, &[("state", &longest)]).await;
    assert_eq!(answered(&person.get(&address("wiki", &uri)).await)["state"], longest);
}

#[tokio::test]
async fn row_24_an_app_that_is_disabled_or_has_changed_pushes_and_uses_nothing() {
    let app = TestApp::start().await;
    let (mut person, wiki) = trusted(&app).await;
    let mut client = app.client(&wiki);
    let uri = pushed(&mut client, &[]).await;
    app.set_app("wiki", "disabled_at = now()").await;
    assert_refused(&push(&mut client, &[]).await, 401, "invalid_client");
    assert_stopped(&person.get(&address("wiki", &uri)).await, 410, "disabled since");
    app.set_app("wiki", "disabled_at = null").await;
    let uri = pushed(&mut client, &[]).await;
    app.execute("update app_addresses set uri = 'https://app.example/other'").await;
    assert_stopped(&person.get(&address("wiki", &uri)).await, 410, "the address was removed");
    let service = register(&app.db, "robot", "service", REDIRECT).await;
    assert_refused(&push(&mut app.client(&service), &[]).await, 400, "unauthorized_client");
    let wrong = Client { secret: Some("vs_wrong".into()), ..client.clone() };
    assert_refused(&push(&mut wrong.clone(), &[]).await, 401, "invalid_client");
    let nobody = Client { secret: None, ..client };
    assert_refused(&push(&mut nobody.clone(), &[]).await, 401, "invalid_client");
    assert_eq!(codes(&app).await, 0);
}

#[tokio::test]
async fn rows_31_and_32_parameters_and_credentials_come_one_way() {
    let app = TestApp::start().await;
    let (mut person, wiki) = trusted(&app).await;
    let secret = wiki.secret.as_ref().expect("a secret").reveal().to_owned();
    let authorization = basic("wiki", &secret);
    let browser = || app.browser().with("Authorization", &authorization);
    let fields = form(&good("wiki", &[]));
    assert_refused(&browser().post_raw(&format!("{PAR}?{fields}"), b"").await, 400, "invalid_request");
    let json_body = browser().with("Content-Type", "application/json").post_raw(PAR, b"{}").await;
    assert_refused(&json_body, 415, "invalid_request");
    for method in ["GET", "PUT", "DELETE"] {
        for path in [PAR, "/oauth/par/"] {
            assert_refused(&browser().send(method, path, None).await, 405, "invalid_request");
        }
    }
    let both = format!("{fields}&client_secret={secret}");
    assert_refused(&browser().post_raw(PAR, both.as_bytes()).await, 400, "invalid_request");
    for joined in ["wiki", "wiki:%zz", &format!("wiki:+{secret}"), "wiki:"] {
        let field = format!("Basic {}", STANDARD.encode(joined));
        let answer = app.browser().with("Authorization", &field).post_raw(PAR, fields.as_bytes()).await;
        assert_refused(&answer, 401, "invalid_client");
    }
    assert_refused(&person.post_raw(PAR, fields.as_bytes()).await, 401, "invalid_client");
    assert_eq!(requests(&app).await, 0);
    // A secret in the body, with a slash; and a repeated push is another request.
    let kept = "select count(*) from form_answers";
    let before = app.count(kept).await;
    let mut uris = Vec::new();
    for _ in 0..2 {
        let answer = app.browser().post_raw("/oauth/par/", both.as_bytes()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        uris.push(text(&json(&answer), "request_uri").to_owned());
    }
    assert!(uris[0] != uris[1] && app.count(kept).await == before);
}

#[tokio::test]
async fn anyone_can_push_for_an_app_without_a_secret_so_a_network_pushes_only_so_much() {
    let app = TestApp::start().await;
    let phone = app.public_app("phone", REDIRECT).await;
    let mut client = app.client(&phone);
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let mut statuses = Vec::new();
    for _ in 0..230 {
        statuses.push(push(&mut client, &pkce).await.status);
    }
    assert!(statuses[..200].iter().all(|status| *status == 201) && statuses.contains(&429), "{statuses:?}");
    let limited = push(&mut client, &pkce).await;
    assert_refused(&limited, 429, "temporarily_unavailable");
    assert!(limited.header("retry-after").is_some(), "{limited:?}");
    let wiki = app.web_app("wiki").await;
    pushed(&mut app.client(&wiki), &[]).await;
}

#[tokio::test]
async fn requests_that_visitors_leave_behind_are_bounded_in_all() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    let most = vestibule::apps::requests::KEPT_MAX;
    app.execute(&format!(
        "insert into authorization_requests (digest, app_id, parameters, browser, expires_at)
        select sha256(n::text::bytea), '{}', '{{}}', sha256('x'), now() + interval '5 minutes' + n * interval '1 ms'
        from generate_series(1, {most} + 1500) n",
        wiki.id
    ))
    .await;
    let mut browser = app.browser();
    let newest = next_of(&bring(&mut browser, "wiki", &[]).await, "/login");
    app.sweep().await;
    assert_eq!(requests(&app).await, most);
    let kept = "select count(*) from authorization_requests where digest = sha256('1501'::bytea)";
    assert_eq!(app.count(kept).await, 0, "the first to expire went");
    assert_eq!(app.count(&kept.replace("1501", "1502")).await, 1);
    assert_eq!(next_of(&browser.get(&newest).await, "/login"), newest);
}

#[tokio::test]
async fn a_database_that_is_away_takes_no_push_and_spends_none() {
    let app = TestApp::start().await;
    let (mut person, wiki) = trusted(&app).await;
    let mut client = app.client(&wiki);
    let uri = pushed(&mut client, &[]).await;
    let away = TestApp::on(app.options.clone().port(1), &[]).await;
    assert_refused(&push(&mut client.at(&away), &[]).await, 503, "temporarily_unavailable");
    let mut elsewhere = Browser { to: away.address, ..person.clone() };
    let answer = elsewhere.get(&address("wiki", &uri)).await;
    assert_eq!((answer.status, answer.header("location")), (503, None), "{answer:?}");
    code_of(&app, &person.get(&address("wiki", &uri)).await);
}
