//! Rounds of relaying, of a server, of the yardstick, and of both in turn.

use std::collections::BTreeMap;

use serde_json::json;

use super::Ground;
use super::error::Failure;
use super::limit::{QUEUE, VOID_BELOW};
use super::relay::Crowd;
use super::report::Outcome;
use super::site::Site;
use super::subject::Yardstick;
use crate::config::{Load, Via};

type Figures = BTreeMap<&'static str, f64>;

/// The server alone.
pub(super) async fn relay(ground: &Ground, site: &Site, load: Load, rate: Option<u32>) -> Result<Outcome, Failure> {
    let mut outcome = described(ground, "relay", site, load, rate);
    let players = site.via_names().1;
    for round in 1..=ground.settings.rounds {
        ground.progress.say(&format!("relay over {players}: round {round} of {}", ground.settings.rounds));
        outcome.add_round(&round_of(ground, site, load, rate).await?);
    }
    Ok(outcome.concluded())
}

/// The server and the verbatim relay, in turn.
pub(super) async fn relay_against(
    ground: &Ground,
    site: &Site,
    yardstick: &Yardstick,
    load: Load,
) -> Result<Outcome, Failure> {
    let vias = site.vias();
    let limit = yardstick.relay(vias);
    let mut outcome = described(ground, "relay", site, load, None);
    check(load)?;
    for round in 1..=ground.settings.rounds {
        ground.progress.say(&format!(
            "relay over {}: round {round} of {}, server and limit",
            vias.1.name(),
            ground.settings.rounds
        ));
        // Who comes first changes: what grows or shrinks over a run meets both.
        let (server, verbatim) = if round % 2 == 1 {
            let server = round_of(ground, site, load, None).await?;
            (server, round_of(ground, &limit, load, None).await?)
        } else {
            let verbatim = round_of(ground, &limit, load, None).await?;
            (round_of(ground, site, load, None).await?, verbatim)
        };
        outcome.add_against(&server, &verbatim);
        if vias == (Via::Ws, Via::Ws) {
            judge(ground, yardstick, load, &mut outcome).await?;
        }
    }
    void_or_not(&mut outcome);
    Ok(outcome.concluded())
}

/// The yardstick alone.
pub(super) async fn limit(
    ground: &Ground,
    yardstick: &Yardstick,
    vias: (Via, Via),
    load: Load,
) -> Result<Outcome, Failure> {
    let site = yardstick.relay(vias);
    let mut outcome = described(ground, "limit", &site, load, None);
    check(load)?;
    for round in 1..=ground.settings.rounds {
        ground.progress.say(&format!("limit: round {round} of {}", ground.settings.rounds));
        outcome.add_round(&round_of(ground, &site, load, None).await?);
        if vias == (Via::Ws, Via::Ws) {
            judge(ground, yardstick, load, &mut outcome).await?;
        }
    }
    void_or_not(&mut outcome);
    Ok(outcome.concluded())
}

/// One round of the yardstick beside the relay of plain bytes. Bytes can be joined in pairs only: so both have pairs.
async fn judge(ground: &Ground, yardstick: &Yardstick, load: Load, outcome: &mut Outcome) -> Result<(), Failure> {
    let pairs = Load { streamers: load.crowd(), players: 1, ..load };
    let site = yardstick.relay((Via::Ws, Via::Ws));
    let verbatim = round_of(ground, &site, pairs, None).await?["messages_per_s"];
    let crowd = Crowd::pairs(&site, yardstick.bytes(), pairs).await?;
    let bytes = crowd.run(site.pid, None, ground.settings.time).await?.figures()["messages_per_s"];
    outcome.add("bytes_messages_per_s", bytes);
    outcome.add("of_bytes", verbatim / bytes);
    Ok(())
}

fn void_or_not(outcome: &mut Outcome) {
    if let Some(ratio) = outcome.median("of_bytes").filter(|ratio| *ratio < VOID_BELOW) {
        outcome.note(format!(
            "the limit relays only {ratio:.2} of what a relay of plain bytes does: below {VOID_BELOW} a comparison with \
             it is void"
        ));
    }
}

async fn round_of(ground: &Ground, site: &Site, load: Load, rate: Option<u32>) -> Result<Figures, Failure> {
    let crowd = Crowd::assemble(site, load).await?;
    Ok(crowd.run(site.pid, rate, ground.settings.time).await?.figures())
}

fn check(load: Load) -> Result<(), Failure> {
    if load.players * load.in_flight <= QUEUE {
        return Ok(());
    }
    Err(Failure::Asked(format!(
        "the limit holds {QUEUE} messages under way to a streamer; write fewer --players or --in-flight"
    )))
}

fn described(ground: &Ground, scenario: &'static str, site: &Site, load: Load, rate: Option<u32>) -> Outcome {
    let (streamers, players) = site.via_names();
    let mut outcome = Outcome::new(
        scenario,
        [
            ("streamers_over", json!(streamers)),
            ("players_over", json!(players)),
            ("streamers", json!(load.streamers)),
            ("players_each", json!(load.players)),
            ("size", json!(load.size)),
            ("seconds", json!(ground.settings.time.as_secs_f64())),
        ],
    );
    outcome.note_process(site.pid);
    match rate {
        Some(rate) => outcome.setup.insert("rate", json!(rate)),
        None => outcome.setup.insert("in_flight", json!(load.in_flight)),
    };
    outcome
}
