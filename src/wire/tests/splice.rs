//! What a splice takes out, what it leaves, and what it writes.

use proptest::prelude::*;
use serde_json::Value;

use super::generate::{Member, Pieces, pieces};
use super::{is_object, message, player, queued};
use crate::wire::Message;
use crate::wire::scan::{Head, Name};

/// Carries out a splice on the pieces of a message, by the rules in the header of `splice.rs`.
fn model(pieces: &Pieces, gone: impl Fn(&str) -> bool, last: Option<&str>) -> String {
    let is_gone = |member: &Member| gone(&member.name);
    let leading = pieces.members.iter().take_while(|member| is_gone(member)).count();
    let mut inside = pieces.members.first().map_or(&pieces.gap, |first| &first.before).clone();
    for (index, member) in pieces.members.iter().enumerate().skip(leading) {
        if index > leading && !is_gone(member) {
            inside += &format!(",{}", member.before);
        }
        if !is_gone(member) {
            inside += &member.core;
        }
        inside += &member.after;
    }
    let none_kept = leading == pieces.members.len();
    if let (true, Some(member)) = (none_kept, pieces.members.last()) {
        inside += &member.after;
    }
    if let Some(last) = last {
        inside += if none_kept { "" } else { "," };
        inside += last;
    }
    format!("{}{{{inside}}}{}", pieces.lead, pieces.trail)
}

fn is_player_id(name: &str) -> bool {
    name.eq_ignore_ascii_case("playerId")
}

fn is_sfu_id(name: &str) -> bool {
    name.eq_ignore_ascii_case("sfuId")
}

/// The fields, where serde_json can hold them.
fn fields(text: &str) -> Option<serde_json::Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

/// `after` is `before` without the fields `gone`, and with `added`.
fn assert_fields(before: &str, after: &str, gone: fn(&str) -> bool, added: Option<(&str, &str)>) {
    assert!(is_object(after.as_bytes()), "{after}");
    let Some(mut expected) = fields(before) else { return };
    expected.retain(|name, _| !gone(name));
    expected.extend(added.map(|(name, value)| (name.into(), value.into())));
    assert_eq!(fields(after), Some(expected), "{before} → {after}");
}

