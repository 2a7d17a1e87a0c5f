//! What a streamer answers to a player on the data channel. The rules, without sockets and clocks of its own.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::datachannel::{FromStreamer, ToStreamer};
use super::studio::Studio;

#[cfg(test)]
mod tests;

/// The most filler that a latency test gets back, in characters: it fits in a data channel message of any stack.
const MAX_FILLER: usize = 16 * 1024;

/// What a message leads to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// What is said to the player, in this order.
    pub(super) replies: Vec<FromStreamer>,
    /// What is done to its stream.
    pub(super) effect: Option<Effect>,
}

/// What a player wants of its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// A keyframe.
    Keyframe,
    /// No pictures and no sound until further notice.
    Stop,
    /// Both again.
    Start,
}

impl Answer {
    fn reply(reply: FromStreamer) -> Self {
        Self { replies: vec![reply], effect: None }
    }

    fn effect(effect: Effect) -> Self {
        Self { replies: Vec::new(), effect: Some(effect) }
    }
}

/// Answers a player, and shows what it did.
pub(super) fn answer(studio: &Studio, player: &Arc<str>, message: &ToStreamer, now: SystemTime) -> Answer {
    match message {
        ToStreamer::IFrameRequest => Answer::effect(Effect::Keyframe),
        ToStreamer::StartStreaming => Answer::effect(Effect::Start),
        ToStreamer::StopStreaming => Answer::effect(Effect::Stop),
        ToStreamer::RequestQualityControl => request_control(studio, player),
        ToStreamer::RequestInitialSettings => Answer::reply(FromStreamer::InitialSettings(settings(studio))),
        ToStreamer::TestEcho => Answer::reply(FromStreamer::TestEcho),
        ToStreamer::LatencyTest(_) => Answer::reply(FromStreamer::LatencyTest(latency(studio, now))),
        ToStreamer::DataChannelLatencyTest(request) => channel_latency(request, now),
        ToStreamer::UiInteraction(text) => {
            studio.apply(&ToStreamer::UiInteraction(shown(text)));
            Answer::reply(FromStreamer::Response(text.clone()))
        }
        ToStreamer::Command(text) => {
            command(studio, player, text);
            Answer::default()
        }
        ToStreamer::GamepadConnected => {
            Answer::reply(FromStreamer::GamepadResponse(json!({ "controllerId": 0 }).to_string()))
        }
        input => {
            studio.apply(input);
            Answer::default()
        }
    }
}

/// The last who asks may change the rate; everybody may point and type.
fn request_control(studio: &Studio, player: &Arc<str>) -> Answer {
    studio.take_ownership(player);
    let replies = vec![FromStreamer::QualityControlOwnership(true), FromStreamer::InputControlOwnership(true)];
    Answer { replies, effect: None }
}

/// The settings that the stock frontend shows.
fn settings(studio: &Studio) -> String {
    let (rate, (least, most)) = (studio.rate(), studio.bitrate_limits());
    json!({
        "PixelStreaming": { "AllowPixelStreamingCommands": false, "DisableLatencyTest": false },
        "Encoder": {
            "TargetBitrate": rate.bitrate, "MaxBitrate": most, "MinQP": 0, "MaxQP": 51,
            "RateControl": "CBR", "FillerData": false, "MultiPass": "DISABLED",
        },
        "WebRTC": {
            "DegradationPref": "MAINTAIN_FRAMERATE", "FPS": rate.fps, "MinBitrate": least, "MaxBitrate": most,
            "LowQP": 0, "HighQP": 51,
        },
        "ConfigOptions": {},
    })
    .to_string()
}

/// The times that the stock frontend computes its latency from.
fn latency(studio: &Studio, now: SystemTime) -> String {
    let encode = studio.counts(0).map_or(Duration::ZERO, super::Counts::last_encode).as_millis() as u64;
    let now = unix_millis(now);
    json!({ "ReceiptTimeMs": now, "TransmissionTimeMs": now, "EncodeMs": encode, "CaptureToSendMs": encode })
        .to_string()
}

fn channel_latency(request: &str, now: SystemTime) -> Answer {
    let Ok(request) = serde_json::from_str::<Value>(request) else { return Answer::default() };
    let filler = request["FillResponseSize"].as_u64().unwrap_or(0).min(MAX_FILLER as u64) as usize;
    let now = unix_millis(now);
    let response = json!({
        "Seq": request["Seq"], "Filler": "A".repeat(filler), "ReceivedTimestamp": now, "SentTimestamp": now,
    });
    Answer::reply(FromStreamer::DataChannelLatencyTest(response.to_string()))
}

/// Commands of the owner change the rate; the frontend sends each twice, under an old and a new name.
fn command(studio: &Studio, player: &Arc<str>, text: &str) {
    let owner = studio.owner();
    if owner.borrow().as_ref().is_some_and(|owner| owner != player) {
        return;
    }
    let Ok(Value::Object(command)) = serde_json::from_str(text) else { return };
    for (name, value) in &command {
        let Some(value) = number(value) else { continue };
        match name.as_str() {
            "WebRTC.Fps" | "WebRTC.MaxFps" => studio.set_fps(value),
            "WebRTC.MinBitrate" => studio.set_min_bitrate(value),
            "WebRTC.MaxBitrate" => studio.set_max_bitrate(value),
            _ => {}
        }
    }
}

/// A number, also one that is written as a string; beyond what can be it is the largest.
fn number(value: &Value) -> Option<u32> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (number >= 0.0).then_some(number.min(f64::from(u32::MAX)) as u32)
}

/// A UI interaction is JSON: what a string says, and anything else as it is written.
fn shown(text: &str) -> String {
    serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())
}

fn unix_millis(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}
