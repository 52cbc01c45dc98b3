//! Taking an address back: whoever took the account over loses everything.

use crate::{
    email_change::{CONFIRM, PAGE, address_of, ask, change},
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        letters::{all_delivered, follow, link_of, mailed, press, secrets, spoilt},
    },
};
use vestibule::accounts::links::Purpose;

pub const UNDO: &str = "/account/email/undo";
const RESET: &str = "/recover/reset";
const NEW: &str = "another good battery";

/// Alice, whose account Mallory is signed in to and has given an address of theirs; with the way back
/// that Alice was mailed.
async fn hijacked(app: &TestApp) -> (Browser, String) {
    app.sign_up("alice").await;
    let mut mallory = app.signed_in("alice").await;
    change(app, &mut mallory, "mallory@example.net").await;
    let secret = mailed(app, "alice@example.com", UNDO, 0).await;
    (mallory, secret)
}

#[tokio::test]
async fn pre_hijacking_the_old_mailbox_takes_back_the_account_and_everything_the_other_had() {
    let app = TestApp::start().await;
    let (mut mallory, secret) = hijacked(&app).await;
    let mut alice = app.signed_in("alice").await;
    // Whatever would bring Mallory back in, and an account that is about to go.
    let mut elsewhere = app.signed_in("alice").await;
    ask(&mut elsewhere, "mallory@example.org").await;
    let pending = mailed(&app, "mallory@example.org", CONFIRM, 0).await;
    let recover = link_of(&app, "alice", Purpose::Recover, "mallory@example.net").await;
    let keep = link_of(&app, "alice", Purpose::UndoDeletion, "mallory@example.net").await;
    app.execute("update users set deletion_due_at = now() + interval '7 days'").await;

    let mut owner = app.browser();
    let shown = follow(&mut owner, UNDO, &secret).await;
    assert!(shown.body.contains("alice@example.com") && !shown.body.contains("mallory"), "{}", shown.body);
    assert_eq!(address_of(&app, "alice").await, "mallory@example.net", "looking changes nothing");
    let answer = owner.submit(UNDO, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, RESET), "{answer:?}");
    assert_eq!(address_of(&app, "alice").await, "alice@example.com");

    for query in [
        "select count(*) from sessions where revoked_at is null",
        "select count(*) from password_credentials",
        "select count(*) from known_browsers",
        "select count(*) from users where deletion_due_at is not null",
    ] {
        assert_eq!(app.count(query).await, 0, "{query}");
    }
    for browser in [&mut mallory, &mut alice, &mut elsewhere] {
        assert!(!is_signed_in(browser).await);
    }
    for identifier in ["alice", "mallory@example.net"] {
        assert_eq!(sign_in(&mut app.browser(), identifier, PASSWORD).await.status, 422, "{identifier}");
    }
    for (path, dead) in [(CONFIRM, &pending), (RESET, &recover), ("/account/delete/undo", &keep)] {
        assert_eq!(follow(&mut app.browser(), path, dead).await.status, 410, "{path}");
    }
    // Straight on, without another letter.
    let answer = owner.submit(RESET, &[("password", NEW)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    assert_eq!(sign_in(&mut owner, "alice@example.com", NEW).await.status, 303);
    assert!(is_signed_in(&mut owner).await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'email_change_undone'").await, 1);
}

#[tokio::test]
async fn a_browser_that_is_signed_in_to_the_account_is_signed_out_and_another_account_in_it_is_not() {
    let app = TestApp::start().await;
    let (mut mallory, secret) = hijacked(&app).await;
    let mut robert = app.person("robert").await;
    assert_eq!(follow(&mut robert, UNDO, &secret).await.status, 200);
    let shown = follow(&mut mallory, UNDO, &secret).await;
    assert_eq!(shown.status, 200);
    assert_eq!(mallory.submit(UNDO, &[]).await.location(), RESET);
    assert!(!mallory.cookies.contains_key("vestibule"), "{:?}", mallory.cookies);
    assert_eq!(mallory.get(RESET).await.status, 200);
    assert_eq!(follow(&mut robert, UNDO, &secret).await.status, 410);
    assert!(is_signed_in(&mut robert).await);
}

#[tokio::test]
async fn who_changed_the_address_twice_keeps_no_way_back_whenever_the_letters_arrived() {
    let app = TestApp::start().await;
    let (mut mallory, _) = hijacked(&app).await;
    change(&app, &mut mallory, "mallory@example.org").await;
    let theirs = mailed(&app, "mallory@example.net", UNDO, 0).await;
    // The letter to alice was refused at first, and got its link only now.
    let late = link_of(&app, "alice", Purpose::UndoEmail, "alice@example.com").await;
    assert_eq!(press(&mut app.browser(), UNDO, &late).await.location(), RESET);
    assert_eq!(address_of(&app, "alice").await, "alice@example.com");
    // One that was made before, and one whose letter was on its way.
    let on_its_way = link_of(&app, "alice", Purpose::UndoEmail, "mallory@example.net").await;
    for secret in [theirs, on_its_way] {
        assert_eq!(follow(&mut mallory, UNDO, &secret).await.status, 410);
        mallory.cookies.insert("vestibule_link".into(), secret);
        let token = mallory.csrf_token("/login").await;
        assert_eq!(mallory.post(UNDO, &[("csrf_token", &token)]).await.status, 410);
    }
    assert_eq!(address_of(&app, "alice").await, "alice@example.com");
}

#[tokio::test]
async fn a_later_way_back_does_not_close_the_owners() {
    let app = TestApp::start().await;
    let (mut mallory, first) = hijacked(&app).await;
    change(&app, &mut mallory, "mallory@example.org").await;
    let theirs = mailed(&app, "mallory@example.net", UNDO, 0).await;
    // Mallory goes back by one step, sets a password, and is in again.
    assert_eq!(press(&mut mallory, UNDO, &theirs).await.location(), RESET);
    assert_eq!(mallory.submit(RESET, &[("password", NEW)]).await.status, 303);
    assert_eq!(sign_in(&mut mallory, "mallory@example.net", NEW).await.status, 303);
    assert_eq!(press(&mut app.browser(), UNDO, &first).await.location(), RESET);
    assert_eq!(address_of(&app, "alice").await, "alice@example.com");
    assert!(!is_signed_in(&mut mallory).await);
    assert_eq!(sign_in(&mut app.browser(), "alice", NEW).await.status, 422);
}

#[tokio::test]
async fn an_owner_who_moved_on_their_own_may_go_back_step_by_step() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    change(&app, &mut alice, "alice@example.org").await;
    change(&app, &mut alice, "alice@example.net").await;
    let (oldest, older) =
        (mailed(&app, "alice@example.com", UNDO, 0).await, mailed(&app, "alice@example.org", UNDO, 0).await);
    for (secret, address) in [(older, "alice@example.org"), (oldest, "alice@example.com")] {
        assert_eq!(press(&mut app.browser(), UNDO, &secret).await.location(), RESET);
        assert_eq!(address_of(&app, "alice").await, address);
    }
}

#[tokio::test]
async fn an_old_address_that_became_anothers_is_refused_and_nothing_is_half_done() {
    let app = TestApp::start().await;
    let (mut mallory, secret) = hijacked(&app).await;
    let fields = [("username", "robert"), ("email", "alice@example.com"), ("password", PASSWORD)];
    assert_eq!(app.browser().submit("/register", &fields).await.status, 303);
    app.verify("robert").await;
    let answer = press(&mut app.browser(), UNDO, &secret).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.body.contains("Another account uses"), "{}", answer.body);
    assert_eq!(address_of(&app, "alice").await, "mallory@example.net");
    assert!(is_signed_in(&mut mallory).await);
    assert_eq!(app.count("select count(*) from email_replacements where closed_at is null").await, 1);
    assert_eq!(app.count("select count(*) from password_credentials").await, 2);
}

