//! The first administrator: one link, printed once, for whoever runs the service.

mod program;

use crate::{
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::Answer,
        race::race,
    },
    verification::open,
};
use vestibule::{
    features::{
        admin,
        setup::{self, Begun},
    },
    types::SecretToken,
};

const ADMINS: &str = "select count(*) from users where role = 'admin'";
const WORKING: &str = "select count(*) from mailed_links where purpose = 'setup' and used_at is null";

/// The link that a service prints when it starts on an empty database.
pub async fn issued(app: &TestApp) -> SecretToken {
    match setup::begin(&app.state).await.expect("a start") {
        Begun::Issued(secret) => secret,
        other => panic!("no link: {other:?}"),
    }
}

pub fn path(secret: &SecretToken) -> String {
    format!("/setup?token={}", secret.reveal())
}

/// The link that an operator gets at the command line.
async fn reissued(app: &TestApp) -> SecretToken {
    admin::setup_link(&app.operator()).await.expect("a link")
}

/// A browser with the form open.
async fn with_form(app: &TestApp, secret: &SecretToken) -> Browser {
    let mut browser = app.browser();
    assert_eq!(open(&mut browser, &path(secret)).await.status, 200);
    browser
}

async fn fill(browser: &mut Browser, username: &str, email: &str) -> Answer {
    browser.submit("/setup", &[("username", username), ("email", email), ("password", PASSWORD)]).await
}

/// Sends a form that was opened before.
async fn send(browser: &mut Browser, token: &str) -> Answer {
    let fields = [("username", "minji"), ("email", "minji@example.com"), ("password", PASSWORD), ("csrf_token", token)];
    browser.post("/setup", &fields).await
}

#[tokio::test]
async fn the_link_makes_the_administrator_once_and_signs_them_in() {
    let app = TestApp::start().await;
    let secret = issued(&app).await;
    let mut browser = app.browser();
    let page = open(&mut browser, &path(&secret)).await;
    assert!(page.status == 200 && page.body.contains("Create the first administrator"), "{page:?}");
    assert_eq!(page.hidden("/setup", "link"), Some(secret.reveal()), "its form says what it is about");
    assert_eq!(app.count("select count(*) from users").await, 0, "opening changes nothing");

    let made = fill(&mut browser, "minji", "minji@example.com").await;
    assert_eq!((made.status, made.location()), (303, "/dashboard"), "{made:?}");
    assert!(is_signed_in(&mut browser).await && !browser.cookies.contains_key("vestibule_link"), "{browser:?}");
    let whole = "select count(*) from users u join password_credentials c on c.user_id = u.id
        where role = 'admin' and email_verified_at is not null and verify_by is null";
    assert_eq!(app.count(whole).await, 1);
    assert_eq!(sign_in(&mut app.browser(), "minji", PASSWORD).await.location(), "/dashboard");
    let trail: Vec<String> =
        sqlx::query_scalar("select actor_kind || ' ' || kind from audit_events order by seq limit 4")
            .fetch_all(&app.db)
            .await
            .expect("the trail");
    let wanted = ["system setup_link_issued", "visitor signed_up", "visitor role_changed", "visitor signed_in"];
    assert_eq!(trail, wanted);

    assert_eq!(open(&mut app.browser(), &path(&secret)).await.status, 410, "it worked once");
    assert!(matches!(setup::begin(&app.state).await.expect("a start"), Begun::Administered));
}

#[tokio::test]
async fn asvs_6_2_4_the_password_of_the_first_administrator_is_judged_like_any_other() {
    let app = TestApp::start().await;
    let mut browser = with_form(&app, &issued(&app).await).await;
    for password in ["", "short", "password1234", "minji@example", "aaaaaaaaaaaaaaaa"] {
        let fields = [("username", "minji"), ("email", "minji@example.com"), ("password", password)];
        let refused = browser.submit("/setup", &fields).await;
        assert_eq!(refused.status, 422, "{password}: {refused:?}");
        assert!(refused.body.contains("id=\"password-error\"") && refused.body.contains("minji"), "{refused:?}");
    }
    let refused = browser.submit("/setup", &[]).await;
    for field in ["username", "email", "password"] {
        assert!(refused.body.contains(&format!("id=\"{field}-error\"")), "{field}: {refused:?}");
    }
    assert_eq!((app.count(ADMINS).await, app.count(WORKING).await), (0, 1), "the link still works");
    assert_eq!(fill(&mut browser, "minji", "minji@example.com").await.status, 303);
}

#[tokio::test]
async fn a_name_or_an_address_that_is_taken_is_said_and_costs_no_link() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.claim("robert").await;
    assert!(matches!(setup::begin(&app.state).await.expect("a start"), Begun::NoAdministrator));
    let mut browser = with_form(&app, &reissued(&app).await).await;
    for (username, email, field) in [
        ("alice", "other@example.com", "username"),
        ("other", "ALICE@example.com", "email"),
        ("robert", "o@b.example", "username"),
    ] {
        let refused = fill(&mut browser, username, email).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body.contains(&format!("id=\"{field}-error\"")), "{field}: {refused:?}");
        assert_eq!(app.count(WORKING).await, 1);
    }
    // An address that is merely claimed is nobody's yet.
    assert_eq!(fill(&mut browser, "other", "robert@example.com").await.location(), "/dashboard");
    assert_eq!((app.count(ADMINS).await, app.count("select count(*) from users").await), (1, 3));
}

