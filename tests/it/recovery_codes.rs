//! Recovery codes: made, shown once, used once.

use crate::{
    reauth::age,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        http::Answer,
        letters::all_delivered,
        race::race,
        totp::{pending, person, recovery_codes},
    },
    totp::assert_in,
};

#[track_caller]
fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.body.contains("isn’t one of this account’s, or was already used"), "{answer:?}");
}

#[tokio::test]
async fn asvs_6_5_2_ten_codes_are_shown_once_and_kept_as_digests() {
    let app = TestApp::start().await;
    let (mut owner, _) = person(&app, "alice").await;
    let page = owner.get("/account/factors/recovery-codes").await;
    assert!(page.status == 200 && page.body.contains("Create recovery codes"), "{page:?}");
    let codes = recovery_codes(&mut owner).await;
    let mut distinct = codes.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((codes.len(), distinct.len()), (10, 10));
    assert!(codes.iter().all(|code| code.len() == 29 && code.split('-').all(|group| group.len() == 5)), "{codes:?}");
    let page = owner.get("/account/factors/recovery-codes").await;
    assert!(codes.iter().all(|code| !page.body.contains(code)), "never again");
    assert!(page.body.contains("<dd>10</dd>"), "{page:?}");
    assert_eq!(app.count("select count(*) from recovery_codes where octet_length(digest) = 32").await, 10);
    let made = "select count(*) from audit_events where kind = 'recovery_codes_made'";
    assert_eq!(app.count(made).await, 2, "those that came with the app, too");
    all_delivered(&app).await;
    let told = "select count(*) from dev_mailbox where text_form ilike '%recovery codes were created%'";
    assert!(app.count(told).await >= 1);
}

