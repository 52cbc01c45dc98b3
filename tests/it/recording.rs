//! What every route, form, command, page and email answers, written down: a change shows here which answers it
//! changed, and that it changed no others.
//!
//! - Every test walks one area and compares it, entry by entry, with `recording/recorded-<area>.txt`, which has one
//!   line for each entry, `key | value`, in the order of the keys.
//! - What differs from run to run is masked first: secrets, identifiers, ports, moments. See [`mask`].
//! - An answer's value is its status, where it leads, its kind (short, see [`KINDS`]), `Retry-After`, the cookies it sets
//!   (`*` stands for `HttpOnly; SameSite=Lax; Path=/`), `h:` with a digest of all other headers where they are not
//!   [`USUAL`], and `b:` with a digest of its body.
//! - `json …` asks the same as a program, and is only there where the answer is another one.
//! - Where several visitors, or both languages, go the same way, each answer stands behind the names of those who get
//!   it; without a name everybody does.
//!
//! When an entry differs, the test lists what it was and what it is, and writes the masked answers of the whole area to
//! `target/recording/<area>/`. To see what changed in them, have the same written in a checkout of before with
//! `VESTIBULE_RECORD_BODIES=1 cargo test --test it recording::`, and compare the two folders with `diff -r`.
//!
//! A difference that is meant is accepted with `VESTIBULE_RECORD=1`, which writes the files anew; the commit says why
//! its entries changed.

mod account;
mod command_line;
mod email;
mod entering;
mod errors;
mod factors;
mod journey;
mod leaving;
mod limits;
mod mask;
mod passkeys;
mod routes;
mod visitors;
mod words;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use self::mask::mask;
use crate::support::http::Answer;

/// Both languages of the service.
const LANGUAGES: &[&str] = &["en", "ko"];

/// Content types in a word, all of them with `charset=utf-8`.
const KINDS: [(&str, &str); 6] = [
    ("text/html", "html"),
    ("application/json", "json"),
    ("application/problem+json", "problem"),
    ("text/plain", "text"),
    ("text/css", "css"),
    ("text/javascript", "js"),
];

/// The headers that almost every answer has.
const USUAL: &str = "\
cache-control: no-store
connection: close
content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'
cross-origin-opener-policy: same-origin
cross-origin-resource-policy: same-origin
permissions-policy: camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()
referrer-policy: no-referrer
x-content-type-options: nosniff
x-frame-options: DENY
x-permitted-cross-domain-policies: none
";

/// What is recorded of one area.
pub struct Recording {
    area: &'static str,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, PartialEq)]
struct Entry {
    /// As it stands in the file, on one line.
    value: String,
    /// All of it, for whoever compares.
    whole: String,
}

fn asked_for(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| value == "1")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first `digits` hexadecimal digits of a text's SHA-256.
pub fn digest(text: &str, digits: usize) -> String {
    let bytes = Sha256::digest(text);
    let mut hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    hex.truncate(digits);
    hex
}

impl Recording {
    pub fn of(area: &'static str) -> Self {
        Self { area, entries: BTreeMap::new() }
    }

