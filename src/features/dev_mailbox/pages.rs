//! The mailbox of a development machine.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{Age, AgeUnit, Lang, ReturnTo},
};

#[derive(Clone, Debug, Serialize)]
pub struct MailboxPage {
    /// The newest first.
    pub emails: Vec<Row>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub path: String,
    pub subject: String,
    /// The email's, whatever this page is in.
    pub language: Lang,
    pub address: String,
    pub sent: Age,
}

#[derive(Clone, Debug, Serialize)]
pub struct EmailPage {
    pub subject: String,
    pub address: String,
    /// The email's, whatever this page is in.
    pub language: Lang,
    pub sent: Age,
    pub text: Vec<Piece>,
    pub html_path: String,
}

/// A part of an email's text.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Piece {
    pub text: String,
    /// For a link to this service: its path.
    pub path: Option<String>,
}

/// Cuts an email's text into links to this service and the text between them.
pub fn pieces(text: &str, origin: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut between = String::new();
    // Whatever else begins as our origin does is text: it may be another host.
    for word in text.split_inclusive(char::is_whitespace) {
        let (before, link) = word.split_at(word.find(origin).unwrap_or(word.len()));
        let (link, space) = link.split_at(link.trim_end().len());
        between.push_str(before);
        match link.strip_prefix(origin).and_then(ReturnTo::parse) {
            Some(path) => {
                pieces.push(Piece { text: std::mem::take(&mut between), path: None });
                pieces.push(Piece { text: link.to_owned(), path: Some(path.as_str().to_owned()) });
            }
            None => between.push_str(link),
        }
        between.push_str(space);
    }
    pieces.push(Piece { text: between, path: None });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

fn sent(unit: AgeUnit, count: u64) -> Age {
    Age { unit, count, at: "2026-03-01T09:30:00Z".into() }
}

impl Page for MailboxPage {
    const TEMPLATE: &'static str = "dev_mailbox/list.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let row = |subject: &str, address: &str, sent| Row {
            path: "/dev/mail/0b6f8a52-6a0c-4f0e-9d3c-2f1f3c1f0a11".into(),
            subject: subject.into(),
            language: if subject.is_ascii() { Lang::En } else { Lang::Ko },
            address: address.into(),
            sent,
        };
        let long = format!("{}@{}.example.com", "a".repeat(64), "b".repeat(60));
        let confirm = row("Confirm your email address for Vestibule", "minji@example.com", sent(AgeUnit::Now, 0));
        let emails = vec![confirm, row("Vestibule: 비밀번호가 바뀌었어요", &long, sent(AgeUnit::Minutes, 12))];
        let hostile = vec![row("\"><svg onload=alert(1)>{{7*7}}", "<b>@example.com", sent(AgeUnit::Days, 2))];
        vec![("empty", Self { emails: Vec::new() }), ("some", Self { emails }), ("hostile", Self { emails: hostile })]
    }
}

impl Page for EmailPage {
    const TEMPLATE: &'static str = "dev_mailbox/email.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let text = "Hello minji,\n\nOne step is left.\n\nConfirm this address:\n\
             http://localhost:8080/verify?token=mkVx3bbrWv1Fh7nXH6aPpA\n\nThe link works once.\n";
        let usual = Self {
            subject: "Confirm your email address for Vestibule".into(),
            address: "minji@example.com".into(),
            language: Lang::En,
            sent: sent(AgeUnit::Minutes, 3),
            text: pieces(text, "http://localhost:8080"),
            html_path: "/dev/mail/0b6f8a52-6a0c-4f0e-9d3c-2f1f3c1f0a11/html".into(),
        };
        let hostile = "\"><svg onload=alert(1)>{{7*7}} http://localhost:8080/\"><svg> http://localhost:8080//evil";
        let hostile = Self {
            subject: hostile.into(),
            address: "<b>@example.com".into(),
            text: pieces(hostile, "http://localhost:8080"),
            ..usual.clone()
        };
        vec![("usual", usual), ("hostile", hostile)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_this_service_can_be_followed() {
        let origin = "http://localhost:8080";
        let links = |text: &str| -> Vec<String> {
            let pieces = pieces(text, origin);
            assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), text, "nothing is lost");
            pieces.into_iter().filter_map(|piece| piece.path).collect()
        };
        assert_eq!(links("a http://localhost:8080/verify?token=b&c\nd"), ["/verify?token=b&c"]);
        assert_eq!(links("http://localhost:8080/a http://localhost:8080/b"), ["/a", "/b"]);
        for text in [
            "",
            "nothing",
            "http://localhost:8080",
            "http://localhost:80801/a",
            "http://localhost:8080.evil.example/a",
            "http://localhost:8080@evil.example/a",
            "http://localhost:8080//evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
        ] {
            assert_eq!(links(text), Vec::<String>::new(), "{text}");
        }
    }
}
