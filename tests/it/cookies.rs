//! Cookies: their attributes, and cookies that somebody else set.

use tower_sessions::cookie::Cookie;

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    http::Answer,
};

const HTTPS: (&str, &str) = ("VESTIBULE_PUBLIC_URL", "https://id.example.com");

/// Every cookie that an answer sets.
fn set_by(answer: &Answer) -> Vec<Cookie<'static>> {
    answer.header_all("set-cookie").map(|line| Cookie::parse(line.to_owned()).expect("a cookie")).collect()
}

#[tokio::test]
async fn asvs_3_3_1_cookies_are_host_bound_secure_hidden_from_scripts_and_lax_also_as_they_go() {
    let app = TestApp::with(&[HTTPS]).await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let mut seen = Vec::new();
    seen.extend(set_by(&browser.get("/login").await));
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD), ("remember", "on")];
    let entered = browser.post("/login", &fields).await;
    assert_eq!(entered.status, 303, "{entered:?}");
    seen.extend(set_by(&entered));
    let token = browser.csrf_token("/logout").await;
    let left = browser.post("/logout", &[("csrf_token", &token)]).await;
    seen.extend(set_by(&left));
    let page = browser.get("/login").await;
    seen.extend(set_by(&page));
    for cookie in &seen {
        assert!(cookie.name().starts_with("__Host-"), "{cookie}");
        assert_eq!(cookie.path(), Some("/"), "{cookie}");
        assert_eq!(cookie.domain(), None, "{cookie}");
        let rest = (cookie.secure(), cookie.http_only(), cookie.same_site().map(|same| same.to_string()));
        assert_eq!(rest, (Some(true), Some(true), Some("Lax".to_owned())), "{cookie}");
    }
    let removed = |name: &str| seen.iter().any(|cookie| cookie.name() == name && cookie.value().is_empty());
    for name in ["__Host-vestibule", "__Host-vestibule_csrf", "__Host-vestibule_notice"] {
        assert!(removed(name), "{name} was never taken back: {seen:?}");
    }
    let kept = |answer: &Answer, name: &str| set_by(answer).into_iter().find(|cookie| cookie.name() == name);
    assert!(
        kept(&left, "__Host-vestibule")
            .and_then(|cookie| cookie.max_age())
            .is_some_and(tower_sessions::cookie::time::SignedDuration::is_zero)
    );
}

#[tokio::test]
async fn a_remembered_cookie_lasts_30_days_and_a_plain_one_goes_with_the_window() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for (remember, days) in [("on", Some(30)), ("", None)] {
        let mut browser = app.browser();
        let fields = [("identifier", "alice"), ("password", PASSWORD), ("remember", remember)];
        let answer = browser.submit("/login", &fields).await;
        let session = set_by(&answer).into_iter().find(|cookie| cookie.name() == "vestibule").expect("a session");
        let age = session.max_age().map(|age| (age.whole_seconds() + 60) / 86_400);
        assert_eq!(age, days, "{session}");
        assert!(session.expires().is_none() || days.is_some(), "{session}");
    }
}

/// Asks with a `Cookie` header of one's own.
async fn asked_with(app: &TestApp, cookies: &[Vec<u8>]) -> u16 {
    let mut request =
        format!("GET /api/v1/session HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", app.address).into_bytes();
    for line in cookies {
        request.extend_from_slice(&[b"Cookie: ", line.as_slice(), b"\r\n"].concat());
    }
    request.extend_from_slice(b"\r\n");
    let answer = crate::support::http::exchange(app.address, std::net::Ipv4Addr::LOCALHOST, &request).await;
    answer.expect("an answer").status
}

#[tokio::test]
async fn cve_2024_28197_a_cookie_set_by_another_host_never_signs_anybody_in() {
    for (settings, name) in [(&[][..], "vestibule"), (&[HTTPS][..], "__Host-vestibule")] {
        let app = TestApp::with(settings).await;
        let good = app.person("mallory").await.cookies[name].clone();
        let bogus = "AAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(asked_with(&app, &[format!("{name}={good}").into()]).await, 200);
        assert_eq!(asked_with(&app, &[format!("a=b; {name}={good};c=d").into()]).await, 200);
        assert_eq!(asked_with(&app, &[b"a=b".to_vec(), format!("{name}={good}").into()]).await, 200);
        // Twice the same is one cookie; two different ones are nobody's.
        assert_eq!(asked_with(&app, &[format!("{name}={good}; {name}={good}").into()]).await, 200);
        for pair in [
            format!("{name}={bogus}; {name}={good}"),
            format!("{name}={good}; {name}={bogus}"),
            format!("{name}={good}; {name}="),
            format!("{name}=; {name}={good}"),
            format!("{name}=\"{good}\"; {name}={good}"),
        ] {
            assert_eq!(asked_with(&app, &[pair.clone().into()]).await, 401, "{pair}");
            let lines: Vec<Vec<u8>> = pair.split("; ").map(|one| one.as_bytes().to_vec()).collect();
            assert_eq!(asked_with(&app, &lines).await, 401, "{lines:?}");
        }
        let upper = name.to_uppercase();
        let inner = &name[1..];
        for other in [
            format!("{upper}={good}"),
            format!("__host-vestibule={good}"),
            format!("x{name}={good}"),
            format!("{inner}={good}"),
            format!("{name}x={good}"),
            format!("{name}_csrf={good}"),
        ] {
            assert_eq!(asked_with(&app, &[other.clone().into()]).await, 401, "{other}");
        }
        if name.starts_with("__Host-") {
            assert_eq!(asked_with(&app, &[format!("vestibule={good}").into()]).await, 401);
        }
    }
}

