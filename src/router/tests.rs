//! Tests of the router: what happens in one step, under one lock, and what the timer carries out.

mod measures;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Blocked, Connected, KEPT_ACTIONS, PLAYER, PUBLISHER, Router, SAMPLE, Taken};
use crate::hub::{Dialect, Peer, Request, Settings, Wishes};
use crate::metrics::Metrics;
use crate::wire::{Close, CloseCode, DropReason, Kind, Message, Role};

const SLOW: &str = "slow consumer: too many messages left unread";

fn router() -> Arc<Router> {
    Router::new(Settings::default(), Arc::new(Metrics::default()))
}

fn connect(router: &Arc<Router>, role: Role) -> Connected {
    let peer = Peer {
        role,
        dialect: Dialect::STANDARD,
        places: Dialect::STANDARD.places,
        config: Bytes::from_static(b"{}"),
        wishes: Wishes::default(),
        scope: Default::default(),
    };
    router.connect(router.next_session(), peer, Ipv4Addr::LOCALHOST.into())
}

fn ask(router: &Router, who: &Connected, request: Request) -> bool {
    router.dispatch(who.guard.session(), request, Instant::now()).expect("nobody is full")
}

fn says_id(router: &Router, who: &Connected, id: &str) {
    ask(router, who, Request::EndpointId(Some(id.into())));
}

fn subscribes(router: &Router, who: &Connected, id: &str) {
    ask(router, who, Request::Subscribe(id.into()));
}

/// A streamer `Foo` and a player on it; what they heard is taken.
fn pair(router: &Arc<Router>) -> (Connected, Connected) {
    let streamer = connect(router, Role::Streamer);
    says_id(router, &streamer, "Foo");
    let player = connect(router, Role::Player);
    subscribes(router, &player, "Foo");
    heard(&streamer);
    heard(&player);
    (streamer, player)
}

fn to_publisher(text: impl Into<String>) -> Request {
    Request::ToPublisher { kind: Kind::IceCandidate, text: Bytes::from(text.into()) }
}

