//! A mistyped address: seen and put right in the browser that signed up, and by whoever is signed in to the account.

use crate::{
    support::{
        app::{PASSWORD, TestApp, sign_in},
        browser::Browser,
        http::Answer,
        letters::{link_of, mailed, secrets},
        race::race,
    },
    verification::open,
};
use vestibule::{
    accounts::links::Purpose,
    features::admin::{self, AdminError},
    types::Email,
};

const FORM: &str = "/verify/address";
const VERIFIED: &str = "select count(*) from users where email_verified_at is not null";

async fn sign_up(app: &TestApp, username: &str, email: &str) -> Browser {
    let mut browser = app.browser();
    let fields = [("username", username), ("email", email), ("password", PASSWORD)];
    assert_eq!(browser.submit("/register", &fields).await.location(), "/verify");
    browser
}

async fn correct(browser: &mut Browser, email: &str) -> Answer {
    let token = browser.csrf_token_of("/verify").await;
    browser.post(FORM, &[("csrf_token", &token), ("new_email", email)]).await
}

async fn link(app: &TestApp, address: &str) -> String {
    format!("/verify?token={}", mailed(app, address, "/verify", 0).await)
}

#[tokio::test]
async fn field_3_the_browser_that_signed_up_sees_the_address_and_puts_it_right() {
    let app = TestApp::start().await;
    let mut browser = sign_up(&app, "anna", "Anna@gmial.com").await;
    let wrong = link(&app, "Anna@gmial.com").await;
    let page = browser.get("/verify").await.body;
    assert!(page.contains("Anna@gmial.com") && page.contains("Did you mean Anna@gmail.com?"), "{page}");
    assert!(!app.browser().get("/verify").await.body.contains("gmial"), "nobody else sees it");

    let answer = correct(&mut browser, "Anna@gmail.com").await;
    assert_eq!((answer.status, answer.location()), (303, "/verify"), "{answer:?}");
    let page = browser.get("/verify").await.body;
    assert!(page.contains("is changed") && page.contains("Anna@gmail.com") && !page.contains("gmial"), "{page}");
    let right = link(&app, "Anna@gmail.com").await;
    assert_eq!(open(&mut browser, &wrong).await.status, 410, "the link to the wrong address is dead");
    open(&mut browser, &right).await;
    assert_eq!(browser.submit("/verify", &[]).await.location(), "/dashboard");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'email_corrected'").await, 1);
    assert_eq!(app.count(VERIFIED).await, 1);
    assert_eq!(correct(&mut app.browser(), "anna@example.org").await.location(), "/verify");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'email_corrected'").await, 1);
}

#[tokio::test]
async fn field_3_whoever_is_signed_in_to_the_account_puts_it_right_and_no_link_to_the_old_address_is_left() {
    let app = TestApp::start().await;
    sign_up(&app, "anna", "anna@exmaple.com").await;
    let recover = link_of(&app, "anna", Purpose::Recover, "anna@exmaple.com").await;
    let mut phone = app.browser();
    assert_eq!(sign_in(&mut phone, "anna", PASSWORD).await.status, 303);
    assert_eq!(correct(&mut phone, "anna@example.com").await.location(), "/verify");
    assert_eq!(phone.get(&format!("/recover/reset?token={recover}")).await.location(), "/recover/reset");
    assert_eq!(phone.get("/recover/reset").await.status, 410);
    let live = "select count(*) from mailed_links where used_at is null and address = 'anna@exmaple.com'";
    assert_eq!(app.count(live).await, 0);
    let right = link(&app, "anna@example.com").await;
    open(&mut phone, &right).await;
    assert_eq!(phone.submit("/verify", &[]).await.location(), "/dashboard");
}

#[tokio::test]
async fn a_correction_is_refused_in_words_and_three_are_the_most() {
    let app = TestApp::start().await;
    let mut browser = sign_up(&app, "anna", "anna@example.com").await;
    for (typed, says) in [("", "Enter your email"), ("anna@", "like name@"), ("anna@example.com", "already your")] {
        let refused = correct(&mut browser, typed).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body.contains(says) && refused.body.contains("href=\"#new_email\""), "{refused:?}");
    }
    for n in 1..=3 {
        assert_eq!(correct(&mut browser, &format!("anna{n}@example.com")).await.location(), "/verify");
    }
    let refused = correct(&mut browser, "anna4@example.com").await;
    assert!(refused.status == 422 && refused.body.contains("three times"), "{refused:?}");
    assert_eq!(app.count("select count(*) from users where email = 'anna3@example.com'").await, 1);
    // A day later the browser is not believed any more: the next person at a shared computer sees nothing.
    app.execute("update users set created_at = now() - interval '25 hours'").await;
    assert!(!browser.get("/verify").await.body.contains("anna3"));
}

