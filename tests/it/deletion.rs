//! The end of an account, planned and called off.

use crate::{
    email_change::{CONFIRM, ask},
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::Answer,
        letters::{all_delivered, follow, link_of, mailed, press, secrets, spoilt},
        race::race,
    },
};
use vestibule::{accounts::links::Purpose, features::deletion::erase_due};

const PAGE: &str = "/account/delete";
pub const UNDO: &str = "/account/delete/undo";
const PLANNED: &str = "select count(*) from users where deletion_due_at is not null";

pub async fn leave(browser: &mut Browser) -> Answer {
    let answer = browser.submit(PAGE, &[("understood", "yes")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    answer
}

#[tokio::test]
async fn who_leaves_is_told_what_goes_and_when_and_is_signed_out_everywhere() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let mut elsewhere = app.signed_in("alice").await;
    ask(&mut alice, "alice@example.org").await;
    let pending = mailed(&app, "alice@example.org", CONFIRM, 0).await;
    let recover = link_of(&app, "alice", Purpose::Recover, "alice@example.com").await;
    let page = alice.get(PAGE).await;
    assert!(
        page.body.contains("7 days") && page.body.contains("username") && page.body.contains("alice"),
        "{}",
        page.body
    );

    for fields in [&[][..], &[("understood", "")], &[("understood", "no")]] {
        let refused = alice.submit(PAGE, fields).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body.contains("id=\"understood-error\"") && refused.body.contains("href=\"#understood\""));
    }
    assert_eq!(app.count(PLANNED).await, 0);

    let answer = leave(&mut alice).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    assert!(!alice.cookies.contains_key("vestibule"), "{:?}", alice.cookies);
    let page = alice.get("/login").await;
    assert!(page.body.contains("7 days"), "{}", page.body);
    assert!(!is_signed_in(&mut elsewhere).await);
    let closing = sign_in(&mut app.browser(), "alice", PASSWORD).await;
    assert!(closing.status == 422 && closing.body.contains("about to be deleted"), "{closing:?}");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'sign_in_failed'").await, 1);
    for (path, dead) in [(CONFIRM, &pending), ("/recover/reset", &recover)] {
        assert_eq!(follow(&mut app.browser(), path, dead).await.status, 410, "{path}");
    }
    let due = "select count(*) from users where deletion_due_at between now() + interval '167 hours' and now() + interval '169 hours'";
    assert_eq!(app.count(due).await, 1);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'deletion_scheduled'").await, 1);
    assert_eq!(erase_due(&app.state.system()).await.expect("the erasure"), 0, "its day has not come");
}

#[tokio::test]
async fn the_mailed_link_keeps_the_account_and_revives_no_session() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let mut elsewhere = app.signed_in("alice").await;
    leave(&mut alice).await;
    let secret = mailed(&app, "alice@example.com", UNDO, 0).await;
    // A session that was being opened in that very moment.
    app.execute("update sessions set revoked_at = null").await;
    for mut scanner in [app.browser(), alice.clone()] {
        for method in ["GET", "HEAD"] {
            scanner.send(method, &format!("{UNDO}?token={secret}"), None).await;
            scanner.send(method, UNDO, None).await;
        }
    }
    assert_eq!(app.count(PLANNED).await, 1, "looking changes nothing");
    let mut phone = app.browser();
    let answer = press(&mut phone, UNDO, &secret).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    assert!(phone.get("/login").await.body.contains("Your account is kept"));
    assert_eq!(app.count(PLANNED).await, 0);
    assert!(!is_signed_in(&mut elsewhere).await);
    assert_eq!(sign_in(&mut phone, "alice", PASSWORD).await.status, 303);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'deletion_undone'").await, 1);
}

#[tokio::test]
async fn asvs_6_4_1_no_way_to_keep_it_works_that_is_spoilt_or_old_or_used() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    leave(&mut alice).await;
    let secret = mailed(&app, "alice@example.com", UNDO, 0).await;
    let mut phone = app.browser();
    for wrong in spoilt(&secret) {
        assert!(matches!(follow(&mut phone, UNDO, &wrong).await.status, 400 | 410), "{wrong}");
    }
    for purpose in [Purpose::Verify, Purpose::Recover, Purpose::ChangeEmail, Purpose::UndoEmail] {
        let other = link_of(&app, "alice", purpose, "alice@example.com").await;
        assert_eq!(follow(&mut phone, UNDO, &other).await.status, 410, "{purpose:?}");
    }
    app.execute("update mailed_links set expires_at = expires_at - interval '7 days'").await;
    assert_eq!(follow(&mut phone, UNDO, &secret).await.status, 410);
    app.execute("update mailed_links set expires_at = expires_at + interval '7 days'").await;
    let second = link_of(&app, "alice", Purpose::UndoDeletion, "alice@example.com").await;
    assert_eq!(press(&mut phone, UNDO, &secret).await.status, 303);
    for used in [&secret, &second] {
        assert_eq!(follow(&mut phone, UNDO, used).await.status, 410);
    }
    // Of an account that is not going, the link of a late letter does nothing.
    let late = link_of(&app, "alice", Purpose::UndoDeletion, "alice@example.com").await;
    assert_eq!(follow(&mut phone, UNDO, &late).await.status, 410);
    phone.cookies.insert("vestibule_link".into(), late);
    let token = phone.csrf_token("/recover").await;
    assert_eq!(phone.post(UNDO, &[("csrf_token", &token)]).await.status, 410);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'deletion_undone'").await, 1);
}

