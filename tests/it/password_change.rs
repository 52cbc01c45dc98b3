//! Changing the password, and being asked to.

use std::net::Ipv4Addr;

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    http::Answer,
    mailbox::Letter,
    race::race,
    rounds, totp,
};
use vestibule::{
    accounts::{
        Role,
        links::{self, Purpose},
    },
    features::admin::{self, Creation},
    types::{Email, Username},
};

const PATH: &str = "/account/password";
const NEW: &str = "violet kettle marches";

async fn change(browser: &mut Browser, current: &str, new: &str) -> Answer {
    browser.submit(PATH, &[("current_password", current), ("password", new)]).await
}

async fn hashes(app: &TestApp) -> Vec<String> {
    let hashes = sqlx::query_scalar("select password_hash from password_credentials order by user_id");
    hashes.fetch_all(&app.db).await.expect("hashes")
}

#[tokio::test]
async fn asvs_6_2_3_nothing_changes_without_the_present_password() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let mut mallory = app.person("mallory").await;
    let before = hashes(&app).await;
    let long = "x".repeat(129);
    for (current, says) in
        [("", "Enter your password"), ("not her password", "password isn’t right"), (&long, "password isn’t right")]
    {
        let answer = change(&mut person, current, NEW).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{current}: {answer:?}");
        assert!(answer.body.contains("href=\"#current_password\""), "said at its field");
    }
    let answer = person.submit(PATH, &[("password", NEW)]).await;
    assert_eq!(answer.status, 422, "mas_cve_2025_62425: {answer:?}");
    // Nobody's but one's own, whatever the form says.
    let named =
        [("account", "alice"), ("username", "alice"), ("user_id", "alice"), ("current_password", "wrong enough")];
    let answer = mallory.submit(PATH, &[&named[..], &[("password", NEW)]].concat()).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    assert_eq!(hashes(&app).await, before);
    assert!(is_signed_in(&mut person).await, "a mistake is no sign-out");
    assert_eq!(app.count("select count(*) from outbox").await, 0);
    let audited = "select count(*) from audit_events where kind = 'password_mistyped' and session_id is not null";
    assert_eq!(app.count(audited).await, 3, "tries that were compared");
}

#[tokio::test]
async fn asvs_6_3_1_guesses_here_spend_what_guesses_at_sign_in_spend() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let before = hashes(&app).await;
    let mut slowed = None;
    for n in 0..12 {
        let answer = change(&mut person, &format!("a wrong guess {n}"), NEW).await;
        if answer.status == 429 {
            slowed = Some(answer);
            break;
        }
        assert_eq!(answer.status, 422);
    }
    let slowed = slowed.expect("an end to guessing");
    assert!(slowed.header("retry-after").is_some() && slowed.body.contains("Too many tries"), "{slowed:?}");
    assert_eq!(change(&mut person, PASSWORD, NEW).await.status, 429, "the right one is not looked at either");
    let mut same = app.browser();
    same.cookies.insert("vestibule_browser".into(), person.cookies["vestibule_browser"].clone());
    assert_eq!(sign_in(&mut same, "alice", PASSWORD).await.status, 429, "nor by this browser's sign-in");
    assert_eq!(hashes(&app).await, before);
}

