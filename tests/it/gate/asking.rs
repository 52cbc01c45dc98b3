//! What proxies are told.

use super::{HOST, PAGE, Visitor, admit, identity, inside, start};
use crate::support::{app::TestApp, browser::Browser, http::Answer};
use std::net::Ipv4Addr;

/// A question of each proxy about one request.
async fn each(app: &TestApp, host: &Browser, method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for proxy in ["nginx", "traefik", "caddy", "haproxy", "envoy"] {
        let mut asks = Browser { to: app.address, ..host.clone() };
        for (name, value) in headers {
            asks = asks.with(name, value);
        }
        let asked = match proxy {
            "nginx" => {
                let asks = asks.with("X-Original-URL", &format!("{HOST}{path}")).with("X-Original-Method", method);
                asks.clone().get("/gate/nginx").await
            }
            "envoy" => {
                let mut asks = asks.with("X-Forwarded-Proto", "https");
                let request = asks.request(method, &format!("/gate/envoy{path}"), None);
                let host = format!("Host: {}", app.address);
                let text = String::from_utf8(request).expect("text").replace(&host, "Host: wiki.example.com");
                asks.headers.clear();
                crate::support::settle::settled(app.address).await;
                crate::support::http::exchange(app.address, asks.from, text.as_bytes()).await.expect("an answer")
            }
            other => {
                let asks = asks.with("X-Forwarded-Proto", "https").with("X-Forwarded-Host", "wiki.example.com");
                let mut asks = asks.with("X-Forwarded-Uri", path).with("X-Forwarded-Method", method);
                asks.get(&format!("/gate/{other}")).await
            }
        };
        answers.push(asked);
    }
    answers
}

/// The answer's size, head and all.
fn size(answer: &Answer) -> (usize, usize) {
    let head = answer.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>();
    (head, answer.body.len())
}

#[tokio::test]
async fn a_navigation_is_sent_to_sign_in_and_everything_else_is_refused() {
    let app = start().await;
    let nobody = Browser::new(app.address);
    let knock = "https://wiki.example.com/.vestibule/knock?to=%2Fa%3Fb";
    for (n, answer) in each(&app, &nobody, "GET", "/a?b", &[PAGE]).await.iter().enumerate() {
        assert_eq!((answer.status, answer.location()), (if n == 0 { 401 } else { 302 }, knock), "{answer:?}");
    }
    let html = [("Accept", "text/html")];
    for answer in each(&app, &nobody, "GET", "/a", &html).await {
        assert!(answer.header("location").is_some(), "a browser without fetch metadata: {answer:?}");
    }
    let upgrade = [("Sec-Fetch-Mode", "websocket"), ("Upgrade", "websocket"), ("Accept", "text/html")];
    for (method, headers) in [
        ("POST", &[PAGE, ("Accept", "text/html")][..]),
        ("PUT", &html),
        ("GET", &[("Sec-Fetch-Mode", "cors"), ("Accept", "text/html")]),
        ("GET", &[("Accept", "application/json")]),
        ("GET", &[]),
        ("GET", &upgrade),
        ("OPTIONS", &[("Origin", "https://other.example"), ("Access-Control-Request-Method", "PUT")]),
    ] {
        for answer in each(&app, &nobody, method, "/api", headers).await {
            assert_eq!((answer.status, answer.header("location")), (401, None), "{method} {headers:?}: {answer:?}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json; charset=utf-8"));
            assert!(answer.header("www-authenticate").is_some() && answer.body.contains("not-signed-in"));
        }
    }
}

