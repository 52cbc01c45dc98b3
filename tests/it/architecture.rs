//! What the source promises about itself: who may import whom, and house rules a machine can hold.

mod shapes;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The edges between features that are right: `(who imports, what)`. The first administrator fills the sign-up form;
/// flows that begin with a mailed link share its email; the export reads each table through its owner.
const FEATURE_EDGES: [(&str, &str); 16] = [
    ("admin", "recovery"),
    ("admin", "verification"),
    ("data_export", "email"),
    ("data_export", "groups"),
    ("data_export", "passkeys"),
    ("data_export", "recovery_codes"),
    ("data_export", "totp"),
    ("deletion", "email"),
    ("email", "verification"),
    ("end_session", "logout"),
    ("passkeys", "recovery_codes"),
    ("recovery", "deletion"),
    ("recovery", "verification"),
    ("registration", "verification"),
    ("setup", "registration"),
    ("totp", "recovery_codes"),
];
/// What stands in `src/lib.rs` itself, and the one module that may use it.
const ROOT_ITEMS: [(&str, &str); 1] = [("MIGRATOR", "db")];
const LINES_MAX: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder that ends so, with its path from the root.
fn files(folder: &str, ends: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path: PathBuf = entry.expect("an entry").path();
            let name = path.strip_prefix(root()).expect("a file of ours").to_str().expect("a name").to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if ends.iter().any(|end| name.ends_with(end)) {
                found.push((name, fs::read_to_string(&path).expect("readable text")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

/// Rust without comments and without the text of strings; every line stays where it was.
fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some((start, end)) = string_start(rest, code.chars().last()) {
            rest[start..].find(&end).map_or(rest.len(), |found| start + found + end.len())
        } else if first == '"' {
            1 + quoted_end(&rest[1..])
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').map_or(rest.len(), |end| end + 2)
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        code.extend(rest[..taken].chars().filter(|c| *c == '\n'));
        rest = &rest[taken..];
    }
    code
}

/// A raw string: where its text starts, and what ends it.
fn string_start(text: &str, before: Option<char>) -> Option<(usize, String)> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !matches!(before, Some('b')) {
        return None;
    }
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then(|| (hashes + 2, format!("\"{}", "#".repeat(hashes))))
}

/// The length of a plain string after its opening quote, with its closing one.
fn quoted_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The module that a file is, from the crate's root: `src/web/mod.rs` is `[web]`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.strip_prefix("src/").expect("a source file").trim_end_matches(".rs");
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

/// A path that a file names, with its line.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    line: usize,
    path: Vec<String>,
    /// Whether it began with `super`.
    climbs: bool,
}

/// Every path that starts at the crate's root, also inside groups, and those that climb there.
fn paths(file: &str, text: &str) -> Vec<Named> {
    let code = code_only(text);
    let mut found = Vec::new();
    for prefix in ["crate::", "super::"] {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().last();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let mut rest = &code[at..];
            let mut base = Vec::new();
            if prefix == "super::" {
                base = module_of(file);
                while let Some(above) = rest.strip_prefix("super::") {
                    base.pop();
                    rest = above;
                }
            } else {
                rest = &rest[prefix.len()..];
            }
            let line = code[..at].matches('\n').count() + 1;
            let before = found.len();
            tree(&base, rest, line, &mut found);
            found[before..].iter_mut().for_each(|named| named.climbs = prefix == "super::");
        }
    }
    found
}

