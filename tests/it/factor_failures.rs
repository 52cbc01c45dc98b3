//! What follows when second factors fail, and who may bring whom to that.

use crate::{
    factors::{add_codes, add_passkey, both_shown, trust},
    reauth::age,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        letters::all_delivered,
        totp::{asked, begin, confirm, pending, person, step},
    },
    totp::{assert_in, enter},
};
use vestibule::features::admin;

/// How many letters of this subject came.
async fn letters(app: &TestApp, subject: &str) -> usize {
    all_delivered(app).await;
    let letters = app.letters_to("alice@example.com").await;
    letters.iter().filter(|letter| letter.subject.contains(subject)).count()
}

async fn auth_time(browser: &mut Browser) -> i64 {
    let answer: serde_json::Value = serde_json::from_str(&browser.get("/api/v1/session").await.body).expect("JSON");
    answer["session"]["auth_time"].as_i64().expect("a time")
}

#[tokio::test]
async fn asvs_6_3_5_wrong_codes_are_told_however_they_are_spread_and_not_at_will() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    let wrong = authenticator.wrong(&app).await;
    for _ in 0..3 {
        enter(&mut pending(&app, "alice").await, &wrong).await;
    }
    assert_eq!(letters(&app, "knows your").await, 1, "three sign-ins, one wrong code each");
    for _ in 0..6 {
        app.execute("delete from attempt_limits where failures > 2 and full_at > now()").await;
        enter(&mut pending(&app, "alice").await, &wrong).await;
    }
    assert_eq!(letters(&app, "knows your").await, 1, "and not again with every one that follows");
    assert!(app.count("select count(*) from audit_events where kind = 'factor_asked'").await >= 9);
}

#[tokio::test]
async fn asvs_6_3_5_wrong_codes_in_a_session_are_told_too() {
    let app = TestApp::start().await;
    let (mut thief, authenticator) = person(&app, "alice").await;
    age(&app).await;
    let wrong = authenticator.wrong(&app).await;
    for _ in 0..3 {
        assert_eq!(thief.submit("/reauth/totp", &[("code", &wrong)]).await.status, 422);
    }
    assert_eq!(letters(&app, "knows your").await, 1);
    let whose = "select count(*) from audit_events where kind = 'factor_failed' and session_id is not null";
    assert_eq!(app.count(whose).await, 3, "the trail says in which session");
}

#[tokio::test]
async fn asvs_6_3_5_passwords_that_failed_before_the_second_step_are_told_after_it() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    for _ in 0..6 {
        assert_eq!(sign_in(&mut app.browser(), "alice", "not the password").await.status, 422);
    }
    app.execute("update totp_factors set last_step = 0").await;
    let mut owner = pending(&app, "alice").await;
    assert_eq!(letters(&app, "failed tries").await, 0, "nobody is in yet");
    assert_in(&enter(&mut owner, &authenticator.now(&app).await).await);
    assert_eq!(letters(&app, "failed tries").await, 1);
}

#[tokio::test]
async fn an_owner_whose_codes_are_spent_begins_anew_once_the_operator_took_the_app_away() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    enter(&mut pending(&app, "alice").await, &authenticator.wrong(&app).await).await;
    app.execute("update attempt_limits set failures = 100 where failures > 0").await;
    let answer = enter(&mut pending(&app, "alice").await, &authenticator.now(&app).await).await;
    assert_eq!(answer.status, 429, "{answer:?}");
    admin::reset_factors(&app.operator(), vestibule::app::FACTORS, app.id("alice").await)
        .await
        .expect("no factor is left");
    let mut owner = app.signed_in("alice").await;
    let fresh = begin(&mut owner).await;
    assert_eq!(confirm(&mut owner, &fresh.code(step(&app).await), "").await.status, 200);
    app.execute("update totp_factors set last_step = 0").await;
    assert_in(&enter(&mut pending(&app, "alice").await, &fresh.now(&app).await).await);
}

