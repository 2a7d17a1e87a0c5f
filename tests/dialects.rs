//! What a dialect needs beyond the rules: the query of a player's URL, a session that is closed as it begins, and the
//! configuration without a version (protocol.md §4). The rest of the table is the hub's tests' matter.

mod support;

use pixelgate::hub::Dialect;
use pixelgate::wire::{CloseCode, Role};
use serde_json::json;
use support::{Lab, Peer, Via};

async fn player(lab: &Lab, via: Via, query: &str) -> Peer {
    let mut player = lab.connect_to(&format!("{}{query}", lab.url(via, Role::Player)), Role::Player).await;
    player.hears_exactly(json!({"type": "config", "peerConnectionOptions": {}})).await;
    player
}

/// `OfferToReceive` reaches the streamer over every transport that has a URL.
#[tokio::test]
async fn a_players_url_says_who_offers() {
    let lab = Lab::speaking(Dialect::CIRRUS_5_4);
    let mut streamer = lab.connect(Via::Ws, Role::Streamer).await;
    streamer.hears_exactly(json!({"type": "config", "peerConnectionOptions": {}})).await;
    streamer.hears_exactly(json!({"type": "identify"})).await;
    streamer.says(json!({"type": "endpointId", "id": "Stage"})).await;
    streamer.settles().await;
    let mut number = 0;
    for via in Via::ALL {
        for (query, offers) in
            [("", false), ("?OfferToReceive=true", via != Via::Quic), ("?token=a.b&OfferToReceive=false", false)]
        {
            number += 1;
            let mut player = player(&lab, via, query).await;
            player.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
            let id = number.to_string();
            let connected = streamer.hears("playerConnected").await;
            let expected = json!({"type": "playerConnected", "dataChannel": true, "sfu": false, "playerId": id, "sendOffer": !offers});
            assert_eq!(connected, expected, "{} {query}", via.name());
            player.leaves().await;
            streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": id})).await;
        }
    }
}

/// A player is turned away with its reason over every transport; with a streamer there, it is attached, to the SFU if it
/// says so.
#[tokio::test]
async fn a_player_is_turned_away_or_attached() {
    let lab = Lab::speaking(Dialect::CIRRUS_5_1);
    for via in Via::ALL {
        let (close, heard) = lab.connect(via, Role::Player).await.is_closed(CloseCode::TRY_AGAIN).await;
        assert_eq!((&*close.reason, heard), ("Streamer is not connected", vec![]), "{}", via.name());
    }
    let mut streamer = lab.connect(Via::Ws, Role::Streamer).await;
    streamer.hears("config").await;
    let mut sfu = lab.connect(Via::Ws, Role::Sfu).await;
    let told = streamer.hears("playerConnected").await;
    assert_eq!(told, json!({"type": "playerConnected", "dataChannel": true, "sfu": true, "playerId": "1"}));
    for (via, id) in [(Via::Ws, "101"), (Via::Wss, "102"), (Via::WebTransport, "103")] {
        let mut player = player(&lab, via, "?preferSFU=true").await;
        assert_eq!(sfu.hears("playerConnected").await["playerId"], id);
        player.says(json!({"type": "answer", "sdp": "x"})).await;
        sfu.hears_exactly(json!({"type": "answer", "sdp": "x", "playerId": id})).await;
        player.leaves().await;
        sfu.hears("playerDisconnected").await;
    }
    let _player = player(&lab, Via::Ws, "").await;
    assert_eq!(streamer.hears("playerConnected").await["playerId"], "104");
    let (close, _) = lab.connect(Via::Ws, Role::Streamer).await.is_closed(CloseCode::POLICY).await;
    assert_eq!(close.reason, "there is a streamer, and this listener takes one only");
    lab.until("the end of those that were turned away", |lab| lab.gateway().router().session_count() == 3).await;
}

/// The player that offers: its offer is the first that the streamer hears.
#[tokio::test]
async fn a_player_that_offers() {
    let lab = Lab::speaking(Dialect::CIRRUS_4_27);
    let mut streamer = lab.connect(Via::Ws, Role::Streamer).await;
    streamer.hears("config").await;
    let mut player = player(&lab, Via::Ws, "").await;
    player.says(json!({"type": "offer", "sdp": "x"})).await;
    streamer.hears_exactly(json!({"type": "offer", "sdp": "x", "playerId": "101"})).await;
    streamer.says(json!({"type": "answer", "sdp": "y", "playerId": 101})).await;
    player.hears_exactly(json!({"type": "answer", "sdp": "y"})).await;
    player.leaves().await;
    streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": "101"})).await;
}

/// With `choose-dialect` a player chooses how it is spoken to, and not whether `max-players` counts.
#[tokio::test]
async fn the_places_are_the_listeners_whatever_a_player_chooses() {
    let lab = Lab::with(|config| {
        config.max_players = Some(1);
        config.listeners.iter_mut().for_each(|listener| listener.choose_dialect = true);
    });
    let mut streamer = lab.streamer(Via::Ws, "Stage").await;
    // They come before the place is taken.
    let mut players = Vec::new();
    for via in [Via::Ws, Via::Wss, Via::WebTransport] {
        players.push((via, player(&lab, via, "?dialect=cirrus-5.4").await));
    }
    let (_watching, _) = lab.watching(Via::Quic, &mut streamer, "Stage").await;
    for (via, mut player) in players {
        player.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
        let (close, _) = player.is_closed(CloseCode::TRY_AGAIN).await;
        assert_eq!(close.reason, "the streamer is full", "{}", via.name());
    }
    assert_eq!(lab.streamers()[0].subscribers.len(), 1);
}
