//! Writes the log to standard error without ever blocking or failing the service.
//!
//! 1. Lines go to a bounded queue, and one thread writes them. A reader that is slow, stuck or gone costs lines, never
//!    a request.
//! 2. Lost lines are counted; the log reports the count as soon as it is read again.
//! 3. A regular file is written directly, so that a crash loses no line.
//! 4. Writes go to a duplicate of the descriptor, because a stuck reader would block every user of the lock of
//!    [`io::Stderr`].

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, ErrorKind, Write},
    os::fd::AsFd,
    sync::{Condvar, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

/// Maximum size of the queue, in bytes.
const QUEUE_MAX: usize = 1 << 20;
/// How long shutdown waits for the queue.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// Retry interval for a full pipe that its other end made non-blocking.
const RETRY: Duration = Duration::from_millis(10);

/// Lines of this process that were lost.
pub(super) static LINES_LOST: LazyLock<Counter> = LazyLock::new(Counter::default);

static OUTPUT: OnceLock<Output> = OnceLock::new();

struct Output {
    file: File,
    /// Whether lines are written directly, in the thread that logs them.
    is_direct: bool,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    /// Bytes in the queue, including the line that is being written.
    bytes: usize,
}

/// A writer of log lines that never fails and never waits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LogLines;

impl Write for LogLines {
    /// Takes one whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match OUTPUT.get() {
            Some(output) => output.take(line),
            None => drop(LINES_LOST.inc()),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens standard error for the log. Later calls do nothing.
pub(super) fn start() {
    let Ok(file) = duplicate(io::stderr()) else { return };
    let is_direct = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let output = Output { file, is_direct, queue: Mutex::default(), changed: Condvar::new() };
    if OUTPUT.set(output).is_ok() && !is_direct {
        let named = thread::Builder::new().name("log".to_owned());
        // Without the thread, the queue fills up and the loss is counted.
        named.spawn(|| OUTPUT.get().map(Output::work)).ok();
    }
}

/// Waits until the log is written, at most [`FLUSH_TIMEOUT`].
pub fn flush_log() {
    if let Some(output) = OUTPUT.get() {
        let waiting = |queue: &mut Queue| queue.bytes > 0;
        drop(output.changed.wait_timeout_while(output.queue(), FLUSH_TIMEOUT, waiting));
    }
}

/// Prints a message for the operator on standard error, after the log. Waits for the reader with a timeout; never
/// fails.
pub fn tell(text: &str) {
    let line = format!("{text}\n");
    match OUTPUT.get() {
        Some(output) => {
            flush_log();
            output.take(line.as_bytes());
            flush_log();
        }
        None => drop(io::stderr().write_all(line.as_bytes())),
    }
}

/// Duplicates a standard stream, to write to it without its lock and its buffer.
///
/// # Errors
/// If too many files are open.
pub fn duplicate(stream: impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

/// Writes all bytes. Waits while a pipe is full, even if its other end made it non-blocking.
///
/// # Errors
/// If the reader has closed the pipe, or the disk is full.
pub fn write_patiently(mut file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Output {
    /// Writes or queues a line, or counts it as lost.
    fn take(&self, line: &[u8]) {
        if self.is_direct {
            if write_patiently(&self.file, line).is_err() {
                LINES_LOST.inc();
            }
            return;
        }
        let mut queue = self.queue();
        if queue.bytes + line.len() > QUEUE_MAX {
            drop(queue);
            LINES_LOST.inc();
            return;
        }
        queue.bytes += line.len();
        queue.lines.push_back(line.to_vec());
        drop(queue);
        self.changed.notify_all();
    }

    /// Writes lines as they come.
    fn work(&self) -> ! {
        let mut told = 0;
        loop {
            let line = self.next();
            let written = write_patiently(&self.file, &line);
            self.queue().bytes -= line.len();
            self.changed.notify_all();
            if written.is_err() {
                LINES_LOST.inc();
                continue;
            }
            let lost = LINES_LOST.get();
            if lost > told {
                tracing::warn!(lines = lost - told, "log lines were lost: standard error was closed or not read");
                told = lost;
            }
        }
    }

    /// Waits for the next line.
    fn next(&self) -> Vec<u8> {
        let mut queue = self.queue();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                return line;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, os::fd::OwnedFd};

    use super::*;

    #[test]
    fn field_14_a_full_queue_loses_whole_lines_and_counts_them_and_the_rest_comes_out_in_order() {
        let (mut read, write) = io::pipe().expect("a pipe");
        let file = OwnedFd::from(write).into();
        let output = Output { file, is_direct: false, queue: Mutex::default(), changed: Condvar::new() };
        let output: &'static Output = Box::leak(Box::new(output));
        thread::spawn(|| output.work());
        let before = LINES_LOST.get();
        let all = 2 * QUEUE_MAX / 1024;
        for number in 0..all {
            output.take(format!("{number:01023}\n").as_bytes());
        }
        let kept = all - usize::try_from(LINES_LOST.get() - before).expect("a number");
        assert!((QUEUE_MAX / 1024..QUEUE_MAX / 1024 + 100).contains(&kept), "{kept} of {all}");
        let mut text = vec![0; kept * 1024];
        read.read_exact(&mut text).expect("what was kept");
        let lines = text.chunks(1024).map(|line| String::from_utf8_lossy(line).trim_end().parse().expect("a number"));
        assert!(lines.collect::<Vec<usize>>().is_sorted_by(|one, next| one < next));
    }
}
