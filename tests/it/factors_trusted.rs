//! "Remember this browser": what a browser that skips the second step can do, and how that ends.

use crate::{
    email_change::change,
    email_undo::UNDO,
    factors::{add_codes, add_passkey, add_totp, after_the_password, both_shown, trust},
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        letters::{follow, mailed},
    },
};
use uuid::Uuid;
use vestibule::features::admin;

const LIST: &str = "/account/sessions";
const FORGET: &str = "/account/browsers/forget";
const NEW: &str = "violet kettle marches";
const TRUSTED: &str = "select count(*) from known_browsers where trusted_until is not null";

/// Alice, who has an authenticator app and skips it in this browser.
async fn trusting(app: &TestApp) -> Browser {
    let alice = app.person("alice").await;
    add_totp(app, "alice", "Phone").await;
    both_shown(app, "alice").await;
    trust(app, "alice", &alice).await;
    assert_eq!(after_the_password(&alice, "alice", PASSWORD).await, "/dashboard");
    assert_eq!(after_the_password(&app.browser(), "alice", PASSWORD).await, "/login/totp");
    alice
}

/// The identifiers in the list's forms.
async fn listed(browser: &mut Browser) -> Vec<String> {
    let page = browser.get(LIST).await.body;
    page.split("name=\"browser\" value=\"").skip(1).map(|rest| rest[..36].to_owned()).collect()
}

#[tokio::test]
async fn asvs_7_5_2_a_trusted_browser_is_listed_and_forgotten() {
    let app = TestApp::start().await;
    let mut alice = trusting(&app).await;
    let page = alice.get(LIST).await.body;
    for says in
        ["Browsers that skip the second step", "Firefox on Linux", "From 203.0.113.7", "Added just now", "Until "]
    {
        assert!(page.contains(says), "{says}: {page}");
    }
    let ids = listed(&mut alice).await;
    assert_eq!(ids.len(), 1);
    let token = alice.csrf_token_of(LIST).await;
    let answer = alice.post(FORGET, &[("csrf_token", &token), ("browser", &ids[0])]).await;
    assert_eq!((answer.status, answer.location()), (303, LIST), "{answer:?}");
    let page = alice.get(LIST).await.body;
    assert!(
        page.contains("no longer skips the second step") && !page.contains("Browsers that skip the second step"),
        "{page}"
    );
    assert_eq!(after_the_password(&alice, "alice", PASSWORD).await, "/login/totp");
    assert!(is_signed_in(&mut alice).await, "the session goes on");
    let kept = "select count(*) from known_browsers where address is null and user_agent is null";
    assert_eq!(app.count(kept).await, 1, "it stays known, and nothing else of it is kept");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'browser_forgotten'").await, 1);
    let token = alice.csrf_token_of(LIST).await;
    let again = alice.post(FORGET, &[("csrf_token", &token), ("browser", &ids[0])]).await;
    assert_eq!(again.status, 404, "once");
}

#[tokio::test]
async fn asvs_8_2_2_another_accounts_browser_is_not_there() {
    let app = TestApp::start().await;
    let mut alice = trusting(&app).await;
    let mut robert = app.person("robert").await;
    let theirs = listed(&mut alice).await.remove(0);
    assert!(listed(&mut robert).await.is_empty());
    let token = robert.csrf_token_of(LIST).await;
    let mut answers = Vec::new();
    for id in [&*theirs, &*Uuid::nil().to_string(), "nonsense", ""] {
        let answer = robert.post(FORGET, &[("csrf_token", &token), ("browser", id)]).await;
        assert_eq!(answer.status, 404, "{id}: {answer:?}");
        answers.push(answer.body.len());
    }
    assert!(answers.iter().all(|length| *length == answers[0]), "one answer: {answers:?}");
    assert_eq!(after_the_password(&alice, "alice", PASSWORD).await, "/dashboard");
}

#[tokio::test]
async fn a_stolen_browsers_cookie_opens_nothing_without_the_password() {
    let app = TestApp::start().await;
    let alice = trusting(&app).await;
    app.sign_up("robert").await;
    add_totp(&app, "robert", "Phone").await;
    let mut thief = app.browser();
    thief.cookies.insert("vestibule_browser".into(), alice.cookies["vestibule_browser"].clone());
    for path in ["/dashboard", "/account/factors", "/account/sessions", "/login/totp"] {
        assert_ne!(thief.get(path).await.status, 200, "{path}");
    }
    assert!(!is_signed_in(&mut thief).await);
    assert_eq!(sign_in(&mut thief, "alice", "a wrong password").await.status, 422);
    assert_eq!(after_the_password(&thief, "robert", PASSWORD).await, "/login/totp", "another account's trust");
    // In reach of a half-finished sign-in it changes nothing either.
    assert_eq!(app.count("select count(*) from sessions where revoked_at is null").await, 2, "Alice's own");
}

