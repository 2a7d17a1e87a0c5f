//! What is a message, and what the scan finds in it.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;

use super::generate::{damage, pieces};
use super::{is_object, message, parse, player};
use crate::wire::scan::{Head, Name};
use crate::wire::{Kind, Malformed, Message, out};

const VALUES: &[(&str, Name)] = &[
    ("type", Name::Type),
    ("playerId", Name::PlayerId),
    ("streamerId", Name::StreamerId),
    ("id", Name::Id),
    ("reason", Name::Reason),
    ("time", Name::Time),
    ("sfuId", Name::SfuId),
];

proptest! {
    #[test]
    fn accepts_what_the_oracle_accepts(pieces in pieces()) {
        let text = pieces.text();
        prop_assert!(is_object(text.as_bytes()), "the generator is wrong: {}", text);
        prop_assert!(parse(&text).is_ok());
    }

    #[test]
    fn judges_damaged_messages_as_the_oracle_does(pieces in pieces(), damages in vec(damage(), 1..4)) {
        let mut text = pieces.text().into_bytes();
        for damage in damages {
            damage.apply(&mut text);
        }
        prop_assert_eq!(parse(&text).is_ok(), is_object(&text));
        if let Ok(message) = parse(&text) {
            use_in_every_way(&message);
        }
    }

    #[test]
    fn judges_shuffled_tokens_as_the_oracle_does(tokens in vec(select(TOKENS), 0..12), object: bool) {
        let text = if object { format!("{{\"a\":{}}}", tokens.concat()) } else { tokens.concat() };
        prop_assert_eq!(parse(&text).is_ok(), is_object(text.as_bytes()), "{}", text);
    }

    #[test]
    fn judges_any_bytes_as_the_oracle_does(bytes in vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(parse(&bytes).is_ok(), is_object(&bytes));
        let quoted = [b"{\"a\":\"".as_slice(), &bytes, b"\"}"].concat();
        prop_assert_eq!(parse(&quoted).is_ok(), is_object(&quoted));
    }

    #[test]
    fn notes_the_last_value_of_each_name(pieces in pieces()) {
        let text = pieces.text();
        let head = Head::scan(text.as_bytes()).unwrap();
        let oracle: HashMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
        for &(name, which) in VALUES {
            let expected = oracle.get(name).map_or("", |value| value.get());
            prop_assert_eq!(head.value(text.as_bytes(), which), expected.as_bytes(), "{} of {}", name, text);
        }
    }
}

/// None of it panics, and what is relayed is a message again.
fn use_in_every_way(message: &Message) {
    let id = player("Player7");
    for relayed in [
        message.with_player_id(&id),
        message.with_own_player_id_unless_set(&id),
        message.with_sfu_id(&id),
        message.without_player_id(),
        out::pong(message.time()),
    ] {
        assert!(is_object(&relayed), "{relayed:?}");
    }
    let read = [message.player_id(), message.streamer_id(), message.id(), message.reason(), message.type_name()];
    assert!(read.iter().flatten().all(|field| field.len() <= message.text().len()));
}

const TOKENS: &[&str] = &[
    "{", "}", "[", "]", "\"a\"", "\"", ":", ",", "1", "0", "-", ".", "e", "+", "true", "nul", "null", "\\", " ",
    "\u{e9}",
];

#[test]
fn refuses_what_is_no_object() {
    for root in ["null", "[]", " [1, {\"type\":\"ping\"}] ", "1", "-0.5e7", "\"{}\"", "true", "false"] {
        assert_eq!(parse(root).unwrap_err(), Malformed::NotAnObject, "{root}");
    }
}

#[test]
fn refuses_what_is_no_json_and_says_where() {
    let cases: &[(&str, usize)] = &[
        ("", 0),
        ("  ", 2),
        ("\u{feff}{}", 0),
        ("{", 1),
        ("{}x", 2),
        ("{}{}", 2),
        ("{} \0", 3),
        ("{\"a\"}", 4),
        ("{\"a\":}", 5),
        ("{\"a\":1,}", 7),
        ("{,}", 1),
        ("{a:1}", 1),
        ("{'a':1}", 1),
        ("{\"a\":1 \"b\":2}", 7),
        ("{\"a\":[1,]}", 8),
        ("{\"a\":[1}", 7),
        ("{\"a\":{\"b\":1]}", 11),
        ("{\"a\":01}", 6),
        ("{\"a\":+1}", 5),
        ("{\"a\":.5}", 5),
        ("{\"a\":1.}", 7),
        ("{\"a\":1e}", 7),
        ("{\"a\":-}", 6),
        ("{\"a\":NaN}", 5),
        ("{\"a\":tru}", 5),
        ("{\"a\":\"\n\"}", 6),
        ("{\"a\":\"\u{1f}\"}", 6),
        ("{\"a\":\"\\x\"}", 7),
        ("{\"a\":\"\\u12g4\"}", 10),
        ("{\"a\":\"\\u123", 11),
        ("{\"a\":\"\\n\u{1f}\"}", 8),
        ("{\"a\":\"\\n\\x\"}", 9),
        ("{\"a\":\"\\n", 8),
        ("{\"a\":\"", 6),
        ("{\"a\":\"\\", 7),
        ("{\"a\":1/*c*/}", 6),
        ("{\"a\":\u{a0}1}", 5),
    ];
    for &(text, at) in cases {
        assert_eq!(parse(text).unwrap_err(), Malformed::Json(at), "{text:?}");
    }
}

