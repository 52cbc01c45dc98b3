//! Text that was pasted, with what comes along unseen.

use crate::{
    passkeys,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        http::Answer,
        totp,
    },
};

const INVISIBLE: [&str; 9] =
    ["\u{a0}", "\u{feff}", "\u{200b}", "\u{200e}", "\u{200f}", "\u{2060}", "\u{ad}", "\t", "\u{3000}"];

fn wrapped(text: &str, n: usize) -> String {
    format!("{0}{text}{0}", INVISIBLE[n % INVISIBLE.len()])
}

/// Requests the link again in another browser.
async fn resend(app: &TestApp, email: &str) -> Answer {
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    browser.post("/verify/resend", &[("csrf_token", &token), ("email", email)]).await
}

#[tokio::test]
async fn field_18_invisible_characters_around_a_name_and_an_address_are_trimmed_wherever_they_are_typed() {
    let app = TestApp::start().await;
    for n in 0..INVISIBLE.len() {
        let name = format!("anna{n}");
        let (username, email) = (wrapped(&name, n), wrapped(&format!("{name}@example.com"), n));
        let display_name = wrapped("Anna", n);
        let fields = [
            ("username", username.as_str()),
            ("email", &email),
            ("password", PASSWORD),
            ("display_name", &display_name),
        ];
        let mut browser = app.browser().at(std::net::Ipv4Addr::new(127, 70, 0, u8::try_from(n + 1).expect("few")));
        assert_eq!(browser.submit("/register", &fields).await.location(), "/verify", "{n}");
        let whole = format!(
            "select count(*) from users where username = '{name}' and email = '{name}@example.com' and display_name = 'Anna'"
        );
        assert_eq!(app.count(&whole).await, 1, "{n}");
        assert_eq!(resend(&app, &email).await.status, 303, "{n}");
        app.verify(&name).await;
        for identifier in [&username, &email] {
            assert_eq!(sign_in(&mut browser, identifier, PASSWORD).await.status, 303, "{n}");
            assert!(is_signed_in(&mut browser).await, "{n}");
            browser.submit("/logout", &[]).await;
            assert_eq!(app.browser().submit("/recover", &[("identifier", identifier)]).await.status, 303, "{n}");
        }
        assert!(app.letters_to(&format!("{name}@example.com")).await.len() > 1, "{n}");
    }
    // Alone they are nothing.
    for nothing in INVISIBLE {
        let login = app.browser().submit("/login", &[("identifier", nothing), ("password", PASSWORD)]).await;
        assert!(login.status == 422 && login.body.contains("Enter your username or email"), "{nothing:?}: {login:?}");
        assert_eq!(app.browser().submit("/recover", &[("identifier", nothing)]).await.status, 422, "{nothing:?}");
    }
}

#[tokio::test]
async fn field_18_within_an_address_they_are_refused_in_words_that_say_so() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    for hidden in INVISIBLE.into_iter().filter(|hidden| *hidden != "\t") {
        for address in [format!("an{hidden}na@example.com"), format!("anna@exam{hidden}ple.com")] {
            let fields = [("username", "anna"), ("email", address.as_str()), ("password", PASSWORD)];
            let answers = [
                app.browser().submit("/register", &fields).await,
                resend(&app, &address).await,
                owner.submit("/account/email", &[("email", &address)]).await,
            ];
            for answer in answers {
                assert_eq!(answer.status, 422, "{hidden:?}: {answer:?}");
                assert!(answer.body.contains("invisible character"), "{hidden:?}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn field_18_codes_and_names_of_devices_are_trimmed_and_passwords_are_not() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = totp::person(&app, "alice").await;
    for n in 0..INVISIBLE.len() {
        app.execute("update totp_factors set last_step = 0; delete from attempt_limits").await;
        let mut browser = totp::pending(&app, "alice").await;
        let code = wrapped(&authenticator.now(&app).await, n);
        assert_eq!(browser.submit("/login/totp", &[("code", &code)]).await.location(), "/dashboard", "{n}");
        let path = "/account/factors/totp/rename";
        let id: String =
            sqlx::query_scalar("select id::text from totp_factors").fetch_one(&app.db).await.expect("an app");
        let token = owner.csrf_token(&format!("{path}?factor={id}")).await;
        let name = wrapped("My phone", n);
        let renamed = owner.post(path, &[("csrf_token", &token), ("factor", &id), ("name", &name)]).await;
        assert_eq!(renamed.status, 303, "{n}: {renamed:?}");
        assert_eq!(app.count("select count(*) from totp_factors where name = 'My phone'").await, 1, "{n}");
    }
    app.sign_up("robert").await;
    for n in 0..INVISIBLE.len() {
        app.execute("delete from attempt_limits").await;
        assert_eq!(sign_in(&mut app.browser(), "robert", &wrapped(PASSWORD, n)).await.status, 422, "{n}");
    }
}

/// A name in Hebrew would reorder the sentence and the list that it stands in.
#[tokio::test]
async fn field_47_the_name_of_a_device_is_isolated_wherever_others_stand_beside_it() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let mut key = passkeys::authenticator(&app);
    let made = key.create(&passkeys::options(&mut owner, passkeys::PASSKEYS, &[]).await);
    assert_eq!(passkeys::send(&mut owner, passkeys::PASSKEYS, &made, &[("name", "המפתח (1)")]).await.status, 200);
    for page in ["/account/factors", passkeys::PASSKEYS] {
        let shown = owner.get(page).await.body;
        assert!(shown.contains("<bdi>המפתח (1)</bdi>"), "{page}: {shown}");
    }
    let id: String = sqlx::query_scalar("select id::text from passkeys").fetch_one(&app.db).await.expect("a passkey");
    let asked = owner.get(&format!("{}/remove?passkey={id}", passkeys::PASSKEYS)).await.body;
    assert!(asked.contains("“\u{2068}המפתח (1)\u{2069}”"), "{asked}");
}