fn to_player(player: &Connected) -> Request {
    let id = player.player_id.as_ref().unwrap();
    let text = format!(r#"{{"type":"iceCandidate","playerId":"{id}"}}"#);
    Request::ToPlayer { message: Message::parse(Bytes::from(text)).unwrap(), strip: false }
}

/// What waits in one's outbox; taken out.
fn heard(who: &Connected) -> Vec<String> {
    let (mut batch, cx) = (VecDeque::new(), Context::from_waker(Waker::noop()));
    while let Taken::Messages | Taken::Probe = who.outbox.take(&cx, &mut batch, usize::MAX, usize::MAX) {}
    batch.into_iter().map(|frame| String::from_utf8(frame.into_text().to_vec()).unwrap()).collect()
}

/// How one is closed, everything before it taken.
fn closed(who: &Connected) -> Option<Close> {
    heard(who);
    let cx = Context::from_waker(Waker::noop());
    match who.outbox.take(&cx, &mut VecDeque::new(), 1, 1) {
        Taken::Close(close) => Some(close),
        _ => None,
    }
}

fn disconnected(player: u32) -> String {
    format!(r#"{{"type":"playerDisconnected","playerId":"Player{player}"}}"#)
}

/// A session's greeting is in its outbox when it is connected, and its number rises.
#[test]
fn a_peer_finds_its_greeting() {
    let router = router();
    let streamer = connect(&router, Role::Streamer);
    assert_eq!(heard(&streamer), ["{}", r#"{"type":"identify"}"#]);
    let player = connect(&router, Role::Player);
    assert!(player.guard.session() > streamer.guard.session());
    assert_eq!(player.player_id.as_ref().unwrap().as_str(), "Player0");
    assert_eq!(streamer.player_id, None);
}

/// design.md §2: subscriber → publisher, a full outbox gives the message back; with room it is sent, and the order
/// stays.
#[test]
fn a_full_publisher_makes_the_sender_wait() {
    let router = router();
    let (streamer, player) = pair(&router);
    for n in 0..PUBLISHER.messages {
        ask(&router, &player, to_publisher(n.to_string()));
    }
    let again = router.dispatch(player.guard.session(), to_publisher("late"), Instant::now());
    let Err(Blocked { to, outbox, text }) = again else { panic!("there is no room") };
    assert_eq!(to, streamer.guard.session());
    assert!(Arc::ptr_eq(&outbox, &streamer.outbox));
    assert_eq!(text, "late");
    assert_eq!(router.session_count(), 2);
    let mut batch = VecDeque::new();
    let taken = streamer.outbox.take(&Context::from_waker(Waker::noop()), &mut batch, 1, usize::MAX);
    assert!(matches!(taken, Taken::Messages));
    ask(&router, &player, to_publisher(String::from_utf8(text.to_vec()).unwrap()));
    let told = heard(&streamer);
    assert_eq!(told.len(), PUBLISHER.messages);
    assert_eq!(told[0], "1");
    assert_eq!(told.last().unwrap(), "late");
}

/// design.md §2: the wait of one player for one streamer stops neither the streamer nor other players.
#[test]
fn a_full_publisher_still_hears_of_arrivals_and_departures() {
    let router = router();
    let (streamer, player) = pair(&router);
    while router.dispatch(player.guard.session(), to_publisher("x"), Instant::now()).is_ok() {}
    let other = connect(&router, Role::Player);
    subscribes(&router, &other, "Foo");
    ask(&router, &streamer, to_player(&player));
    drop(player);
    let told = heard(&streamer);
    assert_eq!(
        told[told.len() - 2..],
        [
            r#"{"type":"playerConnected","dataChannel":true,"sfu":false,"playerId":"Player1"}"#.to_owned(),
            disconnected(0)
        ]
    );
}

/// protocol.md §4, a player that speaks before subscribing, to a streamer that is full: it is subscribed once, and its
/// message is sent when there is room.
#[test]
fn falling_back_to_a_full_publisher_subscribes_once() {
    let router = router();
    let (streamer, player) = pair(&router);
    while router.dispatch(player.guard.session(), to_publisher("x"), Instant::now()).is_ok() {}
    let first = connect(&router, Role::Player);
    for _ in 0..3 {
        assert!(router.dispatch(first.guard.session(), to_publisher("first"), Instant::now()).is_err());
    }
    let told = heard(&streamer);
    assert_eq!(told.iter().filter(|told| told.contains("playerConnected")).count(), 1);
    ask(&router, &first, to_publisher("first"));
    assert_eq!(heard(&streamer), ["first"]);
}

/// design.md §2: publisher → subscriber, a full outbox cuts the receiver (4000); the sender is told of it in the same
/// step, and every lost message is counted.
#[test]
fn a_full_player_is_cut() {
    let router = router();
    let (streamer, player) = pair(&router);
    for _ in 0..PLAYER.messages {
        ask(&router, &streamer, to_player(&player));
    }
    assert_eq!(heard(&streamer), [""; 0]);
    ask(&router, &streamer, to_player(&player));
    assert_eq!(heard(&streamer), [disconnected(0)]);
    assert_eq!(closed(&player), Some(Close::new(CloseCode::SLOW, SLOW)));
    assert_eq!(router.metrics().drops(DropReason::OutboxFull), 1);
    assert_eq!(router.metrics().drops(DropReason::ReceiverGone), PLAYER.messages as u64);
    assert_eq!(router.session_count(), 1);
    ask(&router, &player, to_publisher("x"));
    ask(&router, &streamer, to_player(&player));
    drop(player);
    assert_eq!(heard(&streamer), [""; 0]);
    assert_eq!(router.metrics().drops(DropReason::SessionOver), 1);
    assert_eq!(router.metrics().drops(DropReason::UnknownPlayer), 1);
}

/// The same for an SFU, with all that hang on it.
#[test]
fn a_full_sfu_is_cut_with_its_players() {
    let router = router();
    let streamer = connect(&router, Role::Streamer);
    says_id(&router, &streamer, "Foo");
    let sfu = connect(&router, Role::Sfu);
    says_id(&router, &sfu, "Mix");
    let player = connect(&router, Role::Player);
    subscribes(&router, &player, "Mix");
    heard(&streamer);
    for _ in 0..=PUBLISHER.messages {
        ask(&router, &streamer, Request::ToSfus(Bytes::from_static(b"x")));
    }
    assert_eq!(heard(&streamer), [disconnected(0)]);
    assert_eq!(closed(&sfu).unwrap().code, CloseCode::SLOW);
    assert_eq!(heard(&player).last().unwrap(), r#"{"type":"streamerDisconnected"}"#);
    assert_eq!(closed(&player), Some(Close::EMPTY));
    assert_eq!(router.session_count(), 1);
}

/// Notices that nobody takes are bounded too: here, of a streamer that renames itself for fun.
#[test]
fn a_player_that_takes_no_notices_is_cut() {
    let router = router();
    let (streamer, player) = pair(&router);
    for n in 0..256 {
        says_id(&router, &streamer, &n.to_string());
        heard(&streamer);
    }
    assert_eq!(router.session_count(), 2);
    says_id(&router, &streamer, "once more");
    assert_eq!(
        heard(&streamer),
        [r#"{"type":"endpointIdConfirm","committedId":"once more"}"#.to_owned(), disconnected(0)]
    );
    assert_eq!(closed(&player).unwrap().code, CloseCode::SLOW);
}

/// The guard reports a session's end, exactly once, whether the hub has ended it before or not.
#[test]
fn a_dropped_guard_is_a_departure() {
    let router = router();
    let (streamer, player) = pair(&router);
    drop(player);
    assert_eq!(heard(&streamer), [disconnected(0)]);
    let player = connect(&router, Role::Player);
    subscribes(&router, &player, "Foo");
    ask(&router, &streamer, Request::DisconnectPlayer { player: "Player1".into(), reason: "out".into() });
    heard(&streamer);
    assert_eq!(closed(&player), Some(Close::new(CloseCode::DISCONNECTED, "out")));
    drop(player);
    assert_eq!(heard(&streamer), [""; 0]);
    assert_eq!(router.session_count(), 1);
    drop(streamer);
    assert_eq!(router.session_count(), 0);
    let shared = router.shared.lock();
    assert!(shared.outboxes.is_empty() && shared.hub.is_empty());
}

/// What a session had waiting when it ended is counted; those that wait for its room are woken.
#[tokio::test(start_paused = true)]
async fn what_waited_for_a_session_that_ended_is_counted() {
    let router = router();
    let (streamer, player) = pair(&router);
    let blocked = loop {
        if let Err(blocked) = router.dispatch(player.guard.session(), to_publisher("x"), Instant::now()) {
            break blocked;
        }
    };
    let room = tokio::spawn(blocked.outbox.room(1));
    tokio::task::yield_now().await;
    drop(streamer);
    tokio::time::timeout(Duration::from_secs(1), room).await.expect("it is woken").unwrap();
    assert_eq!(router.metrics().drops(DropReason::ReceiverGone), PUBLISHER.messages as u64);
    assert_eq!(closed(&player), Some(Close::EMPTY));
}

/// protocol.md §5.5: a drained session is closed after what waits for it, and the lists by role shrink.
#[test]
fn draining_closes_after_what_waits() {
    let router = router();
    let (streamer, player) = pair(&router);
    let sfu = connect(&router, Role::Sfu);
    ask(&router, &streamer, to_player(&player));
    assert_eq!(router.sessions_of(Role::Player), [player.guard.session()]);
    assert_eq!(router.sessions_of(Role::Sfu), [sfu.guard.session()]);
    assert_eq!(router.sessions_of(Role::Streamer), [streamer.guard.session()]);
    router.drain(player.guard.session());
    assert_eq!(heard(&player).len(), 1);
    assert_eq!(closed(&player).unwrap().code, CloseCode::RESTARTING);
    assert_eq!(router.sessions_of(Role::Player), []);
    router.drain(streamer.guard.session());
    assert_eq!(closed(&sfu).unwrap().code, CloseCode::RESTARTING);
    assert_eq!(router.session_count(), 0);
}

/// protocol.md §5.1: a probe reaches the holder's task, and its answer the newcomer.
#[test]
fn a_probe_is_asked_and_answered() {
    let router = router();
    let (holder, newcomer) = (connect(&router, Role::Streamer), connect(&router, Role::Streamer));
    says_id(&router, &holder, "Foo");
    heard(&holder);
    says_id(&router, &newcomer, "Foo");
    let taken = holder.outbox.take(&Context::from_waker(Waker::noop()), &mut VecDeque::new(), 1, 1);
    assert!(matches!(taken, Taken::Probe), "{taken:?}");
    heard(&newcomer);
    router.alive(holder.guard.session());
    assert_eq!(heard(&newcomer), [r#"{"type":"endpointIdConfirm","committedId":"Foo1"}"#]);
}

/// The timer carries the hub's deadlines out when they are due, also one that comes nearer while it sleeps.
#[tokio::test(start_paused = true)]
async fn the_timer_carries_deadlines_out() {
    let router = router();
    let timer = tokio::spawn(Arc::clone(&router).run_timer());
    let silent = connect(&router, Role::Streamer);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let holder = connect(&router, Role::Streamer);
    says_id(&router, &holder, "Foo");
    let newcomer = connect(&router, Role::Streamer);
    heard(&newcomer);
    says_id(&router, &newcomer, "Foo");
    tokio::time::sleep(Duration::from_millis(1990)).await;
    assert_eq!(router.session_count(), 3);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(heard(&newcomer), [r#"{"type":"endpointIdConfirm","committedId":"Foo"}"#]);
    assert_eq!(closed(&holder).unwrap().code, CloseCode::DEAD);
    assert!(
        router.streamers().iter().all(|streamer| streamer.session != silent.guard.session() || !streamer.streaming)
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    let view = router.streamers().into_iter().find(|view| view.session == silent.guard.session()).unwrap();
    assert_eq!(view.id.unwrap().as_str(), "__LEGACY_STREAMER__0");
    assert_eq!(router.shared.lock().armed, None);
    timer.abort();
}

/// What the timer does is told like anything else, and it goes on.
#[tokio::test(start_paused = true)]
async fn the_timer_goes_on() {
    let router = router();
    let timer = tokio::spawn(Arc::clone(&router).run_timer());
    for round in 0..5 {
        let silent = connect(&router, Role::Streamer);
        tokio::time::sleep(Duration::from_millis(5_001)).await;
        assert_eq!(router.streamers().len(), 1, "{round}");
        assert!(router.streamers()[0].streaming);
        drop(silent);
    }
    assert!(!timer.is_finished());
    timer.abort();
}

/// A step with many actions gives their memory back.
#[test]
fn a_large_step_keeps_no_memory() {
    let router = router();
    let streamer = connect(&router, Role::Streamer);
    says_id(&router, &streamer, "Foo");
    let players: Vec<_> = (0..2 * KEPT_ACTIONS).map(|_| connect(&router, Role::Player)).collect();
    for player in &players {
        subscribes(&router, player, "Foo");
    }
    drop(streamer);
    assert_eq!(router.session_count(), 0);
    assert!(players.iter().all(|player| closed(player) == Some(Close::EMPTY)));
    assert!(router.shared.lock().actions.capacity() <= KEPT_ACTIONS);
}
