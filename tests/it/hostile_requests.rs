//! Whole requests that no page of ours makes: other bodies, other hosts, other fields.

use std::net::Ipv4Addr;

use crate::{
    coverage::assert_guarded,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::{Answer, exchange},
    },
};
use vestibule::{
    app,
    web::{access::Access, routes::Route},
};

/// The forms that everybody reaches; the others lead to the sign-in page before they look at a body.
fn forms(app: &TestApp) -> Vec<&'static str> {
    let routes = app::routes(&app.state);
    let open =
        |route: &&Route| route.method == "POST" && matches!(route.policy.access, Access::Public | Access::Anyone);
    routes.list().iter().filter(open).map(|route| route.policy.path).collect()
}

/// A browser with the token that its next form would carry.
async fn ready(app: &TestApp) -> (Browser, String) {
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    (browser, token)
}

/// Sends the same to every form, as a person and as a program; each says why not, and stores nothing.
async fn assert_every_form_refuses(status: u16, headers: &[(&str, &str)], body: impl Fn(&str) -> Vec<u8>) {
    let app = TestApp::start().await;
    for path in forms(&app) {
        for accept in ["text/html", "application/json"] {
            let (mut browser, token) = ready(&app).await;
            browser = headers.iter().fold(browser, |browser, (name, value)| browser.with(name, value));
            let answer = browser.with("Accept", accept).post_raw(path, &body(&token)).await;
            let what = format!("{path} with {headers:?} to {accept}");
            assert_eq!(answer.status, status, "{what}: {answer:?}");
            assert_guarded(&answer, &what);
            if accept == "text/html" {
                assert!(answer.body.contains("<h1>"), "{what}: {answer:?}");
            } else {
                let kind = answer.header("content-type");
                assert_eq!(kind, Some("application/problem+json; charset=utf-8"), "{what}");
                let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
                assert_eq!(problem["status"], status, "{what}");
                assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}");
            }
        }
    }
    let nothing =
        "select (select count(*) from users) + (select count(*) from sessions) + (select count(*) from attempt_limits)";
    assert_eq!(app.count(nothing).await, 0, "nothing is stored and no try is taken");
}

/// The fields of a good sign-up, encoded for a form.
fn sign_up_body(token: &str) -> Vec<u8> {
    format!("csrf_token={token}&username=mallory&email=m%40example.com&password=correct+horse+battery").into_bytes()
}

#[tokio::test]
async fn asvs_3_5_2_a_form_that_calls_itself_something_else_is_no_form() {
    for content_type in [
        "text/plain",
        "application/json",
        "application/json; charset=utf-8",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencodedx",
        "text/plain; application/x-www-form-urlencoded",
        "",
    ] {
        assert_every_form_refuses(415, &[("Content-Type", content_type)], sign_up_body).await;
    }
}

#[tokio::test]
async fn f19_a_compressed_form_is_refused_before_it_grows() {
    for encoding in ["gzip", "deflate", "br", "zstd", "identity, gzip"] {
        assert_every_form_refuses(415, &[("Content-Encoding", encoding)], sign_up_body).await;
    }
}

#[tokio::test]
async fn f19_ten_thousand_fields_or_a_megabyte_are_refused() {
    let many = |count: usize| {
        move |token: &str| {
            let fields: Vec<_> = (0..count).map(|n| format!("{n}=")).collect();
            format!("csrf_token={token}&{}", fields.join("&")).into_bytes()
        }
    };
    assert_every_form_refuses(413, &[], many(10_000)).await;
    assert_every_form_refuses(400, &[], many(1_000)).await;
    assert_every_form_refuses(413, &[], |token| {
        [b"csrf_token=", token.as_bytes(), b"&username=", &vec![b'a'; 1_000_000]].concat()
    })
    .await;
    assert_every_form_refuses(413, &[], |_| vec![b'&'; 1_000_000]).await;
}

