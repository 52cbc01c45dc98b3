//! Our words: phrases that have a better one.
//!
//! Each entry is a phrase that no good sentence here needs, with what to write instead. Decisions, notes and
//! quoted standards (`> …`) are exempt, and so are tables that are generated: those are judged at their source. Pages
//! have lists of their own.

mod pages;

use std::{fs, path::Path};

use crate::docs::without_generated;

/// What the documents are.
const DOCS: [&str; 4] = ["README.md", "CHANGELOG.md", ".env.example", "docs"];
const EXEMPT: [&str; 2] = ["docs/adr", "docs/notes"];
const SOURCES: [&str; 2] = ["src", "crates"];

/// A phrase, in words, and what to write. `*` is any one word, `#` any number.
const DENIED: [(&str, &str); 69] = [
    ("whoever", "the caller, the user, anyone"),
    ("whomever", "the caller, the user, anyone"),
    ("somebody who", "someone who, the user"),
    ("tells whether", "returns whether"),
    ("tell whether", "return whether"),
    ("is none", "no …, or restate positively"),
    ("has not the", "has no, lacks"),
    ("has not a", "has no, lacks"),
    ("has not this", "lacks this"),
    ("has not that", "lacks that"),
    ("has not any", "has no, lacks"),
    ("there is no * that", "no … is"),
    ("at this moment", "now"),
    ("by itself", "automatically, alone"),
    ("by themselves", "automatically, alone"),
    ("all the same", "still, anyway"),
    ("was asked for", "was requested"),
    ("were asked for", "were requested"),
    ("asked for by", "requested by"),
    ("letter", "email"),
    ("letters", "emails"),
    ("postman", "mail job"),
    ("desk", "render slot"),
    ("desks", "render slots"),
    ("worded", "rendered"),
    ("trail", "audit log"),
    ("octet", "byte"),
    ("octets", "bytes"),
    ("stranger", "unauthenticated client, visitor"),
    ("strangers", "unauthenticated clients, visitors"),
    ("claimant", "holder of an unverified account"),
    ("claimants", "holders of unverified accounts"),
    ("own words", "say what they are"),
    ("own accept loop", "custom accept loop"),
    ("believe", "trust, cache"),
    ("believed", "trusted, cached"),
    ("believes", "trusts, caches"),
    ("seal anew", "re-encrypt"),
    ("seals anew", "re-encrypts"),
    ("sealed anew", "re-encrypted"),
    ("sealing anew", "re-encrypting"),
    ("deaf", "disconnected"),
    ("is heard", "is received"),
    ("are heard", "are received"),
    ("not heard", "not received"),
    ("told of", "notified of"),
    ("tells of", "describes"),
    ("take a try", "spend a token"),
    ("takes a try", "spends a token"),
    ("gives back", "refunds"),
    ("give back", "refund"),
    ("for ever", "forever"),
    ("well again", "recovered"),
    ("what has ended", "expired rows"),
    ("kept no longer", "expired"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("mends", "fixes"),
    ("account was made", "account was created"),
    ("account is made", "account is created"),
    ("make the first administrator", "create the first administrator"),
    ("makes the first administrator", "creates the first administrator"),
    ("making the database", "creating the database"),
    ("kill the links", "revoke the links"),
    ("see row #", "name the requirement"),
    ("rows # to #", "name the requirements"),
    ("trap #", "name the fault"),
    ("looks up at", "imports"),
    ("asks nobody", "is pure"),
];

/// Good English that contains one of them.
const ALLOWED: [&str; 12] = [
    "whoever does it",
    "letters and digits",
    "letters or digits",
    "letter or digit",
    "capital letter",
    "capital letters",
    "upper-case letters",
    "lower-case letters",
    "letters of the alphabet",
    "first letter",
    "us letter",
    "letter case",
];

/// A word as it is compared, and its line. An empty one stands between sentences.
type Word = (String, usize);

fn words(text: &str, first_line: usize) -> Vec<Word> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            found.push((String::new(), first_line + number));
        }
        for word in line.split_whitespace() {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            let ends = word.ends_with(['.', ':', ';', '!', '?', ',', '|']);
            if !bare.is_empty() {
                found.push((bare, first_line + number));
            }
            if ends {
                found.push((String::new(), first_line + number));
            }
        }
    }
    found
}

fn is_at(words: &[Word], phrase: &str) -> bool {
    let pattern: Vec<_> = phrase.split(' ').collect();
    words.len() >= pattern.len()
        && pattern.iter().zip(words).all(|(wanted, (word, _))| match *wanted {
            "*" => !word.is_empty(),
            "#" => !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()),
            wanted => word == wanted,
        })
}

/// What is wrong with one text.
fn wrong(file: &str, words: Vec<Word>) -> Vec<String> {
    wrong_by(file, words, &DENIED, &ALLOWED)
}

