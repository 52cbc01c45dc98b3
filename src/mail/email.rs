//! Kinds of emails, and emails in the outbox.

use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    templates::Message,
    types::{Lang, SecretToken, TokenDigest, UserId, random_bytes},
};

/// The shortest delay of a requested email, and the range of the random delay added to it.
const NOT_BEFORE: Duration = Duration::from_millis(500);
const SPREAD: Duration = Duration::from_millis(3500);

/// A kind of email: a constant of the module that queues it, registered with its render function.
#[derive(Debug)]
pub struct Kind {
    /// The stored code.
    pub code: &'static str,
    /// How long a queued email stays valid.
    pub worth_sending_for: Duration,
    /// Whether anyone can trigger it; then it is limited per mailbox.
    pub on_request: bool,
}

impl Kind {
    /// An email requested by a visitor: valid for hours, and limited per mailbox.
    pub const fn requested(code: &'static str) -> Self {
        Self { code, worth_sending_for: Duration::from_secs(6 * 3600), on_request: true }
    }

    /// An email about something that happened: valid for three days.
    pub const fn notice(code: &'static str) -> Self {
        Self { code, worth_sending_for: Duration::from_secs(3 * 86_400), on_request: false }
    }

    /// How long an email waits before it is sent. An email that anyone can trigger gets a random delay. Otherwise,
    /// sending it would slow down the visitor's next request, and so reveal who has an account.
    pub fn delay(&self) -> Duration {
        if !self.on_request {
            return Duration::ZERO;
        }
        let chance = f64::from(u32::from_be_bytes(random_bytes())) / f64::from(u32::MAX);
        NOT_BEFORE + SPREAD.mul_f64(chance)
    }
}

/// An email to queue.
#[derive(Clone, Debug)]
pub struct NewEmail<'a> {
    /// The kind of email.
    pub kind: &'static Kind,
    /// The account it concerns, if known.
    pub user_id: Option<UserId>,
    /// The recipient; for a requested email, the name as typed.
    pub address: &'a str,
    /// The language of the request; the account's own language takes precedence.
    pub lang: Lang,
    /// Data for rendering that is only known now. Never a secret.
    pub detail: Value,
}

impl NewEmail<'_> {
    /// Adds to an email about something that happened when it did, and from which address and `User-Agent`.
    #[must_use]
    pub fn with_facts(mut self, at: OffsetDateTime, origin: Option<(IpAddr, &str)>) -> Self {
        if let (false, Value::Object(detail)) = (self.kind.on_request, &mut self.detail) {
            detail.insert("at".to_owned(), at.unix_timestamp().into());
            if let Some((address, user_agent)) = origin {
                detail.insert("address".to_owned(), address.to_canonical().to_string().into());
                detail.insert("user_agent".to_owned(), user_agent.into());
            }
        }
        self
    }
}

/// The detail of an email requested from this browser, read by [`QueuedEmail::requested_from`]. A known browser has a
/// separate limit, which others cannot exhaust.
pub fn requested_from(browser: Option<&SecretToken>) -> Value {
    json!({ "browser": browser.map(|browser| URL_SAFE_NO_PAD.encode(browser.digest().as_bytes())) })
}

/// An email in the outbox.
#[derive(Clone, Debug)]
pub struct QueuedEmail {
    /// The identifier, which becomes its `Message-ID`.
    pub id: Uuid,
    /// The code of its kind.
    pub kind: String,
    /// The account it concerns.
    pub user_id: Option<UserId>,
    /// The recipient, or the name as typed.
    pub address: String,
    /// The language of the request.
    pub lang: Lang,
    /// Rendering data.
    pub detail: Value,
    /// Number of delivery attempts, including this one.
    pub attempts: i32,
}

impl QueuedEmail {
    /// The browser it was requested from; see [`requested_from`].
    pub fn requested_from(&self) -> Option<TokenDigest> {
        let digest = URL_SAFE_NO_PAD.decode(self.text("browser").as_bytes()).ok()?;
        digest.try_into().ok().map(TokenDigest)
    }

    /// A text of the detail; empty if missing.
    pub fn text(&self, name: &str) -> &str {
        self.detail.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// When what it is about happened; `None` for an email that was requested, or queued by an older version.
    pub fn happened_at(&self) -> Option<OffsetDateTime> {
        let at = self.detail.get("at").and_then(Value::as_i64)?;
        OffsetDateTime::from_unix_timestamp(at).ok()
    }

    /// A number of the detail.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.detail.get(name).and_then(Value::as_u64)
    }
}

/// A rendered email, ready to send.
#[derive(Debug)]
pub struct RenderedEmail {
    /// The recipient.
    pub to: String,
    /// The language.
    pub lang: Lang,
    /// Subject, text and HTML.
    pub message: Message,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a3_what_strangers_request_waits_for_a_random_time_and_what_happened_does_not() {
        let (requested, notice) = (Kind::requested("a"), Kind::notice("b"));
        let delays: Vec<Duration> = (0..200).map(|_| requested.delay()).collect();
        assert!(delays.iter().all(|delay| (NOT_BEFORE..=NOT_BEFORE + SPREAD).contains(delay)));
        let (early, late) = (Duration::from_millis(1375), Duration::from_millis(3125));
        assert!(delays.iter().any(|delay| *delay < early) && delays.iter().any(|delay| *delay > late));
        assert_eq!(notice.delay(), Duration::ZERO);
    }
}
