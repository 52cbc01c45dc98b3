//! Logs, metrics, and background tasks that report a panic.

mod output;
mod sampler;

use std::{backtrace::Backtrace, io::IsTerminal as _, panic, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry, Unit},
};
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Logging};
pub use sampler::Sampler;

pub use output::{duplicate, flush_log, tell, write_patiently};

/// Initialises the log on standard error; later calls do nothing.
pub fn start_log(settings: &Logging) {
    // Silences noise: tower-sessions warns of every expired cookie and opens a span per request, and webauthn-rs reports
    // forged responses as errors. When the database stops responding, sqlx would log every statement that waits.
    let quiet = "tower_sessions=error,tower_sessions_core=error,webauthn_rs=off,webauthn_rs_core=off,sqlx::query=error";
    let filter = format!("{quiet},sqlx::postgres::notice=warn,{}", settings.filter);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    output::start();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(output::LogLines::default);
    let terminal = std::io::stderr().is_terminal();
    let json = settings.format.map_or(!terminal, |format| format == LogFormat::Json);
    let started = if json {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        builder.with_ansi(terminal).with_target(false).try_init()
    };
    // Only tests start the log twice.
    drop(started);
}

/// Logs panics instead of printing them: the standard library would wait for the reader of standard error.
pub fn log_panics() {
    panic::set_hook(Box::new(|panicked| {
        let what = panicked.payload_as_str().unwrap_or("no message");
        let place = panicked.location().map(ToString::to_string);
        // Captured if RUST_BACKTRACE asks for it.
        let backtrace = Backtrace::capture();
        tracing::error!(what, place, %backtrace, "a thread panicked");
    }));
}

/// Spawns a background task; a panic in it is logged under its name.
#[expect(clippy::disallowed_methods, reason = "this is the one place that spawns tasks")]
pub fn spawn<F>(name: &'static str, task: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(named(name, task))
}

/// The same for a task that a `JoinSet` or a `TaskTracker` spawns.
pub async fn named<F: Future>(name: &'static str, task: F) -> F::Output {
    let _guard = LogPanic(name);
    task.await
}

/// Logs the panic that unwinds through it.
struct LogPanic(&'static str);

impl Drop for LogPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(task = self.0, "background task panicked");
        }
    }
}

/// Metrics of one service instance, served in the Prometheus text format.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    /// Argon2 runs started.
    pub hashes: Counter,
    /// Passwords being hashed.
    pub hashing: Gauge,
    /// Passwords rejected because the queue was full.
    pub hashes_refused: Counter,
    sign_ins: Family<[(&'static str, &'static str); 1], Counter>,
    /// Open connections.
    pub connections: Gauge,
    /// Session checks served from the cache.
    pub session_checks_cached: Counter,
    /// Session checks sent to the database.
    pub session_checks_database: Counter,
    /// Token checks served from the cache.
    pub token_checks_cached: Counter,
    /// Token checks sent to the database.
    pub token_checks_database: Counter,
    emails: Family<[(&'static str, &'static str); 1], Counter>,
    /// Emails in the outbox.
    pub emails_waiting: Gauge,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

impl Default for Metrics {
    fn default() -> Self {
        let buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
        let mut registry = Registry::with_prefix("vestibule");
        let all = &mut registry;
        let requests = register(all, "http_requests", "Answered requests");
        let duration = Histogram::new(buckets);
        all.register_with_unit("http_request_duration", "Time to answer", Unit::Seconds, duration.clone());
        // One log for the process, whatever is mounted in it.
        let lost = "Log lines lost because standard error was closed or not read";
        all.register("log_lines_lost", lost, output::LINES_LOST.clone());
        Self {
            requests,
            duration,
            hashes: register(all, "password_hashes", "Argon2 runs started"),
            hashing: register(all, "password_hashing", "Passwords being hashed"),
            hashes_refused: register(all, "password_hashes_refused", "Passwords rejected because the queue was full"),
            sign_ins: register(all, "sign_ins", "Sign-in attempts by outcome"),
            connections: register(all, "connections", "Open connections"),
            session_checks_cached: register(all, "session_checks_cached", "Session checks served from the cache"),
            session_checks_database: register(all, "session_checks_database", "Session checks sent to the database"),
            token_checks_cached: register(all, "token_checks_cached", "Access tokens judged from the cache"),
            token_checks_database: register(all, "token_checks_database", "Access tokens judged by the database"),
            emails: register(all, "emails", "Email deliveries by outcome"),
            emails_waiting: register(all, "emails_waiting", "Emails in the outbox"),
            registry,
        }
    }
}

fn register<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// Counts an answered request by its route pattern, never its path.
    pub fn request(&self, route: &'static str, method: &'static str, status: u16, took: Duration) {
        let labels = RequestLabels { route, method, status };
        self.requests.get_or_create(&labels).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// Counts a sign-in attempt.
    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Counts an attempt to deliver an email.
    pub fn email(&self, outcome: &'static str) {
        self.emails.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Encodes all metrics in the Prometheus text format (`OpenMetrics` 1.0).
    pub fn encode(&self) -> String {
        let mut encoded = String::new();
        // Writing to a String cannot fail.
        text::encode(&mut encoded, &self.registry).ok();
        encoded
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, sync::Mutex};

    #[tokio::test]
    async fn a_panic_in_a_background_task_is_logged_under_its_name() {
        let (mut read, write) = std::io::pipe().expect("a pipe");
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(write)).finish();
        let logging = tracing::subscriber::set_default(subscriber);
        super::spawn("a good task", async {}).await.expect("its end");
        super::spawn("a bad task", async { panic!("on purpose") }).await.expect_err("a panic");
        drop(logging);
        let mut log = String::new();
        read.read_to_string(&mut log).expect("text");
        assert!(log.contains("background task panicked task=\"a bad task\"") && log.lines().count() == 1, "{log}");
    }
}
