//! The file `.env`: a value means what it says.
//!
//! `dotenvy` reads the file into the environment. On its own it replaces `$word`, refuses spaces, and reports a mistake
//! with the line's text. So each value is first rewritten in the one form that it takes literally:
//!
//! 1. Without quotes, a value is the rest of the line, without surrounding blanks. A `#` behind a blank begins a comment.
//!    Dollar signs, apostrophes, quotes and backslashes inside are themselves.
//! 2. In single quotes everything is itself. In double quotes `\n`, `\r`, `\t`, `\"`, `\'`, `\\` and `\$` are escapes.
//!    Both may span lines. Only a comment may follow.
//! 3. Nothing is replaced: `$NAME` and `${NAME}` are text.
//! 4. What has no clear meaning is refused with its line and name, never with its value: a second value for a name, text
//!    behind a closing quote, an unknown escape, bytes that are not UTF-8.

use std::{collections::BTreeMap, fs, io, path::Path};

const BLANK: [char; 2] = [' ', '\t'];

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DotenvError {
    /// It exists and cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// A line has a mistake.
    #[error("line {line}: {}{reason}", .name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default())]
    Line {
        /// Its number, from one; of a value in quotes, where that begins.
        line: usize,
        /// The variable, if it is clear which one is meant.
        name: Option<String>,
        /// What is wrong, and what to write.
        reason: String,
    },
}

/// Sets the variables of a file that are not set yet. A missing file sets none.
///
/// Call it before other threads start: it changes the environment of the process.
///
/// # Errors
/// If the file cannot be read or has a mistake; nothing is set then.
pub fn load(path: &Path) -> Result<(), DotenvError> {
    match fs::read(path) {
        Ok(bytes) => dotenvy::from_read(literal(&bytes)?.as_bytes()).map_err(unexpected),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The variables of a file's content, in order.
///
/// # Errors
/// If it has a mistake.
pub fn variables(content: &[u8]) -> Result<Vec<(String, String)>, DotenvError> {
    dotenvy::from_read_iter(literal(content)?.as_bytes()).collect::<Result<_, _>>().map_err(unexpected)
}

/// `dotenvy` takes all that [`literal`] writes. Its own message would repeat the line, which may hold a secret.
fn unexpected(_: dotenvy::Error) -> DotenvError {
    io::Error::other("a line cannot be read").into()
}

/// Rewrites a file so that `dotenvy` takes every value literally.
fn literal(content: &[u8]) -> Result<String, DotenvError> {
    let text = decoded(content)?;
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut written = String::with_capacity(content.len());
    while let Some((line, name, value)) = reader.assignment()? {
        if value.contains('\0') {
            return Err(wrong(line, Some(name), "a NUL character cannot be in a variable"));
        }
        if let Some(before) = lines.insert(name.to_owned(), line) {
            return Err(wrong(line, Some(name), format!("is already set in line {before}; keep one of them")));
        }
        write(&mut written, name, &value);
    }
    Ok(written)
}

/// The one form that `dotenvy` reads literally: single quotes, and outside of them an escape for each character that its
/// search for the end of a line would misread inside.
fn write(written: &mut String, name: &str, value: &str) {
    written.push_str(name);
    written.push_str("='");
    for c in value.chars() {
        match c {
            '\'' => written.push_str(r"'\''"),
            '\\' => written.push_str(r"'\\'"),
            '\n' => written.push_str(r"'\n'"),
            c => written.push(c),
        }
    }
    written.push_str("'\n");
}

fn decoded(content: &[u8]) -> Result<&str, DotenvError> {
    str::from_utf8(content).map_err(|error| {
        let before = str::from_utf8(&content[..error.valid_up_to()]).unwrap_or_default();
        let line = before.split('\n').count();
        let name = before.rsplit('\n').next().and_then(name_and_value).map(|(name, _)| name);
        wrong(line, name, "is not valid UTF-8; save the file as UTF-8")
    })
}

fn wrong(line: usize, name: Option<&str>, reason: impl Into<String>) -> DotenvError {
    DotenvError::Line { line, name: name.map(ToOwned::to_owned), reason: reason.into() }
}

/// Splits an assignment, with or without `export`. The value keeps its blanks.
fn name_and_value(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_matches(BLANK);
    let name = name.strip_prefix("export").filter(|rest| rest.starts_with(BLANK)).unwrap_or(name).trim_matches(BLANK);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')).then_some((name, value))
}

/// What is left of a file.
struct Reader<'a> {
    rest: &'a str,
    /// The number of the line that it begins with.
    line: usize,
}

impl<'a> Reader<'a> {
    /// Reads the next assignment, with the number of its line.
    fn assignment(&mut self) -> Result<Option<(usize, &'a str, String)>, DotenvError> {
        while !self.rest.is_empty() {
            let (line, text) = (self.line, self.this_line());
            let content = text.trim_matches(BLANK);
            if content.is_empty() || content.starts_with('#') {
                self.skip(text.len());
                self.end_line();
                continue;
            }
            let wanted = "wanted NAME=value; a name consists of letters, digits and _";
            let (name, value) = name_and_value(text).ok_or_else(|| wrong(line, None, wanted))?;
            let start = value.trim_start_matches(BLANK);
            let value = if let Some(quote @ ('"' | '\'')) = start.chars().next() {
                self.skip(text.len() - start.len() + 1);
                self.quoted(quote).map_err(|reason| wrong(line, Some(name), reason))?
            } else {
                self.skip(text.len());
                unquoted(value).to_owned()
            };
            self.end_line();
            return Ok(Some((line, name, value)));
        }
        Ok(None)
    }

    /// Reads from behind an opening quote to the end of its last line.
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut value = String::new();
        let mut chars = self.rest.char_indices();
        let end = loop {
            match chars.next() {
                None => {
                    return Err(format!(
                        "the quote {quote} is never closed; if it belongs to the value, use the other kind around it"
                    ));
                }
                Some((at, c)) if c == quote => break at + 1,
                Some((_, '\\')) if quote == '"' => value.push(escaped(chars.next().map(|(_, c)| c))?),
                Some((_, c)) => value.push(c),
            }
        };
        self.skip(end);
        let after = self.this_line();
        let comment = after.trim_start_matches(BLANK);
        if !(comment.is_empty() || comment.starts_with('#') && comment.len() < after.len()) {
            return Err(
                "text follows the closing quote; put the whole value in one pair of quotes, or in none".to_owned()
            );
        }
        self.skip(after.len());
        Ok(value)
    }

    /// The line that is being read, without its end.
    fn this_line(&self) -> &'a str {
        let line = self.rest.split('\n').next().unwrap_or_default();
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at(bytes);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }

    fn end_line(&mut self) {
        self.skip(self.rest.find('\n').map_or(self.rest.len(), |at| at + 1));
    }
}

