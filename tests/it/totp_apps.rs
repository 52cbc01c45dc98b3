//! Authenticator apps of an account: setting one up, naming it, removing it.

use crate::{
    reauth::age,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        letters::all_delivered,
        totp::{Authenticator, begin, confirm, key, later, pending, person, recovery_codes},
    },
    totp::{assert_in, enter},
};
use uuid::Uuid;
use vestibule::{features::totp, types::UserId};

/// The one app of the one person.
async fn the_app(app: &TestApp) -> Uuid {
    let id: UserId = sqlx::query_scalar("select id from users").fetch_one(&app.db).await.expect("one person");
    let mut connection = app.db.acquire().await.expect("a connection");
    (totp::FACTOR.list)(&mut connection, id).await.expect("a list").first().expect("an app").id
}

/// How often it was told by letter.
async fn told(app: &TestApp, what: &str) -> i64 {
    all_delivered(app).await;
    app.count(&format!("select count(*) from dev_mailbox where text_form like '%{what}%'")).await
}

#[tokio::test]
async fn the_first_app_ends_other_sessions_and_every_sign_in_asks_for_its_code_from_then_on() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let mut elsewhere = app.signed_in("alice").await;
    let old = owner.clone();
    let authenticator = begin(&mut owner).await;
    assert!(is_signed_in(&mut elsewhere).await, "nothing is a factor before its code was shown");
    let answer = confirm(&mut owner, &authenticator.now(&app).await, "  My phone ").await;
    assert!(answer.status == 200 && answer.body.contains("is added"), "{answer:?}");
    assert!(answer.body.contains("/account/factors/recovery-codes/saved"), "{answer:?}");
    assert!(!is_signed_in(&mut elsewhere).await && !is_signed_in(&mut old.clone()).await, "another cookie too");
    let session = owner.get("/api/v1/session").await;
    let session: serde_json::Value = serde_json::from_str(&session.body).expect("JSON");
    let session = &session["session"];
    assert_eq!((&session["aal"], session["amr"].to_string()), (&2.into(), r#"["pwd","otp","mfa"]"#.to_owned()));
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factor_added'").await, 1);
    assert_eq!(told(&app, "authenticator app was added").await, 1);
    assert_eq!(app.count("select count(*) from totp_factors where name = 'My phone'").await, 1);

    later(&app).await;
    let hashes = app.state.metrics.hashes.get();
    let mut browser = pending(&app, "alice").await;
    assert!(!is_signed_in(&mut browser).await);
    let page = browser.get("/login/totp").await;
    assert!(page.status == 200 && page.body.contains("alice") && page.body.contains("one-time-code"), "{page:?}");
    assert_in(&enter(&mut browser, &authenticator.now(&app).await).await);
    assert!(is_signed_in(&mut browser).await && !browser.cookies.contains_key("vestibule_pending"));
    assert_eq!(app.state.metrics.hashes.get(), hashes + 1, "the password's; the code costs none");
    assert_eq!(
        app.count("select count(*) from totp_factors where last_used_at > now() - interval '1 minute'").await,
        1
    );
    let failures = "select count(*) from attempt_limits where failures > 0";
    assert_eq!(app.count(failures).await, 0, "a success gives back what it spent");
}

#[tokio::test]
async fn a_second_app_ends_nothing_and_either_of_them_signs_in() {
    let app = TestApp::start().await;
    let (mut owner, first) = person(&app, "alice").await;
    recovery_codes(&mut owner).await;
    let mut elsewhere = pending(&app, "alice").await;
    assert_in(&enter(&mut elsewhere, &first.now(&app).await).await);
    let second = begin(&mut owner).await;
    assert_ne!(first.seed, second.seed);
    let answer = confirm(&mut owner, &second.now(&app).await, "").await;
    assert_eq!((answer.status, answer.location()), (303, "/account/factors"), "it has recovery codes");
    assert!(is_signed_in(&mut owner).await && is_signed_in(&mut elsewhere).await);
    assert_eq!(app.count("select count(*) from totp_factors where name = 'Authenticator app'").await, 1);
    for authenticator in [first, second] {
        later(&app).await;
        assert_in(&enter(&mut pending(&app, "alice").await, &authenticator.now(&app).await).await);
    }
}

#[tokio::test]
async fn a_seed_belongs_to_the_session_that_made_it_until_it_is_confirmed() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let mut stranger = app.signed_in("alice").await;
    assert_eq!(owner.get("/account/factors/totp").await.body.matches("class=\"key\"").count(), 0, "nothing is begun");
    let (own, strange) = (begin(&mut owner).await, begin(&mut stranger).await);
    assert_ne!(own.seed, strange.seed, "nobody confirms a seed that somebody else has seen");
    for _ in 0..2 {
        assert_eq!(begin(&mut owner).await.seed, own.seed, "whoever comes back has what their app took");
    }
    let page = owner.get("/account/factors/totp").await;
    assert!(page.body.contains(r#"<svg class="qr""#) && page.body.contains("otpauth://totp/Vestibule:alice?secret="));
    assert_eq!(confirm(&mut owner, &strange.now(&app).await, "").await.status, 422);
    assert_eq!(confirm(&mut owner, &own.now(&app).await, "").await.status, 200);
    // The other session is over, and so is what it had begun.
    let over = confirm(&mut stranger, &strange.now(&app).await, "").await;
    assert_eq!(over.location(), "/login?next=/account/factors/totp/confirm", "{over:?}");
    assert_eq!(app.count("select count(*) from totp_factors where confirmed_at is not null").await, 1);
}

#[tokio::test]
async fn what_is_not_confirmed_within_an_hour_goes_and_few_are_kept() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browsers = Vec::new();
    for _ in 0..7 {
        let mut browser = app.signed_in("alice").await;
        begin(&mut browser).await;
        browsers.push(browser);
    }
    assert_eq!(app.count("select count(*) from totp_factors").await, 5);
    let mut last = browsers.pop().expect("a browser");
    let before = begin(&mut last).await;
    app.execute("update totp_factors set created_at = now() - interval '61 minutes'").await;
    let answer = confirm(&mut last, &before.now(&app).await, "").await;
    assert_eq!(answer.status, 403, "the page shows no form for it: {answer:?}");
    assert_ne!(begin(&mut last).await.seed, before.seed);
    assert_eq!(app.sweep().await.count("totp_factors"), 4);
    assert_eq!(app.count("select count(*) from totp_factors").await, 1);
    assert_eq!(app.count("select count(*) from totp_factors where confirmed_at is not null").await, 0);
}

#[tokio::test]
async fn an_account_has_ten_apps_at_most() {
    let app = TestApp::start().await;
    let (mut owner, _) = person(&app, "alice").await;
    let under_way = begin(&mut owner).await;
    app.execute(
        "insert into totp_factors (id, user_id, name, seed, confirmed_at)
         select gen_random_uuid(), user_id, name, seed, now() from totp_factors t, generate_series(1, 9)
         where confirmed_at is not null",
    )
    .await;
    let answer = confirm(&mut owner, &under_way.now(&app).await, "").await;
    assert!(answer.status == 422 && answer.body.contains("the most you can have"), "{answer:?}");
    let token = owner.csrf_token("/logout").await;
    let answer = owner.post("/account/factors/totp", &[("csrf_token", &token)]).await;
    assert!(answer.status == 422 && answer.body.contains("the most you can have"), "{answer:?}");
    assert_eq!(app.count("select count(*) from totp_factors where confirmed_at is not null").await, 10);
}

#[tokio::test]
async fn removing_the_last_app_ends_what_it_opened_and_leaves_the_password_alone() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = person(&app, "alice").await;
    recovery_codes(&mut owner).await;
    let mut elsewhere = pending(&app, "alice").await;
    let code = authenticator.now(&app).await;
    assert_in(&elsewhere.submit("/login/totp", &[("code", &code), ("trust", "yes")]).await);
    let id = the_app(&app).await.to_string();
    let page = owner.get(&format!("/account/factors/totp/remove?factor={id}")).await;
    assert!(page.body.contains("My phone") && page.body.contains("your last one"), "{page:?}");

    let mut other = app.person("mallory").await;
    for path in ["/account/factors/totp/remove", "/account/factors/totp/rename"] {
        assert_eq!(other.get(&format!("{path}?factor={id}")).await.status, 404, "another's is not there");
        let token = other.csrf_token("/logout").await;
        let fields = [("csrf_token", token.as_str()), ("factor", &id), ("name", "Mine")];
        assert_eq!(other.post(path, &fields).await.status, 404, "another's is not there");
    }
    age(&app).await;
    let token = owner.csrf_token("/logout").await;
    let fields = [("csrf_token", token.as_str()), ("factor", &id)];
    let answer = owner.post("/account/factors/totp/remove", &fields).await;
    assert_eq!(answer.location(), "/reauth?next=/account/factors/totp/remove", "a fresh factor first");
    later(&app).await;
    assert_eq!(owner.submit("/reauth/totp", &[("code", &authenticator.now(&app).await)]).await.status, 303);
    let token = owner.csrf_token("/logout").await;
    let fields = [("csrf_token", token.as_str()), ("factor", &id)];
    let answer = owner.post("/account/factors/totp/remove", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/factors"), "{answer:?}");
    let token = owner.csrf_token("/logout").await;
    let fields = [("csrf_token", token.as_str()), ("factor", &id)];
    assert_eq!(owner.post("/account/factors/totp/remove", &fields).await.status, 404, "it is gone");

    assert!(is_signed_in(&mut owner).await && !is_signed_in(&mut elsewhere).await);
    for gone in ["totp_factors", "recovery_codes", "known_browsers where trusted_until is not null"] {
        assert_eq!(app.count(&format!("select count(*) from {gone}")).await, 0, "{gone}");
    }
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factor_removed'").await, 1);
    assert_eq!(told(&app, "authenticator app was removed").await, 1);
    assert_in(&sign_in(&mut app.browser(), "alice", PASSWORD).await);
}

#[tokio::test]
async fn an_app_goes_by_whatever_name_its_owner_gives_it_and_a_name_is_text() {
    let app = TestApp::start().await;
    let (mut owner, _) = person(&app, "alice").await;
    let id = the_app(&app).await.to_string();
    let path = format!("/account/factors/totp/rename?factor={id}");
    for name in ["내 휴대폰", r#""><svg onload=alert(1)>{{7*7}}"#, "'; drop table totp_factors; --"] {
        let answer = owner.submit(&path, &[("factor", &id), ("name", name)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/account/factors"), "{answer:?}");
        let page = owner.get(&path).await;
        assert!(!page.body.contains("<svg"), "{page:?}");
        let kept: String = sqlx::query_scalar("select name from totp_factors").fetch_one(&app.db).await.expect("it");
        assert_eq!(kept, name);
        let page = owner.get(&format!("/account/factors/totp/remove?factor={id}")).await;
        assert!(!page.body.contains("<svg"), "{page:?}");
    }
    let long = "가".repeat(65);
    for (name, says) in [("", "Enter a name"), (long.as_str(), "at most 64"), ("a\u{202e}b", "hidden character")] {
        let answer = owner.submit(&path, &[("factor", &id), ("name", name)]).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{name}: {answer:?}");
    }
    for id in ["", "1", "00000000-0000-4000-8000-000000000009", "%00", "' or 1=1"] {
        let token = owner.csrf_token("/logout").await;
        let fields = [("csrf_token", token.as_str()), ("factor", id), ("name", "a")];
        assert_eq!(owner.post("/account/factors/totp/rename", &fields).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn enrolling_in_korean_and_without_a_name_is_as_good() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await.with("Accept-Language", "ko");
    let authenticator = begin(&mut owner).await;
    let page = owner.get("/account/factors/totp").await;
    assert!(page.body.contains("인증 앱 추가"), "{page:?}");
    assert_eq!(Authenticator::take(&key(&page.body)).seed, authenticator.seed);
    assert_eq!(confirm(&mut owner, &authenticator.now(&app).await, " ").await.status, 200);
    assert_eq!(app.count("select count(*) from totp_factors where name = '인증 앱'").await, 1);
}
