//! One table of all faults, for the terminal and for docs/notes/faults.md.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use crate::invariants::Figures;

const BEGIN: &str = "<!-- figures: begin; `scripts/faults --write` makes them -->";
const END: &str = "<!-- figures: end -->";

/// One line of the table.
pub struct Line {
    pub name: &'static str,
    pub took: Duration,
    pub figures: Figures,
}

/// The table, in Markdown.
pub fn table(lines: &[Line]) -> String {
    let mut table = String::from(
        "| fault | s | requests | acknowledged | lost | spent twice | back after | highest RSS | slowest | 503 | other 5xx | |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n",
    );
    for Line { name, took, figures } in lines {
        let back = figures.recovered.map_or("–".to_owned(), |after| format!("{:.1} s", after.as_secs_f64()));
        writeln!(
            table,
            "| {name} | {:.0} | {} | {} | {} | {} | {back} | {} MiB | {:.1} s | {} | {} | {} |",
            took.as_secs_f64(),
            figures.requests,
            figures.acknowledged,
            figures.lost,
            figures.spent_twice,
            figures.rss_mib,
            figures.slowest.as_secs_f64(),
            figures.busy,
            figures.faults,
            figures.said,
        )
        .expect("text");
    }
    table
}

/// Puts the table where the document has its place for it.
pub fn write(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/notes/faults.md");
    let text = fs::read_to_string(&path).expect("docs/notes/faults.md");
    let (before, rest) = text.split_once(BEGIN).expect("the beginning of the figures");
    let (_, after) = rest.split_once(END).expect("the end of the figures");
    fs::write(&path, format!("{before}{BEGIN}\n\n{table}\n{END}{after}")).expect("docs/notes/faults.md");
}