/// Reads one use tree and returns what follows it.
fn tree<'a>(base: &[String], text: &'a str, line: usize, found: &mut Vec<Named>) -> &'a str {
    let text = text.trim_start();
    let Some(group) = text.strip_prefix('{') else {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let path = [base, &[text[..end].to_owned()]].concat();
        return match text[end..].strip_prefix("::") {
            Some(rest) if end > 0 => tree(&path, rest, line, found),
            _ => {
                found.push(Named { line, path, climbs: false });
                &text[end..]
            }
        };
    };
    let (mut rest, mut line) = (group, line);
    loop {
        let start = rest.len() - rest.trim_start().len();
        line += rest[..start].matches('\n').count();
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix('}') {
            return after;
        }
        let after = tree(base, rest, line, found);
        line += rest[..rest.len() - after.len()].matches('\n').count();
        // Past the comma, and past `as name` or `*`, which name nothing of ours.
        let next = after.find([',', '}']).unwrap_or(after.len());
        rest = after[next..].strip_prefix(',').unwrap_or(&after[next..]);
        if rest.is_empty() {
            return rest;
        }
    }
}

/// The arrows of `src/lib.rs`, lowest first.
fn arrows() -> Vec<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let line = lib.lines().find(|line| line.starts_with("//! types < ")).expect("the arrows in the crate's doc");
    line.trim_start_matches("//! ").split(" < ").map(str::to_owned).collect()
}

/// What is wrong with one file's imports.
fn wrong_arrows(file: &str, text: &str, arrows: &[String], features: &BTreeSet<String>) -> Vec<String> {
    let rank = |module: &str| arrows.iter().position(|arrow| arrow == module);
    let own = module_of(file);
    let Some(module) = own.first() else { return Vec::new() };
    let Some(own_rank) = rank(module) else { return vec![format!("{file}: {module} has no place among the arrows")] };
    let mut wrong = Vec::new();
    for Named { line, path, climbs } in paths(file, text) {
        let (to, inner) = (path[0].as_str(), path.get(1).map(String::as_str).unwrap_or_default());
        match rank(to) {
            Some(to_rank) if to_rank > own_rank => wrong.push(format!("{file}:{line}: {module} looks up at {to}")),
            Some(_) if to == "features" && module == "features" && features.contains(inner) => {
                let from = own.get(1).map(String::as_str).unwrap_or_default();
                if from != inner && !FEATURE_EDGES.contains(&(from, inner)) {
                    wrong.push(format!("{file}:{line}: the feature {from} imports the feature {inner}"));
                }
            }
            Some(_) => {}
            // `super` of an inner module, such as a file's tests, is the file itself.
            None if climbs || ROOT_ITEMS.contains(&(to, module)) => {}
            None => wrong.push(format!("{file}:{line}: {module} uses {to}, which is no module of the crate")),
        }
    }
    wrong
}

fn feature_names() -> BTreeSet<String> {
    let named =
        |entry: fs::DirEntry| entry.file_name().into_string().expect("a name").trim_end_matches(".rs").to_owned();
    let entries = fs::read_dir(root().join("src/features")).expect("the features");
    entries.map(|entry| named(entry.expect("an entry"))).filter(|name| name != "mod").collect()
}

