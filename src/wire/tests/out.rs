//! The exact texts of what the gateway writes.

use super::{message, player, queued};
use crate::id::StreamerId;
use crate::wire::out::*;
use crate::wire::{Close, CloseCode, Kind};

fn streamer(id: &str) -> StreamerId {
    StreamerId::new(id)
}

#[test]
fn texts() {
    let cases = [
        (config("{}", None), r#"{"type":"config","peerConnectionOptions":{}}"#),
        (
            config(r#"{"iceServers":[]}"#, Some(PROTOCOL_VERSION)),
            r#"{"type":"config","peerConnectionOptions":{"iceServers":[]},"protocolVersion":"1.3.0"}"#,
        ),
        (endpoint_id_confirm(&streamer("Foo1")), r#"{"type":"endpointIdConfirm","committedId":"Foo1"}"#),
        (streamer_id_changed("streamerIdChanged", &streamer("a")), r#"{"type":"streamerIdChanged","newID":"a"}"#),
        (streamer_id_changed("streamerIDChanged", &streamer("a")), r#"{"type":"streamerIDChanged","newID":"a"}"#),
        (streamer_list([]), r#"{"type":"streamerList","ids":[]}"#),
        (streamer_list(&[streamer("a"), streamer("\"é\\")]), r#"{"type":"streamerList","ids":["a","\"é\\"]}"#),
        (
            subscribe_failed("Streamer \"x\" does not exist."),
            r#"{"type":"subscribeFailed","message":"Streamer \"x\" does not exist."}"#,
        ),
        (
            player_connected(&player("Player1"), false, None),
            r#"{"type":"playerConnected","dataChannel":true,"sfu":false,"playerId":"Player1"}"#,
        ),
        (
            player_connected(&player("1"), true, Some(false)),
            r#"{"type":"playerConnected","dataChannel":true,"sfu":true,"playerId":"1","sendOffer":false}"#,
        ),
        (player_disconnected(&player("Player1")), r#"{"type":"playerDisconnected","playerId":"Player1"}"#),
        (player_count(42), r#"{"type":"playerCount","count":42}"#),
        (ping(1_719_830_400_123), r#"{"type":"ping","time":1719830400123}"#),
        (pong("12345678901234567890123"), r#"{"type":"pong","time":12345678901234567890123}"#),
        (disconnect(CloseCode::EMPTY, ""), r#"{"type":"disconnect","code":1005,"reason":""}"#),
        (disconnect(CloseCode::SLOW, "a\nb"), r#"{"type":"disconnect","code":4000,"reason":"a\nb"}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(queued(text), expected);
    }
    assert_eq!(identify(), r#"{"type":"identify"}"#);
    assert_eq!(streamer_disconnected(), r#"{"type":"streamerDisconnected"}"#);
}

#[test]
fn a_client_reads_them() {
    let disconnect = message(&queued(disconnect(CloseCode::DISCONNECTED, "tab\tquote\"")));
    assert_eq!((disconnect.kind(), disconnect.code()), (Kind::Disconnect, Some(1011)));
    assert_eq!(disconnect.reason().as_deref(), Some("tab\tquote\""));
    let list = message(&queued(streamer_list(&[streamer("\u{7f}\u{2028}\\"), streamer("é")])));
    assert_eq!(list.ids(), Some(vec!["\u{7f}\u{2028}\\".into(), "é".into()]));
}

#[test]
fn a_reason_is_cut_at_a_character() {
    let reason = message(&queued(disconnect(CloseCode::POLICY, &"é".repeat(600)))).reason().unwrap().into_owned();
    assert_eq!(reason, "é".repeat(Close::MAX_REASON / 2));
    let odd = message(&queued(disconnect(CloseCode::POLICY, &format!("x{}", "é".repeat(600))))).reason().unwrap().len();
    assert_eq!(odd, Close::MAX_REASON - 1);
}
