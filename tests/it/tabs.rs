//! Several tabs of one browser: a form acts on what its own page showed, whatever another tab has opened since.

use crate::{
    passkeys::{self, authenticator},
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        http::Answer,
        letters::{follow, link_of},
        totp::{self, asked, later},
    },
};
use strum::VariantArray as _;
use vestibule::{accounts::links::Purpose, web::email::path_of};

const NEW: &str = "a brand new sentence";

/// A tab with a form open: what it would send.
struct Tab {
    path: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Tab {
    /// Reads the form of a page.
    fn of(page: &Answer, path: &'static str, typed: &[(&'static str, &str)]) -> Self {
        let hidden = ["csrf_token", "link", "sign_in", "second"];
        let hidden = hidden.iter().filter_map(|name| Some((*name, page.hidden(path, name)?)));
        let typed = typed.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Self { path, fields: hidden.chain(typed).collect() }
    }

    async fn send(&self, browser: &mut Browser) -> Answer {
        let fields: Vec<_> = self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(self.path, &fields).await
    }
}

/// Opens a mailed link in a new tab of a browser.
async fn opened(browser: &mut Browser, purpose: Purpose, secret: &str) -> Tab {
    let path = path_of(purpose);
    let page = follow(browser, path, secret).await;
    assert_eq!(page.status, 200, "{page:?}");
    let typed: &[(&str, &str)] = match purpose {
        Purpose::Verify => &[("password", PASSWORD)],
        Purpose::Recover => &[("password", NEW)],
        Purpose::ChangeEmail | Purpose::UndoEmail | Purpose::UndoDeletion => &[],
    };
    Tab::of(&page, path, typed)
}

/// An account for which a link of that purpose is good.
async fn account(app: &TestApp, username: &str, purpose: Purpose) -> String {
    app.sign_up(username).await;
    let was = |column: &str, value: &str| format!("update users set {column} = {value} where username = '{username}'");
    let address = match purpose {
        Purpose::Verify => {
            app.execute(&was("email_verified_at", "null, verify_by = now() + interval '1 day'")).await;
            format!("{username}@example.com")
        }
        Purpose::Recover => format!("{username}@example.com"),
        Purpose::ChangeEmail => format!("{username}@example.org"),
        Purpose::UndoEmail => {
            let replaced = "insert into email_replacements (id, user_id, address)
                select gen_random_uuid(), id, username || '@example.net' from users where username = ";
            app.execute(&format!("{replaced}'{username}'")).await;
            format!("{username}@example.net")
        }
        Purpose::UndoDeletion => {
            app.execute(&was("deletion_due_at", "now() + interval '7 days'")).await;
            format!("{username}@example.com")
        }
    };
    link_of(app, username, purpose, &address).await
}

/// Everything about an account that a link could change.
async fn facts(app: &TestApp, username: &str) -> String {
    let query = "select concat(u::text, (select p::text from password_credentials p where p.user_id = u.id),
        (select string_agg(l::text, ',' order by l.digest) from mailed_links l where l.user_id = u.id),
        (select count(*) from sessions s where s.user_id = u.id and s.revoked_at is not null))
        from users u where username = $1";
    sqlx::query_scalar(query).bind(username).fetch_one(&app.db).await.expect("an account")
}

#[tokio::test]
async fn field_2_a7_the_button_of_each_emailed_link_acts_on_the_account_that_its_page_named() {
    for purpose in Purpose::VARIANTS {
        let app = TestApp::start().await;
        let first = account(&app, "alice", *purpose).await;
        let second = account(&app, "robert", *purpose).await;
        let mut browser = app.browser();
        if *purpose == Purpose::ChangeEmail {
            browser = app.signed_in("alice").await;
        }
        let tab = opened(&mut browser, *purpose, &first).await;
        // A tab of the person's, or a site that opens its own link in this browser.
        let stranger = follow(&mut browser, path_of(*purpose), &second).await;
        let (alice, robert) = (facts(&app, "alice").await, facts(&app, "robert").await);
        let answer = tab.send(&mut browser).await;
        assert_eq!(answer.status, 303, "{purpose:?}: {answer:?}");
        assert_eq!(facts(&app, "robert").await, robert, "{purpose:?}: the other account is as it was");
        assert_ne!(facts(&app, "alice").await, alice, "{purpose:?}: and this one is not");
        let kept = browser.cookies.get("vestibule_link").map(String::as_str);
        if *purpose == Purpose::UndoEmail {
            assert_ne!(kept, Some(first.as_str()), "it leads on to the next link");
        } else {
            assert_eq!(kept, Some(second.as_str()), "{purpose:?}: the other tab's link stays");
        }
        if *purpose != Purpose::ChangeEmail {
            // It was opened before this one signed in, and is sent after.
            let other = opened(&mut app.browser(), *purpose, &second).await;
            assert_eq!(stranger.hidden(path_of(*purpose), "link").as_deref(), Some(second.as_str()));
            let (_, link) = other.fields.iter().find(|(name, _)| *name == "link").expect("a link");
            assert_eq!(*link, second);
        }
    }
}