#[tokio::test]
async fn asvs_7_4_3_and_7_2_4_a_new_password_ends_all_that_the_old_one_opened() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let mut person = app.person("alice").await;
    let mut elsewhere = Browser { to: replica.address, ..app.signed_in("alice").await };
    let mut robert = app.person("robert").await;
    let mut connection = app.db.acquire().await.expect("a connection");
    let id = vestibule::types::UserId(
        sqlx::query_scalar("select id from users where username = 'alice'").fetch_one(&app.db).await.expect("an id"),
    );
    for purpose in [Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail, Purpose::UndoEmail] {
        links::issue(&mut connection, purpose, id, "alice@example.com").await.expect("a link");
    }
    let mut before = person.clone();
    let answer = change(&mut person, PASSWORD, NEW).await;
    assert_eq!((answer.status, answer.location()), (303, PATH), "{answer:?}");
    assert_ne!(person.cookies["vestibule"], before.cookies["vestibule"], "asvs_7_2_4");
    assert!(is_signed_in(&mut person).await && is_signed_in(&mut robert).await);
    assert!(!is_signed_in(&mut before).await, "the old cookie is dead");
    assert!(!is_signed_in(&mut elsewhere).await, "the other session is over");
    let page = person.get(PATH).await.body;
    assert!(page.contains("signed out everywhere else") && page.contains("Last changed just now"), "{page}");
    assert!(!person.get(PATH).await.body.contains("signed out everywhere else"), "said once");

    let alices = "user_id = (select id from users where username = 'alice')";
    let one = async |query: &str| app.count(&format!("select count(*) from {query} and {alices}")).await;
    assert_eq!(one("mailed_links where used_at is null").await, 1, "only the way back to an old address is left");
    assert_eq!(one("known_browsers where true").await, 1, "this browser");
    assert_eq!(one("audit_events where kind = 'password_changed' and session_id is not null").await, 1);
    assert_eq!(one("sessions where revoked_at is null").await, 1);
    let tells = |letter: &Letter| letter.subject.contains("password was changed");
    let letters: Vec<_> = app.letters_to("alice@example.com").await.into_iter().filter(tells).collect();
    assert_eq!(letters.len(), 1, "asvs_6_3_7: {letters:?}");
    assert!(!letters[0].text.contains(NEW) && !letters[0].text.contains(PASSWORD));
    assert!(!app.letters_to("robert@example.com").await.iter().any(tells));

    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 422);
    let mut back = app.browser();
    assert_eq!(sign_in(&mut back, "alice", NEW).await.status, 303);
}

#[tokio::test]
async fn a_remembered_session_stays_remembered_and_its_proof_is_fresh() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut person = app.browser();
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("remember", "yes")];
    assert_eq!(person.submit("/login", &fields).await.status, 303);
    crate::reauth::age(&app).await;
    let answer = change(&mut person, PASSWORD, NEW).await;
    let cookie = answer.header_all("set-cookie").find(|line| line.starts_with("vestibule=")).expect("a cookie");
    assert!(cookie.contains("Max-Age="), "{cookie}");
    let fresh = "select count(*) from sessions where authenticated_at > now() - interval '1 minute' and remembered";
    assert_eq!(app.count(fresh).await, 1);
}

