//! Attacks on the authorization endpoint, by the number of their row.

use super::{
    CHALLENGE, answered, bring, code_of, codes, consent, error_of, good, issuer, next_of, path, refreshed, requests,
};
use crate::{
    coverage::assert_guarded,
    support::{
        app::{PASSWORD, TestApp, sign_in},
        apps::{REDIRECT, register},
        browser::Browser,
        http::Answer,
        totp,
    },
};

/// A page of ours, which leads nowhere, says nothing about what is registered, and has stored nothing.
#[track_caller]
fn assert_stopped(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.header("location")), (400, None), "{what}: {answer:?}");
    let (_, page) = answer.body.split_once("<h1>").expect("a page");
    // The language switch below it leads back here, whatever was sent.
    let (page, _) = page.split_once("<footer>").expect("its end");
    assert!(!page.contains("app.example") && !page.contains("href"), "{what}: {answer:?}");
    assert!(!answer.body.contains("http-equiv"), "{what}: {answer:?}");
    assert_guarded(answer, what);
}

#[tokio::test]
async fn rows_1_2_3_5_and_7_an_address_that_is_not_registered_gets_a_page_and_no_redirect() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    super::allow(&mut person, "wiki").await;
    let before = (codes(&app).await, requests(&app).await);
    for uri in [
        "",
        "https://app@evil.example/callback",
        "https://app.example%40evil.example/callback",
        "https://evil.example\\@app.example/callback",
        "https://app.example/callback/..;/x",
        "https://app.example/callback%2f..",
        "https://app.example/callback/",
        "https://app.example/callback?x=y",
        "https://app.example/callback&code=x&state=y",
        "https://app.example/callback#x",
        "https://app.example/callback?code=x&code=y",
        "https://app.example.evil/callback",
        "https://appaexample/callback",
        "https://APP.example/callback",
        "https://app.example:443/callback",
        "http://app.example/callback",
        "https://app.example",
        "https://*.example/callback",
        "//app.example/callback",
        "/callback",
        "javascript:alert(1)",
        "https://app.example/callback ",
    ] {
        for prompt in ["", "none"] {
            let answer = bring(&mut person, "wiki", &[("redirect_uri", uri), ("prompt", prompt)]).await;
            assert_stopped(&answer, &format!("{uri} {prompt}"));
        }
    }
    assert_eq!((codes(&app).await, requests(&app).await), before, "nothing is learnt or stored");
}

#[tokio::test]
async fn row_4_what_browsers_run_is_refused_again_at_use() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for (n, uri) in ["javascript:alert(1)", "data:text/html,x", "vbscript:x"].into_iter().enumerate() {
        let client_id = format!("app-{n}");
        register(&app.db, &client_id, "web", uri).await;
        for mode in ["query", "form_post"] {
            let answer = bring(&mut person, &client_id, &[("redirect_uri", uri), ("response_mode", mode)]).await;
            assert_stopped(&answer, uri);
        }
    }
}

