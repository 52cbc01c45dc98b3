//! Addresses that change in the same moment, on two replicas of one service.

use crate::{
    email_change::{CONFIRM, PAGE, address_of, ask, change},
    email_undo::UNDO,
    support::{
        app::{TestApp, is_signed_in},
        browser::Browser,
        letters::{all_delivered, follow, link_of, mailed, secrets},
        race::race,
    },
};
use vestibule::accounts::links::Purpose;

const AT_ONCE: usize = 16;
const DEADLOCKS: &str = "select deadlocks from pg_stat_database where datname = current_database()";

/// A browser with the page of a mailed link open, and the token of its form.
async fn ready(to: &TestApp, browser: &Browser, path: &str, secret: &str) -> (Browser, String) {
    let mut browser = Browser { to: to.address, ..browser.clone() };
    assert_eq!(follow(&mut browser, path, secret).await.status, 200);
    let token = browser.csrf_token(path).await;
    (browser, token)
}

/// Presses all these buttons at once; returns the statuses.
async fn press_at_once(ready: Vec<(Browser, String, &'static str)>) -> Vec<u16> {
    race(ready.len(), |n| {
        let (mut browser, token, path) = ready[n].clone();
        async move { browser.post(path, &[("csrf_token", &token)]).await.status }
    })
    .await
}

fn tally(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|found| **found == status).count()
}

#[tokio::test]
async fn f10_one_of_many_confirmations_at_once_wins_on_two_replicas() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut alice = first.person("alice").await;
    for round in 0..6 {
        let address = format!("alice{round}@example.org");
        let known = first.count("select count(*) from email_replacements").await;
        ask(&mut alice, &address).await;
        let secret = mailed(&first, &address, CONFIRM, 0).await;
        let mut buttons = Vec::new();
        for n in 0..AT_ONCE {
            let (browser, token) = ready(if n % 2 == 0 { &first } else { &second }, &alice, CONFIRM, &secret).await;
            buttons.push((browser, token, CONFIRM));
        }
        let statuses = press_at_once(buttons).await;
        assert_eq!((tally(&statuses, 303), tally(&statuses, 410)), (1, AT_ONCE - 1), "round {round}: {statuses:?}");
        assert_eq!(address_of(&first, "alice").await, address);
        assert_eq!(first.count("select count(*) from email_replacements").await, known + 1);
        assert!(is_signed_in(&mut alice).await);
    }
    assert_eq!(first.count(DEADLOCKS).await, 0);
}

#[tokio::test]
async fn f10_of_many_links_to_different_addresses_at_once_one_wins() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let alice = first.person("alice").await;
    for round in 0..6 {
        let mut buttons = Vec::new();
        for n in 0..AT_ONCE {
            let secret = link_of(&first, "alice", Purpose::ChangeEmail, &format!("alice{round}-{n}@example.org")).await;
            let (browser, token) = ready(if n % 2 == 0 { &first } else { &second }, &alice, CONFIRM, &secret).await;
            buttons.push((browser, token, CONFIRM));
        }
        let statuses = press_at_once(buttons).await;
        assert_eq!((tally(&statuses, 303), tally(&statuses, 410)), (1, AT_ONCE - 1), "round {round}: {statuses:?}");
        let won = statuses.iter().position(|status| *status == 303).expect("one");
        assert_eq!(address_of(&first, "alice").await, format!("alice{round}-{won}@example.org"));
    }
    assert_eq!(first.count(DEADLOCKS).await, 0);
}

#[tokio::test]
async fn f10_one_of_many_ways_back_at_once_wins_and_the_oldest_has_the_last_word() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    for round in 0..4 {
        let name = format!("alice{round}");
        let mut mallory = first.person(&name).await;
        change(&first, &mut mallory, &format!("mallory{round}@example.net")).await;
        change(&first, &mut mallory, &format!("mallory{round}@example.org")).await;
        let owners = mailed(&first, &format!("{name}@example.com"), UNDO, 0).await;
        let theirs = mailed(&first, &format!("mallory{round}@example.net"), UNDO, 0).await;
        let mut buttons = Vec::new();
        for n in 0..AT_ONCE {
            let secret = if n < 8 { &owners } else { &theirs };
            let to = if n % 2 == 0 { &first } else { &second };
            let (browser, token) = ready(to, &to.browser(), UNDO, secret).await;
            buttons.push((browser, token, UNDO));
        }
        let statuses = press_at_once(buttons).await;
        assert_eq!(tally(&statuses[..8], 303), 1, "round {round}: {statuses:?}");
        assert!(tally(&statuses[8..], 303) <= 1, "round {round}: {statuses:?}");
        assert_eq!(tally(&statuses, 303) + tally(&statuses, 410), AT_ONCE, "round {round}: {statuses:?}");
        assert_eq!(address_of(&first, &name).await, format!("{name}@example.com"), "round {round}");
        let left = format!(
            "select count(*) from email_replacements r join users u on u.id = r.user_id
            where u.username = '{name}' and closed_at is null"
        );
        assert_eq!(first.count(&left).await, 0);
    }
    assert_eq!(first.count(DEADLOCKS).await, 0);
}