#[tokio::test]
async fn field_2_both_tabs_work_each_for_its_own_account() {
    let app = TestApp::start().await;
    let (alice, robert) =
        (account(&app, "alice", Purpose::Recover).await, account(&app, "robert", Purpose::Recover).await);
    let mut browser = app.browser();
    let first = opened(&mut browser, Purpose::Recover, &alice).await;
    let second = opened(&mut browser, Purpose::Recover, &robert).await;
    for tab in [&first, &second] {
        assert_eq!(tab.send(&mut browser).await.location(), "/login");
    }
    for username in ["alice", "robert"] {
        assert_eq!(sign_in(&mut app.browser(), username, NEW).await.location(), "/dashboard");
    }
    assert!(!browser.cookies.contains_key("vestibule_link"), "the last one went with its own success");
}

#[tokio::test]
async fn field_2_links_of_two_kinds_do_not_get_in_each_others_way() {
    let app = TestApp::start().await;
    let (verify, recover) =
        (account(&app, "alice", Purpose::Verify).await, account(&app, "robert", Purpose::Recover).await);
    let mut browser = app.browser();
    let first = opened(&mut browser, Purpose::Verify, &verify).await;
    let second = opened(&mut browser, Purpose::Recover, &recover).await;
    assert_eq!(second.send(&mut browser).await.location(), "/login");
    assert_eq!(first.send(&mut browser).await.location(), "/dashboard", "neither used nor too old");
}

#[tokio::test]
async fn field_2_a_refused_form_shows_the_same_link_again() {
    let app = TestApp::start().await;
    let (alice, robert) =
        (account(&app, "alice", Purpose::Recover).await, account(&app, "robert", Purpose::Recover).await);
    let mut browser = app.browser();
    let mut tab = opened(&mut browser, Purpose::Recover, &alice).await;
    opened(&mut browser, Purpose::Recover, &robert).await;
    tab.fields.retain(|(name, _)| *name != "password");
    tab.fields.push(("password", "short".into()));
    let page = tab.send(&mut browser).await;
    assert!(page.status == 422 && page.body.contains("alice") && !page.body.contains("robert"), "{page:?}");
    let again = Tab::of(&page, "/recover/reset", &[("password", NEW)]);
    assert_eq!(again.send(&mut browser).await.location(), "/login");
    assert_eq!(sign_in(&mut app.browser(), "alice", NEW).await.location(), "/dashboard");
    assert_eq!(sign_in(&mut app.browser(), "robert", PASSWORD).await.location(), "/dashboard");
}

#[tokio::test]
async fn a_form_without_its_link_does_nothing_whatever_the_cookie_says() {
    for purpose in Purpose::VARIANTS {
        let app = TestApp::start().await;
        let secret = account(&app, "alice", *purpose).await;
        let mut browser = app.browser();
        if *purpose == Purpose::ChangeEmail {
            browser = app.signed_in("alice").await;
        }
        let mut tab = opened(&mut browser, *purpose, &secret).await;
        for (name, value) in &mut tab.fields {
            if *name == "link" {
                value.clear();
            }
        }
        let before = facts(&app, "alice").await;
        let answer = tab.send(&mut browser).await;
        assert_eq!(answer.status, 410, "{purpose:?}: {answer:?}");
        assert_eq!(facts(&app, "alice").await, before, "{purpose:?}");
    }
}

#[tokio::test]
async fn a_second_factor_counts_for_the_sign_in_that_its_page_showed_and_for_no_other() {
    let app = TestApp::start().await;
    let (_, alices) = totp::person(&app, "alice").await;
    let (_, roberts) = totp::person(&app, "robert").await;
    later(&app).await;
    let mut browser = app.browser();
    asked(&mut browser, "alice").await;
    let page = browser.get("/login/totp").await;
    for code in [alices.now(&app).await, roberts.now(&app).await, alices.wrong(&app).await] {
        let tab = Tab::of(&page, "/login/totp", &[("code", &code)]);
        let mut browser = browser.clone();
        asked(&mut browser, "robert").await;
        let before = app.count("select count(*) from audit_events").await;
        let answer = tab.send(&mut browser).await;
        assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
        assert!(browser.get("/login").await.body.contains("You started another sign-in"), "it says so");
        assert_eq!(app.count("select count(*) from audit_events").await, before, "nothing is counted");
        assert_eq!(app.count("select count(*) from attempt_limits where failures > 0").await, 0);
        assert!(!is_signed_in(&mut browser).await);
        // The other tab's own form still works.
        let code = roberts.now(&app).await;
        assert_eq!(browser.submit("/login/totp", &[("code", &code)]).await.location(), "/dashboard");
        later(&app).await;
    }
}