#[tokio::test]
async fn row_6_markup_is_escaped_on_every_page() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "name = '<svg onload=alert(1)>'").await;
    let mut person = app.person("alice").await;
    let state = "\"><svg onload=alert(1)>";
    let asked = bring(&mut person, "wiki", &[("state", state), ("response_mode", "form_post")]).await;
    let next = next_of(&asked, "/oauth/consent");
    let page = person.get(asked.location()).await;
    let posted = consent(&mut person, &next, "allow").await;
    let refused =
        bring(&mut person, "wiki", &[("state", state), ("response_mode", "form_post"), ("prompt", "x")]).await;
    app.set_app("wiki", "min_aal = 1").await;
    app.execute("insert into groups (id, name) values (gen_random_uuid(), 'staff')").await;
    app.execute("insert into app_groups (app_id, group_id) select apps.id, groups.id from apps, groups").await;
    let no_access = bring(&mut person, "wiki", &[("state", state)]).await;
    let mut nobody = app.browser();
    let login = bring(&mut nobody, "wiki", &[("state", state), ("login_hint", state)]).await;
    let login = nobody.get(login.location()).await;
    for (answer, status) in [(&page, 200), (&posted, 200), (&refused, 200), (&no_access, 403), (&login, 200)] {
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(!answer.body.contains("<svg") && !answer.body.contains("alert(1)>"), "{answer:?}");
    }
    assert_eq!(posted.hidden(REDIRECT, "state").as_deref(), Some(state));
    assert!(posted.hidden(REDIRECT, "code").is_some_and(|code| code.starts_with("vc_")), "{posted:?}");
    assert_eq!(posted.hidden(REDIRECT, "iss"), Some(issuer(&app)));
    assert_eq!(refused.hidden(REDIRECT, "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn rows_8_and_9_pkce_is_s256_and_whole_or_refused() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.public_app("phone", REDIRECT).await;
    let mut person = app.person("alice").await;
    let long = "a".repeat(129);
    // The unused bits of the last character are not zero.
    let other_spelling = format!("{}N", &CHALLENGE[..42]);
    for (challenge, method) in [
        (CHALLENGE, ""),
        (CHALLENGE, "plain"),
        (CHALLENGE, "S512"),
        (CHALLENGE, "s256"),
        ("", "S256"),
        (&CHALLENGE[..42], "S256"),
        (&long, "S256"),
        (&other_spelling, "S256"),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256"),
    ] {
        let changes = [("code_challenge", challenge), ("code_challenge_method", method)];
        for client_id in ["wiki", "phone"] {
            let answer = bring(&mut person, client_id, &changes).await;
            assert_eq!(error_of(&app, &answer), "invalid_request", "{challenge} {method}");
        }
    }
    assert_eq!(error_of(&app, &bring(&mut person, "phone", &[]).await), "invalid_request", "required of public apps");
    app.set_app("wiki", "used_pkce_at = now()").await;
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &[]).await), "invalid_request", "and of those that sent it");
    let changes = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    for client_id in ["wiki", "phone"] {
        let next = next_of(&bring(&mut person, client_id, &changes).await, "/oauth/consent");
        code_of(&app, &consent(&mut person, &next, "allow").await);
    }
    assert_eq!(app.count("select count(*) from authorization_codes where octet_length(challenge) = 32").await, 2);
}

#[tokio::test]
async fn row_11_contradicting_prompts_are_refused_and_two_are_both_heeded() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    let mut person = app.person("alice").await;
    for prompt in ["none login", "login none", "none consent", "none select_account", "create", "None"] {
        assert_eq!(
            error_of(&app, &bring(&mut person, "wiki", &[("prompt", prompt)]).await),
            "invalid_request",
            "{prompt}"
        );
    }
    let asked = bring(&mut person, "wiki", &[("prompt", "select_account consent")]).await;
    next_of(&asked, "/oauth/consent");
    let page = person.get(asked.location()).await;
    assert!(page.body.contains("Not you?") && page.body.contains("Allow"), "{page:?}");
    next_of(&bring(&mut person, "wiki", &[("prompt", "login consent")]).await, "/reauth");
}

#[tokio::test]
async fn row_12_half_signed_in_goes_to_the_factor_and_gets_no_code() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    let (_, authenticator) = totp::person(&app, "alice").await;
    let mut half = app.browser();
    assert_eq!(sign_in(&mut half, "alice", PASSWORD).await.location(), "/login/totp");
    let asked = bring(&mut half, "wiki", &[]).await;
    next_of(&asked, "/login/totp");
    assert_eq!(error_of(&app, &bring(&mut half, "wiki", &[("prompt", "none")]).await), "login_required");
    assert_eq!(codes(&app).await, 0);
    let code = authenticator.now(&app).await;
    let entered = half.submit(asked.location(), &[("code", &code)]).await;
    code_of(&app, &super::go_on(&mut half, &entered).await);
}

