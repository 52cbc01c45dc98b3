//! Changing the address of an account, and all that must not come of it.

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    http::Answer,
    letters::{all_delivered, follow, link_of, mailed, press, secrets, spoilt},
};
use vestibule::{accounts::links::Purpose, templates::HUES};

pub const PAGE: &str = "/account/email";
pub const CONFIRM: &str = "/account/email/confirm";

/// Fills the form.
pub async fn ask(browser: &mut Browser, address: &str) {
    let answer = browser.submit(PAGE, &[("email", address)]).await;
    assert_eq!((answer.status, answer.location()), (303, PAGE), "{answer:?}");
}

/// Asks for an address and confirms it.
pub async fn change(app: &TestApp, browser: &mut Browser, address: &str) {
    let known = secrets(app, address, CONFIRM).await.len();
    ask(browser, address).await;
    let secret = mailed(app, address, CONFIRM, known).await;
    let answer = press(browser, CONFIRM, &secret).await;
    assert_eq!((answer.status, answer.location()), (303, PAGE), "{answer:?}");
}

pub async fn address_of(app: &TestApp, username: &str) -> String {
    let address = sqlx::query_scalar("select email from users where username = $1").bind(username);
    address.fetch_one(&app.db).await.expect("an account")
}

async fn live_links(app: &TestApp) -> i64 {
    let live = "select count(*) from mailed_links where used_at is null and expires_at > now() and purpose <> 'verify'";
    app.count(live).await
}

#[tokio::test]
async fn a_new_address_is_the_accounts_once_its_letter_was_answered() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let mut elsewhere = app.signed_in("alice").await;
    let page = alice.get(PAGE).await;
    assert!(page.body.contains("alice@example.com") && !page.body.contains("Waiting"), "{}", page.body);
    ask(&mut alice, "Alice@example.org").await;
    let page = alice.get(PAGE).await;
    assert!(
        page.body.contains("sent it a link to confirm") && page.body.contains("Alice@example.org"),
        "{}",
        page.body
    );
    assert_eq!(address_of(&app, "alice").await, "alice@example.com", "nothing changes yet");

    let secret = mailed(&app, "Alice@example.org", CONFIRM, 0).await;
    let shown = follow(&mut alice, CONFIRM, &secret).await;
    assert!(shown.body.contains("Alice@example.org"), "{}", shown.body);
    assert!(is_signed_in(&mut elsewhere).await);
    let answer = alice.submit(CONFIRM, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, PAGE), "{answer:?}");
    assert!(!alice.cookies.contains_key("vestibule_link"), "{:?}", alice.cookies);
    let page = alice.get(PAGE).await;
    assert!(page.body.contains("is changed") && page.body.contains("Alice@example.org"), "{}", page.body);
    assert!(!page.body.contains("Waiting"), "{}", page.body);
    assert!(!is_signed_in(&mut elsewhere).await, "other sessions are over");
    mailed(&app, "alice@example.com", "/account/email/undo", 0).await;
    assert_eq!(live_links(&app).await, 1, "the way back alone");
    for (identifier, status) in [("alice@example.com", 422), ("alice@example.org", 303)] {
        assert_eq!(sign_in(&mut app.browser(), identifier, PASSWORD).await.status, status, "{identifier}");
    }
    for kind in ["email_change_mailed", "email_changed"] {
        assert_eq!(app.count(&format!("select count(*) from audit_events where kind = '{kind}'")).await, 1, "{kind}");
    }
}

#[tokio::test]
async fn asvs_7_5_1_whoever_did_not_prove_lately_who_they_are_is_asked_first() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let token = alice.csrf_token(PAGE).await;
    app.execute("update sessions set authenticated_at = now() - interval '11 minutes'").await;
    for path in [PAGE, "/account/delete"] {
        let shown = alice.get(path).await;
        assert_eq!((shown.status, shown.location()), (303, format!("/reauth?next={path}").as_str()), "{shown:?}");
        let fields = [("csrf_token", token.as_str()), ("email", "alice@example.org"), ("understood", "yes")];
        let sent = alice.post(path, &fields).await;
        assert_eq!((sent.status, sent.location()), (303, format!("/reauth?next={path}").as_str()), "{sent:?}");
    }
    assert_eq!(live_links(&app).await, 0);
    assert_eq!(app.count("select count(*) from users where deletion_due_at is not null").await, 0);
    let proven = alice.submit("/reauth", &[("password", PASSWORD), ("next", PAGE)]).await;
    assert_eq!((proven.status, proven.location()), (303, PAGE));
    ask(&mut alice, "alice@example.org").await;
}