#[tokio::test]
async fn nobody_spends_tries_at_an_app_that_is_not_there() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    add_passkey(&app, "alice", "Phone").await;
    both_shown(&app, "alice").await;
    let mut stranger = app.browser();
    sign_in(&mut stranger, "alice", PASSWORD).await;
    let page = stranger.get("/login/passkey").await;
    let shown = |name: &str| page.hidden("/login/passkey", name).expect("a field");
    let (token, sign_in) = (shown("csrf_token"), shown("sign_in"));
    for path in ["/login/totp", "/login/recovery-code"] {
        for _ in 0..8 {
            let code = if path.ends_with("totp") { "000000" } else { "00000-00000-00000-00000-00000" };
            let answer = stranger.post(path, &[("csrf_token", &token), ("sign_in", &sign_in), ("code", code)]).await;
            assert_eq!((answer.status, answer.location()), (303, "/login/passkey"), "{answer:?}");
        }
    }
    let authenticator = begin(&mut owner).await;
    let answer = confirm(&mut owner, &authenticator.code(step(&app).await), "").await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

#[tokio::test]
async fn a_seed_goes_with_the_cookie_that_saw_it() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let mut thief = owner.clone();
    let seen = begin(&mut thief).await;
    age(&app).await;
    let answer = owner.submit("/reauth", &[("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(!is_signed_in(&mut thief).await);
    let fresh = begin(&mut owner).await;
    assert_ne!(fresh.seed, seen.seed);
}

#[tokio::test]
async fn asvs_7_5_3_another_password_is_no_fresh_proof_where_there_is_a_second_factor() {
    let app = TestApp::start().await;
    let (mut alice, _) = person(&app, "alice").await;
    app.execute("update sessions set authenticated_at = now() - interval '9 minutes'").await;
    let before = auth_time(&mut alice).await;
    let new = "violet kettle marches";
    let fields = [("current_password", PASSWORD), ("password", new)];
    assert_eq!(alice.submit("/account/password", &fields).await.status, 303);
    assert_eq!(auth_time(&mut alice).await, before);
    // With a password alone, that is the best there is.
    let mut bob = app.person("bob").await;
    app.execute("update sessions set authenticated_at = now() - interval '9 minutes'").await;
    let before = auth_time(&mut bob).await;
    assert_eq!(bob.submit("/account/password", &fields).await.status, 303);
    assert!(auth_time(&mut bob).await > before + 500);
}

#[tokio::test]
async fn the_operator_who_ends_all_sessions_ends_those_that_wait_and_all_trust() {
    let app = TestApp::start().await;
    let (owner, authenticator) = person(&app, "alice").await;
    trust(&app, "alice", &owner).await;
    let mut waiting = pending(&app, "alice").await;
    admin::reset_sessions(&app.operator(), app.id("alice").await).await.expect("sessions that end");
    app.execute("update totp_factors set last_step = 0").await;
    let token = waiting.csrf_token("/login").await;
    let code = authenticator.now(&app).await;
    let answer = waiting.post("/login/totp", &[("csrf_token", &token), ("code", &code)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    asked(&mut owner.clone(), "alice").await;
}

#[tokio::test]
async fn the_last_code_of_an_account_with_one_passkey_and_no_password_is_kept() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    add_passkey(&app, "alice", "Phone").await;
    add_codes(&app, "alice", 1).await;
    app.execute("delete from password_credentials").await;
    age(&app).await;
    let shown = alice.get("/reauth/recovery-code?next=/account/email").await;
    assert_eq!((shown.status, shown.location()), (303, "/reauth/passkey?next=/account/email"), "{shown:?}");
    let token = alice.csrf_token_of("/reauth/passkey").await;
    let fields = [("csrf_token", token.as_str()), ("code", "00000-00000-00000-00000-00000")];
    let answer = alice.post("/reauth/recovery-code", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/reauth/passkey"), "{answer:?}");
    assert_eq!(app.count("select count(*) from recovery_codes where used_at is null").await, 1);
}
