//! A signalling gateway for Unreal Engine Pixel Streaming.

pub mod admin;
pub mod announce;
pub mod banner;
pub mod client;
pub mod config;
pub mod drain;
pub mod files;
pub mod gateway;
pub mod hub;
pub mod id;
pub mod listen;
pub mod metrics;
pub mod router;
pub mod serve;
pub mod session;
pub mod telemetry;
pub mod tls;
pub mod transport;
pub mod web;
pub mod wire;