#[tokio::test]
async fn asvs_6_4_1_a_link_that_is_over_replaced_or_made_up_opens_nothing() {
    let app = TestApp::start().await;
    let first = issued(&app).await;
    let shift = |by: &str| format!("update mailed_links set expires_at = expires_at - interval '{by}'");
    app.execute(&shift("59 minutes")).await;
    let mut browser = with_form(&app, &first).await;
    let token = browser.csrf_token("/setup").await;
    app.execute(&shift("2 minutes")).await;
    for over in [send(&mut browser.clone(), &token).await, browser.get("/setup").await] {
        assert_eq!(over.status, 410);
        assert!(over.body.contains("vestibule user setup-link"), "{over:?}");
    }
    // The next start replaces it, and the one after that leaves it alone.
    let second = issued(&app).await;
    assert!(matches!(setup::begin(&app.state).await.expect("a start"), Begun::NoAdministrator));
    let third = reissued(&app).await;
    for dead in [&first, &second, &SecretToken::random()] {
        assert_eq!(open(&mut app.browser(), &path(dead)).await.status, 410);
    }
    for text in ["", "x", "%00", "AAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(open(&mut app.browser(), &format!("/setup?token={text}")).await.status, 400, "{text}");
    }
    assert_eq!(fill(&mut with_form(&app, &third).await, "minji", "minji@example.com").await.status, 303);
    assert_eq!(app.count("select count(*) from mailed_links where user_id is not null").await, 0);
}

#[tokio::test]
async fn no_link_for_something_else_opens_it_and_it_opens_nothing_else() {
    let app = TestApp::start().await;
    let setup_link = issued(&app).await;
    app.claim("alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    assert_eq!(open(&mut app.browser(), &format!("/setup?token={}", letter.token())).await.status, 410);
    for page in ["/verify", "/recover/reset", "/account/email/confirm", "/account/email/undo", "/account/delete/undo"] {
        let opened = open(&mut app.browser(), &format!("{page}?token={}", setup_link.reveal())).await;
        assert_eq!(opened.status, 410, "{page}: {opened:?}");
    }
    assert_eq!(open(&mut app.browser(), &path(&setup_link)).await.status, 200);
}

#[tokio::test]
async fn f10_sixteen_forms_with_one_link_over_two_replicas_make_one_administrator() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut secret = issued(&first).await;
    for round in 0..5 {
        let mut browsers = Vec::new();
        for n in 0..16 {
            let app = if n % 2 == 0 { &first } else { &second };
            let mut browser = with_form(app, &secret).await;
            let token = browser.csrf_token("/setup").await;
            browsers.push((browser, token));
        }
        let answers = race(16, |n| {
            let (mut browser, token) = browsers[n].clone();
            async move {
                let (username, email) = (format!("person{n}"), format!("person{n}@example.com"));
                let fields = [
                    ("username", username.as_str()),
                    ("email", &email),
                    ("password", PASSWORD),
                    ("csrf_token", &token),
                ];
                let status = browser.post("/setup", &fields).await.status;
                (status, is_signed_in(&mut browser).await)
            }
        })
        .await;
        let made = answers.iter().filter(|answer| **answer == (303, true)).count();
        let over = answers.iter().filter(|answer| **answer == (410, false)).count();
        assert_eq!((made, over), (1, 15), "round {round}: {answers:?}");
        assert_eq!((first.count(ADMINS).await, first.count("select count(*) from users").await), (1, 1));
        first.execute("delete from users; delete from attempt_limits").await;
        secret = reissued(&first).await;
    }
}

#[tokio::test]
async fn f9_of_sixteen_starts_at_once_one_has_the_link_and_of_sixteen_operators_the_last() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    for round in 0..10 {
        let states = [first.state.clone(), second.state.clone()];
        let begun = race(16, |n| {
            let state = states[n % 2].clone();
            async move { setup::begin(&state).await.expect("a start") }
        })
        .await;
        let links: Vec<_> = begun.into_iter().filter(|begun| matches!(begun, Begun::Issued(_))).collect();
        assert!(matches!(&links[..], [Begun::Issued(_)]), "round {round}: {links:?}");
        let again =
            race(16, |n| {
                let state = states[n % 2].clone();
                async move {
                    admin::setup_link(&vestibule::audit::Recorder::for_cli(state.db.clone())).await.expect("a link")
                }
            })
            .await;
        assert_eq!(first.count(WORKING).await, 1, "round {round}");
        let mut working = 0;
        for secret in &again {
            working += usize::from(open(&mut first.browser(), &path(secret)).await.status == 200);
        }
        assert_eq!(working, 1, "round {round}");
        first.execute("delete from mailed_links").await;
    }
}

