//! Who is subscribed to whom (protocol.md §5.2, §5.4).

use super::dialect::Fallback;
use super::state::{Choice, Session};
use super::{Action, Actions, AutoSubscribe, Hub, Notice, notify};
use crate::id::{SessionId, StreamerId};
use crate::wire::{Close, CloseCode, DropReason, Role, out as texts};

impl Hub {
    pub(super) fn subscribe(&mut self, session: SessionId, wanted: &str, out: &mut Actions) {
        let Some(asker) = self.sessions.get(&session) else { return };
        let (role, current) = (asker.role, asker.subscribed_to());
        let Some(target) = self.names.holder(wanted) else {
            return self.subscribe_failed(session, &format!("Streamer {wanted} does not exist."), out);
        };
        if role == Role::Sfu {
            if self.feeds(session, target) {
                let why = format!("Streamer {wanted} is this SFU or is fed by it.");
                return self.subscribe_failed(session, &why, out);
            }
            self.choose(session, None);
            if current == Some(target) {
                return;
            }
        } else if let Some(limit) = self.full(session, target) {
            let why = format!("Streamer {wanted} is full. Max players = {limit}.");
            return self.subscribe_failed(session, &why, out);
        }
        self.leave_for(session, Some(target), out);
        self.attach(session, target, out);
    }

    pub(super) fn unsubscribe(&mut self, session: SessionId, out: &mut Actions) {
        self.choose(session, None);
        self.leave_for(session, None, out);
    }

    /// Ends the subscription in favour of `next`, as the dialect has it.
    fn leave_for(&mut self, session: SessionId, next: Option<SessionId>, out: &mut Actions) {
        let Some(leaver) = self.sessions.get(&session) else { return };
        let (role, dialect, current) = (leaver.role, leaver.dialect, leaver.subscribed_to());
        let Some(current) = current else { return };
        let told = current != next.unwrap_or(session) || dialect.resubscribe_disconnects;
        self.detach(session, told, out);
        if role == Role::Sfu {
            if next.is_some() && dialect.sfu_switch_resets {
                notify(session, texts::streamer_disconnected(), out);
                self.end_audience(session, &Close::EMPTY, out);
            }
            self.unlist(session);
        }
    }

    pub(super) fn list_streamers(&mut self, session: SessionId, out: &mut Actions) {
        let Some(asker) = self.sessions.get(&session) else { return };
        let text = if asker.role == Role::Sfu {
            let itself = asker.dialect.sfu_lists_itself;
            let others = self.publishers.iter().filter(|&&publisher| itself || publisher != session);
            texts::streamer_list(others.filter_map(|&publisher| self.sessions.get(&publisher)?.streamer_id()))
        } else if let Some(text) = &self.list {
            text.clone()
        } else {
            let ids = self.streaming.keys().filter_map(|publisher| self.sessions.get(publisher)?.streamer_id());
            let text = texts::streamer_list(ids);
            self.list = Some(text.clone());
            text
        };
        notify(session, text, out);
    }

    /// A player speaks before it has subscribed. Returns whom it is subscribed to now.
    pub(super) fn fall_back(&mut self, session: SessionId, out: &mut Actions) -> Option<SessionId> {
        let fallback = self.sessions.get(&session)?.dialect.fallback;
        let first = match fallback {
            Fallback::FirstRegistered => self.publishers.first().copied(),
            Fallback::FirstStreaming | Fallback::Silent => self.first_streaming(),
        };
        match (fallback, first) {
            (Fallback::FirstStreaming, None) => {
                self.close(session, Close::new(CloseCode::TRY_AGAIN, "no streamer"), out);
            }
            (Fallback::FirstRegistered, None) => self.close(session, Close::EMPTY, out),
            (Fallback::Silent, None) => {}
            (Fallback::FirstStreaming, Some(target)) if self.full(session, target).is_some() => {
                self.close(session, Close::new(CloseCode::TRY_AGAIN, "the streamer is full"), out);
            }
            (Fallback::FirstRegistered, Some(target)) => {
                let id = self.sessions.get(&target)?.streamer_id()?.clone();
                self.subscribe(session, id.as_str(), out);
            }
            (Fallback::FirstStreaming, Some(target)) => self.attach(session, target, out),
            (Fallback::Silent, Some(target)) => self.bind(session, target),
        }
        let to = self.sessions.get(&session).and_then(Session::subscribed_to);
        if to.is_none() {
            out.push(Action::Drop(DropReason::NoStreamer));
        }
        to
    }

    fn first_streaming(&self) -> Option<SessionId> {
        self.streaming.iter().find(|&(_, &role)| role == Role::Streamer).map(|(&session, _)| session)
    }

    /// The limit that keeps this session out, if one does. Its own place does not count against it.
    fn full(&self, session: SessionId, target: SessionId) -> Option<u32> {
        let limit = self.settings.max_players?;
        let streamer = self.sessions.get(&target).filter(|target| target.role == Role::Streamer)?;
        let publisher = streamer.publisher.as_ref()?;
        let others = publisher.players - u32::from(publisher.audience.contains(&session));
        (others >= limit).then_some(limit)
    }

    fn subscribe_failed(&self, session: SessionId, why: &str, out: &mut Actions) {
        if self.sessions.get(&session).is_some_and(|asker| asker.dialect.confirms) {
            notify(session, texts::subscribe_failed(why), out);
        }
    }

