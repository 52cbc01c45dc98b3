//! The email about a sign-in with a browser that the account does not know, and what emails about changes say.

use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
    letters::{all_delivered, press},
    mailbox::Letter,
    race::race,
};
use serde_json::json;
use vestibule::{
    mail::{NewEmail, outbox},
    passwords::PASSWORD_CHANGED,
    types::Lang,
};

const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:130.0) Gecko/20100101 Firefox/130.0";
const PHONE: &str =
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36";
const ALICE: &str = "alice@example.com";

/// A browser of its own kind.
fn browser(app: &TestApp, user_agent: &str) -> Browser {
    app.browser().with("User-Agent", user_agent)
}

async fn signs_in(browser: &mut Browser) {
    let answer = sign_in(browser, "alice", PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
}

/// The emails about new browsers.
async fn told(app: &TestApp) -> Vec<Letter> {
    all_delivered(app).await;
    let letters = app.letters_to(ALICE).await;
    letters.into_iter().filter(|letter| letter.subject.starts_with("New sign-in to your")).collect()
}

/// Makes the account one that was set up long ago.
async fn years_pass(app: &TestApp) {
    app.execute(
        "update users set created_at = now() - interval '500 days';
         update users set email_verified_at = created_at where email_verified_at is not null;
         update password_credentials set changed_at = now() - interval '500 days'",
    )
    .await;
}

/// An account that knows one browser.
async fn known(app: &TestApp) -> Browser {
    app.sign_up("alice").await;
    let mut known = browser(app, MAC);
    signs_in(&mut known).await;
    known
}

#[tokio::test]
async fn a_sign_in_with_a_new_browser_is_told_once_with_what_happened() {
    let app = TestApp::start().await;
    known(&app).await;
    assert!(told(&app).await.is_empty(), "an account that was just set up has to have a first browser");
    let mut phone = browser(&app, PHONE);
    signs_in(&mut phone).await;
    let [letter] = told(&app).await.try_into().expect("one email");
    assert_eq!(letter.subject, "New sign-in to your Vestibule account");
    for fact in ["Browser: Chrome on Android\n", "Network: 127.0.0.1\n", "When: ", " UTC\n", "Hello alice,\n"] {
        assert!(letter.text.contains(fact), "{fact}: {}", letter.text);
    }
    assert!(letter.links.iter().any(|link| link == "/account/sessions"), "{letter:?}");

    phone.submit("/logout", &[]).await;
    signs_in(&mut phone).await;
    assert_eq!(told(&app).await.len(), 1, "never twice for one browser");
}

#[tokio::test]
async fn a_sign_in_with_a_known_browser_is_not_told() {
    let app = TestApp::start().await;
    let mut known = known(&app).await;
    years_pass(&app).await;
    known.submit("/logout", &[]).await;
    signs_in(&mut known).await;
    assert!(told(&app).await.is_empty());
}

#[tokio::test]
async fn an_old_account_that_knows_no_browser_any_more_is_told() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    years_pass(&app).await;
    signs_in(&mut browser(&app, PHONE)).await;
    assert_eq!(told(&app).await.len(), 1, "a forgotten account is what stolen passwords open");
}

#[tokio::test]
async fn two_replicas_that_sign_the_same_browser_in_at_once_tell_it_once() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    known(&app).await;
    let (mut here, mut there) = (browser(&app, PHONE), browser(&replica, PHONE));
    let tokens = [here.csrf_token("/login").await, there.csrf_token("/login").await];
    let visitors = [here, there];
    let signed_in = race(8, |n| {
        let (mut browser, token) = (visitors[n % 2].clone(), tokens[n % 2].clone());
        async move {
            let fields = [("identifier", "alice"), ("password", PASSWORD), ("csrf_token", token.as_str())];
            browser.post("/login", &fields).await.status
        }
    })
    .await;
    assert!(signed_in.iter().filter(|status| **status == 303).count() >= 2, "{signed_in:?}");
    assert_eq!(told(&app).await.len(), 1);
}

