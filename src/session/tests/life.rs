//! Signs of life (protocol.md §5.1, §5.6).

use std::time::Duration;

use super::{Gateway, Peer, after, settle};
use crate::auth::{Grant, Until};
use crate::hub::Dialect;
use crate::limits::Rate;
use crate::session::{Allowance, By, Rates};
use crate::transport::{Ended, Incoming, Keepalive};
use crate::wire::{Close, CloseCode, Role};

const KEEPALIVE: Keepalive = Keepalive { interval: Duration::from_secs(15), timeout: Duration::from_secs(45) };

/// One message in three seconds.
const THIRD: Allowance = Allowance { messages: Rate { per_second: 1.0 / 3.0, burst: 50.0 }, bytes: Rate::UNLIMITED };

const THROTTLED: Rates =
    Rates { player: THIRD, publisher: THIRD, changes: Rate::UNLIMITED, patience: Duration::from_secs(1_000) };

fn gateway() -> Gateway {
    Gateway::with(KEEPALIVE, None)
}

fn pings(peer: &Peer) -> usize {
    peer.script().pings
}

/// §5.6: a ping after the interval of silence, a tenth more or less, and 4001 after the timeout.
#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_then_dead() {
    for role in Role::ALL {
        let mut gateway = gateway();
        let peer = gateway.connect(role);
        after(13.4).await;
        assert_eq!(pings(&peer), 0);
        after(3.2).await;
        assert_eq!(pings(&peer), 1);
        after(28.0).await;
        assert_eq!((pings(&peer), peer.closed()), (1, None));
        after(0.5).await;
        assert_eq!(peer.closed(), Some(Close::new(CloseCode::DEAD, "no sign of life")));
        assert!(peer.is_over());
        let report = gateway.reports.try_recv().unwrap();
        assert_eq!((report.by, report.close.code), (By::Gateway, CloseCode::DEAD));
    }
}

