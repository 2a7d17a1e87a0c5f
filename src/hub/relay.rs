//! Who may reach whom (protocol.md §3, §5.3): a subscriber its publisher, a publisher its own subscribers.

use bytes::Bytes;

use super::state::Session;
use super::{Action, Actions, Frame, Hub, Pressure};
use crate::id::SessionId;
use crate::wire::{Close, CloseCode, DropReason, Kind, Message, Role};

impl Hub {
    pub(super) fn relay_to_publisher(&mut self, from: SessionId, kind: Kind, text: Bytes, out: &mut Actions) {
        let Some(sender) = self.sessions.get(&from) else { return };
        let to = match (sender.subscribed_to(), sender.role) {
            (_, Role::Sfu) if kind == Kind::IceCandidate && !sender.dialect.sfu_is_a_full_streamer => {
                return out.push(Action::Drop(DropReason::Dialect));
            }
            (Some(to), _) => Some(to),
            (None, Role::Player) => self.fall_back(from, out),
            (None, _) => {
                out.push(Action::Drop(DropReason::NoStreamer));
                None
            }
        };
        if let Some(to) = to {
            out.push(Action::Relay { to, from, frame: Frame::Text(text), pressure: Pressure::SenderWaits });
        }
    }

    pub(super) fn relay_to_player(&self, from: SessionId, message: Message, strip: bool, out: &mut Actions) {
        if message.kind() == Kind::IceCandidate && !self.is_full_streamer(from) {
            return out.push(Action::Drop(DropReason::Dialect));
        }
        let player = message.player_id();
        let to = match player.map_or(Err(DropReason::BadField), |player| self.own_subscriber(from, &player)) {
            Ok(to) => to,
            Err(reason) => return out.push(Action::Drop(reason)),
        };
        let strip = strip || self.sessions.get(&to).is_some_and(|to| !to.dialect.player_keeps_player_id);
        let frame = if strip { Frame::WithoutPlayerId(Box::new(message)) } else { Frame::Text(message.into_text()) };
        out.push(Action::Relay { to, from, frame, pressure: Pressure::ReceiverIsCut });
    }

    pub(super) fn relay_to_sfus(&self, from: SessionId, text: &Bytes, out: &mut Actions) {
        let Some(publisher) = self.publisher(from) else { return };
        for &to in publisher.audience.iter().filter(|to| self.sfus.contains(to)) {
            out.push(Action::Relay { to, from, frame: Frame::Text(text.clone()), pressure: Pressure::ReceiverIsCut });
        }
    }

    pub(super) fn disconnect_player(&mut self, from: SessionId, player: &str, reason: String, out: &mut Actions) {
        if !self.is_full_streamer(from) {
            return out.push(Action::Drop(DropReason::Dialect));
        }
        match self.own_subscriber(from, player) {
            Ok(target) => {
                let sfu = self.sessions.get(&target).filter(|target| target.role == Role::Sfu);
                let dropped = sfu.and_then(|sfu| sfu.dialect.sfu_dropped).cloned();
                self.close(target, dropped.unwrap_or_else(|| Close::new(CloseCode::DISCONNECTED, reason)), out);
            }
            Err(reason) => out.push(Action::Drop(reason)),
        }
    }

    /// The session of that player, if it is subscribed to this publisher.
    fn own_subscriber(&self, publisher: SessionId, player: &str) -> Result<SessionId, DropReason> {
        let &session = self.players.get(player).ok_or(DropReason::UnknownPlayer)?;
        let subscribed_to = self.sessions.get(&session).and_then(Session::subscribed_to);
        if subscribed_to == Some(publisher) { Ok(session) } else { Err(DropReason::NotSubscribed) }
    }

    fn is_full_streamer(&self, session: SessionId) -> bool {
        self.sessions
            .get(&session)
            .is_some_and(|sender| sender.role == Role::Streamer || sender.dialect.sfu_is_a_full_streamer)
    }
}