#[tokio::test]
async fn the_last_administrator_stays_and_two_at_once_do_not_both_leave() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut alone = first.person("admin").await;
    first.execute("update users set role = 'admin'").await;
    // The page has no form; one that was open before brings it.
    let token = alone.csrf_token_of(PAGE).await;
    let form = [("csrf_token", token.as_str()), ("understood", "yes")];
    let refused = alone.post(PAGE, &form).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.contains("only administrator") && is_signed_in(&mut alone).await, "{}", refused.body);
    // One who is closed or on the way out is none.
    for name in ["closed", "leaving"] {
        first.sign_up(name).await;
        first.execute(&format!("update users set role = 'admin' where username = '{name}'")).await;
    }
    first.execute("update users set disabled_at = now() where username = 'closed'").await;
    first.execute("update users set deletion_due_at = now() + interval '1 day' where username = 'leaving'").await;
    assert_eq!(alone.post(PAGE, &form).await.status, 422);
    for round in 0..8 {
        let name = format!("other{round}");
        let other = first.person(&name).await;
        first.execute(&format!("update users set role = 'admin' where username = '{name}'")).await;
        let staying =
            "select count(*) from users where role = 'admin' and disabled_at is null and deletion_due_at is null";
        assert_eq!(first.count(staying).await, 2);
        // Opened before: the page of the one who stays has no form.
        let tokens = [alone.csrf_token_of(PAGE).await, other.clone().csrf_token_of(PAGE).await];
        let statuses = race(2, |n| {
            let mut browser = Browser { to: [&first, &second][n].address, ..[alone.clone(), other.clone()][n].clone() };
            let token = tokens[n].clone();
            async move { browser.post(PAGE, &[("csrf_token", &token), ("understood", "yes")]).await.status }
        })
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "round {round}: {statuses:?}");
        assert_eq!(first.count(staying).await, 1);
        if statuses[0] == 303 {
            alone = other;
        }
    }
}

#[tokio::test]
async fn f10_many_wishes_at_once_are_one_and_so_are_many_changes_of_mind() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let alice = first.person("alice").await;
    let replicas = [first.address, second.address];
    let tabs = alice.tabs(16, &replicas, PAGE).await;
    let statuses = race(16, |n| {
        let (mut tab, token) = tabs[n].clone();
        async move { tab.post(PAGE, &[("csrf_token", &token), ("understood", "yes")]).await.status }
    })
    .await;
    assert!(statuses.iter().all(|status| *status == 303), "{statuses:?}");
    assert_eq!(first.count("select count(*) from audit_events where kind = 'deletion_scheduled'").await, 1);
    let secret = mailed(&first, "alice@example.com", UNDO, 0).await;
    all_delivered(&first).await;
    assert_eq!(secrets(&first, "alice@example.com", UNDO).await.len(), 1);
    let mut phone = first.browser();
    assert_eq!(follow(&mut phone, UNDO, &secret).await.status, 200);
    let tabs = phone.tabs(16, &replicas, UNDO).await;
    let statuses = race(16, |n| {
        let (mut tab, token) = tabs[n].clone();
        async move { tab.post(UNDO, &[("csrf_token", &token)]).await.status }
    })
    .await;
    let kept = statuses.iter().filter(|status| **status == 303).count();
    assert_eq!((kept, statuses.iter().filter(|status| **status == 410).count()), (1, 15), "{statuses:?}");
    assert_eq!(first.count(PLANNED).await, 0);
}

#[tokio::test]
async fn ux_5_the_only_administrator_is_told_so_and_promised_nothing() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    app.execute("update users set role = 'admin'").await;
    let page = alice.get(PAGE).await;
    assert!(page.status == 200 && page.body.contains("only administrator"), "{page:?}");
    assert!(!page.body.contains("name=\"understood\"") && !page.body.contains("7 days"), "{page:?}");
    let token = alice.csrf_token_of(PAGE).await;
    let refused = alice.post(PAGE, &[("csrf_token", &token), ("understood", "yes")]).await;
    assert!(refused.status == 422 && !refused.body.contains("name=\"understood\""), "{refused:?}");
    assert_eq!(app.count(PLANNED).await, 0);
    // With another one there is a choice.
    app.sign_up("robert").await;
    app.execute("update users set role = 'admin'").await;
    assert!(alice.get(PAGE).await.body.contains("name=\"understood\""));
}
