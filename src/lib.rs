//! A signalling gateway for Unreal Engine Pixel Streaming.
//!
//! Streamers (the Unreal application), SFUs and players (browsers) arrive over WebSocket, WebTransport or raw QUIC,
//! into one session layer and one router, which relays SDP and ICE and keeps sessions alive.
//!
//! # The way of a message
//!
//! ```text
//! listen ── TLS, HTTP, QUIC, roles ──► session ── scan, rate, splice ──► router ── lock ──► hub (the rules)
//!                                        ▲                                 │
//!                                        └── batch, flush ◄── outbox ◄─────┘
//! ```
//!
//! # The house, from the ground up
//!
//! | part | what |
//! |---|---|
//! | [`id`] | the names of things |
//! | [`wire`] | messages: scanned once, spliced, written. Pure |
//! | [`hub`] | the rules: who is connected, who may reach whom, what each is told. Pure |
//! | [`metrics`] | what is counted |
//! | [`limits`] | rates, places and memory: how what peers take is counted |
//! | [`router`] | the only door to the hub: lock, decide, queue, unlock |
//! | [`transport`] | message streams over WebSocket, WebTransport, QUIC and memory |
//! | [`tls`] | certificates, made here or the operator's, and TLS configurations |
//! | [`config`] | what was written, and what it means |
//! | [`auth`] | who may connect, as what, to which streamers and for how long |
//! | [`session`] | one task per peer: reads, writes, rates, keepalive |
//! | [`listen`] | TCP and UDP: handshakes, upgrades, roles |
//! | [`web`], [`admin`] | pages for players, and for operators |
//! | `matchmaker` | who is told of streamers and players |
//! | [`drain`], [`gateway`] | how a gateway ends; how it is assembled |
//! | [`serve`] | the command; with [`banner`], [`announce`], [`telemetry`], `keys`, `reload` |
//! | [`health`] | the command that asks a gateway how it is |
//! | [`token`] | the command that makes a token |
//! | [`client`] | the other end: a peer of any such server |
//! | `bench` | the command that measures such a server |
//!
//! No part uses one further down the table; `tests/architecture.rs` checks it.

pub mod admin;
pub mod announce;
pub mod auth;
pub mod banner;
#[cfg(feature = "bench")]
pub mod bench;
pub mod client;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod drain;
pub mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod gateway;
pub mod health;
pub mod hub;
pub mod id;
mod keys;
pub mod limits;
pub mod listen;
mod matchmaker;
pub mod metrics;
mod reload;
pub mod router;
pub mod serve;
pub mod session;
pub mod telemetry;
pub mod tls;
pub mod token;
pub mod transport;
pub mod web;
pub mod wire;
