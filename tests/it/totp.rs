//! Codes of authenticator apps: at sign-in, and to prove again who one is.

use crate::{
    reauth::age,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::Answer,
        letters::{follow, link_of},
        race::race,
        totp::{asked, begin, confirm, later, pending, person, step},
    },
};
use vestibule::accounts::links::Purpose;

const AT_ONCE: usize = 30;

/// Enters a code on the page that asks for one.
pub async fn enter(browser: &mut Browser, code: &str) -> Answer {
    browser.submit("/login/totp", &[("code", code)]).await
}

#[track_caller]
pub fn assert_in(answer: &Answer) {
    assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
}

#[track_caller]
pub fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.body.contains("isn’t right, or was already used"), "{answer:?}");
}

#[tokio::test]
async fn asvs_6_5_1_a_code_works_once_and_none_that_is_older() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let authenticator = begin(&mut owner).await;
    let now = step(&app).await;
    assert_eq!(confirm(&mut owner, &authenticator.code(now), "").await.status, 200);
    assert_refused(&enter(&mut pending(&app, "alice").await, &authenticator.code(now)).await);
    assert_refused(&enter(&mut pending(&app, "alice").await, &authenticator.code(now - 1)).await);

    app.execute("update totp_factors set last_step = last_step - 1; delete from attempt_limits").await;
    let (mut first, mut second) = (pending(&app, "alice").await, pending(&app, "alice").await);
    assert_in(&enter(&mut first, &authenticator.code(now)).await);
    assert_refused(&enter(&mut second, &authenticator.code(now)).await);
    assert_refused(&enter(&mut second, &format!(" {} ", authenticator.code(now))).await);
    assert_refused(&enter(&mut second, &authenticator.code(now - 1)).await);
    assert!(!is_signed_in(&mut second).await);
    assert_in(&enter(&mut second, &authenticator.code(now + 1)).await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factor_failed'").await, 5);
}

#[tokio::test]
async fn a_code_is_taken_however_a_person_types_it() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    let spelt: [fn(&str) -> String; 5] = [
        |code| format!("{} {}", &code[..3], &code[3..]),
        |code| format!(" {code}"),
        |code| format!("{}-{}", &code[..3], &code[3..]),
        |code| code.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("full width")).collect(),
        |code| format!("{}\u{3000}{}", &code[..3], &code[3..]),
    ];
    for spell in spelt {
        later(&app).await;
        assert_in(&enter(&mut pending(&app, "alice").await, &spell(&authenticator.now(&app).await)).await);
    }
    let mut browser = pending(&app, "alice").await;
    for typed in ["", " ", "12345", "1234567", "12345a", "<svg onload=alert(1)>", "１２３"] {
        let answer = enter(&mut browser, typed).await;
        assert!(answer.status == 422 && answer.body.contains("Enter the six digits"), "{typed}: {answer:?}");
        assert!(!answer.body.contains("onload"), "nothing that was typed comes back");
    }
    let taken = "select count(*) from attempt_limits where failures > 0";
    assert_eq!(app.count(taken).await, 0, "what is no code is no try");
}

#[tokio::test]
async fn asvs_6_5_5_the_step_before_and_the_one_after_count_and_no_other() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    for (off, good) in [(-3, false), (-2, false), (-1, true), (0, true), (1, true), (2, false), (3, false)] {
        loop {
            later(&app).await;
            let mut browser = pending(&app, "alice").await;
            let before = step(&app).await;
            let answer = enter(&mut browser, &authenticator.code(before + off)).await;
            // A step that passed meanwhile says nothing.
            if step(&app).await == before {
                if good {
                    assert_in(&answer);
                } else {
                    assert_refused(&answer);
                }
                break;
            }
        }
    }
}