#[tokio::test]
async fn cve_2020_8184_a_name_in_another_spelling_does_not_get_around_the_prefix() {
    let app = TestApp::with(&[HTTPS]).await;
    let good = app.person("mallory").await.cookies["__Host-vestibule"].clone();
    // Browsers hold the rules of the prefix for these exact octets only: any host of the domain may
    // set the others.
    for name in [
        "%5F_Host-vestibule",
        "__%48ost-vestibule",
        "__Host%2Dvestibule",
        "__Host-vestibul%65",
        "\u{a0}__Host-vestibule",
        "\u{2000}__Host-vestibule",
        "__Host-vestibule\u{3000}",
        "\u{85}__Host-vestibule",
    ] {
        assert_eq!(asked_with(&app, &[format!("{name}={good}").into()]).await, 401, "{name:?}");
        assert_eq!(asked_with(&app, &[format!("a=b; {name}={good}; c=d").into()]).await, 401, "{name:?}");
    }
}

#[tokio::test]
async fn a_foreign_form_token_cookie_in_another_spelling_counts_for_nothing() {
    let app = TestApp::with(&[HTTPS]).await;
    app.sign_up("alice").await;
    let mut attacker = app.browser();
    let token = attacker.csrf_token("/login").await;
    let secret = attacker.cookies["__Host-vestibule_csrf"].clone();
    for name in ["\u{2000}__Host-vestibule_csrf", "__Host-vestibule_%63srf", "__host-vestibule_csrf"] {
        let mut victim = app.browser();
        victim.cookies.insert(name.to_owned(), secret.clone());
        let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
        assert_eq!(victim.post("/login", &fields).await.status, 403, "{name:?}");
    }
}

#[tokio::test]
async fn cve_2026_25748_a_broken_cookie_is_nobody_and_never_a_fault() {
    let app = TestApp::start().await;
    let good = app.person("alice").await.cookies["vestibule"].clone();
    let garbage: Vec<Vec<u8>> = vec![
        b"vestibule=".to_vec(),
        b"vestibule".to_vec(),
        b"=".to_vec(),
        b";;;; =; vestibule=;".to_vec(),
        b"vestibule=%00%ff%zz".to_vec(),
        b"vestibule=\xff\xfe\xf0".to_vec(),
        b"vestibule=\xed\xa0\x80".to_vec(),
        [b"vestibule=".as_slice(), good[1..].as_bytes()].concat(),
        [b"vestibule=".as_slice(), good.as_bytes(), b"A"].concat(),
        [b"vestibule=".as_slice(), good.to_lowercase().as_bytes()].concat(),
        [b"vestibule=".as_slice(), good.as_bytes(), b"=="].concat(),
        [b"vestibule=".as_slice(), &[b'A'; 8000]].concat(),
        [b"vestibule=".as_slice(), &[b'\t'; 100], b"a"].concat(),
        b"vestibule='; drop table sessions; --".to_vec(),
        b"vestibule=../../etc/passwd".to_vec(),
        "vestibule=\u{d55c}\u{ae00}".as_bytes().to_vec(),
        format!("vestibule=\"{good}\"x").into_bytes(),
    ];
    for cookie in garbage {
        let status = asked_with(&app, std::slice::from_ref(&cookie)).await;
        assert_eq!(status, 401, "{}", String::from_utf8_lossy(&cookie));
        let mut browser = Browser::new(app.address);
        browser.headers.push(("Cookie".into(), String::from_utf8_lossy(&cookie).into_owned()));
        assert_eq!(browser.get("/dashboard").await.status, 303);
        assert_eq!(browser.get("/login").await.status, 200);
    }
    let huge = [b"vestibule=".as_slice(), &[b'A'; 65_536]].concat();
    assert!(matches!(asked_with(&app, &[huge]).await, 400 | 431), "a head of 64 kB is too large");
    let many: Vec<Vec<u8>> = (0..50).map(|n| format!("c{n}=x").into_bytes()).collect();
    assert_eq!(asked_with(&app, &many).await, 401);
}

#[tokio::test]
async fn other_cookies_of_the_domain_do_not_sign_anybody_out() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    browser.cookies.insert("other".to_owned(), "\u{d55c}; \"quoted\"; %zz; =".to_owned());
    assert!(is_signed_in(&mut browser).await);
    browser.headers.push(("Cookie".into(), "last=one".into()));
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_session_cookie_that_is_none_keeps_nobody_from_signing_in() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for value in ["x", "%00", "AAAA", &"A".repeat(23), &"é".repeat(11)] {
        let mut browser = app.browser();
        browser.cookies.insert("vestibule".into(), value.into());
        assert_eq!(browser.get("/dashboard").await.status, 303, "{value}");
        let token = browser.csrf_token("/login").await;
        let fields = |password| [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", password)];
        // The answer may take the cookie back; the form that it shows again is as good as the first.
        assert_eq!(browser.post("/login", &fields("wrong horse battery")).await.status, 422, "{value}");
        assert_eq!(browser.post("/login", &fields(PASSWORD)).await.status, 303, "{value}");
        assert!(is_signed_in(&mut browser).await, "{value}");
    }
}
