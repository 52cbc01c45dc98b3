//! Signing in.

use crate::support::app::{PASSWORD, TestApp, is_signed_in, sign_in};

#[tokio::test]
async fn a_person_signs_in_by_either_name_in_any_spelling() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for spelling in ["alice", "ALICE", " alice ", "alice@example.com", "Alice@EXAMPLE.com"] {
        let mut browser = app.browser();
        assert_eq!(sign_in(&mut browser, spelling, PASSWORD).await.location(), "/dashboard", "{spelling}");
        let page = browser.get("/dashboard").await;
        assert!(page.body.contains("alice@example.com"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_wrong_password_keeps_the_name_and_drops_the_password() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let answer = sign_in(&mut browser, "alice", "not her password").await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains(r#"value="alice""#) && !answer.body.contains("not her password"));
    assert!(!is_signed_in(&mut browser).await);
    assert_eq!(app.count("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn asvs_6_2_8_passwords_are_compared_whole_and_as_they_are() {
    let app = TestApp::start().await;
    // As many characters as bcrypt reads.
    let head = "Seventy-Two Characters Are All That Bcrypt Reads, So Two Could Be One. W";
    let long = format!("{head}a ");
    let fields = [("username", "alice"), ("email", "alice@example.com"), ("password", long.as_str())];
    assert_eq!(app.browser().submit("/register", &fields).await.status, 303);
    app.verify("alice").await;
    for wrong in [format!("{head}b "), long.to_lowercase(), format!("{head}a"), head.to_owned()] {
        assert_eq!(sign_in(&mut app.browser(), "alice", &wrong).await.status, 422, "{wrong}");
    }
    assert_eq!(sign_in(&mut app.browser(), "alice", &long).await.status, 303);
}

#[tokio::test]
async fn nist_63b_a_password_in_another_unicode_spelling_is_the_same() {
    use unicode_normalization::UnicodeNormalization as _;
    let app = TestApp::start().await;
    let composed = "비밀번호는길게 café";
    let fields = [("username", "alice"), ("email", "alice@example.com"), ("password", composed)];
    assert_eq!(app.browser().submit("/register", &fields).await.status, 303);
    app.verify("alice").await;
    let decomposed: String = composed.nfd().collect();
    assert_eq!(sign_in(&mut app.browser(), "alice", &decomposed).await.status, 303);
}

#[tokio::test]
async fn cve_2021_45115_an_endless_password_costs_no_hash() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let before = app.state.metrics.hashes.get();
    for name in ["alice", "nobody"] {
        let answer = sign_in(&mut app.browser(), name, &"x".repeat(1025)).await;
        assert_eq!(answer.status, 422);
        assert_eq!(sign_in(&mut app.browser(), name, &"x".repeat(1_000_000)).await.status, 413);
    }
    assert_eq!(app.state.metrics.hashes.get(), before);
}

#[tokio::test]
async fn an_older_hash_is_upgraded_at_the_next_sign_in_and_not_by_a_failed_one() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    // The test service hashes at m=64; a service at another cost finds that dated.
    let dearer = TestApp::on(app.options.clone(), &[("VESTIBULE_ARGON2", "m=19456,t=2,p=1")]).await;
    let upgraded = "select count(*) from password_credentials where password_hash like '%m=19456,t=2,p=1%'";
    assert_eq!(sign_in(&mut dearer.browser(), "alice", "wrong password").await.status, 422);
    assert_eq!(app.count(upgraded).await, 0);
    assert_eq!(sign_in(&mut dearer.browser(), "alice", PASSWORD).await.status, 303);
    assert_eq!(app.count(upgraded).await, 1);
    assert_eq!(sign_in(&mut dearer.browser(), "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn asvs_3_7_2_next_leads_to_local_pages_only() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for (next, leads_to) in [
        ("/dashboard", "/dashboard"),
        ("/api/v1/session?a=b", "/return?next=/api/v1/session?a=b"),
        ("//evil.example", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("/%09/evil.example", "/dashboard"),
        ("\t//evil.example", "/dashboard"),
        ("https:evil.example", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
        ("//evil.example%2f..", "/dashboard"),
        ("https://good@evil.example", "/dashboard"),
        ("/\r\nLocation: https://evil.example", "/dashboard"),
        ("", "/dashboard"),
    ] {
        let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next)];
        let answer = app.browser().submit("/login", &fields).await;
        assert_eq!((answer.status, answer.location()), (303, leads_to), "{next:?}");
    }
}

#[tokio::test]
async fn a_visitor_without_a_session_comes_back_to_where_they_were_going() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let sent = browser.get("/dashboard").await;
    assert_eq!(sent.location(), "/login?next=/dashboard");
    let page = browser.get(sent.location()).await;
    assert_eq!(page.hidden("/login", "next").as_deref(), Some("/dashboard"));
}

#[tokio::test]
async fn asvs_6_3_5_the_owner_is_told_of_a_sign_in_after_many_failures_and_not_after_a_few() {
    let app = TestApp::with(&[("VESTIBULE_NEW_BROWSER_EMAIL", "false")]).await;
    for (name, failures, told) in [("alice", 4, 0), ("robert", 5, 1)] {
        app.sign_up(name).await;
        for _ in 0..failures {
            assert_eq!(sign_in(&mut app.browser(), name, "a wrong guess here").await.status, 422);
        }
        assert_eq!(sign_in(&mut app.browser(), name, PASSWORD).await.location(), "/dashboard");
        let letters = app.letters_to(&format!("{name}@example.com")).await;
        assert_eq!(letters.len(), told, "{letters:?}");
        if let Some(letter) = letters.first() {
            assert!(
                letter.text.contains("after 5 failed tries") && letter.links == ["/account/password"],
                "{letter:?}"
            );
        }
        // Once: the next success has no failures behind it.
        assert_eq!(sign_in(&mut app.browser(), name, PASSWORD).await.location(), "/dashboard");
        assert_eq!(app.letters_to(&format!("{name}@example.com")).await.len(), told);
    }
}
