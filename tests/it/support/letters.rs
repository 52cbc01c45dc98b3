//! Reads emails from the development mailbox, which the service uses without a mail server.

use std::time::Duration;

use super::{app::TestApp, browser::Browser, http::Answer};
use tokio::time::Instant;
use vestibule::{
    accounts::links::{self, Purpose},
    types::UserId,
};

/// How long an email may take.
const WITHIN: Duration = Duration::from_secs(20);

/// Waits for more than `known` links to `path` emailed to an address, and returns the newest one's secret.
pub async fn mailed(app: &TestApp, address: &str, path: &str, known: usize) -> String {
    let begun = Instant::now();
    loop {
        let mut found = secrets(app, address, path).await;
        if found.len() > known {
            return found.pop().expect("an email");
        }
        assert!(begun.elapsed() < WITHIN, "no email to {address} has a link to {path}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The secrets of all links to `path` emailed to an address, oldest first.
pub async fn secrets(app: &TestApp, address: &str, path: &str) -> Vec<String> {
    let letters: Vec<String> = sqlx::query_scalar("select text_form from dev_mailbox where address = $1 order by seq")
        .bind(address)
        .fetch_all(&app.db)
        .await
        .expect("the mailbox");
    let mark = format!("{path}?token=");
    let secret = |text: &String| Some(text.split_once(&mark)?.1.chars().take(22).collect::<String>());
    letters.iter().filter_map(secret).collect()
}

/// Waits until the outbox is empty.
pub async fn all_delivered(app: &TestApp) {
    let begun = Instant::now();
    while app.count("select count(*) from outbox").await > 0 {
        assert!(begun.elapsed() < WITHIN, "emails are still in the outbox");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Opens an emailed link and returns the page with the button, or the error page for a damaged link.
pub async fn follow(browser: &mut Browser, path: &str, secret: &str) -> Answer {
    let answer = browser.get(&format!("{path}?token={secret}")).await;
    if answer.status == 400 {
        return answer;
    }
    assert_eq!((answer.status, answer.location()), (303, path), "{answer:?}");
    browser.get(path).await
}

/// Opens an emailed link and presses its button.
pub async fn press(browser: &mut Browser, path: &str, secret: &str) -> Answer {
    let shown = follow(browser, path, secret).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    browser.submit(path, &[]).await
}

/// Damaged variants of a secret, all of which must be invalid (Zitadel CVE-2026-27840, Devise CVE-2019-16109).
pub fn spoilt(secret: &str) -> Vec<String> {
    let other_case: String = secret
        .chars()
        .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    vec![
        String::new(),
        "A".repeat(22),
        secret[..21].to_owned(),
        secret[1..].to_owned(),
        format!("{secret}A"),
        format!("{secret}%3D%3D"),
        format!("%20{secret}"),
        format!("{secret}%00"),
        other_case,
    ]
}

/// Creates a link of an account directly in the database, and returns its secret.
pub async fn link_of(app: &TestApp, username: &str, purpose: Purpose, address: &str) -> String {
    let mut connection = app.db.acquire().await.expect("a connection");
    let id: UserId = sqlx::query_scalar("select id from users where username = $1")
        .bind(username)
        .fetch_one(&mut *connection)
        .await
        .expect("an account");
    links::issue(&mut connection, purpose, id, address).await.expect("a link").reveal()
}
