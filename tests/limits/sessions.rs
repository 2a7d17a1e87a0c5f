//! Sessions: how much they say, how long they stay, what they hold.

use std::time::Duration;

use pixelgate::config::Bounds;
use pixelgate::wire::{CloseCode, MAX_MESSAGE, Role};
use serde_json::json;

use super::places::over_each_transport;
use super::scrape::Scrape;
use super::support::raw::{CLOSE, Fate, RawStream, RawWs, TEXT, frame, framed, header};
use super::support::{Lab, Via, within};
use super::{Pair, lab, nobody_is_left, reached};

/// More than the burst of any rate here.
const MANY: usize = 200;

/// One that says more than it may is slowed, and still heard; the others are not concerned.
async fn slowed(via: Via, bounds: Bounds, limit: &str, text: &str) {
    let lab = lab(bounds);
    let mut pair = Pair::of(&lab).await;
    let mut loud = lab.player(via).await;
    for _ in 0..MANY {
        loud.says_text(text.to_owned()).await;
        if Scrape::of(&lab).await.value(&reached(limit)) == 1.0 {
            break;
        }
    }
    Scrape::until(&lab, &reached(limit), 1.0).await;
    for _ in 0..5 {
        pair.goes_on().await;
    }
    loud.settles().await;
    drop((loud, pair));
    nobody_is_left(lab).await;
}

