//! More and more streamers: how long the next one waits for its id, and what a pair among them feels.

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use serde_json::json;
use tokio::time::Instant;

use super::Ground;
use super::error::Failure;
use super::histogram::Times;
use super::peer::Peer;
use super::relay::Crowd;
use super::report::Outcome;
use super::site::{Site, within_limits};
use super::streamer::{Manner, Streamer};
use crate::config::Load;

/// Streamers that connect at once.
const AT_ONCE: usize = 64;

/// Registrations that are timed in a round.
const TIMED: usize = 20;

/// One pair, one message under way.
const PAIR: Load = Load { streamers: 1, players: 1, in_flight: 1, size: 240 };

/// The registration that the largest one is compared with.
const FEW: usize = 100;

/// All sizes with names of one kind. The last outcome compares the largest size with small ones.
pub(super) async fn measure(
    ground: &Ground,
    site: &Site,
    sizes: &[usize],
    same: bool,
) -> Result<Vec<Outcome>, Failure> {
    let mut growing = Growing { ground, site, same, streamers: Vec::new() };
    let mut outcomes = Vec::new();
    for &size in sizes {
        let (size, fewer) = within_limits(size, site.vias().0);
        let mut outcome = growing.at(size).await?;
        let last = fewer.is_some();
        fewer.into_iter().for_each(|note| outcome.note(note));
        outcomes.push(outcome);
        if last {
            break;
        }
    }
    let compared = growing.compared(sizes, &outcomes);
    outcomes.extend(compared);
    Ok(outcomes)
}

struct Growing<'a> {
    ground: &'a Ground,
    site: &'a Site,
    same: bool,
    streamers: Vec<Streamer>,
}

impl Growing<'_> {
    fn described(&self, size: usize) -> Outcome {
        let (streamers, players) = self.site.via_names();
        Outcome::new(
            "growth",
            [
                ("streamers_over", json!(streamers)),
                ("players_over", json!(players)),
                ("names", json!(self.names())),
                ("streamers", json!(size)),
            ],
        )
    }

    fn names(&self) -> &'static str {
        if self.same { "same" } else { "different" }
    }

    fn name(&self, nth: usize) -> String {
        if self.same { "bench".into() } else { format!("bench{nth}") }
    }

    async fn at(&mut self, size: usize) -> Result<Outcome, Failure> {
        let (rounds, names) = (self.ground.settings.rounds, self.names());
        // One that stays has the name: a gateway asks it whether it lives before another gets a number.
        let timed = TIMED.min(size - 1).max(1);
        self.ground.progress.say(&format!("growth, {names} names: up to {size} streamers"));
        self.grow(size - timed).await?;
        let mut outcome = self.described(size);
        for round in 1..=rounds {
            self.ground.progress.say(&format!("growth, {names} names: {size} streamers, round {round} of {rounds}"));
            outcome.add("register_p50_us", self.register(timed).await?);
            let pair = Crowd::assemble(self.site, PAIR).await?;
            let relayed = pair.run(self.site.pid, None, self.ground.settings.time / 2).await?.figures();
            for name in ["latency_p50_us", "latency_p99_us"] {
                outcome.add(name, relayed[name]);
            }
        }
        Ok(outcome)
    }

    async fn grow(&mut self, size: usize) -> Result<(), Failure> {
        let names: Vec<_> = (self.streamers.len()..size).map(|nth| self.name(nth)).collect();
        let site = self.site;
        let arriving = names
            .into_iter()
            .map(|name| async move { Streamer::start(&site.dialer, &site.streamers, &name, Manner::silent()).await });
        let mut arriving = std::pin::pin!(iter(arriving).buffer_unordered(AT_ONCE));
        while let Some(streamer) = arriving.try_next().await? {
            self.streamers.push(streamer);
        }
        Ok(())
    }

    /// The last ones up to the size, timed from their endpointId to its confirmation. They leave again.
    async fn register(&self, count: usize) -> Result<f64, Failure> {
        let mut peers = Vec::new();
        for _ in 0..count {
            let mut peer = Peer::connect(&self.site.dialer, &self.site.streamers).await?;
            peer.hear("identify").await?;
            peers.push(peer);
        }
        let mut times = Times::default();
        for (nth, peer) in peers.iter_mut().enumerate() {
            let began = Instant::now();
            peer.register(&self.name(self.streamers.len() + nth)).await?;
            times.add(began.elapsed());
        }
        for peer in peers {
            peer.link.close().await;
        }
        Ok(times.us(0.5))
    }

    fn compared(&self, sizes: &[usize], outcomes: &[Outcome]) -> Option<Outcome> {
        let largest = outcomes.iter().rfind(|outcome| outcome.figures.contains_key("register_p50_us"))?;
        let few = outcomes.iter().zip(sizes).find(|(_, size)| **size >= FEW).map(|(outcome, _)| outcome)?;
        let mut outcome = self.described(largest.setup["streamers"].as_u64()? as usize);
        for (name, figure, base) in
            [("register_growth", "register_p50_us", few), ("latency_growth", "latency_p50_us", &outcomes[0])]
        {
            let (large, small) = (&largest.figures[figure], base.figures.get(figure)?);
            large.rounds.iter().zip(&small.rounds).for_each(|(large, small)| outcome.add(name, large / small));
        }
        Some(outcome)
    }
}
