use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::{Click, FromStreamer, Malformed, Point, ToStreamer, Touch, protocol_messages};

fn point() -> impl Strategy<Value = Point> {
    any::<(u16, u16)>().prop_map(|(x, y)| Point { x, y })
}

fn click() -> impl Strategy<Value = Click> {
    (any::<u8>(), point()).prop_map(|(button, at)| Click { button, at })
}

fn touches() -> impl Strategy<Value = Vec<Touch>> {
    let touch =
        (point(), any::<(u8, u8, bool)>()).prop_map(|(at, (index, force, valid))| Touch { at, index, force, valid });
    vec(touch, 0..12)
}

fn said() -> impl Strategy<Value = ToStreamer> {
    prop_oneof![
        Just(ToStreamer::IFrameRequest),
        Just(ToStreamer::RequestInitialSettings),
        Just(ToStreamer::StopStreaming),
        any::<String>().prop_map(ToStreamer::LatencyTest),
        any::<String>().prop_map(ToStreamer::DataChannelLatencyTest),
        any::<String>().prop_map(ToStreamer::UiInteraction),
        any::<String>().prop_map(ToStreamer::Command),
        any::<String>().prop_map(ToStreamer::TextboxEntry),
        any::<(u8, bool)>().prop_map(|(code, repeat)| ToStreamer::KeyDown { code, repeat }),
        any::<u8>().prop_map(|code| ToStreamer::KeyUp { code }),
        any::<u16>().prop_map(|unit| ToStreamer::KeyPress { unit }),
        Just(ToStreamer::MouseEnter),
        click().prop_map(ToStreamer::MouseDown),
        click().prop_map(ToStreamer::MouseUp),
        click().prop_map(ToStreamer::MouseDouble),
        (point(), any::<(i16, i16)>()).prop_map(|(at, delta)| ToStreamer::MouseMove { at, delta }),
        (point(), any::<i16>()).prop_map(|(at, delta)| ToStreamer::MouseWheel { delta, at }),
        touches().prop_map(ToStreamer::TouchStart),
        touches().prop_map(ToStreamer::TouchEnd),
        touches().prop_map(ToStreamer::TouchMove),
        any::<(u8, u8, bool)>().prop_map(|(controller, button, repeat)| ToStreamer::GamepadPressed {
            controller,
            button,
            repeat
        }),
        any::<(u8, u8)>().prop_map(|(controller, button)| ToStreamer::GamepadReleased { controller, button }),
        (any::<(u8, u8)>(), -1.0..1.0).prop_map(|((controller, axis), value)| ToStreamer::GamepadAnalog {
            controller,
            axis,
            value
        }),
        any::<u8>().prop_map(|controller| ToStreamer::GamepadDisconnected { controller }),
        (any::<String>(), any::<bool>()).prop_map(|(player, open)| ToStreamer::ChannelRelayStatus { player, open }),
        (any::<String>(), vec(any::<u8>(), 0..40))
            .prop_map(|(player, message)| ToStreamer::Multiplexed { player, message }),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = ToStreamer::parse(&bytes);
        let _ = FromStreamer::parse(&bytes);
    }

    #[test]
    fn known_ids_with_any_fields_do_not_panic(id in 0u8..=255, fields in vec(any::<u8>(), 0..40)) {
        let bytes = [vec![id], fields].concat();
        let _ = ToStreamer::parse(&bytes);
        let _ = FromStreamer::parse(&bytes);
    }

    #[test]
    fn what_is_written_is_read(message in said()) {
        prop_assert_eq!(ToStreamer::parse(&message.encode()), Ok(message));
    }

    #[test]
    fn more_bytes_than_known_are_ignored(message in said(), more in vec(any::<u8>(), 0..8)) {
        let to_the_end = matches!(message, ToStreamer::Multiplexed { .. });
        prop_assume!(!to_the_end);
        prop_assert_eq!(ToStreamer::parse(&[message.encode(), more].concat()), Ok(message));
    }

    #[test]
    fn every_cut_is_too_short(message in said()) {
        let bytes = message.encode();
        let to_the_end = matches!(message, ToStreamer::Multiplexed { .. } | ToStreamer::GamepadReleased { .. });
        prop_assume!(!to_the_end);
        for end in 1..bytes.len() {
            prop_assert_eq!(ToStreamer::parse(&bytes[..end]), Err(Malformed::Short(bytes[0])));
        }
    }

    #[test]
    fn texts_to_the_player_run_to_the_end(text in any::<String>()) {
        for message in [FromStreamer::Response(text.clone()), FromStreamer::InitialSettings(text.clone())] {
            prop_assert_eq!(FromStreamer::parse(&message.encode()), Ok(message));
        }
    }
}