#[tokio::test]
async fn the_right_type_is_taken_in_every_spelling() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for content_type in ["Application/X-WWW-Form-URLEncoded", "application/x-www-form-urlencoded ; charset=UTF-8"] {
        let mut browser = app.browser().with("Content-Type", content_type);
        assert_eq!(sign_in(&mut browser, "alice", PASSWORD).await.status, 303, "{content_type}");
    }
}

#[tokio::test]
async fn asvs_15_3_5_json_is_never_read_as_a_form() {
    let app = TestApp::start().await;
    for body in [
        r#"{"identifier":["alice"],"password":"x"}"#,
        r#"{"identifier":{"$ne":null},"identifier":1}"#,
        &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        for content_type in ["application/json", "application/x-www-form-urlencoded"] {
            let (browser, token) = ready(&app).await;
            let mut browser = browser.with("Content-Type", content_type).with("X-CSRF-Token", &token);
            let status = browser.post_raw("/login", body.as_bytes()).await.status;
            assert!(matches!(status, 400 | 403 | 415), "{content_type} {body:.40}: {status}");
        }
    }
}

/// A request whose head is written by hand.
pub async fn raw(app: &TestApp, line: &str, headers: &[&str], body: &str) -> Answer {
    let length = format!("Content-Length: {}", body.len());
    let mut head = vec![line, "Connection: close", "Content-Type: application/x-www-form-urlencoded", &length];
    head.extend_from_slice(headers);
    let request = format!("{}\r\n\r\n{body}", head.join("\r\n"));
    exchange(app.address, Ipv4Addr::LOCALHOST, request.as_bytes()).await.expect("an answer")
}