async fn messages_are_slowed(via: Via) {
    let bounds = Bounds { player_messages: Some(20), ..Bounds::default() };
    slowed(via, bounds, "message_rate", r#"{"type":"stats"}"#).await;
}

async fn bytes_are_slowed(via: Via) {
    let bounds = Bounds { player_bytes: Some(100_000), ..Bounds::default() };
    let text = format!(r#"{{"type":"stats","data":"{}"}}"#, "x".repeat(50_000));
    slowed(via, bounds, "byte_rate", &text).await;
}

async fn subscriptions_are_slowed(via: Via) {
    let bounds = Bounds { subscriptions: Some(5), ..Bounds::default() };
    slowed(via, bounds, "subscription_rate", r#"{"type":"subscribe","streamerId":"Nobody"}"#).await;
}

/// A player is closed in time; the good pair's is not, whose time has not come.
async fn closed_in_time(via: Via, bounds: Bounds, limit: &str, words: &str) {
    let lab = lab(bounds);
    let mut pair = Pair::of(&lab).await;
    let mut player = lab.connect(via, Role::Player).await;
    let (close, _) = player.is_closed(CloseCode::POLICY).await;
    assert_eq!(close.reason, words);
    Scrape::until(&lab, &reached(limit), 1.0).await;
    pair.goes_on().await;
    drop((player, pair));
    nobody_is_left(lab).await;
}

async fn a_player_without_a_subscription_is_closed(via: Via) {
    let bounds = Bounds { unsubscribed: Some(Duration::from_millis(700)), ..Bounds::default() };
    closed_in_time(via, bounds, "unsubscribed", "no subscription for 700ms").await;
}

/// The pair says something all the time.
async fn an_idle_player_is_closed(via: Via) {
    let lab = lab(Bounds { idle: Some(Duration::from_secs(2)), ..Bounds::default() });
    let mut pair = Pair::of(&lab).await;
    let mut player = lab.connect(via, Role::Player).await;
    let closed = player.is_closed(CloseCode::POLICY);
    let (close, _) = tokio::select! {
        closed = closed => closed,
        () = goes_on_and_on(&mut pair) => unreachable!("it goes on"),
    };
    assert_eq!(close.reason, "nothing said for 2s");
    Scrape::until(&lab, &reached("idle"), 1.0).await;
    pair.goes_on().await;
    drop((player, pair));
    nobody_is_left(lab).await;
}

async fn goes_on_and_on(pair: &mut Pair) {
    loop {
        pair.goes_on().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_session_has_its_time(via: Via) {
    let lab = lab(Bounds { session: Some(Duration::from_millis(800)), ..Bounds::default() });
    let mut streamer = lab.streamer(Via::Ws, "Stage").await;
    let (mut player, _) = lab.watching(via, &mut streamer, "Stage").await;
    let (close, _) = player.is_closed(CloseCode::POLICY).await;
    assert_eq!(close.reason, "the session has lasted its 800ms");
    streamer.hears("playerDisconnected").await;
    Scrape::until(&lab, &reached("max_session"), 1.0).await;
    drop((player, streamer));
    nobody_is_left(lab).await;
}

/// Somebody who says most of a largest message, and no more.
enum Slow {
    Ws(RawWs),
    Stream(RawStream),
}

impl Slow {
    async fn open(lab: &Lab, via: Via) -> Self {
        if via.is_quic() {
            return Self::Stream(lab.raw_stream(via, Role::Player).await);
        }
        Self::Ws(lab.raw_ws(via, Role::Player).await)
    }

    async fn begins(&mut self) {
        let most = MAX_MESSAGE - 1_000;
        match self {
            Self::Stream(stream) => stream.sends(&framed(&[b' '; MAX_MESSAGE])[..most]).await,
            Self::Ws(ws) => {
                let mut text = header(TEXT, true, MAX_MESSAGE as u64);
                text.resize(most, b' ');
                ws.sends(&text).await;
            }
        }
    }

    async fn is_closed(&mut self) {
        match self {
            Self::Stream(stream) => assert_eq!(stream.outcome().await, Fate::Closed(1013)),
            Self::Ws(ws) => loop {
                let (first, payload) = ws.hears().await.expect("a close frame");
                if first == CLOSE {
                    return assert_eq!(&payload[..2], 1013u16.to_be_bytes());
                }
            },
        }
    }
}

async fn is_turned_away(lab: &Lab, via: Via) {
    let mut newcomer = lab.connect(via, Role::Player).await;
    let (close, heard) = newcomer.is_closed(CloseCode::TRY_AGAIN).await;
    assert_eq!((close.reason.as_ref(), heard.len()), ("the gateway is overloaded", 0));
}

/// Memory that is used up by messages that never end: who takes more is closed, who comes is turned away, and whoever
/// takes little goes on.
async fn memory_has_an_end(via: Via) {
    const MOST: f64 = 1048576.0;
    let lab = lab(Bounds { buffer_memory: Some(1 << 20), ..Bounds::default() });
    let mut pair = Pair::of(&lab).await;
    let mut talker = lab.player(via).await;
    let mut slow = Vec::new();
    for _ in 0..6 {
        slow.push(Slow::open(&lab, via).await);
    }
    for (number, one) in (1..).zip(&mut slow[..4]) {
        one.begins().await;
        let counted = async { while buffered(&lab).await < f64::from(number) * 240_000.0 {} };
        within("what it says to be counted", counted).await;
    }
    for (newcomer, number) in Via::ALL.into_iter().zip(1..) {
        is_turned_away(&lab, newcomer).await;
        Scrape::until(&lab, &super::refused("memory"), f64::from(number)).await;
    }
    assert_eq!(met(&lab).await, 0.0);
    // The next takes what is left; it, or the one after it, takes more than there is.
    slow[4].begins().await;
    let short = async { while buffered(&lab).await < MOST && met(&lab).await == 0.0 {} };
    within("the memory to be used up", short).await;
    let last = if met(&lab).await == 0.0 { 5 } else { 4 };
    if last == 5 {
        slow[5].begins().await;
    }
    slow[last].is_closed().await;
    Scrape::until(&lab, &reached("memory"), 1.0).await;
    assert!(buffered(&lab).await <= MOST + MAX_MESSAGE as f64);
    talker.settles().await;
    pair.goes_on().await;
    slow.clear();
    let falls = async { while buffered(&lab).await > 0.0 {} };
    within("the memory to be given back", falls).await;
    lab.player(via).await.settles().await;
    drop((pair, talker));
    nobody_is_left(lab).await;
}

/// How often somebody took more than there was.
async fn met(lab: &Lab) -> f64 {
    Scrape::of(lab).await.value(&reached("memory"))
}

async fn buffered(lab: &Lab) -> f64 {
    Scrape::of(lab).await.value("pixelgate_buffered_bytes")
}

over_each_transport! {
    messages_are_slowed,
    bytes_are_slowed,
    subscriptions_are_slowed,
    a_player_without_a_subscription_is_closed,
    an_idle_player_is_closed,
    a_session_has_its_time,
    memory_has_an_end
}

/// A streamer's messages to a player that takes none are among them: it is cut as soon as there is no memory.
#[tokio::test]
async fn slow_readers_are_cut_when_memory_is_short() {
    let lab = lab(Bounds { buffer_memory: Some(1 << 20), ..Bounds::default() });
    let mut streamer = lab.streamer(Via::Ws, "Stage").await;
    let mut deaf = Vec::new();
    for number in 0..8 {
        let addr = lab.gateway().bound().http.expect("the listener is on");
        let mut ws = RawWs::open(addr, false, Role::Player, Some(4096)).await;
        let subscribe = json!({"type": "subscribe", "streamerId": "Stage"}).to_string();
        ws.sends(&frame(TEXT, subscribe.as_bytes())).await;
        let told = streamer.hears("playerConnected").await;
        assert_eq!(told["playerId"], format!("Player{number}"));
        deaf.push((ws, told["playerId"].clone()));
    }
    let sdp = "x".repeat(60_000);
    let slow = "pixelgate_sessions_closed_total{code=\"4000\",by=\"gateway\"}";
    let cutting = async {
        while Scrape::of(&lab).await.value(slow) == 0.0 {
            for (_, id) in &deaf {
                streamer.says(json!({"type": "offer", "sdp": sdp, "playerId": id})).await;
            }
            streamer.connection.send(r#"{"type":"ping","time":1}"#).await.expect("the streamer lives");
        }
    };
    within("a slow reader to be cut", cutting).await;
    let buffered = buffered(&lab).await;
    assert!(buffered <= f64::from(1 << 20) + MAX_MESSAGE as f64, "{buffered}");
}