/// All that a browser gets to see of one correction and of the page after it.
async fn seen(app: &TestApp, username: &str, to: &str) -> Vec<(u16, Vec<String>, String)> {
    let mut browser = sign_up(app, username, &format!("{username}@exmaple.com")).await;
    let mut answers = vec![correct(&mut browser, to).await];
    answers.push(browser.get("/verify").await);
    answers.push(browser.get("/verify").await);
    let token = browser.csrf_token_of("/verify").await;
    answers.push(browser.post("/verify/resend", &[("csrf_token", &token)]).await);
    let plain = |body: &str| {
        let parts =
            body.split("name=\"csrf_token\" value=\"").map(|part| part.split_once('"').map_or(part, |(_, rest)| rest));
        parts.collect::<String>().replace(to, "ADDRESS").replace(username, "NAME")
    };
    let names = |answer: &Answer| {
        let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    };
    answers.iter().map(|answer| (answer.status, names(answer), plain(&answer.body))).collect()
}

#[tokio::test]
async fn asvs_6_3_8_a_taken_address_is_answered_like_a_free_one_and_its_owner_is_warned() {
    let app = TestApp::start().await;
    app.sign_up("owner").await;
    let free = seen(&app, "anna1", "fresh@example.com").await;
    let taken = seen(&app, "anna2", "owner@example.com").await;
    assert_eq!(free, taken);
    let letters = app.letters_to("owner@example.com").await;
    assert!(letters.iter().all(|letter| !letter.text.contains("/verify")) && !letters.is_empty(), "{letters:?}");
    assert!(secrets(&app, "fresh@example.com", "/verify").await.len() == 2, "the correction, and once more");
}

#[tokio::test]
async fn an_email_that_is_taken_back_right_before_it_is_rendered_is_not_sent() {
    let app = TestApp::start().await;
    let mut browser = sign_up(&app, "anna", "anna@exmaple.com").await;
    app.all_sent().await;
    let token = browser.csrf_token_of("/verify").await;
    // The email waits for the account, which is being corrected.
    let lock = "select 1 from users for no key update";
    let mut correction = app.db.begin().await.expect("a transaction");
    sqlx::query(lock).execute(&mut *correction).await.expect("a lock");
    assert_eq!(browser.post("/verify/resend", &[("csrf_token", &token)]).await.status, 303);
    let waits = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    while app.count(waits).await < 1 {
        tokio::task::yield_now().await;
    }
    sqlx::query("delete from outbox").execute(&mut *correction).await.expect("taken back");
    correction.commit().await.expect("a commit");
    // Whoever waits for a row gets it in turn: the email was rendered by now.
    app.execute(lock).await;
    assert_eq!(app.count("select count(*) from mailed_links").await, 1, "the link of the sign-up alone");
}

