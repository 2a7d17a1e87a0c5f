//! Who may reach whom (protocol.md §3, §5.3): a subscriber its publisher, a publisher its own subscribers.

use bytes::Bytes;

use super::state::Session;
use super::{Action, Actions, Frame, Hub, Pressure};
use crate::id::SessionId;
use crate::wire::{Close, CloseCode, DropReason, Message, Role};

impl Hub {
    pub(super) fn relay_to_publisher(&mut self, from: SessionId, text: Bytes, out: &mut Actions) {
        let Some(sender) = self.sessions.get(&from) else { return };
        let to = match (sender.subscribed_to(), sender.role) {
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
        let Some(player) = message.player_id() else { return out.push(Action::Drop(DropReason::BadField)) };
        let (to, receiver) = match self.own_subscriber(from, &player) {
            Ok(found) => found,
            Err(reason) => return out.push(Action::Drop(reason)),
        };
        let strip = strip || !receiver.dialect.player_keeps_player_id;
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
        match self.own_subscriber(from, player) {
            Ok((target, session)) => {
                let dropped = session.dialect.sfu_dropped.filter(|_| session.role == Role::Sfu).cloned();
                self.close(target, dropped.unwrap_or_else(|| Close::new(CloseCode::DISCONNECTED, reason)), out);
            }
            Err(reason) => out.push(Action::Drop(reason)),
        }
    }

    /// That player, if it is subscribed to this publisher.
    fn own_subscriber(&self, publisher: SessionId, player: &str) -> Result<(SessionId, &Session), DropReason> {
        let &id = self.players.get(player).ok_or(DropReason::UnknownPlayer)?;
        let session = self.sessions.get(&id).filter(|session| session.subscribed_to() == Some(publisher));
        Ok((id, session.ok_or(DropReason::NotSubscribed)?))
    }
}
