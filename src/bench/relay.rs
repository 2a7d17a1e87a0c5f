//! Players and streamers exchange messages: a player sends, its streamer answers, both are relayed.
//!
//! Closed loop: each player keeps so many under way; what is measured is throughput, CPU time for a message, and round
//! trips under that load. Open loop ([`pace`]): round trips begin at times that are fixed beforehand, whatever has come
//! back by then, and are timed from there: a server that falls behind is charged for those who wait.

mod flow;
mod pace;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use tokio::task::JoinSet;

pub(super) use self::flow::{Flow, Tally};
use super::error::Failure;
use super::message::{Mark, Told};
use super::peer::Peer;
use super::site::{Site, Spent, Window};
use super::streamer::{Manner, Streamer};
use crate::config::Load;

/// Players that are set up at once.
const AT_ONCE: usize = 16;

/// How long what is under way at the end may take.
const LAST: Duration = Duration::from_secs(3);

/// A round.
pub(super) struct Relayed {
    pub(super) tally: Tally,
    pub(super) spent: Spent,
    window: Duration,
}

/// The crowd, set up: players, and the streamers that answer them.
pub(super) struct Crowd {
    streamers: Vec<Streamer>,
    players: Vec<Flow>,
}

impl Crowd {
    /// Everybody connects, registers, subscribes, and has been offered to.
    pub(super) async fn assemble(site: &Site, load: Load) -> Result<Self, Failure> {
        let names = (0..load.streamers).map(|nth| format!("bench{}-{nth}", std::process::id()));
        let streamers = names.map(|name| async move {
            Streamer::start(&site.dialer, &site.streamers, &name, Manner::echoing(load.size)).await
        });
        let streamers: Vec<_> = iter(streamers).buffered(AT_ONCE).try_collect().await?;
        let players = (0..load.crowd()).map(|index| {
            let streamer = &streamers[index % streamers.len()].id;
            async move {
                let (peer, id) = subscribed(site, streamer).await?;
                Ok::<_, Failure>(Flow::new(peer.link, index, &id, load))
            }
        });
        let players = iter(players).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Self { streamers, players })
    }

    /// Pairs over the relay of plain bytes, where nobody registers.
    pub(super) async fn pairs(site: &Site, to: std::net::SocketAddr, load: Load) -> Result<Self, Failure> {
        let (mut streamers, mut players) = (Vec::new(), Vec::new());
        for index in 0..load.crowd() {
            let id = format!("Player{index}");
            let link = super::limit::paired(&site.dialer, to, index).await?;
            players.push(Flow::new(link, index, &id, load));
            let link = super::limit::paired(&site.dialer, to, index).await?;
            streamers.push(Streamer::on(link, Manner::echoing(load.size)));
        }
        Ok(Self { streamers, players })
    }

    /// Relays for the time of a round.
    pub(super) async fn run(self, pid: Option<u32>, rate: Option<u32>, time: Duration) -> Result<Relayed, Failure> {
        let Self { streamers, players } = self;
        let window = Window::after_warm_up(time);
        let mut tasks = JoinSet::new();
        match rate {
            None => players.into_iter().for_each(|player| {
                tasks.spawn(player.run_closed(window, window.end + LAST));
            }),
            Some(rate) => {
                let queues = players.into_iter().map(|player| {
                    let (due, queue) = pace::queue(rate);
                    tasks.spawn(player.run_open(queue, window, window.end + LAST));
                    due
                });
                pace::start(rate, window, queues.collect());
            }
        }
        let spent = window.watch(pid).await;
        let mut tally = Tally::default();
        while let Some(done) = tasks.join_next().await {
            tally.add(&done.map_err(|error| Failure::Asked(error.to_string()))??);
        }
        tally.reordered += streamers.iter().map(Streamer::misplaced).sum::<u64>();
        Ok(Relayed { tally, spent, window: window.length() })
    }
}

/// A player that its streamer knows of. Returns its id, too.
pub(super) async fn subscribed(site: &Site, streamer: &str) -> Result<(Peer, String), Failure> {
    let mut peer = Peer::connect(&site.dialer, &site.players).await?;
    peer.subscribe(streamer).await?;
    loop {
        let text = peer.hear_any().await?;
        if let Some(mark) = Mark::find(&text, &mut 0) {
            let id = String::from_utf8_lossy(mark.id).into_owned();
            return Ok((peer, id));
        }
        let told = Told::read(&text);
        if told.kind == "subscribeFailed" {
            return Err(Failure::Unexpected { awaited: "an offer", why: told.message });
        }
    }
}

impl Relayed {
    /// The figures of the round, by name.
    pub(super) fn figures(&self) -> BTreeMap<&'static str, f64> {
        // A round trip is two relayed messages.
        let messages = 2 * self.tally.returned;
        let times = &self.tally.times;
        let mut figures = BTreeMap::from([
            ("messages_per_s", messages as f64 / self.window.as_secs_f64()),
            ("latency_p50_us", times.us(0.5)),
            ("latency_p90_us", times.us(0.9)),
            ("latency_p99_us", times.us(0.99)),
            ("latency_p999_us", times.us(0.999)),
            ("latency_max_us", times.max_us()),
            ("sent", self.tally.sent as f64),
            ("lost", self.tally.lost as f64),
            ("reordered", self.tally.reordered as f64),
            ("duplicated", self.tally.duplicated as f64),
        ]);
        let known = [
            ("server_cpu_us_per_message", self.spent.server_us_each(messages)),
            ("server_cores", self.spent.server_cores()),
            ("generator_cores", self.spent.own_cores()),
            ("generator_late_p99_us", (self.tally.lateness.count() > 0).then(|| self.tally.lateness.us(0.99))),
        ];
        figures.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?))));
        figures
    }
}
