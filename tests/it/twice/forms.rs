//! Each form by name, one after the other and at once.

use super::{at_once, said, twice};
use crate::{
    email_undo,
    passkeys::{self, LOGIN},
    setup::{issued, path},
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::Answer,
        letters::{follow, link_of},
        totp::{self, asked, later},
    },
    verification::open,
};
use vestibule::accounts::links::Purpose;

const NEW: &str = "a brand new sentence";
const SESSIONS: &str = "select count(*) from sessions where revoked_at is null";

/// Both answers are the same, and lead there.
#[track_caller]
fn assert_same(answers: &[Answer], to: &str) {
    for answer in answers {
        assert_eq!(said(answer), said(&answers[0]));
        assert_eq!((answer.status, answer.location()), (303, to), "{answer:?}");
    }
}

/// A reset that waits for its password.
async fn reset(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    let secret = link_of(app, username, Purpose::Recover, &format!("{username}@example.com")).await;
    assert_eq!(follow(&mut browser, "/recover/reset", &secret).await.status, 200);
    browser
}

#[tokio::test]
async fn field_1a_a_sign_up_makes_one_account_and_leads_to_the_mail() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/register").await;
    let fields =
        [("csrf_token", token.as_str()), ("username", "carl"), ("email", "carl@example.com"), ("password", PASSWORD)];
    let answers = twice(&mut browser, "/register", &fields).await;
    assert_same(&answers, "/verify");
    assert!(browser.get("/verify").await.body.contains("link"), "the notice is there");
    let token = browser.csrf_token("/register").await;
    let fields =
        [("csrf_token", token.as_str()), ("username", "dora"), ("email", "dora@example.com"), ("password", PASSWORD)];
    let answers = at_once([&app, &replica], &mut browser, "/register", &fields).await;
    assert_same(&answers.into_iter().map(|(_, answer)| answer).collect::<Vec<_>>(), "/verify");
    assert_eq!(app.count("select count(*) from users").await, 2);
    assert_eq!(app.letters_to("carl@example.com").await.len(), 1);
}

#[tokio::test]
async fn field_1b_a_new_password_is_set_once_and_said_to_be_set() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    app.sign_up("alice").await;
    let mut browser = reset(&app, "alice").await;
    let token = browser.csrf_token("/recover/reset").await;
    let fields = [("csrf_token", token.as_str()), ("password", NEW)];
    assert_same(&twice(&mut browser, "/recover/reset", &fields).await, "/login");
    assert!(browser.get("/login").await.body.contains("Your new password is set"));
    let mut browser = reset(&app, "alice").await;
    let token = browser.csrf_token("/recover/reset").await;
    let fields = [("csrf_token", token.as_str()), ("password", PASSWORD)];
    let answers = at_once([&app, &replica], &mut browser, "/recover/reset", &fields).await;
    assert_same(&answers.into_iter().map(|(_, answer)| answer).collect::<Vec<_>>(), "/login");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'password_reset'").await, 2);
}

#[tokio::test]
async fn an_address_is_confirmed_once_and_both_answers_lead_in() {
    let app = TestApp::start().await;
    let mut browser = app.claim("alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    open(&mut browser, &letter.links[0]).await;
    let token = browser.csrf_token("/verify").await;
    let mut second = browser.clone();
    let answers = twice(&mut browser, "/verify", &[("csrf_token", &token)]).await;
    assert_same(&answers, "/dashboard");
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(app.count(SESSIONS).await, 1);
    // Whichever answer a browser hears last, it is in.
    second.cookies.remove("vestibule");
    let body = second.body("/verify", &[("csrf_token", &token)]);
    second.post_raw("/verify", body.as_bytes()).await;
    assert!(is_signed_in(&mut second).await);
}

#[tokio::test]
async fn a_sign_in_opens_one_session_that_both_answers_give() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
    for (mut browser, answer) in at_once([&app, &replica], &mut browser, "/login", &fields).await {
        assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
        assert!(is_signed_in(&mut browser).await);
    }
    assert_eq!(app.count("select count(*) from sessions").await, 1);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'signed_in'").await, 1);
    // A browser that heard the first answer, and sends the form once more.
    let body = browser.body("/login", &fields);
    let mut heard = browser.clone();
    heard.post_raw("/login", body.as_bytes()).await;
    let again = heard.clone().post_raw("/login", body.as_bytes()).await;
    assert_eq!((again.status, again.location()), (303, "/dashboard"), "{again:?}");
    assert_eq!(again.header_all("set-cookie").count(), 0, "it has its cookies: {again:?}");
    assert!(is_signed_in(&mut heard).await);
    assert_eq!(app.count("select count(*) from sessions").await, 1);
}