#[tokio::test]
async fn a_way_back_beside_yet_another_change_ends_with_the_owner() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    for round in 0..12 {
        let name = format!("alice{round}");
        let mut mallory = first.person(&name).await;
        change(&first, &mut mallory, &format!("mallory{round}@example.net")).await;
        let back = mailed(&first, &format!("{name}@example.com"), UNDO, 0).await;
        let mut buttons = Vec::new();
        for n in 0..4 {
            let to = format!("mallory{round}-{n}@example.org");
            let secret = link_of(&first, &name, Purpose::ChangeEmail, &to).await;
            let (browser, token) = ready(if n % 2 == 0 { &first } else { &second }, &mallory, CONFIRM, &secret).await;
            buttons.push((browser, token, CONFIRM));
        }
        let (browser, token) = ready(&second, &second.browser(), UNDO, &back).await;
        buttons.push((browser, token, UNDO));
        let statuses = press_at_once(buttons).await;
        assert_eq!(statuses[4], 303, "round {round}: {statuses:?}");
        assert!(tally(&statuses[..4], 303) <= 1, "round {round}: {statuses:?}");
        assert!(statuses[..4].iter().all(|status| [303, 410].contains(status)), "round {round}: {statuses:?}");
        assert_eq!(address_of(&first, &name).await, format!("{name}@example.com"), "round {round}: {statuses:?}");
        assert!(!is_signed_in(&mut mallory).await, "round {round}");
        all_delivered(&first).await;
        for secret in secrets(&first, &format!("mallory{round}@example.net"), UNDO).await {
            assert_eq!(follow(&mut first.browser(), UNDO, &secret).await.status, 410, "round {round}");
        }
    }
    assert_eq!(first.count(DEADLOCKS).await, 0);
}

#[tokio::test]
async fn cve_2026_32700_of_two_changes_at_once_each_link_confirms_its_own_address_or_none() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut mallory = first.person("mallory").await;
    for round in 0..50 {
        let wanted = [format!("mine{round}@example.org"), format!("victim{round}@example.org")];
        let token = mallory.csrf_token(PAGE).await;
        let statuses = race(2, |n| {
            let mut tab = Browser { to: [&first, &second][n].address, ..mallory.clone() };
            let (token, address) = (token.clone(), wanted[n].clone());
            async move { tab.post(PAGE, &[("csrf_token", &token), ("email", &address)]).await.status }
        })
        .await;
        assert_eq!(statuses, [303, 303], "round {round}");
        all_delivered(&first).await;
        let mut issued = Vec::new();
        for address in &wanted {
            let found = secrets(&first, address, CONFIRM).await;
            assert!(found.len() <= 1, "round {round}: {address}");
            issued.extend(found.into_iter().map(|secret| (secret, address)));
        }
        assert!(!issued.is_empty(), "round {round}");
        // The first one to be used works at most, and for its own address; after it no other.
        let turn = round % issued.len();
        issued.rotate_left(turn);
        let mut confirmed = 0;
        for (secret, address) in issued {
            let before = address_of(&first, "mallory").await;
            if follow(&mut mallory, CONFIRM, &secret).await.status == 200 {
                assert_eq!(mallory.submit(CONFIRM, &[]).await.status, 303, "round {round}");
                assert_eq!(&address_of(&first, "mallory").await, address, "round {round}");
                confirmed += 1;
            } else {
                assert_eq!(address_of(&first, "mallory").await, before, "round {round}");
            }
        }
        assert_eq!(confirmed, 1, "round {round}");
        first.execute("delete from attempt_limits").await;
    }
    assert_eq!(first.count(DEADLOCKS).await, 0);
}

/// The letter of a sign-up is worded from two readings of the database, and the address may be confirmed
/// between them. Then the owner that the second one finds is the person the letter is for.
#[tokio::test]
async fn nobody_is_told_that_a_stranger_claims_the_address_they_confirm_in_that_moment() {
    let app = TestApp::start().await;
    let names: Vec<_> = (0..400).map(|n| format!("person{n}")).collect();
    for name in &names {
        app.execute(&format!(
            "with person as (
                insert into users (id, username, email, email_canonical, verify_by)
                values (gen_random_uuid(), '{name}', '{name}@example.com', '{name}@example.com', now() + interval '7 days')
                returning id, email
            )
            insert into outbox (id, kind, user_id, address, language, expires_at)
            select gen_random_uuid(), 'sign-up', id, email, 'en', now() + interval '6 hours' from person"
        ))
        .await;
    }
    let confirming = async {
        for name in &names {
            app.verify(name).await;
        }
    };
    tokio::join!(confirming, app.all_sent());
    assert_eq!(app.count("select count(*) from audit_events where kind = 'sign_up_repeated'").await, 0);
}
