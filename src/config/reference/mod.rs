//! The command lines and files of the reference servers, Wilbur and Cirrus, in their own words (protocol.md §6).
//!
//! What they say is put into our own words ([`ServeArgs`]), so that there is one place that understands values, and the
//! file that says the same can be printed. Defaults, then their JSON file, then the command line. What is not known is
//! ignored with a warning: start scripts pass options of other versions.

pub(super) mod cirrus;
mod json;
mod map;
pub(super) mod wilbur;
mod words;

use std::path::PathBuf;

use super::args::ServeArgs;
use super::error::ConfigError;

pub(super) use words::Asked;

/// What a reference server was told, in our words.
#[derive(Debug)]
pub(super) struct Meant {
    /// The configuration, without our defaults.
    pub(super) args: ServeArgs,
    /// What was not known or has no effect.
    pub(super) warnings: Vec<String>,
    /// Option and value in the reference server's words, secrets hidden.
    pub(super) options: Vec<(String, String)>,
    /// A file to write, and what (`--save`).
    pub(super) save: Option<(PathBuf, String)>,
    /// Only the equivalent file is wanted.
    pub(super) print: bool,
}

/// A command line and its file, in the words of one of the servers.
pub(super) type Read = fn(&[String]) -> Result<Asked<Meant>, ConfigError>;
