//! Where a visitor may be sent next: paths of this service and nothing else.

use std::sync::LazyLock;

use url::Url;

/// An origin that is nobody's (RFC 6761).
static BASE: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("https://vestibule.invalid/").ok());

/// An absolute path with an optional query, certain to stay on this origin in every browser
/// (OWASP ASVS 3.7.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LocalPath(String);

impl Default for LocalPath {
    /// The front door.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl LocalPath {
    const MAX: usize = 1024;

    /// Checks a path that a visitor brought; `None` for whatever could leave this origin or would
    /// not be understood alike by every browser and proxy.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`' | b'#');
        if text.len() > Self::MAX || !text.starts_with('/') || !text.bytes().all(plain) {
            return None;
        }
        let path = text.split('?').next().unwrap_or_default();
        if path.contains("//") || hides_a_separator(path) {
            return None;
        }
        // The judge is the parser that browsers agree on (WHATWG URL), not our own reading.
        let base = BASE.as_ref()?;
        let joined = base.join(text).ok()?;
        let local = joined.origin() == base.origin() && joined.username().is_empty();
        (local && joined[url::Position::BeforePath..] == *text).then(|| Self(text.to_owned()))
    }

    /// The path alone.
    #[must_use]
    pub fn without_query(&self) -> Self {
        Self(self.0.split('?').next().unwrap_or_default().to_owned())
    }

    /// The path with its query.
    #[must_use]
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
            "/é",
            "/a\0",
            "/..//e",
            "/./e",
            "/a/../e",
            "/a#b",
            "/ /e",
        ] {
            assert_eq!(LocalPath::parse(hostile), None, "{hostile:?}");
        }
        assert_eq!(LocalPath::parse(&format!("/{}", "a".repeat(2000))), None);
    }

    #[test]
    fn local_paths_stay_as_they_are() {
        for path in ["/", "/dashboard", "/account/sessions", "/a?b=c&d=%2F", "/@me", "/%ED%95%9C", "/a?next=//e"] {
            assert_eq!(LocalPath::parse(path).as_ref().map(LocalPath::as_str), Some(path));
        }
    }
}
