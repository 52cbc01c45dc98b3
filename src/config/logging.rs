//! Logging settings.

use tracing_subscriber::EnvFilter;

use super::Environment;

/// The filter and format of the log.
#[derive(Clone, Debug)]
pub struct Logging {
    /// `VESTIBULE_LOG`: directives of a tracing filter.
    pub filter: String,
    /// `VESTIBULE_LOG_FORMAT`; `None` means pretty on a terminal, otherwise JSON.
    pub format: Option<LogFormat>,
}

/// A log format.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum LogFormat {
    /// Human-readable text.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl Logging {
    pub(super) fn read(env: &mut Environment) -> Self {
        let filter = env.parsed("VESTIBULE_LOG", "error, warn, info, debug, trace or a tracing filter", |text| {
            EnvFilter::try_new(text).ok().map(|_| text.to_owned())
        });
        let format = env.parsed("VESTIBULE_LOG_FORMAT", "pretty or json", |text| text.parse().ok());
        Self { filter: filter.unwrap_or_else(|| "info".to_owned()), format }
    }
}
