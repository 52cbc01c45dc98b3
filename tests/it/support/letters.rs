//! Letters as people get them: out of the mailbox that the service keeps without a mail server.

use std::time::Duration;

use super::{app::TestApp, browser::Browser, http::Answer};
use tokio::time::Instant;
use vestibule::{
    accounts::links::{self, Purpose},
    types::UserId,
};

/// How long a letter may take.
const WITHIN: Duration = Duration::from_secs(20);

/// The secret of the newest link to `path` that was mailed to an address, after the first `known` of them.
pub async fn mailed(app: &TestApp, address: &str, path: &str, known: usize) -> String {
    let begun = Instant::now();
    loop {
        let mut found = secrets(app, address, path).await;
        if found.len() > known {
            return found.pop().expect("a letter");
        }
        assert!(begun.elapsed() < WITHIN, "no letter with a link to {path} for {address}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The secrets of all links to `path` that were mailed to an address, the oldest first.
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

/// Waits until no letter waits.
pub async fn all_delivered(app: &TestApp) {
    let begun = Instant::now();
    while app.count("select count(*) from outbox").await > 0 {
        assert!(begun.elapsed() < WITHIN, "letters are left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Opens a mailed link, as far as the page with the button, or the page that says that the link is not whole.
pub async fn follow(browser: &mut Browser, path: &str, secret: &str) -> Answer {
    let answer = browser.get(&format!("{path}?token={secret}")).await;
    if answer.status == 400 {
        return answer;
    }
    assert_eq!((answer.status, answer.location()), (303, path), "{answer:?}");
    browser.get(path).await
}

/// Opens a mailed link and presses its button.
pub async fn press(browser: &mut Browser, path: &str, secret: &str) -> Answer {
    let shown = follow(browser, path, secret).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    browser.submit(path, &[]).await
}

/// What a secret may become on its way, none of which opens anything (Zitadel CVE-2026-27840, Devise
/// CVE-2019-16109).
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

/// A link of an account, made behind the service's back.
pub async fn link_of(app: &TestApp, username: &str, purpose: Purpose, address: &str) -> String {
    let mut connection = app.db.acquire().await.expect("a connection");
    let id: UserId = sqlx::query_scalar("select id from users where username = $1")
        .bind(username)
        .fetch_one(&mut *connection)
        .await
        .expect("an account");
    links::issue(&mut connection, purpose, id, address).await.expect("a link").reveal()
}