#[tokio::test]
async fn cve_2025_64101_no_header_changes_where_an_answer_leads() {
    for settings in [&[][..], &[("VESTIBULE_TRUSTED_PROXIES", "127.0.0.0/8")]] {
        let app = TestApp::with(settings).await;
        app.sign_up("alice").await;
        let forged: [&[&str]; 9] = [
            &["Host: evil.example"],
            &["Host: evil.example:443", "X-Forwarded-Host: evil.example"],
            &["Host: localhost", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Port: 444"],
            &["Host: localhost", "X-Forwarded-Prefix: //evil.example", "X-Forwarded-Uri: //evil.example/"],
            &["Host: localhost", "Forwarded: host=evil.example;proto=https;for=1.1.1.1"],
            &["Host: localhost", "X-Original-URL: //evil.example", "X-Rewrite-URL: //evil.example"],
            &["Host: localhost", "X-Host: evil.example", "X-HTTP-Host-Override: evil.example"],
            &["Host: localhost", "Host: evil.example"],
            &["Host: localhost", "Referer: https://evil.example/", "X-Forwarded-Server: evil.example"],
        ];
        for headers in forged {
            for path in
                ["/", "/dashboard", "/login", "/register", "/favicon.ico", "/.well-known/change-password", "/nothing"]
            {
                for line in [format!("GET {path} HTTP/1.1"), format!("GET http://evil.example{path} HTTP/1.1")] {
                    let answer = raw(&app, &line, headers, "").await;
                    let what = format!("{line} with {headers:?}");
                    assert!(!format!("{answer:?}").contains("evil"), "{what}: {answer:?}");
                    let local = answer.header("location").is_none_or(|at| at.starts_with('/') && !at.starts_with("//"));
                    assert!(local, "{what}: {answer:?}");
                }
            }
            let (browser, token) = ready(&app).await;
            let cookie = format!("Cookie: vestibule_csrf={}", browser.cookies["vestibule_csrf"]);
            let body = format!("csrf_token={token}&identifier=alice&password=correct+horse+battery");
            let answer = raw(&app, "POST /login HTTP/1.1", &[headers, &[&cookie]].concat(), &body).await;
            assert!(answer.status == 303 && answer.location() == "/dashboard" || answer.status == 400, "{answer:?}");
            assert!(!format!("{answer:?}").contains("evil"), "{headers:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn odd_targets_lead_nowhere_else() {
    let app = TestApp::start().await;
    for target in [
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "//login/",
        "/%6cogin/",
        "/login//",
        "/login/%2f",
        "/login\\",
        "/LOGIN/",
        "//evil.example/login/",
        "/login/../dashboard/",
        "/login/../dashboard",
        "/%2e%2e/dashboard",
        "/dashboard;a=b",
        "/dashboard%00",
        "/DASHBOARD",
        "/dashboard/..%2f",
        "/static/../Cargo.toml",
        "/static/x/..%2f..%2fCargo.toml",
        "/static/%FF/%FF",
        "*",
        "/metrics",
        "/debug",
        "/debug/pprof",
        "/openapi.json",
        "/.env",
        "/.git/config",
        "/server-status",
    ] {
        let answer = raw(&app, &format!("GET {target} HTTP/1.1"), &["Host: localhost"], "").await;
        assert!(matches!(answer.status, 400 | 404), "{target}: {answer:?}");
        assert_guarded(&answer, target);
    }
    for target in ["/dashboard?next=//evil.example", "/dashboard?x=%00&y=%FF", "/login?next=//evil.example&next=/a"] {
        let answer = raw(&app, &format!("GET {target} HTTP/1.1"), &["Host: localhost"], "").await;
        let at = answer.header("location").unwrap_or("/");
        assert!(
            matches!(answer.status, 200 | 303) && at.starts_with('/') && !at.starts_with("//"),
            "{target}: {answer:?}"
        );
        // The page's own address may stand in it, as where to come back to.
        assert!(
            !answer.body.contains("\"//evil") && !answer.body.contains("\"&#x2F;&#x2F;evil"),
            "{target}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn asvs_15_3_3_no_extra_field_names_an_account_or_a_session() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut robert = app.person("robert").await;
    let (alice, session): (String, String) =
        sqlx::query_as("select u.id::text, s.id::text from users u, sessions s where u.username = 'alice' limit 1")
            .fetch_one(&app.db)
            .await
            .expect("two people");
    let extra =
        [("user_id", alice.as_str()), ("id", &alice), ("session_id", &session), ("is_admin", "true"), ("aal", "3")];
    let mut mallory = app.browser();
    let mut fields = vec![("identifier", "mallory"), ("password", PASSWORD)];
    fields.extend(extra);
    assert_eq!(mallory.submit("/login", &fields).await.status, 422);
    assert_eq!(mallory.submit("/register", &extra).await.status, 422);
    assert!(!is_signed_in(&mut mallory).await);
    for query in ["user_id", "id", "session", "as"] {
        assert_eq!(mallory.get(&format!("/api/v1/session?{query}={alice}")).await.status, 401);
        let own = robert.get(&format!("/api/v1/session?{query}={alice}")).await;
        assert!(own.body.contains("robert") && !own.body.contains("alice"), "{}", own.body);
    }
    for header in ["Remote-User", "X-Forwarded-User", "X-User-Id", "Authorization"] {
        assert!(!is_signed_in(&mut app.browser().with(header, "alice")).await, "{header}");
    }
}

#[tokio::test]
async fn asvs_16_5_1_a_fault_tells_its_number_and_nothing_else() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    app.execute("alter table sessions rename column aal to level").await;
    for accept in ["text/html", "application/json"] {
        let answer = person.clone().with("Accept", accept).get("/dashboard").await;
        assert_eq!(answer.status, 500, "{answer:?}");
        assert_guarded(&answer, accept);
        for inside in ["sqlx", "select", "column", "aal", "sessions s", "src/", "PostgreSQL", env!("CARGO_PKG_VERSION")]
        {
            assert!(!answer.body.contains(inside), "{inside} in {}", answer.body);
        }
        let id = answer.body.split(|c: char| !c.is_ascii_hexdigit()).any(|word| word.len() == 32);
        assert!(id, "the request's id: {}", answer.body);
    }
    app.execute("alter table sessions rename column level to aal").await;
    assert!(is_signed_in(&mut person).await, "the next request is served");
}
