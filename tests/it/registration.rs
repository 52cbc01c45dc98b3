//! Signing up.

use crate::support::app::{PASSWORD, TestApp, sign_in};

const GOOD: [(&str, &str); 3] = [("username", "alice"), ("email", "alice@example.com"), ("password", PASSWORD)];

/// The good form with one field changed.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = GOOD.into_iter().filter(|(found, _)| *found != name).collect();
    fields.push((name, value));
    fields
}

#[tokio::test]
async fn a_sign_up_leads_to_the_mail_which_is_said_once() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let answer = browser.submit("/register", &GOOD).await;
    assert_eq!((answer.status, answer.location()), (303, "/verify"));
    let page = browser.get("/verify").await;
    assert!(page.body.contains("Almost there"), "{}", page.body);
    assert!(!browser.get("/verify").await.body.contains("Almost there"));
    assert_eq!(app.count("select count(*) from users u join password_credentials c on c.user_id = u.id").await, 1);
    assert_eq!(app.count("select count(*) from users where email_verified_at is not null").await, 0);
}

#[tokio::test]
async fn asvs_6_3_8_a_taken_address_is_answered_like_a_new_one() {
    let app = TestApp::start().await;
    let mut first = app.browser();
    let new = first.submit("/register", &GOOD).await;
    app.verify("alice").await;
    let mut second = app.browser();
    let taken = second.submit("/register", &with("username", "mallory")).await;
    let comparable = |browser: &crate::support::browser::Browser, answer: &crate::support::http::Answer| {
        let headers = answer.headers.iter().filter(|(name, _)| name != "date").cloned();
        // The mark that every browser gets is its own.
        let mark = &browser.cookies["vestibule_browser"];
        let headers = headers.map(|(name, value)| (name, value.replace(mark, "MARK"))).collect::<Vec<_>>();
        (answer.status, headers, answer.body.clone())
    };
    assert_eq!(comparable(&first, &new), comparable(&second, &taken));
    assert_eq!(app.count("select count(*) from users").await, 2, "a claim, which can never be confirmed");
    assert_eq!(app.count("select count(*) from tower_sessions.session").await, 0);
    // Nor does anything afterwards tell: both sign in, and wait.
    for (browser, name) in [(&mut first, "alice"), (&mut second, "mallory")] {
        app.execute("update users set email_verified_at = null where username = 'alice'").await;
        assert_eq!(sign_in(browser, name, PASSWORD).await.location(), "/dashboard", "{name}");
        assert_eq!(browser.get("/dashboard").await.location(), "/verify", "{name}");
    }
}

#[tokio::test]
async fn a_taken_username_is_public_and_is_said_whoever_owns_the_address() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for email in ["alice@example.com", "other@example.com"] {
        let answer = app.browser().submit("/register", &with("email", email)).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("taken") && answer.body.contains(r#"value="alice""#), "{}", answer.body);
    }
    assert_eq!(app.count("select count(*) from users").await, 1);
}

