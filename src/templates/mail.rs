//! Letters: a subject, a text and the same in HTML, each from a template of its own.
//!
//! Promises: what is put into the HTML is escaped; text and subject are no HTML and take it as it is;
//! the subject is one line.

use std::{fmt, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tera::{Context, Value};

use super::{ESCAPED, Files, TemplateError, Templates, source};
use crate::types::Lang;

/// Where the templates of letters are.
pub(super) const FOLDER: &str = "mail/";
/// Text, which escapes nothing.
const PLAIN: &str = ".txt";
/// The layout that holds the one style sheet of all letters.
const LAYOUT: &str = "mail/layout.html";

/// What one letter says.
pub trait Mail: Serialize {
    /// `<slice>/<message>`: its templates are `templates/mail/<slice>/<message>.{subject.txt,txt,html}`.
    const NAME: &'static str;

    /// The letter in every state it can be in, by name: tests render each in every language.
    fn samples() -> Vec<(&'static str, Self)>
    where
        Self: Sized;
}

/// A letter in its words. Its `Debug` prints none of them, because they hold links.
#[derive(Clone)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(..)")
    }
}

/// What every letter is wrapped with.
#[derive(Serialize)]
struct Frame<'a> {
    lang: Lang,
    service_name: &'a str,
    /// Empty while the subject itself is written.
    subject: &'a str,
}

impl Templates {
    /// Words a letter.
    pub fn mail<M: Mail>(&self, lang: Lang, service_name: &str, letter: &M) -> Result<Message, TemplateError> {
        let page = Value::try_from_serializable(letter)?;
        let render = |ending: &str, subject: &str| {
            let mut context = Context::new();
            let frame = Frame { lang, service_name, subject };
            context.insert_value("mail", Value::try_from_serializable(&frame)?);
            context.insert_value("page", page.clone());
            self.voice(lang).letters.render(&format!("{FOLDER}{}{ending}", M::NAME), &context)
        };
        let subject = one_line(&render(".subject.txt", "")?);
        Ok(Message { text: render(PLAIN, &subject)?, html: render(ESCAPED, &subject)?, subject })
    }
}

/// The text without line ends and other controls, and with single spaces.
fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}

/// The templates of letters.
pub(super) fn sources() -> Result<Vec<(String, String)>, TemplateError> {
    let mut sources = Vec::new();
    for name in Files::iter().filter(|name| name.starts_with(FOLDER)) {
        if !name.ends_with(ESCAPED) && !name.ends_with(PLAIN) {
            return Err(TemplateError::NotEscaped(name.to_string()));
        }
        sources.push(source(&name)?);
    }
    Ok(sources)
}

/// The digest of the one style sheet in letters, as a policy names it (CSP Level 3): with it, a page
/// that shows a letter allows that sheet and nothing else.
#[must_use]
pub fn mail_style_digest() -> &'static str {
    static DIGEST: LazyLock<String> = LazyLock::new(|| {
        let layout = source(LAYOUT).map(|(_, text)| text).unwrap_or_default();
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
