//! The log and the numbers that an operator watches.

use std::{io::IsTerminal as _, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Logging};

/// Starts the log on standard error; the first call wins.
pub fn start_log(settings: &Logging) {
    // The session layer calls every forgotten cookie suspicious, and opens a span for each request; forged
    // answers of passkeys are no errors of ours; and a database that falls silent would have every statement
    // that waited for it written down, page by page.
    let quiet = "tower_sessions=error,tower_sessions_core=error,webauthn_rs=off,webauthn_rs_core=off,sqlx::query=error";
    let filter = format!("{quiet},sqlx::postgres::notice=warn,{}", settings.filter);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let terminal = std::io::stderr().is_terminal();
    let json = settings.format.map_or(!terminal, |format| format == LogFormat::Json);
    let started = if json {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        builder.with_ansi(terminal).with_target(false).try_init()
    };
    // A second start is a test's; the first log serves it too.
    drop(started);
}

/// Counters of one service, shown as Prometheus text on a listener of their own.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    /// Argon2 runs that were started.
    pub hashes: Counter,
    /// Passwords that are being hashed at this moment.
    pub hashing: Gauge,
    /// Passwords turned away because too many were waiting.
    pub hashes_refused: Counter,
    sign_ins: Family<OutcomeLabels, Counter>,
    /// Open connections.
    pub connections: Gauge,
    /// Visitors who were found in memory.
    pub sessions_remembered: Counter,
    /// Visitors whom the database was asked for.
    pub sessions_asked: Counter,
    letters: Family<OutcomeLabels, Counter>,
    /// Letters that wait.
    pub letters_waiting: Gauge,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
        let mut metrics = Self {
            registry: Registry::with_prefix("vestibule"),
            requests: Family::default(),
            duration: Histogram::new(buckets),
            hashes: Counter::default(),
            hashing: Gauge::default(),
            hashes_refused: Counter::default(),
            sign_ins: Family::default(),
            connections: Gauge::default(),
            sessions_remembered: Counter::default(),
            sessions_asked: Counter::default(),
            letters: Family::default(),
            letters_waiting: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("http_requests", "Answered requests", metrics.requests.clone());
        registry.register_with_unit("http_request_duration", "Time to answer", Unit::Seconds, metrics.duration.clone());
        registry.register("password_hashes", "Argon2 runs started", metrics.hashes.clone());
        registry.register("password_hashing", "Passwords being hashed", metrics.hashing.clone());
        registry.register(
            "password_hashes_refused",
            "Passwords turned away from a full queue",
            metrics.hashes_refused.clone(),
        );
        registry.register("sign_ins", "Sign-in attempts by outcome", metrics.sign_ins.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        let (remembered, asked) = (metrics.sessions_remembered.clone(), metrics.sessions_asked.clone());
        registry.register("session_checks_remembered", "Sessions found in memory", remembered);
        registry.register("session_checks_asked", "Sessions the database was asked for", asked);
        registry.register("letters", "Letters by what became of a try to send them", metrics.letters.clone());
        registry.register("letters_waiting", "Letters that wait in the outbox", metrics.letters_waiting.clone());
        metrics
    }
}

impl Metrics {
    /// Counts one answered request under its route's pattern, never its path.
    pub fn request(&self, route: &'static str, method: &'static str, status: u16, took: Duration) {
        let labels = RequestLabels { route, method, status };
        self.requests.get_or_create(&labels).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// Counts one attempt to sign in.
    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Counts what became of one try to send a letter.
    pub fn letter(&self, outcome: &'static str) {
        self.letters.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// All of it in the Prometheus text format (`OpenMetrics` 1.0).
    #[must_use]
    pub fn encode(&self) -> String {
        let mut encoded = String::new();
        // Writing to a String cannot fail.
        text::encode(&mut encoded, &self.registry).ok();
        encoded
    }
}
