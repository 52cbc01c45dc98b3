//! An account without a password: getting there, staying in, and coming back.

use crate::{
    factors::{OVERVIEW, add_codes, add_passkey, add_totp, both_shown, trust},
    reauth::age,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        letters::{follow, link_of, mailed},
        race::race,
    },
};
use vestibule::accounts::links::Purpose;

const REMOVE: &str = "/account/password/remove";
const NEW: &str = "violet kettle marches";
const PASSWORDS: &str = "select count(*) from password_credentials";

/// Alice with that many passkeys and recovery codes, who has just shown her second factor.
async fn alice(app: &TestApp, passkeys: u32, codes: u32) -> Browser {
    let alice = app.person("alice").await;
    for n in 0..passkeys {
        add_passkey(app, "alice", &format!("Key {n}")).await;
    }
    add_codes(app, "alice", codes).await;
    both_shown(app, "alice").await;
    alice
}

#[tokio::test]
async fn a_password_goes_where_two_things_are_left_to_lose() {
    for (passkeys, codes, app_too, goes) in [
        (0, 0, false, false),
        (0, 0, true, false),
        (1, 0, false, false),
        (1, 0, true, false),
        (1, 1, false, true),
        (2, 0, false, true),
    ] {
        let app = TestApp::start().await;
        let mut alice = alice(&app, passkeys, codes).await;
        if app_too {
            add_totp(&app, "alice", "Phone").await;
        }
        let what = format!("{passkeys} passkeys, {codes} codes, an app: {app_too}");
        let shown = alice.get(REMOVE).await;
        assert_eq!(shown.status, 200, "{what}");
        assert_eq!(shown.hidden(REMOVE, "csrf_token").is_some(), goes, "{what}: {}", shown.body);
        assert!(shown.body.contains("alice@example.com") || !goes, "recovery is spelled out: {}", shown.body);
        let token = alice.csrf_token_of(OVERVIEW).await;
        let answer = alice.post(REMOVE, &[("csrf_token", &token)]).await;
        assert_eq!(answer.status, if goes { 303 } else { 422 }, "{what}: {answer:?}");
        assert_eq!(app.count(PASSWORDS).await, i64::from(!goes), "{what}");
    }
    let used = TestApp::start().await;
    let mut alice = alice(&used, 1, 1).await;
    used.execute("update recovery_codes set used_at = now()").await;
    let token = alice.csrf_token_of(OVERVIEW).await;
    assert_eq!(alice.post(REMOVE, &[("csrf_token", &token)]).await.status, 422, "a used code is none");
}

#[tokio::test]
async fn an_app_is_never_what_an_account_without_a_password_needs() {
    let app = TestApp::start().await;
    let mut alice = alice(&app, 1, 0).await;
    let phone = add_totp(&app, "alice", "Phone").await.to_string();
    app.execute("delete from password_credentials").await;
    let page = format!("/account/factors/totp/remove?factor={phone}");
    let token = alice.csrf_token_of(&page).await;
    let answer = alice.post("/account/factors/totp/remove", &[("csrf_token", &token), ("factor", &phone)]).await;
    assert_eq!((answer.status, answer.location()), (303, OVERVIEW), "{answer:?}");
    assert_eq!(app.count("select count(*) from totp_factors").await, 0);
    assert_eq!(app.count("select count(*) from passkeys").await, 1);
}

#[tokio::test]
async fn removing_it_ends_other_sessions_and_links_and_is_told() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut elsewhere = app.signed_in("alice").await;
    let mut person = app.signed_in("alice").await;
    add_passkey(&app, "alice", "Phone").await;
    add_passkey(&app, "alice", "Key").await;
    both_shown(&app, "alice").await;
    let link = link_of(&app, "alice", Purpose::Recover, "alice@example.com").await;
    let answer = person.submit(REMOVE, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, OVERVIEW), "{answer:?}");
    let page = person.get(OVERVIEW).await.body;
    assert!(page.contains("Your password is removed") && page.contains("Your account has no password"), "{page}");
    assert!(!is_signed_in(&mut elsewhere).await && is_signed_in(&mut person).await);
    assert_eq!(follow(&mut app.browser(), "/recover/reset", &link).await.status, 410, "a link from before");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'password_removed'").await, 1);
    let letter = app.letter_to("alice@example.com", OVERVIEW).await;
    assert!(letter.text.contains("password of your") && letter.text.contains("was removed"), "asvs_6_3_7: {letter:?}");
    assert_eq!(person.get(REMOVE).await.location(), OVERVIEW, "there is none left to remove");
    let token = person.csrf_token_of(OVERVIEW).await;
    assert_eq!(person.post(REMOVE, &[("csrf_token", &token)]).await.location(), OVERVIEW);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'password_removed'").await, 1, "once");
}

#[tokio::test]
async fn asvs_7_5_1_it_wants_a_passkey_shown_a_moment_ago() {
    let app = TestApp::start().await;
    let mut person = alice(&app, 2, 0).await;
    let token = person.csrf_token_of(OVERVIEW).await;
    let stale = async |person: &mut Browser| {
        assert_eq!(person.get(REMOVE).await.location(), "/reauth?next=/account/password/remove");
        let answer = person.post(REMOVE, &[("csrf_token", &token)]).await;
        assert_eq!(answer.location(), "/reauth?next=/account/password/remove");
        let on = person.get(answer.location()).await;
        assert_eq!(on.location(), "/reauth/passkey?next=/account/password/remove", "a password will not do");
    };
    age(&app).await;
    stale(&mut person).await;
    app.execute("update sessions set authenticated_at = now(), aal = 1, amr = '{pwd}'").await;
    stale(&mut person).await;
    assert_eq!(app.count(PASSWORDS).await, 1);
}

