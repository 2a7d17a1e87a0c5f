//! The rules once more (protocol.md §3 to §5, every dialect), as plainly as they can be
//! written: one ordered map, linear scans, everything recomputed. Where the hub and this disagree, one of them is wrong.
//!
//! Where the protocol leaves a choice, this is the choice:
//! * The sessions' order is the order of registration. What an event does to the ids of others is done last.
//! * `playerCount` is told once an event, after everything else; the comparison asks only for the newest value.
//! * A wish for an id is a place in the queue: who asks again goes to its end. A probe that nobody waits for any
//!   more is forgotten, and its holder stays.
//! * Having asked for an id, even in vain so far, a streamer is not listed as legacy.
//! * A freed id goes to those who wait for it before anything else happens, also when its holder was waiting itself.
//! * SFUs that have not chosen are auto-subscribed to streamers only; one that has gets back whatever it chose, an SFU
//!   too, under the id that it had last, unless it left it by itself. Whoever is listed is offered to them.
//! * Whoever ends its own players but stays (stopStreaming, a switch) is told of each of them.
//! * `startStreaming` counts from when it was said, but only what has an id is ever listed.
//! * The newest streamer is the last registered of those that stream. An SFU that always has the newest goes over when it
//!   is listed; where the settings name a streamer or say off, they win.
//! * The only streamer of a dialect is found as `__LEGACY__` by those who speak another. Its id, and who is subscribed to
//!   whom, is nobody's to say in that dialect: such messages are dropped.
//! * An SFU that counts as streaming from its connect does so without a streamer too, until it says stopStreaming.
//! * The only SFU's id as a player is its own for good, unless the counter has given it before.

mod coming;
mod ids;
mod relaying;
mod subscriptions;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::effects::{ANY, Ask, Auto, Effect, Effects, Setup, Speech, Subject};
use super::rows::{Arrivals, Counts, First, Row, SfuStreams, Silence};
use crate::hub::{Now, Wishes};
use crate::wire::Role;

const NAMELESS: &str = "UnknownStreamer";
const LEGACY: &str = "__LEGACY_STREAMER__";
const LEGACY_AT_ONCE: &str = "__LEGACY__";
const LEGACY_AFTER: Duration = Duration::from_secs(5);
const PROBE_TIME: Duration = Duration::from_secs(2);
const EMPTY: u16 = 1005;
const POLICY: u16 = 1008;
const DISCONNECTED: u16 = 1011;
const RESTARTING: u16 = 1012;
const TRY_AGAIN: u16 = 1013;
const DEAD: u16 = 4001;

struct Session {
    role: Role,
    row: Row,
    /// As a player.
    player: Option<String>,
    wishes: Wishes,
    /// As a streamer.
    id: Option<String>,
    streaming: bool,
    subscribed_to: Option<u64>,
    /// The streamer that an SFU has subscribed to by itself.
    chosen: Option<String>,
    /// When it is listed without having said its id.
    legacy_at: Option<Now>,
}

struct Wish {
    session: u64,
    id: String,
    holder: u64,
}

struct Probe {
    holder: u64,
    until: Now,
}

/// The model.
pub(super) struct Model {
    setup: Setup,
    sessions: BTreeMap<u64, Session>,
    /// Players and SFUs that the counter has given an id.
    players_so_far: u64,
    /// The least that ids which are numbers are above the counter.
    ahead: u64,
    numbers: BTreeSet<u64>,
    /// In order of arrival.
    wishes: Vec<Wish>,
    probes: Vec<Probe>,
    out: Effects,
    drops: Option<usize>,
}

impl Subject for Model {
    fn new(setup: Setup) -> Self {
        let (sessions, numbers, wishes, probes, out) = Default::default();
        Self { setup, sessions, players_so_far: 0, ahead: 0, numbers, wishes, probes, out, drops: None }
    }

