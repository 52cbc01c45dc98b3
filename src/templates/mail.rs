//! Email templates: a subject, a text and an HTML part.
//!
//! Values are escaped in HTML and inserted verbatim in text and subject; the subject is one line.

use std::{fmt, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tera::{Context, Value};

use super::{ESCAPED, Files, TemplateError, Templates, source};
use crate::types::{Lang, Moment};

/// The folder of email templates.
pub(super) const FOLDER: &str = "mail/";
/// Extension of text templates, which are not escaped.
pub(super) const PLAIN: &str = ".txt";
/// The layout with the style sheet of all emails.
const LAYOUT: &str = "mail/layout.html";

/// The template context of one email.
pub trait Mail: Serialize {
    /// `emails/<name>`: its templates are `templates/mail/emails/<name>.{subject.txt,txt,html}`.
    const NAME: &'static str;
    /// The email in every state it can be in, by name: tests render each in every language.
    fn samples() -> Vec<(&'static str, Self)>
    where
        Self: Sized;
}

/// What the frame around every email says.
#[derive(Clone, Copy, Debug)]
pub struct MailFrame<'a> {
    /// The service's name.
    pub service_name: &'a str,
    /// The recipient's name.
    pub hello: &'a str,
    /// The event that the email reports.
    pub facts: Option<&'a MailFacts>,
}

/// An event as an email reports it.
#[derive(Clone, Debug, Serialize)]
pub struct MailFacts {
    /// When it happened.
    pub when: Moment,
    /// The browser's name.
    pub browser: Option<String>,
    /// The operating system's name.
    pub system: Option<String>,
    /// The IP address; `None` if it did not come from a browser.
    pub address: Option<String>,
    /// The name of the passkey or app.
    pub name: Option<String>,
}

/// A rendered email. Its `Debug` prints nothing, because it contains links.
#[derive(Clone)]
pub struct Message {
    /// The subject, one line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// A name that is markup, a template, and more than one line.
const HOSTILE: &str = "\"><svg onload=alert(1)>{{7*7}}{% include \"x\" %}\r\nBcc: c@example.com\r\n\r\n.\r\n";

/// Samples of an email: as it usually is, and to a user whose name is hostile.
pub fn usual_and_hostile<M>(sample: impl Fn(String) -> M) -> Vec<(&'static str, M)> {
    vec![("usual", sample("minji".into())), ("hostile", sample(HOSTILE.into()))]
}

/// A mailed link, for samples.
pub fn sample_link(path: &str) -> String {
    format!("https://id.example.com{path}?token=mkVx3bbrWv1Fh7nXH6aPpA&a=1")
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(..)")
    }
}

impl Templates {
    /// Renders an email.
    pub fn mail<M: Mail>(&self, lang: Lang, frame: &MailFrame<'_>, email: &M) -> Result<Message, TemplateError> {
        let page = Value::try_from_serializable(email)?;
        let render = |ending: &str, subject: &str| {
            let mut context = Context::new();
            let MailFrame { service_name, hello, facts } = frame;
            let mail = json!({ "lang": lang, "service_name": service_name, "subject": subject, "hello": hello, "facts": facts });
            context.insert("mail", &mail);
            context.insert_value("page", page.clone());
            self.renderer(lang).emails.render(&format!("{FOLDER}{}{ending}", M::NAME), &context)
        };
        let subject = one_line(&render(".subject.txt", "")?);
        Ok(Message { text: render(PLAIN, &subject)?, html: render(ESCAPED, &subject)?, subject })
    }
}

/// Collapses whitespace, line breaks and control characters into single spaces.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The CSP digest of the style sheet in emails (CSP Level 3), for the page that displays one.
pub fn mail_style_digest() -> &'static str {
    static DIGEST: LazyLock<String> = LazyLock::new(|| {
        let layout = source::<Files>(LAYOUT).map(|(_, text)| text).unwrap_or_default();
        let style = layout.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
        STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)))
    });
    &DIGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line_whatever_is_in_it() {
        assert_eq!(one_line(" a\r\nBcc: b@example.com\u{85}c\u{2028}d\0e \n"), "a Bcc: b@example.com c d e");
    }
}
