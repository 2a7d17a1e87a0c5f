//! A streamer with many players drops: how long until the last of them knows.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::Ground;
use super::error::Failure;
use super::histogram::Times;
use super::link::Link;
use super::peer::Peer;
use super::report::Outcome;
use super::site::{Site, within_limits};
use super::streamer::{Manner, Streamer};
use super::subject::Yardstick;

/// Players that connect at once.
const AT_ONCE: usize = 64;

/// How long the streamer may take to learn of its players, and they to learn that it is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server, and a bare loop in turn with it where there is one.
pub(super) async fn measure(
    ground: &Ground,
    site: &Site,
    yardstick: Option<&Yardstick>,
    players: usize,
) -> Result<Outcome, Failure> {
    let (streamer_via, player_via) = site.via_names();
    let (players, fewer) = within_limits(players, site.vias().1);
    let mut outcome = Outcome::new(
        "fanout",
        [("streamers_over", json!(streamer_via)), ("players_over", json!(player_via)), ("players", json!(players))],
    );
    fewer.into_iter().for_each(|note| outcome.note(note));
    let bare = yardstick.map(Yardstick::bare);
    for round in 1..=ground.settings.rounds {
        ground.progress.say(&format!("fan-out over {player_via}: round {round} of {}", ground.settings.rounds));
        let server = drop_one(ground, site, players).await?;
        match &bare {
            None => outcome.add_round(&server),
            Some(bare) => outcome.add_against(&server, &drop_one(ground, bare, players).await?),
        }
    }
    Ok(outcome.concluded())
}

async fn drop_one(ground: &Ground, site: &Site, players: usize) -> Result<BTreeMap<&'static str, f64>, Failure> {
    let streamer = Streamer::start(&site.dialer, &site.streamers, "bench-fanout", Manner::silent()).await?;
    let arriving = (0..players).map(|_| async {
        let mut peer = Peer::connect(&site.dialer, &site.players).await?;
        peer.subscribe(&streamer.id).await?;
        Ok::<_, Failure>(peer.link)
    });
    let links: Vec<Link> = iter(arriving).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut waiting = JoinSet::new();
    links.into_iter().for_each(|link| drop(waiting.spawn(told(link))));
    let known = async {
        while streamer.players() < players {
            sleep(Duration::from_millis(2)).await;
        }
    };
    let late = |what: &'static str| Failure::Unexpected { awaited: what, why: format!("not within {PATIENCE:?}") };
    timeout(PATIENCE, known).await.map_err(|_| late("playerConnected of everybody"))?;
    // What was said to them about one another is over.
    sleep(ground.settings.time).await;
    let began = Instant::now();
    streamer.fail().await;
    let mut times = Times::default();
    let everybody = async {
        while let Some(Ok(at)) = waiting.join_next().await {
            times.add(at - began);
        }
    };
    timeout(PATIENCE, everybody).await.map_err(|_| late("the end of a streamer"))?;
    Ok(BTreeMap::from([("fanout_p50_ms", times.us(0.5) / 1e3), ("fanout_last_ms", times.max_us() / 1e3)]))
}

/// When a player is told that its streamer is gone, by a message or by the end of its session.
async fn told(mut link: Link) -> Instant {
    const WORDS: &[u8] = b"isconnected";
    loop {
        let mut told = false;
        let turned = link.turn(|text, _| told |= text.windows(WORDS.len()).any(|window| window == WORDS)).await;
        if told || turned.is_err() {
            let at = Instant::now();
            // The session ends after it.
            let _ = timeout(PATIENCE, async { while turned.is_ok() && link.turn(|_, _| {}).await.is_ok() {} }).await;
            return at;
        }
    }
}
