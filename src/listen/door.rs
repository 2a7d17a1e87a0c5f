//! What one listener lets in (protocol.md §2, "role").

use std::net::SocketAddr;
use std::sync::Arc;

use super::queue::Crowd;
use crate::auth::{Grant, Greetings};
use crate::config::Roles;
use crate::hub::{Dialect, Wishes};
use crate::session::Admission;
use crate::wire::Role;

/// One listener's rules.
#[derive(Debug)]
pub struct Door {
    /// Pages beside the roles, or one role only.
    pub kind: DoorKind,
    /// The rules of its sessions.
    pub dialect: &'static Dialect,
    /// Whether a peer may choose others (protocol.md §4).
    pub choose_dialect: bool,
    /// What every path begins with; empty for nothing.
    pub prefix: String,
    /// Whether anything is answered that asks for no WebSocket.
    pub http: bool,
    /// The `config` message of its sessions.
    pub greetings: Arc<Greetings>,
    /// Roles that anybody may take here.
    pub open: Roles,
}

/// What a listener is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoorKind {
    /// The unified port: the role by path.
    Unified(Vec<Role>),
    /// A legacy port: every path is this role.
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
    /// A door without a prefix, whose sessions have that dialect. A unified one answers HTTP.
    pub fn new(kind: DoorKind, dialect: &'static Dialect, greetings: Arc<Greetings>) -> Self {
        let http = matches!(kind, DoorKind::Unified(_));
        Self { kind, dialect, choose_dialect: false, prefix: String::new(), http, greetings, open: Roles::NONE }
    }

    /// The role that a path stands for here.
    pub(crate) fn role_at(&self, path: &str) -> Result<Role, NoRole> {
        let path = self.inside(path).ok_or(NoRole::UnknownPath)?;
        let role = match (&self.kind, path) {
            (DoorKind::Legacy(role), _) => return Ok(*role),
            (_, "/" | "") => Role::Player,
            (_, path) => path.strip_prefix('/').and_then(Role::from_name).ok_or(NoRole::UnknownPath)?,
        };
        self.admit(role)
    }

    /// The rest of a path that begins with the prefix.
    pub(crate) fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.prefix.as_str())
            .filter(|rest| self.prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }

    /// Whom it is for.
    pub(super) fn crowd(&self) -> Crowd {
        if self.admit(Role::Player).is_ok() { Crowd::Players } else { Crowd::Publishers }
    }

    /// Whether this listener takes that role.
    pub(crate) fn admit(&self, role: Role) -> Result<Role, NoRole> {
        let taken = match &self.kind {
            DoorKind::Legacy(only) => *only == role,
            DoorKind::Unified(roles) => roles.contains(&role),
        };
        if taken { Ok(role) } else { Err(NoRole::NotHere(role)) }
    }

    /// What a peer would be let in as that was taken in that role and asked for that dialect. One that is not known, or not
    /// to be chosen here, is the listener's.
    pub(crate) fn admission(&self, role: Role, dialect: Option<&str>, wishes: Wishes, remote: SocketAddr) -> Admission {
        let chosen = dialect.filter(|_| self.choose_dialect).and_then(Dialect::by_name);
        let dialect = chosen.unwrap_or(self.dialect);
        // How many players there may be is not theirs to choose.
        let places = self.dialect.places;
        let greetings = Arc::clone(&self.greetings);
        let grant = Grant::default();
        Admission { role, dialect, places, remote, greetings, wishes, grant, place: None, early: None }
    }
}
