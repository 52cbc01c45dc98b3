//! How the log looks.

use tracing_subscriber::EnvFilter;

use super::Environment;

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Logging {
    /// `VESTIBULE_LOG`: directives of a tracing filter.
    pub filter: String,
    /// `VESTIBULE_LOG_FORMAT`; none means pretty on a terminal, else JSON.
    pub format: Option<LogFormat>,
}

/// The two shapes of the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line, for machines.
    Json,
}

impl Logging {
    pub(super) fn read(env: &mut Environment) -> Self {
        let filter = env.parsed("VESTIBULE_LOG", "error, warn, info, debug, trace or a tracing filter", |text| {
            EnvFilter::try_new(text).ok().map(|_| text.to_owned())
        });
        let format = env.parsed("VESTIBULE_LOG_FORMAT", "pretty or json", |text| match text {
            "pretty" => Some(LogFormat::Pretty),
            "json" => Some(LogFormat::Json),
            _ => None,
        });
        Self { filter: filter.unwrap_or_else(|| "info".to_owned()), format }
    }
}
