//! The name and the language that a person chooses, and the way between the pages of an account.

use crate::{
    coverage::assert_guarded,
    support::app::{PASSWORD, TestApp},
};
use vestibule::{
    limits::{self, Key, Spend},
    types::UserId,
};

/// The five places of an account, to which every page of it leads.
const PAGES: [&str; 5] =
    ["/dashboard", "/account/profile", "/account/factors", "/account/sessions", "/account/activity"];
/// Pages to which a place leads.
const BELOW: [(&str, &str); 5] = [
    ("/account/profile", "/account/email"),
    ("/account/profile", "/account/data"),
    ("/account/profile", "/account/delete"),
    ("/account/factors", "/account/password"),
    ("/account/factors", "/account/apps"),
];

#[tokio::test]
async fn asvs_7_4_4_every_page_of_an_account_shows_the_way_to_the_others_and_the_way_out() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for path in PAGES {
        let page = person.get(path).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(page.body.matches("aria-current=\"page\"").count(), 1, "{path}");
        assert!(page.body.contains(&format!("href=\"{path}\" aria-current=\"page\"")), "{path}: {}", page.body);
        for other in PAGES {
            assert!(page.body.contains(&format!("href=\"{other}\"")), "{path} leads to {other}");
        }
        assert!(page.hidden("/logout", "csrf_token").is_some(), "{path}");
        // Where somebody comes from or goes to makes no other page of it.
        let page = person.get(&format!("{path}?next=/dashboard")).await;
        assert!(page.body.contains(&format!("href=\"{path}\" aria-current=\"page\"")), "{path} with a query");
    }
    for (place, below) in BELOW {
        let page = person.get(place).await;
        assert!(page.body.contains(&format!("href=\"{below}\"")), "{place} leads to {below}: {}", page.body);
    }
    assert_eq!(person.get("/account").await.location(), "/account/profile");
    let refused = person.submit("/account/password", &[]).await;
    assert!(refused.hidden("/logout", "csrf_token").is_some(), "a refused form too: {refused:?}");
    let entrance = app.browser().get("/login").await.body;
    assert!(!entrance.contains("account.css"), "what only an account needs");
}

#[tokio::test]
async fn a_name_and_a_language_are_saved_and_pages_and_letters_follow() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await.with("Accept-Language", "en");
    let fields = [("display_name", "  김민지 "), ("language", "ko")];
    let answer = person.submit("/account/profile", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/profile"), "{answer:?}");
    let page = person.get("/account/profile").await.body;
    assert!(page.contains("<html lang=\"ko\">") && page.contains("저장했어요."), "{page}");
    assert!(page.contains("value=\"김민지\"") && page.contains("<option value=\"ko\" lang=\"ko\" selected>"), "{page}");
    assert!(person.get("/dashboard").await.body.contains("<span class=\"quiet small\">김민지</span>"));
    assert!(!person.get("/account/profile").await.body.contains("저장했어요."), "said once");
    // Somebody at another browser asks for a way back in: the letter is in the account's language.
    app.browser().with("Accept-Language", "en").submit("/recover", &[("identifier", "alice")]).await;
    app.all_sent().await;
    assert_eq!(app.count("select count(*) from dev_mailbox where language = 'ko'").await, 1);

    assert_eq!(person.submit("/account/profile", &fields).await.status, 303);
    let audited = "select count(*) from audit_events where kind = 'profile_changed'";
    assert_eq!(app.count(audited).await, 1, "what was saved before already is no change");
    assert_eq!(person.submit("/account/profile", &[("display_name", " "), ("language", "")]).await.status, 303);
    assert!(!person.cookies.contains_key("vestibule_language"), "the browser asks again: {:?}", person.cookies);
    assert!(person.get("/account/profile").await.body.contains("<html lang=\"en\">"));
    let cleared = "select count(*) from users where display_name is null and language is null";
    assert_eq!((app.count(cleared).await, app.count(audited).await), (1, 2));
}

#[tokio::test]
async fn asvs_15_3_3_fields_that_the_form_has_not_are_ignored() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    app.sign_up("robert").await;
    let others = "select count(*) from users where username = 'robert' and display_name is null";
    let roberts = sqlx::query_scalar::<_, String>("select id::text from users where username = 'robert'");
    let roberts = roberts.fetch_one(&app.db).await.expect("an id");
    app.execute("update users set email_verified_at = '2026-01-01', created_at = '2026-01-01'").await;
    for (name, value) in [
        ("role", "admin"),
        ("is_admin", "true"),
        ("username", "root"),
        ("email", "mallory@example.com"),
        ("email_verified", "true"),
        ("email_verified_at", "2099-01-01"),
        ("id", &roberts),
        ("user_id", &roberts),
        ("created_at", "2020-01-01"),
        ("disabled_at", "2020-01-01"),
        ("password", "another good battery"),
        ("session[user_id]", &roberts),
    ] {
        let answer = person.submit("/account/profile", &[("display_name", name), (name, value)]).await;
        assert_eq!(answer.status, 303, "{name}: {answer:?}");
    }
    let same = "select count(*) from users where username = 'alice' and email = 'alice@example.com' and role = 'member' \
        and disabled_at is null and email_verified_at = '2026-01-01' and created_at = '2026-01-01'";
    assert_eq!((app.count(same).await, app.count(others).await), (1, 1));
    app.signed_in("alice").await;
}