/// What is wrong with one text by these lists.
fn wrong_by(file: &str, mut words: Vec<Word>, denied: &[(&str, &str)], allowed: &[&str]) -> Vec<String> {
    for at in 0..words.len() {
        for good in allowed.iter().filter(|good| is_at(&words[at..], good)).collect::<Vec<_>>() {
            for word in words.iter_mut().skip(at).take(good.split(' ').count()) {
                word.0.clear();
            }
        }
    }
    let mut found = Vec::new();
    for at in 0..words.len() {
        for (phrase, better) in denied.iter().filter(|(phrase, _)| is_at(&words[at..], phrase)) {
            found.push(format!("{file}:{}: \"{phrase}\"; write: {better}", words[at].1));
        }
    }
    found
}

/// A document without what it quotes and what is judged elsewhere.
fn prose(text: &str) -> String {
    // A table of quoted texts keeps the explanations and loses the texts.
    let (mut inside, mut kept) = (false, String::new());
    for line in text.lines() {
        inside = (inside || line.starts_with("<!-- quoted: ")) && !line.starts_with("<!-- end");
        let shown = if line.starts_with("> ") {
            String::new()
        } else if inside {
            line.split('`').step_by(2).collect::<Vec<_>>().join("`")
        } else {
            line.to_owned()
        };
        kept.push_str(&shown);
        kept.push('\n');
    }
    without_generated(&kept)
}

/// The texts of a source file that people read: documentation, logs, output and errors.
fn texts(source: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let (mut doc, mut begin) = (String::new(), 0);
    for (number, line) in source.lines().enumerate() {
        let line = line.trim_start();
        if let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) {
            if doc.is_empty() {
                begin = number + 1;
            }
            doc.push_str(text);
            doc.push('\n');
        } else if !doc.is_empty() {
            found.push((std::mem::take(&mut doc), begin));
        }
    }
    found.push((doc, begin));
    for call in ["error!(", "warn!(", "info!(", "debug!(", "trace!(", "println!(", "#[error("] {
        for (at, _) in source.match_indices(call) {
            let line = source[..at].matches('\n').count() + 1;
            found.extend(strings(&source[at + call.len()..]).into_iter().map(|(text, _)| (text, line)));
        }
    }
    found
}

/// The plain strings of a call, up to the bracket that closes it, and whether each is a field's value.
pub fn strings(call: &str) -> Vec<(String, bool)> {
    let (mut found, mut open, mut depth, mut before) = (Vec::new(), None::<String>, 1, ' ');
    let mut chars = call.chars();
    while let Some(c) = chars.next() {
        match (&mut open, c) {
            (Some(text), '\\') => text.extend(chars.next().filter(|next| *next != 'n')),
            (Some(text), '"') => {
                found.push((std::mem::take(text), before == '='));
                open = None;
            }
            (Some(text), c) => text.push(c),
            (None, '"') => open = Some(String::new()),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if open.is_none() && !c.is_whitespace() {
            before = c;
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// What is wrong below these roots.
fn violations(roots: &[&str]) -> Vec<String> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<String> = roots.iter().map(|root| (*root).to_owned()).collect();
    let mut found = Vec::new();
    while let Some(name) = open.pop() {
        let path = base.join(&name);
        if EXEMPT.iter().any(|exempt| name == *exempt) {
            continue;
        }
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            let below = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
            open.extend(below.map(|entry| format!("{name}/{entry}")));
        } else if matches!(end, "rs" | "md" | "example") {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            let texts = if end == "rs" { texts(&text) } else { vec![(prose(&text), 1)] };
            found.extend(texts.into_iter().flat_map(|(text, line)| wrong(&name, words(&text, line))));
        }
    }
    found.sort();
    found
}

#[test]
fn the_docs_use_our_words() {
    let found = violations(&DOCS);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_sources_use_our_words() {
    let found = violations(&SOURCES);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_phrase_is_found_wherever_it_stands_and_only_as_a_phrase() {
    let lines = |text: &str| wrong("f", words(text, 1)).len();
    for bad in ["the Audit\n  Trail is", "A letter.", "there is no page that", "see row 69", "is (by itself) sent"] {
        assert_eq!(lines(bad), 1, "{bad}");
    }
    for good in ["Capital letters", "it was asked. For", "trailing", "letters and digits", "octet_length", "rows of 69"]
    {
        assert_eq!(lines(good), 0, "{good}");
    }
}

#[test]
fn the_texts_of_a_source_are_its_docs_and_messages() {
    let source = "//! A letter\n//! was sent.\nfn f() {\n    // a stranger\n    let x = \"trail\";\n    \
                  tracing::info!(event = \"x\", f(1), \"an \\\"octet\\\"\");\n}\n#[error(\"deaf {0}\")]\n";
    let found: Vec<_> = texts(source).into_iter().flat_map(|(text, line)| wrong("f", words(&text, line))).collect();
    let phrases: Vec<_> = found.iter().filter_map(|text| text.split('"').nth(1)).collect();
    assert_eq!(phrases, ["letter", "octet", "deaf"], "{found:?}");
    let quoted = "<!-- quoted: log -->\n| `a letter` | its trail |\n<!-- end -->\n> a stranger\n<!-- generated: a -->\ndesk\n<!-- end -->\n";
    assert_eq!(wrong("f", words(&prose(quoted), 1)).len(), 1);
}
