//! The whole flow of protocol.md §1, for every pair of transports, and with an SFU between.

mod support;

use pixelgate::wire::{CloseCode, Role};
use serde_json::json;
use support::{Lab, Peer, Via};

/// A streamer and a player meet, negotiate, and part.
async fn streamer_and_player(streamers: Via, players: Via) {
    let lab = Lab::open();
    let mut streamer = lab.streamer(streamers, "Stage").await;
    let mut player = lab.player(players).await;

    player.says(json!({"type": "listStreamers"})).await;
    player.hears_exactly(json!({"type": "streamerList", "ids": ["Stage"]})).await;
    player.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
    let connected = streamer.hears("playerConnected").await;
    let id = connected["playerId"].clone();
    assert_eq!(connected, json!({"type": "playerConnected", "dataChannel": true, "sfu": false, "playerId": id}));

    negotiate(&mut streamer, &mut player, id.as_str().expect("a string")).await;
    for peer in [&mut streamer, &mut player] {
        peer.says_text(r#"{"type":"ping","time":1763834400000.25}"#).await;
        assert_eq!(peer.hears("pong").await["time"].to_string(), "1763834400000.25");
    }

    player.leaves().await;
    streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": id})).await;

    let (mut second, second_id) = lab.watching(players, &mut streamer, "Stage").await;
    assert_ne!(json!(second_id), id, "player ids are never reused");
    streamer.leaves().await;
    let (close, heard) = second.is_closed(CloseCode::EMPTY).await;
    assert_eq!(close.reason, "");
    assert_eq!(heard, [json!({"type": "streamerDisconnected"})]);
    lab.until("an empty hub", |lab| lab.gateway().router().session_count() == 0).await;
}

/// Offer, answer and candidates both ways, with fields that the gateway does not know.
async fn negotiate(streamer: &mut Peer, player: &mut Peer, id: &str) {
    let offer = json!({"type": "offer", "playerId": id, "sdp": "v=0\r\no=- 1", "novel": {"deep": [1, 2.50]}});
    streamer.says(offer.clone()).await;
    assert_eq!(player.hears("offer").await, offer);

    player.says(json!({"type": "answer", "sdp": "v=0\r\no=- 2", "minBitrateBps": 1e5, "playerId": "forged"})).await;
    let answer = streamer.hears("answer").await;
    assert_eq!(answer, json!({"type": "answer", "sdp": "v=0\r\no=- 2", "minBitrateBps": 1e5, "playerId": id}));

    let candidate = json!({"candidate": "candidate:1 1 UDP 1 127.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0});
    player.says(json!({"type": "iceCandidate", "candidate": candidate})).await;
    streamer.hears_exactly(json!({"type": "iceCandidate", "candidate": candidate, "playerId": id})).await;
    let back = json!({"type": "iceCandidate", "candidate": candidate, "playerId": id});
    streamer.says(back.clone()).await;
    player.hears_exactly(back).await;
}

/// A streamer, an SFU that the gateway subscribes to it, and a player of the SFU.
async fn through_an_sfu(streamers: Via, sfus: Via, players: Via) {
    let lab = Lab::open();
    let mut streamer = lab.streamer(streamers, "Stage").await;
    let mut sfu = lab.connect(sfus, Role::Sfu).await;
    sfu.hears("config").await;
    sfu.hears("identify").await;
    let connected = streamer.hears("playerConnected").await;
    assert_eq!(connected["sfu"], true);
    let sfu_id = connected["playerId"].as_str().expect("a string").to_owned();
    sfu.says(json!({"type": "endpointId", "id": "Fan"})).await;
    sfu.hears_exactly(json!({"type": "endpointIdConfirm", "committedId": "Fan"})).await;

    streamer.says(json!({"type": "offer", "playerId": sfu_id, "sdp": "up"})).await;
    assert_eq!(sfu.hears("offer").await["sdp"], "up");
    sfu.says(json!({"type": "answer", "sdp": "down"})).await;
    streamer.hears_exactly(json!({"type": "answer", "sdp": "down", "playerId": sfu_id})).await;
    sfu.says(json!({"type": "startStreaming"})).await;
    sfu.settles().await;

    let mut player = lab.player(players).await;
    player.says(json!({"type": "listStreamers"})).await;
    player.hears_exactly(json!({"type": "streamerList", "ids": ["Stage", "Fan"]})).await;
    player.says(json!({"type": "subscribe", "streamerId": "Fan"})).await;
    let id = sfu.hears("playerConnected").await["playerId"].clone();
    sfu.says(json!({"type": "offer", "playerId": id, "sdp": "to you", "sfu": true, "multiplex": true})).await;
    player.hears_exactly(json!({"type": "offer", "sdp": "to you", "sfu": true, "multiplex": true})).await;
    channels(&mut streamer, &mut sfu, &mut player, &sfu_id, &id).await;

    streamer.leaves().await;
    sfu.hears_exactly(json!({"type": "streamerDisconnected"})).await;
    sfu.says(json!({"type": "stopStreaming"})).await;
    player.is_closed(CloseCode::EMPTY).await;
    sfu.hears_exactly(json!({"type": "playerDisconnected", "playerId": id})).await;
    sfu.leaves().await;
}

/// What only SFUs do: simulcast preferences and data channels.
async fn channels(streamer: &mut Peer, sfu: &mut Peer, player: &mut Peer, sfu_id: &str, id: &serde_json::Value) {
    player.says(json!({"type": "layerPreference", "spatialLayer": 1, "temporalLayer": 0, "playerId": ""})).await;
    let preference = json!({"type": "layerPreference", "spatialLayer": 1, "temporalLayer": 0, "playerId": id});
    sfu.hears_exactly(preference.clone()).await;
    streamer.says(preference.clone()).await;
    sfu.hears_exactly(preference).await;

    player.says(json!({"type": "answer", "sdp": "yes"})).await;
    sfu.hears_exactly(json!({"type": "answer", "sdp": "yes", "playerId": id})).await;
    player.says(json!({"type": "dataChannelRequest"})).await;
    sfu.hears_exactly(json!({"type": "dataChannelRequest", "playerId": id})).await;
    sfu.says(json!({"type": "peerDataChannels", "playerId": id, "sendStreamId": 1, "recvStreamId": 2})).await;
    player.hears_exactly(json!({"type": "peerDataChannels", "sendStreamId": 1, "recvStreamId": 2})).await;
    sfu.says(json!({"type": "streamerDataChannels", "playerId": id, "sendStreamId": 3, "recvStreamId": 4})).await;
    streamer
        .hears_exactly(json!({
            "type": "streamerDataChannels", "playerId": id, "sendStreamId": 3, "recvStreamId": 4, "sfuId": sfu_id
        }))
        .await;
    player.says(json!({"type": "peerDataChannelsReady"})).await;
    sfu.hears_exactly(json!({"type": "peerDataChannelsReady", "playerId": id})).await;
}

macro_rules! pairs {
    ($($name:ident: $streamers:ident to $players:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            streamer_and_player(Via::$streamers, Via::$players).await;
        })*
    };
}

pairs! {
    ws_to_ws: Ws to Ws;
    ws_to_wss: Ws to Wss;
    ws_to_webtransport: Ws to WebTransport;
    ws_to_quic: Ws to Quic;
    wss_to_ws: Wss to Ws;
    wss_to_wss: Wss to Wss;
    wss_to_webtransport: Wss to WebTransport;
    wss_to_quic: Wss to Quic;
    webtransport_to_ws: WebTransport to Ws;
    webtransport_to_wss: WebTransport to Wss;
    webtransport_to_webtransport: WebTransport to WebTransport;
    webtransport_to_quic: WebTransport to Quic;
    quic_to_ws: Quic to Ws;
    quic_to_wss: Quic to Wss;
    quic_to_webtransport: Quic to WebTransport;
    quic_to_quic: Quic to Quic;
}

#[tokio::test]
async fn an_sfu_over_ws() {
    through_an_sfu(Via::Ws, Via::Ws, Via::WebTransport).await;
}

#[tokio::test]
async fn an_sfu_over_wss() {
    through_an_sfu(Via::Quic, Via::Wss, Via::Ws).await;
}

#[tokio::test]
async fn an_sfu_over_webtransport() {
    through_an_sfu(Via::Ws, Via::WebTransport, Via::Wss).await;
}

#[tokio::test]
async fn an_sfu_over_quic() {
    through_an_sfu(Via::Wss, Via::Quic, Via::Quic).await;
}