/// Django CVE-2024-39329: an account without a usable password answers sooner.
#[tokio::test]
async fn cve_2024_39329_the_missing_password_costs_what_a_wrong_one_costs_and_says_the_same() {
    let app = TestApp::start().await;
    app.sign_up("robin").await;
    let mut person = alice(&app, 2, 0).await;
    assert_eq!(person.submit(REMOVE, &[]).await.status, 303);
    let mut page = app.browser();
    let token = page.csrf_token("/login").await;
    let mut said = Vec::new();
    let wrong = "not the password";
    for (name, password) in [("alice", PASSWORD), ("alice", wrong), ("robin", wrong), ("nobod", PASSWORD)] {
        let before = app.state.metrics.hashes.get();
        let fields = [("csrf_token", token.as_str()), ("identifier", name), ("password", password)];
        let answer = page.clone().post("/login", &fields).await;
        assert_eq!(app.state.metrics.hashes.get(), before + 1, "{name}");
        said.push((
            answer.status,
            answer.without_tokens().replace(name, "NAME"),
            answer.header_all("set-cookie").count(),
        ));
    }
    assert!(said.iter().all(|answer| answer.0 == 422 && *answer == said[0]), "{said:#?}");
    assert_eq!(app.count("select count(*) from pending_sign_ins").await, 0, "nothing is half open");
}

#[tokio::test]
async fn asvs_6_4_3_recovery_sets_a_password_again_and_still_asks_for_the_second_factor() {
    let app = TestApp::start().await;
    let mut person = alice(&app, 1, 3).await;
    assert_eq!(person.submit(REMOVE, &[]).await.status, 303);
    assert_eq!(person.get("/account/password").await.location(), OVERVIEW, "the way to another password");
    let mut lost = app.browser();
    assert_eq!(lost.submit("/recover", &[("identifier", "alice")]).await.status, 303);
    let secret = mailed(&app, "alice@example.com", "/recover/reset", 0).await;
    assert_eq!(follow(&mut lost, "/recover/reset", &secret).await.status, 200);
    let answer = lost.submit("/recover/reset", &[("password", NEW)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    assert!(!is_signed_in(&mut lost).await && !is_signed_in(&mut person).await);
    let answer = sign_in(&mut lost, "alice", NEW).await;
    assert_eq!((answer.status, answer.location()), (303, "/login/passkey"), "the factor is asked for");
    assert!(!is_signed_in(&mut lost).await);
    for kept in ["passkeys", "recovery_codes"] {
        assert!(app.count(&format!("select count(*) from {kept}")).await > 0, "{kept} are as they were");
    }
}

#[tokio::test]
async fn f11_no_session_of_the_removed_password_survives() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    for round in 0..4 {
        app.execute("delete from users").await;
        let mut person = alice(&app, 2, 0).await;
        // Each sign-in would be let in by its password alone: that is what must not be left behind.
        let trusted = person.clone();
        trust(&app, "alice", &trusted).await;
        let token = person.csrf_token(REMOVE).await;
        let addresses = [app.address, replica.address];
        race(8, |n| {
            let (mut person, mut trusted, token) = (person.clone(), trusted.clone(), token.clone());
            (person.to, trusted.to) = (addresses[n % 2], addresses[n % 2]);
            async move {
                if n == 0 {
                    person.post(REMOVE, &[("csrf_token", &token)]).await.status
                } else {
                    trusted.cookies.remove("vestibule");
                    sign_in(&mut trusted, "alice", PASSWORD).await.status
                }
            }
        })
        .await;
        assert_eq!(app.count(PASSWORDS).await, 0, "round {round}");
        let live = "select count(*) from sessions where revoked_at is null";
        assert_eq!(app.count(live).await, 1, "round {round}: the session that removed it");
    }
}

/// Sixteen at once on two replicas: whichever of them come first, a way in is left.
#[tokio::test]
async fn f11_the_last_passkey_and_the_password_do_not_go_together() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    for (passkeys, codes) in [(2, 0), (1, 1), (2, 0), (1, 1)] {
        app.execute("delete from users").await;
        let person = alice(&app, passkeys, codes).await;
        let addresses = [app.address, replica.address];
        let tabs = person.tabs(16, &addresses, REMOVE).await;
        let ids: Vec<uuid::Uuid> =
            sqlx::query_scalar("select id from passkeys order by id").fetch_all(&app.db).await.expect("passkeys");
        let said = race(16, |n| {
            let (mut person, token) = tabs[n].clone();
            let id = ids[(n / 2) % ids.len()].to_string();
            async move {
                if n % 4 < 2 {
                    person.post(REMOVE, &[("csrf_token", &token)]).await.status
                } else {
                    let fields = [("csrf_token", token.as_str()), ("passkey", id.as_str())];
                    person.post("/account/factors/passkeys/remove", &fields).await.status
                }
            }
        })
        .await;
        assert!(said.contains(&303) && said.contains(&422), "some came first, some were refused: {said:?}");
        let ways = "select (select count(*) from password_credentials) * 2 + (select count(*) from passkeys) \
            + (select least(count(*), 1) from recovery_codes)";
        assert!(app.count(ways).await >= 2, "{passkeys} passkeys, {codes} codes");
    }
}
