use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::super::datachannel::{FromStreamer, Point, ToStreamer};
use super::super::studio::Studio;
use super::{Answer, Effect, MAX_FILLER, answer};
use crate::config::StreamConfig;

struct Talk {
    studio: Arc<Studio>,
    now: SystemTime,
}

impl Talk {
    fn begin() -> Self {
        let studio = Studio::start(StreamConfig::default(), "Test").unwrap();
        Self { studio, now: UNIX_EPOCH + Duration::from_millis(1_700_000_000_123) }
    }

    fn says(&self, player: &str, message: &ToStreamer) -> Answer {
        answer(&self.studio, &player.into(), message, self.now)
    }

    fn commands(&self, player: &str, text: &str) {
        assert_eq!(self.says(player, &ToStreamer::Command(text.into())), Answer::default());
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_concerns_the_own_stream_is_an_effect() {
    let talk = Talk::begin();
    let table = [
        (ToStreamer::IFrameRequest, Effect::Keyframe),
        (ToStreamer::StopStreaming, Effect::Stop),
        (ToStreamer::StartStreaming, Effect::Start),
    ];
    for (message, effect) in table {
        assert_eq!(talk.says("P", &message), Answer { effect: Some(effect), ..Answer::default() });
    }
}

#[test]
fn control_is_given_to_who_asks() {
    let talk = Talk::begin();
    let granted = vec![FromStreamer::QualityControlOwnership(true), FromStreamer::InputControlOwnership(true)];
    assert_eq!(talk.says("P", &ToStreamer::RequestQualityControl).replies, granted);
    assert_eq!(talk.studio.owner().borrow().as_deref(), Some("P"));
}

#[test]
fn only_the_owner_changes_the_rate_if_there_is_one() {
    let talk = Talk::begin();
    talk.commands("P", r#"{"WebRTC.MaxBitrate": 1000000, "WebRTC.Fps": "25"}"#);
    assert_eq!((talk.studio.rate().bitrate, talk.studio.rate().fps), (1_000_000, 25));
    talk.says("Q", &ToStreamer::RequestQualityControl);
    talk.commands("P", r#"{"WebRTC.MaxFps": 10}"#);
    assert_eq!(talk.studio.rate().fps, 25);
    talk.commands("Q", r#"{"WebRTC.MaxFps": 10}"#);
    assert_eq!(talk.studio.rate().fps, 10);
}

#[test]
fn commands_that_mean_nothing_change_nothing() {
    let talk = Talk::begin();
    let before = talk.studio.rate();
    for text in ["", "7", "{", r#"{"WebRTC.Fps": -1}"#, r#"{"WebRTC.Fps": "x"}"#, r#"{"stat.fps": ""}"#] {
        talk.commands("P", text);
    }
    assert_eq!(talk.studio.rate(), before);
    talk.commands("P", r#"{"WebRTC.Fps": 1e300}"#);
    assert_eq!(talk.studio.rate().fps, 60);
}

#[test]
fn the_settings_say_what_is_encoded() {
    let talk = Talk::begin();
    let answer = talk.says("P", &ToStreamer::RequestInitialSettings);
    let [FromStreamer::InitialSettings(text)] = &answer.replies[..] else { panic!("{answer:?}") };
    let settings = json(text);
    assert_eq!((&settings["WebRTC"]["FPS"], &settings["WebRTC"]["MaxBitrate"]), (&30.into(), &4_000_000.into()));
}

#[test]
fn an_interaction_is_shown_and_answered() {
    let talk = Talk::begin();
    let text = r#""jump \u00e9""#.to_owned();
    let answer = talk.says("P", &ToStreamer::UiInteraction(text.clone()));
    assert_eq!(answer.replies, [FromStreamer::Response(text)]);
    assert_eq!(talk.studio.scene().text, "jump é");
    talk.says("P", &ToStreamer::UiInteraction(r#"{"a":1}"#.into()));
    assert_eq!(talk.studio.scene().text, r#"{"a":1}"#);
}

#[test]
fn latency_tests_tell_the_time() {
    let talk = Talk::begin();
    let answer = talk.says("P", &ToStreamer::LatencyTest(r#"{"StartTime":1}"#.into()));
    let [FromStreamer::LatencyTest(text)] = &answer.replies[..] else { panic!("{answer:?}") };
    assert_eq!(json(text)["ReceiptTimeMs"], 1_700_000_000_123_u64);

    let request = r#"{"Seq":9,"FillResponseSize":99999999,"Filler":""}"#;
    let answer = talk.says("P", &ToStreamer::DataChannelLatencyTest(request.into()));
    let [FromStreamer::DataChannelLatencyTest(text)] = &answer.replies[..] else { panic!("{answer:?}") };
    let response = json(text);
    assert_eq!((&response["Seq"], response["Filler"].as_str().unwrap().len()), (&9.into(), MAX_FILLER));
    assert_eq!(talk.says("P", &ToStreamer::DataChannelLatencyTest("{".into())), Answer::default());
}

#[test]
fn input_is_shown() {
    let talk = Talk::begin();
    let at = Point { x: 1, y: 2 };
    assert_eq!(talk.says("P", &ToStreamer::MouseMove { at, delta: (0, 0) }), Answer::default());
    assert_eq!(talk.studio.scene().cursor, Some(at));
}