#[tokio::test]
async fn row_13_a_request_is_continued_in_the_browser_that_brought_it_and_in_no_other() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut attacker = app.browser();
    let next = next_of(&bring(&mut attacker, "wiki", &[]).await, "/login");
    let mut victim = app.person("alice").await;
    super::allow(&mut victim, "wiki").await;
    let before = codes(&app).await;
    for path in [next.clone(), format!("/oauth/consent?next={next}")] {
        // With a secret of its own, and with none.
        assert_eq!(victim.get(&path).await.status, 404, "{path}");
        let mut bare = victim.clone();
        bare.cookies.remove("vestibule_app");
        assert_eq!(bare.get(&path).await.status, 404, "{path}");
    }
    let token = victim.csrf_token_of("/logout").await;
    let fields = [("csrf_token", token.as_str()), ("next", &next), ("answer", "allow")];
    assert_eq!(victim.post("/oauth/consent", &fields).await.status, 404);
    assert_eq!(codes(&app).await, before);
    assert_eq!(app.count("select count(*) from authorization_requests where used_at is null").await, 1, "untouched");
    app.execute("update authorization_requests set expires_at = now()").await;
    let late = attacker.get(&next).await;
    assert!(late.status == 410 && late.body.contains("Go back to the app"), "{late:?}");
    for unknown in
        ["/oauth/authorize/continue", "/oauth/authorize/continue?request=AAAAAAAAAAAAAAAAAAAAAA", "/oauth/consent"]
    {
        assert_eq!(attacker.get(unknown).await.status, 410, "{unknown}");
    }
}

#[tokio::test]
async fn row_14_a_consent_is_given_by_the_right_person_whole_and_once() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    let next = next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent");
    let token = person.csrf_token(&format!("/oauth/consent?next={next}")).await;
    let mut nobody = app.browser();
    let foreign = nobody.csrf_token_of("/login").await;
    let before_sign_in = [("csrf_token", foreign.as_str()), ("next", &next), ("answer", "allow")];
    assert_eq!(nobody.post("/oauth/consent", &before_sign_in).await.status, 404);
    for (fields, status) in [
        (vec![], 403),
        (vec![("csrf_token", token.as_str())], 410),
        (vec![("csrf_token", token.as_str()), ("next", next.as_str())], 303),
        (vec![("csrf_token", token.as_str()), ("next", next.as_str()), ("answer", "yes")], 303),
    ] {
        let answer = person.post("/oauth/consent", &fields).await;
        assert_eq!(answer.status, status, "{fields:?}: {answer:?}");
        assert_eq!(codes(&app).await, 0, "{fields:?}");
    }
    let fields = [("csrf_token", token.as_str()), ("next", &next), ("answer", "allow")];
    let code = code_of(&app, &person.post("/oauth/consent", &fields).await);
    assert_eq!(code_of(&app, &person.post("/oauth/consent", &fields).await), code, "the same form, the same answer");
    let denied = [("csrf_token", token.as_str()), ("next", &next), ("answer", "deny")];
    assert_eq!(person.post("/oauth/consent", &denied).await.status, 410);
    assert_eq!(person.get(&next).await.status, 410);
    assert_eq!(codes(&app).await, 1);
}

#[tokio::test]
async fn row_15_parameters_come_once_but_for_resource() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted', resources = '{https://a.example,https://b.example/}'").await;
    let mut person = app.person("alice").await;
    for name in ["client_id", "redirect_uri"] {
        let mut twice = good("wiki", &[]);
        twice.extend(good("wiki", &[]).into_iter().filter(|(found, _)| *found == name));
        assert_stopped(&person.get(&path(&twice)).await, name);
    }
    for (name, value) in [
        ("scope", "openid"),
        ("state", "another"),
        ("response_type", "code"),
        ("nonce", "n"),
        ("prompt", "login"),
        ("max_age", "1"),
        ("code_challenge", CHALLENGE),
        ("claims", "{}"),
        ("response_mode", "query"),
        ("ui_locales", "ko"),
    ] {
        let mut twice = good("wiki", &[(name, value)]);
        twice.push((name, value));
        let answer = person.get(&path(&twice)).await;
        assert_eq!(error_of(&app, &answer), "invalid_request", "{name}");
        assert_eq!(answered(&answer).contains_key("state"), name != "state", "{name}");
    }
    let mut two = good("wiki", &[("resource", "https://a.example/")]);
    two.extend([("resource", "https://b.example/"), ("resource", "https://a.example")]);
    code_of(&app, &person.get(&path(&two)).await);
    let granted = "select count(*) from grants where resources = '{https://a.example,https://b.example/}'";
    assert_eq!(app.count(granted).await, 1, "as they are registered, each once");
    two.push(("resource", "https://c.example"));
    assert_eq!(error_of(&app, &person.get(&path(&two)).await), "invalid_target");
}

