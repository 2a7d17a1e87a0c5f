//! The pure core of the gateway, and what is measured of it.
//!
//! The files are the gateway's own, compiled by themselves: no cryptography, no codec, no runtime, so that the
//! optimised code is there within seconds.
#![allow(dead_code, unused_imports, reason = "parts of the core are there for the gateway")]

#[rustfmt::skip]
#[path = "../../src/session/dispatch.rs"]
mod dispatch;
#[rustfmt::skip]
#[path = "../../src/transport/framing.rs"]
pub mod framing;
#[rustfmt::skip]
#[path = "../../src/hub/mod.rs"]
pub mod hub;
#[rustfmt::skip]
#[path = "../../src/id.rs"]
pub mod id;
#[rustfmt::skip]
#[path = "../../src/wire/mod.rs"]
pub mod wire;

mod crowd;
mod messages;
pub mod scenes;
