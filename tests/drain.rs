//! Draining (protocol.md §5.5): everybody hears 1012, in order, within the grace time.

mod support;

use std::time::{Duration, Instant};

use pixelgate::client::{Client, Options};
use pixelgate::wire::{CloseCode, Role};
use serde_json::json;
use support::{Lab, Peer, Via, within};
use tokio::task::JoinSet;

const GRACE: Duration = Duration::from_secs(3);

/// What one peer heard until it was closed.
struct Heard {
    role: Role,
    at: Instant,
    joined: usize,
    left: usize,
    after: Vec<serde_json::Value>,
}

async fn hears_out(mut peer: Peer, role: Role, joined: usize) -> Heard {
    let (_, after) = peer.is_closed(CloseCode::RESTARTING).await;
    let of = |kind: &str| after.iter().filter(|message| message["type"] == kind).count();
    Heard { role, at: Instant::now(), joined: joined + of("playerConnected"), left: of("playerDisconnected"), after }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sessions_of_all_kinds_hear_1012_in_order() {
    let lab = Lab::with(|config| config.drain_grace = GRACE);
    let mut peers = JoinSet::new();
    for (number, via) in Via::ALL.into_iter().enumerate() {
        let id = format!("Stage{number}");
        let mut streamer = lab.streamer(via, &id).await;
        let mut joined = 0;
        for player in 0..44 {
            let (player, _) = lab.watching(Via::ALL[player % 4], &mut streamer, &id).await;
            peers.spawn(hears_out(player, Role::Player, 0));
            joined += 1;
        }
        for _ in 0..5 {
            let mut sfu = lab.connect(via, Role::Sfu).await;
            sfu.hears("config").await;
            sfu.hears("identify").await;
            if number == 0 {
                // Subscribed by the gateway to the first streamer.
                streamer.hears("playerConnected").await;
                joined += 1;
            }
            sfu.says(json!({"type": "subscribe", "streamerId": id})).await;
            if number > 0 {
                // A switch: it was subscribed to the first one.
                sfu.hears("streamerDisconnected").await;
                streamer.hears("playerConnected").await;
                joined += 1;
            }
            peers.spawn(hears_out(sfu, Role::Sfu, 0));
        }
        peers.spawn(hears_out(streamer, Role::Streamer, joined));
    }
    assert_eq!(lab.gateway().router().session_count(), 200);

    let mut reports = lab.gateway().reports();
    let began = Instant::now();
    lab.into_gateway().stop().await;
    let took = began.elapsed();
    let heard = within("every peer to be closed", peers.join_all()).await;
    assert!(took < GRACE + Duration::from_secs(1), "draining took {took:?}");

    let mut players: Vec<_> = heard.iter().filter(|one| one.role == Role::Player).map(|one| one.at).collect();
    players.sort_unstable();
    assert!(players[175] - players[0] > Duration::from_millis(500), "the players were not spread");
    let ended: Vec<Role> = std::iter::from_fn(|| reports.try_recv().ok()).map(|report| report.role).collect();
    in_order(&ended);
    for one in &heard {
        let what = one.role;
        assert!(!one.after.iter().any(|m| m["type"] == "streamerDisconnected"), "a {what} heard streamerDisconnected");
        // One for each arrival, and none to an SFU or streamer that was closed before.
        assert!(what != Role::Streamer || one.left == one.joined, "{} arrivals, {} departures", one.joined, one.left);
        assert!(what != Role::Sfu || one.left == 0);
    }
}

/// Players, SFUs, streamers. Two are closed each 20 ms, by tasks of their own: those of neighbouring steps may change
/// places.
fn in_order(ended: &[Role]) {
    const NEIGHBOURS: usize = 4;
    let count = |role: Role, ended: &[Role]| ended.iter().filter(|&&one| one == role).count();
    assert_eq!(Role::ALL.map(|role| count(role, ended)).iter().sum::<usize>(), 200);
    let first = |role: Role| ended.iter().position(|&one| one == role).expect("there is one");
    let (before_sfus, before_streamers) = (&ended[..first(Role::Sfu)], &ended[..first(Role::Streamer)]);
    assert!(count(Role::Player, before_sfus) + NEIGHBOURS >= 176, "an SFU ended among the players: {ended:?}");
    assert_eq!(count(Role::Player, before_streamers), 176, "a streamer ended before a player: {ended:?}");
    assert!(count(Role::Sfu, before_streamers) + NEIGHBOURS >= 20, "a streamer ended among the SFUs: {ended:?}");
}

#[tokio::test]
async fn a_gateway_that_is_dropped_gives_its_ports_back() {
    let lab = Lab::open();
    let mut players = Vec::new();
    for via in Via::ALL {
        players.push(lab.player(via).await);
    }
    let bound = lab.gateway().bound().clone();
    drop(lab);
    let (tcp, udp) = (bound.https.unwrap(), bound.quic.unwrap());
    let free = async {
        while std::net::TcpListener::bind(tcp).is_err() || std::net::UdpSocket::bind(udp).is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within("the ports to be free", free).await;
}

#[tokio::test]
async fn new_connections_are_refused_while_draining() {
    let lab = Lab::with(|config| config.drain_grace = Duration::from_secs(5));
    let urls = Via::ALL.map(|via| lab.url(via, Role::Player));
    let options = Options { connect_timeout: Duration::from_secs(1), ..lab.options() };
    let mut waits = lab.streamer(Via::Ws, "Stage").await;
    let stopping = tokio::spawn(lab.into_gateway().stop());
    waits.is_closed(CloseCode::RESTARTING).await;
    within("the gateway to stop", stopping).await.expect("no panic");
    for url in urls {
        let client = Client::new(options.clone()).expect("the options are good");
        let refused = within(&url, client.connect(&url)).await;
        assert!(refused.is_err(), "{url} let somebody in");
    }
}

#[tokio::test]
async fn an_idle_gateway_stops_at_once() {
    let lab = Lab::open();
    let began = Instant::now();
    lab.into_gateway().stop().await;
    assert!(began.elapsed() < Duration::from_secs(1));
}
