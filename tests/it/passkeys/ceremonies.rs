//! A ceremony works once, for what it was begun for, in its time.

use super::{LOGIN, PASSKEYS, REAUTH, SECOND, authenticator, begin, half_way, options, person, send, show};
use crate::{
    csrf::token,
    support::{
        app::{TestApp, is_signed_in},
        authenticator::Authenticator,
        race::race,
    },
};

#[tokio::test]
async fn row_71_an_assertion_and_its_challenge_work_once() {
    let app = TestApp::start().await;
    let (_, mut key) = person(&app, "alice").await;
    let mut browser = app.browser();
    let asked = options(&mut browser, LOGIN, &[]).await;
    let ceremony = browser.cookies["vestibule_ceremony"].clone();
    let credential = key.get(&asked);
    assert_eq!(send(&mut browser, LOGIN, &credential, &[]).await.status, 303);
    let mut thief = app.browser();
    thief.cookies.insert("vestibule_ceremony".into(), ceremony);
    assert_eq!(send(&mut thief, LOGIN, &credential, &[]).await.status, 400, "the same assertion");
    assert_eq!(send(&mut thief, LOGIN, &key.get(&asked), &[]).await.status, 400, "another to the same challenge");
    options(&mut thief, LOGIN, &[]).await;
    assert_eq!(send(&mut thief, LOGIN, &credential, &[]).await.status, 400, "the same in another ceremony");
    assert!(!is_signed_in(&mut thief).await);
}

#[tokio::test]
async fn f10_one_assertion_thirty_times_at_once_over_two_replicas_is_one_success() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let (_, key) = person(&first, "alice").await;
    for (what, fields) in [("alone", &[][..]), ("second", &SECOND[..])] {
        for round in 0..5 {
            let mut browser = if what == "alone" { first.browser() } else { half_way(&first, "alice").await };
            let mut key =
                Authenticator { counter: 100 + round * 2 + if what == "alone" { 0 } else { 50 }, ..key.clone() };
            let credential = key.get(&options(&mut browser, LOGIN, fields).await);
            let tabs = browser.tabs(30, &[first.address, second.address], LOGIN).await;
            let sessions = first.count("select count(*) from sessions").await;
            let answers = race(30, |n| {
                let ((mut tab, token), credential) = (tabs[n].clone(), credential.clone());
                async move {
                    let mut all = vec![("csrf_token", token.as_str()), ("credential", credential.as_str())];
                    all.extend_from_slice(fields);
                    let answer = tab.post(LOGIN, &all).await;
                    (answer.status, answer.header("location").map(str::to_owned))
                }
            })
            .await;
            let to_the_dashboard = answers.iter().filter(|(_, to)| to.as_deref() == Some("/dashboard")).count();
            assert_eq!(to_the_dashboard, 1, "{what} {round}: {answers:?}");
            let fine = |status: u16, to: Option<&str>| status == 400 || (status == 303 && to.is_some());
            assert!(answers.iter().all(|(status, to)| fine(*status, to.as_deref())), "{answers:?}");
            assert_eq!(first.count("select count(*) from sessions").await, sessions + 1, "{what} {round}");
        }
    }
}

#[tokio::test]
async fn row_71_a_ceremony_of_another_purpose_session_or_sign_in_is_none() {
    let app = TestApp::start().await;
    let (mut here, mut key) = person(&app, "alice").await;
    let mut elsewhere = app.browser();
    let asked = options(&mut elsewhere, LOGIN, &[]).await;
    assert_eq!(send(&mut elsewhere, LOGIN, &key.get(&asked), &[]).await.status, 303);
    // Of another purpose: what was begun as a sign-in proves nothing in a session, and the reverse.
    let asked = options(&mut here, LOGIN, &[]).await;
    assert_eq!(send(&mut here, REAUTH, &key.get(&asked), &[]).await.status, 400);
    let asked = options(&mut here, REAUTH, &[]).await;
    let ceremony = here.cookies["vestibule_ceremony"].clone();
    let credential = key.get(&asked);
    let mut nobody = app.browser();
    nobody.cookies.insert("vestibule_ceremony".into(), ceremony.clone());
    assert_eq!(send(&mut nobody, LOGIN, &credential, &[]).await.status, 400);
    // Of another session of the same account.
    elsewhere.cookies.insert("vestibule_ceremony".into(), ceremony);
    assert_eq!(send(&mut elsewhere, REAUTH, &credential, &[]).await.status, 400);
    // Nobody used it up by that.
    assert_eq!(send(&mut here, REAUTH, &credential, &[]).await.status, 303);
    // Of another sign-in that waits.
    let (mut one, mut other) = (half_way(&app, "alice").await, half_way(&app, "alice").await);
    let credential = key.get(&options(&mut one, LOGIN, &SECOND).await);
    other.cookies.insert("vestibule_ceremony".into(), one.cookies["vestibule_ceremony"].clone());
    assert_eq!(send(&mut other, LOGIN, &credential, &SECOND).await.status, 400);
    assert_eq!(send(&mut one, LOGIN, &credential, &[]).await.status, 400, "as if it were alone");
    assert_eq!(send(&mut one, LOGIN, &credential, &SECOND).await.status, 303);
    // Of another session, to add a passkey (attack 20).
    let made = authenticator(&app).create(&options(&mut here, PASSKEYS, &[]).await);
    elsewhere.cookies.insert("vestibule_ceremony".into(), here.cookies["vestibule_ceremony"].clone());
    assert_eq!(send(&mut elsewhere, PASSKEYS, &made, &[]).await.status, 400);
    assert_eq!(app.count("select count(*) from passkeys").await, 1);
}

