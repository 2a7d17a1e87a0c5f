//! What comes in, and what is done with it (protocol.md §3, §5.8).

use super::{Gateway, settle};
use crate::hub::Dialect;
use crate::wire::{Close, CloseCode, DropReason, Kind, Role};

/// §3, ping / pong: the time is echoed as it is written; absent, null or no number is 0.
#[tokio::test(start_paused = true)]
async fn a_pong_echoes_the_time_as_it_is_written() {
    for role in Role::ALL {
        let gateway = Gateway::new();
        let peer = gateway.connect(role);
        settle().await;
        peer.heard();
        for (time, echoed) in [
            (r#","time":1718000000000"#, "1718000000000"),
            (r#","time":1.50e+03"#, "1.50e+03"),
            (r#","time":-0"#, "-0"),
            (r#","time":123456789012345678901234567890.10"#, "123456789012345678901234567890.10"),
            (r#","time":null"#, "0"),
            (r#","time":"5""#, "0"),
            (r#","time":[1]"#, "0"),
            (r#","time":1,"time":2"#, "2"),
            ("", "0"),
        ] {
            peer.says(format!(r#"{{"type":"ping"{time}}}"#));
            settle().await;
            assert_eq!(peer.heard(), [format!(r#"{{"type":"pong","time":{echoed}}}"#)]);
        }
    }
}

/// §5.8: malformed input is counted, and the session stays.
#[tokio::test(start_paused = true)]
async fn malformed_input_is_counted_and_the_session_stays() {
    let gateway = Gateway::new();
    let _streamer = gateway.streamer().await;
    let player = gateway.player().await;
    let inputs: [(&[u8], DropReason); 14] = [
        (b"", DropReason::Malformed),
        (b"{", DropReason::Malformed),
        (b"nonsense", DropReason::Malformed),
        (b"null", DropReason::Malformed),
        (b"[]", DropReason::Malformed),
        (b"7", DropReason::Malformed),
        (b"\xff{}", DropReason::Malformed),
        (b"{\"type\":\"\xff\"}", DropReason::Malformed),
        (b"{}", DropReason::NoType),
        (b"{\"type\":7}", DropReason::NoType),
        (b"{\"type\":\"nonsense\"}", DropReason::UnknownType),
        (b"{\"type\":\"Ping\"}", DropReason::UnknownType),
        (b"{\"type\":\"subscribe\"}", DropReason::BadField),
        (b"{\"type\":\"endpointId\",\"id\":\"x\"}", DropReason::WrongRole),
    ];
    for (input, reason) in inputs {
        let before = gateway.drops(reason);
        player.says(input);
        settle().await;
        assert_eq!(gateway.drops(reason), before + 1, "{}", String::from_utf8_lossy(input));
        assert_eq!(player.heard(), [""; 0]);
    }
    let deep = format!(r#"{{"type":"stats","data":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    player.says(deep);
    player.says(r#"{"type":"ping"}"#);
    settle().await;
    assert_eq!(player.heard(), [r#"{"type":"pong","time":0}"#]);
    assert_eq!(gateway.router.session_count(), 2);
}

/// §4, "unknown type / bad JSON": ignored, or 1008 with the words of the dialect; what another role may say is a type
/// that this one does not have.
#[tokio::test(start_paused = true)]
async fn what_input_costs_is_the_senders_dialect() {
    const PARSE: Option<&str> = Some("Cannot parse");
    const TYPE: Option<&str> = Some("Unsupported message type");
    for (dialect, json, kind) in [
        (Dialect::STANDARD, None, None),
        (Dialect::WILBUR, None, None),
        (Dialect::WILBUR_5_5, None, None),
        (Dialect::CIRRUS_5_4, PARSE, TYPE),
        (Dialect::CIRRUS_5_2, PARSE, TYPE),
        (Dialect::CIRRUS_5_1, None, None),
        (Dialect::CIRRUS_4_27, PARSE, None),
    ] {
        for (role, input, words) in [
            (Role::Player, "nonsense", json),
            (Role::Player, "[]", json),
            (Role::Player, r#"{"type":"nonsense"}"#, kind),
            (Role::Player, r#"{"type":7}"#, kind),
            (Role::Player, "{}", kind),
            (Role::Player, r#"{"type":"endpointId","id":"x"}"#, kind),
            (Role::Streamer, "{", json),
            (Role::Streamer, r#"{"type":"subscribe","streamerId":"x"}"#, kind),
            (Role::Streamer, r#"{"type":"nonsense"}"#, kind),
        ] {
            let gateway = Gateway::new();
            let _streamer =
                (role == Role::Player).then(|| gateway.connect_as(Role::Streamer, Dialect::CIRRUS_5_1, |_| ()));
            settle().await;
            let peer = gateway.connect_as(role, dialect, |_| ());
            settle().await;
            peer.says(input);
            settle().await;
            let expected = words.map(|words| Close::new(CloseCode::POLICY, words));
            assert_eq!(peer.closed(), expected, "{}, {role}: {input}", dialect.name);
            assert_eq!(peer.is_over(), words.is_some());
        }
    }
}

/// §4, the same row: "the player's `ping` and `layerPreference` stay accepted: newer frontends need them", and whatever
/// else a role may say in this gateway.
#[tokio::test(start_paused = true)]
async fn a_strict_dialect_accepts_what_newer_peers_say() {
    for dialect in [Dialect::CIRRUS_5_4, Dialect::CIRRUS_5_2] {
        let gateway = Gateway::new();
        let streamer = gateway.connect_as(Role::Streamer, dialect, |_| ());
        streamer.says(r#"{"type":"endpointId","id":"Foo"}"#);
        settle().await;
        let player = gateway.connect_as(Role::Player, dialect, |_| ());
        for kind in ["listStreamers", "ping", "pong", "stats", "layerPreference", "dataChannelRequest"] {
            player.says(format!(r#"{{"type":"{kind}"}}"#));
        }
        for kind in ["ping", "pong", "stats", "layerPreference", "disconnectPlayer", "answer"] {
            streamer.says(format!(r#"{{"type":"{kind}"}}"#));
        }
        settle().await;
        player.says(r#"{"type":"subscribe"}"#);
        player.says(r#"{"type":"unsubscribe"}"#);
        settle().await;
        assert_eq!((player.closed(), streamer.closed()), (None, None));
        assert!(streamer.heard().contains(&r#"{"type":"layerPreference","playerId":"1"}"#.into()));
        assert!(player.heard().contains(&r#"{"type":"pong","time":0}"#.into()));
    }
}

/// §3, "+pid": the hub gets what the wire has spliced, and the relayed are counted.
#[tokio::test(start_paused = true)]
async fn a_message_is_relayed_with_its_senders_id() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    streamer.heard();
    player.says(r#"{"type":"answer","playerId":"Player9","sdp":"x","n":1.0}"#);
    settle().await;
    assert_eq!(streamer.heard(), [r#"{"type":"answer","sdp":"x","n":1.0,"playerId":"Player0"}"#]);
    streamer.says(r#"{"type":"offer","playerId":"Player0","sdp":"x"}"#);
    settle().await;
    assert_eq!(player.heard(), [r#"{"type":"offer","playerId":"Player0","sdp":"x"}"#]);
    assert_eq!(gateway.router.metrics().relays(Kind::Answer), 1);
    assert_eq!(gateway.router.metrics().relays(Kind::Offer), 1);
}

/// A streamer's words for an end are cut to what any transport tells, between characters.
#[tokio::test(start_paused = true)]
async fn a_long_reason_is_cut() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    let long = format!("x{}", "ü".repeat(100_000));
    streamer.says(format!(r#"{{"type":"disconnectPlayer","playerId":"Player0","reason":"{long}"}}"#));
    settle().await;
    assert_eq!(player.closed().unwrap(), Close::new(CloseCode::DISCONNECTED, long[..Close::MAX_REASON - 1].to_owned()));
}

/// A wanted id that is longer than any can be is not repeated whole to the one who wants it. What is left of it is still
/// longer than any.
#[tokio::test(start_paused = true)]
async fn a_long_wanted_id_is_cut() {
    let gateway = Gateway::new();
    let player = gateway.connect(Role::Player);
    settle().await;
    player.heard();
    for (wanted, said) in [(129, 129), (160, 160), (161, 160), (100_000, 160)] {
        player.says(format!(r#"{{"type":"subscribe","streamerId":"{}"}}"#, "ü".repeat(wanted)));
        settle().await;
        let cut = "ü".repeat(said);
        let answer = format!(r#"{{"type":"subscribeFailed","message":"Streamer {cut} does not exist."}}"#);
        assert_eq!(player.heard(), [answer]);
    }
}

/// What goes nowhere is counted as dropped, and not as relayed.
#[tokio::test(start_paused = true)]
async fn what_goes_nowhere_is_not_counted_as_relayed() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    streamer.says(r#"{"type":"offer","playerId":"Player9"}"#);
    streamer.says(r#"{"type":"layerPreference"}"#);
    settle().await;
    assert_eq!(gateway.drops(DropReason::UnknownPlayer), 1);
    assert_eq!(gateway.router.metrics().relays(Kind::Offer), 0);
    assert_eq!(gateway.router.metrics().relays(Kind::LayerPreference), 0);
}

/// §3, the messages of an SFU: each in its own form.
#[tokio::test(start_paused = true)]
async fn an_sfus_messages_take_their_forms() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let sfu = gateway.connect(Role::Sfu);
    sfu.says(r#"{"type":"endpointId","id":"Mix"}"#);
    sfu.says(r#"{"type":"startStreaming"}"#);
    settle().await;
    let player = gateway.connect(Role::Player);
    player.says(r#"{"type":"subscribe","streamerId":"Mix"}"#);
    settle().await;
    for peer in [&streamer, &player, &sfu] {
        peer.heard();
    }
    for (said, heard) in [
        (r#"{"type":"answer","sdp":"x"}"#, r#"{"type":"answer","sdp":"x","playerId":"Player0"}"#),
        (r#"{"type":"answer","playerId":"own","sdp":"x"}"#, r#"{"type":"answer","sdp":"x","playerId":"own"}"#),
        (r#"{"type":"iceCandidate"}"#, r#"{"type":"iceCandidate","playerId":"Player0"}"#),
        (
            r#"{"type":"streamerDataChannels","playerId":"Player1","sfuId":"x"}"#,
            r#"{"type":"streamerDataChannels","playerId":"Player1","sfuId":"Player0"}"#,
        ),
    ] {
        sfu.says(said);
        settle().await;
        assert_eq!(streamer.heard(), [heard]);
    }
    for (said, heard) in [
        (r#"{"type":"offer","sfu":true,"playerId":"Player1"}"#, r#"{"type":"offer","sfu":true}"#),
        (r#"{"type":"peerDataChannels","playerId":"Player1"}"#, r#"{"type":"peerDataChannels"}"#),
        (r#"{"type":"iceCandidate","playerId":"Player1"}"#, r#"{"type":"iceCandidate","playerId":"Player1"}"#),
    ] {
        sfu.says(said);
        settle().await;
        assert_eq!(player.heard(), [heard]);
    }
    assert_eq!(streamer.heard(), [""; 0]);
    streamer.says(r#"{"type":"layerPreference","playerId":"Player1"}"#);
    settle().await;
    assert_eq!(sfu.heard(), [r#"{"type":"layerPreference","playerId":"Player1"}"#]);
}

/// §3, stats: accepted, and nothing comes of it but a line in the log.
#[tokio::test(start_paused = true)]
async fn stats_are_accepted() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    streamer.heard();
    player.says(r#"{"type":"stats","data":1}"#);
    player.says(r#"{"type":"stats","data":{"media":"failed","summary":"Candidates here: none."}}"#);
    streamer.says(r#"{"type":"stats","data":1}"#);
    settle().await;
    assert_eq!((streamer.heard(), player.heard()), (vec![], vec![]));
    assert_eq!(DropReason::ALL.map(|reason| gateway.drops(reason)), [0; DropReason::ALL.len()]);
}
