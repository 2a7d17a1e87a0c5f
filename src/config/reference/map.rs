//! From the words of a reference server to ours.

use std::path::Path;
use std::sync::Arc;

use super::super::args::ServeArgs;
use super::super::error::{ConfigError, Fault};
use super::super::listener::ListenerArgs;
use super::super::written::{Source, Written};
use super::words::Words;
use crate::wire::redacted;

/// Our configuration, as it is being put together.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    pub(super) args: ServeArgs,
    pub(super) warnings: Vec<String>,
}

/// The files that a reference server looks for when nobody names others.
pub(super) struct Certificate<'a> {
    pub(super) cert: &'a str,
    pub(super) key: &'a str,
    pub(super) usual: (&'a str, &'a str),
}

impl Mapping {
    /// Sets one of our keys to a text of ours.
    pub(super) fn put(&mut self, key: &str, text: impl Into<String>) {
        let known = self.args.set(key, Written::new(text, Source::Reference(Arc::from(key))));
        debug_assert!(known, "{key}");
    }

    /// Sets one of our keys to what an option says, which our own rules understand.
    pub(super) fn take(&mut self, key: &str, words: &Words, name: &str) {
        if let Some(written) = words.get(name) {
            let known = self.args.set(key, written.clone());
            debug_assert!(known, "{key}");
        }
    }

    /// The ports are open to everybody, as the reference server's are, where no token is asked for. It is said to whom.
    pub(super) fn open(&mut self, whom: &str) {
        self.put("open", "true");
        self.warn(format!("{whom} need no token: whoever reaches a port may use it; pixelgate serve can ask for one"));
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// Adds a listener on every address of the machine.
    pub(super) fn listen(&mut self, name: &str, place: &str, port: u16, entries: &[(&str, String)]) {
        let table = ListenerArgs::new(Source::Reference(Arc::from(place)))
            .with("name", name)
            .with("address", format!("[::]:{port}"));
        let table = entries.iter().fold(table, |table, (key, text)| table.with(key, text.clone()));
        self.args.listeners.push(table);
    }

    /// The certificate. Where the usual files are meant and not there, one for development is made.
    pub(super) fn certificate(&mut self, words: &Words, names: &Certificate<'_>) {
        let (cert, key) = (words.text(names.cert), words.text(names.key));
        let usual = (cert, key) == names.usual;
        if usual && !(Path::new(cert).is_file() && Path::new(key).is_file()) {
            return self.warn(format!(
                "no certificate at {cert} with its key at {key}: one for development is used, which browsers do not \
                 believe for pages"
            ));
        }
        self.take("cert", words, names.cert);
        self.take("key", words, names.key);
    }

    /// The folder of the pages. Where the usual one is meant and not there, the built-in player is served.
    pub(super) fn root(&mut self, words: &Words, name: &str, usual: &str) {
        let folder = words.text(name);
        if folder == usual && !Path::new(folder).is_dir() {
            return self.warn(format!("no folder {folder}: the built-in player is served in its place"));
        }
        self.take("http-root", words, name);
    }
}

/// A level of the reference server as a filter of ours.
pub(super) fn level(words: &Words, name: &str) -> Result<String, ConfigError> {
    match words.text(name) {
        "warning" => Ok("warn".to_owned()),
        level @ ("debug" | "info" | "error") => Ok(level.to_owned()),
        other => {
            let known = ["debug", "info", "warning", "error"];
            Err(words.fault(name, Fault::unknown(format!("{other:?} is no level"), other, &known)))
        }
    }
}

/// Option and value for people to read, without secrets.
pub(super) fn shown(words: &Words) -> Vec<(String, String)> {
    let one = |(name, written): (&'static str, &Written)| {
        let text = match name {
            "turn_secret" | "player_token" | "admin_token" | "AdminToken" => format!("<{} bytes>", written.text.len()),
            "peer_options" | "peerConnectionOptions" => {
                redacted(written.text.as_bytes(), false).unwrap_or_else(|| format!("<{} bytes>", written.text.len()))
            }
            _ => written.text.clone(),
        };
        (name.to_owned(), text)
    };
    words.iter().map(one).collect()
}
