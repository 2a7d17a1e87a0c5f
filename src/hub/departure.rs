//! Sessions that end, and what ends with them (protocol.md §5.5).

use super::state::Session;
use super::tables::give_back;
use super::{Action, Actions, Hub, Now, notify};
use crate::id::{SessionId, StreamerId};
use crate::wire::{Close, CloseCode, out as texts};

/// What a drained session is told.
pub const RESTARTING: Close =
    Close { code: CloseCode::RESTARTING, reason: std::borrow::Cow::Borrowed("the gateway is restarting") };

impl Hub {
    /// A session has ended, whoever ended it. A second report is ignored.
    pub fn disconnect(&mut self, now: Now, session: SessionId, out: &mut Actions) {
        self.remove(session, &Close::EMPTY, out);
        self.tell_count(now, out);
    }

    /// The gateway drains this session: closed 1012, and with it those that depend on it, without
    /// `streamerDisconnected`.
    pub fn drain(&mut self, now: Now, session: SessionId, out: &mut Actions) {
        self.close(session, RESTARTING, out);
        self.tell_count(now, out);
    }

    /// The gateway ends a session.
    pub(super) fn close(&mut self, session: SessionId, close: Close, out: &mut Actions) {
        if self.sessions.contains_key(&session) {
            let audience = if close == RESTARTING { RESTARTING } else { Close::EMPTY };
            out.push(Action::Close { session, close });
            self.remove(session, &audience, out);
        }
    }

    /// Takes a session out of every table; `audience` is how those that watched it are closed. A drained streamer
    /// takes its SFUs with it, and they theirs: a list, not recursion, because a chain of SFUs may be long.
    fn remove(&mut self, session: SessionId, audience: &Close, out: &mut Actions) {
        let mut leaving = vec![session];
        let mut gone = Vec::new();
        while let Some(session) = leaving.pop() {
            let freed = self.remove_one(session, audience, out);
            if *audience == Close::EMPTY {
                self.resubscribe(freed, out);
            } else {
                out.extend(freed.iter().map(|&session| Action::Close { session, close: audience.clone() }));
                leaving.extend(freed);
            }
            gone.push(session);
        }
        for session in gone {
            self.settle_claim(session, out);
        }
    }

    fn remove_one(&mut self, session: SessionId, audience: &Close, out: &mut Actions) -> Vec<SessionId> {
        self.detach(session, true, out);
        self.forget_wish(session, None);
        self.expect_identity_no_longer(session);
        // Who is gone is not told that they leave.
        let orphans = self.publisher(session).map_or(0, |publisher| publisher.audience.len());
        if orphans > 0 {
            out.push(Action::Orphaned(orphans));
        }
        let freed = self.end_audience(session, audience, out);
        if self.publishers.remove(&session) {
            self.unlist(session);
            self.sfus.remove(&session);
        }
        if let Some(gone) = self.sessions.remove(&session) {
            self.forget(session, &gone);
        }
        freed
    }

    /// It is no longer in the table of sessions.
    fn forget(&mut self, session: SessionId, gone: &Session) {
        give_back(&mut self.sessions);
        self.count.left(session, gone.role);
        if let Some(subscriber) = &gone.subscriber {
            self.players.remove(&subscriber.id);
            give_back(&mut self.players);
        }
        if let Some(id) = gone.streamer_id() {
            self.names.release(id);
        }
    }

    /// Ends every subscription to a publisher: its players are closed, its SFUs told unless they are closed too.
    /// Returns the SFUs, which have no streamer now.
    pub(super) fn end_audience(&mut self, session: SessionId, close: &Close, out: &mut Actions) -> Vec<SessionId> {
        let Some(publisher) = self.publisher_mut(session) else { return Vec::new() };
        publisher.players = 0;
        let audience = std::mem::take(&mut publisher.audience);
        let lost = publisher.id.clone();
        let (sfus, players): (Vec<_>, Vec<_>) =
            audience.into_iter().partition(|subscriber| self.sfus.contains(subscriber));
        for player in players {
            self.close_player(player, close, out);
        }
        for &sfu in &sfus {
            self.lose_streamer(sfu, lost.as_ref());
            if *close == Close::EMPTY {
                notify(sfu, texts::streamer_disconnected(), out);
            }
        }
        sfus
    }

    fn lose_streamer(&mut self, sfu: SessionId, lost: Option<&StreamerId>) {
        if let Some(subscriber) = self.sessions.get_mut(&sfu).and_then(|sfu| sfu.subscriber.as_mut()) {
            subscriber.to = None;
        }
        self.remember_lost(sfu, lost);
        self.unlist_without_media(sfu);
    }

    fn close_player(&mut self, player: SessionId, close: &Close, out: &mut Actions) {
        let Some(gone) = self.sessions.remove(&player) else { return };
        if *close == Close::EMPTY && gone.dialect.player_hears_streamer_disconnected {
            notify(player, texts::streamer_disconnected(), out);
        }
        out.push(Action::Close { session: player, close: close.clone() });
        self.forget(player, &gone);
    }
}