    fn attach(&mut self, session: SessionId, target: SessionId, out: &mut Actions) {
        self.bind(session, target);
        let Some(newcomer) = self.sessions.get(&session) else { return };
        let Some(subscriber) = &newcomer.subscriber else { return };
        out.push(Action::Notify {
            to: target,
            text: texts::player_connected(&subscriber.id, newcomer.role == Role::Sfu, None),
            notice: Notice::PlayerConnected(session),
        });
    }

    fn bind(&mut self, session: SessionId, target: SessionId) {
        let Some(newcomer) = self.sessions.get_mut(&session) else { return };
        let players = u32::from(newcomer.role == Role::Player);
        let Some(subscriber) = &mut newcomer.subscriber else { return };
        subscriber.to = Some(target);
        if let Some(publisher) = self.publisher_mut(target) {
            publisher.audience.insert(session);
            publisher.players += players;
        }
    }

    /// Ends a subscription on both sides; the publisher is told if it is still there.
    pub(super) fn detach(&mut self, session: SessionId, told: bool, out: &mut Actions) {
        let Some(leaver) = self.sessions.get_mut(&session) else { return };
        let players = u32::from(leaver.role == Role::Player);
        let Some(subscriber) = &mut leaver.subscriber else { return };
        let Some(from) = subscriber.to.take() else { return };
        let text = told.then(|| texts::player_disconnected(&subscriber.id));
        let Some(publisher) = self.publisher_mut(from) else { return };
        publisher.audience.remove(&session);
        publisher.players -= players;
        if let Some(text) = text {
            out.push(Action::Notify { to: from, text, notice: Notice::PlayerDisconnected(session) });
        }
    }

    // ── SFUs ────────────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn start_streaming(&mut self, session: SessionId, out: &mut Actions) {
        if self.publisher(session).is_some_and(|sfu| sfu.id.is_some()) {
            self.set_streaming(session, out);
        }
    }

    pub(super) fn stop_streaming(&mut self, session: SessionId, out: &mut Actions) {
        self.unlist(session);
        let freed = self.end_audience(session, &Close::EMPTY, out);
        self.resubscribe(freed, out);
    }

    /// Lists a streamer or SFU and offers it to the SFUs that have none.
    pub(super) fn set_streaming(&mut self, session: SessionId, out: &mut Actions) {
        self.list = None;
        let Some(listed) = self.sessions.get_mut(&session) else { return };
        let role = listed.role;
        if let Some(publisher) = &mut listed.publisher {
            publisher.streaming = true;
        }
        self.streaming.insert(session, role);
        for sfu in self.sfus.clone() {
            self.auto_subscribe(sfu, out);
        }
    }

    pub(super) fn unlist(&mut self, session: SessionId) {
        if let Some(publisher) = self.publisher_mut(session) {
            publisher.streaming = false;
        }
        self.streaming.remove(&session);
        self.list = None;
    }

    /// Subscribes an SFU that has no streamer, if it leaves that to the gateway and there is one for it.
    pub(super) fn auto_subscribe(&mut self, session: SessionId, out: &mut Actions) {
        let Some(sfu) = self.sessions.get(&session) else { return };
        if !sfu.dialect.sfu_auto_subscribe || sfu.subscribed_to().is_some() {
            return;
        }
        let choice = sfu.publisher.as_ref().map(|publisher| &publisher.choice);
        let target = match (choice, &self.settings.auto_subscribe) {
            (_, AutoSubscribe::Off) | (None | Some(Choice::Own { lost: None }), _) => None,
            (Some(Choice::Own { lost: Some(id) }), _) => self.streaming_as(id),
            (Some(Choice::Free), AutoSubscribe::Only(id)) => self.streaming_as(id),
            (Some(Choice::Free), AutoSubscribe::First) => self.first_streaming(),
        };
        if let Some(target) = target.filter(|&target| !self.feeds(session, target)) {
            self.attach(session, target, out);
        }
    }

    pub(super) fn resubscribe(&mut self, freed: Vec<SessionId>, out: &mut Actions) {
        for sfu in freed {
            self.auto_subscribe(sfu, out);
        }
    }

    fn streaming_as(&self, id: &StreamerId) -> Option<SessionId> {
        self.names.holder(id.as_str()).filter(|holder| self.streaming.contains_key(holder))
    }

    /// Notes that an SFU has chosen for itself; `lost` is what may be given back to it.
    fn choose(&mut self, session: SessionId, lost: Option<StreamerId>) {
        if let Some(publisher) = self.publisher_mut(session) {
            publisher.choice = Choice::Own { lost };
        }
    }

    /// An SFU's streamer is gone: one that had chosen it gets it back when it returns.
    pub(super) fn remember_lost(&mut self, session: SessionId, lost: Option<&StreamerId>) {
        if self.publisher(session).is_some_and(|sfu| sfu.choice != Choice::Free) {
            self.choose(session, lost.cloned());
        }
    }

    /// Whether `target` is `sfu` itself or gets its media from it, directly or not.
    fn feeds(&self, sfu: SessionId, target: SessionId) -> bool {
        let upstream = |session: &SessionId| self.sessions.get(session)?.subscribed_to();
        std::iter::successors(Some(target), upstream).any(|session| session == sfu)
    }
}
