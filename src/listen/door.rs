//! What one listener lets in (protocol.md §2, "role").

use bytes::Bytes;

use crate::hub::Dialect;
use crate::wire::{Role, out as texts};

/// One listener's rules.
#[derive(Debug)]
pub struct Door {
    /// Pages beside the roles, or one role only.
    pub kind: DoorKind,
    /// The rules of its sessions.
    pub dialect: &'static Dialect,
    /// The `config` message of its sessions.
    pub config: Bytes,
}

/// What a listener is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoorKind {
    /// The unified port: pages, and the role by path.
    Unified(Vec<Role>),
    /// A legacy port: every path is this role, and there are no pages.
    Legacy(Role),
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRole {
    /// No role has that path: 404.
    UnknownPath,
    /// This listener does not take that role: 403.
    NotHere(Role),
}

impl Door {
    /// A door whose sessions are greeted with these peer connection options, a JSON object.
    pub fn new(kind: DoorKind, dialect: &'static Dialect, peer_options: &str) -> Self {
        let version = dialect.protocol_version.then_some(texts::PROTOCOL_VERSION);
        Self { kind, dialect, config: texts::config(peer_options, version) }
    }

    /// The role that a path stands for here.
    pub(crate) fn role_at(&self, path: &str) -> Result<Role, NoRole> {
        let role = match (&self.kind, path) {
            (DoorKind::Legacy(role), _) => return Ok(*role),
            (_, "/" | "") => Role::Player,
            (_, path) => path.strip_prefix('/').and_then(Role::from_name).ok_or(NoRole::UnknownPath)?,
        };
        self.admit(role)
    }

    /// Whether this listener takes that role.
    pub(crate) fn admit(&self, role: Role) -> Result<Role, NoRole> {
        let taken = match &self.kind {
            DoorKind::Legacy(only) => *only == role,
            DoorKind::Unified(roles) => roles.contains(&role),
        };
        if taken { Ok(role) } else { Err(NoRole::NotHere(role)) }
    }
}
