//! The rules once more (protocol.md §3 to §5, dialects `standard`, `wilbur`, `wilbur-5.5`), as plainly as they can be
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

use std::collections::BTreeMap;
use std::time::Duration;

use super::effects::{ANY, Ask, Auto, Effect, Effects, Setup, Speech, Subject};
use crate::hub::Now;
use crate::wire::Role;

const NAMELESS: &str = "UnknownStreamer";
const LEGACY: &str = "__LEGACY_STREAMER__";
const LEGACY_AFTER: Duration = Duration::from_secs(5);
const PROBE_TIME: Duration = Duration::from_secs(2);
const EMPTY: u16 = 1005;
const DISCONNECTED: u16 = 1011;
const RESTARTING: u16 = 1012;
const TRY_AGAIN: u16 = 1013;
const DEAD: u16 = 4001;

/// The rows of the table in protocol.md §4 in which the three dialects differ.
struct Row {
    identify_comes_first: bool,
    hears_player_count: bool,
    keeps_player_id: bool,
    registered_at_once: bool,
    probes_holder: bool,
    falls_back_to_streaming: bool,
    hears_streamer_disconnected: bool,
    is_auto_subscribed: bool,
    switch_resets: bool,
    sfu_disconnects_players: bool,
    sfu_streams_from_endpoint_id: bool,
    sfu_lists_itself: bool,
}

impl Speech {
    fn row(self) -> Row {
        let standard = self == Speech::Standard;
        Row {
            identify_comes_first: !standard,
            hears_player_count: standard,
            keeps_player_id: self != Speech::Wilbur55,
            registered_at_once: !standard,
            probes_holder: standard,
            falls_back_to_streaming: standard,
            hears_streamer_disconnected: standard,
            is_auto_subscribed: standard,
            switch_resets: standard,
            sfu_disconnects_players: standard,
            sfu_streams_from_endpoint_id: !standard,
            sfu_lists_itself: !standard,
        }
    }
}

struct Session {
    role: Role,
    row: Row,
    /// As a player.
    player: Option<String>,
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
    players_so_far: u64,
    /// In order of arrival.
    wishes: Vec<Wish>,
    probes: Vec<Probe>,
    out: Effects,
    drops: Option<usize>,
}

impl Subject for Model {
    fn new(setup: Setup) -> Self {
        let (sessions, wishes, probes, out) = Default::default();
        Self { setup, sessions, players_so_far: 0, wishes, probes, out, drops: None }
    }

    fn connect(&mut self, now: Now, session: u64, role: Role, speech: Speech) -> Option<String> {
        let row = speech.row();
        let player = role.subscribes().then(|| self.next_player());
        let registered = role.publishes() && row.registered_at_once;
        let id = registered.then(|| self.free_id(NAMELESS, session));
        let legacy_at = (role == Role::Streamer && !registered).then(|| now + LEGACY_AFTER);
        let (streaming, subscribed_to, chosen) = (false, None, None);
        let newcomer = Session { role, row, player: player.clone(), id, streaming, subscribed_to, chosen, legacy_at };
        self.sessions.insert(session, newcomer);
        self.greet(session);
        if role == Role::Player {
            self.tell_player_count();
        }
        self.auto_subscribe(session);
        player
    }

    fn request(&mut self, now: Now, session: u64, ask: &Ask) {
        use Role::{Player, Sfu, Streamer};
        let Some(sender) = self.sessions.get(&session) else { return };
        let players = self.player_count();
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
        self.tell_changed_player_count(players);
    }

    fn alive(&mut self, _now: Now, session: u64) {
        if self.is_probed(session) {
            self.grant_wishes(session);
        }
    }

    fn disconnect(&mut self, _now: Now, session: u64) {
        let players = self.player_count();
        self.end(session);
        self.tell_changed_player_count(players);
    }

    fn drain(&mut self, _now: Now, session: u64) {
        if !self.sessions.contains_key(&session) {
            return;
        }
        let players = self.player_count();
        self.leave(session);
        let ending = self.with_all_below(session);
        for &session in &ending {
            self.say(session, Effect::Closed(RESTARTING, ANY.into()));
            self.forget(session);
        }
        for session in ending {
            self.grant_wishes(session);
        }
        self.tell_changed_player_count(players);
    }