#[tokio::test]
async fn asvs_6_4_1_no_way_back_works_that_is_spoilt_or_old_or_used() {
    let app = TestApp::start().await;
    let (mut mallory, secret) = hijacked(&app).await;
    let mut owner = app.browser();
    for wrong in spoilt(&secret) {
        assert!(matches!(follow(&mut owner, UNDO, &wrong).await.status, 400 | 410), "{wrong}");
    }
    for (purpose, address) in [
        (Purpose::ChangeEmail, "alice@example.com"),
        (Purpose::Recover, "mallory@example.net"),
        // Never an address of this account.
        (Purpose::UndoEmail, "mallory@example.org"),
    ] {
        let other = link_of(&app, "alice", purpose, address).await;
        assert_eq!(follow(&mut mallory, UNDO, &other).await.status, 410, "{purpose:?}");
    }
    app.execute("update mailed_links set expires_at = expires_at - interval '7 days'").await;
    assert_eq!(follow(&mut owner, UNDO, &secret).await.status, 410, "a week later");
    app.execute("update mailed_links set expires_at = expires_at + interval '7 days'").await;
    for mut scanner in [app.browser(), mallory.clone()] {
        for method in ["GET", "HEAD"] {
            scanner.send(method, &format!("{UNDO}?token={secret}"), None).await;
            scanner.send(method, UNDO, None).await;
        }
    }
    assert_eq!(press(&mut owner, UNDO, &secret).await.location(), RESET);
    assert_eq!(follow(&mut owner, UNDO, &secret).await.status, 410, "a second time");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'email_change_undone'").await, 1);
}

