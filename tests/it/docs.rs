//! Documents say what the code says: tables between markers, quoted log lines, links, and their length.
//!
//! `UPDATE_DOCS=1 cargo test --test it docs` rewrites the tables.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use vestibule::{config::SETTINGS, features::apps::Recipe, telemetry::Metrics};

use crate::words::strings;

/// How many words README.md and docs/ may have, without decisions, notes and generated tables.
/// Apps are a subject of their own, with 3,300 of them.
const WORDS_MAX: usize = 19_800;
const END: &str = "<!-- end -->";

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(root(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The text before, inside and after the marked block of a document.
fn block(text: &str, marker: &str) -> (String, String, String) {
    let begin = format!("<!-- {marker} -->\n");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (inside, after) = rest.split_once(END).unwrap_or_else(|| panic!("{marker} has no end"));
    (format!("{before}{begin}"), inside.to_owned(), format!("{END}{after}"))
}

/// Compares a document with what it should be, or makes it so.
#[track_caller]
fn assert_document(file: &str, expected: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root(file), expected).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
    assert!(read(file) == expected, "{file} is out of date; run UPDATE_DOCS=1 cargo test --test it docs");
}

#[track_caller]
fn assert_table(file: &str, marker: &str, head: &str, rows: &[String]) {
    let (before, _, after) = block(&read(file), marker);
    let rule: String = head.split(" | ").map(|_| "|---").collect();
    let table = format!("\n| {head} |\n{rule}|\n{}\n", rows.concat());
    assert_document(file, &format!("{before}{table}{after}"));
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('<', "\\<").replace('|', "\\|")
}

#[test]
fn the_table_of_settings_is_up_to_date() {
    let rows = SETTINGS.iter().map(|setting| {
        let default = if setting.default.is_empty() { "unset".to_owned() } else { format!("`{}`", setting.default) };
        format!("| `{}` | {default} | {} |\n", setting.name, cell(setting.help))
    });
    let rows: Vec<_> = rows.collect();
    assert_table("docs/settings.md", "generated: settings", "variable | default | meaning", &rows);
}

#[test]
fn the_example_explains_every_setting() {
    let mut example = "# Every setting with its default. Copy this file to .env and uncomment the lines you change.\n\
                       # Unchanged, it has no effect. Environment variables win over this file.\n\
                       # NAME_FILE, the path of a file that holds the value, works for every NAME.\n"
        .to_owned();
    for setting in SETTINGS {
        write!(example, "\n# {}\n#{}={}\n", setting.help, setting.name, setting.default).expect("text");
    }
    assert_document(".env.example", &example);
}

/// The lines of a section of a command's help.
fn section<'a>(help: &'a str, name: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let lines = help.lines().skip_while(move |line| *line != name).skip(1).take_while(|line| !line.is_empty());
    lines.map(|line| line.trim_start().split_once("  ").map_or((line.trim(), ""), |(name, text)| (name, text.trim())))
}

/// A row for each command below this one, in the order of its help.
fn commands(path: &[&str], rows: &mut Vec<String>) {
    let program = Command::new(env!("CARGO_BIN_EXE_vestibule")).args(path).arg("--help").output();
    let help = String::from_utf8(program.expect("the program").stdout).expect("text");
    let below: Vec<_> = section(&help, "Commands:").map(|(name, _)| name).filter(|name| *name != "help").collect();
    for name in &below {
        commands(&[path, &[name]].concat(), rows);
    }
    if below.is_empty() {
        let usage = help.lines().find_map(|line| line.strip_prefix("Usage: ")).expect("a usage");
        let mut text = cell(help.lines().next().unwrap_or_default());
        for (option, what) in section(&help, "Options:").filter(|(option, _)| !option.starts_with("-h")) {
            write!(text, "<br>`{option}`: {}", cell(what)).expect("text");
        }
        rows.push(format!("| `{}` | {text} |\n", usage.replace(" [OPTIONS]", "")));
    }
}