#[tokio::test]
async fn corrections_spend_what_sign_ups_of_the_network_spend() {
    let app = TestApp::start().await;
    let mut browser = sign_up(&app, "anna", "anna@exmaple.com").await;
    app.execute("update users set email_corrections = 0").await;
    let mut statuses = Vec::new();
    while statuses.len() < 110 && !statuses.contains(&429) {
        statuses.push(correct(&mut browser, &format!("anna{}@example.com", statuses.len())).await.status);
        app.execute("update users set email_corrections = 0").await;
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn of_corrections_at_once_each_counts_and_the_last_address_is_the_accounts() {
    let app = TestApp::start().await;
    let browser = sign_up(&app, "anna", "anna@exmaple.com").await;
    let token = browser.clone().csrf_token_of("/verify").await;
    let answers = race(8, |n| {
        let (mut browser, token) = (browser.clone(), token.clone());
        async move {
            let address = format!("anna{n}@example.com");
            browser.post(FORM, &[("csrf_token", &token), ("new_email", &address)]).await
        }
    })
    .await;
    assert!(answers.iter().all(|answer| [303, 422].contains(&answer.status)), "{answers:?}");
    assert_eq!(app.count("select email_corrections::int8 from users").await, 3, "never more than three");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'email_corrected'").await, 3);
    app.all_sent().await;
    let works = "select count(*) from mailed_links l join users u on u.id = l.user_id \
        where l.used_at is null and l.address <> u.email";
    assert_eq!(app.count(works).await, 0, "no link to another address than the account's is left");
}

#[tokio::test]
async fn a_link_that_is_pressed_while_the_address_is_corrected_verifies_its_own_address_or_nothing() {
    let app = TestApp::start().await;
    for n in 0..6 {
        let (name, wrong, right) = (format!("anna{n}"), format!("anna{n}@exmaple.com"), format!("anna{n}@example.com"));
        let mut browser = sign_up(&app, &name, &wrong).await;
        let old = link(&app, &wrong).await;
        open(&mut browser, &old).await;
        let mut other = browser.clone();
        other.cookies.remove("vestibule_link");
        let (verify, change) = (browser.csrf_token("/verify").await, other.csrf_token_of("/verify").await);
        let answers = race(2, |which| {
            let (mut browser, mut other) = (browser.clone(), other.clone());
            let (verify, change, right) = (verify.clone(), change.clone(), right.clone());
            async move {
                if which == 0 {
                    browser.post("/verify", &[("csrf_token", &verify)]).await
                } else {
                    other.post(FORM, &[("csrf_token", &change), ("new_email", &right)]).await
                }
            }
        })
        .await;
        let verified = answers[0].status == 303;
        let (email, has): (String, bool) =
            sqlx::query_as("select email, email_verified_at is not null from users where username = $1")
                .bind(&name)
                .fetch_one(&app.db)
                .await
                .expect("anna");
        assert_eq!((has, email == wrong), (verified, verified), "{answers:?}");
        assert!(verified || answers[0].status == 410, "{answers:?}");
    }
}

#[tokio::test]
async fn pre_hijacking_an_owner_who_verifies_does_not_take_along_an_account_that_was_corrected_away() {
    let app = TestApp::start().await;
    let mut stranger = sign_up(&app, "stranger", "anna@example.com").await;
    let mut anna = sign_up(&app, "anna", "anna@example.com").await;
    let secret = link_of(&app, "anna", Purpose::Verify, "anna@example.com").await;
    assert_eq!(correct(&mut stranger, "stranger@example.com").await.status, 303);
    open(&mut anna, &format!("/verify?token={secret}")).await;
    assert_eq!(anna.submit("/verify", &[]).await.location(), "/dashboard");
    assert_eq!(app.count("select count(*) from users where email = 'stranger@example.com'").await, 1);
    // And back: an unverified account with her address, as at sign-up, which goes as they all do.
    assert_eq!(correct(&mut stranger, "anna@example.com").await.status, 303);
    let letters = app.letters_to("anna@example.com").await;
    assert!(letters.last().is_some_and(|letter| !letter.text.contains("/verify?token")), "{letters:?}");
}

#[tokio::test]
async fn field_3_an_operator_corrects_what_was_never_verified_and_nothing_else() {
    let app = TestApp::start().await;
    sign_up(&app, "anna", "anna@exmaple.com").await;
    app.sign_up("owner").await;
    let (by, id) = (app.operator(), app.id("anna").await);
    let email = |text: &str| Email::parse(text).expect("an address");
    let taken = admin::correct_email(&by, id, &email("owner@example.com")).await;
    assert!(matches!(taken, Err(AdminError::EmailTaken)), "{taken:?}");
    for n in 0..5 {
        admin::correct_email(&by, id, &email(&format!("anna{n}@example.com"))).await.expect("as often as it takes");
    }
    let right = link(&app, "anna4@example.com").await;
    let mut browser = app.browser();
    open(&mut browser, &right).await;
    assert_eq!(browser.submit("/verify", &[("password", PASSWORD)]).await.location(), "/dashboard");
    let verified = admin::correct_email(&by, id, &email("else@example.com")).await;
    assert!(matches!(verified, Err(AdminError::Verified(_))), "{verified:?}");
    let by_cli = "select count(*) from audit_events where kind = 'email_corrected' and actor_kind = 'cli'";
    assert_eq!(app.count(by_cli).await, 5);
}

#[tokio::test]
async fn the_sign_up_form_hints_at_a_slip_and_refuses_nothing() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let fields = [("username", "anna"), ("email", "anna@naver.con"), ("password", "short")];
    let refused = browser.submit("/register", &fields).await;
    assert!(refused.body.contains("Did you mean anna@naver.com?"), "{refused:?}");
    sign_up(&app, "anna", "anna@naver.con").await;
}
