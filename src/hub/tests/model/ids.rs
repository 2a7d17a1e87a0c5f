//! Ids (protocol.md §5.1).

use super::*;

impl Model {
    pub(super) fn endpoint_id(&mut self, now: Now, session: u64, wanted: Option<&str>) {
        let wanted = wanted.filter(|id| is_valid(id)).unwrap_or(NAMELESS);
        self.at(session).legacy_at = None;
        self.wishes.retain(|wish| wish.session != session);
        let holder = self.holder(wanted).filter(|&holder| holder != session);
        match holder {
            Some(holder) if self.get(session).row.probes_holder && wanted != NAMELESS => {
                self.wishes.push(Wish { session, id: wanted.into(), holder });
                self.probe(now, holder);
            }
            _ => self.give_id(session, wanted),
        }
        self.forget_idle_probes();
    }

    pub(super) fn probe(&mut self, now: Now, holder: u64) {
        if !self.is_probed(holder) {
            self.probes.push(Probe { holder, until: now + PROBE_TIME });
            self.say(holder, Effect::Probed);
        }
    }

    pub(super) fn forget_idle_probes(&mut self) {
        let wishes = &self.wishes;
        self.probes.retain(|probe| wishes.iter().any(|wish| wish.holder == probe.holder));
    }

    /// The holder has shown life, or does not hold the id any more.
    pub(super) fn grant_wishes(&mut self, holder: u64) {
        let granted = self.wishes.extract_if(.., |wish| wish.holder == holder).collect::<Vec<_>>();
        self.forget_idle_probes();
        for wish in granted {
            self.give_id(wish.session, &wish.id);
        }
    }

    pub(super) fn give_id(&mut self, session: u64, wanted: &str) {
        let id = self.free_id(wanted, session);
        let streamer = self.at(session);
        let old = streamer.id.replace(id.clone());
        let is_streamer = streamer.role == Role::Streamer;
        streamer.streaming |= is_streamer || streamer.row.sfu_streams == SfuStreams::FromItsId;
        let renamed = old.is_some_and(|old| old != id);
        if renamed {
            self.tell_new_id(session, &id);
        }
        if self.get(session).row.confirms {
            self.say(session, Effect::Confirm(id));
        }
        self.offer_to_sfus(session);
        if renamed {
            self.grant_wishes(session);
        }
    }

    pub(super) fn tell_new_id(&mut self, streamer: u64, id: &str) {
        for session in self.subscribers(streamer) {
            if let Some(message) = self.get(session).row.id_changed {
                self.say(session, Effect::IdChanged(message.into(), id.into()));
            }
            if let Some(chosen) = &mut self.at(session).chosen {
                *chosen = id.into();
            }
        }
    }

    pub(super) fn list_as_legacy(&mut self, due: Now) {
        let id = (0..).map(|n| format!("{LEGACY}{n}")).find(|id| self.holder(id).is_none()).expect("enough numbers");
        let mut all = self.sessions.iter_mut();
        let (&session, streamer) = all.find(|(_, session)| session.legacy_at == Some(due)).expect("it is due");
        streamer.id = Some(id);
        streamer.streaming = true;
        streamer.legacy_at = None;
        self.offer_to_sfus(session);
    }
}

fn is_valid(id: &str) -> bool {
    !id.is_empty() && id.chars().count() <= 128 && !id.chars().any(char::is_control)
}