#[tokio::test]
async fn a_refused_name_comes_back_with_its_reason_and_changes_nothing() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for (typed, says) in [("a\u{202e}b", "hidden character"), (&"가".repeat(65), "at most 64"), ("a\0b", "hidden")] {
        let answer = person.submit("/account/profile", &[("display_name", typed), ("language", "ko")]).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{typed:?}: {answer:?}");
        assert!(answer.body.contains("<option value=\"ko\" lang=\"ko\" selected>"), "what was chosen stays");
        assert_guarded(&answer, "a refused profile");
    }
    let unknown = person.submit("/account/profile", &[("display_name", "Alice"), ("language", "xx")]).await;
    assert_eq!(unknown.status, 400, "{unknown:?}");
    let hostile = r#""><svg onload=alert(1)>{{7*7}}"#;
    assert_eq!(person.submit("/account/profile", &[("display_name", hostile)]).await.status, 303);
    let page = person.get("/account/profile").await.body;
    assert!(!page.contains("<svg") && page.contains("&lt;svg") && page.contains("{{7*7}}"), "{page}");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'profile_changed'").await, 1);
    assert_eq!(app.count("select count(*) from users where language is not null and language <> 'en'").await, 0);
    let mut nobody = app.browser();
    let token = nobody.get("/login").await.hidden("/login", "csrf_token").expect("a token");
    let answer = nobody.post("/account/profile", &[("csrf_token", &token), ("display_name", PASSWORD)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login?next=/account/profile"));
}

/// Takes what is left of an account's changes.
async fn spend_changes(app: &TestApp) {
    let id: UserId = sqlx::query_scalar("select id from users").fetch_one(&app.db).await.expect("one person");
    let mut connection = app.db.acquire().await.expect("a connection");
    let mut taken = Spend::Allowed;
    while taken == Spend::Allowed {
        let one = limits::spend_one(&mut connection, Key::changes(id), limits::CHANGES).await;
        taken = one.expect("a bucket");
    }
}

#[tokio::test]
async fn too_many_changes_lose_nothing_that_was_typed_and_say_when_to_go_on() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    spend_changes(&app).await;
    let fields = [("display_name", "김민지"), ("language", "ko")];
    let answer = person.submit("/account/profile", &fields).await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_guarded(&answer, "a slowed profile");
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=10).contains(&seconds)), "{answer:?}");
    for part in ["a lot of changes at once. Wait ", "value=\"김민지\"", "<option value=\"ko\" lang=\"ko\" selected>"]
    {
        assert!(answer.body.contains(part), "{part}: {answer:?}");
    }
    assert!(!person.cookies.contains_key("vestibule_language"), "nothing was saved");
    assert_eq!(app.count("select count(*) from users where display_name is null and language is null").await, 1);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'profile_changed'").await, 0);
    // The same limit is of everything else that leaves a line in the trail.
    let token = person.csrf_token("/logout").await;
    for path in ["/account/data", "/account/factors/totp"] {
        let answer = person.post(path, &[("csrf_token", &token)]).await;
        assert!(answer.status == 429 && answer.header("retry-after").is_some(), "{path}: {answer:?}");
    }
    app.execute("delete from attempt_limits").await;
    assert_eq!(person.submit("/account/profile", &fields).await.status, 303);
}

#[tokio::test]
async fn the_way_between_the_pages_of_an_account_marks_what_a_page_stands_below() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for (path, section) in [
        ("/account/factors/totp", "/account/factors"),
        ("/account/factors/passkeys", "/account/factors"),
        ("/account/password/remove", "/account/factors"),
        ("/account/password", "/account/factors"),
        ("/account/apps", "/account/factors"),
        ("/account/email", "/account/profile"),
        ("/account/data", "/account/profile"),
        ("/account/delete", "/account/profile"),
    ] {
        let page = person.get(path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let (_, sections) = page.body.split_once("<nav").expect("the way");
        let (sections, _) = sections.split_once("</nav>").expect("its end");
        assert_eq!(sections.matches("aria-current").count(), 1, "{path}: {sections}");
        assert!(sections.contains(&format!("href=\"{section}\" aria-current=\"true\"")), "{path}: {sections}");
    }
}