/// What an answer says, but for its moment, the address, and what is random in it.
fn comparable(answer: &Answer, address: &str) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(header, _)| header != "date").cloned().collect();
    let hidden = answer.body.split("name=\"csrf_token\" value=\"").enumerate();
    let body: Vec<&str> =
        hidden.map(|(n, part)| if n == 0 { part } else { &part[part.find('"').unwrap_or(0)..] }).collect();
    (answer.status, headers, body.concat().replace(address, "ADDRESS"))
}

#[tokio::test]
async fn asvs_6_3_8_the_answer_and_every_page_after_it_are_the_same_whoever_has_the_address() {
    let app = TestApp::start().await;
    app.sign_up("carol").await;
    app.claim("david").await;
    app.execute("update users set disabled_at = now() where username = 'carol'").await;
    app.sign_up("heidi").await;
    let mut told = Vec::new();
    // Disabled, claimed, open, nobody's.
    for (n, address) in
        ["carol@example.com", "david@example.com", "heidi@example.com", "frank@example.com"].iter().enumerate()
    {
        let mut asker = app.person(&format!("asker{n}")).await;
        let token = asker.csrf_token(PAGE).await;
        let before = app.count("select count(*) from audit_events").await;
        let answer = asker.post(PAGE, &[("csrf_token", &token), ("email", address)]).await;
        let notice = asker.get(PAGE).await;
        all_delivered(&app).await;
        let (page, activity) = (asker.get(PAGE).await, asker.get("/account/activity").await);
        assert!(page.body.contains(address), "{}", page.body);
        // What the trail and the download of everything would say.
        let links =
            format!("select count(*) from mailed_links where address = '{address}' and purpose = 'change-email'");
        let lines = (app.count("select count(*) from audit_events").await - before, app.count(&links).await);
        let answers = [answer, notice, page, activity].map(|answer| {
            let (status, headers, body) = comparable(&answer, address);
            let headers: Vec<_> = headers.into_iter().filter(|(name, _)| name != "set-cookie").collect();
            (status, headers, without_ids(&body.replace(&format!("asker{n}"), "ASKER")))
        });
        told.push((answers, lines));
    }
    for one in &told[1..] {
        assert_eq!(one, &told[0]);
    }
    assert_eq!(secrets(&app, "heidi@example.com", CONFIRM).await.len(), 0, "no link for a stranger's account");
    assert_eq!(secrets(&app, "frank@example.com", CONFIRM).await.len(), 1);
    let owner =
        "select count(*) from dev_mailbox where address = 'heidi@example.com' and subject like '%already belongs%'";
    assert_eq!(app.count(owner).await, 1, "its owner is told");
}

/// A page without the moments and the colour of the face on it.
fn without_ids(body: &str) -> String {
    let body = (0..HUES).fold(body.to_owned(), |body, hue| body.replace(&format!("hue-{hue}"), "hue"));
    let parts = body.split("datetime=\"").enumerate();
    parts.map(|(n, part)| if n == 0 { part } else { &part[part.find('"').unwrap_or(0)..] }).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn cve_2019_19844_an_address_that_is_none_or_the_present_one_is_refused_at_the_field() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    for (address, words) in [
        ("", "Enter"),
        ("alice@example.com", "already your address"),
        (" ALICE@EXAMPLE.COM ", "already your address"),
        ("alice@example。com", "already your address"),
        ("mıke@example.com", "class=\"error\""),
        ("a＠evil@example.com", "class=\"error\""),
        ("\"alice@evil.example\"@example.com", "class=\"error\""),
        ("a@b.com,c@d.com", "class=\"error\""),
        ("a@b.com\r\nBcc: c@d.com", "class=\"error\""),
        ("alice@exam\0ple.org", "class=\"error\""),
        (&format!("{}@example.com", "a".repeat(300)), "class=\"error\""),
    ] {
        let answer = alice.submit(PAGE, &[("email", address)]).await;
        assert_eq!(answer.status, 422, "{address:?}: {answer:?}");
        assert!(
            answer.body.contains(words) && answer.body.contains("id=\"email-error\""),
            "{address:?}: {}",
            answer.body
        );
        assert!(answer.body.contains("action=\"/logout\""), "the way out stays: {}", answer.body);
    }
    assert_eq!(live_links(&app).await, 0);
}

#[tokio::test]
async fn cve_2023_7028_one_form_names_one_address() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let token = alice.csrf_token(PAGE).await;
    for (body, status) in [
        ("email=mine%40example.org&email=alice%40example.org", 400),
        ("email=mine%40example.org&%65mail=alice%40example.org", 400),
        ("email[]=mine%40example.org&email[]=alice%40example.org", 400),
        ("email[]=mine%40example.org", 422),
        ("user_id=1&address=mine%40example.org", 422),
        // There is nothing to send again.
        ("again=yes", 422),
    ] {
        let answer = alice.post_raw(PAGE, format!("csrf_token={token}&{body}").as_bytes()).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }
    assert_eq!(live_links(&app).await, 0);
}

