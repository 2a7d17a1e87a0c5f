//! Players that join, as fast as so many at once can: connect, list, subscribe, offer, answer, candidates both ways,
//! close.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Ground;
use super::error::Failure;
use super::histogram::Times;
use super::message::{self, Mark, Template};
use super::peer::Peer;
use super::report::Outcome;
use super::site::{Site, Spent, Window};
use super::streamer::{Manner, Streamer};
use super::subject::Yardstick;

/// Candidates each way. The player's last one is answered, and then it has joined.
const CANDIDATES: u64 = 3;

/// Lengths of an offer, an answer and a candidate, in bytes.
const OFFER: usize = 2500;
const ANSWER: usize = 1500;
const CANDIDATE: usize = 240;

/// The server, and the verbatim relay in turn with it where there is one.
pub(super) async fn measure(
    ground: &Ground,
    site: &Site,
    yardstick: Option<&Yardstick>,
    at_once: usize,
) -> Result<Outcome, Failure> {
    let (streamers, players) = site.via_names();
    let mut outcome = Outcome::new(
        "join",
        [
            ("streamers_over", json!(streamers)),
            ("players_over", json!(players)),
            ("at_once", json!(at_once)),
            ("seconds", json!(ground.settings.time.as_secs_f64())),
        ],
    );
    outcome.note_process(site.pid);
    let limit = yardstick.map(|yardstick| yardstick.relay(site.vias()));
    for round in 1..=ground.settings.rounds {
        ground.progress.say(&format!("join over {players}: round {round} of {}", ground.settings.rounds));
        let time = ground.settings.time;
        match &limit {
            None => outcome.add_round(&Joined::round(site, at_once, time).await?.figures()),
            Some(limit) => {
                let server = Joined::round(site, at_once, time).await?.figures();
                outcome.add_against(&server, &Joined::round(limit, at_once, time).await?.figures());
            }
        }
    }
    Ok(outcome.concluded())
}

/// A round.
struct Joined {
    times: Times,
    spent: Spent,
}

impl Joined {
    async fn round(site: &Site, at_once: usize, time: Duration) -> Result<Self, Failure> {
        let manner = Manner {
            sdp: Some(OFFER),
            size: CANDIDATE,
            answers: Some(CANDIDATES),
            candidates: CANDIDATES,
            floods: false,
        };
        let streamer = Streamer::start(&site.dialer, &site.streamers, "bench-join", manner).await?;
        let window = Window::after_warm_up(time);
        let mut tasks = JoinSet::new();
        for _ in 0..at_once {
            tasks.spawn(again_and_again(site.clone(), streamer.id.clone(), window));
        }
        let spent = window.watch(site.pid).await;
        let mut times = Times::default();
        while let Some(done) = tasks.join_next().await {
            times.merge(&done.map_err(|error| Failure::Asked(error.to_string()))??);
        }
        Ok(Self { times, spent })
    }

    fn figures(&self) -> BTreeMap<&'static str, f64> {
        let count = self.times.count();
        let mut figures = BTreeMap::from([
            ("joins_per_s", count as f64 / self.spent.elapsed.as_secs_f64()),
            ("join_p50_ms", self.times.us(0.5) / 1e3),
            ("join_p99_ms", self.times.us(0.99) / 1e3),
        ]);
        let known = [
            ("server_cpu_ms_per_join", self.spent.server_us_each(count).map(|us| us / 1e3)),
            ("server_cores", self.spent.server_cores()),
            ("generator_cores", self.spent.own_cores()),
        ];
        figures.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?))));
        figures
    }
}

/// One player after the other until the window is over.
async fn again_and_again(site: Site, streamer: String, window: Window) -> Result<Times, Failure> {
    let mut times = Times::default();
    while Instant::now() < window.end {
        let began = Instant::now();
        let peer = join(&site, &streamer).await?;
        let joined = Instant::now();
        if window.holds(joined) {
            times.add(joined - began);
        }
        peer.link.close().await;
    }
    Ok(times)
}

async fn join(site: &Site, streamer: &str) -> Result<Peer, Failure> {
    let mut peer = Peer::connect(&site.dialer, &site.players).await?;
    peer.say(r#"{"type":"listStreamers"}"#).await?;
    peer.hear("streamerList").await?;
    peer.subscribe(streamer).await?;
    let mut negotiating = false;
    loop {
        let text = peer.hear_any().await?;
        let Some(mark) = Mark::find(&text, &mut 0) else { continue };
        if mark.number == CANDIDATES {
            return Ok(peer);
        }
        // The first one is the offer; the streamer's candidates follow it.
        if !negotiating {
            negotiating = true;
            let id = String::from_utf8_lossy(mark.id);
            peer.link.push(message::answer(0, &id, ANSWER).as_bytes());
            let mut candidate = Template::new(0, &id, CANDIDATE);
            for number in 1..=CANDIDATES {
                peer.link.push(candidate.numbered(number));
            }
            peer.link.flush().await?;
        }
    }
}
