//! The log: to standard error, so that standard output stays free for what is announced there.
//!
//! SDP, candidates, tokens and credentials stand in no line above TRACE, whoever writes it.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{LogFilter, LogFormat};

#[cfg(test)]
pub(crate) mod tests;

/// Starts the log of the process.
///
/// # Errors
/// It was started before.
pub fn start(filter: &LogFilter, format: LogFormat) -> Result<(), TryInitError> {
    // Windows consoles before 10 would show the escapes.
    let colours = cfg!(unix) && io::stderr().is_terminal();
    subscriber(filter, format, colours, io::stderr).try_init()
}

fn subscriber<W>(filter: &LogFilter, format: LogFormat, colours: bool, to: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(directives(filter))).with_writer(to);
    let discreet = filter_fn(|event| !is_indiscreet(event));
    match format {
        LogFormat::Text => Box::new(builder.with_ansi(colours).finish().with(discreet)),
        LogFormat::Json => Box::new(builder.with_ansi(false).json().flatten_event(true).finish().with(discreet)),
    }
}

/// wtransport says the headers of a session at `debug`, and tokens are among them.
fn is_indiscreet(event: &Metadata<'_>) -> bool {
    event.target().starts_with("wtransport") && *event.level() == Level::DEBUG
}

/// A bare level is meant for the gateway: its libraries say every handshake at `debug`, and are heard from `warn` on.
fn directives(filter: &LogFilter) -> String {
    match filter.as_str() {
        level if level.contains([',', '=', '[']) || level.eq_ignore_ascii_case("off") => level.to_owned(),
        level => format!("warn,pixelgate={level}"),
    }
}
