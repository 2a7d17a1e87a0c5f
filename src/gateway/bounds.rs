//! The configured limits, as those have them who enforce them.

use std::time::Duration;

use crate::config::{Config, Limits};
use crate::limits::Rate;
use crate::listen;
use crate::session::{Allowance, Rates, SessionLimits, Stay};

/// What a session may say at once after a silence: that of so many seconds.
const MESSAGES_AT_ONCE: f64 = 2.0;
const CHANGES_AT_ONCE: f64 = 2.0;

/// More than two largest messages of the usual length.
const BYTES_AT_ONCE: f64 = 4.0;

/// A handshake that goes wrong is tried again and again; a flood is something else.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn gate(config: &Config) -> listen::Bounds {
    let bounds = config.bounds.in_force(config.limits);
    listen::Bounds {
        connections: bounds.connections,
        kept_for_here: 0,
        connections_per_address: bounds.connections_per_address,
        handshakes: bounds.handshakes,
        handshakes_per_address: bounds.handshakes_per_address,
        establishing_per_address: (config.limits != Limits::Off).then_some(listen::ESTABLISHING_OF_ADDRESS),
        streamers_per_token: bounds.streamers_per_token,
        loopback: config.limits == Limits::Loopback,
    }
}

/// Of the operators' listener: its own, whatever the players' are.
pub(super) fn operators(config: &Config) -> listen::Bounds {
    let of_address = listen::OPERATORS.connections_per_address.filter(|_| config.limits != Limits::Off);
    let loopback = config.limits == Limits::Loopback;
    listen::Bounds { connections_per_address: of_address, loopback, ..listen::OPERATORS }
}

pub(super) fn session(config: &Config) -> SessionLimits {
    let bounds = config.bounds.in_force(config.limits);
    let allowance = |messages, bytes| Allowance {
        messages: Rate::of(messages, MESSAGES_AT_ONCE),
        bytes: Rate::of(bytes, BYTES_AT_ONCE),
    };
    let rates = Rates {
        player: allowance(bounds.player_messages, bounds.player_bytes),
        publisher: allowance(bounds.publisher_messages, bounds.publisher_bytes),
        changes: Rate::of(bounds.subscriptions, CHANGES_AT_ONCE),
        patience: PATIENCE,
    };
    SessionLimits {
        rates: (config.limits != Limits::Off).then_some(rates),
        stay: Stay { unsubscribed: bounds.unsubscribed, idle: bounds.idle, session: bounds.session },
    }
}

pub(super) fn memory(config: &Config) -> Option<usize> {
    config.bounds.in_force(config.limits).buffer_memory
}
