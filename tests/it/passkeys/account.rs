//! The passkeys of an account become more or less.

use super::{LOGIN, PASSKEYS, add, authenticator, begin, half_way, options, person, send, show};
use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    http::Answer,
};

/// The identifiers of an account's passkeys, the oldest first.
async fn ids(app: &TestApp, username: &str) -> Vec<String> {
    let query = "select p.id::text from passkeys p join users u on u.id = p.user_id where u.username = $1 order by p.created_at";
    sqlx::query_scalar(query).bind(username).fetch_all(&app.db).await.expect("passkeys")
}

async fn remove(browser: &mut Browser, id: &str) -> Answer {
    send(browser, &format!("{PASSKEYS}/remove"), "", &[("passkey", id)]).await
}

#[tokio::test]
async fn asvs_6_3_7_the_first_passkey_is_told_and_ends_what_was_opened_without_it() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let mut elsewhere = app.signed_in("alice").await;
    let old = browser.clone();
    let page = browser.get(PASSKEYS).await;
    assert!(page.status == 200 && page.body.contains("passkeys.js"), "{page:?}");
    let asked = options(&mut browser, PASSKEYS, &[]).await;
    let selection = &asked["authenticatorSelection"];
    assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&"required".into(), &"required".into()));
    let made = authenticator(&app).create(&asked);
    let answer = send(&mut browser, PASSKEYS, &made, &[("name", "열쇠고리")]).await;
    assert!(answer.status == 200 && answer.body.contains("/account/factors/recovery-codes/saved"), "{answer:?}");
    assert!(is_signed_in(&mut browser).await, "this one goes on");
    assert_ne!(browser.cookies["vestibule"], old.cookies["vestibule"]);
    assert!(!is_signed_in(&mut old.clone()).await && !is_signed_in(&mut elsewhere).await);
    assert_eq!(super::who(&mut browser).await["session"]["aal"], 2);
    let page = browser.get(PASSKEYS).await;
    assert!(page.body.contains("열쇠고리"), "{page:?}");
    let letters = app.letters_to("alice@example.com").await;
    assert!(letters.iter().any(|letter| letter.text.contains("A passkey was added")), "{letters:?}");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factor_added'").await, 1);
    // A further one ends nothing, and is not made twice on one device.
    let mut phone = app.browser();
    let mut key = add(&app, &mut browser).await;
    assert_eq!(show(&mut phone, LOGIN, &mut key, &[]).await.status, 303);
    let asked = options(&mut browser, PASSKEYS, &[]).await;
    assert_eq!(asked["excludeCredentials"].as_array().map(Vec::len), Some(2), "{asked}");
    let again = key.create(&asked);
    assert_eq!(send(&mut browser, PASSKEYS, &again, &[]).await.status, 400);
    let third = authenticator(&app).create(&options(&mut browser, PASSKEYS, &[]).await);
    let answer = send(&mut browser, PASSKEYS, &third, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, PASSKEYS), "{answer:?}");
    assert!(is_signed_in(&mut phone).await);
}

#[tokio::test]
async fn row_28_a_passkey_that_is_removed_opens_nothing_on_any_replica_and_other_sessions_end() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let (mut browser, mut lost) = person(&app, "alice").await;
    let mut kept = add(&app, &mut browser).await;
    let mut thief = app.browser();
    assert_eq!(show(&mut thief, LOGIN, &mut lost, &[]).await.status, 303);
    let mut trusted = half_way(&app, "alice").await;
    let fields = [("second", "yes"), ("trust", "yes")];
    assert_eq!(show(&mut trusted, LOGIN, &mut kept, &fields).await.status, 303);
    let mut waiting = app.browser();
    let late = lost.get(&options(&mut waiting, LOGIN, &[]).await);
    let ids = ids(&app, "alice").await;
    let answer = remove(&mut browser, &ids[0]).await;
    assert_eq!((answer.status, answer.location()), (303, PASSKEYS), "{answer:?}");
    thief.to = replica.address;
    assert!(!is_signed_in(&mut thief).await && !is_signed_in(&mut trusted).await);
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(send(&mut waiting, LOGIN, &late, &[]).await.status, 400);
    let again = sign_in(&mut trusted, "alice", PASSWORD).await;
    assert_eq!(again.location(), LOGIN, "nor is any browser trusted: {again:?}");
    let letters = app.letters_to("alice@example.com").await;
    assert!(letters.iter().any(|letter| letter.text.contains("A passkey was removed")), "{letters:?}");
    // The last one takes the recovery codes along; then the password is enough again.
    app.execute("insert into recovery_codes (digest, user_id) select sha256('code'), id from users").await;
    assert_eq!(remove(&mut browser, &ids[1]).await.status, 303);
    assert_eq!(app.count("select count(*) from recovery_codes").await, 0);
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.location(), "/dashboard");
}