#[tokio::test]
async fn asvs_3_5_3_opening_a_link_changes_nothing_and_uses_nothing_up() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    ask(&mut alice, "alice@example.org").await;
    let secret = mailed(&app, "alice@example.org", CONFIRM, 0).await;
    for mut scanner in [app.browser(), alice.clone()] {
        for method in ["GET", "HEAD"] {
            scanner.send(method, &format!("{CONFIRM}?token={secret}"), None).await;
            scanner.send(method, CONFIRM, None).await;
        }
    }
    assert_eq!(address_of(&app, "alice").await, "alice@example.com");
    assert_eq!(press(&mut alice, CONFIRM, &secret).await.status, 303);
    assert_eq!(address_of(&app, "alice").await, "alice@example.org");
}

#[tokio::test]
async fn asvs_6_4_1_no_link_works_that_is_spoilt_or_old_or_used() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    ask(&mut alice, "alice@example.org").await;
    let secret = mailed(&app, "alice@example.org", CONFIRM, 0).await;
    for wrong in spoilt(&secret) {
        assert!(matches!(follow(&mut alice, CONFIRM, &wrong).await.status, 400 | 410), "{wrong}");
    }
    // A link for something else is no link here.
    for purpose in [Purpose::Verify, Purpose::Recover, Purpose::UndoEmail, Purpose::UndoDeletion] {
        let other = link_of(&app, "alice", purpose, "alice@example.com").await;
        assert_eq!(follow(&mut alice, CONFIRM, &other).await.status, 410, "{purpose:?}");
    }
    app.execute("update mailed_links set expires_at = expires_at - interval '1 hour'").await;
    let mut late = alice.clone();
    assert_eq!(follow(&mut late, CONFIRM, &secret).await.status, 410, "an hour later");
    assert!(!alice.get(PAGE).await.body.contains("example.org"), "nothing waits any more");
    app.execute("update mailed_links set expires_at = expires_at + interval '1 hour'").await;
    assert_eq!(press(&mut alice, CONFIRM, &secret).await.status, 303);
    assert_eq!(follow(&mut alice, CONFIRM, &secret).await.status, 410, "a second time");
    let token = alice.csrf_token("/logout").await;
    alice.cookies.insert("vestibule_link".into(), secret);
    assert_eq!(alice.post(CONFIRM, &[("csrf_token", &token)]).await.status, 410);
    assert_eq!(app.count("select count(*) from email_replacements").await, 1);
}

#[tokio::test]
async fn asvs_6_6_2_a_link_works_in_a_session_of_its_own_account_alone() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let mut mallory = app.person("mallory").await;
    ask(&mut alice, "alice@example.org").await;
    let secret = mailed(&app, "alice@example.org", CONFIRM, 0).await;
    let shown = follow(&mut mallory, CONFIRM, &secret).await;
    assert_eq!(shown.status, 403, "{shown:?}");
    assert!(shown.body.contains("mallory") && !shown.body.contains("alice"), "{}", shown.body);
    let token = mallory.csrf_token("/logout").await;
    for fields in [
        &[("csrf_token", token.as_str()), ("link", secret.as_str())][..],
        &[
            ("csrf_token", token.as_str()),
            ("link", secret.as_str()),
            ("username", "alice"),
            ("email", "alice@example.org"),
        ],
    ] {
        let answer = mallory.post(CONFIRM, fields).await;
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    // Somebody who has yet to verify an address of their own is nobody here either.
    app.claim("nobody").await;
    let mut unverified = app.browser();
    assert_eq!(sign_in(&mut unverified, "nobody", PASSWORD).await.status, 303);
    assert_eq!(follow(&mut unverified, CONFIRM, &secret).await.status, 403);
    assert_eq!(address_of(&app, "alice").await, "alice@example.com");
    assert_eq!(address_of(&app, "mallory").await, "mallory@example.com");
    assert_eq!(press(&mut alice, CONFIRM, &secret).await.status, 303, "it was not used up");
}

