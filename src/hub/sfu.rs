//! Who is listed, and how SFUs come to their streamers (protocol.md §5.4).

use super::dialect::{SfuStreamsFrom, SfuSubscribes};
use super::state::{Choice, Session};
use super::{Actions, AutoSubscribe, Hub, Scope};
use crate::id::{SessionId, StreamerId};
use crate::wire::Role;

/// What an SFU without a streamer waits for.
enum Sought<'a> {
    /// Any streamer.
    Any,
    /// Always the newest streamer, even if it has another.
    Newest,
    /// The streamer of the settings.
    Only(&'a StreamerId),
    /// What it had chosen and lost: a streamer or an SFU.
    Back(&'a StreamerId),
}

impl Hub {
    pub(super) fn start_streaming(&mut self, session: SessionId, out: &mut Actions) {
        self.set_streaming(session, out);
    }

    pub(super) fn stop_streaming(&mut self, session: SessionId, out: &mut Actions) {
        self.unlist(session);
        self.lose_audience(session, out);
    }

    /// Lists a streamer or SFU, now or as soon as it has an id, and offers it to the SFUs that wait for one.
    pub(super) fn set_streaming(&mut self, session: SessionId, out: &mut Actions) {
        if let Some(publisher) = self.publisher_mut(session) {
            publisher.streaming = true;
        }
        self.list_if_ready(session, out);
    }

    pub(super) fn list_if_ready(&mut self, session: SessionId, out: &mut Actions) {
        let Some(listed) = self.sessions.get(&session) else { return };
        let role = listed.role;
        if !listed.publisher.as_ref().is_some_and(|publisher| publisher.streaming && publisher.id.is_some()) {
            return;
        }
        if self.streaming.insert(session, role).is_none() {
            self.list = None;
        }
        let idle: Vec<_> = self.sfus.iter().copied().filter(|&sfu| self.wants(sfu, session)).collect();
        for sfu in idle {
            self.go_over(sfu, session, out);
        }
    }

    /// An SFU has no media any more, unless its dialect has no word for that.
    pub(super) fn unlist_without_media(&mut self, session: SessionId) {
        if self.sessions.get(&session).is_some_and(|sfu| sfu.dialect.sfu_streams_from != SfuStreamsFrom::Connect) {
            self.unlist(session);
        }
    }

    pub(super) fn unlist(&mut self, session: SessionId) {
        if let Some(publisher) = self.publisher_mut(session) {
            publisher.streaming = false;
        }
        self.streaming.remove(&session);
        self.list = None;
    }

    /// The first of a role that streams and that the scope allows to watch.
    pub(super) fn first_streaming(&self, wanted: Role, scope: &Scope) -> Option<SessionId> {
        let mut streaming = self.streaming.iter().filter(|&(_, &role)| role == wanted).map(|(&session, _)| session);
        streaming.find(|&session| self.may_watch(scope, session))
    }

    fn newest_streaming(&self, scope: &Scope) -> Option<SessionId> {
        let streamers = self.streaming.iter().rev().filter(|&(_, &role)| role == Role::Streamer);
        streamers.map(|(&session, _)| session).find(|&session| self.may_watch(scope, session))
    }

    /// Subscribes an SFU that leaves that to the gateway, if there is a streamer for it.
    pub(super) fn auto_subscribe(&mut self, session: SessionId, out: &mut Actions) {
        let Some(scope) = self.sessions.get(&session).map(|sfu| &sfu.scope) else { return };
        let candidate = match self.sought(session) {
            Some(Sought::Any) => self.first_streaming(Role::Streamer, scope),
            Some(Sought::Newest) => self.newest_streaming(scope),
            Some(Sought::Only(id) | Sought::Back(id)) => self.names.holder(id.as_str()),
            None => None,
        };
        if let Some(target) = candidate.filter(|&target| self.wants(session, target)) {
            self.go_over(session, target, out);
        }
    }

    /// Whether an SFU is to be subscribed to this one.
    fn wants(&self, session: SessionId, target: SessionId) -> bool {
        let (Some(&role), Some(sfu)) = (self.streaming.get(&target), self.sessions.get(&session)) else { return false };
        let right = match self.sought(session) {
            Some(Sought::Any) => role == Role::Streamer,
            Some(Sought::Newest) => {
                self.newest_streaming(&sfu.scope) == Some(target) && !self.is_subscribed(session, target)
            }
            Some(Sought::Only(id)) => role == Role::Streamer && self.names.holder(id.as_str()) == Some(target),
            Some(Sought::Back(id)) => self.names.holder(id.as_str()) == Some(target),
            None => false,
        };
        right && self.may_watch(&sfu.scope, target) && !self.feeds(session, target)
    }

    fn is_subscribed(&self, session: SessionId, target: SessionId) -> bool {
        self.sessions.get(&session).and_then(Session::subscribed_to) == Some(target)
    }

    /// What an SFU waits for, if it leaves the choice to the gateway; with a streamer, only a newer one.
    fn sought(&self, session: SessionId) -> Option<Sought<'_>> {
        let sfu = self.sessions.get(&session)?;
        let choice = &sfu.publisher.as_ref()?.choice;
        let sought = match (choice, &self.settings.auto_subscribe, sfu.dialect.sfu_subscribes) {
            (_, _, SfuSubscribes::ByItself) | (_, AutoSubscribe::Off, _) | (Choice::Own { lost: None }, ..) => None,
            (Choice::Own { lost: Some(id) }, ..) => Some(Sought::Back(id)),
            (Choice::Free, AutoSubscribe::Only(id), _) => Some(Sought::Only(id)),
            (Choice::Free, AutoSubscribe::First, SfuSubscribes::ToNewest) => Some(Sought::Newest),
            (Choice::Free, AutoSubscribe::First, SfuSubscribes::ToFirst) => Some(Sought::Any),
        };
        sought.filter(|sought| matches!(sought, Sought::Newest) || sfu.subscribed_to().is_none())
    }

    pub(super) fn resubscribe(&mut self, freed: Vec<SessionId>, out: &mut Actions) {
        for sfu in freed {
            self.auto_subscribe(sfu, out);
        }
    }

    /// Notes that an SFU has chosen for itself; `lost` is what may be given back to it.
    pub(super) fn choose(&mut self, session: SessionId, lost: Option<StreamerId>) {
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
    pub(super) fn feeds(&self, sfu: SessionId, target: SessionId) -> bool {
        let upstream = |session: &SessionId| self.sessions.get(session)?.subscribed_to();
        std::iter::successors(Some(target), upstream).any(|session| session == sfu)
    }
}
