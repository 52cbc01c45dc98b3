//! A letter as it goes over the wire.

use lettre::{
    Address, Message as Mime,
    message::{
        Mailbox, MultiPart,
        header::{Date, Header, HeaderName, HeaderValue},
    },
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::templates::Message;

/// Says that a program wrote this, so that no other program answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What one letter's envelope and headers say.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    /// Who it is from.
    pub from: &'a Mailbox,
    /// Where it goes; an address without a name, because a name would be text of a visitor's.
    pub to: &'a Address,
    /// The letter's identifier: whoever gets it twice can tell, because it is the same both times.
    pub id: Uuid,
    /// This service's host.
    pub host: &'a str,
    /// When it is sent.
    pub at: OffsetDateTime,
}

/// Writes text and HTML as two forms of one message. Everything is ASCII on the wire, and no header
/// holds text of a visitor's: the subject's words are ours.
///
/// # Errors
/// None that an address which was read as one could cause.
pub(super) fn write(envelope: &Envelope<'_>, message: &Message) -> Result<Vec<u8>, lettre::error::Error> {
    let mime = Mime::builder()
        .from(envelope.from.clone())
        .to(Mailbox::new(None, envelope.to.clone()))
        .subject(message.subject.as_str())
        .message_id(Some(format!("<{}@{}>", envelope.id, envelope.host)))
        .header(Date::new(envelope.at.into()))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))?;
    Ok(mime.formatted())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn written(subject: &str, text: &str) -> String {
        let message = Message { subject: subject.into(), text: text.into(), html: "<p>안녕</p>".into() };
        let (from, to) = ("입구 <a@example.com>".parse().unwrap(), "b@example.com".parse().unwrap());
        let at = datetime!(2026-03-01 09:30:00 UTC);
        let envelope = Envelope { from: &from, to: &to, id: Uuid::nil(), host: "id.example.com", at };
        String::from_utf8(write(&envelope, &message).unwrap()).unwrap()
    }

    #[test]
    fn a_letter_is_ascii_with_every_header_that_it_needs_once() {
        let wire = written("제목", "본문");
        assert!(wire.is_ascii());
        let (head, body) = wire.split_once("\r\n\r\n").unwrap();
        for line in [
            "To: b@example.com",
            "Date: Sun, 01 Mar 2026 09:30:00 +0000",
            "Auto-Submitted: auto-generated",
            "Message-ID: <00000000-0000-0000-0000-000000000000@id.example.com>",
            "MIME-Version: 1.0",
        ] {
            assert_eq!(head.lines().filter(|found| *found == line).count(), 1, "{line} in {head}");
        }
        assert!(head.contains("multipart/alternative") && body.contains("text/plain; charset=utf-8"), "{wire}");
        assert!(body.contains("text/html; charset=utf-8"), "{wire}");
    }

    #[test]
    fn row_54_nothing_in_a_letter_becomes_a_header() {
        let wire = written("A\r\nBcc: c@example.com", "line\r\n.\r\nMAIL FROM:<x@example.com>\r\nBcc: c@example.com");
        let (head, _) = wire.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    }
}
