//! Formats an email as MIME.

use lettre::{
    Address, Message as Mime,
    message::{
        Mailbox, MultiPart,
        header::{Date, HeaderName, HeaderValue},
    },
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::templates::Message;

/// Envelope and headers of one email.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    /// The sender.
    pub from: &'a Mailbox,
    /// The recipient, without a display name, which would be user input.
    pub to: &'a Address,
    /// The email's identifier; a duplicate has the same.
    pub id: Uuid,
    /// This service's host.
    pub host: &'a str,
    /// The time of sending.
    pub at: OffsetDateTime,
}

/// Formats text and HTML as alternatives of one message. The result is ASCII, and no header contains user input:
/// subjects are ours.
///
/// # Errors
/// Never for a valid address.
pub(super) fn write(envelope: &Envelope<'_>, message: &Message) -> Result<Vec<u8>, lettre::error::Error> {
    let auto_submitted = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mime = Mime::builder()
        .from(envelope.from.clone())
        .to(Mailbox::new(None, envelope.to.clone()))
        .subject(message.subject.as_str())
        .message_id(Some(format!("<{}@{}>", envelope.id, envelope.host)))
        .header(Date::new(envelope.at.into()))
        // So that programs do not reply (RFC 3834).
        .raw_header(HeaderValue::new(auto_submitted, "auto-generated".to_owned()))
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
    fn an_email_is_ascii_with_every_required_header_once() {
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
    fn nothing_in_an_email_becomes_a_header() {
        let wire = written("A\r\nBcc: c@example.com", "line\r\n.\r\nMAIL FROM:<x@example.com>\r\nBcc: c@example.com");
        let (head, _) = wire.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    }
}
