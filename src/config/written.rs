//! A value as it was written, and where.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value was written. A later variant overrides an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nowhere: the default.
    Default,
    /// In the configuration file.
    File {
        /// The file, as it was named.
        path: Arc<PathBuf>,
        /// The line, from 1.
        line: usize,
    },
    /// In the environment.
    Environment,
    /// On the command line.
    CommandLine,
    /// Among the words of a reference server, as messages name it: `--max_players`, `config.json: max_players`.
    Reference(Arc<str>),
}

impl Source {
    /// The place of `key` there, as messages name it.
    pub fn place(&self, key: &str) -> String {
        match self {
            Self::Default => format!("--{key} (default)"),
            Self::File { path, line } => format!("{}:{line}: {key}", path.display()),
            Self::Environment => env_name(key),
            Self::CommandLine => format!("--{key}"),
            Self::Reference(place) => place.to_string(),
        }
    }

    /// How strongly it overrides, whatever the line.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Environment => 2,
            Self::CommandLine | Self::Reference(_) => 3,
        }
    }
}

/// A value as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub source: Source,
}

impl Written {
    /// A value from somewhere.
    pub fn new(text: impl Into<String>, source: Source) -> Self {
        Self { text: text.into(), source }
    }
}

impl From<String> for Written {
    /// What clap reads is on the command line.
    fn from(text: String) -> Self {
        Self::new(text, Source::CommandLine)
    }
}

impl fmt::Debug for Written {
    /// Without the text: peer options hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("source", &self.source).finish_non_exhaustive()
    }
}

/// The variable of a key: `PIXELGATE_MAX_PLAYERS` for `max-players`.
pub fn env_name(key: &str) -> String {
    format!("PIXELGATE_{}", key.to_ascii_uppercase().replace('-', "_"))
}
