//! Showing that an address is one's own.

use std::net::Ipv4Addr;

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    http::Answer,
    race::race,
};
use vestibule::{
    accounts::{
        Identifier, find_by_identifier,
        links::{self, Purpose},
    },
    types::SecretToken,
};

const VERIFIED: &str = "select count(*) from users where email_verified_at is not null";

/// Opens a mailed link, as a click in a mail program does.
pub async fn open(browser: &mut Browser, path: &str) -> Answer {
    let answer = browser.get(path).await;
    if answer.status == 400 {
        // The link is not whole.
        return answer;
    }
    let page = path.split('?').next().expect("a path");
    assert_eq!((answer.status, answer.location()), (303, page), "{answer:?}");
    assert!(!answer.headers.iter().any(|(name, value)| name != "set-cookie" && value.contains("token")));
    browser.get(page).await
}

async fn register(app: &TestApp, username: &str, email: &str) -> Browser {
    let mut browser = app.browser();
    let fields = [("username", username), ("email", email), ("password", PASSWORD)];
    assert_eq!(browser.submit("/register", &fields).await.location(), "/verify");
    browser
}

#[tokio::test]
async fn whoever_confirms_in_the_browser_that_signed_up_is_signed_in() {
    let app = TestApp::start().await;
    let mut browser = app.claim("alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    assert!(letter.subject.contains("Confirm") && letter.text.contains("alice"), "{letter:?}");
    let page = open(&mut browser, &letter.links[0]).await;
    assert!(page.status == 200 && page.body.contains("alice@example.com"), "{page:?}");
    assert!(page.hidden("/verify", "link") == Some(letter.token()) && !page.body.contains("\"password\""), "{page:?}");
    assert_eq!(app.count(VERIFIED).await, 0, "opening changes nothing");

    let done = browser.submit("/verify", &[]).await;
    assert_eq!((done.status, done.location()), (303, "/dashboard"), "{done:?}");
    assert_eq!(app.count(VERIFIED).await, 1);
    let session = browser.get("/api/v1/session").await.body;
    let session: serde_json::Value = serde_json::from_str(&session).expect("JSON");
    assert_eq!((&session["user"]["email_verified"], &session["session"]["amr"][0]), (&true.into(), &"mca".into()));

    for mut again in [browser.clone(), app.browser()] {
        assert_eq!(open(&mut again, &letter.links[0]).await.status, 410, "asvs_6_4_1: a link works once");
    }
    assert_eq!(app.count("select count(*) from audit_events where kind = 'email_verified'").await, 1);
}

#[tokio::test]
async fn asvs_3_5_3_a_mail_scanner_that_opens_a_link_uses_nothing_up() {
    let app = TestApp::start().await;
    let mut browser = app.claim("alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    for _ in 0..3 {
        let mut scanner = app.browser();
        assert_eq!(scanner.send("HEAD", &letter.links[0], None).await.status, 303);
        assert_eq!(scanner.get(&letter.links[0]).await.status, 303);
        assert_eq!(scanner.get("/verify").await.status, 200);
    }
    assert_eq!(app.count(VERIFIED).await, 0);
    open(&mut browser, &letter.links[0]).await;
    assert_eq!(browser.submit("/verify", &[]).await.location(), "/dashboard");
}

#[tokio::test]
async fn another_browser_is_asked_for_the_password_and_is_signed_in_with_it() {
    let app = TestApp::start().await;
    app.claim("alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    let mut phone = app.browser();
    let page = open(&mut phone, &letter.links[0]).await;
    assert!(page.body.contains("type=\"password\""), "{page:?}");
    for (typed, says) in [("", "Enter your password"), ("not her password", "password isn’t right")] {
        let answer = phone.submit("/verify", &[("password", typed)]).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{typed}: {answer:?}");
    }
    let refused = "select count(*) from audit_events where kind = 'sign_in_failed' and user_id is not null";
    assert_eq!((app.count(VERIFIED).await, app.count(refused).await), (0, 1), "the password that was compared");
    assert_eq!(phone.submit("/verify", &[("password", PASSWORD)]).await.location(), "/dashboard");
    assert!(is_signed_in(&mut phone).await);
    assert_eq!(app.count(VERIFIED).await, 1);
}

#[tokio::test]
async fn asvs_6_3_4_guesses_at_the_confirmation_spend_what_guesses_at_the_sign_in_spend() {
    let app = TestApp::start().await;
    app.claim("alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    let mut thief = app.browser();
    open(&mut thief, &letter.links[0]).await;
    let mut slowed = 0;
    for n in 0..12 {
        let answer = match n % 2 {
            0 => thief.submit("/verify", &[("password", "a wrong guess here")]).await,
            _ => sign_in(&mut app.browser(), "alice", "a wrong guess here").await,
        };
        slowed += usize::from(answer.status == 429);
    }
    assert_eq!(slowed, 2, "ten tries together");
}

#[tokio::test]
async fn an_account_without_its_address_reaches_the_page_that_asks_for_it_and_the_way_out() {
    let app = TestApp::start().await;
    app.claim("alice").await;
    let mut browser = app.browser();
    assert_eq!(sign_in(&mut browser, "alice", PASSWORD).await.status, 303);
    assert_eq!(browser.get("/dashboard").await.location(), "/verify");
    let page = browser.get("/verify").await;
    assert!(page.body.contains("alice@example.com") && page.body.contains("/verify/resend"), "{page:?}");
    assert!(!is_signed_in(&mut browser).await, "for an app it is nobody");
    // The link is asked for again without typing the address.
    let token = browser.csrf_token("/logout").await;
    assert_eq!(browser.post("/verify", &[("csrf_token", &token)]).await.status, 410, "no link is in this browser");
    assert_eq!(browser.post("/verify/resend", &[("csrf_token", &token)]).await.location(), "/verify");
    let letters = app.letters_to("alice@example.com").await;
    assert_eq!(letters.len(), 2);
    // Signed in with the password is as good as the browser that signed up.
    assert!(!open(&mut browser, &letters[0].links[0]).await.body.contains("type=\"password\""));
    assert_eq!(browser.submit("/verify", &[]).await.location(), "/dashboard");
    assert_eq!(open(&mut app.browser(), &letters[1].links[0]).await.status, 410, "the other link died with it");
}

#[tokio::test]
async fn where_verification_is_not_required_an_account_is_used_at_once_and_apps_are_told() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_VERIFICATION", "false")]).await;
    app.claim("alice").await;
    let mut browser = app.signed_in("alice").await;
    assert_eq!(browser.get("/dashboard").await.status, 200);
    let session = browser.get("/api/v1/session").await.body;
    assert!(session.contains(r#""email_verified":false"#), "{session}");
    assert_eq!(app.count("select count(*) from users where verify_by is null").await, 1, "nor does it go by itself");
}

#[tokio::test]
async fn prehijack_whoever_signed_up_with_somebodys_address_has_nothing_once_the_owner_signs_up() {
    let app = TestApp::start().await;
    // The attacker signs up first, and keeps a session.
    let mut attacker = register(&app, "mallory", "victim@example.com").await;
    assert_eq!(sign_in(&mut attacker, "mallory", PASSWORD).await.status, 303);
    let baited = app.letter_to("victim@example.com", "/verify").await;
    // A careless click of the owner confirms nothing: they do not know that password.
    let mut victim = app.browser();
    assert!(open(&mut victim, &baited.links[0]).await.body.contains("type=\"password\""));
    assert_eq!(victim.submit("/verify", &[("password", "the victim's own one")]).await.status, 422);
    // The owner signs up as if nobody had.
    let mut victim = register(&app, "victim", "Victim@example.com").await;
    let letter = app.letter_to("Victim@example.com", "/verify").await;
    open(&mut victim, &letter.links[0]).await;
    assert_eq!(victim.submit("/verify", &[]).await.location(), "/dashboard");
    assert_eq!(app.count("select count(*) from users").await, 1, "the claim is gone");
    assert_eq!(attacker.get("/verify").await.status, 200);
    assert_eq!(attacker.get("/dashboard").await.location(), "/login?next=/dashboard");
    assert_eq!(open(&mut attacker, &baited.links[0]).await.status, 410);
}

#[tokio::test]
async fn asvs_6_3_5_the_owner_of_a_taken_address_is_told_and_the_visitor_is_not() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let before = app.letters_to("alice@example.com").await.len();
    let mut mallory = register(&app, "mallory", "ALICE@example.com").await;
    let letters = app.letters_to("alice@example.com").await;
    assert_eq!(letters.len(), before + 1);
    let told = letters.last().expect("a letter");
    assert!(told.subject.contains("already have an account"), "{told:?}");
    assert_eq!(told.links, ["/login", "/recover"], "nothing that opens anything");
    assert_eq!(app.letters_to("ALICE@example.com").await.len(), 0, "cve_2019_19844: to the stored address only");
    // Whoever claims it signs in like whoever claims a free one, and waits for a link that never comes.
    assert_eq!(sign_in(&mut mallory, "mallory", PASSWORD).await.status, 303);
    assert_eq!(mallory.get("/dashboard").await.location(), "/verify");
    let token = mallory.csrf_token("/logout").await;
    assert_eq!(mallory.post("/verify/resend", &[("csrf_token", &token)]).await.location(), "/verify");
    assert_eq!(mallory.submit("/recover", &[("identifier", "mallory")]).await.location(), "/recover");
    for letter in app.letters_to("alice@example.com").await {
        assert!(!letter.text.contains("token="), "{letter:?}");
    }
    let told = "select count(*) from audit_events where kind = 'sign_up_repeated'";
    assert!(app.count(told).await >= 1, "the owner reads of it");
}

#[tokio::test]
async fn asvs_6_3_8_asking_again_is_answered_alike_and_only_a_waiting_address_gets_mail() {
    let app = TestApp::start().await;
    app.claim("waiting").await;
    app.sign_up("verified").await;
    app.all_sent().await;
    let before = app.count("select count(*) from dev_mailbox").await;
    let mut answers = Vec::new();
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    for name in ["waiting", "verified", "unknowns"] {
        let email = format!("{name}@example.com");
        let answer = browser.clone().post("/verify/resend", &[("csrf_token", &token), ("email", &email)]).await;
        let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
        answers.push((answer.status, headers, answer.body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    app.all_sent().await;
    assert_eq!(app.count("select count(*) from dev_mailbox").await, before + 1);
    for wrong in ["", "nonsense", "a@b@c", "a\u{ff20}b.example"] {
        let answer = browser.post("/verify/resend", &[("csrf_token", &token), ("email", wrong)]).await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn asvs_2_4_1_fifty_requests_for_one_address_mail_it_three_times_an_hour_and_lock_nobody_out() {
    let app = TestApp::start().await;
    let mut owner = app.claim("alice").await;
    app.all_sent().await;
    let mut stranger = app.browser();
    for n in 0..50 {
        let token = stranger.csrf_token("/login").await;
        let fields = [("csrf_token", token.as_str()), ("email", "alice@example.com")];
        assert_eq!(stranger.post("/verify/resend", &fields).await.status, 303, "{n}");
    }
    let letters = app.letters_to("alice@example.com").await;
    assert_eq!(letters.len(), 1 + 3, "the sign-up's own, and three");
    open(&mut owner, &letters[0].links[0]).await;
    assert_eq!(owner.submit("/verify", &[]).await.location(), "/dashboard");
}

#[tokio::test]
async fn asvs_6_4_1_only_the_whole_secret_of_a_live_link_opens_anything() {
    let app = TestApp::start().await;
    let mut browser = app.claim("alice").await;
    let token = app.letter_to("alice@example.com", "/verify").await.token();
    assert!(SecretToken::parse(&token).is_some(), "128 bits");
    let swapped: String = token.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c }).collect();
    let fresh = SecretToken::random().reveal();
    for wrong in ["", " ", &token[1..], &token[..21], &format!("{token}="), &format!("{token}A"), &swapped, &fresh] {
        let path = format!("/verify?token={}", wrong.replace(' ', "%20"));
        let page = open(&mut browser, &path).await;
        assert!(matches!(page.status, 400 | 410) && !page.body.contains("alice@example.com"), "{wrong}: {page:?}");
        let form = browser.csrf_token("/login").await;
        assert_eq!(browser.post("/verify", &[("csrf_token", &form)]).await.status, 410, "{wrong}");
    }
    app.execute("update mailed_links set expires_at = now()").await;
    assert_eq!(open(&mut browser, &format!("/verify?token={token}")).await.status, 410, "expired");
    assert_eq!(app.count(VERIFIED).await, 0);
}

#[tokio::test]
async fn asvs_11_7_no_link_stands_in_the_database_in_clear() {
    let app = TestApp::start().await;
    app.claim("alice").await;
    let token = app.letter_to("alice@example.com", "/verify").await.token();
    app.execute("delete from dev_mailbox").await;
    for table in ["mailed_links", "outbox", "users", "audit_events"] {
        let found = format!("select count(*) from {table} t where t::text like '%{token}%'");
        assert_eq!(app.count(&found).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_link_of_one_purpose_opens_no_other_door_and_none_after_the_address_has_changed() {
    let app = TestApp::start().await;
    app.claim("alice").await;
    let mut connection = app.db.acquire().await.expect("a connection");
    let user = find_by_identifier(&mut connection, &Identifier::parse("alice")).await.expect("an answer");
    let user = user.expect("alice").id;
    for (purpose, path) in
        [(Purpose::Recover, "/verify"), (Purpose::ChangeEmail, "/verify"), (Purpose::Verify, "/recover/reset")]
    {
        let secret = links::issue(&mut connection, purpose, user, "alice@example.com").await.expect("a link");
        let page = open(&mut app.browser(), &format!("{path}?token={}", secret.reveal())).await;
        assert_eq!(page.status, 410, "{purpose:?} at {path}");
    }
    let secret = links::issue(&mut connection, Purpose::Verify, user, "old@example.com").await.expect("a link");
    let page = open(&mut app.browser(), &format!("/verify?token={}", secret.reveal())).await;
    assert_eq!(page.status, 410, "asvs_6_6_2: it speaks for another address");
}

/// Browsers of one person at both replicas, each with the same link in hand.
pub async fn with_link(owner: &Browser, replicas: [&TestApp; 2], path: &str, n: usize) -> Vec<(Browser, String)> {
    let page = path.split('?').next().expect("a path");
    let mut all = Vec::new();
    for n in 0..n {
        let mut browser = Browser { to: replicas[n % 2].address, ..owner.clone() };
        open(&mut browser, path).await;
        let token = browser.csrf_token(page).await;
        all.push((browser, token));
    }
    all
}

#[tokio::test]
async fn f10_of_sixteen_confirmations_with_one_link_at_once_over_two_replicas_one_wins() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    for round in 0..4 {
        let owner = register(&first, &format!("alice{round}"), &format!("alice{round}@example.com")).await;
        let letter = first.letter_to(&format!("alice{round}@example.com"), "/verify").await;
        let all = with_link(&owner, [&first, &second], &letter.links[0], 16).await;
        let statuses = race(16, |n| {
            let (mut browser, token) = all[n].clone();
            async move { browser.post("/verify", &[("csrf_token", &token)]).await.status }
        })
        .await;
        let won = statuses.iter().filter(|status| **status == 303).count();
        let lost = statuses.iter().filter(|status| **status == 410).count();
        assert_eq!((won, lost), (1, 15), "round {round}: {statuses:?}");
    }
    assert_eq!(first.count("select count(*) from audit_events where kind = 'email_verified'").await, 4);
    assert_eq!(first.count("select count(*) from sessions").await, 4);
}

#[tokio::test]
async fn f9_of_many_claims_to_one_address_that_are_confirmed_at_once_one_becomes_the_account() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut all = Vec::new();
    for n in 0..8 {
        let email = "twin@example.com";
        // Letters to one address are few, so the links are taken where they are made.
        let owner = register(&first, &format!("twin{n}"), email).await;
        let mut connection = first.db.acquire().await.expect("a connection");
        let user = find_by_identifier(&mut connection, &Identifier::Username(format!("twin{n}"))).await;
        let user = user.expect("an answer").expect("an account").id;
        let secret = links::issue(&mut connection, Purpose::Verify, user, email).await.expect("a link");
        drop(connection);
        let path = format!("/verify?token={}", secret.reveal());
        all.extend(with_link(&owner, [&first, &second], &path, 1).await);
    }
    let statuses = race(8, |n| {
        let (mut browser, token) = all[n].clone();
        browser.to = if n % 2 == 0 { first.address } else { second.address };
        async move { browser.post("/verify", &[("csrf_token", &token)]).await.status }
    })
    .await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 410)), "{statuses:?}");
    assert_eq!((first.count(VERIFIED).await, first.count("select count(*) from users").await), (1, 1));
}

#[tokio::test]
async fn asvs_4_1_3_links_in_mails_lead_where_the_settings_say_whatever_a_request_claims() {
    let app = TestApp::start().await;
    let mut poisoner = app
        .browser()
        .at(Ipv4Addr::new(127, 0, 9, 9))
        .with("X-Forwarded-Host", "evil.example")
        .with("X-Forwarded-Proto", "https")
        .with("X-Forwarded-Port", "444")
        .with("X-Forwarded-Prefix", "/evil")
        .with("Forwarded", "host=evil.example;proto=https");
    let fields = [("username", "alice"), ("email", "alice@example.com"), ("password", PASSWORD)];
    assert_eq!(poisoner.submit("/register", &fields).await.location(), "/verify");
    let letter = app.letter_to("alice@example.com", "/verify").await;
    let origin = app.state.config.site.public_url.origin();
    assert!(letter.text.contains(&format!("{origin}/verify?token=")) && !letter.text.contains("evil"), "{letter:?}");
}

#[tokio::test]
async fn asvs_2_4_1_no_claim_mails_its_address_at_will() {
    let app = TestApp::start().await;
    app.claim("mallory").await;
    for _ in 0..3 {
        // Each time a browser that the claim then knows.
        let mut browser = app.browser();
        for _ in 0..5 {
            assert_eq!(sign_in(&mut app.browser(), "mallory", "a wrong guess here").await.status, 422);
        }
        assert_eq!(sign_in(&mut browser, "mallory", PASSWORD).await.status, 303);
        let token = browser.csrf_token("/logout").await;
        for _ in 0..3 {
            browser.post("/verify/resend", &[("csrf_token", &token)]).await;
        }
        app.execute("delete from attempt_limits where failures > 0").await;
    }
    let letters = app.letters_to("mallory@example.com").await;
    assert!(letters.len() <= 1 + 3 + 3, "one, and three of each kind an hour: {}", letters.len());
}

#[tokio::test]
async fn letters_come_in_the_language_of_whoever_asked() {
    let app = TestApp::start().await;
    let mut browser = app.browser().with("Accept-Language", "ko-KR,ko;q=0.9");
    let fields = [("username", "minji"), ("email", "minji@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.submit("/register", &fields).await.location(), "/verify");
    let letter = app.letter_to("minji@example.com", "/verify").await;
    assert!(letter.subject.contains("이메일"), "{letter:?}");
}
