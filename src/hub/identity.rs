//! Streamer ids (protocol.md §5.1): wanted, taken, contested by a ghost, never said.
//!
//! Whoever may register only some ids is measured by the id that it wants and by the one that it is given: of the
//! numbers that can be appended to a taken id it gets the lowest that it may have, and where there is none it is closed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::dialect::{SfuStreamsFrom, Sfus, Unidentified};
use super::{Action, Actions, Due, Hub, Now, notify};
use crate::id::{SessionId, StreamerId};
use crate::wire::{Close, CloseCode, Role, out as texts};

/// How long the holder of a wanted id has to show life.
const PROBE: Duration = Duration::from_secs(2);

/// How long a streamer may leave `identify` unanswered before it is listed all the same.
const SILENCE: Duration = Duration::from_secs(5);

/// For a streamer or SFU that asks for no id, or for one that cannot be.
const UNKNOWN: &str = "UnknownStreamer";

/// For a streamer of a time before ids; a number follows, from 0.
const LEGACY: &str = "__LEGACY_STREAMER__";

/// The same in dialects that list it at once.
pub(super) const LEGACY_AT_ONCE: &str = "__LEGACY__";

/// Newcomers that wait until the holder of the id they want has shown life or not.
#[derive(Debug)]
pub(super) struct Claim {
    until: Now,
    wanted: StreamerId,
    /// By their place in the queue.
    newcomers: BTreeMap<u64, SessionId>,
    next_place: u64,
}

impl Hub {
    pub(super) fn await_identity(&mut self, now: Now, session: SessionId, out: &mut Actions) {
        let Some((role, dialect)) = self.sessions.get(&session).map(|newcomer| (newcomer.role, newcomer.dialect))
        else {
            return;
        };
        if let (Role::Sfu, Sfus::One { id, .. }) = (role, dialect.sfus) {
            // Somebody for whom there is no id was not let in.
            self.hold(session, &StreamerId::new(id));
        } else {
            self.await_id(now, session, role, dialect.unidentified, out);
        }
        if role == Role::Sfu && dialect.sfu_streams_from == SfuStreamsFrom::Connect {
            self.set_streaming(session, out);
        }
    }

    fn await_id(&mut self, now: Now, session: SessionId, role: Role, unidentified: Unidentified, out: &mut Actions) {
        match unidentified {
            Unidentified::ListedAfterFiveSeconds if role == Role::Streamer => {
                let at = now + SILENCE;
                self.deadlines.set(at, Due::Legacy(session));
                if let Some(publisher) = self.publisher_mut(session) {
                    publisher.listed_at = Some(at);
                }
            }
            Unidentified::ListedAfterFiveSeconds => {}
            // Where it may have none of these it has no id until it says one that it may have.
            Unidentified::Hidden => {
                self.hold(session, &StreamerId::new(UNKNOWN));
            }
            Unidentified::ListedAtOnce => {
                if self.hold(session, &StreamerId::new(LEGACY_AT_ONCE)) && role == Role::Streamer {
                    self.set_streaming(session, out);
                }
            }
        }
    }

    /// `endpointId`: gives the wanted id, a numbered one, or lets the newcomer wait for the holder's sign of life.
    pub(super) fn endpoint_id(&mut self, now: Now, session: SessionId, wanted: Option<&str>, out: &mut Actions) {
        let own = self.publisher(session).and_then(|publisher| publisher.id.clone());
        // Its own may be longer than one may ask for: a number made it so.
        let own = own.filter(|own| Some(own.as_str()) == wanted);
        let keeps = own.is_some();
        let wished = own.or_else(|| StreamerId::parse(wanted?));
        let wanted = wished.unwrap_or_else(|| StreamerId::new(UNKNOWN));
        if !keeps && !self.may_register(session, wanted.as_str()) {
            return self.close(session, not_allowed(), out);
        }
        let contested = self.contested(session, &wanted);
        self.forget_wish(session, contested);
        if let Some(holder) = contested {
            self.claim(now, session, wanted, holder, out);
        } else {
            self.grant(vec![(session, wanted)], out);
        }
    }

