//! Relaying (protocol.md §3) and isolation (§5.3).

use super::*;

impl Model {
    pub(super) fn own_player(&self, sender: u64, player: &str) -> Option<u64> {
        self.subscribers(sender).into_iter().find(|&session| self.get(session).player.as_deref() == Some(player))
    }

    pub(super) fn relay_to_publisher(&mut self, sender: u64, mark: u64) {
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
    pub(super) fn fall_back(&mut self, player: u64) {
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

    pub(super) fn relay_to_player(&mut self, sender: u64, player: &str, mark: u64, strip: bool) {
        let target = self.own_player(sender, player);
        self.drops = Some(usize::from(target.is_none()));
        if let Some(to) = target {
            let addressed = self.get(to).row.keeps_player_id && !strip;
            self.say(to, Effect::Relay { from: sender, mark, addressed, waits: false });
        }
    }

    pub(super) fn relay_to_sfus(&mut self, sender: u64, mark: u64) {
        for to in self.subscribers(sender) {
            if self.get(to).role == Role::Sfu {
                self.say(to, Effect::Relay { from: sender, mark, addressed: true, waits: false });
            }
        }
    }
}
