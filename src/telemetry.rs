//! The log: to standard error, so that standard output stays free for what is announced there, and to daily files where
//! the operator wants them. What is logged may change while the process runs.
//!
//! SDP, candidates, tokens and credentials stand in no line above TRACE, whoever writes it.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::str::FromStr;

use tracing::{Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use tracing_subscriber::filter::{FilterExt, FilterFn, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, reload};

use crate::config::{Config, LogFilter, LogFormat};
use crate::session::MESSAGES;

#[cfg(test)]
pub(crate) mod tests;

/// Files older than so many days are removed.
const KEPT_DAYS: usize = 14;

/// The log of a process. Dropped, it writes what is left.
#[derive(Debug)]
pub struct Log {
    console: reload::Handle<Targets, Registry>,
    /// The filter of the files, kept for their writer.
    _files: Option<WorkerGuard>,
}

impl Log {
    /// Logs by another filter on the console from now on.
    pub fn change(&self, filter: &LogFilter) {
        // It fails only when the log is over.
        let _ = self.console.reload(targets(filter));
    }
}

/// Starts the log of the process, on the console alone.
///
/// # Errors
/// It was started before.
pub fn start(filter: &LogFilter, format: LogFormat) -> Result<(), TryInitError> {
    subscriber(filter, format, colours(), io::stderr).try_init()
}

/// Starts the log of the process, in files too where the configuration says so. Files that cannot be written are a
/// warning.
///
/// # Errors
/// It was started before.
pub fn start_all(config: &Config) -> Result<Log, TryInitError> {
    let (filter, console) = reload::Layer::new(targets(&config.log));
    let filter = filter.and(discreet());
    let files = config.log_folder.as_deref().map(open);
    let (writer, guard, failed) = match files {
        Some(Ok((writer, guard))) => (Some(writer), Some(guard), None),
        Some(Err(error)) => (None, None, Some(error)),
        None => (None, None, None),
    };
    // What peers say to each other is for the console that asks for it.
    let in_files = targets(&config.log_file).with_target(MESSAGES, LevelFilter::OFF).and(discreet());
    let layer = writer.map(|writer| lines(LogFormat::Json, false, writer).with_filter(in_files));
    let on_console = lines(config.log_format, colours(), io::stderr).with_filter(filter);
    Registry::default().with(on_console).with(layer).try_init()?;
    if let Some(error) = failed {
        tracing::warn!(%error, "no log files: they cannot be written; give another --log-folder");
    }
    Ok(Log { console, _files: guard })
}

/// Windows consoles before 10 would show the escapes.
fn colours() -> bool {
    cfg!(unix) && io::stderr().is_terminal()
}

/// A file a day, written by a thread of its own: a slow disk must hold nobody up.
fn open(folder: &Path) -> Result<(NonBlocking, WorkerGuard), InitError> {
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("server")
        .filename_suffix("log")
        .max_log_files(KEPT_DAYS)
        .build(folder)?;
    Ok(tracing_appender::non_blocking(files))
}

fn subscriber<W>(filter: &LogFilter, format: LogFormat, colours: bool, to: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = targets(filter).and(discreet());
    Registry::default().with(lines(format, colours, to).with_filter(filter))
}

fn lines<S, W>(format: LogFormat, colours: bool, to: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(to);
    match format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.with_ansi(false).json().flatten_event(true).boxed(),
    }
}

/// With its hint, a filter beside it says how much is logged at the most. Without, every line that a library might write
/// is asked about when it comes, and a relayed message passes a dozen of them.
fn discreet() -> FilterFn {
    filter_fn(is_discreet as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::TRACE)
}

/// wtransport says the headers of a session at `debug`, and tokens are among them.
fn is_discreet(event: &Metadata<'_>) -> bool {
    !event.target().starts_with("wtransport") || *event.level() != Level::DEBUG
}

/// A bare level is meant for the gateway: its libraries say every handshake at `debug`, and are heard from `warn` on.
fn targets(filter: &LogFilter) -> Targets {
    match LevelFilter::from_str(filter.as_str()) {
        Ok(level) if level != LevelFilter::OFF => {
            Targets::new().with_default(LevelFilter::WARN).with_target("pixelgate", level)
        }
        _ => Targets::from_str(filter.as_str()).expect("the configuration has checked it"),
    }
}
