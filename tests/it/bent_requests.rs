//! Requests that are bent, with a right answer all the same: hosts, heads, slashes and mailed links.

use std::net::Ipv4Addr;

use crate::{
    coverage::assert_guarded,
    hostile_requests::raw,
    support::{app::TestApp, http::exchange},
};
use vestibule::app;

#[tokio::test]
async fn a13_a_request_names_one_valid_host_or_is_refused_and_its_connection_ends() {
    let app = TestApp::start().await;
    for headers in
        [&[][..], &["Host: a", "Host: a"], &["Host: a", "Host: b"], &["Host:"], &["Host: a b"], &["Host: u@a"]]
    {
        for line in
            ["GET /login HTTP/1.1", "GET /nothing HTTP/1.1", "GET http://a/livez HTTP/1.1", "POST /login HTTP/1.1"]
        {
            let what = format!("{line} with {headers:?}");
            // Another request behind it is not answered.
            let request = format!("{line}\r\n{}\r\n\r\n{line}\r\nHost: a\r\n\r\n", headers.join("\r\n"));
            let request = request.replace("\r\n\r\n\r\n", "\r\n\r\n");
            let answer = exchange(app.address, Ipv4Addr::LOCALHOST, request.as_bytes()).await.expect("an answer");
            assert_eq!(answer.status, 400, "{what}: {answer:?}");
            assert_guarded(&answer, &what);
            assert_eq!(answer.header("connection"), Some("close"), "{what}");
            assert!(!answer.body.contains("HTTP/1.1"), "{what}: {answer:?}");
        }
    }
    for (line, headers) in [
        ("GET /livez HTTP/1.1", &["Host: anything.example:81"][..]),
        ("GET http://other.example/livez HTTP/1.1", &["Host: anything.example"]),
        ("GET /livez HTTP/1.0", &[]),
    ] {
        assert_eq!(raw(&app, line, headers, "").await.status, 200, "{line} {headers:?}");
    }
}

