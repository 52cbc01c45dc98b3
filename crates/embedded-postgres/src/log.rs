//! The server's log becomes ours: one stream, one format, one rotation. The last lines are kept for error messages.
//!
//! No address, password or e-mail may reach a log line, and PostgreSQL likes to quote the values that offended it. So
//! the server is told to leave out details and statements, and what it says about one client's statement stays out of
//! our log: the client gets the same words as an error and knows what to do with them.

use std::{
    collections::VecDeque,
    io::{self, BufRead as _, BufReader, PipeReader},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// `log_line_prefix`: who speaks (`client backend`, `checkpointer`, …).
pub(super) const PREFIX: &str = "%b|";
const KEPT: usize = 20;

/// The last lines that the server logged. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    /// Reads on a thread of its own: a server must never wait for our runtime to take its log lines, and a runtime
    /// may end before the server does.
    pub(super) fn follow(reader: PipeReader) -> io::Result<Self> {
        let tail = Self::default();
        let kept = tail.clone();
        std::thread::Builder::new().name("postgres-log".to_owned()).spawn(move || {
            let mut lines = BufReader::new(reader);
            let mut line = Vec::new();
            let mut about_client = false;
            while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end();
                // A message goes on in lines that begin with a tab.
                if !text.starts_with('\t') {
                    about_client = is_about_a_client(text);
                }
                if !about_client {
                    emit(text);
                    kept.push(text);
                }
                line.clear();
            }
        })?;
        Ok(tail)
    }

    /// Waits, for a moment, until the last words of a server that has ended are read.
    pub(super) async fn settle(&self) {
        for _ in 0..100 {
            // The thread drops its share when nobody can write to the pipe any more.
            if Arc::strong_count(&self.0) == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn push(&self, line: &str) {
        let mut lines = self.lines();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    pub(super) fn text(&self) -> String {
        let lines: Vec<String> = self.lines().iter().map(|line| format!("  {line}")).collect();
        if lines.is_empty() { "  (it said nothing)".to_owned() } else { lines.join("\n") }
    }

    pub(super) fn mentions(&self, words: &str) -> bool {
        self.lines().iter().any(|line| line.contains(words))
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_about_a_client(line: &str) -> bool {
    line.starts_with("client backend|") || line.starts_with("parallel worker|")
}

fn emit(line: &str) {
    // What comes before the prefix is set up is a complaint about the command line or the folder.
    let Some((who, rest)) = line.split_once('|') else {
        tracing::warn!(target: "vestibule::postgres", "{line}");
        return;
    };
    let (level, message) = rest.split_once(':').unwrap_or(("LOG", rest));
    let message = message.trim_start();
    match level {
        "PANIC" | "FATAL" | "ERROR" => {
            tracing::error!(target: "vestibule::postgres", who, "{message}");
        }
        "WARNING" => tracing::warn!(target: "vestibule::postgres", who, "{message}"),
        // The startup process speaks at length only when it recovers from a crash.
        "LOG" if who == "startup" => {
            tracing::info!(target: "vestibule::postgres", who, "{message}");
        }
        _ => tracing::debug!(target: "vestibule::postgres", who, "{message}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_tail_keeps_the_last_lines_but_none_about_a_clients_statement() {
        let (reader, mut writer) = io::pipe().unwrap();
        let tail = Tail::follow(reader).unwrap();
        for number in 0..30 {
            writeln!(writer, "postmaster|LOG:  line {number}").unwrap();
        }
        writeln!(writer, "client backend|ERROR:  bad value ann@example.org\n\tand more of it").unwrap();
        writeln!(writer, "checkpointer|PANIC:  no space\n\tat all").unwrap();
        drop(writer);
        while !tail.mentions("at all") {
            std::thread::sleep(Duration::from_millis(1));
        }
        let text = tail.text();
        assert_eq!(text.lines().count(), KEPT);
        assert!(text.contains("line 29") && !text.contains("line 11\n"));
        assert!(!text.contains("ann@example.org") && !text.contains("and more of it"));
    }
}
