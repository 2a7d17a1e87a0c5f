//! The three roles that a peer can take.

use std::fmt;

/// Who a session is. An SFU is a streamer to its players and a player to its streamer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The Unreal application.
    Streamer,
    /// A fan-out server between a streamer and its players.
    Sfu,
    /// A browser.
    Player,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Role; 3] = [Role::Streamer, Role::Sfu, Role::Player];

    /// The role's name in URLs, in `hello` frames, in logs and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Streamer => "streamer",
            Role::Sfu => "sfu",
            Role::Player => "player",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether others can subscribe to this role: a streamer or an SFU.
    pub const fn publishes(self) -> bool {
        matches!(self, Role::Streamer | Role::Sfu)
    }

    /// Whether this role can subscribe to others: a player or an SFU.
    pub const fn subscribes(self) -> bool {
        matches!(self, Role::Player | Role::Sfu)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
