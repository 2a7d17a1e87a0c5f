//! The pure core, compiled by itself: it builds in seconds, and the fuzzer's counters are its own alone.
#![allow(dead_code, reason = "parts of the core are there for the gateway, or for its tests")]

#[rustfmt::skip]
#[path = "../../src/session/dispatch.rs"]
mod dispatch;
#[rustfmt::skip]
#[path = "../../src/transport/framing.rs"]
mod frames;
#[rustfmt::skip]
#[path = "../../src/fuzzing/core/mod.rs"]
pub mod fuzzing;
#[rustfmt::skip]
#[path = "../../src/hub/mod.rs"]
pub mod hub;
#[rustfmt::skip]
#[path = "../../src/id.rs"]
pub mod id;
#[rustfmt::skip]
#[path = "../../src/wire/mod.rs"]
pub mod wire;

mod session {
    pub(crate) use crate::dispatch::{Asked, ask};
}

mod transport {
    pub(crate) use crate::frames as framing;
}
