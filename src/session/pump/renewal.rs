//! TURN credentials that are exchanged before they end: `config` again, to streamers and SFUs (protocol.md §3). A player
//! keeps its first: its one peer connection has begun long before.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;

use super::Pump;
use crate::auth::Greetings;
use crate::hub::{Dialect, Notice};
use crate::transport::Transport;
use crate::wire::{Kind, Role};

/// The next `config` of a session.
pub(in super::super) struct Renewal {
    greetings: Arc<Greetings>,
    pub(super) due: Instant,
}

impl Renewal {
    /// Of a session that begins now. `None` where it is not sent `config` again.
    pub(in super::super) fn new(greetings: Arc<Greetings>, role: Role, dialect: &Dialect) -> Option<Box<Self>> {
        let greeting = match role {
            Role::Streamer => dialect.greet_streamer,
            Role::Sfu => dialect.greet_sfu,
            Role::Player => return None,
        };
        let after = greetings.renewal(dialect).filter(|_| greeting.contains(&Kind::Config))?;
        Some(Box::new(Self { greetings, due: Instant::now() + after }))
    }
}

impl<T: Transport> Pump<'_, T> {
    /// A `config` that is due, as later sessions get it. Where these get no credentials any more it is the last.
    pub(super) fn send_due_config(&mut self, now: Instant) {
        let Some(renewal) = self.renewal.as_mut().filter(|renewal| renewal.due <= now) else { return };
        let text = renewal.greetings.config(self.dialect, self.connected.guard.session(), SystemTime::now());
        match renewal.greetings.renewal(self.dialect) {
            Some(after) => renewal.due = (renewal.due + after).max(now),
            None => self.renewal = None,
        }
        self.connected.outbox.push_notice(text, Notice::Other);
    }
}
