//! Messages: what is none, what is not for the role, fields of the wrong type, and sizes.

use std::collections::BTreeMap;

use pixelgate::session::By;
use pixelgate::wire::{CloseCode, DropReason, Kind, MAX_MESSAGE, Role};
use serde_json::json;

use super::support::{Lab, Via};
use super::{Pair, Scene};

// ── what is no message ──────────────────────────────────────────────────────────────────────────────────────────────

fn nested(depth: usize) -> String {
    format!(r#"{{"type":"ping","time":77,"deep":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1))
}

fn no_json() -> Vec<String> {
    let mut all: Vec<String> = [
        " ",
        "{",
        "}",
        "[",
        "nul",
        "NaN",
        "{\"type\":\"ping\"",
        "{\"type\":\"ping\"}}",
        "{\"type\":\"ping\"}x",
        "{\"type\":\"ping\"}{\"type\":\"ping\"}",
        "{'type':'ping'}",
        "{\"type\":\"ping\",}",
        "{,\"type\":\"ping\"}",
        "{type:\"ping\"}",
        "{\"type\" \"ping\"}",
        "{\"type\":}",
        "{\"type\":\"ping\" \"time\":1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":0x10}",
        "{\"a\":Infinity}",
        "{\"a\":tru}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\0\"}",
        "{\"a\":[1,]}",
        "{\"a\":[}",
        "{\"a\":\"open}",
        "\u{feff}{\"type\":\"ping\"}",
        "// {}",
        "<xml/>",
        "GET / HTTP/1.1\r\n\r\n",
    ]
    .map(String::from)
    .into();
    all.extend([nested(257), nested(5_000), "[".repeat(100_000), "{\"a\":".repeat(50_000)]);
    all
}

const NO_OBJECTS: [&str; 9] =
    ["null", "true", "0", "-1.5e300", "\"text\"", "[]", "[{\"type\":\"ping\"}]", "[[[[]]]]", "1e999999"];

async fn what_is_no_message_is_dropped(role: Role, via: Via) {
    let mut scene = Scene::set(role, via).await;
    for text in no_json() {
        let what = text.get(..40.min(text.len())).unwrap_or("a long text").to_owned();
        scene.drops(&what, text, Some(DropReason::Malformed)).await;
    }
    for text in NO_OBJECTS {
        scene.drops(text, text, Some(DropReason::Malformed)).await;
    }
    // A length of 0 is no message on a stream (protocol.md §5.7); an empty WebSocket frame is one that is not JSON.
    let empty = (!via.is_quic()).then_some(DropReason::Malformed);
    scene.drops("nothing", "", empty).await;
    if via.is_quic() {
        for text in
            [&b"\xff"[..], b"{\"type\":\"pi\xc3\"}", b"{\"a\":\"\xed\xa0\x80\"}", b"{\"a\":\"\xf8\x88\x80\x80\x80\"}"]
        {
            scene.drops("bad UTF-8", text, Some(DropReason::Malformed)).await;
        }
    }
}

// ── what says no type, an unknown one, or one that the role does not send ───────────────────────────────────────────

const NO_TYPE: [&str; 14] = [
    "{}",
    r#"{"time":1}"#,
    r#"{"type":null}"#,
    r#"{"type":7}"#,
    r#"{"type":true}"#,
    r#"{"type":["ping"]}"#,
    r#"{"type":{"type":"ping"}}"#,
    r#"{"Type":"ping"}"#,
    r#"{"TYPE":"ping"}"#,
    r#"{"type ":"ping"}"#,
    r#"{"typ\u0435":"ping"}"#,
    r#"{"\u0000type":"ping"}"#,
    r#"{"data":{"type":"ping"}}"#,
    r#"{"type":"ping","type":null}"#,
];

const UNKNOWN_TYPE: [&str; 9] = [
    r#"{"type":""}"#,
    r#"{"type":"Ping"}"#,
    r#"{"type":"ping "}"#,
    r#"{"type":"ping\u0000"}"#,
    r#"{"type":"\ud800"}"#,
    r#"{"type":"__proto__"}"#,
    r#"{"type":"unknown"}"#,
    r#"{"type":"missing"}"#,
    r#"{"type":"ping","type":"pong2"}"#,
];

/// What protocol.md §3 lets a role send.
fn sends(role: Role) -> &'static [&'static str] {
    match role {
        Role::Player => &[
            "listStreamers",
            "subscribe",
            "unsubscribe",
            "offer",
            "answer",
            "iceCandidate",
            "ping",
            "pong",
            "layerPreference",
            "dataChannelRequest",
            "peerDataChannelsReady",
            "stats",
        ],
        Role::Streamer => &[
            "endpointId",
            "offer",
            "answer",
            "iceCandidate",
            "disconnectPlayer",
            "ping",
            "pong",
            "layerPreference",
            "stats",
        ],
        Role::Sfu => &[
            "endpointId",
            "listStreamers",
            "subscribe",
            "unsubscribe",
            "offer",
            "answer",
            "iceCandidate",
            "disconnectPlayer",
            "ping",
            "pong",
            "peerDataChannels",
            "streamerDataChannels",
            "startStreaming",
            "stopStreaming",
        ],
    }
}

