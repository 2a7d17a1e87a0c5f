//! What lasts: sessions that come and go for long, a process that is told to end or killed under load, a network that
//! loses packets. The gateway is the binary, as operators run it.
//!
//! Each has a short form, which every run of the tests takes, and a long one, which `tests/run long` asks for in the
//! environment and which writes its table into `target/long`.
#![cfg(target_os = "linux")]

#[path = "endurance/crowd.rs"]
mod crowd;
#[path = "endurance/drain.rs"]
mod drain;
#[path = "endurance/figures.rs"]
mod figures;
#[path = "endurance/loss.rs"]
mod loss;
#[path = "endurance/restart.rs"]
mod restart;
#[path = "endurance/soak.rs"]
mod soak;
mod support;

/// Thousands of sessions and their times: one test after the other.
static MACHINE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