#[test]
fn the_bytes_are_those_of_the_stock_frontend() {
    let at = Point { x: 0x0102, y: 0xfffe };
    let table: [(ToStreamer, &[u8]); 6] = [
        (ToStreamer::IFrameRequest, &[0]),
        (ToStreamer::KeyDown { code: 65, repeat: true }, &[60, 65, 1]),
        (ToStreamer::MouseDown(Click { button: 2, at }), &[72, 2, 2, 1, 0xfe, 0xff]),
        (ToStreamer::MouseMove { at, delta: (-1, 3) }, &[74, 2, 1, 0xfe, 0xff, 0xff, 0xff, 3, 0]),
        (ToStreamer::MouseWheel { delta: -2, at }, &[75, 0xfe, 0xff, 2, 1, 0xfe, 0xff]),
        (ToStreamer::UiInteraction("hé".into()), &[50, 2, 0, b'h', 0, 0xe9, 0]),
    ];
    for (message, bytes) in table {
        assert_eq!(message.encode(), bytes, "{message:?}");
        assert_eq!(ToStreamer::parse(bytes), Ok(message));
    }
    assert_eq!(FromStreamer::Response("hé".into()).encode(), [1, b'h', 0, 0xe9, 0]);
    assert_eq!(FromStreamer::InputControlOwnership(true).encode(), [12, 1]);
    assert_eq!(FromStreamer::TestEcho.encode_for("P1"), [199, 4, 0, b'P', 0, b'1', 0, 11]);
}

#[test]
fn what_is_no_message_is_said() {
    assert_eq!(ToStreamer::parse(&[]), Err(Malformed::Empty));
    assert_eq!(ToStreamer::parse(&[42]), Err(Malformed::Unknown(42)));
    assert_eq!(ToStreamer::parse(&[50, 9, 0, 1]), Err(Malformed::Short(50)));
    assert_eq!(ToStreamer::parse(&[80, 2, 0, 0]), Err(Malformed::Short(80)));
    let lone_surrogate = [50, 1, 0, 0x00, 0xd8];
    assert_eq!(ToStreamer::parse(&lone_surrogate), Ok(ToStreamer::UiInteraction("\u{fffd}".into())));
}

#[test]
fn the_tables_name_what_can_be_read() {
    let [towards, from] = protocol_messages().map(|message| match message {
        FromStreamer::Protocol(text) => serde_json::from_str::<Value>(&text).unwrap(),
        other => panic!("{other:?}"),
    });
    assert_eq!((&towards["Direction"], &from["Direction"]), (&0.into(), &1.into()));
    assert_eq!(towards["MouseMove"]["structure"].as_array().unwrap().len(), 4);
    assert!(towards.get("DataChannelLatencyTest").is_none());
    for (name, message) in towards.as_object().unwrap().iter().filter(|(name, _)| *name != "Direction") {
        let id = u8::try_from(message["id"].as_u64().unwrap()).unwrap();
        assert_ne!(ToStreamer::parse(&[id]), Err(Malformed::Unknown(id)), "{name}");
    }
    assert_eq!(from["InputControlOwnership"]["id"], 12);
    assert_eq!(from["Protocol"]["id"], 255);
}