#[tokio::test]
async fn whoever_knows_the_password_cannot_flood_the_mailbox() {
    let app = TestApp::start().await;
    known(&app).await;
    for n in 0..14 {
        signs_in(&mut browser(&app, &format!("Robot/{n}"))).await;
    }
    assert_eq!(told(&app).await.len(), 10);
}

#[tokio::test]
async fn the_setting_turns_the_email_about_new_browsers_off() {
    let app = TestApp::with(&[("VESTIBULE_NEW_BROWSER_EMAIL", "false")]).await;
    known(&app).await;
    signs_in(&mut browser(&app, PHONE)).await;
    assert!(told(&app).await.is_empty());
}

#[tokio::test]
async fn an_unverified_address_is_not_told_of_new_browsers() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_VERIFICATION", "false")]).await;
    app.claim("alice").await;
    years_pass(&app).await;
    signs_in(&mut browser(&app, MAC)).await;
    signs_in(&mut browser(&app, PHONE)).await;
    assert!(told(&app).await.is_empty());
}

#[tokio::test]
async fn a_first_sign_in_right_after_verification_is_not_told() {
    let app = TestApp::start().await;
    let mut browser = app.claim("alice").await;
    let letter = app.letter_to(ALICE, "/verify").await;
    let done = press(&mut browser, "/verify", &letter.token()).await;
    assert_eq!(done.location(), "/dashboard", "{done:?}");
    browser.submit("/logout", &[]).await;
    signs_in(&mut browser).await;
    assert!(told(&app).await.is_empty());
}

#[tokio::test]
async fn a_change_is_told_with_its_facts_and_a_row_of_before_without_them() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.execute("update users set display_name = 'Alice Liddell'").await;
    let mut browser = browser(&app, MAC);
    signs_in(&mut browser).await;
    let fields = [("current_password", PASSWORD), ("password", "another battery, correct")];
    let changed = browser.submit("/account/password", &fields).await;
    assert_eq!(changed.status, 303, "{changed:?}");
    let letters = app.letters_to(ALICE).await;
    let [letter] = &letters[..] else { panic!("one email: {letters:?}") };
    for fact in ["Hello Alice Liddell,", "Browser: Firefox on macOS\n", "Network: 127.0.0.1\n", " UTC\n"] {
        assert!(letter.text.contains(fact), "{fact}: {}", letter.text);
    }

    let user_id = Some(app.id("alice").await);
    let old = NewEmail { kind: &PASSWORD_CHANGED, user_id, address: ALICE, lang: Lang::En, detail: json!({}) };
    outbox::enqueue(&mut app.db.acquire().await.expect("a connection"), &old).await.expect("a row");
    let letters = app.letters_to(ALICE).await;
    assert_eq!(letters.len(), 2);
    assert!(!letters[1].text.contains("When:") && letters[1].text.contains("If this was you"), "{:?}", letters[1]);
}

#[tokio::test]
async fn an_operator_is_not_shown_and_a_new_address_is_not_greeted_by_a_chosen_name() {
    let app = TestApp::start().await;
    let mut browser = known(&app).await;
    app.execute("update users set display_name = 'Win a prize'").await;
    vestibule::features::admin::reset_factors(&app.operator(), app.state.factors, app.id("alice").await)
        .await
        .expect("a reset");
    let letters = app.letters_to(ALICE).await;
    let letter = letters.last().expect("an email");
    assert!(letter.text.contains("When: ") && !letter.text.contains("Network:"), "{}", letter.text);

    sign_in(&mut browser, "alice", PASSWORD).await;
    browser.submit("/account/email", &[("email", "someone@example.org")]).await;
    let letter = app.letter_to("someone@example.org", "/account/email/confirm").await;
    assert!(letter.text.contains("Hello alice,"), "the address may be another person's: {}", letter.text);
}
