//! One streamer's encoders and what all its players share: the scene, the rate, and who may change the rate.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{broadcast, watch};

use super::audio;
use super::datachannel::ToStreamer;
use super::demand::{Demand, Viewer};
use super::frame::Frame;
use super::scene::Scene;
use super::video::{self, Counts, Layer, Rate, Work};
use crate::config::StreamConfig;

/// Frames that wait for a slow player before it loses the oldest: half a second of three layers and sound.
const BACKLOG: usize = 64;

/// How much smaller each layer of simulcast is, in either direction.
const DIVISORS: [u32; 3] = [1, 2, 4];

/// The encoders of one streamer. They end when this is dropped.
#[derive(Debug)]
pub struct Studio {
    config: StreamConfig,
    bus: broadcast::Sender<Arc<Frame>>,
    video: Vec<VideoTrack>,
    audio: Arc<Demand>,
    scene: Arc<Mutex<Scene>>,
    rate: Arc<Mutex<Rate>>,
    limits: Mutex<Limits>,
    /// The player that may change the rate.
    owner: watch::Sender<Option<Arc<str>>>,
}

#[derive(Debug)]
struct VideoTrack {
    layer: Layer,
    demand: Arc<Demand>,
    counts: Arc<Counts>,
}

/// The bounds that the owner set, in bit/s.
#[derive(Clone, Copy, Debug)]
struct Limits {
    least: u32,
    most: u32,
}

/// A place in the audience: frames come as long as it is held.
#[derive(Debug)]
pub struct Seat {
    frames: broadcast::Receiver<Arc<Frame>>,
    _viewers: Vec<Viewer>,
}

/// Frames were lost because they were not taken in time; only a keyframe helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged;