    fn connect(&mut self, now: Now, session: u64, role: Role, speech: Speech, wishes: Wishes) -> Option<String> {
        let row = speech.row();
        if let Some((code, reason)) = self.turned_away(role, &row) {
            self.say(session, Effect::Closed(code, reason.into()));
            return None;
        }
        let counts = self.counts();
        let player = role.subscribes().then(|| self.next_player(role, &row));
        let id = self.id_on_connect(session, role, &row);
        let legacy_at =
            (role == Role::Streamer && row.silence == Silence::AfterFiveSeconds).then(|| now + LEGACY_AFTER);
        let streaming = match role {
            Role::Streamer => row.silence == Silence::AtOnce,
            _ => role == Role::Sfu && row.sfu_streams == SfuStreams::Always,
        };
        let (subscribed_to, chosen) = (None, None);
        let newcomer =
            Session { role, row, player: player.clone(), wishes, id, streaming, subscribed_to, chosen, legacy_at };
        self.sessions.insert(session, newcomer);
        self.greet(session);
        self.offer_to_sfus(session);
        self.auto_subscribe(session);
        self.attach(session);
        self.tell_changed_counts(counts, Some(session));
        player
    }

    fn request(&mut self, now: Now, session: u64, ask: &Ask) {
        use Role::{Player, Sfu, Streamer};
        let Some(sender) = self.sessions.get(&session) else { return };
        let counts = self.counts();
        if sender.row.one_streamer && is_about_ids(ask) {
            self.drops = Some(1);
            return;
        }
        match (sender.role, ask) {
            (Streamer | Sfu, Ask::EndpointId(wanted)) => self.endpoint_id(now, session, wanted.as_deref()),
            (Player | Sfu, Ask::ListStreamers) => self.list_streamers(session),
            (Player | Sfu, Ask::Subscribe(id)) => self.subscribe(session, id),
            (Player | Sfu, Ask::Unsubscribe) => self.unsubscribe(session),
            (Streamer | Sfu, Ask::DisconnectPlayer { player, reason }) => {
                self.disconnect_player(session, player, reason);
            }
            (Sfu, Ask::StartStreaming) => {
                self.at(session).streaming = true;
                self.offer_to_sfus(session);
            }
            (Sfu, Ask::StopStreaming) => self.stop_streaming(session),
            (Player | Sfu, Ask::ToPublisher { mark }) => self.relay_to_publisher(session, *mark),
            (Streamer | Sfu, Ask::ToPlayer { player, mark, strip }) => {
                self.relay_to_player(session, player, *mark, *strip);
            }
            (Streamer, Ask::ToSfus { mark }) => self.relay_to_sfus(session, *mark),
            _ => {}
        }
        self.tell_changed_counts(counts, None);
    }

    fn alive(&mut self, _now: Now, session: u64) {
        if self.is_probed(session) {
            self.grant_wishes(session);
        }
    }

    fn disconnect(&mut self, _now: Now, session: u64) {
        let counts = self.counts();
        self.end(session);
        self.tell_changed_counts(counts, None);
    }

    fn drain(&mut self, _now: Now, session: u64) {
        if !self.sessions.contains_key(&session) {
            return;
        }
        let counts = self.counts();
        self.leave(session);
        let ending = self.with_all_below(session);
        for &session in &ending {
            self.say(session, Effect::Closed(RESTARTING, ANY.into()));
            self.forget(session);
        }
        for session in ending {
            self.grant_wishes(session);
        }
        self.tell_changed_counts(counts, None);
    }

    fn tick(&mut self, now: Now) {
        let counts = self.counts();
        while let Some(due) = self.deadline().filter(|&due| due <= now) {
            if let Some(probe) = self.probes.iter().find(|probe| probe.until == due) {
                self.close(probe.holder, DEAD, ANY);
            } else {
                self.list_as_legacy(due);
            }
        }
        self.tell_changed_counts(counts, None);
    }

    fn deadline(&self) -> Option<Now> {
        let probes = self.probes.iter().map(|probe| probe.until);
        let legacy = self.sessions.values().filter_map(|session| session.legacy_at);
        probes.chain(legacy).min()
    }

    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.wishes.is_empty() && self.probes.is_empty()
    }

    fn take(&mut self) -> (Effects, Option<usize>) {
        (std::mem::take(&mut self.out), self.drops.take())
    }
}

