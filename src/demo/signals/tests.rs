use std::net::SocketAddr;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Told, candidate, first_mid};

fn read(message: Value) -> Told {
    Told::read(message.to_string().as_bytes())
}

#[test]
fn messages_of_every_server_are_understood() {
    let player = || "Player0".into();
    let table = [
        (json!({"type": "identify"}), Told::Identify),
        (json!({"type": "endpointIdConfirm", "committedId": "Foo1"}), Told::Confirmed("Foo1".into())),
        (
            json!({"type": "playerConnected", "dataChannel": true, "sfu": false, "playerId": "Player0"}),
            Told::Connected { player: player(), sfu: false, offer: true },
        ),
        (
            json!({"type": "playerConnected", "playerId": 101, "sfu": true, "sendOffer": false}),
            Told::Connected { player: "101".into(), sfu: true, offer: false },
        ),
        (json!({"type": "playerDisconnected", "playerId": "Player0"}), Told::Disconnected(player())),
        (
            json!({"type": "answer", "sdp": "v=0", "playerId": "Player0"}),
            Told::Answer { player: player(), sdp: "v=0".into() },
        ),
        (
            json!({"type": "iceCandidate", "candidate": {"candidate": "candidate:1"}, "playerId": "Player0"}),
            Told::Candidate { player: player(), candidate: "candidate:1".into() },
        ),
        (json!({"type": "ping", "time": 1.5}), Told::Ping(json!(1.5))),
        (json!({"type": "ping"}), Told::Ping(json!(0))),
    ];
    for (message, told) in table {
        assert_eq!(read(message.clone()), told, "{message}");
    }
}

#[test]
fn what_is_strange_is_nothing() {
    let strange = [
        json!(null),
        json!([]),
        json!({"type": 7}),
        json!({"type": "playerConnected"}),
        json!({"type": "playerConnected", "playerId": {}}),
        json!({"type": "answer", "playerId": "P"}),
        json!({"type": "iceCandidate", "playerId": "P", "candidate": "x"}),
        json!({"type": "config", "peerConnectionOptions": {}}),
    ];
    for message in strange {
        assert_eq!(read(message.clone()), Told::Other, "{message}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(Told::read(&bytes), Told::Other);
    }
}

#[test]
fn a_candidate_names_the_first_line() {
    let addr = SocketAddr::from(([127, 0, 0, 1], 5000));
    let message: Value = serde_json::from_str(&candidate("P", addr, "abc").unwrap()).unwrap();
    assert_eq!((&message["candidate"]["sdpMid"], &message["candidate"]["sdpMLineIndex"]), (&json!("abc"), &json!(0)));
    let text = message["candidate"]["candidate"].as_str().unwrap();
    assert!(text.starts_with("candidate:") && text.contains("127.0.0.1 5000 typ host"), "{text}");
    assert_eq!(first_mid("v=0\r\na=mid:xyz\r\na=mid:0\r\n"), "xyz");
}