#[tokio::test]
async fn a_wrong_password_that_one_page_sends_twice_counts_once() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", "wrong")];
    let answers = at_once([&app, &replica], &mut browser, "/login", &fields).await;
    for (_, answer) in &answers {
        assert_eq!(said(answer), said(&answers[0].1));
        assert_eq!(answer.status, 422);
    }
    assert_eq!(app.count("select count(*) from audit_events where kind = 'sign_in_failed'").await, 1);
    assert_eq!(app.count("select max(failures)::int8 from attempt_limits").await, 1);
    // Another password is another try.
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", "wronger")];
    assert_eq!(browser.clone().post("/login", &fields).await.status, 422);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'sign_in_failed'").await, 2);
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
    assert_eq!(browser.post("/login", &fields).await.location(), "/dashboard");
}

#[tokio::test]
async fn a_password_is_changed_once_and_the_browser_stays_signed_in() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let token = browser.csrf_token("/account/password").await;
    let fields = [("csrf_token", token.as_str()), ("current_password", PASSWORD), ("password", NEW)];
    let body = browser.body("/account/password", &fields);
    let before = browser.clone();
    let first = browser.post_raw("/account/password", body.as_bytes()).await;
    assert_eq!(first.status, 303, "{first:?}");
    // With the cookie from before, which is dead, and with the new one.
    for mut browser in [before, browser.clone()] {
        let again = browser.post_raw("/account/password", body.as_bytes()).await;
        assert_eq!((again.status, again.location()), (303, first.location()), "{again:?}");
        assert!(is_signed_in(&mut browser).await);
    }
    assert_eq!(app.count("select count(*) from audit_events where kind = 'password_changed'").await, 1);
}

#[tokio::test]
async fn a_right_code_signs_in_once_and_both_answers_lead_in() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let (_, authenticator) = totp::person(&app, "alice").await;
    let mut browser = app.browser();
    asked(&mut browser, "alice").await;
    let token = browser.csrf_token("/login/totp").await;
    let wrong = authenticator.wrong(&app).await;
    let fields = [("csrf_token", token.as_str()), ("code", wrong.as_str())];
    for answer in twice(&mut browser, "/login/totp", &fields).await {
        assert_eq!(answer.status, 422);
    }
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factor_failed'").await, 1);
    let code = authenticator.now(&app).await;
    let fields = [("csrf_token", token.as_str()), ("code", code.as_str())];
    let before = app.count("select count(*) from sessions").await;
    for (mut browser, answer) in at_once([&app, &replica], &mut browser, "/login/totp", &fields).await {
        assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
        assert!(is_signed_in(&mut browser).await);
    }
    assert_eq!(app.count("select count(*) from sessions").await, before + 1);
}

#[tokio::test]
async fn the_first_code_of_an_app_adds_it_once() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let authenticator = totp::begin(&mut browser).await;
    let code = authenticator.now(&app).await;
    let page = browser.get("/account/factors/totp").await;
    let action = "/account/factors/totp/confirm";
    let hidden = |name: &str| page.hidden(action, name).expect("a field");
    let (token, shown) = (hidden("csrf_token"), hidden("app"));
    let fields = [("csrf_token", token.as_str()), ("app", shown.as_str()), ("code", code.as_str())];
    let mut last = browser.clone();
    let [first, second] = twice(&mut last, action, &fields).await;
    assert_eq!(said(&first), said(&second));
    assert!(first.status == 200 && first.body.contains("<li><code>"), "the codes that come with it: {first:?}");
    assert!(is_signed_in(&mut last).await);
    assert_eq!(app.count("select count(*) from totp_factors").await, 1);
}

