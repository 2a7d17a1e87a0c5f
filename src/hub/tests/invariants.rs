//! What holds whatever happens (design.md §4), seen from outside: only what the sessions are told counts.
//!
//! * A player is told of to at most one streamer at a time, and each playerConnected is followed by exactly one
//!   playerDisconnected while that streamer is there.
//! * Relayed messages pass only between a streamer and a player that it has been told about.
//! * Player ids are never used twice, but for that of an only SFU by the next; no two streamers have the same id; lists
//!   name nobody twice.
//! * Nothing reaches a session after its end.

use std::collections::{BTreeMap, BTreeSet};

use super::effects::{Effect, Effects, Event, What};
use crate::wire::Role;

type Checked = Result<(), String>;

/// The player ids of SFUs in the dialects that allow one.
const ONLY_SFUS: [&str; 2] = ["SFU", "1"];

/// What the sessions have been told so far.
#[derive(Default)]
pub(super) struct Outside {
    sessions: BTreeMap<u64, Role>,
    /// By session; the ids of those that have gone stay.
    players: BTreeMap<u64, String>,
    player_ids: BTreeSet<String>,
    /// Those among them that SFUs had which were the only one.
    only_sfus: BTreeSet<String>,
    /// Which streamer was told of a player last, and not of its departure.
    told: BTreeMap<String, u64>,
    ids: BTreeMap<u64, String>,
    /// Whom this event closes: across receivers, the order within an event is free.
    closing: BTreeSet<u64>,
}

fn closed(effects: &Effects) -> impl Iterator<Item = u64> {
    effects.iter().filter(|(_, effect)| matches!(effect, Effect::Closed(..))).map(|(to, _)| *to)
}

fn check(holds: bool, broken: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(broken()) }
}

impl Outside {
    /// Takes note of an event with all that it did; `player` is what a connect returned.
    pub(super) fn note(&mut self, event: &Event, player: Option<String>, effects: &Effects) -> Checked {
        match event.1 {
            What::Connect(session, ..) if closed(effects).any(|closed| closed == session) => {
                let alone = player.is_none() && effects.len() == 1;
                return check(alone, || "somebody noticed who was turned away".into());
            }
            What::Connect(session, role, ..) => self.arrive(session, role, player)?,
            What::Disconnect(session) => self.depart(session),
            _ => {}
        }
        self.check_lost_streamers(event, effects)?;
        self.closing = closed(effects).collect();
        for (session, effect) in effects {
            self.check_effect(*session, effect).map_err(|broken| format!("s{session} {effect:?}: {broken}"))?;
        }
        self.check_departures(event, effects)
    }

    /// Once every player has gone, no streamer believes in one.
    pub(super) fn check_all_players_gone(&self) -> Checked {
        check(self.told.is_empty(), || format!("not told of the departure: {:?}", self.told))
    }

    fn arrive(&mut self, session: u64, role: Role, player: Option<String>) -> Checked {
        self.sessions.insert(session, role);
        check(player.is_some() == role.subscribes(), || format!("a {role} with the player id {player:?}"))?;
        let Some(player) = player else { return Ok(()) };
        let held = self.players.iter().any(|(other, id)| *id == player && self.sessions.contains_key(other));
        self.players.retain(|_, id| *id != player);
        self.players.insert(session, player.clone());
        let only_sfu = role == Role::Sfu && ONLY_SFUS.contains(&player.as_str());
        let again = only_sfu && self.only_sfus.contains(&player);
        if only_sfu {
            self.only_sfus.insert(player.clone());
        }
        let new = self.player_ids.insert(player);
        check(!held && (new || again), || "a player id is used twice".into())
    }

    fn depart(&mut self, session: u64) {
        self.sessions.remove(&session);
        self.ids.remove(&session);
        self.told.retain(|_, streamer| *streamer != session);
    }

    fn is_told(&self, streamer: u64, player: u64) -> bool {
        self.players.get(&player).is_some_and(|player| self.told.get(player) == Some(&streamer))
    }

    fn check_effect(&mut self, to: u64, effect: &Effect) -> Checked {
        let role = *self.sessions.get(&to).ok_or("this session is gone")?;
        let is_for = |fits: bool| check(fits, || format!("told to a {role}"));
        match effect {
            Effect::Identify | Effect::Probed => is_for(role.publishes()),
            Effect::PlayerCount(_)
            | Effect::SubscribeFailed(_)
            | Effect::StreamerDisconnected
            | Effect::IdChanged(..) => is_for(role.subscribes()),
            Effect::List(ids) => {
                let once = ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
                check(once, || "an id is listed twice".into()).and(is_for(role.subscribes()))
            }
            Effect::Confirm(id) => self.check_confirm(to, id).and(is_for(role.publishes())),
            Effect::PlayerConnected { player, again: true, .. } => {
                check(self.told.get(player) == Some(&to), || "it does not know this player".into())
            }
            Effect::PlayerConnected { player, .. } | Effect::Bound(player) => {
                let before = self.told.insert(player.clone(), to);
                let free = before.is_none_or(|before| self.closing.contains(&before));
                check(free, || format!("s{before:?} still believes in it")).and(is_for(role.publishes()))
            }
            Effect::PlayerDisconnected(player) => {
                check(self.told.remove(player) == Some(to), || "it was not told of this player".into())
            }
            Effect::Relay { from, waits, .. } => {
                let related = if *waits { self.is_told(to, *from) } else { self.is_told(*from, to) };
                check(related, || "they have nothing to do with each other".into())
            }
            Effect::Closed(..) => {
                self.depart(to);
                Ok(())
            }
            Effect::Config(_) => Ok(()),
            Effect::Unreadable(_) => Err("no message of the protocol".into()),
        }
    }

    fn check_confirm(&mut self, to: u64, id: &str) -> Checked {
        let mut others = self.ids.iter().filter(|(session, other)| **session != to && *other == id);
        check(others.next().is_none(), || "another session holds this id".into())?;
        self.ids.insert(to, id.into());
        Ok(())
    }

    /// Only who was subscribed can lose its streamer.
    fn check_lost_streamers(&self, event: &Event, effects: &Effects) -> Checked {
        if matches!(event.1, What::Disconnect(_)) {
            return Ok(());
        }
        let mut losers = effects.iter().filter(|(_, effect)| *effect == Effect::StreamerDisconnected);
        let stranger = losers.find(|(to, _)| !self.players.get(to).is_some_and(|id| self.told.contains_key(id)));
        check(stranger.is_none(), || format!("{stranger:?} had no streamer"))
    }

    /// Nobody believes in a player that has gone in this event.
    fn check_departures(&self, event: &Event, effects: &Effects) -> Checked {
        let left = if let What::Disconnect(session) = event.1 { Some(session) } else { None };
        for session in closed(effects).chain(left) {
            let believer = self.players.get(&session).and_then(|player| self.told.get(player));
            check(believer.is_none(), || format!("{believer:?} still believes in s{session}, which is gone"))?;
        }
        Ok(())
    }
}