#[test]
fn refuses_what_is_not_utf8() {
    for bytes in
        [&b"\xff"[..], b"{\"a\":\"\xc3\"}", b"{\"a\":\"\xed\xa0\x80\"}", b"{\"a\":\"\xc0\x80\"}", b"\xff\xfe{\0}\0"]
    {
        assert_eq!(parse(bytes).unwrap_err(), Malformed::Utf8, "{bytes:?}");
    }
}

/// Objects and lists in turn, `levels` deep with the message itself.
fn nested(levels: usize, odd: &str, even: &str, close: [&str; 2]) -> String {
    let mut text = String::from("{\"a\":");
    (1..levels).for_each(|level| text.push_str(if level % 2 == 1 { odd } else { even }));
    text.push('1');
    (1..levels).rev().for_each(|level| text.push_str(close[level % 2]));
    text + "}"
}

#[test]
fn nests_256_levels_deep_and_no_deeper() {
    let forms = [("[", "[", ["]", "]"]), ("{\"b\":", "{\"b\":", ["}", "}"]), ("[", "{\"b\":", ["}", "]"])];
    for (odd, even, close) in forms {
        for levels in [1, 2, 63, 64, 65, 128, 129, 200, 255, 256] {
            let text = nested(levels, odd, even, close);
            assert!(is_object(text.as_bytes()) && parse(&text).is_ok(), "{levels} levels of {odd} {even}");
        }
        for levels in [257, 258, 300, 10_000] {
            let text = nested(levels, odd, even, close);
            assert_eq!(parse(&text).unwrap_err(), Malformed::TooDeep, "{levels} levels of {odd} {even}");
            assert_eq!(parse(format!("{text}x")).unwrap_err(), Malformed::TooDeep, "whatever comes behind");
            assert_eq!(parse(format!("x{text}")).unwrap_err(), Malformed::Json(0), "what came before counts");
        }
    }
}

#[test]
fn brackets_are_matched_at_every_depth() {
    for levels in 2..=256 {
        let text = nested(levels, "[", "{\"b\":", ["}", "]"]);
        let at = text.find('1').unwrap() + levels / 2;
        let wrong = if text[at..].starts_with(']') { "}" } else { "]" };
        let broken = format!("{}{wrong}{}", &text[..at], &text[at + 1..]);
        assert_eq!(parse(broken).unwrap_err(), Malformed::Json(at), "{levels} levels");
    }
}

#[test]
fn strings_end_where_they_end_at_every_alignment() {
    for before in 0..24 {
        for stop in ["\"", "\\\"\"", "\\\\\"", "\\n\"", "\u{e9}\"", "\u{1f600}\""] {
            let text = format!("{{\"a\":\"{}{stop},\"type\":\"ping\"}}", "x".repeat(before));
            assert_eq!(message(&text).kind(), Kind::Ping, "{text}");
            let start = "{\"a\":\"".len() + before;
            let control = format!("{}\u{1f}{}", &text[..start], &text[start..]);
            assert_eq!(parse(&control).unwrap_err(), Malformed::Json(start), "{control:?}");
        }
    }
}

/// Each byte behind each other, in each place of the eight that are looked at together: it ends the plain text or not,
/// whatever was before it.
#[test]
fn each_byte_is_judged_alone() {
    let is_control = |byte: u8| byte < 0x20;
    for before in 0..16 {
        for byte in (0..0x80).filter(|&byte| byte != b'"' && byte != b'\\') {
            for behind in [b"x", b"#", b"]", b"!", b" ", b"\x7f"] {
                let pad = "x".repeat(before);
                let text = [b"{\"a\":\"", pad.as_bytes(), &[byte], behind, b"\"}"].concat();
                let expected = if is_control(byte) { Err(Malformed::Json(6 + before)) } else { Ok(()) };
                assert_eq!(parse(text).map(drop), expected, "{byte:#x} after {before}");
            }
        }
    }
}

#[test]
fn the_last_type_counts_however_it_is_spelt() {
    let cases = [
        (r#"{"type":"offer"}"#, Kind::Offer),
        (r#"{"type":"offer","type":"answer"}"#, Kind::Answer),
        (r#"{"type":"offer","\u0074ype":"answer"}"#, Kind::Answer),
        (r#"{"\u0074\u0079\u0070\u0065":"p\u0069ng"}"#, Kind::Ping),
        (r#"{"type":"offer","a":{"type":"answer"}}"#, Kind::Offer),
        (r#"{"type":"offer","Type":"answer","type ":"answer","\type":1}"#, Kind::Offer),
        (r#"{"type":"Offer"}"#, Kind::Unknown),
        (r#"{"type":""}"#, Kind::Unknown),
        (r#"{"type":"\ud800"}"#, Kind::Unknown),
        (r#"{"type":"offer","type":7}"#, Kind::Missing),
        (r#"{"type":null}"#, Kind::Missing),
        (r#"{"type":{"type":"offer"}}"#, Kind::Missing),
        (r#"{}"#, Kind::Missing),
    ];
    for (text, kind) in cases {
        assert_eq!(message(text).kind(), kind, "{text}");
    }
    for &kind in Kind::NAMED {
        assert_eq!(message(&format!(r#"{{"type":"{}"}}"#, kind.name())).kind(), kind);
    }
}

#[test]
fn a_message_is_small() {
    assert!(size_of::<Message>() <= 120, "{} bytes", size_of::<Message>());
}