#[tokio::test]
async fn row_73_asvs_8_2_2_another_accounts_passkey_is_not_there() {
    let app = TestApp::start().await;
    let (_, _) = person(&app, "alice").await;
    let (mut mallory, _) = person(&app, "mallory").await;
    let hers = ids(&app, "alice").await;
    assert_eq!(remove(&mut mallory, &hers[0]).await.status, 404);
    let rename = [("passkey", hers[0].as_str()), ("name", "Mine")];
    assert_eq!(send(&mut mallory, &format!("{PASSKEYS}/rename"), "", &rename).await.status, 404);
    for id in ["", "x", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(remove(&mut mallory, id).await.status, 404, "{id}");
    }
    assert_eq!(app.count("select count(*) from passkeys where name = 'A key'").await, 2);
}

#[tokio::test]
async fn a_passkey_is_renamed() {
    let app = TestApp::start().await;
    let (mut browser, _) = person(&app, "alice").await;
    let id = ids(&app, "alice").await.remove(0);
    let path = format!("{PASSKEYS}/rename");
    let mut rename = async |name: &str, next: &str| {
        send(&mut browser, &path, "", &[("passkey", &id), ("name", name), ("next", next)]).await
    };
    let answer = rename("<svg onload=alert(1)>", "/account/factors").await;
    assert_eq!((answer.status, answer.location()), (303, "/account/factors"), "{answer:?}");
    assert_eq!(rename("Work laptop", "https://evil.example").await.location(), PASSKEYS);
    for (name, says) in [("  ", "Enter a name"), (&"x".repeat(65), "at most 64"), ("a\u{202e}b", "hidden character")] {
        let answer = rename(name, "").await;
        assert!(answer.status == 422 && answer.body.contains(says), "{name}: {answer:?}");
    }
    assert_eq!(app.count("select count(*) from passkeys where name = 'Work laptop'").await, 1);
}

#[tokio::test]
async fn an_account_without_a_password_keeps_a_way_in_for_the_day_a_passkey_is_lost() {
    let app = TestApp::start().await;
    let (mut browser, _) = person(&app, "alice").await;
    add(&app, &mut browser).await;
    app.execute("delete from password_credentials").await;
    let ids = ids(&app, "alice").await;
    let answer = remove(&mut browser, &ids[0]).await;
    assert!(answer.status == 422 && answer.body.contains("locked out"), "{answer:?}");
    assert_eq!(app.count("select count(*) from passkeys").await, 2);
    app.execute("insert into recovery_codes (digest, user_id) select sha256('code'), id from users").await;
    assert_eq!(remove(&mut browser, &ids[0]).await.status, 303);
    assert_eq!(remove(&mut browser, &ids[1]).await.status, 422);
    assert_eq!(app.count("select count(*) from passkeys").await, 1);
}

#[tokio::test]
async fn an_account_has_twenty_passkeys_at_most() {
    let app = TestApp::start().await;
    let (mut browser, _) = person(&app, "alice").await;
    let made = authenticator(&app).create(&options(&mut browser, PASSKEYS, &[]).await);
    let more = "select gen_random_uuid(), user_id, name, sha256(n::text::bytea), '{}', false, false from passkeys, generate_series(1, 19) n";
    let columns = "id, user_id, name, credential_id, credential, backup_eligible, backed_up";
    app.execute(&format!("insert into passkeys ({columns}) {more}")).await;
    let answer = send(&mut browser, PASSKEYS, &made, &[]).await;
    assert!(answer.status == 422 && answer.body.contains("20 passkeys"), "{answer:?}");
    assert_eq!(begin(&mut browser, PASSKEYS, &[]).await.status, 400);
    assert_eq!(app.count("select count(*) from passkeys").await, 20);
}