#[tokio::test]
async fn asvs_6_7_2_a_challenge_is_good_for_ten_minutes_and_is_swept_then() {
    let app = TestApp::start().await;
    let (mut session, mut key) = person(&app, "alice").await;
    let mut browser = app.browser();
    let credential = key.get(&options(&mut browser, LOGIN, &[]).await);
    let lives = "select extract(epoch from max(expires_at - created_at))::int8 from webauthn_ceremonies";
    assert_eq!(app.count(lives).await, 600);
    app.execute("update webauthn_ceremonies set expires_at = now()").await;
    let late = send(&mut browser, LOGIN, &credential, &[]).await;
    assert!(late.status == 400 && late.body.contains("took too long"), "{late:?}");
    let made = authenticator(&app).create(&options(&mut session, PASSKEYS, &[]).await);
    app.execute("update webauthn_ceremonies set expires_at = now()").await;
    assert_eq!(send(&mut session, PASSKEYS, &made, &[]).await.status, 400);
    // Nor does it help to let the password's ten minutes pass.
    let mut half = half_way(&app, "alice").await;
    let credential = key.get(&options(&mut half, LOGIN, &SECOND).await);
    app.execute("update pending_sign_ins set expires_at = now()").await;
    let late = send(&mut half, LOGIN, &credential, &SECOND).await;
    assert_eq!((late.status, late.location()), (303, "/login"), "{late:?}");
    assert!(!is_signed_in(&mut half).await);
    app.execute("update webauthn_ceremonies set expires_at = now() - interval '1 second'").await;
    let swept = app.sweep().await;
    assert!(swept.count("webauthn_ceremonies") >= 3, "{swept:?}");
    assert_eq!(app.count("select count(*) from webauthn_ceremonies").await, 0);
}

#[tokio::test]
async fn asvs_2_4_1_one_network_begins_only_so_many() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let token = token(&mut browser).await;
    let mut slowed = None;
    for _ in 0..230 {
        let answer = browser.post("/login/passkey/options", &[("csrf_token", &token)]).await;
        if answer.status != 200 {
            slowed = Some(answer);
            break;
        }
    }
    let slowed = slowed.expect("a limit");
    assert!(slowed.status == 429 && slowed.header("retry-after").is_some(), "{slowed:?}");
    let begun = app.count("select count(*) from webauthn_ceremonies").await;
    assert!((200..=210).contains(&begun), "{begun}");
    let elsewhere = app.browser().at([127, 9, 9, 9].into());
    assert_eq!(begin(&mut elsewhere.clone(), LOGIN, &[]).await.status, 200, "others are not kept waiting");
}

#[tokio::test]
async fn the_ceremonys_cookie_is_guarded_like_every_other() {
    let app = TestApp::start().await;
    let answer = begin(&mut app.browser(), LOGIN, &[]).await;
    let cookie =
        answer.header_all("set-cookie").find(|line| line.starts_with("vestibule_ceremony=")).expect("a cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
}

#[tokio::test]
async fn a10_a_credential_id_of_any_allowed_length_is_added_and_signs_in() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    for length in [1, 16, 1023] {
        let mut key = Authenticator { credential_id: vec![7; length], ..authenticator(&app) };
        let made = key.create(&options(&mut browser, PASSKEYS, &[]).await);
        let added = send(&mut browser, PASSKEYS, &made, &[]).await;
        // The first one is answered with recovery codes.
        assert_eq!(added.status, if length == 1 { 200 } else { 303 }, "{length}: {added:?}");
        let answer = show(&mut app.browser(), LOGIN, &mut key, &[]).await;
        assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{length}: {answer:?}");
    }
}

#[tokio::test]
async fn field_16_an_empty_user_handle_is_none() {
    let app = TestApp::start().await;
    let (mut session, key) = person(&app, "alice").await;
    let mut empty = Authenticator { user_handle: Some(Vec::new()), ..key };
    // After the password the account is known without it.
    let mut browser = half_way(&app, "alice").await;
    let answer = show(&mut browser, LOGIN, &mut empty, &SECOND).await;
    assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
    let answer = show(&mut session, REAUTH, &mut empty, &[]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    // Alone it names nobody.
    let mut nobody = app.browser();
    assert_eq!(show(&mut nobody, LOGIN, &mut empty, &[]).await.status, 400);
    assert!(!is_signed_in(&mut nobody).await);
}