    fn tick(&mut self, now: Now) {
        let players = self.player_count();
        while let Some(due) = self.deadline().filter(|&due| due <= now) {
            if let Some(probe) = self.probes.iter().find(|probe| probe.until == due) {
                self.close(probe.holder, DEAD, ANY);
            } else {
                self.list_as_legacy(due);
            }
        }
        self.tell_changed_player_count(players);
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

    fn next_player(&mut self) -> String {
        self.players_so_far += 1;
        format!("Player{}", self.players_so_far - 1)
    }

    fn player_id(&self, session: u64) -> String {
        self.get(session).player.clone().expect("players and SFUs have one")
    }

    fn player_count(&self) -> u64 {
        self.sessions.values().filter(|session| session.role == Role::Player).count() as u64
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

/// Coming (protocol.md §4) and going (§5.5).
impl Model {
    fn greet(&mut self, session: u64) {
        let newcomer = self.get(session);
        let (publishes, identify_first) = (newcomer.role.publishes(), newcomer.row.identify_comes_first);
        if publishes && identify_first {
            self.say(session, Effect::Identify);
        }
        self.say(session, Effect::Config(session));
        if publishes && !identify_first {
            self.say(session, Effect::Identify);
        }
    }

    fn tell_player_count(&mut self) {
        let count = self.player_count();
        for (session, role) in self.sessions().collect::<Vec<_>>() {
            if role == Role::Player && self.get(session).row.hears_player_count {
                self.say(session, Effect::PlayerCount(count));
            }
        }
    }

    fn tell_changed_player_count(&mut self, before: u64) {
        if self.player_count() != before {
            self.tell_player_count();
        }
    }

    fn forget(&mut self, session: u64) {
        self.sessions.remove(&session);
        self.wishes.retain(|wish| wish.session != session);
        self.forget_idle_probes();
    }

    fn end(&mut self, session: u64) {
        if self.sessions.contains_key(&session) {
            self.leave(session);
            let subscribers = self.subscribers(session);
            self.forget(session);
            self.end_subscriptions(subscribers);
            self.grant_wishes(session);
        }
    }

    fn close(&mut self, session: u64, code: u16, reason: &str) {
        self.say(session, Effect::Closed(code, reason.into()));
        self.end(session);
    }

    /// Their streamer is gone, or as good as gone.
    fn end_subscriptions(&mut self, subscribers: Vec<u64>) {
        for &session in &subscribers {
            self.leave(session);
            let (role, hears) = (self.get(session).role, self.get(session).row.hears_streamer_disconnected);
            if role == Role::Sfu || hears {
                self.say(session, Effect::StreamerDisconnected);
            }
            match role {
                Role::Sfu => self.at(session).streaming = false,
                _ => self.close(session, EMPTY, ""),
            }
        }
        for session in subscribers {
            self.auto_subscribe(session);
        }
    }

    fn with_all_below(&self, session: u64) -> Vec<u64> {
        let mut all = vec![session];
        for subscriber in self.subscribers(session) {
            all.extend(self.with_all_below(subscriber));
        }
        all
    }

    fn disconnect_player(&mut self, sender: u64, player: &str, reason: &str) {
        let may = self.get(sender).role == Role::Streamer || self.get(sender).row.sfu_disconnects_players;
        let target = self.own_player(sender, player).filter(|_| may);
        self.drops = Some(usize::from(target.is_none()));
        if let Some(target) = target {
            self.close(target, DISCONNECTED, reason);
        }
    }
}

/// Ids (protocol.md §5.1).
impl Model {
    fn endpoint_id(&mut self, now: Now, session: u64, wanted: Option<&str>) {
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

    fn probe(&mut self, now: Now, holder: u64) {
        if !self.is_probed(holder) {
            self.probes.push(Probe { holder, until: now + PROBE_TIME });
            self.say(holder, Effect::Probed);
        }
    }

    fn forget_idle_probes(&mut self) {
        let wishes = &self.wishes;
        self.probes.retain(|probe| wishes.iter().any(|wish| wish.holder == probe.holder));
    }

    /// The holder has shown life, or does not hold the id any more.
    fn grant_wishes(&mut self, holder: u64) {
        let granted = self.wishes.extract_if(.., |wish| wish.holder == holder).collect::<Vec<_>>();
        self.forget_idle_probes();
        for wish in granted {
            self.give_id(wish.session, &wish.id);
        }
    }

    fn give_id(&mut self, session: u64, wanted: &str) {
        let id = self.free_id(wanted, session);
        let streamer = self.at(session);
        let old = streamer.id.replace(id.clone());
        let is_streamer = streamer.role == Role::Streamer;
        streamer.streaming |= is_streamer || streamer.row.sfu_streams_from_endpoint_id;
        let renamed = old.is_some_and(|old| old != id);
        if renamed {
            self.tell_new_id(session, &id);
        }
        self.say(session, Effect::Confirm(id));
        self.offer_to_sfus(session);
        if renamed {
            self.grant_wishes(session);
        }
    }

    fn tell_new_id(&mut self, streamer: u64, id: &str) {
        for session in self.subscribers(streamer) {
            self.say(session, Effect::IdChanged(id.into()));
            if let Some(chosen) = &mut self.at(session).chosen {
                *chosen = id.into();
            }
        }
    }

    fn list_as_legacy(&mut self, due: Now) {
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

/// Subscriptions (protocol.md §5.2) and SFUs (§5.4).
impl Model {
    fn list_streamers(&mut self, asker: u64) {
        let (role, itself) = (self.get(asker).role, self.get(asker).row.sfu_lists_itself);
        let is_listed = |session: u64, state: &Session| match role {
            Role::Player => state.streaming,
            _ => session != asker || itself,
        };
        let all = self.sessions.iter().filter(|(session, state)| is_listed(**session, state));
        let ids = all.filter_map(|(_, state)| state.id.clone()).collect();
        self.say(asker, Effect::List(ids));
    }

    fn join(&mut self, session: u64, publisher: u64) {
        self.at(session).subscribed_to = Some(publisher);
        let (player, sfu) = (self.player_id(session), self.get(session).role == Role::Sfu);
        self.say(publisher, Effect::PlayerConnected { player, sfu });
    }

    fn leave(&mut self, session: u64) {
        let publisher = self.at(session).subscribed_to.take();
        if let Some(publisher) = publisher.filter(|publisher| self.sessions.contains_key(publisher)) {
            let player = self.player_id(session);
            self.say(publisher, Effect::PlayerDisconnected(player));
        }
    }

    /// An SFU that leaves its streamer has chosen to have none.
    fn unsubscribe(&mut self, session: u64) {
        if self.get(session).subscribed_to.is_some() && self.get(session).role == Role::Sfu {
            self.at(session).chosen = Some(String::new());
        }
        self.leave(session);
    }

    fn subscribe(&mut self, session: u64, id: &str) {
        let Some(publisher) = self.holder(id) else {
            return self.say(session, Effect::SubscribeFailed(format!("Streamer {id} does not exist.")));
        };
        if self.get(session).role == Role::Sfu {
            return self.subscribe_sfu(session, publisher, id);
        }
        if let Some(failed) = self.full(session, publisher) {
            return self.say(session, failed);
        }
        self.leave(session);
        self.join(session, publisher);
    }

    fn full(&self, asker: u64, publisher: u64) -> Option<Effect> {
        let (state, max) = (self.get(publisher), self.setup.max_players?);
        let others = self.subscribers(publisher).into_iter().filter(|&other| other != asker);
        let players = others.filter(|&other| self.get(other).role == Role::Player).count();
        let id = state.id.as_deref().expect("who is subscribed to has an id");
        let is_full = state.role == Role::Streamer && players >= max as usize;
        is_full.then(|| Effect::SubscribeFailed(format!("Streamer {id} is full. Max players = {max}.")))
    }

    fn subscribe_sfu(&mut self, sfu: u64, publisher: u64, id: &str) {
        if self.with_all_below(sfu).contains(&publisher) {
            return self.say(sfu, Effect::SubscribeFailed(ANY.into()));
        }
        self.at(sfu).chosen = Some(id.into());
        match self.get(sfu).subscribed_to {
            Some(current) if current == publisher => return,
            Some(_) => self.leave_for_another(sfu),
            None => {}
        }
        self.join(sfu, publisher);
    }

    fn leave_for_another(&mut self, sfu: u64) {
        self.leave(sfu);
        self.at(sfu).streaming = false;
        if self.get(sfu).row.switch_resets {
            self.say(sfu, Effect::StreamerDisconnected);
            self.end_subscriptions(self.subscribers(sfu));
        }
    }

    fn stop_streaming(&mut self, sfu: u64) {
        self.at(sfu).streaming = false;
        self.end_subscriptions(self.subscribers(sfu));
    }

    fn wants(&self, session: u64, number: u64) -> bool {
        let (Some(sfu), streamer) = (self.sessions.get(&session), self.get(number)) else { return false };
        let (id, streamer_role, streaming) = (streamer.id.as_deref(), streamer.role, streamer.streaming);
        let is_free = sfu.role == Role::Sfu && sfu.row.is_auto_subscribed && sfu.subscribed_to.is_none();
        let fits = match (self.setup.auto, &sfu.chosen) {
            (Auto::Off, _) => false,
            (_, Some(chosen)) => id == Some(chosen),
            (Auto::First, None) => true,
            (Auto::Only(only), None) => id == Some(only),
        };
        let kind = streamer_role == Role::Streamer || sfu.chosen.is_some();
        is_free && fits && kind && streaming && id.is_some() && !self.with_all_below(session).contains(&number)
    }

    fn auto_subscribe(&mut self, session: u64) {
        let found = self.sessions.keys().copied().find(|&streamer| self.wants(session, streamer));
        if let Some(streamer) = found {
            self.join(session, streamer);
        }
    }

    fn offer_to_sfus(&mut self, streamer: u64) {
        for session in self.sessions.keys().copied().collect::<Vec<_>>() {
            if self.wants(session, streamer) {
                self.join(session, streamer);
            }
        }
    }
}

/// Relaying (protocol.md §3) and isolation (§5.3).
impl Model {
    fn own_player(&self, sender: u64, player: &str) -> Option<u64> {
        self.subscribers(sender).into_iter().find(|&session| self.get(session).player.as_deref() == Some(player))
    }

    fn relay_to_publisher(&mut self, sender: u64, mark: u64) {
        if self.get(sender).role == Role::Player && self.get(sender).subscribed_to.is_none() {
            self.fall_back(sender);
        }
        match self.sessions.get(&sender).map(|session| session.subscribed_to) {
            None => {}
            Some(None) => self.drops = Some(1),
            Some(Some(publisher)) => {
                self.drops = Some(0);
                self.say(publisher, Effect::Relay { from: sender, mark, addressed: true, waits: true });
            }
        }
    }

    /// A player that speaks before it has subscribed (protocol.md §4).
    fn fall_back(&mut self, player: u64) {
        let only_streaming = self.get(player).row.falls_back_to_streaming;
        let fits = |session: &Session| match only_streaming {
            true => session.role == Role::Streamer && session.streaming,
            false => session.id.is_some(),
        };
        let first = self.sessions.iter().find(|(_, session)| fits(session)).map(|(&session, _)| session);
        match (first, first.and_then(|first| self.full(player, first))) {
            (Some(first), None) => self.join(player, first),
            (_, Some(_)) | (None, _) if only_streaming => self.close(player, TRY_AGAIN, ANY),
            (_, Some(failed)) => self.say(player, failed),
            (None, None) => self.close(player, EMPTY, ""),
        }
    }

    fn relay_to_player(&mut self, sender: u64, player: &str, mark: u64, strip: bool) {
        let target = self.own_player(sender, player);
        self.drops = Some(usize::from(target.is_none()));
        if let Some(to) = target {
            let addressed = self.get(to).row.keeps_player_id && !strip;
            self.say(to, Effect::Relay { from: sender, mark, addressed, waits: false });
        }
    }

    fn relay_to_sfus(&mut self, sender: u64, mark: u64) {
        for to in self.subscribers(sender) {
            if self.get(to).role == Role::Sfu {
                self.say(to, Effect::Relay { from: sender, mark, addressed: true, waits: false });
            }
        }
    }
}
