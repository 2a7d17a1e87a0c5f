//! What the accessors say.

use bytes::Bytes;

use super::message;
use crate::wire::{Message, Role};

#[test]
fn player_ids_are_strings_or_numbers() {
    let cases = [
        (r#"{"playerId":"Player7"}"#, Some("Player7")),
        (r#"{"playerId":"Player\u0037"}"#, Some("Player7")),
        (r#"{"playerId":"\ud83d\ude00"}"#, Some("\u{1f600}")),
        (r#"{"playerId":""}"#, Some("")),
        (r#"{"playerId":7}"#, Some("7")),
        (r#"{"playerId" : 7 }"#, Some("7")),
        (r#"{"playerId":7.0}"#, Some("7.0")),
        (r#"{"playerId":-7}"#, Some("-7")),
        (r#"{"playerId":12345678901234567890123}"#, Some("12345678901234567890123")),
        (r#"{"playerId":1,"playerId":"2"}"#, Some("2")),
        (r#"{"playerId":1,"PLAYERID":"2"}"#, Some("1")),
        (r#"{"playerId":"1","playerId":null}"#, None),
        (r#"{"playerId":"\ud800"}"#, None),
        (r#"{"playerId":true}"#, None),
        (r#"{"playerId":[]}"#, None),
        (r#"{"playerid":1}"#, None),
        (r#"{"a":{"playerId":1}}"#, None),
        (r#"{}"#, None),
    ];
    for (text, id) in cases {
        assert_eq!(message(text).player_id().as_deref(), id, "{text}");
        assert_eq!(message(text).has_player_id(), text.starts_with("{\"playerId\""), "{text}");
    }
}

#[test]
fn other_fields_are_strings() {
    let all = message(r#"{"id":"a","reason":"b\n","streamerId":"","type":"x","sfuId":"s"}"#);
    assert_eq!(all.id().as_deref(), Some("a"));
    assert_eq!(all.reason().as_deref(), Some("b\n"));
    assert_eq!(all.streamer_id().as_deref(), Some(""));
    assert_eq!(all.type_name().as_deref(), Some("x"));
    assert_eq!(all.sfu_id().as_deref(), Some("s"));
    let none = message(r#"{"id":1,"reason":null,"streamerId":{"streamerId":"a"},"type":[],"sfuId":7}"#);
    assert_eq!((none.id(), none.reason(), none.streamer_id()), (None, None, None));
    assert_eq!((none.type_name(), none.sfu_id()), (None, None));
}

#[test]
fn time_is_kept_as_written() {
    let cases = [
        (r#"{"time":1719830400123}"#, "1719830400123"),
        (r#"{"time":12345678901234567890123}"#, "12345678901234567890123"),
        (r#"{"time": -1.50E+3 }"#, "-1.50E+3"),
        (r#"{"time":1,"time":2}"#, "2"),
        (r#"{"time":null}"#, "0"),
        (r#"{"time":"5"}"#, "0"),
        (r#"{"time":5,"time":"6"}"#, "0"),
        (r#"{}"#, "0"),
    ];
    for (text, time) in cases {
        assert_eq!(message(text).time(), time, "{text}");
    }
}

#[test]
fn right_sized_text_pins_no_read_buffer() {
    let buffer = Bytes::from(br#"....{"type":"ping","id":"a"}...."#.to_vec());
    let slice = Message::parse(buffer.slice(4..28)).unwrap();
    assert!(!slice.text().is_unique());
    let copy = slice.right_sized();
    assert_eq!(&copy, slice.text());
    assert_eq!(copy.try_into_mut().unwrap().capacity(), 24);
    let moved = slice.clone().into_right_sized();
    assert_eq!(moved.text(), slice.text());
    assert!(moved.text().is_unique());
    assert_eq!(slice.into_right_sized().id().as_deref(), Some("a"));
}

#[test]
fn hello_says_who_and_how() {
    let hello = message(r#"{"type":"hello","role":"sfu","token":"t\u0030","dialect":"wilbur"}"#);
    assert_eq!(hello.role(), Some(Role::Sfu));
    assert_eq!(hello.token().as_deref(), Some("t0"));
    assert_eq!(hello.dialect().as_deref(), Some("wilbur"));
    let odd = message(r#"{"type":"hello","role":"Player","token":1}"#);
    assert_eq!((odd.role(), odd.token(), odd.dialect()), (None, None, None));
}

#[test]
fn clients_read_what_the_gateway_writes() {
    assert_eq!(message(r#"{"code":4001,"reason":"dead"}"#).code(), Some(4001));
    for code in ["-1", "65536", "1.5", "\"1000\""] {
        assert_eq!(message(&format!("{{\"code\":{code}}}")).code(), None, "{code}");
    }
    assert_eq!(message(r#"{"ids":["a",1,"b"]}"#).ids(), Some(vec!["a".into(), "b".into()]));
    assert_eq!(message(r#"{"ids":"a"}"#).ids(), None);
    assert_eq!(message(r#"{"committedId":"a"}"#).committed_id().as_deref(), Some("a"));
    assert_eq!(message(r#"{"newID":"a"}"#).new_id().as_deref(), Some("a"));
    assert_eq!(message(r#"{"message":"a"}"#).failure().as_deref(), Some("a"));
    assert!(message(r#"{"sfu":true}"#).sfu() && !message(r#"{"sfu":1}"#).sfu() && !message("{}").sfu());
    assert_eq!(message(r#"{"count":1,"count":2}"#).count(), Some(2));
    assert_eq!(message(r#"{"count":1,"x":1e999}"#).count(), None, "the price of `field`");
}
