//! A way back in.

use std::net::Ipv4Addr;

use crate::{
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::Answer,
        race::race,
    },
    verification::{open, with_link},
};

const NEW: &str = "a brand new sentence";

async fn ask(browser: &mut Browser, identifier: &str) -> Answer {
    browser.submit("/recover", &[("identifier", identifier)]).await
}

/// Asks for a way back in and opens the link that comes.
async fn with_reset_form(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    assert_eq!(ask(&mut browser, username).await.location(), "/recover");
    let letter = app.letter_to(&format!("{username}@example.com"), "/recover/reset").await;
    assert_eq!(open(&mut browser, &letter.links[0]).await.status, 200, "{letter:?}");
    browser
}

#[tokio::test]
async fn a_person_who_forgot_the_password_sets_a_new_one_and_everybody_else_is_out() {
    let app = TestApp::start().await;
    let mut elsewhere = app.person("alice").await;
    let mut browser = app.browser();
    assert_eq!(ask(&mut browser, "alice").await.location(), "/recover");
    assert!(browser.get("/recover").await.body.contains("If that account exists, we’ve emailed it a link"));
    let letter = app.letter_to("alice@example.com", "/recover/reset").await;
    assert!(letter.subject.contains("new password"), "{letter:?}");
    let page = open(&mut browser, &letter.links[0]).await;
    assert_eq!(page.hidden("/recover/reset", "link"), Some(letter.token()), "its form says what it is about");
    assert!(page.body.contains("alice"), "{page:?}");
    assert!(is_signed_in(&mut elsewhere).await, "opening changes nothing");

    let done = browser.submit("/recover/reset", &[("password", NEW)]).await;
    assert_eq!((done.status, done.location()), (303, "/login"));
    assert!(browser.get("/login").await.body.contains("Your new password is set"));
    assert!(!is_signed_in(&mut browser).await, "asvs_6_4_3: no session is given");
    assert!(!is_signed_in(&mut elsewhere).await, "asvs_7_4_3: all others ended");
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 422);
    assert_eq!(sign_in(&mut app.browser(), "alice", NEW).await.location(), "/dashboard");
    assert_eq!(open(&mut app.browser(), &letter.links[0]).await.status, 410, "asvs_6_4_1: a link works once");

    let told = app.letter_to("alice@example.com", "/recover").await;
    assert!(told.subject.contains("password was changed"), "asvs_6_3_7: {told:?}");
    assert!(!told.text.contains(NEW) && told.links == ["/recover"], "{told:?}");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'password_reset'").await, 1);
}

#[tokio::test]
async fn asvs_6_3_8_everybody_gets_the_same_answer_for_one_row_in_the_outbox() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.claim("claim").await;
    app.sign_up("carol").await;
    app.execute("update users set disabled_at = now() where username = 'carol'").await;
    app.all_sent().await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/recover").await;
    let mut answers = Vec::new();
    for name in ["alice", "claim", "carol", "nobod", "alice@example.com", "nobod@example.com", "🙂", "x y <z>"] {
        let answer = browser.clone().post("/recover", &[("csrf_token", &token), ("identifier", name)]).await;
        let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
        answers.push((answer.status, headers, answer.body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 303), "{answers:#?}");
    app.all_sent().await;
    let to_carol = app.letters_to("carol@example.com").await;
    assert!(
        to_carol.iter().all(|letter| !letter.text.contains("token=")),
        "a closed account gets nothing: {to_carol:?}"
    );
    assert_eq!(app.count("select count(*) from mailed_links where purpose = 'recover'").await, 3);
}

#[tokio::test]
async fn cve_2023_7028_a_second_address_gets_nothing() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.sign_up("mallory").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/recover").await;
    for body in [
        "identifier=alice%40example.com&identifier=mallory%40example.com",
        "identifier=alice%40example.com&identifier[]=mallory%40example.com&identifier=mallory%40example.com",
    ] {
        let body = format!("csrf_token={token}&{body}");
        assert_eq!(browser.post_raw("/recover", body.as_bytes()).await.status, 400);
    }
    for both in ["alice@example.com,mallory@example.com", "alice@example.com mallory@example.com"] {
        assert_eq!(ask(&mut browser, both).await.status, 303);
    }
    app.all_sent().await;
    assert_eq!(app.count("select count(*) from mailed_links where purpose = 'recover'").await, 0);
}

#[tokio::test]
async fn asvs_2_4_1_fifty_requests_mail_three_times_and_the_owners_own_browser_still_gets_one() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let mut stranger = app.browser().at(Ipv4Addr::new(127, 0, 3, 3));
    for n in 0..50 {
        let token = stranger.csrf_token("/recover").await;
        let fields = [("csrf_token", token.as_str()), ("identifier", ["alice", "Alice@example.com"][n % 2])];
        assert_eq!(stranger.post("/recover", &fields).await.status, 303, "{n}");
    }
    let letters = |letters: Vec<_>| letters.len();
    // The sign-up's own letter came to the address too.
    let before = letters(app.letters_to("alice@example.com").await);
    assert_eq!(app.count("select count(*) from mailed_links where purpose = 'recover'").await, 3);
    assert_eq!(ask(&mut owner, "alice").await.status, 303);
    assert_eq!(letters(app.letters_to("alice@example.com").await), before + 1);
}