#[tokio::test]
async fn a_new_link_beside_the_use_of_the_old_one_never_makes_a_second_administrator() {
    let app = TestApp::start().await;
    for round in 0..10 {
        let secret = reissued(&app).await;
        let mut browser = with_form(&app, &secret).await;
        let token = browser.csrf_token("/setup").await;
        let fields =
            [("username", "minji"), ("email", "minji@example.com"), ("password", PASSWORD), ("csrf_token", &token)];
        let anew = async {
            tokio::time::sleep(std::time::Duration::from_millis(round)).await;
            admin::setup_link(&app.operator()).await
        };
        let (made, anew) = tokio::join!(browser.post("/setup", &fields), anew);
        match (made.status, &anew) {
            (303, Err(admin::AdminError::HasAdministrator)) => assert_eq!(app.count(ADMINS).await, 1),
            (410, Ok(_)) => assert_eq!(app.count(ADMINS).await, 0),
            other => panic!("round {round}: {other:?}"),
        }
        app.execute("delete from users; delete from attempt_limits").await;
    }
}

#[tokio::test]
async fn whoever_becomes_administrator_by_the_operators_hand_ends_the_link() {
    let app = TestApp::start().await;
    let secret = issued(&app).await;
    app.sign_up("alice").await;
    let mut browser = with_form(&app, &secret).await;
    let token = browser.csrf_token("/setup").await;
    admin::set_role(&app.operator(), app.id("alice").await, vestibule::accounts::Role::Admin).await.expect("alice");
    assert_eq!(send(&mut browser.clone(), &token).await.status, 410);
    assert_eq!(browser.get("/setup").await.status, 410);
    assert_eq!(app.count(ADMINS).await, 1);
    let refused = admin::setup_link(&app.operator()).await.expect_err("an administrator is there");
    assert!(refused.to_string().contains("vestibule user role NAME admin"), "{refused}");
}

/// Row 28 of the attacks: fields that no form has are nobody's business (Better Auth CVE-2025-61928).
#[tokio::test]
async fn cve_2025_61928_no_field_of_a_form_makes_an_administrator_or_names_an_account() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from users").fetch_one(&app.db).await.expect("alice");
    let id = id.to_string();
    let extra = [("user_id", id.as_str()), ("id", &id), ("role", "admin"), ("is_admin", "true"), ("admin", "on")];
    let own = [("username", "mallory"), ("email", "mallory@example.com"), ("password", PASSWORD)];
    let mut mallory = app.browser();
    assert_eq!(mallory.submit("/register", &[&own[..], &extra].concat()).await.location(), "/verify");
    let token = mallory.csrf_token("/login").await;
    for page in ["/setup", "/verify", "/recover/reset", "/account/email/confirm", "/account/delete/undo"] {
        let answer = mallory.post(page, &[&own[..], &extra, &[("csrf_token", token.as_str())]].concat()).await;
        assert_eq!(answer.status, 410, "{page}: {answer:?}");
    }
    let token = alice.csrf_token("/logout").await;
    let profile = [("display_name", "A"), ("language", "en"), ("csrf_token", token.as_str())];
    alice.post("/account/profile", &[&profile[..], &extra].concat()).await;
    assert_eq!((app.count(ADMINS).await, app.count("select count(*) from users").await), (0, 2));
    for page in [
        "/login",
        "/logout",
        "/recover",
        "/verify/resend",
        "/account/profile",
        "/account/sessions/end-others",
        "/account/delete",
    ] {
        let token = mallory.csrf_token("/login").await;
        let answer = mallory.post(page, &[&extra[..], &[("csrf_token", token.as_str())]].concat()).await;
        assert!([303, 422].contains(&answer.status), "{page}: {answer:?}");
        assert!(is_signed_in(&mut alice).await && !is_signed_in(&mut mallory).await, "{page}");
    }
    assert_eq!(app.count("select count(*) from users where deletion_due_at is not null").await, 0);
}

#[tokio::test]
async fn asvs_6_3_2_and_6_4_2_a_new_service_has_no_default_account_no_hint_and_no_question() {
    let app = TestApp::start().await;
    for name in ["admin", "root", "administrator", "vestibule", "postgres", "test", "admin@example.com"] {
        for password in [name, "admin", "root", "password", "changeme", "vestibule"] {
            let mut browser = app.browser().at(std::net::Ipv4Addr::new(
                127,
                66,
                name.len().to_le_bytes()[0],
                password.len().to_le_bytes()[0],
            ));
            assert_eq!(sign_in(&mut browser, name, password).await.status, 422, "{name} {password}");
        }
    }
    assert_eq!(app.count("select count(*) from users").await, 0);
    let mut browser = with_form(&app, &issued(&app).await).await;
    for page in ["/register", "/login", "/recover", "/verify", "/setup"] {
        let body = browser.get(page).await.body;
        for name in ["hint", "question", "answer", "birth", "maiden"] {
            assert!(!body.contains(&format!("name=\"{name}")), "{page}: {name}");
        }
    }
}
