//! Back-pressure (design.md §2): the subscriber side waits, the publisher side never does, and nobody waits for ever.

use super::{Gateway, Peer, after, settle};
use crate::session::By;
use crate::transport::Ended;
use crate::wire::{CloseCode, DropReason, Role};

fn candidate(n: usize) -> String {
    format!(r#"{{"type":"iceCandidate","n":{n}}}"#)
}

fn to_player(n: usize) -> String {
    format!(r#"{{"type":"iceCandidate","playerId":"Player0","n":{n}}}"#)
}

/// The numbers of the candidates among what one heard.
fn numbers(heard: &[String]) -> Vec<usize> {
    let number = |text: &String| text.split(r#""n":"#).nth(1)?.split([',', '}']).next()?.parse().ok();
    heard.iter().filter_map(number).collect()
}

async fn pair(gateway: &Gateway) -> (Peer, Peer) {
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    streamer.heard();
    (streamer, player)
}

/// A publisher that takes nothing for 5 s is cut, a player after 10 s.
#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_cut() {
    for (role, patience, words) in [
        (Role::Streamer, 5.0, "slow consumer: nothing taken for 5 s"),
        (Role::Sfu, 5.0, "slow consumer: nothing taken for 5 s"),
        (Role::Player, 10.0, "slow consumer: nothing taken for 10 s"),
    ] {
        let mut gateway = Gateway::new();
        let peer = gateway.connect(role);
        settle().await;
        peer.stops_taking();
        after(60.0).await;
        assert_eq!(peer.closed(), None, "it has nothing to take");
        peer.says(r#"{"type":"ping"}"#);
        after(patience - 0.1).await;
        assert_eq!(peer.closed(), None);
        after(0.2).await;
        let close = peer.closed().unwrap();
        assert_eq!((close.code, &*close.reason), (CloseCode::SLOW, words));
        let report = gateway.reports.try_recv().unwrap();
        assert_eq!((report.by, report.close.code), (By::Gateway, CloseCode::SLOW));
    }
}

/// The time runs from when the peer stopped taking, also when there is something new for it all the time and room for
/// that on the way.
#[tokio::test(start_paused = true)]
async fn new_messages_do_not_prolong_a_stall() {
    let gateway = Gateway::new();
    let (streamer, player) = pair(&gateway).await;
    player.stops_taking();
    player.script().on_the_way = 1_000;
    for n in 0..9 {
        streamer.says(to_player(n));
        after(1.0).await;
    }
    assert_eq!(player.closed(), None);
    streamer.says(to_player(9));
    after(1.5).await;
    assert_eq!(player.closed().unwrap().code, CloseCode::SLOW);
}

/// Nor do the gateway's own pings.
#[tokio::test(start_paused = true)]
async fn a_ping_does_not_prolong_a_stall() {
    use crate::transport::Keepalive;
    use std::time::Duration;
    let keepalive = Keepalive { interval: Duration::from_secs(3), timeout: Duration::from_secs(3_000) };
    let gateway = Gateway::with(keepalive, None);
    let player = gateway.connect(Role::Player);
    settle().await;
    player.stops_taking();
    player.script().on_the_way = 1_000;
    player.says(r#"{"type":"ping"}"#);
    after(10.5).await;
    assert_eq!(player.closed().unwrap().code, CloseCode::SLOW);
}

/// Taking a little is enough: a slow peer is not a dead one.
#[tokio::test(start_paused = true)]
async fn who_takes_a_little_is_not_cut() {
    let gateway = Gateway::new();
    let (streamer, player) = pair(&gateway).await;
    player.stops_taking();
    for n in 0..30 {
        streamer.says(to_player(n));
        after(2.0).await;
        if n % 4 == 3 {
            player.takes_again();
            settle().await;
            player.stops_taking();
        }
    }
    assert_eq!(player.closed(), None);
}

/// Nor is one that takes a long message byte by byte, for as long as it takes some; after the last it has its time.
#[tokio::test(start_paused = true)]
async fn who_takes_a_long_message_slowly_is_not_cut() {
    for (role, patience) in [(Role::Streamer, 5.0), (Role::Player, 10.0)] {
        let gateway = Gateway::new();
        let peer = gateway.connect(role);
        settle().await;
        peer.stops_taking();
        peer.says(r#"{"type":"ping"}"#);
        for _ in 0..20 {
            after(patience - 1.0).await;
            peer.script().bytes_taken += 1;
        }
        assert_eq!(peer.closed(), None);
        after(2.0 * patience).await;
        assert_eq!(peer.closed().unwrap().code, CloseCode::SLOW);
    }
}

/// A player whose streamer's outbox is full waits, goes on taking what is sent to it, and loses nothing.
#[tokio::test(start_paused = true)]
async fn a_blocked_player_goes_on_taking() {
    const MANY: usize = 3_000;
    let gateway = Gateway::new();
    let (streamer, player) = pair(&gateway).await;
    streamer.stops_taking();
    for n in 0..MANY {
        player.says(candidate(n));
    }
    settle().await;
    let reads = player.reads();
    assert!((1_024..1_200).contains(&reads), "{reads}");
    for n in 0..1_000 {
        streamer.says(to_player(n));
        if n % 100 == 99 {
            settle().await;
        }
    }
    assert_eq!(numbers(&player.heard()), (0..1_000).collect::<Vec<_>>());
    assert_eq!(player.reads(), reads);
    after(3.0).await;
    streamer.takes_again();
    settle().await;
    assert_eq!(numbers(&streamer.heard()), (0..MANY).collect::<Vec<_>>());
    assert_eq!(player.closed(), None);
}

/// Many players that are blocked by one streamer all get through, each in order.
#[tokio::test(start_paused = true)]
async fn many_blocked_players_all_get_through() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let mut players = Vec::new();
    for _ in 0..50 {
        players.push(gateway.player().await);
    }
    streamer.heard();
    streamer.stops_taking();
    for player in &players {
        for n in 0..100 {
            player.says(candidate(n));
        }
    }
    settle().await;
    let mut heard = Vec::new();
    streamer.takes_again();
    for _ in 0..200 {
        settle().await;
        heard.extend(streamer.heard());
    }
    assert_eq!(heard.len(), 5_000);
    for n in 0..50 {
        let own = format!(r#""playerId":"Player{n}""#);
        let said: Vec<String> = heard.iter().filter(|text| text.contains(&own)).cloned().collect();
        assert_eq!(numbers(&said), (0..100).collect::<Vec<_>>());
    }
}

/// A blocked player is freed when its streamer is cut, and closed with it; nothing hangs.
#[tokio::test(start_paused = true)]
async fn a_blocked_player_ends_with_its_streamer() {
    let gateway = Gateway::new();
    let (streamer, player) = pair(&gateway).await;
    streamer.stops_taking();
    player.floods(&candidate(0));
    after(4.5).await;
    assert_eq!((streamer.closed(), player.closed()), (None, None));
    after(1.0).await;
    assert_eq!(streamer.closed().unwrap().code, CloseCode::SLOW);
    assert_eq!(player.closed().unwrap().code, CloseCode::EMPTY);
    assert_eq!(player.heard(), [r#"{"type":"streamerDisconnected"}"#]);
    assert_eq!(gateway.router.session_count(), 0);
}

/// A blocked player that is disconnected leaves at once, and so does one whose streamer goes on without it.
#[tokio::test(start_paused = true)]
async fn a_blocked_player_can_be_closed() {
    let gateway = Gateway::new();
    let (streamer, player) = pair(&gateway).await;
    streamer.stops_taking();
    player.floods(&candidate(0));
    settle().await;
    streamer.says(r#"{"type":"disconnectPlayer","playerId":"Player0","reason":"out"}"#);
    settle().await;
    assert_eq!(player.closed().unwrap().code, CloseCode::DISCONNECTED);
    streamer.takes_again();
    settle().await;
    assert_eq!(streamer.heard().last().unwrap(), r#"{"type":"playerDisconnected","playerId":"Player0"}"#);
}

/// What a blocked player does not say is no silence of its own.
#[tokio::test(start_paused = true)]
async fn a_blocked_player_is_not_dead() {
    use crate::transport::Keepalive;
    use std::time::Duration;
    let keepalive = Keepalive { interval: Duration::from_secs(1), timeout: Duration::from_secs(2) };
    let gateway = Gateway::with(keepalive, None);
    let (streamer, player) = pair(&gateway).await;
    streamer.stops_taking();
    player.floods(&candidate(0));
    settle().await;
    for _ in 0..4 {
        after(1.0).await;
        streamer.says(r#"{"type":"stats"}"#);
        assert_eq!((player.closed(), streamer.closed()), (None, None));
    }
    player.script().flood = None;
    player.says(candidate(1));
    streamer.takes_again();
    after(1.5).await;
    assert_eq!(numbers(&streamer.heard()).last(), Some(&1));
    assert_eq!(player.closed(), None, "what it says after that is said then");
    player.comes(Err(Ended::TimedOut));
    settle().await;
    assert!(player.is_over());
}

/// A peer that does not take its pongs is not read any more: it cannot make the gateway keep them.
#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_pongs_is_not_read() {
    let gateway = Gateway::new();
    let player = gateway.connect(Role::Player);
    settle().await;
    player.stops_taking();
    let before = player.reads();
    player.floods(r#"{"type":"ping"}"#);
    after(5.0).await;
    let reads = player.reads() - before;
    assert!((64..200).contains(&reads), "{reads}");
    player.script().flood = None;
    player.heard();
    player.takes_again();
    settle().await;
    assert_eq!(player.heard().len(), reads - 1);
    player.says(r#"{"type":"ping"}"#);
    settle().await;
    assert_eq!(player.heard().len(), 1);
}

/// The same with pongs as large as they come: by their bytes.
#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_large_pongs_is_not_read() {
    let gateway = Gateway::new();
    let player = gateway.connect(Role::Player);
    settle().await;
    player.stops_taking();
    let before = player.reads();
    player.floods(&format!(r#"{{"type":"ping","time":{}}}"#, "1".repeat(250_000)));
    after(5.0).await;
    let reads = player.reads() - before;
    assert!((2..6).contains(&reads), "{reads}");
}

/// Nor do relays in between hide that it takes none.
#[tokio::test(start_paused = true)]
async fn relays_do_not_hide_untaken_pongs() {
    let gateway = Gateway::new();
    let (streamer, player) = pair(&gateway).await;
    player.stops_taking();
    let before = player.reads();
    for n in 0..16 {
        player.says(candidate(n));
        player.says(format!(r#"{{"type":"ping","time":{}}}"#, "1".repeat(250_000)));
    }
    after(5.0).await;
    let reads = player.reads() - before;
    assert!((4..12).contains(&reads), "{reads}");
    assert_eq!(numbers(&streamer.heard()), (0..reads / 2).collect::<Vec<_>>());
    player.takes_again();
    settle().await;
    assert_eq!(numbers(&streamer.heard()), (reads / 2..16).collect::<Vec<_>>());
}

/// publisher → subscriber: a player that does not take what its streamer says is cut when its outbox is full; the
/// streamer is not slowed and is told.
#[tokio::test(start_paused = true)]
async fn a_player_that_does_not_read_does_not_slow_its_streamer() {
    let gateway = Gateway::new();
    let (streamer, player) = pair(&gateway).await;
    player.stops_taking();
    for n in 0..1_000 {
        streamer.says(to_player(n));
    }
    settle().await;
    assert_eq!(streamer.heard(), [r#"{"type":"playerDisconnected","playerId":"Player0"}"#]);
    assert_eq!(player.closed().unwrap().code, CloseCode::SLOW);
    assert_eq!(gateway.drops(DropReason::OutboxFull), 1);
    streamer.says(r#"{"type":"ping"}"#);
    settle().await;
    assert_eq!(streamer.heard(), [r#"{"type":"pong","time":0}"#]);
}

/// What an SFU waits with is for the streamer that had no room for it, and for no other that it is subscribed to when
/// that one is gone.
#[tokio::test(start_paused = true)]
async fn a_blocked_message_reaches_no_other_streamer() {
    let gateway = Gateway::new();
    let first = gateway.streamer().await;
    let other = gateway.connect(Role::Streamer);
    other.says(r#"{"type":"endpointId","id":"Bar"}"#);
    let sfu = gateway.connect(Role::Sfu);
    settle().await;
    other.heard();
    first.stops_taking();
    let before = sfu.reads() + 1;
    sfu.floods(r#"{"type":"answer","sdp":"for Foo"}"#);
    settle().await;
    sfu.script().flood = None;
    first.comes(Err(Ended::TimedOut));
    settle().await;
    let connected = r#"{"type":"playerConnected","dataChannel":true,"sfu":true,"playerId":"Player0"}"#;
    assert_eq!(other.heard(), [connected]);
    let said = sfu.reads() - before;
    let dropped = usize::try_from(gateway.drops(DropReason::ReceiverGone)).unwrap();
    assert_eq!(dropped, said - 1, "all but the one on the way");
    sfu.says(r#"{"type":"answer","sdp":"for Bar"}"#);
    settle().await;
    assert_eq!(other.heard(), [r#"{"type":"answer","sdp":"for Bar","playerId":"Player0"}"#]);
}

/// What waits for a session when it ends is counted, whether its task has already taken it or not.
#[tokio::test(start_paused = true)]
async fn what_a_session_leaves_untaken_is_counted() {
    let gateway = Gateway::new();
    let (streamer, player) = pair(&gateway).await;
    let other = gateway.connect(Role::Player);
    settle().await;
    streamer.stops_taking();
    for n in 0..100 {
        player.says(candidate(n));
        if n == 10 {
            other.says(r#"{"type":"subscribe","streamerId":"Foo"}"#);
            settle().await;
        }
    }
    settle().await;
    streamer.comes(Err(Ended::TimedOut));
    settle().await;
    assert!(streamer.is_over());
    assert_eq!(
        gateway.drops(DropReason::ReceiverGone),
        99,
        "all but the one on the way, and nothing of the gateway's own"
    );
}
