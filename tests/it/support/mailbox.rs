//! Reads a user's emails at `/dev/mail`, as a developer does.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{app::TestApp, http::Answer};

/// One email.
#[derive(Clone, Debug)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    /// The paths of its links to this service.
    pub links: Vec<String>,
}

impl Letter {
    /// The secret of the link that it contains.
    pub fn token(&self) -> String {
        let link = self.links.iter().find_map(|link| link.split_once("?token="));
        link.unwrap_or_else(|| panic!("no link with a secret in {self:?}")).1.to_owned()
    }
}

impl TestApp {
    /// Waits until every queued email is sent or dropped.
    pub async fn all_sent(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.count("select count(*) from outbox").await > 0 {
            assert!(Instant::now() < deadline, "emails are still in the outbox");
            self.state.mailer.waker().wake();
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// All emails to an address, oldest first.
    pub async fn letters_to(&self, address: &str) -> Vec<Letter> {
        self.all_sent().await;
        let mut browser = self.browser();
        let list = found(browser.get("/dev/mail").await);
        let mut letters = Vec::new();
        for row in list.split("<li>").skip(1) {
            let path = between(row, "href=\"", "\"");
            let letter = found(browser.get(path).await);
            let panel = between(&letter, "<section", "</section>");
            let to = unescape(between(between(panel, "<dd>", "</dd>"), "", "\n"));
            if to != address {
                continue;
            }
            let text = between(panel, "letter\"", "</div>");
            let links = text.split("<a href=\"").skip(1).map(|link| unescape(link.split('"').next().unwrap_or("")));
            let subject = unescape(between(&letter, "<h1 lang=\"", "</h1>").split_once('>').expect("a subject").1);
            letters.push(Letter { subject, links: links.collect(), text: unescape(&plain(text)) });
        }
        letters.reverse();
        letters
    }

    /// The newest email to an address with a link to this page.
    pub async fn letter_to(&self, address: &str, path: &str) -> Letter {
        let leads = |letter: &Letter| letter.links.iter().any(|link| link.split('?').next() == Some(path));
        let letter = self.letters_to(address).await.into_iter().rfind(leads);
        letter.unwrap_or_else(|| panic!("no email to {address} has a link to {path}"))
    }
}

fn found(page: Answer) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    page.body
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or(rest, |(found, _)| found)
}

/// The text of HTML without tags.
fn plain(html: &str) -> String {
    let parts = html.split('<').enumerate();
    parts.map(|(n, part)| if n == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) }).collect()
}

fn unescape(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#39;", "'").replace("&#x2F;", "/");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
