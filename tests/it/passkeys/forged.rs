//! Answers that no honest browser sends.

use serde_json::Value;

use super::{LOGIN, PASSKEYS, REAUTH, SECOND, authenticator, half_way, options, person, send};
use crate::{
    coverage::assert_guarded,
    support::{
        app::{TestApp, is_signed_in},
        authenticator::Authenticator,
        http::Answer,
    },
};

/// Ways to lie, each applied to an honest authenticator.
fn lies(honest: &Authenticator) -> Vec<(&'static str, Authenticator)> {
    let with = |what, change: fn(&mut Authenticator)| {
        let mut forged = honest.clone();
        change(&mut forged);
        (what, forged)
    };
    vec![
        with("another origin", |key| key.origin = "https://evil.example".into()),
        with("another port", |key| key.origin = "http://localhost:1".into()),
        with("another scheme", |key| key.origin = key.origin.replace("http:", "https:")),
        with("a host below", |key| key.origin = key.origin.replace("localhost", "evil.localhost")),
        with("a relying party of its own", |key| key.rp_id = "evil.example".into()),
        with("no user verification", |key| key.verified = false),
        with("another challenge", |key| key.challenge = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into())),
        with("no challenge", |key| key.challenge = Some(String::new())),
        with("a made type for get, or the reverse", |key| key.client_type = Some("webauthn.other")),
        with("a frame elsewhere", |key| key.cross_origin = true),
        with("a13 a page around it, and yet no frame", |key| key.top_origin = Some("https://evil.example")),
        with("a13 octets behind its data", |key| key.behind = b"more".to_vec()),
        with("a13 an item of CBOR behind its data", |key| key.behind = vec![0xa0]),
    ]
}

#[track_caller]
fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 400, "{what}: {answer:?}");
    assert_guarded(answer, what);
    assert!(answer.body.contains("role=\"alert\""), "{what}: {answer:?}");
}

#[tokio::test]
async fn asvs_6_7_2_row_71_a_forged_assertion_signs_nobody_in() {
    let app = TestApp::start().await;
    let (_, key) = person(&app, "alice").await;
    let (_, other) = person(&app, "mallory").await;
    let mut forgeries = lies(&key);
    // A key of somebody else's under the names of the account's.
    let stolen = Authenticator {
        credential_id: key.credential_id.clone(),
        user_handle: key.user_handle.clone(),
        ..other.clone()
    };
    let swapped = Authenticator { user_handle: other.user_handle.clone(), ..key.clone() };
    forgeries.extend([
        ("another key", stolen),
        ("another user handle", swapped.clone()),
        ("no user handle", Authenticator { user_handle: None, ..key.clone() }),
        ("a user handle that is none", Authenticator { user_handle: Some(b"alice".to_vec()), ..key.clone() }),
        ("somebody else's passkey under this account", Authenticator { user_handle: key.user_handle.clone(), ..other }),
        ("a synced key that was none", Authenticator { synced: true, ..key.clone() }),
        ("the type of a registration", Authenticator { client_type: Some("webauthn.create"), ..key.clone() }),
    ]);
    for (what, mut forged) in forgeries {
        let mut browser = app.browser();
        let asked = options(&mut browser, LOGIN, &[]).await;
        let answer = send(&mut browser, LOGIN, &forged.get(&asked), &[]).await;
        assert_refused(&answer, what);
        assert!(!is_signed_in(&mut browser).await, "{what}");
        if what.ends_with(" challenge") {
            continue;
        }
        // The challenge is gone with it, also for an honest answer.
        let late = send(&mut browser, LOGIN, &key.clone().get(&asked), &[]).await;
        assert_refused(&late, what);
    }
    assert!(app.count("select count(*) from audit_events where kind = 'factor_failed'").await > 5);
}

#[tokio::test]
async fn attack_18_cve_2026_0723_a_forged_second_factor_finishes_no_sign_in() {
    let app = TestApp::start().await;
    let (mut session, key) = person(&app, "alice").await;
    let (_, other) = person(&app, "mallory").await;
    let mut forgeries = lies(&key);
    forgeries.push(("somebody else's passkey", other.clone()));
    forgeries.push(("somebody else's passkey without a handle", Authenticator { user_handle: None, ..other }));
    for (what, mut forged) in forgeries {
        let mut browser = half_way(&app, "alice").await;
        let asked = options(&mut browser, LOGIN, &SECOND).await;
        assert_refused(&send(&mut browser, LOGIN, &forged.get(&asked), &SECOND).await, what);
        assert!(!is_signed_in(&mut browser).await, "{what}");
        let old = session.cookies["vestibule"].clone();
        let asked = options(&mut session, REAUTH, &[]).await;
        assert_refused(&send(&mut session, REAUTH, &forged.get(&asked), &[]).await, what);
        assert_eq!(session.cookies["vestibule"], old, "{what}");
    }
    assert_eq!(app.count("select count(*) from sessions").await, 2, "nobody signed in");
}