#[tokio::test]
async fn row_57_an_answer_of_200_has_all_six_headers_and_a_bad_cookie_gets_none() {
    let app = start().await;
    let visitor = inside(&app, "alice").await;
    let id = app.id("alice").await.to_string();
    let expected = ["alice", "alice@example.com", "", "", id.as_str(), "1"];
    for answer in each(&app, &visitor.host, "POST", "/x", &[]).await {
        assert_eq!((answer.status, identity(&answer)), (200, expected), "{answer:?}");
    }
    app.execute("update users set display_name = '김민지 100%', email_verified_at = null, verify_by = now() + '1 day'")
        .await;
    admit(&app, "staff", &["alice"]).await;
    let answer = visitor.opens("/").await;
    assert_eq!(answer.header("location").map(|_| answer.status), Some(401), "an address that is not verified any more");
    app.execute("update users set email_verified_at = now(), verify_by = null").await;
    for answer in each(&app, &visitor.host, "GET", "/x", &[]).await {
        let [_, _, name, groups, ..] = identity(&answer);
        assert_eq!((name, groups), ("%EA%B9%80%EB%AF%BC%EC%A7%80 100%25", "staff"));
    }
    let good = visitor.host.cookies["__Host-vestibule-gate"].clone();
    let long = "a".repeat(20_000);
    let bad = [
        String::new(),
        "garbage".into(),
        format!("{good}="),
        format!("{good}; __Host-vestibule-gate=AAAAAAAAAAAAAAAAAAAAAA"),
        "\u{1}".into(),
        long,
    ];
    for cookie in bad {
        let mut host = visitor.host.clone();
        host.cookies.insert("__Host-vestibule-gate".into(), cookie.clone());
        for answer in each(&app, &host, "GET", "/x", &[PAGE]).await {
            assert!([302, 400, 401].contains(&answer.status), "{cookie:.40}: {answer:?}");
            assert_eq!(answer.header("remote-user"), None);
        }
        host.cookies.remove("__Host-vestibule-gate");
        // A cookie of the same value that another host could set.
        host.cookies.insert("vestibule-gate".into(), good.clone());
        assert_eq!(each(&app, &host, "GET", "/x", &[]).await[0].status, 401);
    }
    let huge = "a".repeat(64 * 1024);
    let answers = each(&app, &visitor.host, "GET", "/x", &[("Cookie", &huge)]).await;
    assert!(answers.iter().all(|answer| answer.status >= 400), "{answers:?}");
}