    fn may_register(&self, session: SessionId, wanted: &str) -> bool {
        self.sessions.get(&session).is_some_and(|newcomer| newcomer.scope.allows(wanted))
    }

    /// Whoever holds the wanted id and may be a ghost. The id of those that have none is nobody's own.
    fn contested(&self, session: SessionId, wanted: &StreamerId) -> Option<SessionId> {
        let probes = self.sessions.get(&session)?.dialect.probe_on_collision && wanted.as_str() != UNKNOWN;
        self.names.holder(wanted.as_str()).filter(|&holder| probes && holder != session)
    }

    /// A probed session showed life: whoever wants its id gets a numbered one.
    pub fn alive(&mut self, now: Now, session: SessionId, out: &mut Actions) {
        self.settle_claim(session, out);
        self.tell_count(now, out);
    }

    pub(super) fn probe_failed(&mut self, holder: SessionId, out: &mut Actions) {
        let close = Close::new(CloseCode::DEAD, "no sign of life, and another connection asks for the same id");
        self.close(holder, close, out);
    }

    /// After [`SILENCE`] without an id.
    pub(super) fn list_unidentified(&mut self, session: SessionId, out: &mut Actions) {
        let Some(scope) = self.sessions.get(&session).map(|silent| &silent.scope) else { return };
        let Some(id) = self.names.numbered(LEGACY, 0, scope) else {
            let none = scope.numbers(LEGACY).next().is_none();
            return self.close(session, if none { not_allowed() } else { taken(LEGACY) }, out);
        };
        self.names.hold(id.clone(), session);
        if let Some(publisher) = self.publisher_mut(session) {
            publisher.listed_at = None;
            publisher.id = Some(id);
            self.set_streaming(session, out);
        }
    }

    /// Gives the newcomers that wait for this session's id what they can have now.
    pub(super) fn settle_claim(&mut self, holder: SessionId, out: &mut Actions) {
        let newcomers = self.take_claim(holder);
        self.grant(newcomers, out);
    }

    /// Gives each what it can have, the last first, and closes it where that is nothing. What one gives up for it goes
    /// to those that wait for that before the next is served: a list, not recursion, because the chain may be long.
    fn grant(&mut self, mut asked: Vec<(SessionId, StreamerId)>, out: &mut Actions) {
        while let Some((session, wanted)) = asked.pop() {
            let committed = self.commit(session, &wanted, out);
            if committed != Committed::Confirmed {
                asked.extend(self.take_claim(session));
            }
            if committed == Committed::Nothing {
                // Nobody waits for it any more, so this serves nobody in turn.
                self.close(session, taken(wanted.as_str()), out);
            }
        }
    }

    /// The newcomers of a claim, the first last.
    fn take_claim(&mut self, holder: SessionId) -> Vec<(SessionId, StreamerId)> {
        let Some(Claim { until, wanted, newcomers, .. }) = self.claims.remove(&holder) else { return Vec::new() };
        self.deadlines.clear(until, Due::Probe(holder));
        for &newcomer in newcomers.values() {
            if let Some(publisher) = self.publisher_mut(newcomer) {
                publisher.waits_for = None;
            }
        }
        newcomers.into_values().rev().map(|newcomer| (newcomer, wanted.clone())).collect()
    }

    /// A newcomer that asks again, or goes, gives up its place. A probe that nobody waits for is forgotten, unless it is
    /// of the session that is asked for `next`.
    pub(super) fn forget_wish(&mut self, session: SessionId, next: Option<SessionId>) {
        let waits_for = self.publisher_mut(session).and_then(|publisher| publisher.waits_for.take());
        let Some((holder, place)) = waits_for else { return };
        let Some(claim) = self.claims.get_mut(&holder) else { return };
        claim.newcomers.remove(&place);
        if claim.newcomers.is_empty() && next != Some(holder) {
            self.deadlines.clear(claim.until, Due::Probe(holder));
            self.claims.remove(&holder);
        }
    }

