//! What is logged, and how; what is shown on the console.

use std::str::FromStr;

use tracing_subscriber::filter::LevelFilter;

use super::error::Fault;
use super::values::one_of;

/// What is logged: levels and `target=level`, joined by commas, that tracing's `Targets` reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The directives.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `Targets` takes any word for a target, and nothing for a level: a slip of the keyboard would log nothing.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        for word in &words {
            let (target, level) = word.split_once('=').unwrap_or(("pixelgate", word));
            let wrong = |part: &str, what| {
                const REMEDY: &str = "write error, warn, info, debug, trace or off, or target=level,…";
                Err(Fault::new(format!("{part:?} is no {what}"), REMEDY))
            };
            if target.is_empty() || target.contains(|c: char| !c.is_alphanumeric() && !"_-:".contains(c)) {
                return wrong(target, "target");
            }
            if level.is_empty() || LevelFilter::from_str(level).is_err() {
                return wrong(level, "level");
            }
        }
        Ok(Self(words.join(",")))
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
