//! One H.264 encoder on a thread of its own, shared by all who watch its size of the picture.
//!
//! It rests while nobody watches. A keyframe is made when a viewer joins or asks for one, at most every
//! [`KEYFRAME_SPACING`], so that one player on a bad line does not cost the others their quality.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, Profile, RateControlMode, UsageType, VuiConfig,
};
use parking_lot::Mutex;
use str0m::media::MediaTime;
use tokio::sync::broadcast;
use tracing::{debug, error};

use super::demand::{Demand, Next};
use super::frame::{Frame, Source};
use super::pattern::Pattern;
use super::scene::Scene;
use crate::config::Size;

#[cfg(test)]
mod tests;

/// Keyframes that are asked for come no closer than this.
pub const KEYFRAME_SPACING: Duration = Duration::from_millis(300);

/// A new rate needs a new encoder; this bounds how often a player can cause one.
const RATE_SPACING: Duration = Duration::from_millis(500);

/// How fast is encoded. Players may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Pictures per second.
    pub fps: u32,
    /// Of the full size, in bit/s.
    pub bitrate: u32,
}

/// Which of the sizes an encoder makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// 0 is the full size.
    pub index: usize,
    /// Its size.
    pub size: Size,
    /// Its part of the full size's bitrate: one over this.
    pub bitrate_divisor: u32,
}

/// What was encoded so far.
#[derive(Debug, Default)]
pub struct Counts {
    frames: AtomicU64,
    keyframes: AtomicU64,
    encode_micros: AtomicU64,
}

impl Counts {
    /// Frames.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Keyframes among them.
    pub fn keyframes(&self) -> u64 {
        self.keyframes.load(Ordering::Relaxed)
    }

    /// How long drawing and encoding the last one took.
    pub fn last_encode(&self) -> Duration {
        Duration::from_micros(self.encode_micros.load(Ordering::Relaxed))
    }

    fn count(&self, keyframe: bool, took: Duration) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.keyframes.fetch_add(u64::from(keyframe), Ordering::Relaxed);
        self.encode_micros.store(took.as_micros() as u64, Ordering::Relaxed);
    }
}

/// What an encoder's thread works with.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) layer: Layer,
    pub(super) title: String,
    pub(super) demand: Arc<Demand>,
    pub(super) counts: Arc<Counts>,
    pub(super) scene: Arc<Mutex<Scene>>,
    pub(super) rate: Arc<Mutex<Rate>>,
    pub(super) bus: broadcast::Sender<Arc<Frame>>,
    /// The beginning of the stream's clock.
    pub(super) epoch: Instant,
}

/// Encodes until it is stopped.
pub(super) fn run(work: &Work) {
    if let Err(error) = encode_all(work) {
        error!(%error, size = %work.layer.size, "there is no picture any more");
    }
}

fn encode_all(work: &Work) -> Result<(), openh264::Error> {
    let mut encoding = Encoding::new(work)?;
    let mut due = Instant::now();
    loop {
        match work.demand.wait(due) {
            Next::Stop => return Ok(()),
            Next::Resume => due = Instant::now(),
            Next::Encode => {
                encoding.follow_rate()?;
                encoding.frame()?;
                // Whoever is late leaves frames out instead of catching up.
                due = (due + Duration::from_secs(1) / encoding.rate.fps).max(Instant::now());
            }
        }
    }
}

struct Encoding<'a> {
    work: &'a Work,
    pattern: Pattern,
    encoder: Encoder,
    rate: Rate,
    rate_since: Instant,
    number: u64,
    /// A keyframe was asked for and not made yet.
    wanted: bool,
    keyframe_at: Option<Instant>,
}

impl<'a> Encoding<'a> {
    fn new(work: &'a Work) -> Result<Self, openh264::Error> {
        let rate = *work.rate.lock();
        Ok(Self {
            work,
            pattern: Pattern::new(work.layer.size, &work.title),
            encoder: encoder(work.layer, rate)?,
            rate,
            rate_since: Instant::now(),
            number: 0,
            wanted: false,
            keyframe_at: None,
        })
    }

    /// The library's wrapper fixes the rate when an encoder is made, so a new rate is a new encoder.
    fn follow_rate(&mut self) -> Result<(), openh264::Error> {
        let rate = *self.work.rate.lock();
        if rate != self.rate && self.rate_since.elapsed() >= RATE_SPACING {
            debug!(?rate, layer = self.work.layer.index, "the rate changes");
            self.encoder = encoder(self.work.layer, rate)?;
            (self.rate, self.rate_since) = (rate, Instant::now());
        }
        Ok(())
    }

    fn frame(&mut self) -> Result<(), openh264::Error> {
        let captured = Instant::now();
        self.wanted |= self.work.demand.take_keyframe();
        let spaced = self.keyframe_at.is_none_or(|at| captured.duration_since(at) >= KEYFRAME_SPACING);
        // The first frame of an encoder is a keyframe without being asked, and the library must not be asked before it.
        if self.wanted && spaced && self.number > 0 {
            self.encoder.force_intra_frame();
        }
        let scene = self.work.scene.lock().clone();
        let picture = self.pattern.draw(self.number, SystemTime::now(), &scene);
        let encoded = self.encoder.encode(picture)?;
        let keyframe = matches!(encoded.frame_type(), FrameType::IDR);
        let data: Arc<[u8]> = encoded.to_vec().into();
        self.number += 1;
        if keyframe {
            (self.wanted, self.keyframe_at) = (false, Some(captured));
        }
        self.work.counts.count(keyframe, captured.elapsed());
        self.publish(data, keyframe, captured);
        Ok(())
    }

    fn publish(&self, data: Arc<[u8]>, keyframe: bool, captured: Instant) {
        if data.is_empty() {
            return;
        }
        let source = Source::Video(self.work.layer.index);
        let time = MediaTime::from(captured.duration_since(self.work.epoch));
        // Nobody there to take it is no fault.
        let _ = self.work.bus.send(Arc::new(Frame { source, data, keyframe, time, captured }));
    }
}

fn encoder(layer: Layer, rate: Rate) -> Result<Encoder, openh264::Error> {
    let config = EncoderConfig::new()
        .profile(Profile::Baseline)
        .usage_type(UsageType::CameraVideoRealTime)
        .complexity(Complexity::Low)
        .rate_control_mode(RateControlMode::Bitrate)
        .bitrate(BitRate::from_bps(rate.bitrate / layer.bitrate_divisor))
        .max_frame_rate(FrameRate::from_hz(rate.fps as f32))
        .vui(VuiConfig::bt709())
        // A test stream that leaves out frames by itself would look like a network that does. The library warns on
        // standard error that the bitrate is then a goal only; it keeps it by the quality, down to a few hundred kbit/s.
        .skip_frames(false)
        .num_threads(1);
    Encoder::with_api_config(OpenH264API::from_source(), config)
}