#[tokio::test]
async fn row_18_what_is_too_much_gets_a_page_and_is_not_stored() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut browser = app.browser();
    let (state, scopes, padding) = ("s".repeat(8192), "scope ".repeat(500), "p".repeat(8000));
    let longest = "s".repeat(2000);
    for changes in [
        vec![("state", state.as_str())],
        vec![("scope", scopes.as_str())],
        vec![("extra", padding.as_str())],
        vec![("state", "a\0b")],
        vec![("state", "a\r\nLocation: https://evil.example")],
        vec![("login_hint", "a\u{7f}")],
    ] {
        assert_stopped(&bring(&mut browser, "wiki", &changes).await, changes[0].0);
    }
    let broken = format!("{}&x=%FF", path(&good("wiki", &[])));
    let answers = [browser.get(&broken).await, browser.post_raw("/oauth/authorize", b"client_id=%FF").await];
    assert!(answers.iter().all(|answer| answer.status == 400), "{answers:?}");
    let nonce = "n".repeat(513);
    assert_eq!(error_of(&app, &bring(&mut browser, "wiki", &[("nonce", &nonce)]).await), "invalid_request");
    assert_eq!(requests(&app).await, 0);
    next_of(&bring(&mut browser, "wiki", &[("state", &longest)]).await, "/login");
}

#[tokio::test]
async fn an_app_that_may_not_gets_a_page_and_says_nothing_about_why() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    for kind in ["service", "proxy"] {
        register(&app.db, kind, kind, REDIRECT).await;
    }
    app.web_app("closed").await;
    app.set_app("closed", "disabled_at = now()").await;
    let mut person = app.person("alice").await;
    let mut said = Vec::new();
    for client_id in ["service", "proxy", "closed", "unknown", "", "wiki'--"] {
        let answer = bring(&mut person, client_id, &[]).await;
        assert_stopped(&answer, client_id);
        said.push(body_of(&answer));
    }
    said.dedup();
    assert_eq!(said.len(), 1, "each says the same: {said:?}");
    // Disabled while its person signs in.
    let mut browser = app.browser();
    let next = next_of(&bring(&mut browser, "wiki", &[]).await, "/login");
    app.set_app("wiki", "disabled_at = now()").await;
    assert_eq!(browser.get(&next).await.status, 410);
}

/// What a person reads, without the number of the request.
fn body_of(answer: &Answer) -> String {
    answer.body.split("<h1>").nth(1).and_then(|rest| rest.split("<code>").next()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_session_that_ends_at_the_same_time_gets_no_code() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    super::allow(&mut person, "wiki").await;
    let mut elsewhere = Browser { to: replica.address, ..person.clone() };
    code_of(&app, &bring(&mut elsewhere, "wiki", &[]).await);
    let before = codes(&app).await;
    assert_eq!(person.submit("/logout", &[]).await.status, 303);
    next_of(&bring(&mut elsewhere, "wiki", &[]).await, "/login");
    assert_eq!(codes(&app).await, before);
    let refreshed_to = refreshed(&elsewhere.get("/return?next=/oauth/authorize").await);
    assert_eq!(refreshed_to, "/oauth/authorize");
}
