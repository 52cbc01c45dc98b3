//! `/dev/mail`: where a developer reads what would have been mailed.

use std::net::Ipv4Addr;

use crate::{
    coverage::assert_guarded,
    mail::until,
    support::{
        app::{HASTY, NO_MAIL, TestApp},
        http::{Answer, exchange},
    },
};
use serde_json::json;
use vestibule::{
    mail::NewEmail,
    passwords::PASSWORD_CHANGED,
    templates::mail_style_digest,
    types::{Lang, UserId},
};

/// An account that got no letter when it was made.
async fn account(app: &TestApp, username: &str) {
    let email = format!("{username}@example.com");
    app.execute(&format!(
        "insert into users (id, username, email, email_canonical, email_verified_at)
        values (gen_random_uuid(), '{username}', '{email}', '{email}', now())"
    ))
    .await;
}

/// Writes a letter about a changed password of that account, announced as a use case does.
async fn post(app: &TestApp, username: &str, lang: Lang) {
    let id: uuid::Uuid = sqlx::query_scalar("select id from users where username = $1")
        .bind(username)
        .fetch_one(&app.db)
        .await
        .expect("an account");
    let address = format!("{username}@example.com");
    let (user_id, detail) = (Some(UserId(id)), json!({}));
    let email = NewEmail { kind: &PASSWORD_CHANGED, user_id, address: &address, lang, detail };
    let mut unit = app.state.system().begin().await.expect("a unit");
    unit.email(&email).await.expect("an email");
    unit.commit().await.expect("an email");
}

async fn until_there_are(app: &TestApp, letters: i64) {
    until("it is there", async || app.count("select count(*) from dev_mailbox").await == letters).await;
    assert_eq!(app.count("select count(*) from outbox").await, 0, "there, and not waiting too");
}

/// Where the links of a page lead that begin so.
fn links<'a>(page: &'a Answer, begin: &str) -> Vec<&'a str> {
    let hrefs = page.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    hrefs.filter(|href| href.starts_with(begin)).collect()
}

#[tokio::test]
async fn a_letter_can_be_read_as_text_and_as_html_and_its_links_work() {
    let app = TestApp::patient(&[], HASTY).await;
    let mut browser = app.browser();
    let empty = browser.get("/dev/mail").await;
    assert!(empty.status == 200 && empty.body.contains("No emails yet."), "{empty:?}");
    account(&app, "minji").await;
    account(&app, "sora").await;
    post(&app, "minji", Lang::En).await;
    until_there_are(&app, 1).await;
    post(&app, "sora", Lang::Ko).await;
    until_there_are(&app, 2).await;

    let list = browser.get("/dev/mail").await;
    let (first, second) = (list.body.find("To sora@example.com"), list.body.find("To minji@example.com"));
    assert!(first.is_some() && first < second, "the newest first: {}", list.body);
    let [_, path] = links(&list, "/dev/mail/").try_into().expect("two letters");

    let letter = browser.get(path).await;
    assert_eq!(letter.status, 200);
    assert!(letter.body.contains("Your Vestibule password was changed") && letter.body.contains("Hello minji,"));
    assert_eq!(links(&letter, "/recover").len(), 1, "its link can be followed: {}", letter.body);

    let [html] = links(&letter, &format!("{path}/html")).try_into().expect("the other form");
    let html = browser.get(html).await;
    assert_guarded(&html, "a letter");
    let policy = html.header("content-security-policy").expect("a policy");
    assert!(policy.contains(&format!("style-src 'sha256-{}'", mail_style_digest())), "{policy}");
    let attributes = "style-src-attr 'unsafe-inline'; ";
    assert!(policy.contains(attributes), "{policy}");
    let policy = policy.replace(attributes, "");
    assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
    let origin = app.state.config.site.public_url.origin();
    assert_eq!(links(&html, &format!("{origin}/recover")).len(), 1, "{}", html.body);
    assert!(html.body.starts_with("<!doctype html>") && !html.body.contains("csrf_token"), "nothing but the letter");
}