/// What can be said before anything is typed is said then: no typed password is lost, and none is compared.
#[tokio::test]
async fn asvs_7_5_3_the_second_factor_is_shown_again_before_the_form_and_not_after_it() {
    let app = TestApp::start().await;
    let (mut person, authenticator) = totp::person(&app, "alice").await;
    let token = person.csrf_token(PATH).await;
    crate::reauth::age(&app).await;
    let page = "/account/password?next=/dashboard";
    let answer = person.get(page).await;
    assert_eq!((answer.status, answer.location()), (303, &*format!("/reauth?next={page}")), "{answer:?}");
    // A form that stood open for so long is not taken either.
    let before = hashes(&app).await;
    let fields = [("csrf_token", token.as_str()), ("current_password", PASSWORD), ("password", NEW)];
    let answer = person.post(PATH, &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/reauth?next=/account/password"), "{answer:?}");
    assert_eq!(hashes(&app).await, before);

    let code = authenticator.now(&app).await;
    let shown = person.submit("/reauth/totp", &[("code", &code), ("next", page)]).await;
    assert_eq!((shown.status, shown.location()), (303, page), "{shown:?}");
    let form = person.get(page).await;
    assert_eq!(form.hidden(PATH, "next").as_deref(), Some("/dashboard"), "where it was: {form:?}");
    assert_eq!(change(&mut person, PASSWORD, NEW).await.location(), PATH);
    // Whoever has a password and nothing else shows it in the form itself, however long ago they signed in.
    let mut robert = app.person("robert").await;
    crate::reauth::age(&app).await;
    assert_eq!(robert.get(PATH).await.status, 200);
}

#[tokio::test]
async fn asvs_6_2_4_a_bad_choice_is_refused_for_its_reason_before_anything_is_asked() {
    let app = TestApp::start().await;
    let mut person = app.person("gwendolyn").await;
    assert_eq!(person.submit("/account/profile", &[("display_name", "Marguerite")]).await.status, 303);
    let before = hashes(&app).await;
    for (new, says) in [
        (PASSWORD, "That’s your current password."),
        ("", "Choose a password."),
        ("short", "at least 12"),
        ("geovannavieira", "widely used"),
        ("gwendolyn2026", "too close to your name"),
        ("marguerite-77", "too close to your name"),
        ("vestibule!!!", "too close to your name"),
        ("abcabcabcabc", "repeats"),
    ] {
        let answer = change(&mut person, PASSWORD, new).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{new}: {answer:?}");
        assert!(!answer.body.contains(PASSWORD), "what was typed is not shown again");
    }
    let both = person.submit(PATH, &[]).await.body;
    assert!(both.contains("Enter your password.") && both.contains("Choose a password."), "{both}");
    assert_eq!(hashes(&app).await, before);
    assert_eq!(app.count("select count(*) from attempt_limits where failures > 0").await, 0, "none was a guess");
}

#[tokio::test]
async fn an_account_without_a_password_is_led_to_what_it_has() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let token = person.csrf_token(PATH).await;
    app.execute("delete from password_credentials").await;
    assert_eq!(person.get(PATH).await.location(), "/account/factors");
    let fields = [("csrf_token", token.as_str()), ("current_password", PASSWORD), ("password", NEW)];
    assert_eq!(person.post(PATH, &fields).await.location(), "/account/factors");
    assert_eq!(app.count("select count(*) from password_credentials").await, 0);
}

/// An account with a password that is refused today.
pub async fn with_common_password(app: &TestApp) -> &'static str {
    let common = "geovannavieira";
    let creation = Creation {
        username: Username::parse("alice").expect("a name"),
        email: Email::parse("alice@example.com").expect("an address"),
        display_name: None,
        role: Role::Member,
        password_hash: app.hash(common),
    };
    admin::create(&app.operator(), &creation).await.expect("an account");
    common
}

#[tokio::test]
async fn asvs_6_2_4_a_password_that_came_onto_the_list_is_to_be_changed_after_signing_in() {
    let app = TestApp::start().await;
    let common = with_common_password(&app).await;
    let mut person = app.browser();
    let fields = [("identifier", "alice"), ("password", common), ("next", "/account/sessions?a=b&c=d")];
    let answer = person.submit("/login", &fields).await;
    let expected = "/account/password?next=/account/sessions?a=b%26c=d";
    assert_eq!((answer.status, answer.location()), (303, expected), "{answer:?}");
    assert!(is_signed_in(&mut person).await, "nobody is locked out");
    let page = person.get(expected).await;
    assert!(page.body.contains("list of widely used or leaked ones"), "{}", page.body);
    let next = page.hidden(PATH, "next").expect("the way on");
    assert_eq!(next, "/account/sessions?a=b&c=d");
    let fields = [("current_password", common), ("password", NEW), ("next", next.as_str())];
    assert_eq!(person.submit(PATH, &fields).await.location(), next);
    assert!(person.get(&next).await.body.contains("Your password is changed"));

    let mut again = app.browser();
    assert_eq!(sign_in(&mut again, "alice", NEW).await.location(), "/dashboard", "a good one leads on");
    // Without a page to go on to, the dashboard is.
    let other = TestApp::start().await;
    let common = with_common_password(&other).await;
    let answer = sign_in(&mut other.browser(), "alice", common).await;
    assert_eq!(answer.location(), "/account/password?next=/dashboard");
}

