//! How apps authenticate, and how the endpoints that they call refuse.

use std::net::Ipv4Addr;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::support::{
    app::TestApp,
    browser::Browser,
    http::Answer,
    oidc::{Allowed, Client, assert_refused, basic, form, json, of_code, text},
};

const CHALLENGE: &str = "Basic realm=\"vestibule\", charset=\"UTF-8\"";

async fn with_header(app: &TestApp, field: &str, fields: &[(&str, &str)]) -> Answer {
    app.browser().with("Authorization", field).post_raw("/oauth/token", form(fields).as_bytes()).await
}

#[tokio::test]
async fn row_32_credentials_are_read_strictly_and_one_way() {
    let app = TestApp::start().await;
    app.person("alice").await;
    let wiki = app.web_app("wiki").await;
    let secret = wiki.secret.as_ref().expect("a secret").reveal().to_owned();
    let code = app.code(&wiki, "alice", &Allowed::default()).await;
    let fields = of_code(&code.code);
    for joined in ["wiki", "wiki:%zz", &format!("wiki:+{secret}"), &format!("{secret}:wiki"), "wiki:", ":", "no one:x"]
    {
        let answer = with_header(&app, &format!("Basic {}", STANDARD.encode(joined)), &fields).await;
        assert_refused(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), Some(CHALLENGE), "{joined}: {answer:?}");
    }
    for field in ["Basic", "Basic *", "Bearer abc", "", &format!("Basic {}", STANDARD.encode("wiki\0:x"))] {
        assert_refused(&with_header(&app, field, &fields).await, 401, "invalid_client");
    }
    let both = [&fields[..], &[("client_secret", secret.as_str())]].concat();
    assert_refused(&with_header(&app, &basic("wiki", &secret), &both).await, 400, "invalid_request");
    let differs = [&fields[..], &[("client_id", "other")]].concat();
    assert_refused(&with_header(&app, &basic("wiki", &secret), &differs).await, 400, "invalid_request");
    let twice = app.browser().with("Authorization", &basic("wiki", &secret)).with("Authorization", "Basic eA==");
    let answer = twice.clone().post_raw("/oauth/token", form(&fields).as_bytes()).await;
    assert_refused(&answer, 400, "invalid_request");
    // None of them has spent the code. Every character may be encoded, and the id may stand in the body as well.
    let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let same = [&fields[..], &[("client_id", "wiki")]].concat();
    let right = with_header(&app, &format!("basic {}", STANDARD.encode(format!("wiki:{encoded}"))), &same).await;
    assert_eq!(right.status, 200, "{right:?}");
}

#[tokio::test]
async fn row_24_an_unknown_a_disabled_and_a_wrong_app_are_told_the_same() {
    let app = TestApp::start().await;
    let (wiki, off) = (app.web_app("wiki").await, app.web_app("off").await);
    let phone = app.public_app("phone", "http://127.0.0.1/cb").await;
    app.set_app("off", "disabled_at = now()").await;
    let secret = |client: &Client| client.secret.clone();
    let (wiki, off, phone) = (app.client(&wiki), app.client(&off), app.client(&phone));
    let mut answers = Vec::new();
    for mut client in [
        off.clone(),
        Client { id: "nobody".into(), ..wiki.clone() },
        Client { secret: secret(&off), ..wiki.clone() },
        Client { secret: Some("vs_x".into()), ..wiki.clone() },
        Client { secret: Some("x\0".into()), ..wiki.clone() },
        Client { secret: secret(&wiki), ..phone.clone() },
        Client { id: "no\0body".into(), ..wiki.clone() },
        Client { id: "x".repeat(2049), ..wiki.clone() },
    ] {
        answers.push(client.refresh("vr_x").await);
    }
    for answer in &answers {
        assert_refused(answer, 401, "invalid_client");
        assert_eq!(answer.body, answers[0].body);
        assert_eq!(answer.header("www-authenticate"), Some(CHALLENGE));
    }
    for fields in [&[("client_id", "wiki")][..], &[], &[("client_id", "nobody")], &[("client_secret", "x")]] {
        let answer = app.browser().post_raw("/oauth/token", form(fields).as_bytes()).await;
        assert_refused(&answer, 401, "invalid_client");
        assert_eq!((answer.header("www-authenticate"), &answer.body), (None, &answers[0].body), "{answer:?}");
    }
    let assertion = [("client_id", "phone"), ("client_assertion", "e30.e30."), ("grant_type", "refresh_token")];
    let answer = app.browser().post_raw("/oauth/token", form(&assertion).as_bytes()).await;
    assert_refused(&answer, 401, "invalid_client");
}

