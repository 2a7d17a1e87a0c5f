//! What is logged, and how; what is shown on the console.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::error::Fault;
use super::values::one_of;

/// What is logged: a level, or `target=level,…` as tracing's `Targets` reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The directives.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A single word that is no level would be taken for a target, and a slip of the keyboard would log nothing.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        const REMEDY: &str = "write error, warn, info, debug, trace or off, or target=level,…";
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        let is_slip = |word: &&&str| !word.contains('=') && LevelFilter::from_str(word).is_err();
        if let Some(word) = words.iter().find(is_slip) {
            return Err(Fault::new(format!("{word:?} is no level"), REMEDY));
        }
        let fault = |error| Fault::new(format!("{text:?} is no log filter ({error})"), REMEDY);
        let directives = words.join(",");
        Targets::from_str(&directives).map_err(fault)?;
        Ok(Self(directives))
    }

    /// One that is known to be good.
    #[cfg(test)]
    pub(crate) fn good(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| panic!("{text:?} is no log filter"))
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(one_of(text, &["text", "json"])),
        }
    }
}

/// What of each message is shown on the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsoleMessages {
    /// Nothing.
    #[default]
    Off,
    /// Whose it is, its type and its size.
    Basic,
    /// What is in it too, in one line, without secrets.
    Verbose,
    /// The same, for people to read.
    Formatted,
}

impl ConsoleMessages {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "off" => Ok(Self::Off),
            "basic" => Ok(Self::Basic),
            "verbose" => Ok(Self::Verbose),
            "formatted" => Ok(Self::Formatted),
            _ => Err(one_of(text, &["off", "basic", "verbose", "formatted"])),
        }
    }
}
