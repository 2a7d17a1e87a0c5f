//! Lines of bytes as what hostile sessions send, from the frame through the scan to the hub.
//!
//! Two streamers, an SFU and three players are there. The first byte of a line says whose it is, the rest is its
//! message.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use super::message::is_object;
use crate::hub::{Action, Actions, Dialect, Frame, Hub, Now, Peer, Request, Scope, Settings, Wishes};
use crate::id::{PlayerId, SessionId};
use crate::session::{Asked, ask};
use crate::wire::{Message, Role, SPLICE_ROOM, out as texts};

const ROLES: [Role; 6] = [Role::Streamer, Role::Streamer, Role::Sfu, Role::Player, Role::Player, Role::Player];

const DIALECTS: [&Dialect; 4] = [Dialect::STANDARD, Dialect::WILBUR, Dialect::WILBUR_5_5, Dialect::CIRRUS_5_4];

/// The first byte says which dialect is spoken, then come the lines.
///
/// # Panics
/// When anybody is sent what is no message, or what is much longer than what was sent; when a session that is gone is
/// sent anything; when somebody stays behind after everybody has left.
pub fn relay(data: &[u8]) {
    let Some((dialect, lines)) = data.split_first() else { return };
    let mut stage = Stage::new(DIALECTS[usize::from(*dialect) % DIALECTS.len()]);
    for line in lines.split(|byte| *byte == b'\n') {
        if let Some((who, text)) = line.split_first() {
            stage.send(usize::from(*who) % ROLES.len(), text);
        }
    }
    stage.leave();
}

struct Stage {
    hub: Hub,
    now: Now,
    players: Vec<Option<PlayerId>>,
    present: BTreeSet<SessionId>,
    actions: Actions,
}

impl Stage {
    fn new(dialect: &'static Dialect) -> Self {
        let hub = Hub::new(Settings { max_players: Some(2), ..Settings::default() });
        let mut stage =
            Self { hub, now: Duration::ZERO, players: Vec::new(), present: BTreeSet::new(), actions: Actions::new() };
        for (session, role) in (0..).map(SessionId).zip(ROLES) {
            let config = texts::config("{}", Some(texts::PROTOCOL_VERSION));
            let peer =
                Peer { role, dialect, places: dialect.places, config, wishes: Wishes::default(), scope: Scope::ANY };
            stage.present.insert(session);
            let player = stage.hub.connect(stage.now, session, peer, &mut stage.actions);
            stage.players.push(player);
            stage.settle(0);
        }
        stage
    }

    fn send(&mut self, who: usize, text: &[u8]) {
        self.now += Duration::from_millis(700);
        self.hub.tick(self.now, &mut self.actions);
        self.settle(0);
        let session = SessionId(who as u64);
        self.hub.alive(self.now, session, &mut self.actions);
        let Ok(message) = Message::parse(Bytes::copy_from_slice(text)) else { return self.settle(0) };
        if let Asked::Hub(request) = ask(message, ROLES[who], self.players[who].as_ref()) {
            // As the session does: it asks again when there was no room.
            self.request(session, request);
        }
        self.settle(text.len());
    }

    fn request(&mut self, session: SessionId, request: Request) {
        self.hub.request(self.now, session, request, &mut self.actions);
    }

    /// Carries the actions out; `sent` is how long the message was that they answer.
    fn settle(&mut self, sent: usize) {
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::Relay { to, from, frame, .. } => {
                    self.check_receiver(to, &frame);
                    assert!(self.present.contains(&from) && from != to, "{from} → {to}");
                    let text = frame.into_text();
                    assert!(is_object(&text) && text.len() <= sent + SPLICE_ROOM, "{text:?}");
                }
                Action::Notify { to, text, .. } => self.check_receiver(to, &Frame::Text(text)),
                Action::Close { session, .. } => assert!(self.present.remove(&session), "{session} is closed twice"),
                Action::Bound { .. } | Action::Orphaned(_) | Action::Probe(_) | Action::Drop(_) => {}
            }
        }
    }

    fn check_receiver(&self, to: SessionId, frame: &Frame) {
        assert!(self.present.contains(&to), "{to} is gone");
        assert!(is_object(frame.text()), "{frame:?}");
    }

    fn leave(&mut self) {
        while let Some(session) = self.present.pop_first() {
            self.hub.disconnect(self.now, session, &mut self.actions);
            self.settle(0);
        }
        assert!(self.hub.is_empty(), "{:?}", self.hub);
    }
}
