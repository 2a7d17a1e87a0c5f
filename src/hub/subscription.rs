//! Who is subscribed to whom (protocol.md §5.2).

use std::borrow::Cow;

use bytes::Bytes;

use super::dialect::{Fallback, Places, PlayerConnected};
use super::state::Session;
use super::{Action, Actions, Hub, Notice, Scope, notify};
use crate::id::SessionId;
use crate::wire::{Close, CloseCode, DropReason, Role, out as texts};

/// How a player is closed that finds its streamer full and cannot be told otherwise.
pub(super) const FULL: Close = Close { code: CloseCode::TRY_AGAIN, reason: Cow::Borrowed("the streamer is full") };

impl Hub {
    pub(super) fn subscribe(&mut self, session: SessionId, wanted: &str, out: &mut Actions) {
        let Some(asker) = self.sessions.get(&session) else { return };
        let (role, current) = (asker.role, asker.subscribed_to());
        let Some(target) = self.names.holder(wanted).filter(|_| asker.scope.allows(wanted)) else {
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
        } else if let Some(limit) = self.full_for(session, target) {
            if !asker.dialect.confirms {
                return self.close(session, FULL, out);
            }
            let why = format!("Streamer {wanted} is full. Max players = {limit}.");
            return self.subscribe_failed(session, &why, out);
        }
        self.go_over(session, target, out);
    }

    /// An SFU that leaves by itself is left alone from then on; what it streams stays listed.
    pub(super) fn unsubscribe(&mut self, session: SessionId, out: &mut Actions) {
        if self.sessions.get(&session).and_then(Session::subscribed_to).is_some() {
            self.choose(session, None);
            self.detach(session, true, out);
        }
    }

    /// Subscribes a session that may have another subscription, or the same, which ends.
    pub(super) fn go_over(&mut self, session: SessionId, target: SessionId, out: &mut Actions) {
        let left = self.leave_for(session, target, out);
        self.bind(session, target);
        if left {
            self.tell_of_arrival(session, target, out);
        } else {
            self.tell_of_arrival_again(session, target, out);
        }
    }

    /// Ends the subscription in favour of another, or of the same again. Returns whether there is none any more, as far
    /// as the next streamer knows: the dialect may keep it in the dark about the end of the same.
    fn leave_for(&mut self, session: SessionId, next: SessionId, out: &mut Actions) -> bool {
        let Some(leaver) = self.sessions.get(&session) else { return true };
        let (role, dialect, current) = (leaver.role, leaver.dialect, leaver.subscribed_to());
        let Some(current) = current else { return true };
        let starts_over =
            self.sessions.get(&current).is_some_and(|publisher| publisher.dialect.resubscribe_disconnects);
        let left = current != next || starts_over;
        self.detach(session, left, out);
        if role == Role::Sfu {
            self.unlist_without_media(session);
            if dialect.sfu_switch_resets {
                notify(session, texts::streamer_disconnected(), out);
                self.lose_audience(session, out);
            }
        }
        left
    }

    /// Ends the subscriptions to an SFU that stays: it is told of each.
    pub(super) fn lose_audience(&mut self, session: SessionId, out: &mut Actions) {
        let told = self.publisher(session).map(|sfu| sfu.audience.clone()).unwrap_or_default();
        for subscriber in told {
            self.tell_of_departure(subscriber, session, out);
        }
        let freed = self.end_audience(session, &Close::EMPTY, out);
        self.resubscribe(freed, out);
    }

    fn tell_of_departure(&self, session: SessionId, from: SessionId, out: &mut Actions) {
        if let Some(subscriber) = self.sessions.get(&session).and_then(|leaver| leaver.subscriber.as_ref()) {
            let text = texts::player_disconnected(&subscriber.id);
            out.push(Action::Notify { to: from, text, notice: Notice::PlayerDisconnected(session) });
        }
    }