#[tokio::test]
async fn row_31_parameters_come_in_one_form_and_nowhere_else() {
    let app = TestApp::start().await;
    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    let token = text(&tokens, "refresh_token");
    let secret = client.secret.clone().expect("a secret");
    let authorization = basic("wiki", &secret);
    let browser = || app.browser().with("Authorization", &authorization);
    let fields = form(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let in_query = browser().post_raw(&format!("/oauth/token?{fields}"), b"").await;
    assert_refused(&in_query, 400, "invalid_request");
    let json_body = browser().with("Content-Type", "application/json").post_raw("/oauth/token", b"{}").await;
    assert_refused(&json_body, 415, "invalid_request");
    for method in ["GET", "PUT", "DELETE"] {
        for path in ["/oauth/token", "/oauth/token/", "/oauth/introspect", "/oauth/revoke"] {
            let answer = browser().send(method, path, None).await;
            assert_refused(&answer, 405, "invalid_request");
            assert!(answer.header("allow").is_some_and(|allow| allow.contains("POST")), "{answer:?}");
        }
    }
    let large = browser().post_raw("/oauth/token", &[b'a'; 40_000]).await;
    assert_refused(&large, 413, "invalid_request");
    for body in ["grant_type=%zz", "grant_type=%FF", "grant_type=refresh_token&grant_type=refresh_token", "a=b", ""] {
        assert_refused(&browser().post_raw("/oauth/token", body.as_bytes()).await, 400, "invalid_request");
    }
    for grant_type in ["password", "implicit", "\0", "urn:ietf:params:oauth:grant-type:device_code"] {
        let answer = browser().post_raw("/oauth/token", form(&[("grant_type", grant_type)]).as_bytes()).await;
        assert_refused(&answer, 400, "unsupported_grant_type");
    }
    let repeated = format!("{fields}&refresh_token=vr_x");
    assert_refused(&browser().post_raw("/oauth/token", repeated.as_bytes()).await, 400, "invalid_request");
    assert_eq!(client.refresh(token).await.status, 200, "nothing of it was read");
}

#[tokio::test]
async fn row_34_wrong_secrets_are_limited_and_the_right_one_gets_in_from_elsewhere() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    let right = app.client(&wiki);
    let wrong = Client { secret: Some("vs_wrong".into()), ..right.clone() };
    let from = |client: &Client, address: Ipv4Addr| Client {
        browser: Browser::new(app.address).at(address),
        ..client.clone()
    };
    let mut limited = 0;
    for n in 0..200 {
        // Two hundred apps from one network: most of them do not exist.
        let id = if n % 2 == 0 { "wiki".to_owned() } else { format!("app-{n}") };
        let mut client = Client { id, ..from(&wrong, Ipv4Addr::new(127, 9, 0, 1)) };
        let answer = client.refresh("vr_x").await;
        if answer.status == 429 {
            assert_refused(&answer, 429, "temporarily_unavailable");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            limited += 1;
        } else {
            assert_refused(&answer, 401, "invalid_client");
        }
    }
    assert!((100..=150).contains(&limited), "{limited} were limited");
    for address in [Ipv4Addr::new(127, 9, 0, 2), Ipv4Addr::new(127, 9, 0, 1)] {
        assert_refused(&from(&right, address).refresh("vr_x").await, 400, "invalid_grant");
    }
    assert_refused(&from(&wrong, Ipv4Addr::new(127, 9, 0, 2)).refresh("vr_x").await, 401, "invalid_client");
}

#[tokio::test]
async fn row_34_wrong_secrets_of_one_app_from_everywhere_lock_it_out_nowhere() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    let right = app.client(&wiki);
    let mut limited = false;
    for n in 0..=253_u8 {
        let browser = Browser::new(app.address).at(Ipv4Addr::new(127, 9, 1, n + 1));
        let mut client = Client { secret: Some("vs_wrong".into()), browser, ..right.clone() };
        limited |= client.refresh("vr_x").await.status == 429;
    }
    assert!(limited);
    assert_refused(&right.clone().refresh("vr_x").await, 400, "invalid_grant");
}

#[tokio::test]
async fn the_session_of_a_browser_counts_for_nothing_here() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for path in ["/oauth/token", "/oauth/introspect", "/oauth/revoke"] {
        assert_refused(&person.post_raw(path, b"token=x").await, 401, "invalid_client");
    }
    assert_eq!(person.get("/oauth/userinfo").await.status, 401);
}

#[tokio::test]
async fn a_repeated_request_is_answered_anew() {
    let app = TestApp::start().await;
    let (mut client, _) = app.tokens("alice", "wiki").await;
    let kept = "select count(*) from form_answers";
    let before = app.count(kept).await;
    let first = client.refresh("vr_x").await;
    assert_eq!(json(&first), json(&client.refresh("vr_x").await));
    assert_eq!(app.count(kept).await, before);
}