#[tokio::test]
async fn f10_of_one_code_thirty_times_at_once_over_two_replicas_one_signs_in() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let (_, authenticator) = person(&first, "alice").await;
    let winners = "select count(*) from sessions where revoked_at is null and aal = 2";
    for round in 0..4 {
        later(&first).await;
        first.execute("update sessions set revoked_at = now()").await;
        // In every other round each of them has a sign-in of its own that waits; else they share one.
        let mut waiting = Vec::new();
        let one = pending(&first, "alice").await;
        for n in 0..AT_ONCE {
            let mut browser = if round % 2 == 0 && n < 6 { pending(&first, "alice").await } else { one.clone() };
            let token = browser.csrf_token("/login/totp").await;
            browser.to = [&first, &second][n % 2].address;
            waiting.push((browser, token));
        }
        // Without the limits, which would keep most of them from being compared at all.
        let db = first.db.clone();
        let unlimited = tokio::spawn(async move {
            loop {
                sqlx::query("delete from attempt_limits where failures > 0").execute(&db).await.expect("a deletion");
            }
        });
        let code = authenticator.now(&first).await;
        let answers = race(AT_ONCE, |n| {
            let ((mut browser, token), code) = (waiting[n].clone(), code.clone());
            async move {
                let answer = browser.post("/login/totp", &[("csrf_token", &token), ("code", &code)]).await;
                (answer.status, answer.header("location").map(str::to_owned))
            }
        })
        .await;
        unlimited.abort();
        let inside = answers.iter().filter(|answer| **answer == (303, Some("/dashboard".into()))).count();
        assert_eq!((inside, first.count(winners).await), (1, 1), "round {round}: {answers:?}");
        let others = answers.iter().all(|(status, to)| {
            matches!(status, 422 | 429)
                || *status == 303 && ["/dashboard", "/login"].contains(&to.as_deref().unwrap_or(""))
        });
        assert!(others, "round {round}: {answers:?}");
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(first.count(deadlocks).await, 0);
}

