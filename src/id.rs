//! The names of things: newtypes, so that a player's id can never be passed where a streamer's is meant.

use std::fmt;
use std::sync::Arc;

/// One session of one peer, numbered from 1 in the order of arrival and never reused while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// The id by which streamers and SFUs address a player (protocol.md §5.1). Given by the gateway, never by a peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayerId(Arc<str>);

impl PlayerId {
    /// Wraps an id that the gateway made.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id under which players find a streamer or SFU: 1 to 128 characters, none of them a control character
/// (protocol.md §5.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamerId(Arc<str>);

impl StreamerId {
    /// The longest id, in characters.
    pub const MAX_CHARS: usize = 128;

    /// Takes an id that a peer asked for; `None` when it is empty, too long or holds a control character.
    pub fn parse(wanted: &str) -> Option<Self> {
        let fits = !wanted.is_empty()
            && wanted.chars().take(Self::MAX_CHARS + 1).count() <= Self::MAX_CHARS
            && !wanted.chars().any(char::is_control);
        fits.then(|| Self(wanted.into()))
    }

    /// Wraps an id that the gateway made, such as a wanted one with a number appended.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for StreamerId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for PlayerId {
    fn borrow(&self) -> &str {
        &self.0
    }
}
