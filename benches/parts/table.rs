//! The table that the bench prints.

use std::fmt::Write as _;

/// What a figure has to be.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    AtLeast(f64),
    AtMost(f64),
    /// Told for what it is worth.
    None,
}

#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<(String, String, Bar, bool)>,
}

impl Table {
    /// A figure, in two decimals and with its unit.
    pub fn figure(&mut self, what: &str, reached: f64, unit: &str, bar: Bar) {
        self.row(what, reached, &format!("{reached:.2}{unit}"), bar);
    }

    /// A figure with more to say about it.
    pub fn row(&mut self, what: &str, reached: f64, said: &str, bar: Bar) {
        let met = match bar {
            Bar::AtLeast(bar) => reached >= bar,
            Bar::AtMost(bar) => reached <= bar,
            Bar::None => true,
        };
        self.rows.push((what.to_owned(), said.to_owned(), bar, met));
    }

    /// Whether every bar is met.
    pub fn all_met(&self) -> bool {
        self.rows.iter().all(|(.., met)| *met)
    }

    pub fn text(&self) -> String {
        let mut text = "| figure | reached | bar | |\n|---|---:|---:|---|\n".to_owned();
        for (what, reached, bar, met) in &self.rows {
            let (bar, verdict) = match (bar, met) {
                (Bar::None, _) => (String::new(), ""),
                (Bar::AtLeast(bar), true) => (format!("≥ {bar:.2}"), "met"),
                (Bar::AtLeast(bar), false) => (format!("≥ {bar:.2}"), "MISSED"),
                (Bar::AtMost(bar), true) => (format!("≤ {bar:.2}"), "met"),
                (Bar::AtMost(bar), false) => (format!("≤ {bar:.2}"), "MISSED"),
            };
            // Writing to a String cannot fail.
            writeln!(text, "| {what} | {reached} | {bar} | {verdict} |").ok();
        }
        text
    }
}

/// The middle of some measurements.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