#[tokio::test]
async fn recovery_ends_a_change_that_was_asked_for_even_while_its_letter_waits() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut mallory = app.signed_in("alice").await;
    ask(&mut mallory, "mallory@example.net").await;
    let recover = link_of(&app, "alice", Purpose::Recover, "alice@example.com").await;
    let mut owner = app.browser();
    assert_eq!(follow(&mut owner, RESET, &recover).await.status, 200);
    assert_eq!(owner.submit(RESET, &[("password", NEW)]).await.status, 303);
    all_delivered(&app).await;
    assert_eq!(sign_in(&mut owner, "alice", NEW).await.status, 303);
    for secret in secrets(&app, "mallory@example.net", CONFIRM).await {
        assert_eq!(follow(&mut owner, CONFIRM, &secret).await.status, 410);
    }
    let page = owner.get(PAGE).await;
    assert!(!page.body.contains("mallory"), "nothing waits: {}", page.body);
    assert!(!is_signed_in(&mut mallory).await);
}

#[tokio::test]
async fn f10_no_link_is_made_from_a_request_that_recovery_ended_while_its_email_was_rendered() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut mallory = app.signed_in("alice").await;
    let recover = link_of(&app, "alice", Purpose::Recover, "alice@example.com").await;
    let mut owner = app.browser();
    assert_eq!(follow(&mut owner, RESET, &recover).await.status, 200);

    // The link in the email is the second of its kind, after the request's own. It waits right before it is stored,
    // after everything that decides about it was read.
    app.execute(
        "create function held() returns trigger language plpgsql as $$ begin
             if exists (select 1 from mailed_links where purpose = new.purpose and user_id = new.user_id) then
                 perform pg_advisory_xact_lock(7);
             end if;
             return new;
         end $$;
         create trigger held before insert on mailed_links for each row execute function held()",
    )
    .await;
    let mut gate = app.db.begin().await.expect("a transaction");
    sqlx::query("select pg_advisory_xact_lock(7)").execute(&mut *gate).await.expect("the gate");
    ask(&mut mallory, "mallory@example.net").await;
    while waiting(&app).await < 1 {
        tokio::task::yield_now().await;
    }
    let reset = tokio::spawn(async move { owner.submit(RESET, &[("password", NEW)]).await });
    while !reset.is_finished() && waiting(&app).await < 2 {
        tokio::task::yield_now().await;
    }
    gate.commit().await.expect("the gate opens");
    assert_eq!(reset.await.expect("an answer").status, 303);
    all_delivered(&app).await;
    let live = "select count(*) from mailed_links where purpose = 'change-email' and used_at is null";
    assert_eq!(app.count(live).await, 0);
}

/// How many connections wait for a lock in the database of this service.
async fn waiting(app: &TestApp) -> i64 {
    let query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    app.count(query).await
}
