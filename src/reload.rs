//! The configuration, read again while the gateway runs: on SIGHUP, and when a file that it was read from has changed.
//!
//! All of it is understood before any of it takes effect: what cannot be used leaves everything as it is. What needs
//! sockets or threads of its own waits for a restart, and the log says so.
//!
//! Files are looked at twice a second: that works on every file system and for files that are put in place by links.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use crate::config::{CertSource, Config, LIVE, Look, ServeArgs, Start, look};
use crate::gateway::Gateway;
use crate::telemetry::Log;
use crate::tls::{Credential, LoadError};

#[cfg(test)]
mod tests;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What has changed between two readings.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    live: Vec<String>,
    restart: Vec<String>,
}

impl Changes {
    fn between(old: &Start, new: &Start) -> Self {
        let text = |start: &Start, key: &str| start.args.entries().find(|(name, _)| *name == key).map(|(_, v)| v.text);
        let mut changes = Self::default();
        for key in ServeArgs::keys().into_iter().filter(|key| !matches!(*key, "cert" | "key")) {
            if text(old, key) != text(new, key) {
                changes.add(key, is_live(key, &old.config, &new.config));
            }
        }
        if tables(old) != tables(new) {
            changes.add("listener", false);
        }
        if old.config.auth.issuers != new.config.auth.issuers && !changes.live.iter().any(|key| key.starts_with("jwt-"))
        {
            changes.add("issuer", true);
        }
        if pools(old) != pools(new) {
            changes.add("turn", true);
        }
        if old.config.peer_options != new.config.peer_options
            && !changes.live.iter().any(|key| key.starts_with("peer-"))
        {
            changes.add("peer-options-file", true);
        }
        changes
    }

    fn add(&mut self, key: &str, live: bool) {
        if live { &mut self.live } else { &mut self.restart }.push(key.to_owned());
    }

    fn say(&self) {
        let (live, restart) = (self.live.join(", "), self.restart.join(", "));
        match (live.as_str(), restart.as_str()) {
            ("", "") => info!("the configuration was read again: nothing has changed"),
            (live, "") => info!("the configuration was read again: changed {live}"),
            ("", restart) => warn!("the configuration was read again: {restart} wait for a restart"),
            (live, restart) => warn!("the configuration was read again: changed {live}; {restart} wait for a restart"),
        }
    }

    fn is_empty(&self) -> bool {
        self.live.is_empty() && self.restart.is_empty()
    }
}

/// What the tables say, wherever it stands.
fn tables(start: &Start) -> Vec<Vec<(&'static str, &str)>> {
    let entries = start.args.listeners.iter().map(|table| table.entries.iter());
    entries.map(|entries| entries.map(|(key, value)| (*key, value.text.as_str())).collect()).collect()
}

/// The TURN servers of tables, the same way.
fn pools(start: &Start) -> Vec<Vec<(&'static str, &str)>> {
    let entries = start.args.turn.iter().map(|pool| pool.entries.iter());
    entries.map(|entries| entries.map(|(key, value)| (*key, value.text.as_str())).collect()).collect()
}

/// Origins take effect where they are asked about at all.
fn is_live(key: &str, old: &Config, new: &Config) -> bool {
    LIVE.contains(&key) && (key != "cors-allowed-origins" || (old.cors.is_some() && new.cors.is_some()))
}

/// Reads everything again, and changes what can be changed. Blocks on files. Whether it could be read: then `current`
/// is what was read.
pub(crate) fn reload(current: &mut Start, gateway: &Gateway, log: &Log) -> bool {
    let read = current.again().map_err(|error| error.to_string());
    let read = read.and_then(|new| credential(&new.config).map(|made| (new, made)).map_err(|error| error.to_string()));
    let (new, credential) = match read {
        Ok(read) => read,
        Err(error) => {
            error!("the configuration stays as it is: {error}");
            return false;
        }
    };
    let mut changes = Changes::between(current, &new);
    let shown = gateway.certificates().map(|certificates| certificates.current().fingerprint());
    match credential.filter(|credential| shown.is_some_and(|shown| shown != credential.fingerprint())) {
        Some(credential) => {
            if let Some(certificates) = gateway.certificates() {
                certificates.replace(credential, SystemTime::now());
                changes.add("certificate", true);
            }
        }
        None if is_dev(&new.config) && !is_dev(&current.config) => changes.add("certificate", false),
        None => {}
    }
    gateway.apply(&new.config);
    log.change(&new.config.log);
    changes.say();
    if !changes.is_empty() {
        new.warnings.iter().for_each(|warning| warn!("{warning}"));
    }
    *current = new;
    true
}

/// The operator's certificate, where there is one.
fn credential(config: &Config) -> Result<Option<Credential>, LoadError> {
    match &config.certificate {
        CertSource::Files { cert, key } => Credential::from_files(cert, key, SystemTime::now()).map(Some),
        CertSource::Dev { .. } => Ok(None),
    }
}

const fn is_dev(config: &Config) -> bool {
    matches!(config.certificate, CertSource::Dev { .. })
}

/// The files that are looked at, and how they looked when they were read.
#[derive(Debug)]
pub(crate) struct Watch {
    seen: Vec<(PathBuf, Look)>,
    signal: Signal,
}

impl Watch {
    /// Over the files of a configuration. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The system takes no handler for SIGHUP.
    pub(crate) fn over(start: &Start) -> std::io::Result<Self> {
        Ok(Self { seen: start.files.clone(), signal: Signal::new()? })
    }

    /// Follows the files of the configuration that now holds. What has changed since they were read is seen.
    pub(crate) fn follow(&mut self, start: &Start) {
        self.seen.clone_from(&start.files);
    }

    /// Ready when everything is to be read again: at a signal, or when a file has changed and then rested.
    pub(crate) async fn next(&mut self) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut restless = None;
        loop {
            tokio::select! {
                () = self.signal.next() => {
                    info!("SIGHUP");
                    self.seen.iter_mut().for_each(|(path, seen)| *seen = look(path));
                    return;
                }
                _ = ticks.tick() => {}
            }
            let now: Vec<_> = self.seen.iter().map(|(path, _)| look(path)).collect();
            let changed = self.seen.iter().zip(&now).any(|((_, seen), now)| seen != now);
            if changed && restless.as_ref() == Some(&now) {
                self.seen.iter_mut().zip(now).for_each(|((_, seen), now)| *seen = now);
                return;
            }
            restless = changed.then_some(now);
        }
    }
}

#[cfg(unix)]
#[derive(Debug)]
struct Signal(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signal {
    fn new() -> std::io::Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
struct Signal;

#[cfg(not(unix))]
impl Signal {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