#[tokio::test]
async fn recovery_codes_are_made_once_and_both_answers_show_the_same() {
    let app = TestApp::start().await;
    let (mut browser, _) = totp::person(&app, "alice").await;
    let page = "/account/factors/recovery-codes";
    let token = browser.csrf_token(page).await;
    let fields = [("csrf_token", token.as_str()), ("instead_of", "none")];
    let [first, second] = twice(&mut browser, page, &fields).await;
    assert_eq!(said(&first), said(&second));
    assert!(first.status == 200 && first.body.contains("<li><code>"), "{first:?}");
    assert_eq!(app.count("select count(*) from recovery_codes").await, 10);
    // Not for a session that has ended since.
    let body = browser.body(page, &fields);
    app.execute("update sessions set revoked_at = now()").await;
    let ended = browser.post_raw(page, body.as_bytes()).await;
    assert_eq!(ended.status, 303, "{ended:?}");
    assert!(ended.location().starts_with("/login"), "{ended:?}");
}

#[tokio::test]
async fn the_first_administrator_is_made_once_and_signed_in() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    open(&mut browser, &path(&issued(&app).await)).await;
    let token = browser.csrf_token("/setup").await;
    let fields =
        [("csrf_token", token.as_str()), ("username", "minji"), ("email", "m@example.com"), ("password", PASSWORD)];
    let mut last = browser.clone();
    assert_same(&twice(&mut last, "/setup", &fields).await, "/dashboard");
    assert!(is_signed_in(&mut last).await);
    assert_eq!(app.count("select count(*) from users").await, 1);
}

#[tokio::test]
async fn what_ends_a_session_ends_it_once_and_says_so() {
    let app = TestApp::start().await;
    for (path, fields) in [("/logout", &[][..]), ("/account/delete", &[("understood", "yes")])] {
        let username = if fields.is_empty() { "alice" } else { "robert" };
        let mut browser = app.person(username).await;
        let token = browser.csrf_token(path).await;
        let fields = [&[("csrf_token", token.as_str())], fields].concat();
        let answers = twice(&mut browser, path, &fields).await;
        assert_same(&answers, "/login");
        assert!(answers[1].header_all("set-cookie").any(|line| line.starts_with("vestibule_notice=")), "{path}");
    }
    let mut browser = app.browser();
    app.sign_up("carol").await;
    app.execute(
        "insert into email_replacements (id, user_id, address)
        select gen_random_uuid(), id, 'carol@example.net' from users where username = 'carol'",
    )
    .await;
    let secret = link_of(&app, "carol", Purpose::UndoEmail, "carol@example.net").await;
    follow(&mut browser, email_undo::UNDO, &secret).await;
    let token = browser.csrf_token(email_undo::UNDO).await;
    let answers = twice(&mut browser, email_undo::UNDO, &[("csrf_token", &token)]).await;
    assert_same(&answers, "/recover/reset");
    assert_eq!(browser.get("/recover/reset").await.status, 200, "with the link that it leads on to");
}

#[tokio::test]
async fn a_passkeys_answer_that_is_sent_twice_signs_in_once() {
    let app = TestApp::start().await;
    let (_, mut key) = passkeys::person(&app, "alice").await;
    let mut browser = app.browser();
    let credential = key.get(&passkeys::options(&mut browser, LOGIN, &[]).await);
    let token = browser.csrf_token_of(LOGIN).await;
    let before = app.count("select count(*) from sessions").await;
    let fields = [("csrf_token", token.as_str()), ("credential", credential.as_str())];
    assert_same(&twice(&mut browser, LOGIN, &fields).await, "/dashboard");
    assert_eq!(app.count("select count(*) from sessions").await, before + 1);
}

#[tokio::test]
async fn a_proof_that_is_sent_twice_renews_the_session_once() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let token = browser.csrf_token("/reauth").await;
    let fields = [("csrf_token", token.as_str()), ("password", PASSWORD)];
    let mut last = browser.clone();
    assert_same(&twice(&mut last, "/reauth", &fields).await, "/dashboard");
    assert!(is_signed_in(&mut last).await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'reauthenticated'").await, 1);
    // Later, when the session has a newer cookie still, the old form takes nothing away.
    let body = browser.body("/reauth", &fields);
    assert_eq!(last.submit("/reauth", &[("password", PASSWORD)]).await.status, 303);
    last.post_raw("/reauth", body.as_bytes()).await;
    assert!(is_signed_in(&mut last).await);
    later(&app).await;
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303);
}
