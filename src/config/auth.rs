//! Who may connect: the rules of the roles, and the roles that need none.

use super::error::{ConfigError, Fault};
use super::read::Values;
use super::values::{Roles, Secret};
use super::{Config, Listener};
use crate::wire::Role;

/// Who may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Auth {
    /// Roles that need nothing where no rule says what they need.
    pub open: Roles,
    /// What streamers must show.
    pub streamer_token: Option<Secret>,
    /// What SFUs must show.
    pub sfu_token: Option<Secret>,
    /// What players must show.
    pub player_token: Option<Secret>,
}

impl Auth {
    /// The token that all of a role share.
    pub fn token(&self, role: Role) -> Option<&Secret> {
        match role {
            Role::Streamer => self.streamer_token.as_ref(),
            Role::Sfu => self.sfu_token.as_ref(),
            Role::Player => self.player_token.as_ref(),
        }
    }

    /// Whether something says who may take that role.
    pub fn has_rule(&self, role: Role) -> bool {
        self.token(role).is_some()
    }
}

impl Values {
    pub(super) fn auth(&self) -> Result<Auth, ConfigError> {
        Ok(Auth {
            open: self.read("open", Roles::parse_open)?,
            streamer_token: self.read_if_any("streamer-token", Secret::parse)?,
            sfu_token: self.read_if_any("sfu-token", Secret::parse)?,
            player_token: self.read_if_any("player-token", Secret::parse)?,
        })
    }

    /// Nothing that other machines reach is open to everybody by oversight.
    pub(super) fn check_open(&self, config: &Config) -> Result<(), ConfigError> {
        let beyond = config.listeners.iter().filter(|listener| listener.addr.is_beyond_loopback());
        let mut missing = beyond.filter_map(|listener| Some((listener, unruled(&config.auth, listener)?)));
        let Some((listener, role)) = missing.next() else { return Ok(()) };
        let problem = format!("whoever reaches {} could connect as {role}: nothing says who may", listener.addr);
        let remedy = format!("give {role}-token or another rule, or open = \"{role}\" if everybody may");
        Err(Fault::new(problem, remedy).at(self.listener_place(&listener.name)))
    }
}

/// A role that a listener takes from anybody, and nobody has said so.
fn unruled(auth: &Auth, listener: &Listener) -> Option<Role> {
    let open = |role| auth.open.contains(role) || listener.open.is_some_and(|open| open.contains(role));
    let mut roles = [Role::Player, Role::Streamer, Role::Sfu].into_iter();
    roles.find(|&role| listener.serving.takes(role) && !auth.has_rule(role) && !open(role))
}