#[tokio::test]
async fn trust_ends_after_thirty_days_by_the_databases_clock() {
    let app = TestApp::start().await;
    let mut alice = trusting(&app).await;
    let thirty = "select count(*) from known_browsers where trusted_until between now() + interval '30 days' \
        - interval '1 minute' and now() + interval '30 days'";
    assert_eq!(app.count(thirty).await, 1);
    app.execute("update known_browsers set trusted_until = now() - interval '1 second'").await;
    assert_eq!(after_the_password(&alice, "alice", PASSWORD).await, "/login/totp");
    assert!(listed(&mut alice).await.is_empty());
}

#[tokio::test]
async fn asvs_7_4_3_a_new_password_ends_trust_in_every_browser_this_one_too() {
    let app = TestApp::start().await;
    let mut alice = trusting(&app).await;
    let other = app.browser();
    let fields = [("current_password", PASSWORD), ("password", NEW)];
    let answer = alice.submit("/account/password", &fields).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(listed(&mut alice).await.is_empty());
    for browser in [&alice, &other] {
        assert_eq!(after_the_password(browser, "alice", NEW).await, "/login/totp");
    }
    // Even if somebody kept the row: it speaks of another password.
    assert_eq!(app.count(TRUSTED).await, 1, "this browser stays known");
}

#[tokio::test]
async fn recovery_ends_trust_and_asks_for_the_factor() {
    let app = TestApp::start().await;
    let alice = trusting(&app).await;
    let mut browser = app.browser();
    assert_eq!(browser.submit("/recover", &[("identifier", "alice")]).await.status, 303);
    let secret = mailed(&app, "alice@example.com", "/recover/reset", 0).await;
    assert_eq!(follow(&mut browser, "/recover/reset", &secret).await.status, 200);
    assert_eq!(browser.submit("/recover/reset", &[("password", NEW)]).await.location(), "/login");
    assert_eq!(app.count("select count(*) from known_browsers").await, 0);
    for browser in [&alice, &browser] {
        assert_eq!(after_the_password(browser, "alice", NEW).await, "/login/totp");
    }
}

#[tokio::test]
async fn an_undone_change_of_the_address_ends_trust() {
    let app = TestApp::start().await;
    let mut alice = trusting(&app).await;
    change(&app, &mut alice, "mallory@example.net").await;
    let secret = mailed(&app, "alice@example.com", UNDO, 0).await;
    let mut owner = app.browser();
    assert_eq!(follow(&mut owner, UNDO, &secret).await.status, 200);
    assert_eq!(owner.submit(UNDO, &[]).await.location(), "/recover/reset");
    assert_eq!(app.count(TRUSTED).await, 0);
}

#[tokio::test]
async fn the_operators_reset_and_a_removed_password_end_trust() {
    let app = TestApp::start().await;
    let alice = trusting(&app).await;
    admin::reset_factors(&app.operator(), vestibule::app::FACTORS, app.id("alice").await).await.expect("a reset");
    assert_eq!(app.count(TRUSTED).await, 0);
    assert_eq!(after_the_password(&alice, "alice", PASSWORD).await, "/dashboard", "there is no second step now");
    add_totp(&app, "alice", "Another phone").await;
    assert_eq!(after_the_password(&alice, "alice", PASSWORD).await, "/login/totp", "and it is asked for when there is");

    let mut robert = app.person("robert").await;
    add_passkey(&app, "robert", "Phone").await;
    add_codes(&app, "robert", 10).await;
    trust(&app, "robert", &robert).await;
    both_shown(&app, "robert").await;
    assert_eq!(robert.submit("/account/password/remove", &[]).await.status, 303);
    assert_eq!(app.count(TRUSTED).await, 0);
}

#[tokio::test]
async fn an_account_never_trusts_more_browsers_than_it_knows() {
    let app = TestApp::start().await;
    let mut alice = trusting(&app).await;
    app.execute(
        "insert into known_browsers (user_id, digest, last_used_at, trusted_until, trusted_version) \
        select u.id, sha256(convert_to(n::text, 'UTF8')), now() - n * interval '1 minute', now() + interval '9 days', \
            u.credentials_version from users u, generate_series(1, 60) n",
    )
    .await;
    let mut another = app.browser();
    app.execute("delete from totp_factors").await;
    assert_eq!(sign_in(&mut another, "alice", PASSWORD).await.status, 303);
    assert_eq!(app.count("select count(*) from known_browsers").await, 50);
    assert!(listed(&mut alice).await.len() <= 50);
}