    pub(super) fn list_streamers(&mut self, session: SessionId, out: &mut Actions) {
        let Some(asker) = self.sessions.get(&session) else { return };
        let text = if asker.role == Role::Sfu {
            let itself = asker.dialect.sfu_lists_itself;
            let others = self.publishers.iter().filter(|&&publisher| itself || publisher != session);
            let shown = others.filter(|&&publisher| self.may_watch(&asker.scope, publisher));
            texts::streamer_list(shown.filter_map(|&publisher| self.sessions.get(&publisher)?.streamer_id()))
        } else if !asker.scope.is_any() {
            let shown = self.streaming.keys().filter(|&&publisher| self.may_watch(&asker.scope, publisher));
            texts::streamer_list(shown.filter_map(|publisher| self.sessions.get(publisher)?.streamer_id()))
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
        let speaker = self.sessions.get(&session)?;
        let fallback = speaker.dialect.fallback;
        let first = match fallback {
            Fallback::FirstRegistered => self.first_registered(&speaker.scope),
            Fallback::FirstStreaming | Fallback::Silent => self.first_streaming(Role::Streamer, &speaker.scope),
            // It has had a streamer as long as it was there.
            Fallback::AttachedOnConnect => None,
        };
        match (fallback, first) {
            (Fallback::FirstStreaming, None) => {
                self.close(session, Close::new(CloseCode::TRY_AGAIN, "no streamer"), out);
            }
            (Fallback::FirstRegistered, None) => self.close(session, Close::EMPTY, out),
            (Fallback::Silent, None) | (Fallback::AttachedOnConnect, _) => {}
            (Fallback::FirstRegistered, Some(target)) => {
                let id = self.sessions.get(&target)?.streamer_id()?.clone();
                self.subscribe(session, id.as_str(), out);
            }
            (Fallback::FirstStreaming | Fallback::Silent, Some(target)) => match self.full_for(session, target) {
                Some(_) => self.close(session, FULL, out),
                None if fallback == Fallback::FirstStreaming => self.attach(session, target, out),
                None => {
                    self.bind(session, target);
                    out.push(Action::Bound { to: target, player: session });
                }
            },
        }
        let to = self.sessions.get(&session).and_then(Session::subscribed_to);
        if to.is_none() {
            out.push(Action::Drop(DropReason::NoStreamer));
        }
        to
    }

    fn first_registered(&self, scope: &Scope) -> Option<SessionId> {
        self.publishers.iter().copied().find(|&publisher| self.may_watch(scope, publisher))
    }

    /// Whether a streamer or SFU has an id that the scope allows.
    pub(super) fn may_watch(&self, scope: &Scope, publisher: SessionId) -> bool {
        let id = self.sessions.get(&publisher).and_then(Session::streamer_id);
        id.is_some_and(|id| scope.allows(id.as_str()))
    }

    fn full_for(&self, session: SessionId, target: SessionId) -> Option<u32> {
        self.full(self.sessions.get(&session)?.places, Some(session), target)
    }

    /// The limit that keeps a player out, if one does. Its own place does not count against it.
    pub(super) fn full(&self, places: Places, player: Option<SessionId>, target: SessionId) -> Option<u32> {
        let limit = self.settings.max_players.filter(|_| places == Places::OfEachStreamer)?;
        let streamer = self.sessions.get(&target).filter(|target| target.role == Role::Streamer)?;
        let publisher = streamer.publisher.as_ref()?;
        let others = publisher.players - u32::from(player.is_some_and(|own| publisher.audience.contains(&own)));
        (others >= limit).then_some(limit)
    }

    fn subscribe_failed(&self, session: SessionId, why: &str, out: &mut Actions) {
        if self.sessions.get(&session).is_some_and(|asker| asker.dialect.confirms) {
            notify(session, texts::subscribe_failed(why), out);
        }
    }

    /// Subscribes a session that has no subscription.
    pub(super) fn attach(&mut self, session: SessionId, target: SessionId, out: &mut Actions) {
        self.bind(session, target);
        self.tell_of_arrival(session, target, out);
    }

    fn tell_of_arrival(&self, session: SessionId, to: SessionId, out: &mut Actions) {
        out.push(match self.player_connected(session, to) {
            Some(text) => Action::Notify { to, text, notice: Notice::PlayerConnected(session) },
            None => Action::Bound { to, player: session },
        });
    }

    fn tell_of_arrival_again(&self, session: SessionId, to: SessionId, out: &mut Actions) {
        if let Some(text) = self.player_connected(session, to) {
            out.push(Action::Notify { to, text, notice: Notice::PlayerConnectedAgain(session) });
        }
    }

    /// `playerConnected` as the receiver's dialect has it.
    fn player_connected(&self, session: SessionId, to: SessionId) -> Option<Bytes> {
        let newcomer = self.sessions.get(&session)?;
        let subscriber = newcomer.subscriber.as_ref()?;
        let send_offer = match self.sessions.get(&to)?.dialect.player_connected {
            PlayerConnected::Plain => None,
            PlayerConnected::WithSendOffer => Some(!subscriber.offers),
            PlayerConnected::Never => return None,
        };
        Some(texts::player_connected(&subscriber.id, newcomer.role == Role::Sfu, send_offer))
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

    /// Ends a subscription on both sides; the publisher is told.
    pub(super) fn detach(&mut self, session: SessionId, told: bool, out: &mut Actions) {
        let Some(leaver) = self.sessions.get_mut(&session) else { return };
        let players = u32::from(leaver.role == Role::Player);
        let Some(from) = leaver.subscriber.as_mut().and_then(|subscriber| subscriber.to.take()) else { return };
        if let Some(publisher) = self.publisher_mut(from) {
            publisher.audience.remove(&session);
            publisher.players -= players;
        }
        if told {
            self.tell_of_departure(session, from, out);
        }
    }
}