#[tokio::test]
async fn every_mistake_is_named_at_its_field_and_nothing_typed_is_lost_but_the_password() {
    let app = TestApp::start().await;
    let fields = [("username", "a b"), ("email", "nonsense"), ("display_name", "가나다"), ("password", "tooshort123")];
    let answer = app.browser().submit("/register", &fields).await;
    assert_eq!(answer.status, 422);
    for id in ["username", "email", "password"] {
        let input = answer.body.split("<input").find(|input| input.contains(&format!(r#"name="{id}""#))).expect(id);
        let tag = input.split('>').next().expect(id);
        assert!(tag.contains("aria-invalid=\"true\"") && tag.contains("aria-describedby="), "{tag}");
    }
    assert!(answer.body.contains(r#"value="a b""#) && answer.body.contains(r#"value="가나다""#));
    assert!(!answer.body.contains("tooshort123"));
    assert_eq!(app.count("select count(*) from users").await, 0);
}

#[tokio::test]
async fn asvs_15_3_3_fields_of_the_table_are_no_fields_of_the_form() {
    let app = TestApp::start().await;
    let mut fields = GOOD.to_vec();
    let extra = [
        ("id", "7"),
        ("is_admin", "true"),
        ("email_verified", "true"),
        ("disabled_at", "now"),
        ("created_at", "1999-01-01"),
    ];
    fields.extend(extra);
    assert_eq!(app.browser().submit("/register", &fields).await.status, 303);
    assert_eq!(
        app.count("select count(*) from users where created_at > now() - interval '1 hour' and disabled_at is null")
            .await,
        1
    );
}

#[tokio::test]
async fn asvs_11_4_2_stored_hashes_are_argon2id_at_the_configured_cost() {
    let app = TestApp::with(&[("VESTIBULE_ARGON2", "m=19456,t=2,p=1")]).await;
    app.sign_up("alice").await;
    app.sign_up("robert").await;
    let form = r"^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$";
    assert_eq!(
        app.count(&format!(
            "select count(distinct password_hash) from password_credentials where password_hash ~ '{form}'"
        ))
        .await,
        2
    );
}

#[tokio::test]
async fn asvs_6_3_2_a_new_database_has_no_accounts() {
    let app = TestApp::start().await;
    assert_eq!(app.count("select count(*) from users").await, 0);
    for (name, password) in [("admin", "admin"), ("root", "root"), ("vestibule", "vestibule")] {
        assert_eq!(sign_in(&mut app.browser(), name, password).await.status, 422);
    }
}

#[tokio::test]
async fn asvs_6_2_4_and_6_2_12_entries_of_the_list_are_refused_with_a_reason_and_advice() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    for entry in include_str!("../../crates/blocklist/data/sample.txt").lines() {
        let answer = browser.submit("/register", &with("password", entry)).await;
        assert_eq!(answer.status, 422, "{entry}");
        assert!(answer.body.contains("Choose a few unrelated words instead"), "{entry}: {}", answer.body);
        assert!(!answer.body.contains(entry), "{entry} came back");
    }
    let answer = browser.submit("/register", &with("password", "Password1234")).await;
    assert!(answer.body.contains("widely used or has leaked"), "{}", answer.body);
    assert_eq!(app.count("select count(*) from users").await, 0);
    assert_eq!(browser.submit("/register", &GOOD).await.status, 303);
}

#[tokio::test]
async fn asvs_6_2_11_own_words_padded_or_doubled_are_refused_whatever_else_is_wrong() {
    let app = TestApp::with(&[("VESTIBULE_SERVICE_NAME", "Corner Shop")]).await;
    let mut browser = app.browser();
    for password in [
        "alice-alice-alice",
        "wonderland2026!",
        "example.com-2026",
        "liddell!!!!!!!!!",
        "c0rn3rsh0p-2026",
        "Alice of Wonderland",
    ] {
        let fields = [
            ("username", "alice"),
            ("email", "wonderland@example.com"),
            ("display_name", "A. Liddell"),
            ("password", password),
        ];
        let answer = browser.submit("/register", &fields).await;
        assert_eq!(answer.status, 422, "{password}");
        assert!(answer.body.contains("too close to your name"), "{password}: {}", answer.body);
    }
    // A field with a mistake does not hide what the others say.
    let fields = [("username", "alice"), ("email", "nonsense"), ("password", "alice-alice-alice")];
    let answer = browser.submit("/register", &fields).await;
    assert!(answer.body.contains("too close to your name"), "{}", answer.body);
    assert_eq!(app.count("select count(*) from users").await, 0);
}

#[tokio::test]
async fn asvs_6_3_8_signing_in_by_the_address_of_a_claim_tells_nobody_whose_it_is() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut answers = Vec::new();
    for (username, email) in [("mallory1", "alice@example.com"), ("mallory2", "nobod@example.com")] {
        let mut browser = app.browser();
        let fields = [("username", username), ("email", email), ("password", "mallory's own battery")];
        assert_eq!(browser.submit("/register", &fields).await.location(), "/verify");
        let by_address = sign_in(&mut browser, email, "mallory's own battery").await;
        let by_name = sign_in(&mut browser, username, "mallory's own battery").await;
        answers.push((by_address.status, by_name.status, browser.get("/dashboard").await.location().to_owned()));
    }
    assert_eq!(answers, vec![(422, 303, "/verify".to_owned()); 2]);
}

#[tokio::test]
async fn a_claim_never_harms_an_account_that_needs_no_verification() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_VERIFICATION", "false")]).await;
    let mut owner = app.claim("alice").await;
    assert_eq!(sign_in(&mut owner, "alice", PASSWORD).await.location(), "/dashboard");
    let fields = [("username", "mallory"), ("email", "alice@example.com"), ("password", "mallory's own battery")];
    assert_eq!(app.browser().submit("/register", &fields).await.status, 303);
    assert_eq!(sign_in(&mut app.browser(), "alice@example.com", PASSWORD).await.location(), "/dashboard");
    app.browser().submit("/recover", &[("identifier", "alice@example.com")]).await;
    let letter = app.letter_to("alice@example.com", "/recover/reset").await;
    assert!(letter.text.contains("alice") && !letter.text.contains("mallory"), "{letter:?}");
}
