//! Logs to standard error: for people on a terminal, as JSON elsewhere; panics are lines like all others.

use std::io::{IsTerminal, stderr};

use config_schema::{LogFormat, Logging};
use tracing::{debug, error};
use tracing_subscriber::{EnvFilter, fmt};

/// The filter is not one.
#[derive(Debug, thiserror::Error)]
#[error("logging.filter = \"{filter}\": {reason}")]
pub struct FilterError {
    filter: String,
    reason: String,
}

/// Whether the filter is one.
pub fn check(logging: &Logging) -> Result<(), FilterError> {
    filter(logging).map(drop)
}

fn filter(logging: &Logging) -> Result<EnvFilter, FilterError> {
    EnvFilter::try_new(&logging.filter)
        .map_err(|error| FilterError { filter: logging.filter.clone(), reason: error.to_string() })
}

/// Starts logging; once a process.
pub fn start(logging: &Logging) -> Result<(), FilterError> {
    let filter = filter(logging)?;
    let lines = fmt().with_env_filter(filter).with_writer(stderr);
    let is_json = match logging.format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !stderr().is_terminal(),
    };
    if is_json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    } else {
        lines.with_target(false).with_ansi(stderr().is_terminal()).init();
    }
    std::panic::set_hook(Box::new(|panic| {
        // Without the panic's own text: it may hold what people said.
        error!(at = panic.location().map(tracing::field::display), "panicked");
        debug!(text = panic.payload_as_str(), "panicked");
    }));
    Ok(())
}