/// §4, "G pings P (JSON)": every 10 s in cirrus-5.4, whatever the player says; nobody else, and in no other dialect.
#[tokio::test(start_paused = true)]
async fn players_of_one_dialect_get_json_pings() {
    let is_ping = |text: &String| {
        let time = text.strip_prefix(r#"{"type":"ping","time":"#).and_then(|text| text.strip_suffix('}'));
        time.is_some_and(|time| time.parse::<u64>().is_ok())
    };
    for dialect in Dialect::ALL {
        let gateway = gateway();
        let streamer = gateway.connect_as(Role::Streamer, dialect, |_| ());
        settle().await;
        let player = gateway.connect_as(Role::Player, dialect, |_| ());
        let sfu = gateway.connect_as(Role::Sfu, dialect, |_| ());
        for (seconds, pings) in [(9.9, 0), (0.2, 1), (9.8, 0), (0.2, 1), (10.0, 1), (10.0, 1)] {
            after(seconds).await;
            player.says(r#"{"type":"pong","time":1}"#);
            streamer.says(r#"{"type":"pong"}"#);
            let expected = if dialect == Dialect::CIRRUS_5_4 { pings } else { 0 };
            assert_eq!(player.heard().iter().filter(|text| is_ping(text)).count(), expected, "{}", dialect.name);
            let others = [streamer.heard(), sfu.heard()].concat();
            assert!(!others.iter().any(is_ping), "{others:?}");
        }
        assert_eq!((player.closed(), streamer.closed()), (None, None));
    }
}

/// §5.6: sessions that began together do not ping together.
#[tokio::test(start_paused = true)]
async fn pings_are_spread() {
    let gateway = gateway();
    let peers: Vec<_> = (0..21).map(|_| gateway.connect(Role::Player)).collect();
    let mut at_once = Vec::new();
    after(13.4).await;
    let mut before = 0;
    for _ in 0..64 {
        after(0.05).await;
        let now = peers.iter().map(pings).sum::<usize>();
        at_once.push(now - before);
        before = now;
    }
    assert_eq!(before, 21);
    assert!(at_once.iter().all(|&pings| pings <= 2), "{at_once:?}");
}

/// §5.6: "Any traffic is life": messages of any kind, and the transport's own pongs; each begins the silence anew.
#[tokio::test(start_paused = true)]
async fn any_traffic_is_life() {
    for sign in [
        Incoming::Life,
        Incoming::Message(r#"{"type":"pong"}"#.into()),
        Incoming::Message(r#"{"type":"stats"}"#.into()),
        Incoming::Message("nonsense".into()),
    ] {
        let gateway = gateway();
        let peer = gateway.connect(Role::Player);
        for _ in 0..20 {
            after(12.0).await;
            peer.comes(Ok(sign.clone()));
        }
        assert_eq!((pings(&peer), peer.closed()), (0, None), "{sign:?}");
        after(17.0).await;
        assert_eq!(pings(&peer), 1);
        peer.comes(Ok(sign.clone()));
        after(12.0).await;
        assert_eq!(pings(&peer), 1);
        after(5.0).await;
        assert_eq!((pings(&peer), peer.closed()), (2, None));
    }
}

/// §5.6: what is sent to a peer is no sign of its life.
#[tokio::test(start_paused = true)]
async fn what_is_sent_is_no_sign_of_life() {
    let gateway = gateway();
    let peer = gateway.connect(Role::Player);
    for _ in 0..46 {
        after(1.0).await;
        gateway.connect(Role::Player).comes(Err(Ended::TimedOut));
    }
    assert_eq!(peer.closed().unwrap().code, CloseCode::DEAD);
}

/// §5.6: QUIC looks after itself.
#[tokio::test(start_paused = true)]
async fn a_transport_that_keeps_itself_alive_is_left_alone() {
    let mut gateway = gateway();
    let peer = gateway.connect_as(Role::Player, Dialect::STANDARD, |script| script.keeps_itself_alive = true);
    after(1_000.0).await;
    assert_eq!((pings(&peer), peer.closed()), (0, None));
    peer.comes(Err(Ended::TimedOut));
    settle().await;
    let report = gateway.reports.try_recv().unwrap();
    assert_eq!((report.by, report.close.code), (By::Loss, CloseCode::DEAD));
}

/// §5.6: whatever interval and timeout are, as long as the one is shorter, a peer that answers lives.
#[tokio::test(start_paused = true)]
async fn a_peer_is_always_asked_before_it_is_dead() {
    let (interval, timeout) = (Duration::from_millis(1_000), Duration::from_millis(1_050));
    let gateway = Gateway::with(Keepalive { interval, timeout }, None);
    let peers: Vec<_> = (0..21).map(|_| gateway.connect(Role::Player)).collect();
    for _ in 0..1_000 {
        after(0.01).await;
        for peer in &peers {
            if std::mem::take(&mut peer.script().pings) > 0 {
                peer.comes(Ok(Incoming::Life));
            }
        }
    }
    assert_eq!(peers.iter().filter(|peer| peer.is_over()).count(), 0);
}

/// A holder that is asked for a sign of life, and a newcomer that wants its id.
async fn contested(arrange: impl FnOnce(&Peer)) -> (Gateway, Peer, Peer) {
    let gateway = gateway();
    let holder = gateway.streamer().await;
    arrange(&holder);
    let newcomer = gateway.connect(Role::Streamer);
    settle().await;
    newcomer.heard();
    newcomer.says(r#"{"type":"endpointId","id":"Foo"}"#);
    settle().await;
    (gateway, holder, newcomer)
}

/// §5.1: the holder of a wanted id is pinged by its transport; any sign of life settles it, at once.
#[tokio::test(start_paused = true)]
async fn a_probed_holder_that_answers_lives() {
    let (_gateway, holder, newcomer) = contested(|_| ()).await;
    assert_eq!((pings(&holder), newcomer.heard()), (1, vec![]));
    after(1.0).await;
    assert_eq!(newcomer.heard(), [""; 0]);
    holder.comes(Ok(Incoming::Life));
    settle().await;
    assert_eq!(newcomer.heard(), [r#"{"type":"endpointIdConfirm","committedId":"Foo1"}"#]);
}

/// §5.1: a sign of life that the transport saw without a message (an acknowledgement on QUIC) counts too.
#[tokio::test(start_paused = true)]
async fn a_sign_of_life_below_the_messages_counts() {
    let (_gateway, holder, newcomer) = contested(|_| ()).await;
    after(0.5).await;
    holder.script().signs_of_life += 1;
    after(0.2).await;
    assert_eq!(newcomer.heard(), [r#"{"type":"endpointIdConfirm","committedId":"Foo1"}"#]);
}

/// §5.1: what was heard before the question is no answer to it.
#[tokio::test(start_paused = true)]
async fn a_ghost_does_not_answer() {
    let gateway = gateway();
    let timer = tokio::spawn(std::sync::Arc::clone(&gateway.router).run_timer());
    let holder = gateway.streamer().await;
    let newcomer = gateway.connect(Role::Streamer);
    settle().await;
    newcomer.heard();
    newcomer.says(r#"{"type":"endpointId","id":"Foo"}"#);
    after(2.1).await;
    assert_eq!(holder.closed().unwrap().code, CloseCode::DEAD);
    assert_eq!(newcomer.heard(), [r#"{"type":"endpointIdConfirm","committedId":"Foo"}"#]);
    timer.abort();
}

/// §5.1: a holder that takes nothing at the moment, and so cannot be pinged, shows life by what it says.
#[tokio::test(start_paused = true)]
async fn a_stalled_holder_that_speaks_lives() {
    let (_gateway, holder, newcomer) = contested(|holder| {
        holder.stops_taking();
        holder.says(r#"{"type":"ping"}"#);
        holder.says(r#"{"type":"ping"}"#);
    })
    .await;
    assert_eq!(newcomer.heard(), [""; 0]);
    after(1.0).await;
    holder.says(r#"{"type":"stats"}"#);
    settle().await;
    assert_eq!(newcomer.heard(), [r#"{"type":"endpointIdConfirm","committedId":"Foo1"}"#]);
}

/// §5.1: a holder that is not read, because it waits for room or for its rate, was alive when it said what it waits
/// with.
#[tokio::test(start_paused = true)]
async fn a_holder_that_is_not_read_lives() {
    for rates in [None, Some(THROTTLED)] {
        let gateway = Gateway::with(KEEPALIVE, rates);
        let timer = tokio::spawn(std::sync::Arc::clone(&gateway.router).run_timer());
        let streamer = gateway.streamer().await;
        let sfu = gateway.connect(Role::Sfu);
        sfu.says(r#"{"type":"endpointId","id":"Mix"}"#);
        settle().await;
        streamer.stops_taking();
        sfu.floods(r#"{"type":"iceCandidate"}"#);
        settle().await;
        let reads = sfu.reads();
        let newcomer = gateway.connect(Role::Streamer);
        newcomer.says(r#"{"type":"endpointId","id":"Mix"}"#);
        settle().await;
        assert_eq!((sfu.closed(), sfu.reads()), (None, reads), "it is not read");
        assert_eq!(newcomer.heard().last().unwrap(), r#"{"type":"endpointIdConfirm","committedId":"Mix1"}"#);
        sfu.script().flood = None;
        after(3.0).await;
        assert_eq!(sfu.closed(), None);
        timer.abort();
    }
}

/// §5.5: a session ends when its time is over, whatever it does meanwhile, and not before.
#[tokio::test(start_paused = true)]
async fn a_session_ends_on_time() {
    for role in Role::ALL {
        let mut gateway = gateway();
        let until = Some(Until { at: tokio::time::Instant::now() + Duration::from_secs(60), why: "over" });
        let peer = gateway.connect_with(role, Dialect::STANDARD, Grant { until, ..Grant::default() }, |_| ());
        for _ in 0..5 {
            after(11.9).await;
            peer.says(r#"{"type":"ping","time":1}"#);
        }
        assert_eq!(peer.closed(), None);
        after(0.6).await;
        assert_eq!(peer.closed(), Some(Close::new(CloseCode::POLICY, "over")));
        assert_eq!(gateway.reports.try_recv().unwrap().by, By::Gateway);
    }
}
