//! The shapes of the house: how long functions are, which files a slice has, who owns which table.

use std::collections::BTreeSet;

use super::{code_only, files};

/// The most lines of a handler, and of any function, between its braces.
const HANDLER_MAX: usize = 20;
const FUNCTION_MAX: usize = 50;
/// The files of a slice; a folder of the same name holds a file's second half.
const SLICE_FILES: [&str; 8] = ["mod", "model", "store", "service", "forms", "pages", "handlers", "export"];
/// The tables of factors and groups, and the one slice whose SQL names each. Everyone else reads factors through the view
/// `account_factors`, and the groups of an account from its session.
const OWNED_TABLES: [(&str, &str); 6] = [
    ("groups", "groups"),
    ("group_members", "groups"),
    ("totp_factors", "totp"),
    ("passkeys", "passkeys"),
    ("webauthn_ceremonies", "passkeys"),
    ("recovery_codes", "recovery_codes"),
];

/// What the floor reads of those tables: `(where, which)`. The one statement that decides about a request has the names
/// of groups beside the session or the app, so that the loss of a group takes effect with the next one.
const READ_BY_THE_FLOOR: [(&str, &str); 4] = [
    ("src/sessions/live.rs", "groups"),
    ("src/sessions/live.rs", "group_members"),
    ("src/apps/", "groups"),
    ("src/apps/", "group_members"),
];

/// A function: its name, its first line, how many lines are between its braces, and its signature.
struct Function {
    name: String,
    line: usize,
    lines: usize,
    signature: String,
}

/// The functions of a file, without those of its tests.
fn functions(text: &str) -> Vec<Function> {
    let code = code_only(text);
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let before = code[..at].chars().last();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at..];
        let (Some(open), end) = (rest.find('{'), rest.find(';').unwrap_or(usize::MAX)) else { continue };
        if end < open {
            continue;
        }
        let (mut depth, mut close) = (0, open);
        for (offset, c) in rest[open..].char_indices() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if depth == 0 {
                close = open + offset;
                break;
            }
        }
        let name = rest[3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let lines = rest[open..close].matches('\n').count().saturating_sub(1);
        let line = code[..at].matches('\n').count() + 1;
        found.push(Function { name, line, lines, signature: rest[..open].to_owned() });
    }
    found
}

fn is_handler(function: &Function) -> bool {
    function.signature.contains("ctx: Ctx") && function.signature.contains("-> Answer")
}

#[test]
fn a_handler_is_read_at_one_glance_and_a_function_fits_a_screen() {
    let mut handlers = 0;
    let mut long = Vec::new();
    for (file, text) in files("src", &[".rs"]) {
        for function in functions(&text) {
            let handler = is_handler(&function);
            handlers += usize::from(handler);
            let most = if handler { HANDLER_MAX } else { FUNCTION_MAX };
            if function.lines > most {
                let Function { name, line, lines, .. } = function;
                long.push(format!("{file}:{line}: {name} has {lines} lines; the most is {most}"));
            }
        }
    }
    assert!(handlers > 50, "only {handlers} handlers were found");
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn a_long_function_would_be_seen() {
    let body = "    x();\n".repeat(21);
    let text =
        format!("async fn f(ctx: Ctx) -> Answer {{\n{body}}}\nfn g() {{ \"{{\"; }}\n#[cfg(test)]\nfn h() {{}}\n");
    let found = functions(&text);
    let seen: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.lines, f.line, is_handler(f))).collect();
    assert_eq!(seen, [("f", 21, 1, true), ("g", 0, 24, false)]);
}

#[test]
fn a_slice_has_the_same_seven_files() {
    let allowed: BTreeSet<_> = SLICE_FILES.into();
    for (file, _) in files("src/features", &[".rs"]) {
        let Some((_, path)) = file.strip_prefix("src/features/").and_then(|path| path.split_once('/')) else {
            continue;
        };
        let name = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        assert!(allowed.contains(name), "{file}: a slice has no such file");
    }
}

#[test]
fn only_services_begin_a_transaction() {
    for (file, text) in files("src/features", &[".rs"]) {
        let is_service = file.ends_with("/service.rs") || file.contains("/service/");
        let code = code_only(&text);
        assert!(is_service || !code.contains(".begin()"), "{file} begins a transaction");
        let http = ["tower_sessions", "axum::", "web::Ctx", " Ctx,", " Ctx}"];
        let named = http.iter().find(|name| is_service && code.contains(**name));
        assert!(named.is_none(), "{file}: a service knows nothing of {named:?}");
    }
}

#[test]
fn the_table_of_a_slice_is_named_by_that_slice_alone() {
    for (file, text) in files("src", &[".rs"]) {
        for (table, owner) in OWNED_TABLES {
            let reads = READ_BY_THE_FLOOR.iter().any(|(place, read)| *read == table && file.starts_with(place));
            let verbs = if reads { &["into", "update"][..] } else { &["from", "into", "update", "join"] };
            let named = verbs.iter().any(|verb| {
                let clause = format!("{verb} {table}");
                text.match_indices(&clause).any(|(at, _)| {
                    let after = text[at + clause.len()..].chars().next();
                    after.is_none_or(|c| !c.is_alphanumeric() && c != '_')
                })
            });
            assert!(!named || file.starts_with(&format!("src/features/{owner}/")), "{file} names {table}");
        }
    }
}