    /// The holder's time runs from the first that asked.
    fn claim(&mut self, now: Now, session: SessionId, wanted: StreamerId, holder: SessionId, out: &mut Actions) {
        self.expect_identity_no_longer(session);
        let until = now + PROBE;
        let claim = self.claims.entry(holder).or_insert_with(|| {
            self.deadlines.set(until, Due::Probe(holder));
            out.push(Action::Probe(holder));
            Claim { until, wanted, newcomers: BTreeMap::new(), next_place: 0 }
        });
        let place = claim.next_place;
        claim.next_place += 1;
        claim.newcomers.insert(place, session);
        if let Some(publisher) = self.publisher_mut(session) {
            publisher.waits_for = Some((holder, place));
        }
    }

    /// Gives an id and confirms it.
    fn commit(&mut self, session: SessionId, wanted: &StreamerId, out: &mut Actions) -> Committed {
        self.expect_identity_no_longer(session);
        let before = self.publisher(session).and_then(|publisher| publisher.id.clone());
        if before.as_ref() != Some(wanted) {
            self.rename(session, wanted, out);
        }
        let Some(newcomer) = self.sessions.get(&session) else { return Committed::Nothing };
        let Some(id) = newcomer.streamer_id() else { return Committed::Nothing };
        let given_up = before.is_some_and(|before| before != *id);
        if newcomer.dialect.confirms {
            notify(session, texts::endpoint_id_confirm(id), out);
        }
        if newcomer.role == Role::Streamer || newcomer.dialect.sfu_streams_from == SfuStreamsFrom::EndpointId {
            self.set_streaming(session, out);
        } else {
            self.list_if_ready(session, out);
        }
        if given_up { Committed::Renamed } else { Committed::Confirmed }
    }

    /// Takes the old id back first, so that a numbered holder can get its own number again. Where there is nothing that
    /// the session may have, it has no id then.
    fn rename(&mut self, session: SessionId, wanted: &StreamerId, out: &mut Actions) {
        let before = self.publisher_mut(session).and_then(|publisher| publisher.id.take());
        if let Some(id) = &before {
            self.names.release(id);
        }
        self.hold(session, wanted);
        let Some(publisher) = self.publisher(session) else { return };
        let (true, Some(id)) = (publisher.id != before, &publisher.id) else { return };
        for &to in &publisher.audience {
            if let Some(name) = self.sessions.get(&to).and_then(|subscriber| subscriber.dialect.id_changed) {
                notify(to, texts::streamer_id_changed(name, id), out);
            }
        }
    }

    /// Gives the wanted id, or a numbered one, if there is one that the session may have.
    fn hold(&mut self, session: SessionId, wanted: &StreamerId) -> bool {
        let scope = self.sessions.get(&session).map(|newcomer| &newcomer.scope);
        let allowed = scope.filter(|scope| scope.allows(wanted.as_str()));
        let Some(id) = allowed.and_then(|scope| self.names.free(wanted, scope)) else { return false };
        self.names.hold(id.clone(), session);
        self.list = None;
        if let Some(publisher) = self.publisher_mut(session) {
            publisher.id = Some(id);
        }
        true
    }

    pub(super) fn expect_identity_no_longer(&mut self, session: SessionId) {
        if let Some(at) = self.publisher_mut(session).and_then(|publisher| publisher.listed_at.take()) {
            self.deadlines.clear(at, Due::Legacy(session));
        }
    }
}

/// What came of an id that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Committed {
    /// The session has one, and has given up none.
    Confirmed,
    /// It has one, and has given up another for it.
    Renamed,
    /// There is none that it may have, and it has given up what it had.
    Nothing,
}

/// How a streamer or SFU is closed for which there is no id left.
pub(super) fn taken(wanted: &str) -> Close {
    Close::new(CloseCode::TRY_AGAIN, format!("the id {wanted} is taken, and the token allows no other"))
}

/// How a streamer or SFU is closed that wants an id which it may not have.
pub(super) fn not_allowed() -> Close {
    Close::new(CloseCode::POLICY, "not authorised: the token does not allow this streamer id")
}
