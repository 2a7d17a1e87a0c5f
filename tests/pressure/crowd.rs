//! Thousands of players leave at once, and the streamer is told of each.

use std::collections::BTreeSet;
use std::time::Duration;

use pixelgate::client::{Client, Options};
use pixelgate::transport::Keepalive;
use pixelgate::wire::Role;
use serde_json::json;
use tokio::task::JoinSet;

use super::support::process::needs_descriptors;
use super::support::{Lab, PATIENCE, Peer, Via};

/// Connections that are set up at the same time.
const ABREAST: usize = 64;

async fn all_leave_at_once(lab: &Lab, via: Via, players: usize) {
    let mut streamer = lab.streamer(via, "Stage").await;
    let client = Client::new(Options { connect_timeout: PATIENCE, ..lab.options() }).expect("the options are good");
    let url = lab.url(via, Role::Player);
    let (mut arriving, mut crowd, mut told) = (JoinSet::new(), Vec::new(), BTreeSet::new());
    while told.len() < players {
        while arriving.len() < ABREAST && crowd.len() + arriving.len() < players {
            arriving.spawn(arrives(client.clone(), url.clone()));
        }
        tokio::select! {
            Some(player) = arriving.join_next() => crowd.push(player.expect("no panic")),
            connected = streamer.hears("playerConnected") => {
                let id = connected["playerId"].as_str().expect("a string").to_owned();
                assert!(told.insert(id), "{connected} came twice");
            }
        }
    }
    while let Some(player) = arriving.join_next().await {
        crowd.push(player.expect("no panic"));
    }
    assert_eq!(crowd.len(), players);

    drop(crowd);
    for _ in 0..players {
        let left = streamer.hears("playerDisconnected").await;
        assert!(told.remove(left["playerId"].as_str().expect("a string")), "{left} came twice, or is unknown");
    }
    assert_eq!(streamer.settles().await, Vec::<serde_json::Value>::new());
    lab.until("the streamer to be alone", |lab| lab.gateway().router().session_count() == 1).await;
}

async fn arrives(client: Client, url: String) -> Peer {
    let mut player = Peer::connect(&client, &url, Role::Player).await;
    player.hears("config").await;
    player.hears("playerCount").await;
    player.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
    player
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_over_ws() {
    let _machine = crate::MACHINE.read().await;
    // Both ends of every connection are in this process.
    needs_descriptors(10_000 + 500);
    all_leave_at_once(&Lab::open(), Via::Ws, 5_000).await;
}

/// The keepalive is short because a close may be lost: it is one datagram, and a thousand come at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_over_quic() {
    let _machine = crate::MACHINE.read().await;
    let keepalive = Keepalive { interval: Duration::from_secs(1), timeout: Duration::from_secs(10) };
    all_leave_at_once(&Lab::with(|config| config.keepalive = keepalive), Via::Quic, 1_000).await;
}