#[tokio::test]
async fn a13_what_is_refused_before_it_is_a_request_gets_a_whole_answer_and_a_closed_connection() {
    let app = TestApp::start().await;
    for (request, statuses) in [
        ("GET /login HTTP/1.1\r\nHost a\r\n\r\n".to_owned(), &[400][..]),
        ("GET  /login HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), &[400]),
        ("GET /login HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(), &[400, 505]),
        (format!("GET /login HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-A: b\r\n".repeat(200)), &[431]),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(65_000)), &[414, 431]),
    ] {
        let what: String = request.chars().take(40).collect();
        let answer = exchange(app.address, Ipv4Addr::LOCALHOST, request.as_bytes()).await.expect("an answer");
        assert!(statuses.contains(&answer.status), "{what}: {answer:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{what}: {answer:?}");
        assert_eq!((answer.header("content-length"), answer.body.as_str()), (Some("0"), ""), "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn field_39_a_head_has_32_kib_and_no_more() {
    let app = TestApp::start().await;
    for (kib, status) in [(4, 200), (16, 200), (31, 200), (33, 431), (40, 431), (48, 431)] {
        let cookies = format!("Cookie: other={}", "a".repeat(kib * 1024));
        let answer = raw(&app, "GET /login HTTP/1.1", &["Host: localhost", &cookies], "").await;
        assert_eq!(answer.status, status, "{kib} KiB: {answer:?}");
    }
    let cookies = format!("Cookie: other={}", "a".repeat(33 * 1024));
    let page = raw(&app, "GET /login HTTP/1.1", &["Host: localhost", &cookies], "").await;
    assert_guarded(&page, "too many cookies");
    assert!(page.body.contains("Delete the cookies of this site"), "{page:?}");
}

#[tokio::test]
async fn field_24_a_slash_at_the_end_leads_to_the_page_without_it() {
    let app = TestApp::start().await;
    for route in app::routes(&app.state).list().iter().filter(|route| route.method == "GET") {
        let path = route.policy.path;
        // Some apps end the addresses of the provider with a slash, so it has both.
        let both = path.ends_with('/') || path == "/oauth/authorize";
        if both || path.contains('{') {
            continue;
        }
        for (query, line) in [("", "GET"), ("?token=a%2Fb&next=//evil", "GET"), ("", "HEAD")] {
            let answer = raw(&app, &format!("{line} {path}/{query} HTTP/1.1"), &["Host: localhost"], "").await;
            assert_eq!(
                (answer.status, answer.location()),
                (308, format!("{path}{query}").as_str()),
                "{line}: {answer:?}"
            );
            assert_guarded(&answer, path);
        }
    }
    // A form is not sent again on its own.
    for path in ["/login/", "/logout/", "/account/delete/"] {
        let answer = raw(&app, &format!("POST {path} HTTP/1.1"), &["Host: localhost"], "").await;
        assert!(answer.status == 404 && answer.header("location").is_none(), "{path}: {answer:?}");
    }
    // A mailed link leads to its page.
    let mut browser = app.claim("alice").await;
    let token = app.letter_to("alice@example.com", "/verify").await.token();
    let on = browser.get(&format!("/verify/?token={token}")).await;
    let led = browser.get(on.location()).await;
    assert_eq!((led.status, led.location()), (303, "/verify"), "{led:?}");
    assert_eq!(browser.get("/verify").await.status, 200);
}

#[tokio::test]
async fn field_23_a_link_that_a_mail_program_bent_is_said_to_be_no_whole_one() {
    let app = TestApp::start().await;
    let mut owner = app.claim("alice").await;
    let token = app.letter_to("alice@example.com", "/verify").await.token();
    let (cut, wrapped) = (&token[..15], format!("{}=%0A{}", &token[..10], &token[10..]));
    let bent = [
        "",
        "%20",
        cut,
        &wrapped,
        &format!("3D{token}"),
        &format!("=3D{token}"),
        &format!("{token}%3D"),
        &format!("{token}x"),
    ];
    for (page, on) in [
        ("/verify", "/verify"),
        ("/recover/reset", "/recover"),
        ("/account/email/confirm", "/account/email"),
        ("/account/email/undo", "/login"),
        ("/account/delete/undo", "/login"),
        ("/setup", "/login"),
    ] {
        for bent in bent {
            let mut browser = app.browser();
            let answer = browser.get(&format!("{page}?token={bent}")).await;
            assert_eq!(answer.status, 400, "{page} {bent}: {answer:?}");
            assert_guarded(&answer, page);
            assert!(answer.body.contains("This link is incomplete"), "{page} {bent}: {answer:?}");
            assert!(answer.body.contains(&format!("href=\"{on}\"")), "{page} leads on to {on}: {answer:?}");
            assert!(!browser.cookies.contains_key("vestibule_link"), "{page} {bent}: {answer:?}");
        }
        // One that is whole and was never ours is another matter.
        let mut browser = app.browser();
        let led = browser.get(&format!("{page}?token=mkVx3bbrWv1Fh7nXH6aPpA")).await;
        assert_eq!((led.status, led.location()), (303, page), "{led:?}");
        assert_eq!(browser.get(page).await.status, 410, "{page}");
    }
    // What a sentence put behind it is no part of it, and a bent link does not replace one that was opened before.
    for behind in ["", ".", ",", ";", ":", "!", "?", ")", "]", "%3E", "'", "%22", "%20", ").", "&utm_source=mail"] {
        let mut browser = owner.clone();
        let led = browser.get(&format!("/verify?token={token}{behind}")).await;
        assert_eq!((led.status, led.location()), (303, "/verify"), "{behind}: {led:?}");
        assert_eq!(browser.get(&format!("/verify?token={cut}")).await.status, 400);
        let page = browser.get("/verify").await;
        assert!(page.status == 200 && page.body.contains("alice@example.com"), "{behind}: {page:?}");
    }
    owner.get(&format!("/verify?token={token}")).await;
    assert_eq!(owner.submit("/verify", &[]).await.status, 303);
}