#[tokio::test]
async fn a_passkey_as_second_factor_answers_for_the_sign_in_that_its_page_showed() {
    let app = TestApp::start().await;
    let (_, mut alices) = passkeys::person(&app, "alice").await;
    passkeys::person(&app, "robert").await;
    let mut browser = passkeys::half_way(&app, "alice").await;
    let page = browser.get(passkeys::LOGIN).await;
    let options = passkeys::options(&mut browser, passkeys::LOGIN, &passkeys::SECOND).await;
    let answer = alices.get(&options);
    let tab = Tab::of(&page, passkeys::LOGIN, &[("credential", &answer)]);
    let mut elsewhere = browser.clone();
    assert_eq!(sign_in(&mut elsewhere, "robert", PASSWORD).await.location(), passkeys::LOGIN);
    let refused = tab.send(&mut elsewhere).await;
    assert_eq!((refused.status, refused.location()), (303, "/login"), "{refused:?}");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'factor_failed'").await, 0);
    assert!(!is_signed_in(&mut elsewhere).await);
    // In the browser whose sign-in it is, the same answer is still good.
    let entered = passkeys::send(&mut browser, passkeys::LOGIN, &answer, &passkeys::SECOND).await;
    assert_eq!(entered.location(), "/dashboard");
}

#[tokio::test]
async fn each_tab_answers_its_own_passkey_ceremony() {
    let app = TestApp::start().await;
    let (mut owner, mut key) = passkeys::person(&app, "alice").await;
    let mut browser = app.browser();
    let first = passkeys::options(&mut browser, passkeys::LOGIN, &[]).await;
    let second = passkeys::options(&mut browser, passkeys::LOGIN, &[]).await;
    assert_ne!(first["challenge"], second["challenge"]);
    let answer = passkeys::send(&mut browser, passkeys::LOGIN, &key.get(&first), &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
    // Adding one, too, and none in another browser.
    let first = passkeys::options(&mut owner, passkeys::PASSKEYS, &[]).await;
    passkeys::options(&mut owner, passkeys::PASSKEYS, &[]).await;
    let made = authenticator(&app).create(&first);
    let mut without = owner.clone();
    without.cookies.remove("vestibule_ceremony");
    assert_eq!(passkeys::send(&mut without, passkeys::PASSKEYS, &made, &[]).await.status, 400);
    assert_eq!(passkeys::send(&mut owner, passkeys::PASSKEYS, &made, &[]).await.status, 303);
}

#[tokio::test]
async fn an_app_is_confirmed_by_the_seed_that_its_page_showed() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let first = totp::begin(&mut browser).await;
    let shown = browser.get("/account/factors/totp").await;
    app.execute("delete from totp_factors").await;
    let second = totp::begin(&mut browser).await;
    let (token, seed) = ("csrf_token", "app");
    let action = "/account/factors/totp/confirm";
    let hidden = |name: &str| shown.hidden(action, name).expect("a field");
    for code in [first.now(&app).await, second.now(&app).await] {
        let fields = [(token, hidden(token)), (seed, hidden(seed)), ("code", code)];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.post(action, &fields).await;
        assert_eq!((answer.status, answer.location()), (303, "/account/factors/totp"), "the page of the present seed");
    }
    assert_eq!(app.count("select count(*) from totp_factors where confirmed_at is not null").await, 0);
    assert_eq!(app.count("select count(*) from attempt_limits where failures > 0").await, 0, "nothing is counted");
    totp::confirm(&mut browser, &second.now(&app).await, "").await;
    assert_eq!(app.count("select count(*) from totp_factors where confirmed_at is not null").await, 1);
}

#[tokio::test]
async fn the_link_is_mailed_again_only_to_the_address_that_the_page_showed() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    browser.submit("/account/email", &[("email", "first@example.org")]).await;
    app.all_sent().await;
    let token = browser.csrf_token("/account/email").await;
    browser.submit("/account/email", &[("email", "second@example.org")]).await;
    app.all_sent().await;
    let before = app.count("select count(*) from mailed_links").await;
    let answer = browser.post("/account/email", &[("csrf_token", &token), ("again", "first@example.org")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/email"));
    assert_eq!(app.count("select count(*) from mailed_links").await, before);
}