#[tokio::test]
async fn asvs_3_7_2_who_is_signed_out_signs_in_on_the_way_and_never_leaves_the_service() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    ask(&mut alice, "alice@example.org").await;
    let secret = mailed(&app, "alice@example.org", CONFIRM, 0).await;
    let mut phone = app.browser();
    for next in ["//evil.example", "https://evil.example", "/%09/evil.example", "/\\evil.example"] {
        let answer = phone.get(&format!("{CONFIRM}?token={secret}&next={next}")).await;
        assert_eq!((answer.status, answer.location()), (303, CONFIRM), "{answer:?}");
        let answer = phone.get(&format!("{CONFIRM}?next={next}")).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/account/email/confirm"), "{answer:?}");
    }
    let token = phone.csrf_token("/login").await;
    let posted = phone.post(CONFIRM, &[("csrf_token", &token), ("link", &secret)]).await;
    assert_eq!((posted.status, posted.location()), (303, "/login?next=/account/email/confirm"));
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", CONFIRM)];
    let entered = phone.submit("/login?next=/account/email/confirm", &fields).await;
    assert_eq!((entered.status, entered.location()), (303, CONFIRM), "{entered:?}");
    let answer = phone.submit(CONFIRM, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, PAGE), "{answer:?}");
    assert_eq!(address_of(&app, "alice").await, "alice@example.org");
    assert!(!is_signed_in(&mut alice).await, "the session that asked is another one");
}

#[tokio::test]
async fn the_link_that_was_asked_for_last_is_the_one_that_works() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    ask(&mut alice, "first@example.org").await;
    let first = mailed(&app, "first@example.org", CONFIRM, 0).await;
    ask(&mut alice, "second@example.org").await;
    let second = mailed(&app, "second@example.org", CONFIRM, 0).await;
    let page = alice.get(PAGE).await;
    assert!(page.body.contains("second@example.org") && !page.body.contains("first@example.org"), "{}", page.body);
    assert_eq!(follow(&mut alice, CONFIRM, &first).await.status, 410);
    // The same once more: the newest link works, the one before does not.
    let again = alice.submit(PAGE, &[("again", "second@example.org")]).await;
    assert_eq!((again.status, again.location()), (303, PAGE), "{again:?}");
    let third = mailed(&app, "second@example.org", CONFIRM, 1).await;
    assert_eq!(follow(&mut alice, CONFIRM, &second).await.status, 410);
    assert_eq!(press(&mut alice, CONFIRM, &third).await.status, 303);
    assert_eq!(address_of(&app, "alice").await, "second@example.org");
}

#[tokio::test]
async fn asvs_6_4_1_another_address_ends_every_link_that_spoke_of_the_old_one() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    ask(&mut alice, "alice@example.org").await;
    let secret = mailed(&app, "alice@example.org", CONFIRM, 0).await;
    let recover = link_of(&app, "alice", Purpose::Recover, "alice@example.com").await;
    let verify = link_of(&app, "alice", Purpose::Verify, "alice@example.com").await;
    let other = link_of(&app, "alice", Purpose::ChangeEmail, "other@example.org").await;
    assert_eq!(press(&mut alice, CONFIRM, &secret).await.status, 303);
    for (path, dead) in [("/recover/reset", &recover), ("/verify", &verify), (CONFIRM, &other)] {
        assert_eq!(follow(&mut alice, path, dead).await.status, 410, "{path}");
    }
}

#[tokio::test]
async fn an_address_that_became_anothers_meanwhile_is_refused_and_nothing_is_half_done() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    ask(&mut alice, "robert@example.com").await;
    let secret = mailed(&app, "robert@example.com", CONFIRM, 0).await;
    app.sign_up("robert").await;
    let answer = press(&mut alice, CONFIRM, &secret).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.body.contains("Another account uses"), "{}", answer.body);
    assert_eq!(address_of(&app, "alice").await, "alice@example.com");
    assert_eq!(app.count("select count(*) from email_replacements").await, 0);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'email_changed'").await, 0);
    assert!(is_signed_in(&mut alice).await);
}

#[tokio::test]
async fn who_merely_claimed_the_address_loses_it_with_all_they_had() {
    let app = TestApp::start().await;
    let mut claimant = app.claim("mallory").await;
    assert_eq!(sign_in(&mut claimant, "mallory", PASSWORD).await.status, 303);
    let mut alice = app.person("alice").await;
    change(&app, &mut alice, "mallory@example.com").await;
    assert_eq!(app.count("select count(*) from users where username = 'mallory'").await, 0);
    assert_eq!(claimant.get("/verify").await.status, 200);
    assert_eq!(sign_in(&mut app.browser(), "mallory", PASSWORD).await.status, 422);
    assert_eq!(sign_in(&mut app.browser(), "mallory@example.com", PASSWORD).await.status, 303, "it is alice's");
}

#[tokio::test]
async fn an_address_that_nobody_ever_showed_gets_no_way_back() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_VERIFICATION", "false")]).await;
    app.claim("alice").await;
    let mut alice = app.signed_in("alice").await;
    change(&app, &mut alice, "alice@example.org").await;
    all_delivered(&app).await;
    assert!(secrets(&app, "alice@example.com", "/account/email/undo").await.is_empty(), "a stranger may read it");
    assert_eq!(app.count("select count(*) from email_replacements").await, 0);
    assert_eq!(app.count("select count(*) from users where email_verified_at is not null").await, 1);
}