#[tokio::test]
async fn cve_2026_49443_no_stage_is_skipped_by_an_empty_form_or_out_of_order() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = person(&app, "alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    for path in ["/login/totp", "/login/recovery-code"] {
        for fields in [vec![], vec![("code", "000000")], vec![("code", ""), ("trust", "yes")]] {
            let mut fields = fields.clone();
            fields.push(("csrf_token", token.as_str()));
            let answer = browser.post(path, &fields).await;
            assert_eq!((answer.status, answer.location()), (303, "/login"), "nothing waits: {answer:?}");
        }
    }
    asked(&mut browser, "alice").await;
    for _ in 0..2 {
        assert_eq!(enter(&mut browser, "").await.status, 422);
        let answer = browser.submit("/login/totp", &[]).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        // No recovery codes were made: that page leads to the one there is.
        assert_eq!(browser.get("/login/recovery-code").await.location(), "/login/totp");
    }
    for path in ["/dashboard", "/account/factors/totp", "/reauth/totp", "/account/factors/recovery-codes"] {
        assert_eq!(browser.get(path).await.location(), format!("/login?next={path}"), "row 69");
    }
    assert_eq!(browser.get("/api/v1/session").await.status, 401);
    let used = browser.clone();
    assert_in(&enter(&mut browser, &authenticator.now(&app).await).await);
    later(&app).await;
    let mut used = used.clone();
    assert_eq!(used.get("/login/totp").await.location(), "/login", "what waited is used up");
    let token = used.csrf_token("/login").await;
    let code = authenticator.now(&app).await;
    let answer = used.post("/login/totp", &[("csrf_token", &token), ("code", &code)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");

    // Nothing is set up: there is nothing to confirm.
    let token = owner.csrf_token("/logout").await;
    for code in ["", "000000"] {
        let answer = owner.post("/account/factors/totp/confirm", &[("csrf_token", &token), ("code", code)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/account/factors/totp"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_sign_in_waits_ten_minutes_for_its_code_and_not_for_another_password() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    for ended in [
        "update pending_sign_ins set expires_at = now()",
        "update users set credentials_version = credentials_version + 1",
        "update users set disabled_at = now()",
    ] {
        let mut browser = pending(&app, "alice").await;
        let token = browser.csrf_token("/login/totp").await;
        app.execute(ended).await;
        let code = authenticator.now(&app).await;
        let answer = browser.post("/login/totp", &[("csrf_token", &token), ("code", &code)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/login"), "{ended}: {answer:?}");
        assert!(!is_signed_in(&mut browser).await, "{ended}");
    }
    assert_eq!(app.count("select count(*) from totp_factors where last_step > 0").await, 0, "no code was used up");
}

#[tokio::test]
async fn asvs_6_4_3_a_reset_password_still_asks_for_the_code() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    let secret = link_of(&app, "alice", Purpose::Recover, "alice@example.com").await;
    let mut browser = app.browser();
    assert_eq!(follow(&mut browser, "/recover/reset", &secret).await.status, 200);
    let answer = browser.submit("/recover/reset", &[("password", "another good battery")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    assert!(!is_signed_in(&mut browser).await);
    let answer = sign_in(&mut browser, "alice", "another good battery").await;
    assert_eq!(answer.location(), "/login/totp");
    assert!(!is_signed_in(&mut browser).await);
    assert_in(&enter(&mut browser, &authenticator.now(&app).await).await);
}

#[tokio::test]
async fn a_browser_that_its_owner_trusts_is_not_asked_for_thirty_days_while_the_password_stays() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    let mut browser = pending(&app, "alice").await;
    let answer = browser.submit("/login/totp", &[("code", &authenticator.now(&app).await), ("trust", "yes")]).await;
    assert_in(&answer);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'browser_trusted'").await, 1);
    browser.submit("/logout", &[]).await;
    assert_in(&sign_in(&mut browser, "alice", PASSWORD).await);
    // The wish survives a code that is mistyped.
    let mut other = pending(&app, "alice").await;
    let answer = other.submit("/login/totp", &[("code", "12"), ("trust", "yes")]).await;
    assert!(answer.body.contains(r#"value="yes" checked"#), "{answer:?}");
    app.execute("update known_browsers set trusted_until = now() where trusted_until is not null").await;
    browser.submit("/logout", &[]).await;
    asked(&mut browser, "alice").await;
}

#[tokio::test]
async fn proving_again_takes_a_code_and_no_password() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = person(&app, "alice").await;
    age(&app).await;
    let answer = owner.get("/account/factors/totp").await;
    assert_eq!(answer.location(), "/reauth?next=/account/factors/totp");
    let answer = owner.get(answer.location()).await;
    assert_eq!(answer.location(), "/reauth/totp?next=/account/factors/totp");
    let page = owner.get(answer.location()).await;
    assert!(page.status == 200 && !page.body.contains(r#"name="trust""#), "{page:?}");
    let fields = [("code", authenticator.wrong(&app).await), ("next", "/account/factors/totp".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_refused(&owner.submit("/reauth/totp", &fields).await);
    let old = owner.cookies["vestibule"].clone();
    let code = authenticator.now(&app).await;
    let answer = owner.submit("/reauth/totp", &[("code", &code), ("next", "/account/factors/totp")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/factors/totp"), "{answer:?}");
    assert_ne!(owner.cookies["vestibule"], old);
    assert_eq!(owner.get("/account/factors/totp").await.status, 200);
    assert_refused(&owner.submit("/reauth/totp", &[("code", &code)]).await);
    later(&app).await;
    for next in ["//evil.example", "/\\evil.example", "https://evil.example"] {
        later(&app).await;
        let code = authenticator.now(&app).await;
        let answer = owner.submit("/reauth/totp", &[("code", &code), ("next", next)]).await;
        assert_eq!(answer.location(), "/dashboard", "{next}");
    }
}

#[tokio::test]
async fn f28_a_restored_database_takes_no_code_that_is_older_than_a_step() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    let now = step(&app).await;
    // Yesterday's rows, as a restored backup has them: today's codes were used since, and nobody knows.
    app.execute("update totp_factors set last_step = last_step - 2880").await;
    for step in now - 5..now - 1 {
        assert_refused(&enter(&mut pending(&app, "alice").await, &authenticator.code(step)).await);
        app.execute("delete from attempt_limits").await;
    }
}
