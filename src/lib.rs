//! A signalling gateway for Unreal Engine Pixel Streaming.

pub mod hub;
pub mod id;
pub mod metrics;
pub mod router;
pub mod session;
pub mod transport;
pub mod wire;
