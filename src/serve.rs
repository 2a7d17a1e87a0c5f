//! `pixelgate serve`: from a configuration to a process that runs and ends in order.

use std::fmt::Display;
use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::announce;
use crate::banner::Banner;
use crate::config::cli::Exit;
use crate::config::{Announce, Config, Start};
use crate::files::{self, Readers};
use crate::gateway::{Gateway, StartError};
use crate::keys::Keys;
use crate::reload::{self, Watch};
use crate::telemetry::{self, Log};

/// How long reads of files may take that are on their way when the gateway has stopped.
const LAST_READS: Duration = Duration::from_secs(1);

/// Runs a gateway until it is told to stop by a signal (SIGTERM, SIGINT, Ctrl-C, the console's close); a second one
/// ends the process at once.
///
/// # Errors
/// What keeps the gateway from starting, as the process's last words.
pub fn serve(start: &Start) -> Result<(), Exit> {
    let log = telemetry::start_all(&start.config).map_err(Exit::failure)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Exit::failure)?;
    let ended = runtime.block_on(run(start, &log));
    // A file that does not answer must not keep the process.
    runtime.shutdown_timeout(LAST_READS);
    ended
}

async fn run(begun: &Start, log: &Log) -> Result<(), Exit> {
    // Before anything listens: a signal that comes early must not end the process half-way.
    let stop = stop_signal().map_err(Exit::failure)?;
    let mut watch = Watch::over(begun).map_err(Exit::failure)?;
    let config = &begun.config;
    save(begun)?;
    begun.warnings.iter().for_each(|warning| warn!("{warning}"));
    if config.log_config {
        begun.options.iter().for_each(|(name, value)| info!("{name}: {value}"));
    }
    let gateway = start(config)?;
    say(config, &gateway)?;
    let quit = CancellationToken::new();
    if config.stdin {
        let (router, options) = (Arc::clone(gateway.router()), begun.options.clone());
        Keys { router, options, quit: quit.clone() }.obey();
    }
    let mut stop = pin!(stop);
    let mut current = begun.clone();
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = quit.cancelled() => break,
            () = watch.next() => {
                if tokio::task::block_in_place(|| reload::reload(&mut current, &gateway, log)) {
                    watch.follow(&current);
                }
            }
        }
    }
    gateway.stop().await;
    info!("stopped");
    Ok(())
}

/// What `--save` asks for.
fn save(begun: &Start) -> Result<(), Exit> {
    let Some((path, text)) = &begun.save else { return Ok(()) };
    // It may hold secrets.
    files::put(path, text.as_bytes(), Readers::Owner)
        .map_err(|error| Exit::failure(format!("--save: {}: {error}; choose another --config_file", path.display())))
}

pub(crate) fn start(config: &Config) -> Result<Gateway, Exit> {
    Gateway::start(config).map_err(|error| match error {
        StartError::Certificate(error) => Exit::config(error),
        error => Exit::failure(error),
    })
}

fn say(config: &Config, gateway: &Gateway) -> Result<(), Exit> {
    let certificate = gateway.certificates().map(|certificates| certificates.current());
    let banner = Banner { config, bound: gateway.bound(), certificate: certificate.as_deref().map(Into::into) };
    print(config, &banner);
    announce(config, gateway)
}

/// With `--announce -` standard output belongs to whoever reads that line. A closed stream is no reason to stop.
pub(crate) fn print(config: &Config, text: &impl Display) {
    let to_stdout = config.announce != Some(Announce::Stdout);
    let _ = if to_stdout { writeln!(std::io::stdout(), "{text}") } else { writeln!(std::io::stderr(), "{text}") };
}

pub(crate) fn announce(config: &Config, gateway: &Gateway) -> Result<(), Exit> {
    let hashes = gateway.certificates().map(|certificates| certificates.published_hashes()).unwrap_or_default();
    let Some(to) = &config.announce else { return Ok(()) };
    announce::announce(to, gateway.bound(), &hashes)
        .map_err(|error| Exit::failure(format!("--announce {to}: {error}; choose another file")))
}

/// Ready at the first signal; after that, the next one ends the process.
pub(crate) fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::new()?;
    Ok(async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            process::exit(130);
        });
    })
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => info!("SIGTERM"),
            _ = self.interrupt.recv() => info!("SIGINT"),
        }
    }
}

#[cfg(windows)]
struct Signals {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::windows;
        Ok(Self {
            ctrl_c: windows::ctrl_c()?,
            ctrl_break: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            shutdown: windows::ctrl_shutdown()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.ctrl_c.recv() => info!("Ctrl-C"),
            _ = self.ctrl_break.recv() => info!("Ctrl-Break"),
            _ = self.close.recv() => info!("console closed"),
            _ = self.shutdown.recv() => info!("system shutdown"),
        }
    }
}