#[tokio::test]
async fn rows_56_and_58_no_path_method_or_agent_is_exempted() {
    let app = start().await;
    let nobody = Browser::new(app.address);
    let spoofed = [
        ("X-Original-URI", "/.vestibule/enter"),
        ("X-Forwarded-Prefix", "/.vestibule"),
        ("X-Rewrite-Url", "/livez"),
        ("X-Auth-Request-Redirect", "/public"),
        ("User-Agent", "GoogleHC/1.0 kube-probe ELB-HealthChecker/2.0"),
    ];
    for path in [
        "/.vestibule/enter",
        "/.vestibule/../private",
        "/livez",
        "/outpost.goauthentik.io/callback",
        "/oauth2/static/x.css",
        "/private?x=/public",
        "/private%23/public",
        "/favicon.ico",
        "/robots.txt",
        "/.well-known/acme-challenge/x",
        "//",
    ] {
        for method in ["GET", "POST", "OPTIONS"] {
            for answer in each(&app, &nobody, method, path, &spoofed).await {
                assert_eq!(answer.status, 401, "{method} {path}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn row_61_only_trusted_proxies_may_ask_and_only_about_hosts_of_apps() {
    let app = start().await;
    let mut visitor = inside(&app, "alice").await;
    let stranger = visitor.host.clone().at(Ipv4Addr::new(127, 0, 0, 2));
    // A header does not make a proxy of a stranger.
    let forged = [("X-Forwarded-For", "127.0.0.1"), PAGE];
    for answer in each(&app, &stranger, "GET", "/", &forged).await {
        assert_eq!((answer.status, answer.header("location")), (403, None), "{answer:?}");
        assert!(answer.header("remote-user").is_none() && answer.body.contains("urn:vestibule:problem:denied"));
    }
    let at_stranger = Visitor { host: stranger, ..visitor.clone() };
    for path in ["/.vestibule/knock", "/.vestibule/enter?ticket=AAAAAAAAAAAAAAAAAAAAAA", "/.vestibule/leave"] {
        assert_eq!(at_stranger.clone().at(path).await.status, 404, "{path}");
    }
    for origin in ["https://other.example.com", "http://wiki.example.com", "https://wiki.example.com:8443"] {
        let elsewhere = Visitor { origin: origin.into(), ..visitor.clone() };
        let answer = elsewhere.opens("/").await;
        assert_eq!((answer.status, answer.header("location")), (403, None), "{origin}: {answer:?}");
        assert_eq!(elsewhere.clone().at("/.vestibule/knock").await.status, 404, "{origin}");
        let query = url::form_urlencoded::byte_serialize(origin.as_bytes()).collect::<String>();
        let knock = "A".repeat(43);
        assert_eq!(visitor.id.get(&format!("/gate?host={query}&to=/&knock={knock}")).await.status, 404, "{origin}");
        assert_eq!(visitor.id.get(&format!("/gate/again?host={query}")).await.status, 404);
    }
    for path in ["/gate/nginx", "/gate/traefik", "/gate/envoy/", "/gate/envoy/x"] {
        assert_eq!(visitor.host.get(path).await.status, 403, "{path} without facts");
    }
    assert_eq!(app.count("select count(*) from gate_tickets").await, 1, "no ticket but the one of the way in");
}

#[tokio::test]
async fn row_64_every_answer_is_small() {
    let app = start().await;
    let visitor = inside(&app, "alice").await;
    admit(&app, &"g".repeat(64), &["alice"]).await;
    app.execute("update users set display_name = repeat('한', 64)").await;
    let path = format!("/{}", "a".repeat(3000));
    let nobody = Browser::new(app.address);
    for host in [&visitor.host, &nobody] {
        for headers in [&[PAGE][..], &[]] {
            for answer in each(&app, host, "GET", &path, headers).await {
                let (head, body) = size(&answer);
                assert!(body <= 1024 && head <= 2048 + 1024, "{head} + {body}: {answer:?}");
            }
        }
    }
    // What is carried along is bounded as well.
    let path = format!("/{}", "a".repeat(1900));
    for answer in each(&app, &nobody, "GET", &path, &[PAGE]).await {
        assert!(answer.location().ends_with(&path[1..]) && size(&answer).0 < 4096, "{answer:?}");
    }
}

#[tokio::test]
async fn a_preflight_passes_only_where_the_app_says_so_and_as_nobody() {
    let app = start().await;
    let visitor = inside(&app, "alice").await;
    let nobody = Browser::new(app.address);
    let preflight = [("Origin", "https://other.example"), ("Access-Control-Request-Method", "PUT")];
    app.set_app("wiki", "preflight = true").await;
    for answer in each(&app, &nobody, "OPTIONS", "/api", &preflight).await {
        assert_eq!((answer.status, identity(&answer)), (200, [""; 6]), "{answer:?}");
    }
    for (host, method, headers) in [
        (&nobody, "OPTIONS", &preflight[..1]),
        (&nobody, "OPTIONS", &preflight[1..]),
        (&nobody, "GET", &preflight),
        (&nobody.clone().with("Cookie", "a=b"), "OPTIONS", &preflight),
    ] {
        for answer in each(&app, host, method, "/api", headers).await {
            assert_eq!(answer.status, 401, "{method} {headers:?}: {answer:?}");
        }
    }
    assert_eq!(visitor.asks("OPTIONS", "/api", &preflight).await.header("remote-user"), Some("alice"));
}

#[tokio::test]
async fn the_host_decides_itself_about_tls_of_its_subdomains() {
    let app = start().await;
    let mut visitor = inside(&app, "alice").await;
    let secure = "strict-transport-security";
    assert!(visitor.id.get("/dashboard").await.header(secure).is_some());
    for path in ["/.vestibule/knock", "/.vestibule/enter", "/.vestibule/leave"] {
        assert_eq!(visitor.at(path).await.header(secure), None, "{path}");
    }
    let nobody = Browser::new(app.address);
    for method in ["GET", "POST", "PROPFIND"] {
        for answer in each(&app, &nobody, method, "/", &[]).await {
            assert_eq!((answer.status, answer.header(secure)), (401, None), "{method}: {answer:?}");
        }
    }
}