#[test]
fn the_table_of_commands_is_up_to_date() {
    let mut rows = Vec::new();
    commands(&[], &mut rows);
    assert_table("docs/cli.md", "generated: commands", "command | what it does", &rows);
}

#[test]
fn the_table_of_metrics_is_up_to_date() {
    let metrics = Metrics::default();
    // A metric with labels is shown once it has a value.
    metrics.request("/login", "GET", 200, Duration::ZERO);
    metrics.sign_in("signed_in");
    metrics.email("sent");
    let text = metrics.encode();
    let mut rows = Vec::new();
    for (name, help) in text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' ')) {
        let kind = text.lines().find_map(|line| line.strip_prefix(&format!("# TYPE {name} "))).expect("a type");
        let shown = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
        let sample = text.lines().find_map(|line| line.strip_prefix(&format!("{shown}{{")));
        let labels = sample.and_then(|sample| sample.split_once('}')).map_or("", |(labels, _)| labels);
        let labels: Vec<_> =
            labels.split(',').filter_map(|label| Some(format!("`{}`", label.split_once('=')?.0))).collect();
        rows.push(format!("| `{shown}` | {kind} | {} | {} |\n", labels.join(", "), help.trim_end_matches('.')));
    }
    assert_table("docs/logging.md", "generated: metrics", "metric | type | labels | what", &rows);
}

#[test]
fn the_table_of_recipes_is_up_to_date() {
    let recipes = Recipe::names().into_iter().map(|name| Recipe::find(&name).expect("a recipe"));
    let rows = recipes.map(|recipe| {
        let tried = recipe.tried.unwrap_or("untried".to_owned());
        format!("| `{}` | [{}]({}) | {tried} |\n", recipe.id, recipe.name, recipe.docs)
    });
    let rows: Vec<_> = rows.collect();
    assert_table("docs/apps.md", "generated: recipes", "recipe | app, and its own documentation | tried", &rows);
}

/// The programs of docs/apps.md are those that scripts/clients runs.
#[test]
fn the_programs_are_those_that_are_run() {
    let names: Vec<_> = read("docs/apps.md")
        .split("<!-- generated: program ")
        .skip(1)
        .filter_map(|rest| rest.split_once(" -->").map(|(name, _)| name.to_owned()))
        .collect();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        let language = match name.rsplit_once('.').map(|(_, end)| end) {
            Some("mjs") => "js",
            Some("py") => "python",
            Some("rb") => "ruby",
            Some("rs") => "rust",
            Some(other) => other,
            None => "",
        };
        let program = read(&format!("tests/clients/apps/{name}"));
        let (before, _, after) = block(&read("docs/apps.md"), &format!("generated: program {name}"));
        assert_document("docs/apps.md", &format!("{before}\n```{language}\n{program}```\n\n{after}"));
    }
}

