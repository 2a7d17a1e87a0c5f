//! `pixelgate check`: the configuration as it takes effect, with the source of every value.

use std::fmt::Write as _;
use std::path::Path;

use super::args::ServeArgs;
use super::start::Start;
use super::written::{Source, Written};
use super::{Config, needs_credential};
use crate::wire::redacted;

/// Keys whose values are hidden whole.
const SECRET: [&str; 7] =
    ["turn-secret", "player-token", "streamer-token", "sfu-token", "jwt-secret", "admin-token", "secret"];

/// The report: one line a value, aligned, then the listeners of tables and what is to be minded.
pub fn report(start: &Start) -> String {
    let mut text = String::new();
    for (key, value) in start.args.entries() {
        line(&mut text, key, &shown_value(key, &value), &source(&value.source));
    }
    for listener in &start.args.listeners {
        let _ = writeln!(text, "\n[[listener]]");
        for (key, value) in &listener.entries {
            line(&mut text, key, &quoted(&value.text), &source(&value.source));
        }
    }
    for issuer in &start.args.issuers {
        let _ = writeln!(text, "\n[[issuer]]");
        for (key, value) in &issuer.entries {
            let key_of_flag = format!("jwt-{key}");
            line(&mut text, key, &shown_value(&key_of_flag, value), &source(&value.source));
        }
    }
    for pool in &start.args.turn {
        let _ = writeln!(text, "\n[[turn]]");
        for (key, value) in &pool.entries {
            line(&mut text, key, &shown_value(key, value), &source(&value.source));
        }
    }
    for warning in &start.warnings {
        let _ = writeln!(text, "\n# Warning: {warning}");
    }
    text
}

fn line(text: &mut String, key: &str, value: &str, source: &str) {
    let said = format!("{key} = {value}");
    // A string takes whatever is written.
    let _ = writeln!(text, "{said:<48} # {source}");
}

/// Key and value for people to read, without secrets.
pub(super) fn shown(args: &ServeArgs) -> impl Iterator<Item = (&'static str, String)> {
    args.entries().map(|(key, value)| (key, shown_value(key, &value)))
}

/// Pages that nobody would be shown.
pub(super) fn unused(args: &ServeArgs) -> Option<String> {
    let alone = args.homepage.is_some() && args.http_root.is_none();
    alone.then(|| "homepage has no effect without http-root".to_owned())
}

/// Operators that would be refused.
pub(super) fn unreachable(config: &Config) -> Option<String> {
    let alone = config.admin.is_beyond_loopback() && config.admin_access.token.is_none();
    alone.then(|| "admin listens beyond this machine: without admin-token others see its health alone".to_owned())
}

/// A secret by which no credential is made.
pub(super) fn unissued(config: &Config) -> Option<String> {
    let options = serde_json::from_str(config.peer_options.json()).unwrap_or_default();
    let servers = super::ice_servers(&options).unwrap_or_default();
    let idle = config.turn.secret.is_some() && !servers.iter().any(needs_credential);
    let remedy = "give turn-urls, or TURN servers without a credential in peer-options";
    idle.then(|| format!("the turn secret has no effect: {remedy}"))
}

fn shown_value(key: &str, value: &Written) -> String {
    let hidden = || format!("<{} bytes>", value.text.len());
    match key {
        key if SECRET.contains(&key) => quoted(&hidden()),
        // There may be a key in its query.
        "webhook" | "jwt-jwks" => quoted(value.text.split('?').next().unwrap_or_default()),
        "peer-options" => quoted(&redacted(value.text.as_bytes(), false).unwrap_or_else(hidden)),
        _ => quoted(&value.text),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn source(source: &Source) -> String {
    match source {
        Source::Default => "default".to_owned(),
        Source::File { path, line } => format!("{}:{line}", Path::new(path.as_path()).display()),
        Source::Environment => "environment".to_owned(),
        Source::CommandLine => "command line".to_owned(),
        Source::Reference(place) => place.to_string(),
    }
}