#[tokio::test]
async fn asvs_6_4_1_only_the_whole_secret_of_a_live_link_sets_a_password() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    ask(&mut browser, "alice").await;
    let token = app.letter_to("alice@example.com", "/recover/reset").await.token();
    let hash = "select count(*) from password_credentials where changed_at > (select max(created_at) from users)";
    let before = app.state.metrics.hashes.get();
    let swapped: String = token.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c }).collect();
    for wrong in ["", &token[1..], &token[..21], &format!("{token}="), &format!("{token}A"), &swapped] {
        let page = open(&mut browser, &format!("/recover/reset?token={wrong}")).await;
        assert!(matches!(page.status, 400 | 410), "{wrong}: {page:?}");
        let form = browser.csrf_token("/login").await;
        let fields = [("csrf_token", form.as_str()), ("password", NEW), ("token", &token), ("user_id", "1")];
        assert_eq!(browser.post("/recover/reset", &fields).await.status, 410, "{wrong}");
    }
    assert_eq!(app.state.metrics.hashes.get(), before, "whoever has no link costs no hash");
    app.execute("update mailed_links set expires_at = now()").await;
    assert_eq!(open(&mut browser, &format!("/recover/reset?token={token}")).await.status, 410, "expired");
    assert_eq!(app.count(hash).await, 0);
    let minutes = "select extract(epoch from expires_at - created_at)::bigint / 60 from mailed_links";
    app.execute("delete from mailed_links").await;
    ask(&mut browser, "alice").await;
    app.all_sent().await;
    assert_eq!(app.count(&format!("{minutes} where purpose = 'recover'")).await, 10, "asvs_6_5_5");
}

#[tokio::test]
async fn asking_twice_leaves_both_links_working_and_using_one_ends_the_other() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for _ in 0..2 {
        ask(&mut app.browser(), "alice").await;
        app.all_sent().await;
    }
    let letters = app.letters_to("alice@example.com").await;
    let letters: Vec<_> = letters.iter().filter(|letter| letter.links[0].starts_with("/recover/")).collect();
    let [first, second] = letters.as_slice() else { panic!("{letters:?}") };
    let mut browser = app.browser();
    assert_eq!(open(&mut app.browser(), &second.links[0]).await.status, 200);
    open(&mut browser, &first.links[0]).await;
    assert_eq!(browser.submit("/recover/reset", &[("password", NEW)]).await.location(), "/login");
    assert_eq!(open(&mut app.browser(), &second.links[0]).await.status, 410);
}

#[tokio::test]
async fn a_refused_password_says_why_and_uses_no_link_up() {
    let app = TestApp::start().await;
    app.sign_up("alice-liddell").await;
    let mut browser = with_reset_form(&app, "alice-liddell").await;
    for (password, says) in [
        ("", "Choose a password"),
        ("too short", "at least 12"),
        ("alice-liddell alice-liddell", "too close to your name"),
        ("password1234", "widely used"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
    ] {
        let answer = browser.submit("/recover/reset", &[("password", password)]).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{password}: {}", answer.body);
        assert!(password.is_empty() || !answer.body.contains(password), "{password}");
    }
    assert_eq!(browser.submit("/recover/reset", &[("password", NEW)]).await.location(), "/login");
}

/// The name is the account's own word, unless it is that of somebody who merely claimed the address.
#[tokio::test]
async fn asvs_6_2_11_the_display_name_makes_no_new_password_but_of_an_account_that_is_only_claimed() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    drop(app.claim("robert").await);
    app.execute("update users set display_name = 'Quillfeather Moss'").await;
    let named = [("password", "quillfeather-moss-9")];
    let mut alice = with_reset_form(&app, "alice").await;
    let refused = alice.submit("/recover/reset", &named).await;
    assert!(refused.status == 422 && refused.body.contains("too close to your name"), "{refused:?}");
    assert_eq!(alice.submit("/recover/reset", &[("password", NEW)]).await.location(), "/login");

    let mut owner = with_reset_form(&app, "robert").await;
    let done = owner.submit("/recover/reset", &named).await;
    assert_eq!((done.status, done.location()), (303, "/login"), "a claimant's words stand in nobody's way: {done:?}");
    assert_eq!(app.count("select count(*) from users where username = 'robert' and display_name is null").await, 1);
}

