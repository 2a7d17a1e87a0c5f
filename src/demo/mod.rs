//! The built-in test streamer: a picture with a clock and a sound, streamed to players as Unreal Engine would.
//!
//! One [`Studio`] per streamer encodes each size of the picture once, on a thread of its own, however many watch; a
//! `peer` per player sends the same bytes on. Nothing is encoded while nobody is there. Every queue is bounded: a
//! player that does not keep up loses frames, and nobody else does.

mod audio;
pub mod datachannel;
mod demand;
mod dialogue;
mod font;
mod frame;
mod opus;
mod pattern;
mod peer;
mod player;
mod run;
mod scene;
mod signals;
mod sockets;
mod streamer;
mod studio;
mod video;

pub use frame::{Frame, Source};
pub use run::{demo, test_streamer};
pub use scene::Scene;
pub use streamer::{Standing, TestStreamer};
pub use studio::{Lagged, Seat, Studio};
pub use video::{Counts, KEYFRAME_SPACING, Layer, Rate};