#[tokio::test]
async fn row_71_a_forged_passkey_is_not_added() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let honest = authenticator(&app);
    let mut forgeries = lies(&honest);
    forgeries.push(("an algorithm that was not asked for", Authenticator { algorithm: -8, ..honest.clone() }));
    forgeries.push(("an algorithm that nobody knows", Authenticator { algorithm: -100, ..honest.clone() }));
    forgeries.push(("the type of an assertion", Authenticator { client_type: Some("webauthn.get"), ..honest.clone() }));
    for (what, mut forged) in forgeries {
        let asked = options(&mut browser, PASSKEYS, &[]).await;
        assert_refused(&send(&mut browser, PASSKEYS, &forged.create(&asked), &[]).await, what);
    }
    for length in [0, 1024, 1025, 4096, 4097] {
        let mut long = Authenticator { credential_id: vec![7; length], ..honest.clone() };
        let asked = options(&mut browser, PASSKEYS, &[]).await;
        let answer = send(&mut browser, PASSKEYS, &long.create(&asked), &[]).await;
        assert_refused(&answer, &format!("a10 a credential ID of {length} octets"));
        assert!(answer.body.contains("couldn’t add that passkey"), "{length}: {answer:?}");
    }
    // An assertion is no registration.
    let asked = options(&mut browser, PASSKEYS, &[]).await;
    assert_refused(&send(&mut browser, PASSKEYS, &authenticator(&app).get(&asked), &[]).await, "an assertion");
    assert_eq!(app.count("select count(*) from passkeys").await, 0);
    // Nor does an account get the passkey of another.
    let (_, taken) = person(&app, "robert").await;
    let asked = options(&mut browser, PASSKEYS, &[]).await;
    assert_refused(&send(&mut browser, PASSKEYS, &taken.clone().create(&asked), &[]).await, "somebody else's");
    assert_eq!(app.count("select count(*) from passkeys").await, 1);
}

#[tokio::test]
async fn attack_18_and_19_what_is_no_answer_opens_nothing_however_often_it_comes() {
    let app = TestApp::start().await;
    let (mut session, mut key) = person(&app, "alice").await;
    let mut half = half_way(&app, "alice").await;
    let mut nobody = app.browser();
    let good = key.get(&options(&mut app.browser(), LOGIN, &[]).await);
    let without = |part: &str| {
        let mut answer: Value = serde_json::from_str(&good).expect("JSON");
        answer["response"][part] = Value::Null;
        answer.to_string()
    };
    let wrong = [
        "{}".to_owned(),
        "null".into(),
        "[]".into(),
        "\"\"".into(),
        "0".into(),
        good[..good.len() / 2].to_owned(),
        "[".repeat(10_000),
        "{\"a\":".repeat(2_000),
        format!("{good}{good}"),
        good.replace("public-key", "password"),
        without("signature"),
        without("clientDataJSON"),
        without("authenticatorData"),
        format!("{{\"id\":\"{}\"}}", "A".repeat(30_000)),
    ];
    for (browser, page, fields) in
        [(&mut nobody, LOGIN, &[][..]), (&mut half, LOGIN, &SECOND[..]), (&mut session, REAUTH, &[])]
    {
        // Before any ceremony, and twice.
        for _ in 0..2 {
            let empty = send(browser, page, "", fields).await;
            assert_eq!(empty.status, 422, "{page}: {empty:?}");
        }
        assert_refused(&send(browser, page, &good, fields).await, "out of order");
        for wrong in &wrong {
            options(browser, page, fields).await;
            assert_refused(&send(browser, page, wrong, fields).await, &format!("{page} {wrong:.40}"));
        }
        options(browser, page, fields).await;
        assert_eq!(send(browser, page, &"A".repeat(100_000), fields).await.status, 413);
    }
    assert!(!is_signed_in(&mut nobody).await && !is_signed_in(&mut half).await);
}

#[tokio::test]
async fn row_71_a_key_that_counts_backwards_is_refused_and_told() {
    let app = TestApp::start().await;
    let (_, mut key) = person(&app, "alice").await;
    key.counter = 40;
    let mut copy = key.clone();
    copy.counter = 10;
    let asked = options(&mut app.browser(), LOGIN, &[]).await;
    drop(asked);
    let mut browser = app.browser();
    let asked = options(&mut browser, LOGIN, &[]).await;
    assert_eq!(send(&mut browser, LOGIN, &key.get(&asked), &[]).await.status, 303);
    let mut thief = app.browser();
    let asked = options(&mut thief, LOGIN, &[]).await;
    assert_refused(&send(&mut thief, LOGIN, &copy.get(&asked), &[]).await, "a copy");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factor_failed'").await, 1);
    let counter = "select (credential -> 'cred' ->> 'counter')::int8 from passkeys";
    assert_eq!(app.count(counter).await, 41);
}
