//! Guessing at codes: who knows the password gets no further.

use crate::{
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        letters::all_delivered,
        race::race,
        totp::{begin, confirm, later, pending, person, recovery_codes},
    },
    totp::{assert_in, assert_refused, enter},
};

const SPENT: &str = "select failures::int8 from attempt_limits where failures > 0";

#[tokio::test]
async fn asvs_6_3_1_five_wrong_codes_are_throttled_and_a_fresh_password_refills_nothing() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = person(&app, "alice").await;
    let codes = recovery_codes(&mut owner).await;
    let (mut first, mut second) = (pending(&app, "alice").await, pending(&app, "alice").await);
    let wrong = authenticator.wrong(&app).await;
    for (n, browser) in [(1, &mut first), (2, &mut second), (3, &mut app.browser())] {
        if n == 3 {
            assert_eq!(sign_in(browser, "alice", PASSWORD).await.location(), "/login/totp");
        }
        assert_refused(&enter(browser, &wrong).await);
        // T8, cve_2026_35597: counted in the database, and not rolled back with the refusal.
        assert_eq!(app.count(SPENT).await, n, "pending sign-ins share the count");
    }
    assert_refused(&enter(&mut first, &wrong).await);
    assert_refused(&enter(&mut second, &wrong).await);
    let right = authenticator.now(&app).await;
    for fresh_password in [false, true] {
        let mut browser = if fresh_password { pending(&app, "alice").await } else { second.clone() };
        let answer = enter(&mut browser, &right).await;
        assert_eq!(answer.status, 429, "{answer:?}");
        assert!(answer.header("retry-after").and_then(|s| s.parse::<u64>().ok()).is_some_and(|s| s <= 60));
        assert!(!is_signed_in(&mut browser).await);
    }
    // The password's own tries are untouched, and so are those of recovery codes.
    let mut browser = pending(&app, "alice").await;
    let answer = browser.submit("/login/recovery-code", &[("code", &codes[0])]).await;
    assert_in(&answer);
    assert_eq!(enter(&mut pending(&app, "alice").await, &right).await.status, 429, "nor does a recovery code refill");
    // Nor a page that asks somebody who is in.
    assert_eq!(browser.submit("/reauth/totp", &[("code", &right)]).await.status, 429);
}

#[tokio::test]
async fn cve_2024_32868_the_page_that_confirms_an_app_is_no_second_way_to_guess() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = person(&app, "alice").await;
    let new = begin(&mut owner).await;
    let wrong = new.wrong(&app).await;
    for _ in 0..10 {
        assert_eq!(confirm(&mut owner, &wrong, "").await.status, 422);
    }
    let answer = confirm(&mut owner, &new.now(&app).await, "").await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert!(answer.header("retry-after").is_some());
    // A code of the app that is there was never compared, and no try at it was spent.
    app.execute("update totp_factors set last_step = 0").await;
    assert_in(&enter(&mut pending(&app, "alice").await, &authenticator.now(&app).await).await);
    later(&app).await;
    assert_eq!(confirm(&mut owner, &new.now(&app).await, "").await.status, 303);
}

#[tokio::test]
async fn nist_3_2_2_a_hundred_wrong_codes_disable_the_app_until_it_is_set_up_again() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = person(&app, "alice").await;
    let codes = recovery_codes(&mut owner).await;
    let mut browser = pending(&app, "alice").await;
    let wrong = authenticator.wrong(&app).await;
    let mut compared = 0;
    // As patient as somebody who comes back whenever there is another try.
    for _ in 0..103 {
        app.execute("update attempt_limits set full_at = now()").await;
        compared += u32::from(enter(&mut browser, &wrong).await.status == 422);
    }
    assert_eq!(compared, 100);
    // Nor does a month without a try open it.
    app.execute(
        "update attempt_limits set full_at = now() - interval '31 days', used_at = used_at - interval '31 days'",
    )
    .await;
    app.sweep().await;
    let replica = app.replica().await;
    let right = authenticator.now(&app).await;
    let mut browser = pending(&replica, "alice").await;
    assert_eq!(enter(&mut browser, &right).await.status, 429, "the right one neither, after a restart");
    assert_in(&browser.submit("/login/recovery-code", &[("code", &codes[0])]).await);
    let id: String = sqlx::query_scalar("select id::text from totp_factors").fetch_one(&app.db).await.expect("it");
    let removal = format!("/account/factors/totp/remove?factor={id}");
    assert_eq!(browser.submit(&removal, &[("factor", &id)]).await.status, 303);
    let again = begin(&mut browser).await;
    assert_eq!(confirm(&mut browser, &again.now(&app).await, "").await.status, 200);
}

#[tokio::test]
async fn cve_2024_4629_guesses_at_once_do_not_beat_the_limit() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let (_, authenticator) = person(&first, "alice").await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let browser = pending(&first, "alice").await;
        waiting.extend(browser.tabs(8, &[first.address, second.address], "/login/totp").await);
    }
    let wrong = authenticator.wrong(&first).await;
    let statuses = race(30, |n| {
        let ((mut browser, token), wrong) = (waiting[n].clone(), wrong.clone());
        async move { browser.post("/login/totp", &[("csrf_token", &token), ("code", &wrong)]).await.status }
    })
    .await;
    let compared = statuses.iter().filter(|status| **status == 422).count();
    assert_eq!(compared, 5, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 422 | 429)), "{statuses:?}");
}

#[tokio::test]
async fn asvs_6_3_5_the_owner_hears_of_somebody_who_knows_the_password_and_guesses_codes() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    let wrong = authenticator.wrong(&app).await;
    let mut browser = pending(&app, "alice").await;
    let letters = "select count(*) from dev_mailbox where text_form like '%account/password%'";
    for (tries, told) in [(1, 0), (2, 0), (3, 1), (4, 1)] {
        assert_refused(&enter(&mut browser, &wrong).await);
        all_delivered(&app).await;
        assert_eq!(app.count(letters).await, told, "after {tries}");
    }
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factor_failed'").await, 4);
}
