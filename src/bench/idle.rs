//! Players that do nothing: what each costs in memory, and what a wave of them leaves behind.

use std::time::Duration;

use futures_util::stream::{StreamExt, iter};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::error::Failure;
use super::link::Link;
use super::peer::Peer;
use super::relay::subscribed;
use super::report::Outcome;
use super::site::{Meter, Site, within_limits};
use super::streamer::{Manner, Streamer};
use super::{Ground, machine};

/// Players that connect at once.
const AT_ONCE: usize = 64;

const MIB: f64 = 1024.0 * 1024.0;

/// Waves of so many players, each of which stays, and is gone, for the time of a round before memory is read.
pub(super) async fn measure(
    ground: &Ground,
    site: &Site,
    sessions: usize,
    waves: usize,
    watching: bool,
) -> Result<Outcome, Failure> {
    let resident = || site.pid.and_then(machine::usage).map(|usage| usage.resident as f64);
    let before = resident().ok_or_else(unknown)?;
    let (streamer_via, player_via) = site.via_names();
    let (sessions, fewer) = within_limits(sessions, site.vias().1);
    let mut outcome = Outcome::new(
        "idle",
        [
            ("streamers_over", json!(streamer_via)),
            ("players_over", json!(player_via)),
            ("sessions", json!(sessions)),
            ("waves", json!(waves)),
            ("watching", json!(watching)),
        ],
    );
    fewer.into_iter().for_each(|note| outcome.note(note));
    let streamer = match watching {
        true => Some(Streamer::start(&site.dialer, &site.streamers, "bench-idle", Manner::echoing(240)).await?),
        false => None,
    };
    let (mut first_held, mut first_left) = (0.0, 0.0);
    for nth in 1..=waves {
        ground.progress.say(&format!("idle over {player_via}: wave {nth} of {waves}, {sessions} players"));
        let began = Instant::now();
        let wave = Wave::arrive(site, sessions, streamer.as_ref()).await?;
        let count = wave.tasks.len();
        outcome.add("connects_per_s", count as f64 / began.elapsed().as_secs_f64());
        if let Some(limit) = &wave.cut_short {
            outcome.note(format!("{count} of {sessions} sessions: {limit}"));
        }
        let meter = Meter::read(site.pid);
        sleep(ground.settings.time).await;
        outcome.add("server_cores", meter.until_now(site.pid).server_cores().unwrap_or_default());
        let held = resident().ok_or_else(unknown)?;
        wave.leave().await;
        sleep(ground.settings.time).await;
        let left = resident().ok_or_else(unknown)?;
        outcome.add("memory_per_session_kib", (held - before).max(0.0) / count.max(1) as f64 / 1024.0);
        outcome.add("held_mib", held / MIB);
        outcome.add("left_mib", left / MIB);
        if nth == 1 {
            (first_held, first_left) = (held, left);
        } else {
            outcome.add("held_ratio", held / first_held);
            outcome.add("left_ratio", left / first_left);
        }
    }
    Ok(outcome.concluded())
}

fn unknown() -> Failure {
    Failure::Asked("idle measures memory: give the server's process by --server-pid, on Linux".into())
}

/// Players that are there.
struct Wave {
    tasks: JoinSet<()>,
    leave: CancellationToken,
    cut_short: Option<Failure>,
}

impl Wave {
    async fn arrive(site: &Site, sessions: usize, streamer: Option<&Streamer>) -> Result<Self, Failure> {
        let mut wave = Self { tasks: JoinSet::new(), leave: CancellationToken::new(), cut_short: None };
        let arriving = (0..sessions).map(|_| async move {
            if let Some(streamer) = streamer {
                return Ok(subscribed(site, &streamer.id).await?.0);
            }
            let mut peer = Peer::connect(&site.dialer, &site.players).await?;
            peer.hear("config").await?;
            Ok::<_, Failure>(peer)
        });
        let mut arriving = std::pin::pin!(iter(arriving).buffer_unordered(AT_ONCE));
        while let Some(arrived) = arriving.next().await {
            match arrived {
                Ok(peer) => drop(wave.tasks.spawn(stay(peer.link, wave.leave.clone()))),
                Err(failure) if failure.is_machine_limit() => {
                    wave.cut_short = Some(failure);
                    break;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(wave)
    }

    async fn leave(mut self) {
        self.leave.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Does nothing but answer pings.
async fn stay(mut link: Link, leave: CancellationToken) {
    let staying = async { while link.turn(|_, _| {}).await.is_ok() {} };
    if leave.run_until_cancelled(staying).await.is_none() {
        link.close().await;
        return;
    }
    // Ended by the server: its end is part of the wave's.
    let _ = tokio::time::timeout(Duration::from_secs(1), leave.cancelled()).await;
}
