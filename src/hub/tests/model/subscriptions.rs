//! Subscriptions (protocol.md §5.2) and SFUs (§5.4).

use super::*;

impl Model {
    pub(super) fn list_streamers(&mut self, asker: u64) {
        let (role, itself) = (self.get(asker).role, self.get(asker).row.sfu_lists_itself);
        let is_listed = |session: u64, state: &Session| match role {
            Role::Player => state.streaming,
            _ => session != asker || itself,
        };
        let all = self.sessions.iter().filter(|(session, state)| is_listed(**session, state));
        let ids = all.filter_map(|(_, state)| state.id.clone()).collect();
        self.say(asker, Effect::List(ids));
    }

    pub(super) fn join(&mut self, session: u64, publisher: u64) {
        self.at(session).subscribed_to = Some(publisher);
        match self.get(publisher).row.arrivals {
            Arrivals::Silent => self.say(publisher, Effect::Bound(self.player_id(session))),
            _ => self.tell_arrival(session, publisher, false),
        }
    }

    pub(super) fn tell_arrival(&mut self, session: u64, publisher: u64, again: bool) {
        let (player, sfu) = (self.player_id(session), self.get(session).role == Role::Sfu);
        let offer = match self.get(publisher).row.arrivals {
            Arrivals::Plain => None,
            Arrivals::WithOffer => Some(!self.get(session).wishes.offers),
            Arrivals::Silent => return,
        };
        self.say(publisher, Effect::PlayerConnected { player, sfu, offer, again });
    }

    pub(super) fn fail_to_subscribe(&mut self, session: u64, why: String) {
        if self.get(session).row.confirms {
            self.say(session, Effect::SubscribeFailed(why));
        }
    }

    pub(super) fn leave(&mut self, session: u64) {
        let publisher = self.at(session).subscribed_to.take();
        if let Some(publisher) = publisher.filter(|publisher| self.sessions.contains_key(publisher)) {
            let player = self.player_id(session);
            self.say(publisher, Effect::PlayerDisconnected(player));
        }
    }

    /// An SFU that leaves its streamer has chosen to have none.
    pub(super) fn unsubscribe(&mut self, session: u64) {
        if self.get(session).subscribed_to.is_some() && self.get(session).role == Role::Sfu {
            self.at(session).chosen = Some(String::new());
        }
        self.leave(session);
    }

    pub(super) fn subscribe(&mut self, session: u64, id: &str) {
        let Some(publisher) = self.holder(id) else {
            return self.fail_to_subscribe(session, format!("Streamer {id} does not exist."));
        };
        if self.get(session).role == Role::Sfu {
            return self.subscribe_sfu(session, publisher, id);
        }
        if let Some(failed) = self.full(session, publisher) {
            return self.fail_to_subscribe(session, failed);
        }
        if self.get(session).subscribed_to == Some(publisher) && !self.get(publisher).row.starts_over {
            return self.tell_arrival(session, publisher, true);
        }
        self.leave(session);
        self.join(session, publisher);
    }

    pub(super) fn full(&self, asker: u64, publisher: u64) -> Option<String> {
        let (state, max) = (self.get(publisher), self.setup.max_players?);
        if self.get(asker).row.places_of_the_server {
            return None;
        }
        let others = self.subscribers(publisher).into_iter().filter(|&other| other != asker);
        let players = others.filter(|&other| self.get(other).role == Role::Player).count();
        let id = state.id.as_deref().expect("who is subscribed to has an id");
        let is_full = state.role == Role::Streamer && players >= max as usize;
        is_full.then(|| format!("Streamer {id} is full. Max players = {max}."))
    }

    pub(super) fn subscribe_sfu(&mut self, sfu: u64, publisher: u64, id: &str) {
        if self.with_all_below(sfu).contains(&publisher) {
            return self.fail_to_subscribe(sfu, ANY.into());
        }
        self.at(sfu).chosen = Some(id.into());
        match self.get(sfu).subscribed_to {
            Some(current) if current == publisher => return,
            Some(_) => self.leave_for_another(sfu),
            None => {}
        }
        self.join(sfu, publisher);
    }

    pub(super) fn leave_for_another(&mut self, sfu: u64) {
        self.leave(sfu);
        self.lose_media(sfu);
        if self.get(sfu).row.switch_resets {
            self.say(sfu, Effect::StreamerDisconnected);
            self.end_subscriptions(self.subscribers(sfu));
        }
    }

    pub(super) fn stop_streaming(&mut self, sfu: u64) {
        self.at(sfu).streaming = false;
        self.end_subscriptions(self.subscribers(sfu));
    }

    pub(super) fn wants(&self, session: u64, number: u64) -> bool {
        let (Some(sfu), streamer) = (self.sessions.get(&session), self.get(number)) else { return false };
        let (id, streamer_role, streaming) = (streamer.id.as_deref(), streamer.role, streamer.streaming);
        let newest = sfu.row.gets_the_newest && sfu.chosen.is_none() && self.setup.auto == Auto::First;
        let may_have = if newest { sfu.subscribed_to != Some(number) } else { sfu.subscribed_to.is_none() };
        let is_free = sfu.role == Role::Sfu && sfu.row.is_auto_subscribed && may_have;
        let fits = match (self.setup.auto, &sfu.chosen) {
            (Auto::Off, _) => false,
            (_, Some(chosen)) => id == Some(chosen),
            (Auto::First, None) => !newest || self.newest_streamer() == Some(number),
            (Auto::Only(only), None) => id == Some(only),
        };
        let kind = streamer_role == Role::Streamer || sfu.chosen.is_some();
        is_free && fits && kind && streaming && id.is_some() && !self.with_all_below(session).contains(&number)
    }

    pub(super) fn auto_subscribe(&mut self, session: u64) {
        let found = self.sessions.keys().copied().find(|&streamer| self.wants(session, streamer));
        if let Some(streamer) = found {
            self.join(session, streamer);
        }
    }

    pub(super) fn offer_to_sfus(&mut self, streamer: u64) {
        for session in self.sessions.keys().copied().collect::<Vec<_>>() {
            if self.wants(session, streamer) {
                self.leave(session);
                self.join(session, streamer);
            }
        }
    }
}
