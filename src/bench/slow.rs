//! Players that read nothing, or slowly, while their streamer sends to them without end: what a pair on the same
//! streamer feels of it, and what they cost.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::error::Failure;
use super::link::Link;
use super::relay::{Flow, Tally, subscribed};
use super::report::Outcome;
use super::site::{Site, Window};
use super::streamer::{Manner, Streamer};
use super::{Ground, machine};
use crate::config::Load;

/// Between two reads of a slow player.
const PAUSE: Duration = Duration::from_millis(100);

/// How long what is under way at the end may take.
const LAST: Duration = Duration::from_secs(3);

const PAIR: Load = Load { streamers: 1, players: 1, in_flight: 1, size: 240 };

/// How a player reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Well,
    Slowly,
    Never,
}

/// Rounds of a pair beside so many that read well, then beside as many that do not.
pub(super) async fn measure(ground: &Ground, site: &Site, players: usize) -> Result<Outcome, Failure> {
    let (streamer_via, player_via) = site.via_names();
    let mut outcome = Outcome::new(
        "slow",
        [
            ("streamers_over", json!(streamer_via)),
            ("players_over", json!(player_via)),
            ("reading_nothing", json!(players)),
            ("reading_slowly", json!(players)),
            ("seconds", json!(ground.settings.time.as_secs_f64())),
        ],
    );
    outcome.note_process(site.pid);
    for round in 1..=ground.settings.rounds {
        ground.progress.say(&format!("slow over {player_via}: round {round} of {}", ground.settings.rounds));
        let well = beside(ground, site, &vec![Reading::Well; 2 * players]).await?;
        let readings = [vec![Reading::Never; players], vec![Reading::Slowly; players]].concat();
        let slow = beside(ground, site, &readings).await?;
        outcome.add("latency_p50_us", well.tally.times.us(0.5));
        outcome.add("latency_p99_us", well.tally.times.us(0.99));
        outcome.add_round(&slow.figures());
    }
    Ok(outcome.concluded())
}

/// What a pair felt beside others.
struct Felt {
    tally: Tally,
    cut: usize,
    growth: Option<f64>,
}

impl Felt {
    fn figures(&self) -> BTreeMap<&'static str, f64> {
        let mut figures = BTreeMap::from([
            ("slow_latency_p50_us", self.tally.times.us(0.5)),
            ("slow_latency_p99_us", self.tally.times.us(0.99)),
            ("slow_cut", self.cut as f64),
            ("lost", self.tally.lost as f64),
            ("reordered", self.tally.reordered as f64),
        ]);
        figures.extend(self.growth.map(|growth| ("slow_growth_mib", growth)));
        figures
    }
}

async fn beside(ground: &Ground, site: &Site, readings: &[Reading]) -> Result<Felt, Failure> {
    let resident = || Some(machine::usage(site.pid?)?.resident as f64 / (1024.0 * 1024.0));
    let manner = Manner { floods: true, ..Manner::echoing(PAIR.size) };
    let streamer = Streamer::start(&site.dialer, &site.streamers, "bench-slow", manner).await?;
    // The first player is the one that the streamer does not flood.
    let (peer, id) = subscribed(site, &streamer.id).await?;
    let pair = Flow::new(peer.link, 0, &id, PAIR);
    let before = resident();
    let mut others = JoinSet::new();
    let narrow = Site { dialer: site.dialer.narrow(), ..site.clone() };
    let mut links = Vec::new();
    for &reading in readings {
        let from = if reading == Reading::Well { site } else { &narrow };
        links.push((subscribed(from, &streamer.id).await?.0.link, reading));
    }
    let window = Window::after_warm_up(ground.settings.time);
    for (link, reading) in links {
        others.spawn(read(link, reading, window.end));
    }
    let tally = pair.run_closed(window, window.end + LAST).await?;
    let growth = resident().zip(before).map(|(after, before)| after - before);
    let mut cut = 0;
    while let Some(done) = others.join_next().await {
        cut += usize::from(done.unwrap_or(false));
    }
    Ok(Felt { tally, cut, growth })
}

/// Reads in its manner until the end. Whether the server has cut it by then.
async fn read(mut link: Link, reading: Reading, end: Instant) -> bool {
    if reading == Reading::Never {
        sleep_until(end).await;
    }
    let pause = if reading == Reading::Slowly { PAUSE } else { Duration::ZERO };
    let reading_on = async {
        while link.turn(|_, _| {}).await.is_ok() {
            sleep(pause).await;
        }
    };
    // One that was cut finds the end behind what was still on its way.
    timeout_at(end + LAST / 2, reading_on).await.is_ok()
}
