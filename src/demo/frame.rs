//! What encoders give and peers send on: shared, never copied.

use std::sync::Arc;
use std::time::Instant;

use str0m::media::MediaTime;

/// Where a frame comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The video encoder of this layer; 0 is the full size.
    Video(usize),
    /// The audio encoder.
    Audio,
}

/// One encoded picture or audio packet.
#[derive(Debug)]
pub struct Frame {
    /// Where it comes from.
    pub source: Source,
    /// Annex B for video, one Opus packet for audio.
    pub data: Arc<[u8]>,
    /// A decoder can begin with it.
    pub keyframe: bool,
    /// Its time on the stream's own clock.
    pub time: MediaTime,
    /// When the picture was drawn or the sound was made.
    pub captured: Instant,
}