#[tokio::test]
async fn nist_63b_an_account_that_was_guessed_at_a_hundred_times_opens_again_by_recovery() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    assert_eq!(sign_in(&mut app.browser(), "alice", "wrong").await.status, 422);
    app.execute("update attempt_limits set failures = 100 where failures > 0").await;
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 429);
    let mut browser = with_reset_form(&app, "alice").await;
    assert_eq!(browser.submit("/recover/reset", &[("password", NEW)]).await.location(), "/login");
    assert_eq!(sign_in(&mut app.browser(), "alice", NEW).await.location(), "/dashboard");
}

#[tokio::test]
async fn prehijack_the_owner_of_an_address_who_recovers_a_claimed_account_finds_nothing_of_the_claimants() {
    let app = TestApp::start().await;
    let mut attacker = app.browser();
    let fields = [
        ("username", "victim"),
        ("email", "victim@example.com"),
        ("display_name", "Mallory was here"),
        ("password", PASSWORD),
    ];
    assert_eq!(attacker.submit("/register", &fields).await.status, 303);
    assert_eq!(sign_in(&mut attacker, "victim", PASSWORD).await.status, 303);
    let baited = app.letter_to("victim@example.com", "/verify").await;
    let mut owner = app.browser();
    ask(&mut owner, "victim@example.com").await;
    let letter = app.letter_to("victim@example.com", "/recover/reset").await;
    open(&mut owner, &letter.links[0]).await;
    assert_eq!(owner.submit("/recover/reset", &[("password", NEW)]).await.location(), "/login");
    assert_eq!(attacker.get("/dashboard").await.location(), "/login?next=/dashboard");
    assert_eq!(sign_in(&mut attacker, "victim", PASSWORD).await.status, 422);
    assert_eq!(open(&mut attacker, &baited.links[0]).await.status, 410);
    assert_eq!(sign_in(&mut owner, "victim", NEW).await.location(), "/dashboard");
    assert!(!owner.get("/dashboard").await.body.contains("Mallory"));
    assert_eq!(app.count("select count(*) from users where email_verified_at is not null").await, 1);
}

#[tokio::test]
async fn f10_of_sixteen_new_passwords_by_one_link_at_once_over_two_replicas_one_is_set() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    for round in 0..4 {
        let name = format!("alice{round}");
        first.sign_up(&name).await;
        let mut browser = first.browser();
        ask(&mut browser, &name).await;
        let letter = first.letter_to(&format!("{name}@example.com"), "/recover/reset").await;
        let all = with_link(&browser, [&first, &second], &letter.links[0], 16).await;
        let statuses = race(16, |n| {
            let ((mut browser, token), password) = (all[n].clone(), format!("brand new sentence {n}"));
            async move {
                let fields = [("csrf_token", token.as_str()), ("password", &password)];
                browser.post("/recover/reset", &fields).await.status
            }
        })
        .await;
        let winners: Vec<_> = (0..16).filter(|n| statuses[*n] == 303).collect();
        assert_eq!(winners.len(), 1, "round {round}: {statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 303 | 410)), "{statuses:?}");
        let password = format!("brand new sentence {}", winners[0]);
        assert_eq!(sign_in(&mut first.browser(), &name, &password).await.location(), "/dashboard");
    }
}

#[tokio::test]
async fn f11_no_session_of_the_old_password_survives_a_reset_beside_it() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    for round in 0..8 {
        let name = format!("alice{round}");
        first.sign_up(&name).await;
        let mut resetter = with_reset_form(&first, &name).await;
        let token = resetter.csrf_token("/recover/reset").await;
        let mut all = vec![(resetter, "/recover/reset", token)];
        for n in 1..12 {
            let mut browser = [&first, &second][n % 2].browser().at(Ipv4Addr::new(127, 5, 0, u8::try_from(n).unwrap()));
            let token = browser.csrf_token("/login").await;
            all.push((browser, "/login", token));
        }
        let browsers = race(12, |n| {
            let ((mut browser, path, token), name) = (all[n].clone(), name.clone());
            async move {
                let password = if n == 0 { NEW } else { PASSWORD };
                let fields = [("csrf_token", token.as_str()), ("identifier", &name), ("password", password)];
                (browser.post(path, &fields).await.status, browser)
            }
        })
        .await;
        assert_eq!(browsers[0].0, 303, "round {round}");
        for (n, (status, mut browser)) in browsers.into_iter().enumerate() {
            assert!(matches!(status, 303 | 422 | 429), "{status}");
            assert!(!is_signed_in(&mut browser).await, "round {round}: {n} answered {status}");
        }
    }
}

#[tokio::test]
async fn asvs_7_4_2_no_link_of_any_purpose_opens_an_account_that_was_closed() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    ask(&mut browser, "alice").await;
    let letter = app.letter_to("alice@example.com", "/recover/reset").await;
    app.execute("update users set disabled_at = now()").await;
    assert_eq!(open(&mut browser, &letter.links[0]).await.status, 410);
    app.execute("update users set disabled_at = null").await;
    assert_eq!(open(&mut browser, &letter.links[0]).await.status, 200, "and is there again with the account");
}