/// The text of the first code span of each row of a table.
fn first_cells(table: &str) -> BTreeSet<String> {
    table.lines().filter_map(|row| row.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let mut manifests = files("crates", "/Cargo.toml");
    manifests.extend(["Cargo.toml", "fuzz/Cargo.toml"].map(|name| (name.to_owned(), read(name))));
    let mut named = BTreeSet::new();
    for (_, manifest) in &manifests {
        let mut counts = false;
        for line in manifest.lines() {
            if line.starts_with('[') {
                counts = matches!(line, "[dependencies]" | "[dev-dependencies]");
            } else if counts && !line.starts_with('#') && !line.contains("path = ") {
                named.extend(line.split_once(" = ").map(|(name, _)| name.to_owned()));
            }
        }
    }
    let (_, table, _) = block(&read("docs/DEPENDENCIES.md"), "generated: dependencies");
    assert_eq!(first_cells(&table), named);
}

/// Every file below a folder that ends so, with its name from the root.
fn files(folder: &str, end: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let entries = fs::read_dir(root(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    for entry in entries {
        let name = format!("{folder}/{}", entry.expect("an entry").file_name().to_str().expect("a name"));
        if root(&name).is_dir() {
            found.extend(files(&name, end));
        } else if name.ends_with(end) {
            found.push((name.clone(), read(&name)));
        }
    }
    found.sort();
    found
}

/// The messages of warnings and errors that can be quoted: without values and code spans.
fn messages(source: &str) -> BTreeSet<String> {
    let calls = ["tracing::warn!(", "tracing::error!("].into_iter().flat_map(|call| source.split(call).skip(1));
    let messages = calls.filter_map(|call| strings(call).pop().filter(|(_, is_value)| !is_value));
    let one_line = messages.map(|(message, _)| message.split_whitespace().collect::<Vec<_>>().join(" "));
    one_line.filter(|message| !message.contains(['{', '`'])).collect()
}

#[test]
fn the_manual_explains_every_warning_and_error() {
    let source =
        "tracing::warn!(what, %error, \"a b\");\n tracing::error!(event = \"c\");\n Err(_) => tracing::warn!(\"d\"),\n";
    let sample: Vec<_> = messages(source).into_iter().collect();
    assert_eq!(sample, ["a b", "d"]);
    let sources = [files("src", ".rs"), files("crates", ".rs")].concat();
    let written: BTreeSet<_> = sources.iter().flat_map(|(_, text)| messages(text)).collect();
    let (_, table, _) = block(&read("docs/logging.md"), "quoted: log");
    assert_eq!(first_cells(&table), written);
}

#[test]
fn the_manual_quotes_messages_that_exist() {
    let sources = [files("src", ".rs"), files("crates", ".rs")].concat();
    // A message may go on in the next line of its source.
    let lines: Vec<_> = sources.iter().flat_map(|(_, text)| text.lines().map(str::trim)).collect();
    let source = lines.join(" ").replace("\\ ", "");
    let (_, table, _) = block(&read("docs/troubleshooting.md"), "quoted: errors");
    let cells = table.lines().filter_map(|row| row.strip_prefix("| `")?.split(" | ").next());
    let quoted: Vec<_> = cells.flat_map(|cell| cell.trim_end_matches('`').split("`, `")).collect();
    assert!(quoted.len() > 20 && !source.contains("no such message"), "{quoted:?}");
    let missing: Vec<_> = quoted.iter().filter(|text| !source.contains(**text)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Documents that people read from the beginning to the end.
fn documents() -> impl Iterator<Item = (String, String)> {
    let readme = ("README.md".to_owned(), read("README.md"));
    let kept = |(name, _): &(String, String)| !name.starts_with("docs/adr/") && !name.starts_with("docs/notes/");
    files("docs", ".md").into_iter().filter(kept).chain([readme])
}

/// A document without what is judged at its source. Every line stays where it was.
pub fn without_generated(text: &str) -> String {
    let mut parts = text.split("<!-- generated: ");
    let mut own = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (table, after) = part.split_once(END).unwrap_or((part, ""));
        own.extend(table.chars().filter(|c| *c == '\n'));
        own.push_str(after);
    }
    own
}

#[test]
fn the_docs_are_short_enough_to_be_read() {
    let count = |(_, text): (String, String)| {
        let text = without_generated(&text.replace("<!-- quoted: ", "<!-- generated: "));
        text.split_whitespace().count()
    };
    let words: usize = documents().map(count).sum();
    assert!(words <= WORDS_MAX, "{words} words");
}

/// What a heading is linked by.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let changes = ("CHANGELOG.md".to_owned(), read("CHANGELOG.md"));
    let all: BTreeMap<_, _> = files("docs", ".md").into_iter().chain(documents()).chain([changes]).collect();
    let mut broken = Vec::new();
    for (file, text) in &all {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let folder = root(file).parent().expect("a folder").to_owned();
            let path = if path.is_empty() { root(file) } else { folder.join(path) };
            let has = |heading: &str| {
                let text = fs::read_to_string(&path).unwrap_or_default();
                text.lines().any(|line| line.starts_with('#') && anchor(line) == heading)
            };
            if !path.exists() || !heading.is_empty() && !has(heading) {
                broken.push(format!("{file}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
