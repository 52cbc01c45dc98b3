//! A reader of the HTML that the templates write.

use std::collections::BTreeMap;

use super::Rendered;

/// One tag: `</name>` when `closing`.
#[derive(Debug)]
pub struct Tag {
    pub name: String,
    pub closing: bool,
    pub attributes: BTreeMap<String, String>,
}

impl Tag {
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }
    pub fn is(&self, name: &str) -> bool {
        self.name == name && !self.closing
    }
}

/// A strict reader of the HTML we write: lower-case names, quoted or empty attributes, nothing else.
pub fn tags(page: &Rendered) -> Vec<Tag> {
    let fail = |what: &str, at: &str| -> ! {
        let near: String = at.chars().take(60).collect();
        panic!("{}: {what} near {near}", page.name)
    };
    let mut found = Vec::new();
    let mut rest = page.html.strip_prefix("<!doctype html>").unwrap_or_else(|| fail("no doctype", &page.html));
    while let Some(at) = rest.find('<') {
        if rest[..at].contains('>') {
            fail("a stray >", &rest[..at]);
        }
        let mut inner = &rest[at + 1..];
        let closing = inner.starts_with('/');
        inner = inner.trim_start_matches('/');
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let take = |text: &mut &str| {
            let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
            let (name, after) = text.split_at(end);
            *text = after;
            name.to_owned()
        };
        let name = take(&mut inner);
        let mut attributes = BTreeMap::new();
        loop {
            inner = inner.trim_start();
            if let Some(after) = inner.strip_prefix('>') {
                rest = after;
                break;
            }
            let attribute = take(&mut inner);
            let mut value = String::new();
            if let Some(after) = inner.strip_prefix("=\"") {
                let Some((quoted, after)) = after.split_once('"') else { fail("an open quote", inner) };
                quoted.clone_into(&mut value);
                inner = after;
            }
            if attribute.is_empty() || attributes.insert(attribute, value).is_some() {
                fail("a bad attribute", inner);
            }
        }
        if name.is_empty() {
            fail("a nameless tag", inner);
        }
        found.push(Tag { name, closing, attributes });
    }
    found
}
