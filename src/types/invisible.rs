//! Invisible characters, which come along when text is pasted.

/// Removes white space and invisible characters around a typed text. Passwords keep theirs (NIST SP 800-63B).
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(is_invisible)
}

/// Returns whether a character leaves no mark: white space, joiners, direction marks, soft hyphens and fillers.
pub fn is_invisible(c: char) -> bool {
    c.is_whitespace() || is_hidden(c) || matches!(c, '\u{200c}' | '\u{200d}')
}

/// The same without white space and the joiners, which have uses within a text.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_18_what_comes_along_with_a_pasted_text_is_trimmed() {
        for around in [
            "\u{a0}",
            "\u{feff}",
            "\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}",
            "\u{2060}",
            "\u{ad}",
            "\t\r\n",
            "\u{3000}",
            "\u{202a}\u{2069}",
        ] {
            assert_eq!(trimmed(&format!("{around}an\u{200b}na {around}")), "an\u{200b}na", "{around:?}");
            assert_eq!(trimmed(around), "");
        }
        assert_eq!(trimmed("-a.\0"), "-a.\0");
    }
}