impl Seat {
    /// The next frame of any source.
    ///
    /// # Errors
    /// Some were missed.
    pub async fn recv(&mut self) -> Result<Arc<Frame>, Lagged> {
        match self.frames.recv().await {
            Ok(frame) => Ok(frame),
            Err(broadcast::error::RecvError::Lagged(_)) => Err(Lagged),
            // The studio outlives its audience; if it ever did not, there is nothing more to see.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Studio {
    /// Starts the encoders' threads; they rest until somebody watches. `title` is written into the picture.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(config: StreamConfig, title: &str) -> std::io::Result<Arc<Self>> {
        let (bus, _) = broadcast::channel(BACKLOG);
        let layers = if config.simulcast { &DIVISORS[..] } else { &DIVISORS[..1] };
        let mut studio = Self {
            config,
            bus,
            video: Vec::new(),
            audio: Arc::default(),
            scene: Arc::default(),
            rate: Arc::new(Mutex::new(Rate { fps: config.fps, bitrate: config.bitrate })),
            limits: Mutex::new(Limits { least: *StreamConfig::BITRATE.start(), most: config.bitrate }),
            owner: watch::Sender::new(None),
        };
        let epoch = Instant::now();
        for (index, divisor) in layers.iter().enumerate() {
            let size = config.size.divided(*divisor);
            studio.start_video(Layer { index, size, bitrate_divisor: divisor * divisor }, title, epoch)?;
        }
        studio.start_audio(epoch)?;
        Ok(Arc::new(studio))
    }

    /// What was asked for at the start.
    pub fn config(&self) -> &StreamConfig {
        &self.config
    }

    /// The sizes of the picture, the full one first.
    pub fn layers(&self) -> impl Iterator<Item = Layer> {
        self.video.iter().map(|track| track.layer)
    }

    /// What the encoder of a layer did so far.
    pub fn counts(&self, layer: usize) -> Option<&Counts> {
        self.video.get(layer).map(|track| &*track.counts)
    }

    /// How many watch a layer.
    pub fn viewers(&self, layer: usize) -> usize {
        self.video.get(layer).map_or(0, |track| track.demand.viewers())
    }

    /// A place for a player that watches the first `layers` layers and listens.
    pub fn join(&self, layers: usize) -> Seat {
        let frames = self.bus.subscribe();
        let watched = self.video.iter().take(layers).map(|track| &track.demand);
        Seat { frames, _viewers: watched.chain([&self.audio]).map(Demand::join).collect() }
    }

    /// Asks for a keyframe of a layer.
    pub fn want_keyframe(&self, layer: usize) {
        if let Some(track) = self.video.get(layer) {
            track.demand.want_keyframe();
        }
    }

    /// Shows what a player did; false if it was no input.
    pub fn apply(&self, input: &ToStreamer) -> bool {
        self.scene.lock().apply(input)
    }

    /// What the players did so far.
    pub fn scene(&self) -> Scene {
        self.scene.lock().clone()
    }

    /// What is encoded now.
    pub fn rate(&self) -> Rate {
        *self.rate.lock()
    }

    /// Sets the frame rate, within what can be encoded.
    pub fn set_fps(&self, fps: u32) {
        self.rate.lock().fps = fps.clamp(*StreamConfig::FPS.start(), *StreamConfig::FPS.end());
    }

    /// Sets the lowest bitrate that is wanted, in bit/s.
    pub fn set_min_bitrate(&self, bits: u32) {
        let mut limits = self.limits.lock();
        limits.least = in_range(bits);
        self.rate.lock().bitrate = within(self.config.bitrate, *limits);
    }

    /// Sets the highest bitrate that is wanted, in bit/s.
    pub fn set_max_bitrate(&self, bits: u32) {
        let mut limits = self.limits.lock();
        limits.most = in_range(bits);
        self.rate.lock().bitrate = within(self.config.bitrate, *limits);
    }

    /// The bounds of the bitrate, lowest and highest, in bit/s.
    pub fn bitrate_limits(&self) -> (u32, u32) {
        let limits = self.limits.lock();
        (limits.least, limits.most)
    }

    /// Who may change the rate, now and from now on.
    pub fn owner(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.owner.subscribe()
    }

    /// Lets this player change the rate, and nobody else.
    pub fn take_ownership(&self, player: &Arc<str>) {
        self.owner.send_if_modified(|owner| owner.replace(Arc::clone(player)).as_ref() != Some(player));
    }

    /// Nobody owns the rate any more if this player did.
    pub fn release_ownership(&self, player: &str) {
        self.owner.send_if_modified(|owner| owner.take_if(|owner| **owner == *player).is_some());
    }

    fn start_video(&mut self, layer: Layer, title: &str, epoch: Instant) -> std::io::Result<()> {
        let work = Work {
            layer,
            title: title.to_owned(),
            demand: Arc::default(),
            counts: Arc::default(),
            scene: Arc::clone(&self.scene),
            rate: Arc::clone(&self.rate),
            bus: self.bus.clone(),
            epoch,
        };
        self.video.push(VideoTrack { layer, demand: Arc::clone(&work.demand), counts: Arc::clone(&work.counts) });
        thread::Builder::new().name(format!("video-{}", layer.size)).spawn(move || video::run(&work))?;
        Ok(())
    }

    fn start_audio(&self, epoch: Instant) -> std::io::Result<()> {
        let (demand, bus) = (Arc::clone(&self.audio), self.bus.clone());
        thread::Builder::new().name("audio".into()).spawn(move || audio::run(&demand, &bus, epoch))?;
        Ok(())
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.video.iter().map(|track| &track.demand).chain([&self.audio]).for_each(|demand| demand.stop());
    }
}

fn in_range(bits: u32) -> u32 {
    bits.clamp(*StreamConfig::BITRATE.start(), *StreamConfig::BITRATE.end())
}

/// The wanted bitrate within the limits; where these contradict one another, the upper one counts.
fn within(bits: u32, limits: Limits) -> u32 {
    bits.max(limits.least).min(limits.most)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::frame::Source;
    use super::Studio;
    use crate::config::{Size, StreamConfig};

    fn studio(simulcast: bool) -> Arc<Studio> {
        let size = Size { width: 320, height: 180 };
        Studio::start(StreamConfig { size, simulcast, ..StreamConfig::default() }, "Test").unwrap()
    }

    #[tokio::test]
    async fn all_in_the_audience_get_the_very_same_frames() {
        let studio = studio(false);
        let mut seats: Vec<_> = (0..3).map(|_| studio.join(1)).collect();
        assert_eq!(studio.viewers(0), 3);
        // The last to come may have missed what the others saw first.
        let seen = seats[2].recv().await.unwrap();
        for seat in &mut seats[..2] {
            while !Arc::ptr_eq(&seen, &seat.recv().await.unwrap()) {}
        }
    }

    #[tokio::test]
    async fn who_does_not_keep_up_loses_frames_alone() {
        let studio = studio(false);
        let (mut slow, mut fast) = (studio.join(1), studio.join(1));
        for _ in 0..2 * super::BACKLOG {
            fast.recv().await.expect("it keeps up");
        }
        assert_eq!(slow.recv().await.err(), Some(super::Lagged));
    }

    #[tokio::test]
    async fn each_layer_of_simulcast_is_encoded_while_it_is_watched() {
        let studio = studio(true);
        let sizes: Vec<_> = studio.layers().map(|layer| layer.size.to_string()).collect();
        assert_eq!(sizes, ["320x180", "160x90", "80x44"]);
        let mut seat = studio.join(3);
        let mut missing: std::collections::HashSet<_> = (0..3).map(Source::Video).chain([Source::Audio]).collect();
        while !missing.is_empty() {
            missing.remove(&seat.recv().await.unwrap().source);
        }
        drop(seat);
        let _one = studio.join(1);
        assert_eq!((0..3).map(|layer| studio.viewers(layer)).collect::<Vec<_>>(), [1, 0, 0]);
    }

    #[test]
    fn the_bitrate_stays_within_what_is_wanted_and_what_can_be() {
        let studio = studio(false);
        studio.set_max_bitrate(1_000_000);
        assert_eq!(studio.rate().bitrate, 1_000_000);
        studio.set_max_bitrate(1);
        assert_eq!(studio.rate().bitrate, 100_000);
        studio.set_max_bitrate(20_000_000);
        studio.set_min_bitrate(10_000_000);
        assert_eq!(studio.rate().bitrate, 10_000_000);
        studio.set_fps(0);
        assert_eq!(studio.rate().fps, 1);
    }

    #[test]
    fn the_last_who_asks_owns_the_rate() {
        let studio = studio(false);
        let (one, two): (Arc<str>, Arc<str>) = ("Player1".into(), "Player2".into());
        studio.take_ownership(&one);
        studio.take_ownership(&two);
        studio.release_ownership(&one);
        assert_eq!(studio.owner().borrow().as_ref(), Some(&two));
        studio.release_ownership(&two);
        assert_eq!(*studio.owner().borrow(), None);
    }
}