#[tokio::test]
async fn a_letter_keeps_its_language_whatever_the_page_around_it_speaks() {
    let app = TestApp::patient(&[], HASTY).await;
    account(&app, "minji").await;
    post(&app, "minji", Lang::Ko).await;
    until_there_are(&app, 1).await;
    for (accepted, said) in [("ko", "개발용 메일함"), ("en", "Development mailbox")] {
        let mut browser = app.browser().with("Accept-Language", accepted);
        let list = browser.get("/dev/mail").await;
        assert!(list.body.contains(said) && list.body.contains("비밀번호가 바뀌었어요"), "{}", list.body);
        let letter = browser.get(links(&list, "/dev/mail/")[0]).await;
        assert!(
            letter.body.contains("<h1 lang=\"ko\">") && letter.body.contains("minji 님, 안녕하세요."),
            "{}",
            letter.body
        );
    }
}

#[tokio::test]
async fn only_the_newest_are_kept() {
    let app = TestApp::patient(&[], HASTY).await;
    account(&app, "minji").await;
    app.execute(
        "insert into dev_mailbox (id, address, language, subject, text_form, html_form)
        select gen_random_uuid(), 'a@example.com', 'en', 'old ' || n, '', '' from generate_series(1, 200) n",
    )
    .await;
    post(&app, "minji", Lang::En).await;
    let old = "select count(*) from dev_mailbox where subject = 'old 1'";
    until("the oldest is gone", async || app.count(old).await == 0).await;
    until_there_are(&app, 200).await;
}

#[tokio::test]
async fn nothing_else_is_there_under_that_name() {
    let app = TestApp::start().await;
    for path in
        ["/dev/mail/1/", "/dev/mail/1", "/dev/mail/1/html", "/dev/mail/00000000-0000-4000-8000-00000000000f", "/dev"]
    {
        assert_eq!(app.browser().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn where_a_mail_server_is_set_there_is_no_such_mailbox() {
    let id = "00000000-0000-4000-8000-000000000001";
    for settings in [&NO_MAIL[..], &[("VESTIBULE_PUBLIC_URL", "https://id.example.com")]] {
        let app = TestApp::with(settings).await;
        app.execute(&format!(
            "insert into dev_mailbox (id, address, language, subject, text_form, html_form)
            values ('{id}', 'a@example.com', 'en', 'canary', 'canary', 'canary')"
        ))
        .await;
        let routes = vestibule::app::routes(&app.state);
        assert!(!routes.list().iter().any(|route| route.policy.path.starts_with("/dev")), "{settings:?}");
        for path in ["/dev/mail", &format!("/dev/mail/{id}"), &format!("/dev/mail/{id}/html")] {
            let answer = app.browser().get(path).await;
            assert!(answer.status == 404 && !answer.body.contains("canary"), "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_site_that_points_its_name_at_this_machine_reads_no_letter() {
    let app = TestApp::start().await;
    let answered = async |host: &str| {
        let request = format!("GET /dev/mail HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        exchange(app.address, Ipv4Addr::LOCALHOST, request.as_bytes()).await.expect("an answer").status
    };
    let port = app.address.port();
    for own in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), "app.localhost".into(), "[::1]:8080".into()] {
        assert_eq!(answered(&own).await, 200, "{own}");
    }
    for other in ["evil.example", "localhost.evil.example", "evil.example:8080", "192.0.2.1"] {
        assert_eq!(answered(other).await, 404, "{other}");
    }
    // A user's name is no part of a host.
    assert_eq!(answered("localhost@evil.example").await, 400);
    // The host of a target in absolute form counts, not the field beside it.
    let request = "GET http://evil.example/dev/mail HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = exchange(app.address, Ipv4Addr::LOCALHOST, request.as_bytes()).await.expect("an answer");
    assert_eq!(answer.status, 404, "{answer:?}");
}
