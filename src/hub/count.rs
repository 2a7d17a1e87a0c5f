//! `playerCount` (protocol.md §3): every change at once while at most 100 players are connected, above that the newest
//! value at most once a second.

use std::collections::BTreeMap;
use std::time::Duration;

use super::dialect::PlayerCount;
use super::{Action, Actions, Due, Hub, Notice, Now};
use crate::id::SessionId;
use crate::wire::{Role, out as texts};

/// Up to here every change is told at once.
const AT_ONCE: u32 = 100;

/// Above that, the time from one broadcast to the next.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Count {
    players: u32,
    sfus: u32,
    listeners: BTreeMap<SessionId, Listener>,
    /// The players and SFUs that all were told of last; newcomers may have heard a newer count.
    told: (u32, u32),
    told_at: Option<Now>,
    due: Option<Now>,
}

#[derive(Debug)]
struct Listener {
    hears: PlayerCount,
    /// What it was told last, in its greeting or since.
    told: u32,
}

impl Count {
    pub(super) fn is_empty(&self) -> bool {
        self.players == 0 && self.sfus == 0 && self.listeners.is_empty()
    }

    /// How many players there are, SFUs apart.
    pub(super) fn players(&self) -> u32 {
        self.players
    }

    pub(super) fn of(&self, whom: PlayerCount) -> u32 {
        match whom {
            PlayerCount::PlayersAndSfus => self.players + self.sfus,
            PlayerCount::Players | PlayerCount::Never => self.players,
        }
    }

    pub(super) fn arrived(&mut self, session: SessionId, role: Role, hears: PlayerCount) {
        if let Some(count) = self.counter(role) {
            *count += 1;
        }
        let listens = match hears {
            PlayerCount::Never => false,
            PlayerCount::Players => role == Role::Player,
            PlayerCount::PlayersAndSfus => role.subscribes(),
        };
        if listens {
            self.listeners.insert(session, Listener { hears, told: self.of(hears) });
        }
    }

    pub(super) fn left(&mut self, session: SessionId, role: Role) {
        if let Some(count) = self.counter(role) {
            *count -= 1;
        }
        self.listeners.remove(&session);
    }

    fn counter(&mut self, role: Role) -> Option<&mut u32> {
        match role {
            Role::Player => Some(&mut self.players),
            Role::Sfu => Some(&mut self.sfus),
            Role::Streamer => None,
        }
    }
}

impl Hub {
    /// Called at the end of every step: one step is one change, however many sessions it ended. A newcomer has heard
    /// the count in its greeting.
    pub(super) fn tell_count(&mut self, now: Now, out: &mut Actions) {
        // What is due still is when the count is back where it was: a newcomer may have heard another one.
        if self.count.told == (self.count.players, self.count.sfus) && self.count.due.is_none() {
            return;
        }
        let next = self.count.told_at.map_or(now, |at| at + PAUSE);
        if self.count.players <= AT_ONCE || now >= next {
            self.count_is_due(now, out);
        } else if self.count.due.is_none() {
            self.count.due = Some(next);
            self.deadlines.set(next, Due::PlayerCount);
        }
    }

    pub(super) fn count_is_due(&mut self, now: Now, out: &mut Actions) {
        if let Some(at) = self.count.due.take() {
            self.deadlines.clear(at, Due::PlayerCount);
        }
        let (players, sfus) = (self.count.players, self.count.sfus);
        self.count.told = (players, sfus);
        self.count.told_at = Some(now);
        let only_players = texts::player_count(players as usize);
        let everyone = texts::player_count((players + sfus) as usize);
        for (&to, listener) in &mut self.count.listeners {
            let (text, count) = match listener.hears {
                PlayerCount::PlayersAndSfus => (&everyone, players + sfus),
                PlayerCount::Players | PlayerCount::Never => (&only_players, players),
            };
            if std::mem::replace(&mut listener.told, count) != count {
                out.push(Action::Notify { to, text: text.clone(), notice: Notice::PlayerCount });
            }
        }
    }
}