    /// Goes the same way for each of several, all at once, and compares what they met.
    #[track_caller]
    pub fn of_each(area: &'static str, names: &[&'static str], walk: impl AsyncFn(&mut Self, &'static str) + Sync) {
        let go = |name| {
            let mut recording = Self::of(area);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(walk(&mut recording, name));
            recording
        };
        let recordings: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = names.iter().map(|name| (*name, scope.spawn(|| go(name)))).collect();
            threads.into_iter().map(|(name, thread)| (name, thread.join())).collect()
        });
        let met = |(name, recording): (_, std::thread::Result<Self>)| match recording {
            Ok(recording) => (name, recording),
            Err(panic) => std::panic::resume_unwind(panic),
        };
        Self::together(area, recordings.into_iter().map(met).collect()).check();
    }

    /// What each of several met, under the key that they share.
    fn together(area: &'static str, recordings: Vec<(&'static str, Self)>) -> Self {
        let everybody = recordings.len();
        let mut keys: BTreeMap<String, Vec<(Vec<&str>, Entry)>> = BTreeMap::new();
        for (name, recording) in recordings {
            for (key, entry) in recording.entries {
                let groups = keys.entry(key).or_default();
                match groups.iter_mut().find(|(_, known)| *known == entry) {
                    Some((names, _)) => names.push(name),
                    None => groups.push((vec![name], entry)),
                }
            }
        }
        let one = |mut groups: Vec<(Vec<&str>, Entry)>| {
            if groups.len() == 1 && groups[0].0.len() == everybody {
                return groups.remove(0).1;
            }
            let values = groups.iter().map(|(names, entry)| format!("{}: {}", names.join(" "), entry.value));
            let wholes = groups.iter().map(|(names, entry)| format!("=== {}\n{}\n", names.join(" "), entry.whole));
            Entry { value: values.collect::<Vec<_>>().join(" / "), whole: wholes.collect() }
        };
        Self { area, entries: keys.into_iter().map(|(key, groups)| (key, one(groups))).collect() }
    }

    /// Notes an answer.
    pub fn answer(&mut self, key: &str, answer: &Answer) {
        self.note(key, Masked::of(answer).entry());
    }

    /// Notes an answer together with what HEAD was told, where that is more than the same without a body.
    pub fn answer_and_head(&mut self, key: &str, answer: &Answer, head: &Answer) {
        let (answer, head) = (Masked::of(answer), Masked::of(head));
        let other = (answer.head() != head.head() || !head.body.is_empty()).then(|| format!(" HEAD {}", head.head()));
        let mut entry = answer.entry();
        entry.value.push_str(&other.unwrap_or_default());
        self.note(key, entry);
    }

    /// Notes an answer to somebody else, if it is not what is noted under the other key.
    pub fn answer_if_not_as(&mut self, other: &str, key: &str, answer: &Answer) {
        let entry = Masked::of(answer).entry();
        if self.entries.get(other).is_none_or(|other| other.value != entry.value) {
            self.note(key, entry);
        }
    }

    /// Notes a text that is short enough to stand in the file itself.
    pub fn text(&mut self, key: &str, text: &str) {
        let text = mask(text);
        let value = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        self.note(key, Entry { value, whole: text });
    }

    /// Notes a text by its digest, with something to tell it by.
    pub fn long_text(&mut self, key: &str, about: &str, text: &str) {
        self.sample(key, about, mask(text));
    }

    /// Notes a text that is the same in every run as it is.
    pub fn sample(&mut self, key: &str, about: &str, text: String) {
        let value = format!("{about} b:{}", digest(&text, 12)).trim_start().to_owned();
        self.note(key, Entry { value, whole: text });
    }

    fn note(&mut self, key: &str, entry: Entry) {
        assert!(!key.contains(['\n', '|']) && !entry.value.contains(['\n', '\r']), "{key}: {}", entry.value);
        let before = self.entries.insert(key.to_owned(), entry);
        assert!(before.is_none(), "{key} is recorded twice in {}", self.area);
    }

    /// Compares with what is written down, or writes it down.
    #[track_caller]
    pub fn check(self) {
        let file = root().join(format!("tests/it/recording/recorded-{}.txt", self.area));
        if asked_for("VESTIBULE_RECORD") {
            let line = |(key, entry): (&String, &Entry)| format!("{key} | {}\n", entry.value);
            fs::write(&file, self.entries.iter().map(line).collect::<String>()).expect("a recording");
        }
        let recorded = fs::read_to_string(&file).unwrap_or_default();
        let recorded: BTreeMap<&str, &str> = recorded.lines().filter_map(|line| line.split_once(" | ")).collect();
        let mut differences = String::new();
        for (key, was) in &recorded {
            match self.entries.get(*key) {
                Some(entry) if entry.value == *was => {}
                Some(entry) => writeln!(differences, "{key}:\n  was {was}\n  is  {}", entry.value).expect("a String"),
                None => writeln!(differences, "{key}:\n  was {was}\n  is  not there").expect("a String"),
            }
        }
        for (key, entry) in self.entries.iter().filter(|(key, _)| !recorded.contains_key(key.as_str())) {
            writeln!(differences, "{key}:\n  was not there\n  is  {}", entry.value).expect("a String");
        }
        if !differences.is_empty() || asked_for("VESTIBULE_RECORD_BODIES") {
            let folder = self.dump();
            assert!(differences.is_empty(), "\n{}\n{differences}\nsee {}", self.area, folder.display());
        }
    }

    /// Writes all of it where it can be compared with that of another checkout.
    fn dump(&self) -> PathBuf {
        let folder = root().join("target/recording").join(self.area);
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).expect("a folder");
        for (key, entry) in &self.entries {
            let name = key.replace(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '.'), "_");
            fs::write(folder.join(format!("{name}.txt")), &entry.whole).expect("a file");
        }
        folder
    }
}

/// An answer without what differs from run to run: the moment, and the length, which secrets have a part in, are
/// left out.
struct Masked {
    status: u16,
    /// By name.
    headers: Vec<(String, String)>,
    body: String,
}

impl Masked {
    fn of(answer: &Answer) -> Self {
        let all = answer.headers.iter().filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()));
        let mut headers: Vec<_> = all.map(|(name, value)| (name.clone(), mask(value))).collect();
        headers.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self { status: answer.status, headers, body: mask(&answer.body) }
    }

    /// All of it but the body, in one line.
    fn head(&self) -> String {
        let mut head = self.status.to_string();
        let mut others = String::new();
        for (name, value) in &self.headers {
            match name.as_str() {
                "content-type" => {
                    let known = value.strip_suffix("; charset=utf-8");
                    let known = known.and_then(|known| KINDS.iter().find(|(kind, _)| *kind == known));
                    write!(head, " {}", known.map_or(value.as_str(), |(_, word)| word)).expect("a String");
                }
                "location" => write!(head, " {value}").expect("a String"),
                "retry-after" => write!(head, " retry-after:{}", roughly(value)).expect("a String"),
                "set-cookie" => {
                    let cookie = value.replace("; HttpOnly; SameSite=Lax", "; *").replace("*; Path=/", "*");
                    write!(head, " [{cookie}]").expect("a String");
                }
                _ => writeln!(others, "{name}: {value}").expect("a String"),
            }
        }
        if others != USUAL {
            write!(head, " h:{}", digest(&others, 6)).expect("a String");
        }
        head
    }

    fn entry(mut self) -> Entry {
        let mut value = self.head();
        if !self.body.is_empty() {
            write!(value, " b:{}", digest(&self.body, 12)).expect("a String");
        }
        let waits = self.headers.iter_mut().filter(|(name, _)| name == "retry-after");
        waits.for_each(|(_, value)| *value = roughly(value));
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        Entry { value, whole: format!("{}\n{headers}\n{}", self.status, self.body) }
    }
}

/// A wait in seconds: a long one, which has become shorter while the test ran, to half an hour.
fn roughly(wait: &str) -> String {
    match wait.parse::<u64>() {
        Ok(seconds) if seconds > 3600 => format!("{}", (seconds + 900) / 1800 * 1800),
        _ => wait.to_owned(),
    }
}
