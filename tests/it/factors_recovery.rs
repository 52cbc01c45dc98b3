//! The other ways to an account, and what they do to its factors: nothing goes around them, and nobody
//! keeps one who should not.

use crate::{
    email_change::change,
    email_undo::UNDO,
    factors::{OVERVIEW, add_codes, add_passkey, add_totp, after_the_password, both_shown},
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        letters::{follow, mailed, press},
        process::Program,
    },
};
use vestibule::features::admin;

const RESET: &str = "/recover/reset";
const NEW: &str = "violet kettle marches";
const FACTORS: &str = "select (select count(*) from totp_factors) + (select count(*) from passkeys) \
    + (select count(*) from recovery_codes)";

async fn recover(app: &TestApp, username: &str, address: &str) -> Browser {
    let mut browser = app.browser();
    assert_eq!(browser.submit("/recover", &[("identifier", username)]).await.status, 303);
    let secret = mailed(app, address, RESET, 0).await;
    assert_eq!(follow(&mut browser, RESET, &secret).await.status, 200);
    let answer = browser.submit(RESET, &[("password", NEW)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    browser
}

#[tokio::test]
async fn asvs_6_4_3_a_reset_password_does_not_stand_in_for_the_second_factor() {
    let app = TestApp::start().await;
    let mut elsewhere = app.person("alice").await;
    add_totp(&app, "alice", "Phone").await;
    add_codes(&app, "alice", 10).await;
    let mut browser = recover(&app, "alice", "alice@example.com").await;
    assert!(!is_signed_in(&mut browser).await && !is_signed_in(&mut elsewhere).await);
    let answer = sign_in(&mut browser, "alice", NEW).await;
    assert_eq!((answer.status, answer.location()), (303, "/login/totp"), "{answer:?}");
    assert!(!is_signed_in(&mut browser).await);
    assert_eq!(app.count("select count(*) from sessions where revoked_at is null").await, 0);
    assert_eq!(app.count(FACTORS).await, 11);
}

/// Sudhodanan & Paverd 2022: the one who claims an address first leaves a factor of theirs behind, to stay in or
/// to keep its owner out. Where addresses need no verification, a claimant has an account to do that in.
#[tokio::test]
async fn pre_hijacking_recovering_a_claimed_account_drops_the_claimants_factors() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_VERIFICATION", "false")]).await;
    let mut mallory = app.claim("victim").await;
    assert_eq!(sign_in(&mut mallory, "victim", PASSWORD).await.location(), "/dashboard", "before it is verified");
    add_totp(&app, "victim", "Mallory's").await;
    add_passkey(&app, "victim", "Mallory's").await;
    add_codes(&app, "victim", 10).await;
    let mut victim = recover(&app, "victim", "victim@example.com").await;
    assert_eq!(app.count(FACTORS).await, 0);
    assert!(!is_signed_in(&mut mallory).await);
    assert_eq!(sign_in(&mut victim, "victim", NEW).await.location(), "/dashboard");
    // From now on it is theirs: what they add stays through the next recovery.
    app.execute("delete from dev_mailbox").await;
    add_totp(&app, "victim", "My own").await;
    let browser = recover(&app, "victim", "victim@example.com").await;
    assert_eq!(after_the_password(&browser, "victim", NEW).await, "/login/totp");
}

/// Only whoever claimed the account can verify it: by the browser that signed up, a session, or the password.
/// So it is their own factors, and a mailed link is no way around them.
#[tokio::test]
async fn verifying_ones_own_claim_keeps_ones_own_factors_and_still_asks_for_them() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_VERIFICATION", "false")]).await;
    drop(app.claim("alice").await);
    add_totp(&app, "alice", "Phone").await;
    let secret = mailed(&app, "alice@example.com", "/verify", 0).await;
    let mut elsewhere = app.browser();
    let shown = follow(&mut elsewhere, "/verify", &secret).await;
    assert!(shown.body.contains("name=\"password\""), "another browser shows the password: {shown:?}");
    let answer = elsewhere.submit("/verify", &[("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(!is_signed_in(&mut elsewhere).await, "asvs_6_3_4: the factor is still to come");
    assert_eq!(app.count(FACTORS).await, 1);
    assert_eq!(after_the_password(&elsewhere, "alice", PASSWORD).await, "/login/totp");
}

#[tokio::test]
async fn taking_an_address_back_takes_away_what_was_added_since() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut mallory = app.signed_in("alice").await;
    add_totp(&app, "alice", "Alice's own").await;
    add_codes(&app, "alice", 5).await;
    app.execute(
        "update totp_factors set created_at = now() - interval '1 day', confirmed_at = now() - interval '1 day'",
    )
    .await;
    app.execute("update recovery_codes set created_at = now() - interval '1 day'").await;
    both_shown(&app, "alice").await;
    change(&app, &mut mallory, "mallory@example.net").await;
    add_totp(&app, "alice", "Mallory's").await;
    // Begun before, and confirmed after.
    add_totp(&app, "alice", "Mallory's other").await;
    app.execute("update totp_factors set created_at = now() - interval '2 days' where name = 'Mallory''s other'").await;
    add_passkey(&app, "alice", "Mallory's").await;

    let secret = mailed(&app, "alice@example.com", UNDO, 0).await;
    let mut owner = app.browser();
    let answer = press(&mut owner, UNDO, &secret).await;
    assert_eq!(answer.location(), RESET, "{answer:?}");
    assert!(owner.get(RESET).await.body.contains("added since it changed"));
    let names: Vec<String> = sqlx::query_scalar("select name from totp_factors union all select name from passkeys")
        .fetch_all(&app.db)
        .await
        .expect("names");
    assert_eq!(names, ["Alice's own"]);
    assert_eq!(app.count("select count(*) from recovery_codes").await, 5);
    let letter = app.letter_to("alice@example.com", OVERVIEW).await;
    assert!(letter.text.contains("was restored"), "{letter:?}");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factors_undone'").await, 1);
    assert_eq!(owner.submit(RESET, &[("password", NEW)]).await.location(), "/login");
    assert_eq!(after_the_password(&owner, "alice", NEW).await, "/login/totp", "her own is still asked for");
}

#[tokio::test]
async fn taking_an_address_back_leaves_no_codes_behind_the_last_factor_and_says_nothing_when_there_was_none() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut mallory = app.signed_in("alice").await;
    change(&app, &mut mallory, "mallory@example.net").await;
    let secret = mailed(&app, "alice@example.com", UNDO, 0).await;
    add_passkey(&app, "alice", "Mallory's").await;
    add_codes(&app, "alice", 10).await;
    app.execute("update recovery_codes set created_at = now() - interval '1 day'").await;
    let mut owner = app.browser();
    assert_eq!(press(&mut owner, UNDO, &secret).await.location(), RESET);
    assert_eq!(app.count(FACTORS).await, 0);

    let quiet = TestApp::start().await;
    quiet.sign_up("alice").await;
    let mut mallory = quiet.signed_in("alice").await;
    change(&quiet, &mut mallory, "mallory@example.net").await;
    let secret = mailed(&quiet, "alice@example.com", UNDO, 0).await;
    let mut owner = quiet.browser();
    press(&mut owner, UNDO, &secret).await;
    assert!(!owner.get(RESET).await.body.contains("added since it changed"));
    assert_eq!(quiet.count("select count(*) from audit_events where kind = 'factors_undone'").await, 0);
}

#[tokio::test]
async fn asvs_6_4_6_an_operator_removes_factors_sees_none_of_them_and_the_owner_is_told() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    app.sign_up("robert").await;
    add_totp(&app, "robert", "Roberts").await;
    add_totp(&app, "alice", "Phone").await;
    add_passkey(&app, "alice", "Key").await;
    add_codes(&app, "alice", 10).await;
    let program = Program::new(&[("DATABASE_URL", app.url())]);
    let shown = String::from_utf8(program.run(&["user", "show", "alice"]).await.stdout).expect("text");
    for line in ["passkeys      1", "auth. apps    1", "codes left    10"] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let done = program.run(&["user", "reset-factors", "Alice@example.com"]).await;
    let said = String::from_utf8(done.stdout).expect("text");
    assert!(done.status.success() && said.contains("Deleted 2 factors of alice and ended 1 session."), "{said}");
    assert!(!is_signed_in(&mut person).await);
    assert_eq!(app.count(FACTORS).await, 1, "the other's");
    assert_eq!(after_the_password(&app.browser(), "alice", PASSWORD).await, "/dashboard");
    app.state.mailer.waker().wake();
    let letter = app.letter_to("alice@example.com", OVERVIEW).await;
    assert!(letter.text.contains("operator of Vestibule turned off two-step verification"), "{letter:?}");
    let audited = "select count(*) from audit_events where kind = 'factors_reset' and actor_kind = 'cli'";
    assert_eq!(app.count(audited).await, 1);
    let nobody = program.run(&["user", "reset-factors", "nobody"]).await;
    assert!(!nobody.status.success() && String::from_utf8_lossy(&nobody.stderr).contains("no account called nobody"));
}

#[tokio::test]
async fn an_account_without_a_password_whose_factors_are_reset_comes_back_by_mail() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    add_passkey(&app, "alice", "Key").await;
    app.execute("delete from password_credentials").await;
    admin::reset_factors(&app.operator(), vestibule::app::FACTORS, app.id("alice").await).await.expect("a reset");
    admin::recover(&app.operator(), app.id("alice").await).await.expect("a letter");
    app.state.mailer.waker().wake();
    let secret = mailed(&app, "alice@example.com", RESET, 0).await;
    let mut owner = app.browser();
    assert_eq!(follow(&mut owner, RESET, &secret).await.status, 200);
    assert_eq!(owner.submit(RESET, &[("password", NEW)]).await.location(), "/login");
    assert_eq!(sign_in(&mut owner, "alice", NEW).await.location(), "/dashboard");
}
