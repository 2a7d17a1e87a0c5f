//! Limits, over each transport: what happens when one is reached is what docs/operating.md says, it is counted, a good
//! pair beside it goes on, and what was taken is given back.
//!
//! What takes half a minute (a rate exceeded without a break) is shown on the session's own clock instead.

mod support;

#[path = "limits/claims.rs"]
mod claims;
#[path = "limits/knock.rs"]
mod knock;
#[path = "limits/places.rs"]
mod places;
#[path = "limits/proxies.rs"]
mod proxies;
#[path = "limits/queue.rs"]
mod queue;
#[path = "metrics/scrape.rs"]
#[allow(dead_code, reason = "shared with the tests of the metrics")]
mod scrape;
#[path = "limits/sessions.rs"]
mod sessions;

use std::net::Ipv4Addr;

use pixelgate::config::{Bounds, Limits};
use scrape::Scrape;
use serde_json::json;
use support::{Lab, Peer, Via};

/// Where the unwelcome come from; everybody else is at 127.0.0.1.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
const FURTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 10);

/// A gateway with these limits alone, loopback included.
fn lab(bounds: Bounds) -> Lab {
    Lab::with(|config| {
        config.limits = Limits::Loopback;
        config.bounds = bounds;
    })
}

/// A streamer and its player, who mind their own business.
struct Pair {
    streamer: Peer,
    player: Peer,
    id: String,
}

impl Pair {
    async fn of(lab: &Lab) -> Self {
        let mut streamer = lab.streamer(Via::Ws, "Stage").await;
        let (player, id) = lab.watching(Via::Ws, &mut streamer, "Stage").await;
        Self { streamer, player, id }
    }

    async fn goes_on(&mut self) {
        let Self { streamer, player, id } = self;
        player.says(json!({"type": "answer", "sdp": "s"})).await;
        streamer.hears_exactly(json!({"type": "answer", "sdp": "s", "playerId": id})).await;
        streamer.says(json!({"type": "offer", "sdp": "s", "playerId": id})).await;
        player.hears("offer").await;
    }
}

fn refused(reason: &str) -> String {
    format!("pixelgate_connections_refused_total{{reason=\"{reason}\"}}")
}

fn reached(limit: &str) -> String {
    format!("pixelgate_session_limits_reached_total{{limit=\"{limit}\"}}")
}

/// Every place was given back.
async fn nobody_is_left(lab: Lab) {
    for gauge in ["pixelgate_connections", "pixelgate_buffered_bytes"] {
        let falls = async { while Scrape::of(&lab).await.value(gauge) > 0.0 {} };
        support::within(&format!("{gauge} to be 0"), falls).await;
    }
    assert_eq!(lab.gateway().router().session_count(), 0);
}
