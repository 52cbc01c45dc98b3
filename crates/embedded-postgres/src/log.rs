//! The server's log, relayed to `tracing` with the target `postgres`. The last lines are kept for error messages.
//!
//! PostgreSQL quotes the values in a statement that failed, and those may be personal data. So the server logs neither
//! details nor statements, and lines about a client's statement are dropped: the client receives the same error.

use std::{
    collections::VecDeque,
    io::{self, BufRead as _, BufReader, PipeReader},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing::{debug, error, info, warn};

/// `log_line_prefix`: the type of the process that logs (`client backend`, `checkpointer`, …).
pub(crate) const PREFIX: &str = "%b|";
const TARGET: &str = "postgres";
const KEPT: usize = 20;

/// The last lines of the log. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    /// Relays a log from a thread: the server must never wait for a busy async runtime, and may outlive it.
    pub(crate) fn follow(reader: PipeReader) -> io::Result<Self> {
        let tail = Self::default();
        let kept = tail.clone();
        std::thread::Builder::new().name("postgres-log".to_owned()).spawn(move || {
            let mut lines = BufReader::new(reader);
            let mut line = Vec::new();
            let mut about_client = false;
            while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end();
                // Further lines of a message begin with a tab.
                if !text.starts_with('\t') {
                    about_client = ["client backend|", "parallel worker|"].iter().any(|by| text.starts_with(by));
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

    /// Waits up to half a second until the log of a server that has ended is read to its end.
    pub(crate) async fn settle(&self) {
        for _ in 0..100 {
            // The thread drops its clone when no process can write to the pipe any more.
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

    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self.lines().iter().map(|line| format!("  {line}")).collect();
        if lines.is_empty() { "  (empty)".to_owned() } else { lines.join("\n") }
    }

    pub(crate) fn mentions(&self, words: &str) -> bool {
        self.lines().iter().any(|line| line.contains(words))
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn emit(line: &str) {
    // Before the prefix is configured, the server only complains about its arguments or its folder.
    let Some((process, rest)) = line.split_once('|') else { return warn!(target: TARGET, "{line}") };
    let (level, message) = rest.split_once(':').unwrap_or(("LOG", rest));
    let message = message.trim_start();
    match level {
        "PANIC" | "FATAL" | "ERROR" => error!(target: TARGET, process, "{message}"),
        "WARNING" => warn!(target: TARGET, process, "{message}"),
        // The startup process logs more than a line only when it recovers from a crash.
        "LOG" if process == "startup" => info!(target: TARGET, process, "{message}"),
        _ => debug!(target: TARGET, process, "{message}"),
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