/// The value behind a `=`, without blanks around it and without a comment.
fn unquoted(text: &str) -> &str {
    let comment = text.match_indices('#').find(|(at, _)| text[..*at].ends_with(BLANK));
    text[..comment.map_or(text.len(), |(at, _)| at)].trim_matches(BLANK)
}

fn escaped(c: Option<char>) -> Result<char, String> {
    match c {
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some(c @ ('"' | '\'' | '\\' | '$')) => Ok(c),
        _ => Err(r"in double quotes, a backslash is written \\; in single quotes it is itself".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(content: &str) -> String {
        let read = variables(content.as_bytes()).unwrap_or_else(|error| panic!("{content:?}: {error}"));
        let [(name, value)] = read.try_into().unwrap_or_else(|read| panic!("{content:?}: {read:?}"));
        assert_eq!(name, "NAME", "{content:?}");
        value
    }

    #[test]
    fn field_4_and_5_a_value_means_what_it_says() {
        for (content, value) in [
            ("NAME=plain", "plain"),
            ("NAME=plain\n", "plain"),
            ("NAME=plain\r\n", "plain"),
            ("\u{feff}NAME=plain\n", "plain"),
            ("  export\tNAME = plain  \n", "plain"),
            ("NAME=\n", ""),
            ("NAME=''\n", ""),
            ("NAME=\"\"\n", ""),
            ("NAME=   # empty\n", ""),
            ("NAME=Vestibule <no-reply@example.com>\n", "Vestibule <no-reply@example.com>"),
            ("NAME=O'Brien Ltd\n", "O'Brien Ltd"),
            ("NAME=the \"best\" one\n", "the \"best\" one"),
            ("NAME=smtp://user:pa$word@host\n", "smtp://user:pa$word@host"),
            ("NAME=${HOME}/$HOME/$$\n", "${HOME}/$HOME/$$"),
            ("NAME=\"${HOME} $HOME \\$\"\n", "${HOME} $HOME $"),
            ("NAME='${HOME} \\$ \\n \\'\n", "${HOME} \\$ \\n \\"),
            ("NAME=C:\\new\\ folder\\\n", "C:\\new\\ folder\\"),
            ("NAME=a=b==\n", "a=b=="),
            ("NAME=a#b#\n", "a#b#"),
            ("NAME=#a\n", "#a"),
            ("NAME=a # comment\n", "a"),
            ("NAME=a\t# comment # more\n", "a"),
            ("NAME='a # b' # comment\n", "a # b"),
            ("NAME=\"a # b\"\n", "a # b"),
            ("NAME=\" a \"   \n", " a "),
            ("NAME=\"it's \\\"so\\\"\\n\\t\\\\\"\n", "it's \"so\"\n\t\\"),
            ("NAME='-----BEGIN-----\na\\b\n\n-----END-----\n'\n", "-----BEGIN-----\na\\b\n\n-----END-----\n"),
            ("NAME=\"one\r\ntwo\" # comment\r\n", "one\r\ntwo"),
            ("# comment\n\n  # another\nNAME=입구\n#NAME=b\n", "입구"),
            ("NAME=`date` $(date) !x {a,b} *\n", "`date` $(date) !x {a,b} *"),
        ] {
            assert_eq!(one(content), value, "{content:?}");
        }
    }

    #[test]
    fn every_value_survives_in_single_quotes_and_most_survive_without_quotes() {
        for c in (1..=0x2fff).filter_map(char::from_u32) {
            let value = format!("a{c}{c}b");
            if c != '\'' {
                assert_eq!(one(&format!("NAME='{value}'\n")), value, "{c:?}");
            }
            if c != '\n' {
                assert_eq!(one(&format!("NAME={value}\n")), value, "{c:?}");
            }
        }
    }

    #[test]
    fn field_5_a_mistake_is_told_by_line_and_name_and_never_with_the_value() {
        for (content, told) in [
            (&b"A=1\n\nNAME='canary\nmore\n"[..], "line 3: NAME: the quote ' is never closed"),
            (b"NAME='n Sync canary\n", "line 1: NAME: the quote ' is never closed"),
            (b"NAME=\"canary\n", "line 1: NAME: the quote \" is never closed"),
            (b"NAME=\"Canary, Inc.\" <canary@example.com>\n", "line 1: NAME: text follows the closing quote"),
            (b"NAME='canary'#canary\n", "line 1: NAME: text follows the closing quote"),
            (b"A='1\n2'\nNAME='it'\\''s canary'\n", "line 3: NAME: text follows the closing quote"),
            (b"NAME=\"C:\\canary\"\n", "line 1: NAME: in double quotes, a backslash is written"),
            (b"NAME=\"canary\\", "line 1: NAME: in double quotes, a backslash is written"),
            (b"NAME=canary\nA=1\nNAME=canary2\n", "line 3: NAME: is already set in line 1"),
            (b"canary\n", "line 1: wanted NAME=value"),
            (b"# a\ncanary canary=1\n", "line 2: wanted NAME=value"),
            (b"=canary\n", "line 1: wanted NAME=value"),
            (b"1CANARY=canary\n", "line 1: wanted NAME=value"),
            (b"my-canary=canary\n", "line 1: wanted NAME=value"),
            (b"A=1\nNAME=canary\xff\n", "line 2: NAME: is not valid UTF-8"),
            (b"A=1\nNAME=can\0ary\n", "line 2: NAME: a NUL character"),
            (b"\xff\xfeN\0A\0", "line 1: is not valid UTF-8"),
        ] {
            let refused = variables(content).expect_err("a mistake").to_string();
            assert!(refused.starts_with(told), "{refused}");
            assert!(!refused.to_lowercase().contains("canary"), "{refused}");
        }
    }
}
