//! Coming (protocol.md §4) and going (§5.5).

use super::*;

impl Model {
    pub(super) fn turned_away(&self, role: Role, row: &Row) -> Option<(u16, &'static str)> {
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

    pub(super) fn id_on_connect(&self, session: u64, role: Role, row: &Row) -> Option<String> {
        let name = match (role, row.silence) {
            (Role::Player, _) => None,
            (Role::Sfu, _) if row.only_sfu.is_some() => row.only_sfu,
            (_, Silence::Hidden) => Some(NAMELESS),
            (_, Silence::AtOnce) => Some(LEGACY_AT_ONCE),
            (_, Silence::AfterFiveSeconds) => None,
        };
        name.map(|name| self.free_id(name, session))
    }

    pub(super) fn greet(&mut self, session: u64) {
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
    pub(super) fn attach(&mut self, session: u64) {
        let player = self.get(session);
        if player.role == Role::Player && player.row.first == First::Attached {
            let prefers_sfu = player.wishes.prefers_sfu && !player.row.no_sfus;
            let mut all = self.sessions.iter();
            let sfu = all.find(|(_, sfu)| prefers_sfu && sfu.role == Role::Sfu && sfu.streaming && sfu.id.is_some());
            let target = sfu.map(|(&sfu, _)| sfu).or(self.first_streamer()).expect("it was not turned away");
            self.join(session, target);
        }
    }

    pub(super) fn first_streamer(&self) -> Option<u64> {
        let mut all = self.sessions.iter();
        all.find(|(_, session)| session.role == Role::Streamer && session.streaming).map(|(&session, _)| session)
    }

    pub(super) fn newest_streamer(&self) -> Option<u64> {
        let mut all = self.sessions.iter().rev();
        all.find(|(_, session)| session.role == Role::Streamer && session.streaming).map(|(&session, _)| session)
    }

    pub(super) fn count_for(&self, row: &Row) -> u64 {
        row.counts.of(self.counts())
    }

    /// Who has just come has been greeted with it.
    pub(super) fn tell_changed_counts(&mut self, before: (u64, u64), newcomer: Option<u64>) {
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

    pub(super) fn forget(&mut self, session: u64) {
        self.sessions.remove(&session);
        self.wishes.retain(|wish| wish.session != session);
        self.forget_idle_probes();
    }

    pub(super) fn end(&mut self, session: u64) {
        if self.sessions.contains_key(&session) {
            self.leave(session);
            let subscribers = self.subscribers(session);
            self.forget(session);
            self.end_subscriptions(subscribers);
            self.grant_wishes(session);
        }
    }

    pub(super) fn close(&mut self, session: u64, code: u16, reason: &str) {
        self.say(session, Effect::Closed(code, reason.into()));
        self.end(session);
    }

    /// Their streamer is gone, or as good as gone.
    pub(super) fn end_subscriptions(&mut self, subscribers: Vec<u64>) {
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

    pub(super) fn lose_media(&mut self, sfu: u64) {
        self.at(sfu).streaming &= self.get(sfu).row.sfu_streams == SfuStreams::Always;
    }

    pub(super) fn with_all_below(&self, session: u64) -> Vec<u64> {
        let mut all = vec![session];
        for subscriber in self.subscribers(session) {
            all.extend(self.with_all_below(subscriber));
        }
        all
    }

    pub(super) fn disconnect_player(&mut self, sender: u64, player: &str, reason: &str) {
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
