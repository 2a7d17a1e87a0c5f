//! Which streamer ids a session may register or watch. What else there is does not exist for it.

use std::sync::Arc;

/// The ids that a session may register (streamers), watch (players), or both (SFUs).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Option<Arc<[Pattern]>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Exact(Box<str>),
    Prefix(Box<str>),
}

impl Pattern {
    fn parse(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.into()),
            None => Self::Exact(text.into()),
        }
    }

    fn allows(&self, id: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *id,
            Self::Prefix(prefix) => id.starts_with(&**prefix),
        }
    }
}

impl Scope {
    /// Every id.
    pub const ANY: Self = Self(None);

    /// The most patterns of one scope: each list of streamers is measured by all of them.
    pub const MAX_PATTERNS: usize = 64;

    /// These ids, each exact or `prefix*`. An empty list allows none; `None` if there are more than
    /// [`Self::MAX_PATTERNS`].
    pub fn of<T: AsRef<str>>(patterns: &[T]) -> Option<Self> {
        let parsed = || patterns.iter().map(|pattern| Pattern::parse(pattern.as_ref())).collect();
        (patterns.len() <= Self::MAX_PATTERNS).then(|| Self(Some(parsed())))
    }

    /// Whether it allows every id.
    pub fn is_any(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it allows that id.
    pub fn allows(&self, id: &str) -> bool {
        self.0.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.allows(id)))
    }
}