proptest! {
    #[test]
    fn with_player_id_changes_nothing_else(pieces in pieces()) {
        let text = pieces.text();
        let spliced = queued(message(&text).with_player_id(&player("Player7")));
        prop_assert_eq!(&spliced, &model(&pieces, is_player_id, Some(r#""playerId":"Player7""#)));
        assert_fields(&text, &spliced, is_player_id, Some(("playerId", "Player7")));
    }

    #[test]
    fn with_sfu_id_changes_nothing_else(pieces in pieces()) {
        let text = pieces.text();
        let spliced = queued(message(&text).with_sfu_id(&player("Player7")));
        prop_assert_eq!(&spliced, &model(&pieces, is_sfu_id, Some(r#""sfuId":"Player7""#)));
        assert_fields(&text, &spliced, is_sfu_id, Some(("sfuId", "Player7")));
    }

    #[test]
    fn without_player_id_changes_nothing_else(pieces in pieces()) {
        let text = pieces.text();
        let spliced = queued(message(&text).without_player_id());
        prop_assert_eq!(&spliced, &model(&pieces, |name| name == "playerId", None));
        assert_fields(&text, &spliced, |name| name == "playerId", None);
    }

    #[test]
    fn an_own_player_id_stays_if_it_is_one(pieces in pieces()) {
        let text = pieces.text();
        let spliced = queued(message(&text).with_own_player_id_unless_set(&player("Player7")));
        let head = Head::scan(text.as_bytes()).unwrap();
        let raw = std::str::from_utf8(head.value(text.as_bytes(), Name::PlayerId)).unwrap();
        let kept = raw.starts_with(['"', '-']) || raw.starts_with(|c: char| c.is_ascii_digit());
        let last = format!("\"playerId\":{}", if kept { raw } else { "\"Player7\"" });
        prop_assert_eq!(&spliced, &model(&pieces, is_player_id, Some(&last)));
    }

    #[test]
    fn what_was_spliced_has_one_player_id_at_the_end(pieces in pieces()) {
        let once = message(&queued(message(&pieces.text()).with_player_id(&player("Player7"))));
        let id = once.player_id();
        prop_assert_eq!(id.as_deref(), Some("Player7"));
        let again = queued(once.with_player_id(&player("Player8")));
        prop_assert_eq!(again.matches(r#""Player8""#).count(), 1);
        prop_assert_eq!(once.text().len(), again.len());
    }
}

fn check(cases: &[(&str, &str)], splice: impl Fn(&Message) -> bytes::Bytes) {
    for (text, expected) in cases {
        assert_eq!(queued(splice(&message(text))), *expected, "{text}");
    }
}

#[test]
fn with_player_id() {
    let cases = [
        (r#"{}"#, r#"{"playerId":"Player7"}"#),
        (" \n{ \t}\r\n", " \n{ \t\"playerId\":\"Player7\"}\r\n"),
        (r#"{"a":1}"#, r#"{"a":1,"playerId":"Player7"}"#),
        (r#"{ "a" : 1 } "#, r#"{ "a" : 1 ,"playerId":"Player7"} "#),
        // Alone, first, in the middle, last.
        (r#"{"playerId":"x"}"#, r#"{"playerId":"Player7"}"#),
        (r#"{ "playerId" : 1 }"#, r#"{  "playerId":"Player7"}"#),
        (r#"{"playerId":"x","a":1}"#, r#"{"a":1,"playerId":"Player7"}"#),
        (r#"{ "playerId":"x" , "a":1 }"#, r#"{ "a":1 ,"playerId":"Player7"}"#),
        (r#"{"a":1,"playerId":"x","b":2}"#, r#"{"a":1,"b":2,"playerId":"Player7"}"#),
        (r#"{"a":1 , "playerId":"x" , "b":2}"#, r#"{"a":1  , "b":2,"playerId":"Player7"}"#),
        (r#"{"a":1,"playerId":"x"}"#, r#"{"a":1,"playerId":"Player7"}"#),
        ("{\n  \"a\": 1,\n  \"playerId\": \"x\"\n}", "{\n  \"a\": 1\n,\"playerId\":\"Player7\"}"),
        // Several, side by side and apart, of any type.
        (r#"{"playerId":"x","playerId":[1,{"a":","}]}"#, r#"{"playerId":"Player7"}"#),
        (r#"{"playerId":1,"PLAYERID":2,"playerid":3,"a":4}"#, r#"{"a":4,"playerId":"Player7"}"#),
        (r#"{"a":0,"playerId":1,"PLAYERID":2,"b":3}"#, r#"{"a":0,"b":3,"playerId":"Player7"}"#),
        (r#"{"a":0,"playerId":null,"PLAYERID":{}}"#, r#"{"a":0,"playerId":"Player7"}"#),
        (r#"{"playerId":1,"a":2,"PlayerId":3,"b":4,"playerID":5}"#, r#"{"a":2,"b":4,"playerId":"Player7"}"#),
        // Other spellings of the same key.
        (r#"{"player\u0049d":"x","a":1}"#, r#"{"a":1,"playerId":"Player7"}"#),
        (r#"{"a":1,"\u0070\u006c\u0061\u0079\u0065\u0072\u0049\u0064":2}"#, r#"{"a":1,"playerId":"Player7"}"#),
        (r#"{"a":1,"\u0050LAYER\u0069d":2}"#, r#"{"a":1,"playerId":"Player7"}"#),
        // Keys that look like it.
        (r#"{"playerId ":1}"#, r#"{"playerId ":1,"playerId":"Player7"}"#),
        (r#"{"playerIdx":1,"playerI":2}"#, r#"{"playerIdx":1,"playerI":2,"playerId":"Player7"}"#),
        (r#"{"player\\u0049d":1}"#, r#"{"player\\u0049d":1,"playerId":"Player7"}"#),
        (r#"{"playerId\u0000":1}"#, r#"{"playerId\u0000":1,"playerId":"Player7"}"#),
        (r#"{"\u0170layerId":1}"#, r#"{"\u0170layerId":1,"playerId":"Player7"}"#),
        (r#"{"a":{"playerId":1}}"#, r#"{"a":{"playerId":1},"playerId":"Player7"}"#),
        (r#"{"a":"\"playerId\":1"}"#, r#"{"a":"\"playerId\":1","playerId":"Player7"}"#),
        (r#"{"sfuId":1}"#, r#"{"sfuId":1,"playerId":"Player7"}"#),
        // Nothing else is rewritten.
        (
            r#"{"minBitrateBps":12345678901234567890123,"x":1.0e+07,"sdp":"v=0\r\n\/\u00e9é"}"#,
            r#"{"minBitrateBps":12345678901234567890123,"x":1.0e+07,"sdp":"v=0\r\n\/\u00e9é","playerId":"Player7"}"#,
        ),
        (r#"{"a":"\ud83d\ude00\ud800"}"#, r#"{"a":"\ud83d\ude00\ud800","playerId":"Player7"}"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2,"playerId":"Player7"}"#),
    ];
    check(&cases, |message| message.with_player_id(&player("Player7")));
}

#[test]
fn without_player_id() {
    let cases = [
        (r#"{}"#, r#"{}"#),
        (r#"{"a":1}"#, r#"{"a":1}"#),
        (r#"{"playerId":"x"}"#, r#"{}"#),
        (r#"{ "playerId" : "x" } "#, r#"{  } "#),
        (r#"{"playerId":1,"playerId":2}"#, r#"{}"#),
        (r#"{"playerId":"x", "a":1}"#, r#"{"a":1}"#),
        (r#"{"a":1, "playerId":"x", "b":2}"#, r#"{"a":1, "b":2}"#),
        (r#"{"a":1, "playerId":"x"}"#, r#"{"a":1}"#),
        (r#"{"playerId":1,"a":2,"playerId":3}"#, r#"{"a":2}"#),
        (r#"{"a":1,"player\u0049d":2}"#, r#"{"a":1}"#),
        (r#"{"playerid":1,"PLAYERID":2,"playerId":3}"#, r#"{"playerid":1,"PLAYERID":2}"#),
        (r#"{"a":{"playerId":1},"sfuId":2}"#, r#"{"a":{"playerId":1},"sfuId":2}"#),
    ];
    check(&cases, Message::without_player_id);
}

#[test]
fn with_sfu_id() {
    let cases = [
        (r#"{}"#, r#"{"sfuId":"Player7"}"#),
        (r#"{"playerId":"x","sfuId":"y"}"#, r#"{"playerId":"x","sfuId":"Player7"}"#),
        (r#"{"sfuId":1,"SFUID":2,"sfuid":3,"sfu\u0049d":4}"#, r#"{"sfuId":"Player7"}"#),
        (r#"{"PLAYERID":0,"SfuId":1,"a":2}"#, r#"{"PLAYERID":0,"a":2,"sfuId":"Player7"}"#),
        (r#"{"sfuIds":1,"sfu":true}"#, r#"{"sfuIds":1,"sfu":true,"sfuId":"Player7"}"#),
    ];
    check(&cases, |message| message.with_sfu_id(&player("Player7")));
}

#[test]
fn with_own_player_id_unless_set() {
    let cases = [
        (r#"{}"#, r#"{"playerId":"Player7"}"#),
        (r#"{"playerId":"x"}"#, r#"{"playerId":"x"}"#),
        (r#"{"playerId":"x","a":1}"#, r#"{"a":1,"playerId":"x"}"#),
        (r#"{"playerId":101,"a":1}"#, r#"{"a":1,"playerId":101}"#),
        (r#"{"playerId":"x\u0020y","a":1}"#, r#"{"a":1,"playerId":"x\u0020y"}"#),
        (r#"{"playerId":1,"a":2,"playerId":"x","PLAYERID":3}"#, r#"{"a":2,"playerId":"x"}"#),
        (r#"{"a":2,"PLAYERID":3}"#, r#"{"a":2,"playerId":"Player7"}"#),
        (r#"{"playerId":null,"a":1}"#, r#"{"a":1,"playerId":"Player7"}"#),
        (r#"{"playerId":"x","a":1,"playerId":{}}"#, r#"{"a":1,"playerId":"Player7"}"#),
        (r#"{"playerId":[1]}"#, r#"{"playerId":"Player7"}"#),
    ];
    check(&cases, |message| message.with_own_player_id_unless_set(&player("Player7")));
}

#[test]
fn an_id_is_written_as_json() {
    let spliced = queued(message("{}").with_player_id(&player("a\"b\\c\n\u{e9}")));
    assert_eq!(spliced, r#"{"playerId":"a\"b\\c\né"}"#);
}

#[test]
fn many_duplicates_cost_no_more_than_their_text() {
    let text = format!("{{{}\"a\":1}}", "\"playerId\":1,\"PLAYERID\":2,".repeat(5_000));
    let many = message(&text);
    assert_eq!(queued(many.with_player_id(&player("P"))), r#"{"a":1,"playerId":"P"}"#);
    assert_eq!(queued(many.clone().with_own_player_id_unless_set(&player("P"))), r#"{"a":1,"playerId":1}"#);
    let kept = format!("{{{}\"a\":1}}", "\"PLAYERID\":2,".repeat(5_000));
    assert_eq!(queued(many.without_player_id()), kept);
}
