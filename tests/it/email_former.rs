//! Closing the way back to a mailbox that was left: the owner can, whoever took the account over cannot.

use crate::{
    email_change::{PAGE, change},
    email_undo::UNDO,
    factors::both_shown,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::Answer,
        letters::{follow, mailed, press},
        race::race,
        totp,
    },
};

const CLOSE: &str = "/account/email/close";
const CLOSED: &str = "select count(*) from email_replacements where closed_at is not null";

async fn close(browser: &mut Browser) -> Answer {
    let token = browser.csrf_token_of(PAGE).await;
    browser.post(CLOSE, &[("csrf_token", &token)]).await
}

/// As if everything up to now had happened so long ago, but for the proof that a session shows.
async fn pass(app: &TestApp, time: &str) {
    app.execute(&format!(
        "update known_browsers set created_at = created_at - interval '{time}'; \
        update totp_factors set confirmed_at = confirmed_at - interval '{time}'; \
        update passkeys set created_at = created_at - interval '{time}'; \
        update email_replacements set replaced_at = replaced_at - interval '{time}'"
    ))
    .await;
}

/// An owner who used this browser for long, leaves a mailbox that others read, and waits for a day.
async fn left(app: &TestApp) -> (Browser, String) {
    let mut alice = app.person("alice").await;
    pass(app, "8 days").await;
    change(app, &mut alice, "alice@example.org").await;
    let secret = mailed(app, "alice@example.com", UNDO, 0).await;
    (alice, secret)
}

#[tokio::test]
async fn a6_the_owner_who_left_a_mailbox_closes_the_way_back_after_a_day() {
    let app = TestApp::start().await;
    let (mut alice, secret) = left(&app).await;
    let page = alice.get(PAGE).await.body;
    assert!(page.contains("alice@example.com") && page.contains("a day after the change"), "{page}");
    let early = close(&mut alice).await;
    assert!(early.status == 422 && early.body.contains("can’t turn off undo yet"), "{early:?}");
    pass(&app, "25 hours").await;
    assert!(alice.get(PAGE).await.body.contains(CLOSE));
    let answer = close(&mut alice).await;
    assert_eq!((answer.status, answer.location()), (303, PAGE), "{answer:?}");
    let page = alice.get(PAGE).await.body;
    assert!(page.contains("Undo is off") && !page.contains("alice@example.com"), "{page}");
    assert_eq!(follow(&mut app.browser(), UNDO, &secret).await.status, 410, "the old mailbox's link");
    assert!(is_signed_in(&mut alice).await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'email_undo_closed'").await, 1);
}

#[tokio::test]
async fn a6_the_owner_who_changes_the_password_and_adds_an_app_after_leaving_closes_it_too() {
    let app = TestApp::start().await;
    let (mut alice, secret) = left(&app).await;
    let fields = [("current_password", PASSWORD), ("password", "another good battery")];
    assert_eq!(alice.submit("/account/password", &fields).await.status, 303);
    totp::enrol(&app, &mut alice).await;
    pass(&app, "25 hours").await;
    assert_eq!(close(&mut alice).await.status, 303);
    assert_eq!(follow(&mut app.browser(), UNDO, &secret).await.status, 410);
}

#[tokio::test]
async fn a6_a_thief_with_the_password_cannot_close_it_from_a_browser_that_came_with_them() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.signed_in("alice").await;
    pass(&app, "30 days").await;
    let mut thief = app.signed_in("alice").await;
    change(&app, &mut thief, "thief@example.net").await;
    let secret = mailed(&app, "alice@example.com", UNDO, 0).await;
    for time in ["1 minute", "25 hours", "5 days"] {
        pass(&app, time).await;
        assert_eq!(close(&mut thief).await.status, 422, "{time} later");
    }
    // A factor of the thief's is no better, nor is another sign-in.
    totp::enrol(&app, &mut thief).await;
    assert_eq!(close(&mut thief).await.status, 422);
    assert_eq!(app.count(CLOSED).await, 0);
    assert_eq!(press(&mut app.browser(), UNDO, &secret).await.location(), "/recover/reset");
    assert!(!is_signed_in(&mut thief).await);
}

#[tokio::test]
async fn a6_nor_can_a_thief_of_all_cookies_within_the_day_that_the_old_mailbox_has() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    pass(&app, "30 days").await;
    let mut thief = alice.clone();
    change(&app, &mut thief, "thief@example.net").await;
    pass(&app, "23 hours").await;
    assert_eq!(close(&mut thief).await.status, 422);
    let secret = mailed(&app, "alice@example.com", UNDO, 0).await;
    assert_eq!(press(&mut app.browser(), UNDO, &secret).await.location(), "/recover/reset");
    assert!(!is_signed_in(&mut thief).await && !is_signed_in(&mut alice).await);
}

#[tokio::test]
async fn a6_where_there_was_a_second_factor_the_browser_alone_does_not_do() {
    let app = TestApp::start().await;
    let (mut alice, authenticator) = totp::person(&app, "alice").await;
    pass(&app, "8 days").await;
    change(&app, &mut alice, "alice@example.org").await;
    pass(&app, "25 hours").await;
    // As if another factor, which an intruder added, had been shown.
    app.execute("update totp_factors set last_used_at = now() - interval '1 day'").await;
    both_shown(&app, "alice").await;
    assert_eq!(close(&mut alice).await.status, 422);
    totp::later(&app).await;
    let code = authenticator.now(&app).await;
    assert_eq!(alice.submit("/reauth/totp", &[("code", &code)]).await.status, 303);
    assert_eq!(close(&mut alice).await.status, 303);
}

#[tokio::test]
async fn a6_a_proof_that_is_too_old_closes_nothing() {
    let app = TestApp::start().await;
    let (mut alice, _) = left(&app).await;
    pass(&app, "25 hours").await;
    let token = alice.csrf_token_of(PAGE).await;
    app.execute("update sessions set authenticated_at = now() - interval '11 minutes'").await;
    let answer = alice.post(CLOSE, &[("csrf_token", &token)]).await;
    assert_eq!(answer.location(), format!("/reauth?next={CLOSE}"));
    assert_eq!(app.count(CLOSED).await, 0);
}

#[tokio::test]
async fn a6_of_closing_and_undoing_at_once_one_happens() {
    let app = TestApp::start().await;
    let (alice, secret) = left(&app).await;
    pass(&app, "25 hours").await;
    let mut mailbox = app.browser();
    assert_eq!(follow(&mut mailbox, UNDO, &secret).await.status, 200);
    let tokens = [alice.clone().csrf_token_of(PAGE).await, mailbox.csrf_token(UNDO).await];
    let answers = race(2, |which| {
        let (mut browser, token) = ([alice.clone(), mailbox.clone()][which].clone(), tokens[which].clone());
        async move { browser.post([CLOSE, UNDO][which], &[("csrf_token", &token)]).await }
    })
    .await;
    let undone = answers[1].status == 303;
    let closed = answers[0].status == 303 && answers[0].location() == PAGE;
    assert!(undone != closed, "{answers:?}");
    assert_eq!(is_signed_in(&mut alice.clone()).await, closed);
    let address = if undone { "alice@example.com" } else { "alice@example.org" };
    assert_eq!(crate::email_change::address_of(&app, "alice").await, address);
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, if undone { 422 } else { 303 });
}