async fn what_is_not_for_the_role_is_dropped(role: Role, via: Via) {
    let mut scene = Scene::set(role, via).await;
    for text in NO_TYPE {
        scene.drops(text, text, Some(DropReason::NoType)).await;
    }
    for text in UNKNOWN_TYPE {
        scene.drops(text, text, Some(DropReason::UnknownType)).await;
    }
    let long = format!(r#"{{"type":"{}"}}"#, "ping".repeat(50_000));
    scene.drops("a type of 200,000 bytes", long, Some(DropReason::UnknownType)).await;

    let others = Kind::NAMED.iter().map(|kind| kind.name()).filter(|name| !sends(role).contains(name));
    for name in others {
        let text = json!({
            "type": name, "playerId": scene.pair.id, "streamerId": "Stage", "id": "Stage", "role": "streamer",
            "sdp": "s", "reason": "r", "code": 1008, "ids": [], "count": 9
        });
        scene.drops(name, text.to_string(), Some(DropReason::WrongRole)).await;
    }
}

// ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// What is no string.
const NO_STRINGS: [&str; 7] = ["null", "true", "{}", "[]", r#"["Stage"]"#, r#"{"id":"Stage"}"#, r#""\ud800""#];

/// Numbers of all kinds, and strings: the ids of nobody.
const NOBODY: [&str; 10] = [
    "0",
    "-0",
    "7",
    "1.5",
    "1e400",
    "123456789012345678901234567890",
    r#""""#,
    r#""Nobody""#,
    r#""player0""#,
    r#""Player0\u0000""#,
];

async fn fields_of_the_wrong_type_reach_nobody(role: Role, via: Via) {
    let mut scene = Scene::set(role, via).await;
    if role.subscribes() {
        scene.drops("no streamerId", r#"{"type":"subscribe"}"#, Some(DropReason::BadField)).await;
        let look_alike = r#"{"type":"subscribe","StreamerId":"Stage","streamerid":"Stage"}"#;
        scene.drops("a look-alike", look_alike, Some(DropReason::BadField)).await;
        for value in NO_STRINGS.into_iter().chain(["7"]) {
            let text = format!(r#"{{"type":"subscribe","streamerId":{value}}}"#);
            scene.drops(&text.clone(), text, Some(DropReason::BadField)).await;
        }
    }
    let addressed: &[&str] = match role {
        Role::Player => &[],
        Role::Streamer => &["offer", "answer", "iceCandidate", "disconnectPlayer"],
        Role::Sfu => &["offer", "iceCandidate", "peerDataChannels", "disconnectPlayer"],
    };
    for kind in addressed {
        for value in NO_STRINGS {
            let text = format!(r#"{{"type":"{kind}","playerId":{value},"reason":{value}}}"#);
            scene.drops(&text.clone(), text, Some(DropReason::BadField)).await;
        }
        for value in NOBODY {
            let text = format!(r#"{{"type":"{kind}","playerId":{value}}}"#);
            scene.drops(&text.clone(), text, Some(DropReason::UnknownPlayer)).await;
        }
        let text = json!({"type": kind, "playerId": scene.pair.id}).to_string();
        scene.drops("somebody else's player", text, Some(DropReason::NotSubscribed)).await;
        let last = format!(r#"{{"type":"{kind}","playerId":"Nobody","playerId":"{}"}}"#, scene.pair.id);
        scene.drops("the last playerId counts", last, Some(DropReason::NotSubscribed)).await;
    }
}

async fn strange_fields_have_plain_answers(role: Role, via: Via) {
    let mut scene = Scene::set(role, via).await;
    for time in ["null", "true", "\"77\"", "[]", "{}"] {
        let text = format!(r#"{{"type":"ping","time":{time}}}"#);
        scene.answers(text, r#"{"type":"pong","time":0}"#).await;
    }
    let digits = "9".repeat(5_000);
    for time in ["1e999999", "-0", "-1.50e-7", "123456789012345678901234567890", &digits] {
        let text = format!(r#"{{"type":"ping","time":{time}}}"#);
        scene.answers(text, &format!(r#"{{"type":"pong","time":{time}}}"#)).await;
    }
    let same = r#"{"type":"pong","time":77}"#;
    scene.answers(nested(200), same).await;
    scene.answers(nested(256), same).await;
    scene.answers(r#"{"type":null,"time":[],"type":"ping","time":77}"#, same).await;
    scene.answers(r#"{"\u0074\u0079\u0070\u0065":"\u0070ing","Time":1,"time":77}"#, same).await;
    scene.answers(" \r\n\t{ \"type\" : \"ping\" , \"time\" : 77 } \n", same).await;
    if role.publishes() {
        ids_that_cannot_be(&mut scene).await;
    }
    if role.subscribes() {
        let failed = |id: &str| format!(r#"{{"type":"subscribeFailed","message":"Streamer {id} does not exist."}}"#);
        for id in ["", "stage", "Stage ", "Nobody", r"\u0000", r#"\"}"#] {
            let text = format!(r#"{{"type":"subscribe","streamerId":"{id}"}}"#);
            scene.answers(text, &failed(id)).await;
        }
    }
}

/// Ids that count as missing (protocol.md §5.1).
async fn ids_that_cannot_be(scene: &mut Scene) {
    let long = format!("\"{}\"", "x".repeat(129));
    let confirm = r#"{"type":"endpointIdConfirm","committedId":"UnknownStreamer"}"#;
    for id in NO_STRINGS.into_iter().chain(["7", r#""""#, r#""a\u0000b""#, r#""a\nb""#, &long]) {
        scene.answers(format!(r#"{{"type":"endpointId","id":{id}}}"#), confirm).await;
    }
    scene.answers(r#"{"type":"endpointId","ID":"Bad"}"#, confirm).await;
}

/// What the gateway does not look at goes through as it came; only who sent it is written anew.
async fn a_player_s_odd_fields_go_through(via: Via) {
    let lab = Lab::open();
    let mut pair = Pair::of(&lab, via).await;
    let (mut bad, id) = lab.watching(via, &mut pair.streamer, "Stage").await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for value in ["null", "[]", "1e999", "-0.0", "\"\\ud800\"", "{\"a\":1,\"a\":2}", &deep] {
        for kind in ["offer", "answer", "iceCandidate", "layerPreference", "dataChannelRequest"] {
            let fields = format!(r#"{{"type":"{kind}","sdp":{value},"candidate":{value},"spatialLayer":{value}"#);
            let forged = format!(r#"{fields},"playerId":{value},"PLAYERID":"{}","PlayerId":{value}}}"#, pair.id);
            bad.says_text(forged).await;
            assert_eq!(pair.streamer.hears_text().await, format!(r#"{fields},"playerId":"{id}"}}"#));
        }
    }
    let before = lab.drops();
    pair.goes_on().await;
    assert_eq!(before, BTreeMap::new());
}

// ── sizes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A message of so many bytes.
fn of_size(head: &str, size: usize) -> String {
    let end = r#""}"#;
    format!("{head}{}{end}", "x".repeat(size - head.len() - end.len()))
}

async fn the_largest_message_and_one_byte_more(role: Role, via: Via) {
    let Scene { mut lab, mut pair, mut bad, .. } = Scene::set(role, via).await;
    let ping = r#"{"type":"ping","time":77,"pad":""#;
    bad.says_text(of_size(ping, MAX_MESSAGE)).await;
    assert_eq!(bad.hears_text().await, r#"{"type":"pong","time":77}"#);
    pair.goes_on().await;

    // The gateway may have closed before all of it was taken.
    let _ = bad.connection.send(of_size(ping, MAX_MESSAGE + 1)).await;
    bad.is_closed(CloseCode::TOO_BIG).await;
    let report = lab.report().await;
    assert_eq!((report.role, report.by, report.close.code), (role, By::Gateway, CloseCode::TOO_BIG));
    if role == Role::Sfu {
        pair.streamer.hears("playerDisconnected").await;
    }
    pair.goes_on().await;
    lab.no_more_reports();
}

/// What a relay adds to the largest message is no reason to refuse it, on either side.
async fn the_largest_message_is_relayed(via: Via) {
    let lab = Lab::open();
    let mut streamer = lab.streamer(via, "Stage").await;
    let (mut player, id) = lab.watching(via, &mut streamer, "Stage").await;
    let up = of_size(r#"{"type":"answer","sdp":""#, MAX_MESSAGE);
    player.says_text(up.clone()).await;
    let heard = streamer.hears_text().await;
    assert_eq!(heard, format!(r#"{},"playerId":"{id}"}}"#, &up[..up.len() - 1]));
    let down = of_size(&format!(r#"{{"type":"offer","playerId":"{id}","sdp":""#), MAX_MESSAGE);
    streamer.says_text(down.clone()).await;
    assert_eq!(player.hears_text().await, down);
}

for_each_role! { what_is_no_message_is_dropped over ws = Ws, wss = Wss, webtransport = WebTransport, quic = Quic }
for_each_role! { what_is_not_for_the_role_is_dropped over ws = Ws, wss = Wss, webtransport = WebTransport, quic = Quic }
for_each_role! { fields_of_the_wrong_type_reach_nobody over ws = Ws, wss = Wss, webtransport = WebTransport, quic = Quic }
for_each_role! { strange_fields_have_plain_answers over ws = Ws, wss = Wss, webtransport = WebTransport, quic = Quic }
for_each_role! { the_largest_message_and_one_byte_more over ws = Ws, wss = Wss, webtransport = WebTransport, quic = Quic }

#[tokio::test]
async fn odd_fields_go_through_unchanged() {
    for via in Via::ALL {
        a_player_s_odd_fields_go_through(via).await;
    }
}

#[tokio::test]
async fn the_largest_messages_are_relayed() {
    for via in Via::ALL {
        the_largest_message_is_relayed(via).await;
    }
}
