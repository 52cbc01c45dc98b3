//! What breaks, and what holds all the same: two replicas of the real program on a private PostgreSQL behind lines that
//! fail, under a load that writes down what it was promised. See docs/RELIABILITY.md.
//!
//! `cargo test` runs a short form with the program it built; `scripts/faults` runs everything with the release program.
//! Words on the command line choose faults by their names.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed"
)]
#![allow(clippy::similar_names, clippy::needless_for_each, reason = "a test may be told the way it is thought")]

mod house;
mod invariants;
mod ledger;
mod line;
mod load;
mod mailroom;
mod postgres;
mod report;
mod scenarios;
#[path = "../it/support/mod.rs"]
#[allow(dead_code, reason = "what tests/it needs besides")]
mod support;
mod vitals;

use std::{panic::AssertUnwindSafe, process::ExitCode, sync::Arc, time::Instant};

use invariants::Figures;
use postgres::Postgres;
use scenarios::FAULTS;

/// How much of everything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// About a minute, with wide bounds for a busy machine.
    Short,
    /// Everything, with the bounds that are promised.
    Full,
}

impl Form {
    fn of_this_run() -> Self {
        if std::env::var("VESTIBULE_FAULTS").is_ok_and(|form| form == "full") { Self::Full } else { Self::Short }
    }

    /// This in the short form, that in the full one.
    pub fn pick<T>(self, short: T, full: T) -> T {
        if self == Self::Full { full } else { short }
    }
}

fn main() -> ExitCode {
    let (options, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|word| word.starts_with('-'));
    let form = Form::of_this_run();
    let chosen = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    // The short form is short unless somebody asks for more by name.
    let in_form = |short: bool| form == Form::Full || short || !words.is_empty();
    let faults: Vec<_> = FAULTS.iter().filter(|fault| chosen(fault.name) && in_form(fault.short)).collect();
    if options.iter().any(|option| option == "--list") {
        faults.iter().for_each(|fault| println!("{}: test", fault.name));
        return ExitCode::SUCCESS;
    }
    if faults.is_empty() {
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let postgres = Arc::new(Postgres::start());
    let (mut lines, mut wrong) = (Vec::new(), 0);
    for fault in faults {
        println!("{} …", fault.name);
        let started = Instant::now();
        let run = AssertUnwindSafe(|| runtime.block_on((fault.run)(Arc::clone(&postgres), form)));
        // What it said is on standard error.
        let broken = || Figures { wrong: vec!["it could not go on".to_owned()], ..Figures::default() };
        let figures = std::panic::catch_unwind(run).unwrap_or_else(|_| broken());
        for what in figures.wrong.iter().take(20) {
            println!("    {what}");
        }
        wrong += figures.wrong.len();
        let verdict = if figures.wrong.is_empty() { "ok" } else { "FAILED" };
        println!("{} … {verdict} after {:.1} s {}", fault.name, started.elapsed().as_secs_f64(), figures.said);
        lines.push(report::Line { name: fault.name, took: started.elapsed(), figures });
    }
    let table = report::table(&lines);
    println!("\n{table}");
    if options.iter().any(|option| option == "--write") && wrong == 0 && words.is_empty() {
        report::write(&table);
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
