//! `pixelgate_messages_dropped_total`: each reason, by its cause.

use std::collections::BTreeSet;

use pixelgate::config::Limits;
use pixelgate::hub::Dialect;
use pixelgate::wire::{DropReason, Role};
use serde_json::json;

use super::scrape::Scrape;
use super::support::raw::{Fate, RawWs, TEXT, frame};
use super::support::{Lab, Peer, Via, within};

fn series(reason: DropReason) -> String {
    format!("pixelgate_messages_dropped_total{{reason=\"{}\"}}", reason.name())
}

/// One message, one drop.
async fn drops(lab: &Lab, peer: &mut Peer, text: &str, reason: DropReason) {
    let before = Scrape::of(lab).await.value(&series(reason));
    peer.says_text(text.to_owned()).await;
    Scrape::until(lab, &series(reason), before + 1.0).await;
}

#[tokio::test]
async fn messages_that_nobody_can_use() {
    let lab = Lab::open();
    let mut streamer = lab.streamer(Via::Ws, "Foo").await;
    let mut other = lab.streamer(Via::Ws, "Bar").await;
    let (mut player, id) = lab.watching(Via::Quic, &mut streamer, "Foo").await;
    let offer = |id: &str| json!({"type": "offer", "sdp": "", "playerId": id}).to_string();
    drops(&lab, &mut player, "no JSON", DropReason::Malformed).await;
    drops(&lab, &mut player, "{}", DropReason::NoType).await;
    drops(&lab, &mut player, r#"{"type":"nonsense"}"#, DropReason::UnknownType).await;
    drops(&lab, &mut player, r#"{"type":"endpointId"}"#, DropReason::WrongRole).await;
    drops(&lab, &mut player, r#"{"type":"subscribe"}"#, DropReason::BadField).await;
    drops(&lab, &mut streamer, &offer("Nobody"), DropReason::UnknownPlayer).await;
    drops(&lab, &mut other, &offer(&id), DropReason::NotSubscribed).await;
}

#[tokio::test]
async fn messages_without_a_way() {
    let lab = Lab::open();
    let mut sfu = lab.connect(Via::Ws, Role::Sfu).await;
    drops(&lab, &mut sfu, r#"{"type":"answer","sdp":""}"#, DropReason::NoStreamer).await;
    let lab = Lab::speaking(Dialect::WILBUR);
    let mut sfu = lab.connect(Via::Ws, Role::Sfu).await;
    drops(&lab, &mut sfu, r#"{"type":"iceCandidate","candidate":{}}"#, DropReason::Dialect).await;
}

/// After a burst of five, one list a second answers all that ask meanwhile.
#[tokio::test]
async fn lists_that_are_asked_for_too_often() {
    let lab = Lab::open();
    let mut player = lab.player(Via::Ws).await;
    for _ in 0..7 {
        player.says(json!({"type": "listStreamers"})).await;
    }
    player.settles().await;
    let coalesced = Scrape::of(&lab).await.value(&series(DropReason::Coalesced));
    assert_eq!(coalesced, 1.0);
}

#[tokio::test]
async fn streams_and_datagrams_beside_the_session() {
    let lab = Lab::open();
    let mut raw = lab.raw_stream(Via::Quic, Role::Player).await;
    assert_eq!(raw.fate().await, Fate::Stays);
    let mut extra = raw.connection.open_uni().await.expect("a stream");
    extra.write_all(b"hm").await.expect("it is taken");
    Scrape::until(&lab, &series(DropReason::ExtraStream), 1.0).await;
    raw.connection.send_datagram((&b"hm"[..]).into()).expect("a datagram");
    Scrape::until(&lab, &series(DropReason::Datagram), 1.0).await;
}

/// A player that reads nothing is cut when its outbox is full, and what waits in it is lost.
pub(crate) async fn cut_a_slow_player(lab: &Lab) {
    let mut streamer = lab.streamer(Via::Ws, "Foo").await;
    let http = lab.gateway().bound().http.expect("the listener is on");
    let mut slow = RawWs::open(http, false, Role::Player, Some(4096)).await;
    slow.sends(&frame(TEXT, br#"{"type":"subscribe","streamerId":"Foo"}"#)).await;
    let id = streamer.hears("playerConnected").await["playerId"].clone();
    let flood = json!({"type": "offer", "sdp": "x".repeat(200_000), "playerId": id}).to_string();
    let flooding = async {
        loop {
            streamer.says_text(flood.clone()).await;
            if streamer.settles().await.iter().any(|heard| heard["type"] == "playerDisconnected") {
                return;
            }
        }
    };
    within("the slow player's cut", flooding).await;
    drop(slow);
}

#[tokio::test]
async fn what_a_slow_player_does_not_take() {
    let lab = Lab::with(|config| config.limits = Limits::Off);
    cut_a_slow_player(&lab).await;
    let scrape = Scrape::of(&lab).await;
    assert!(scrape.value(&series(DropReason::OutboxFull)) >= 1.0);
    assert!(scrape.value(&series(DropReason::ReceiverGone)) >= 1.0);
}

/// Every reason is there before its first drop, so that an alert can count on it.
#[tokio::test]
async fn every_reason_is_there_from_the_start() {
    let lab = Lab::open();
    let scrape = Scrape::of(&lab).await;
    let series_found = scrape.series("pixelgate_messages_dropped_total");
    let found: BTreeSet<_> = series_found.map(|(name, value)| (name.to_owned(), value == 0.0)).collect();
    let expected: BTreeSet<_> = DropReason::ALL.into_iter().map(|reason| (series(reason), true)).collect();
    assert_eq!(found, expected);
}
