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

/// Coming (protocol.md §4) and going (§5.5).
impl Model {
    fn turned_away(&self, role: Role, row: &Row) -> Option<(u16, &'static str)> {
        let (players, sfus) = self.counts();
        let full = row.places_of_the_server && self.setup.max_players.is_some_and(|max| players >= max.into());
        match role {
            Role::Streamer => (row.one_streamer && self.number_of(Role::Streamer) > 0).then_some((POLICY, ANY)),
            Role::Sfu if row.no_sfus => Some((POLICY, ANY)),
            Role::Sfu => (row.only_sfu.is_some() && sfus > 0).then_some((TRY_AGAIN, ANY)),
            Role::Player if row.first == First::Attached && self.first_streamer().is_none() => {
                Some((TRY_AGAIN, "Streamer is not connected"))
            }
            Role::Player => full.then_some((TRY_AGAIN, ANY)),
        }
    }

    fn id_on_connect(&self, session: u64, role: Role, row: &Row) -> Option<String> {
        let name = match (role, row.silence) {
            (Role::Player, _) => None,
            (Role::Sfu, _) if row.only_sfu.is_some() => row.only_sfu,
            (_, Silence::Hidden) => Some(NAMELESS),
            (_, Silence::AtOnce) => Some(LEGACY_AT_ONCE),
            (_, Silence::AfterFiveSeconds) => None,
        };
        name.map(|name| self.free_id(name, session))
    }

    fn greet(&mut self, session: u64) {
        let newcomer = self.get(session);
        let (role, count) = (newcomer.role, self.count_for(&newcomer.row));
        let words = match role {
            Role::Streamer => newcomer.row.greets_streamer,
            Role::Sfu => newcomer.row.greets_sfu,
            Role::Player => newcomer.row.greets_player,
        };
        for word in words.split_whitespace() {
            self.say(
                session,
                match word {
                    "config" => Effect::Config(session),
                    "identify" => Effect::Identify,
                    _ => Effect::PlayerCount(count),
                },
            );
        }
    }

    /// A player whose dialect does not let it choose.
    fn attach(&mut self, session: u64) {
        let player = self.get(session);
        if player.role == Role::Player && player.row.first == First::Attached {
            let prefers_sfu = player.wishes.prefers_sfu && !player.row.no_sfus;
            let mut all = self.sessions.iter();
            let sfu = all.find(|(_, sfu)| prefers_sfu && sfu.role == Role::Sfu && sfu.streaming && sfu.id.is_some());
            let target = sfu.map(|(&sfu, _)| sfu).or(self.first_streamer()).expect("it was not turned away");
            self.join(session, target);
        }
    }

    fn first_streamer(&self) -> Option<u64> {
        let mut all = self.sessions.iter();
        all.find(|(_, session)| session.role == Role::Streamer && session.streaming).map(|(&session, _)| session)
    }

    fn newest_streamer(&self) -> Option<u64> {
        let mut all = self.sessions.iter().rev();
        all.find(|(_, session)| session.role == Role::Streamer && session.streaming).map(|(&session, _)| session)
    }

    fn count_for(&self, row: &Row) -> u64 {
        row.counts.of(self.counts())
    }

    /// Who has just come has been greeted with it.
    fn tell_changed_counts(&mut self, before: (u64, u64), newcomer: Option<u64>) {
        for (session, role) in self.sessions().filter(|(session, _)| Some(*session) != newcomer).collect::<Vec<_>>() {
            let counts = self.get(session).row.counts;
            let hears = match counts {
                Counts::Never => false,
                Counts::Players => role == Role::Player,
                Counts::PlayersAndSfus => role != Role::Streamer,
            };
            if hears && counts.of(before) != counts.of(self.counts()) {
                self.say(session, Effect::PlayerCount(counts.of(self.counts())));
            }
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
                Role::Sfu => self.lose_media(session),
                _ => self.close(session, EMPTY, ""),
            }
        }
        for session in subscribers {
            self.auto_subscribe(session);
        }
    }

    fn lose_media(&mut self, sfu: u64) {
        self.at(sfu).streaming &= self.get(sfu).row.sfu_streams == SfuStreams::Always;
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
            let special = self.get(target).row.sfu_dropped.filter(|_| self.get(target).role == Role::Sfu);
            let (code, reason) = special.unwrap_or((DISCONNECTED, reason));
            self.close(target, code, reason);
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

    fn tell_new_id(&mut self, streamer: u64, id: &str) {
        for session in self.subscribers(streamer) {
            if let Some(message) = self.get(session).row.id_changed {
                self.say(session, Effect::IdChanged(message.into(), id.into()));
            }
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
        match self.get(publisher).row.arrivals {
            Arrivals::Silent => self.say(publisher, Effect::Bound(self.player_id(session))),
            _ => self.tell_arrival(session, publisher, false),
        }
    }

    fn tell_arrival(&mut self, session: u64, publisher: u64, again: bool) {
        let (player, sfu) = (self.player_id(session), self.get(session).role == Role::Sfu);
        let offer = match self.get(publisher).row.arrivals {
            Arrivals::Plain => None,
            Arrivals::WithOffer => Some(!self.get(session).wishes.offers),
            Arrivals::Silent => return,
        };
        self.say(publisher, Effect::PlayerConnected { player, sfu, offer, again });
    }

    fn fail_to_subscribe(&mut self, session: u64, why: String) {
        if self.get(session).row.confirms {
            self.say(session, Effect::SubscribeFailed(why));
        }
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

    fn full(&self, asker: u64, publisher: u64) -> Option<String> {
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

    fn subscribe_sfu(&mut self, sfu: u64, publisher: u64, id: &str) {
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

    fn leave_for_another(&mut self, sfu: u64) {
        self.leave(sfu);
        self.lose_media(sfu);
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

    fn auto_subscribe(&mut self, session: u64) {
        let found = self.sessions.keys().copied().find(|&streamer| self.wants(session, streamer));
        if let Some(streamer) = found {
            self.join(session, streamer);
        }
    }

    fn offer_to_sfus(&mut self, streamer: u64) {
        for session in self.sessions.keys().copied().collect::<Vec<_>>() {
            if self.wants(session, streamer) {
                self.leave(session);
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
        match self.get(player).row.first {
            First::Streaming => match self.first_streamer() {
                Some(first) if self.full(player, first).is_none() => self.join(player, first),
                _ => self.close(player, TRY_AGAIN, ANY),
            },
            First::Registered => {
                let mut all = self.sessions.iter();
                match all.find(|(_, session)| session.id.is_some()).map(|(&first, _)| first) {
                    Some(first) => match self.full(player, first) {
                        Some(failed) => self.fail_to_subscribe(player, failed),
                        None => self.join(player, first),
                    },
                    None => self.close(player, EMPTY, ""),
                }
            }
            First::StreamingUntold => {
                if let Some(first) = self.first_streamer() {
                    self.at(player).subscribed_to = Some(first);
                    self.say(first, Effect::Bound(self.player_id(player)));
                }
            }
            First::Attached => {}
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