#[tokio::test]
async fn a_code_signs_in_once_however_it_is_copied_and_the_owner_hears_how_many_are_left() {
    let app = TestApp::start().await;
    let (mut owner, _) = person(&app, "alice").await;
    let codes = recovery_codes(&mut owner).await;
    let sloppy: [fn(&str) -> String; 4] = [
        str::to_lowercase,
        |code| code.replace('-', " "),
        |code| code.replace('-', "").replace('0', "o").replace('1', "l"),
        |code| code.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("full width")).collect(),
    ];
    for (copy, code) in sloppy.iter().zip(&codes) {
        let mut browser = pending(&app, "alice").await;
        let page = browser.get("/login/totp").await;
        assert!(page.body.contains(r#"href="/login/recovery-code""#), "{page:?}");
        assert_in(&browser.submit("/login/recovery-code", &[("code", &copy(code))]).await);
        assert!(is_signed_in(&mut browser).await);
        let mut again = pending(&app, "alice").await;
        assert_refused(&again.submit("/login/recovery-code", &[("code", code)]).await);
        assert!(!is_signed_in(&mut again).await);
        app.execute("delete from attempt_limits").await;
    }
    assert_eq!(app.count("select count(*) from recovery_codes where used_at is not null").await, 4);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'recovery_code_used'").await, 4);
    assert_eq!(app.count("select count(*) from sessions where amr = '{pwd,otp,mfa}' and aal = 2").await, 5);
    all_delivered(&app).await;
    for left in 6..10 {
        let told = format!(
            "select count(*) from dev_mailbox where text_form like '%recovery code%' and text_form like '%. {left} are left.%'"
        );
        assert!(app.count(&told).await >= 1, "{left} left");
    }
    let mut browser = pending(&app, "alice").await;
    for typed in ["", "12345", "<svg onload=alert(1)>", &"A".repeat(26), &codes[5][..28]] {
        let answer = browser.submit("/login/recovery-code", &[("code", typed)]).await;
        assert!(answer.status == 422 && answer.body.contains("five groups of five"), "{typed}: {answer:?}");
        assert!(!answer.body.contains("onload"));
    }
    let tries = "select count(*) from attempt_limits where failures > 0";
    assert_eq!(app.count(tries).await, 0, "what is no code is no try");
}

#[tokio::test]
async fn f10_of_one_code_thirty_times_at_once_over_two_replicas_one_signs_in() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let (mut owner, _) = person(&first, "alice").await;
    let codes = recovery_codes(&mut owner).await;
    for (round, code) in codes.iter().take(4).enumerate() {
        first.execute("delete from attempt_limits").await;
        let one = pending(&first, "alice").await;
        let mut waiting = Vec::new();
        for n in 0..30 {
            let mut browser = if round % 2 == 0 && n < 6 { pending(&first, "alice").await } else { one.clone() };
            let token = browser.csrf_token("/login/recovery-code").await;
            browser.to = [&first, &second][n % 2].address;
            waiting.push((browser, token));
        }
        let db = first.db.clone();
        let unlimited = tokio::spawn(async move {
            loop {
                sqlx::query("delete from attempt_limits where failures > 0").execute(&db).await.expect("a deletion");
            }
        });
        let answers = race(30, |n| {
            let ((mut browser, token), code) = (waiting[n].clone(), code.clone());
            async move {
                let answer = browser.post("/login/recovery-code", &[("csrf_token", &token), ("code", &code)]).await;
                (answer.status, answer.header("location").map(str::to_owned))
            }
        })
        .await;
        unlimited.abort();
        let inside = answers.iter().filter(|answer| **answer == (303, Some("/dashboard".into()))).count();
        assert_eq!(inside, 1, "round {round}: {answers:?}");
        let used = i64::try_from(round + 1).expect("few");
        assert_eq!(first.count("select count(*) from recovery_codes where used_at is not null").await, used);
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(first.count(deadlocks).await, 0);
}

#[tokio::test]
async fn a_recovery_code_never_makes_a_browser_trusted_whatever_the_form_says() {
    let app = TestApp::start().await;
    let (mut owner, _) = person(&app, "alice").await;
    let codes = recovery_codes(&mut owner).await;
    let mut browser = pending(&app, "alice").await;
    assert_in(&browser.submit("/login/recovery-code", &[("code", &codes[0]), ("trust", "yes")]).await);
    assert_eq!(app.count("select count(*) from known_browsers where trusted_until is not null").await, 0);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'browser_trusted'").await, 0);
}

#[tokio::test]
async fn new_codes_take_the_place_of_the_old_and_need_a_fresh_proof() {
    let app = TestApp::start().await;
    let (mut owner, _) = person(&app, "alice").await;
    let old = recovery_codes(&mut owner).await;
    let new = recovery_codes(&mut owner).await;
    assert_eq!(app.count("select count(*) from recovery_codes").await, 10);
    let mut browser = pending(&app, "alice").await;
    assert_refused(&browser.submit("/login/recovery-code", &[("code", &old[0])]).await);
    assert_in(&browser.submit("/login/recovery-code", &[("code", &new[0])]).await);
    age(&app).await;
    let token = owner.csrf_token("/logout").await;
    let answer = owner.post("/account/factors/recovery-codes", &[("csrf_token", &token)]).await;
    assert_eq!(answer.location(), "/reauth?next=/account/factors/recovery-codes");
    assert_eq!(owner.get("/account/factors/recovery-codes").await.status, 303);
    // A recovery code proves it too.
    let page = owner.get("/reauth/totp?next=/account/factors/recovery-codes").await;
    assert!(page.body.contains("/reauth/recovery-code?next=/account/factors/recovery-codes"), "{page:?}");
    let fields = [("code", new[1].as_str()), ("next", "/account/factors/recovery-codes")];
    let answer = owner.submit("/reauth/recovery-code", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/factors/recovery-codes"), "{answer:?}");
    assert_refused(&owner.submit("/reauth/recovery-code", &fields).await);
    let page = owner.get("/account/factors/recovery-codes").await;
    assert!(page.body.contains("<dd>8</dd>"), "{page:?}");
}

#[tokio::test]
async fn codes_are_of_one_account_and_of_one_with_a_second_factor() {
    let app = TestApp::start().await;
    let (mut owner, _) = person(&app, "alice").await;
    let codes = recovery_codes(&mut owner).await;
    let (mut other, _) = person(&app, "robert").await;
    recovery_codes(&mut other).await;
    assert_refused(&pending(&app, "robert").await.submit("/login/recovery-code", &[("code", &codes[0])]).await);
    assert_eq!(app.count("select count(*) from recovery_codes where used_at is not null").await, 0);
    let mut plain = app.person("carol").await;
    let token = plain.csrf_token("/logout").await;
    let answer = plain.post("/account/factors/recovery-codes", &[("csrf_token", &token)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/factors"), "{answer:?}");
    assert_in(&sign_in(&mut app.browser(), "carol", PASSWORD).await);
}

#[tokio::test]
async fn tries_are_limited_and_stay_when_those_of_the_app_are_spent() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = person(&app, "alice").await;
    let codes = recovery_codes(&mut owner).await;
    let mut browser = pending(&app, "alice").await;
    let wrong = "00000-00000-00000-00000-00000";
    for _ in 0..10 {
        assert_refused(&browser.submit("/login/recovery-code", &[("code", wrong)]).await);
    }
    for mut browser in [browser.clone(), pending(&app, "alice").await] {
        let answer = browser.submit("/login/recovery-code", &[("code", &codes[0])]).await;
        assert!(answer.status == 429 && answer.header("retry-after").is_some(), "{answer:?}");
    }
    let code = authenticator.now(&app).await;
    assert_in(&browser.submit("/login/totp", &[("code", &code)]).await);
}

#[tokio::test]
async fn the_file_holds_what_the_page_showed_and_nothing_that_anybody_else_sent() {
    let app = TestApp::start().await;
    let (mut owner, _) = person(&app, "alice").await;
    let page = owner.submit("/account/factors/recovery-codes", &[]).await;
    let form = "/account/factors/recovery-codes/file";
    let (token, codes) =
        (page.hidden(form, "csrf_token").expect("a token"), page.hidden(form, "codes").expect("codes"));
    let file = owner.post(form, &[("csrf_token", &token), ("codes", &codes)]).await;
    assert_eq!(file.status, 200, "{file:?}");
    assert_eq!(file.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"recovery-codes.txt\""));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    let lines: Vec<_> = file.body.lines().skip_while(|line| !line.is_empty()).skip(1).collect();
    assert_eq!(lines.join(" "), codes);
    assert!(file.body.starts_with("Vestibule - alice\r\n"), "{file:?}");
    for other in ["", "<script>alert(1)</script>", &codes[..59], &format!("{codes} {}", &codes[..29])] {
        let answer = owner.post(form, &[("csrf_token", &token), ("codes", other)]).await;
        assert_eq!(answer.status, 400, "{other}: {answer:?}");
        assert!(!answer.body.contains("<script>alert"));
    }
    assert_eq!(app.count("select count(*) from recovery_codes where used_at is null").await, 10);
}