#[tokio::test]
async fn asvs_3_7_2_the_way_on_stays_here() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for (n, next) in
        ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"].iter().enumerate()
    {
        let (old, new) = if n % 2 == 0 { (PASSWORD, NEW) } else { (NEW, PASSWORD) };
        let answer = person.submit(PATH, &[("current_password", old), ("password", new), ("next", *next)]).await;
        assert_eq!((answer.status, answer.location()), (303, PATH), "{next}");
    }
}

/// Accounts `person0` and so on, each with the password of the first.
async fn many_people(app: &TestApp, count: usize) {
    app.sign_up("first").await;
    app.execute(&format!(
        "with person as ( \
            insert into users (id, username, email, email_canonical, email_verified_at) \
            select gen_random_uuid(), 'person' || n, 'p' || n || '@example.com', 'p' || n || '@example.com', now() \
            from generate_series(0, {count}) n returning id \
        ) insert into password_credentials (user_id, password_hash) \
        select person.id, (select password_hash from password_credentials limit 1) from person"
    ))
    .await;
}

const SIGN_INS: usize = 4;

/// In each round one person changes the password at one replica while others sign in with the old one
/// at both, and while, every other time, the same browser signs out.
#[tokio::test]
async fn f11_no_session_of_the_old_password_survives_its_change() {
    let rounds = rounds(60, 200);
    let first = TestApp::start().await;
    let second = first.replica().await;
    many_people(&first, rounds).await;
    let replicas = [first.address, second.address];
    let visitor = first.browser();
    let (mut changes, mut opened) = (0, 0);
    for round in 0..rounds {
        let network = u8::try_from(round).expect("few rounds");
        let at = |n: usize| Ipv4Addr::new(127, 90, network, u8::try_from(n).expect("few") + 1);
        let name = format!("person{round}");
        let mut person = visitor.clone().at(at(9));
        assert_eq!(sign_in(&mut person, &name, PASSWORD).await.status, 303);
        let form = person.csrf_token(PATH).await;
        let tabs = visitor.tabs(SIGN_INS, &replicas, "/login").await;
        let answers = race(SIGN_INS + 2, |n| {
            let (mut browser, token) = tabs.get(n).cloned().unwrap_or_else(|| (person.clone(), String::new()));
            let (form, name) = (form.clone(), name.clone());
            browser = if n < SIGN_INS { browser.at(at(n)) } else { browser };
            browser.to = replicas[(n + round) % 2];
            async move {
                let answer = match n {
                    0..SIGN_INS => {
                        let fields = [("csrf_token", token.as_str()), ("identifier", &name), ("password", PASSWORD)];
                        browser.post("/login", &fields).await
                    }
                    SIGN_INS => {
                        let fields = [("csrf_token", form.as_str()), ("current_password", PASSWORD), ("password", NEW)];
                        browser.post(PATH, &fields).await
                    }
                    _ if round % 2 == 0 => browser.post("/logout", &[("csrf_token", &form)]).await,
                    _ => browser.get("/dashboard").await,
                };
                (browser, answer)
            }
        })
        .await;
        for (_, answer) in &answers {
            assert!(answer.status < 500, "round {round}: {answer:?}");
        }
        let (_, changed) = &answers[SIGN_INS];
        if (changed.status, changed.header("location")) != (303, Some(PATH)) {
            assert!(round % 2 == 0, "only a sign-out comes between: {changed:?}");
            continue;
        }
        changes += 1;
        let whose = format!("user_id = (select id from users where username = '{name}')");
        let live = format!("select count(*) from sessions where revoked_at is null and {whose}");
        assert!(first.count(&live).await <= 1, "round {round}");
        assert!(!is_signed_in(&mut person.clone()).await, "round {round}: the old cookie");
        for (mut browser, answer) in answers.into_iter().take(SIGN_INS) {
            opened += usize::from(answer.status == 303);
            assert!(!is_signed_in(&mut browser).await, "round {round}: a sign-in with the old password");
        }
    }
    assert!(changes >= rounds / 2, "{changes} of {rounds} rounds changed a password");
    assert!(opened > 0, "no sign-in ever came first");
}