/// What the generator of events may know.
impl Model {
    /// The sessions that are there, with their roles.
    pub(super) fn sessions(&self) -> impl Iterator<Item = (u64, Role)> {
        self.sessions.iter().map(|(&session, state)| (session, state.role))
    }

    /// The id under which a session is found.
    pub(super) fn id_of(&self, session: u64) -> Option<&str> {
        self.sessions.get(&session)?.id.as_deref()
    }

    /// The ids of those subscribed to a session.
    pub(super) fn players_of(&self, session: u64) -> Vec<String> {
        self.subscribers(session).into_iter().map(|player| self.player_id(player)).collect()
    }

    /// The id of a session as a player.
    pub(super) fn player_of(&self, session: u64) -> Option<&str> {
        self.sessions.get(&session)?.player.as_deref()
    }

    /// The session of a player.
    pub(super) fn session_of(&self, player: &str) -> Option<u64> {
        self.sessions.keys().copied().find(|&session| self.player_of(session) == Some(player))
    }

    /// The sessions that are being asked for a sign of life.
    pub(super) fn probed(&self) -> Vec<u64> {
        self.probes.iter().map(|probe| probe.holder).collect()
    }
}

fn is_about_ids(ask: &Ask) -> bool {
    matches!(ask, Ask::EndpointId(_) | Ask::ListStreamers | Ask::Subscribe(_) | Ask::Unsubscribe)
}

/// Small questions and small changes.
impl Model {
    fn get(&self, session: u64) -> &Session {
        &self.sessions[&session]
    }

    fn at(&mut self, session: u64) -> &mut Session {
        self.sessions.get_mut(&session).expect("the caller has looked")
    }

    fn say(&mut self, to: u64, effect: Effect) {
        self.out.push((to, effect));
    }

    fn next_player(&mut self, role: Role, row: &Row) -> String {
        let only_sfu = row.only_sfu.filter(|_| role == Role::Sfu);
        match only_sfu.map(|id| (id, id.parse().ok())) {
            Some((id, None)) => return id.into(),
            Some((id, Some(number))) if !self.numbers.contains(&number) => {
                self.ahead = self.ahead.max(number + 1);
                return id.into();
            }
            _ => {}
        }
        self.players_so_far += 1;
        let before = self.players_so_far - 1;
        let Some(first) = row.first_number else { return format!("Player{before}") };
        self.ahead = self.ahead.max(first);
        self.numbers.insert(before + self.ahead);
        (before + self.ahead).to_string()
    }

    fn player_id(&self, session: u64) -> String {
        self.get(session).player.clone().expect("players and SFUs have one")
    }

    fn number_of(&self, role: Role) -> u64 {
        self.sessions.values().filter(|session| session.role == role).count() as u64
    }

    /// Players and SFUs.
    fn counts(&self) -> (u64, u64) {
        (self.number_of(Role::Player), self.number_of(Role::Sfu))
    }

    fn subscribers(&self, publisher: u64) -> Vec<u64> {
        let all = self.sessions.iter();
        all.filter(|(_, session)| session.subscribed_to == Some(publisher)).map(|(&id, _)| id).collect()
    }

    pub(super) fn holder(&self, id: &str) -> Option<u64> {
        let mut all = self.sessions.iter();
        all.find(|(_, session)| session.id.as_deref() == Some(id)).map(|(&holder, _)| holder)
    }

    fn is_free(&self, id: &str, asker: u64) -> bool {
        self.holder(id).is_none_or(|holder| holder == asker)
    }

    fn free_id(&self, wanted: &str, asker: u64) -> String {
        if self.is_free(wanted, asker) {
            return wanted.into();
        }
        let numbered = (1..).map(|n| format!("{wanted}{n}"));
        numbered.into_iter().find(|id| self.is_free(id, asker)).expect("there are enough numbers")
    }

    fn is_probed(&self, session: u64) -> bool {
        self.probes.iter().any(|probe| probe.holder == session)
    }
}