#[test]
fn imports_only_point_left() {
    let (arrows, features) = (arrows(), feature_names());
    assert!(arrows.len() > 10 && features.contains("login"), "{arrows:?} {features:?}");
    let wrong: Vec<String> =
        files("src", &[".rs"]).iter().flat_map(|(file, text)| wrong_arrows(file, text, &arrows, &features)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_arrow_would_be_seen_wherever_it_hides() {
    let (arrows, features) = (arrows(), feature_names());
    for (file, text, line) in [
        ("src/types/ids.rs", "use crate::config::Config;", 1),
        ("src/db/mod.rs", "// crate::web\nuse crate::{\n    config::A,\n    types::{B, C as D},\n    web::Ctx,\n};", 5),
        ("src/passwords/mod.rs", "fn f() -> crate::state::AppState {}", 1),
        ("src/web/form.rs", "\"crate::types\";\nuse super::super::features::login;", 2),
        ("src/web/form.rs", "let a = r#\"\n\"#; crate::app::build()", 2),
        ("src/features/login/handlers.rs", "use crate::{features::{login::forms, logout}, web::Ctx};", 1),
        ("src/features/login/mod.rs", "use super::logout::pages;", 1),
        ("src/web/mod.rs", "static M: u8 = crate::MIGRATOR;", 1),
    ] {
        let wrong = wrong_arrows(file, text, &arrows, &features);
        assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
        assert!(wrong[0].starts_with(&format!("{file}:{line}: ")), "{wrong:?}");
    }
    for (file, text) in [
        ("src/web/form.rs", "use super::{AppError, Ctx};\nuse crate::{state::AppState, types::{Lang, ReturnTo}};"),
        ("src/features/login/handlers.rs", "use super::forms;\nuse crate::features::login::pages; // crate::app"),
        ("src/db/migrations.rs", "use crate::MIGRATOR;\nmod tests { use super::*; }"),
        ("src/types/ids.rs", "let quote = '\"'; let text = \"crate::app\";"),
    ] {
        assert_eq!(wrong_arrows(file, text, &arrows, &features), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_file_stays_small_enough_to_be_read() {
    for (file, text) in files("src", &[".rs"]).into_iter().chain(files("tests", &[".rs"])) {
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{file} has {lines} lines");
    }
}

#[test]
fn the_service_itself_has_no_unsafe_code() {
    for (file, text) in files("src", &[".rs"]) {
        let code = code_only(&text);
        let word = |word: &str| word == "unsafe";
        for (number, line) in code.lines().enumerate() {
            let found = line.split(|c: char| !c.is_alphanumeric() && c != '_').any(word);
            assert!(!found, "{file}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    let folders: [(&str, &[&str]); 6] = [
        ("src", &[".rs"]),
        ("tests", &[".rs"]),
        ("migrations", &[".sql"]),
        ("templates", &[".html", ".txt"]),
        ("locales", &[".ftl"]),
        ("static", &[".css", ".js", ".svg"]),
    ];
    for (file, text) in folders.iter().flat_map(|(folder, ends)| files(folder, ends)) {
        for (number, line) in text.lines().enumerate() {
            assert!(!marks.iter().any(|mark| line.contains(mark.as_str())), "{file}:{}: {line}", number + 1);
        }
    }
}

/// The elements of a statement in parentheses, or the statement itself.
fn elements(statement: &str) -> Vec<String> {
    let (mut elements, mut depth) = (vec![String::new()], 0);
    for c in statement.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth <= 1 => {
                elements.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(element) = elements.last_mut() {
            element.push(c);
        }
    }
    elements
}

/// The constraints of a migration that the database would have to name itself.
fn nameless(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join(" ").to_lowercase();
    let mut found = Vec::new();
    for statement in text.split(';').map(str::trim) {
        if statement.contains("create index on") || statement.contains("create unique index on") {
            found.push(statement.to_owned());
        }
        if !statement.starts_with("create table") && !statement.starts_with("alter table") {
            continue;
        }
        let body = if statement.starts_with("create") {
            statement.split_once('(').map_or("", |(_, body)| body)
        } else {
            statement
        };
        for element in elements(&format!("({body}")) {
            let kinds = ["primary key", "foreign key", "references ", "unique", "check (", "check(", "exclude "];
            let first = kinds.iter().filter_map(|kind| element.find(kind)).min();
            if first.is_some_and(|at| !element[..at].contains("constraint ")) {
                found.push(element);
            }
        }
    }
    found
}

#[test]
fn every_constraint_of_the_schema_has_a_name() {
    for bad in [
        "create table t (id uuid primary key, b int)",
        "create table t (a int, constraint c check (a > 0), unique (a, b))",
        "create table t (a int references u (id))",
        "alter table t add unique (a)",
        "create index on t (a)",
    ] {
        assert_eq!(nameless(bad).len(), 1, "{bad}: {:?}", nameless(bad));
    }
    for (file, sql) in files("migrations", &[".sql"]) {
        assert_eq!(nameless(&sql), Vec::<String>::new(), "{file}");
    }
}
