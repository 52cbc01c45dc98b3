//! Where a visitor returns to: a path of this service and nothing else.

use std::{borrow::Cow, sync::LazyLock};

use percent_encoding::{AsciiSet, utf8_percent_encode};
use url::Url;

/// An origin that belongs to no one (RFC 6761).
static BASE: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("https://vestibule.invalid/").ok());
/// Leaves ASCII as it is; everything else is percent-encoded.
const ASCII_AS_IT_IS: &AsciiSet = &AsciiSet::EMPTY;

/// An absolute path with an optional query and fragment, certain to stay on this origin in every browser (OWASP ASVS
/// 3.7.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReturnTo(String);

impl Default for ReturnTo {
    /// The start page.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl ReturnTo {
    /// Maximum length in bytes, percent-encoded.
    pub const MAX: usize = 4096;
    /// Longer paths are replaced with a short id, because proxies limit headers to 4 or 8 KiB.
    const LONG: usize = 1024;

    /// Checks a path from a request. Returns `None` for a path that could leave this origin, or that browsers
    /// and proxies could understand differently. Non-ASCII characters are percent-encoded.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::MAX {
            return None;
        }
        let text = Cow::from(utf8_percent_encode(text, ASCII_AS_IT_IS));
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`');
        if text.len() > Self::MAX || !text.starts_with('/') || !text.bytes().all(plain) {
            return None;
        }
        let path = text.split(['?', '#']).next().unwrap_or_default();
        if path.contains("//") || hides_a_separator(path) {
            return None;
        }
        // Parses as browsers do (WHATWG URL).
        let base = BASE.as_ref()?;
        let joined = base.join(&text).ok()?;
        let local = joined.origin() == base.origin() && joined.username().is_empty();
        (local && joined[url::Position::BeforePath..] == *text).then(|| Self(text.into_owned()))
    }

    /// Returns whether it is too long for a URL.
    pub fn is_long(&self) -> bool {
        self.0.len() > Self::LONG
    }

    /// The path without query and fragment.
    #[must_use]
    pub fn without_query(&self) -> Self {
        Self(self.0.split(['?', '#']).next().unwrap_or_default().to_owned())
    }

    /// The path with its query and fragment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Percent-encoded slashes, backslashes, control characters and percent signs: harmless here, but
/// a proxy that decodes once more would see another path. A broken escape counts as one.
fn hides_a_separator(path: &str) -> bool {
    path.split('%').skip(1).any(|rest| {
        let byte = rest.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        byte.is_none_or(|byte| matches!(byte, b'/' | b'\\' | b'%') || byte.is_ascii_control())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_3_7_2_whatever_could_leave_is_refused() {
        for hostile in [
            "",
            "dashboard",
            "//e",
            "/\\e",
            "\\/e",
            "/\t/e",
            "\t//e",
            "https:e",
            "https://e",
            "javascript:alert(1)",
            "data:text/html,x",
            "//e%2f..",
            "/%2fe",
            "/%5ce",
            "/%09/e",
            "/%0d%0aLocation:e",
            "/%252fe",
            "/a//e",
            "https://good@e",
            "http://127.0.0.1.e",
            "/a b",
            "/a\0",
            "/..//e",
            "/./e",
            "/a/../e",
            "#/a",
            "/a\u{ff0f}\\e",
            "/a#\"b",
            "/ /e",
        ] {
            assert_eq!(ReturnTo::parse(hostile), None, "{hostile:?}");
        }
        for long in ["a".repeat(4096), "é".repeat(700)] {
            assert_eq!(ReturnTo::parse(&format!("/{long}")), None);
        }
    }

    #[test]
    fn local_paths_stay_as_they_are() {
        for path in
            ["/", "/dashboard", "/account/sessions", "/a?b=c&d=%2F", "/@me", "/%ED%95%9C", "/a?next=//e", "/a?b=c#d"]
        {
            assert_eq!(ReturnTo::parse(path).as_ref().map(ReturnTo::as_str), Some(path));
        }
        let longest = format!("/{}", "a".repeat(4095));
        assert!(ReturnTo::parse(&longest).is_some_and(|path| path.is_long() && path.as_str() == longest));
    }

    #[test]
    fn characters_beyond_ascii_are_percent_encoded() {
        let path = ReturnTo::parse("/문서?q=é#절");
        assert_eq!(path.as_ref().map(ReturnTo::as_str), Some("/%EB%AC%B8%EC%84%9C?q=%C3%A9#%EC%A0%88"));
    }
}
