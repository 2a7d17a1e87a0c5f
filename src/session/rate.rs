//! How much a session may say (design.md §2): over any of its rates, its reads pause; for too long, and it is closed.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{Bucket, Rate};
use crate::metrics::Limit;
use crate::wire::Role;

/// What one kind of peer may send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Messages.
    pub messages: Rate,
    /// Their bytes.
    pub bytes: Rate,
}

impl Allowance {
    fn and(self, times: u32, more: Self) -> Self {
        let times = f64::from(times);
        Self { messages: self.messages.and(more.messages.times(times)), bytes: self.bytes.and(more.bytes.times(times)) }
    }
}

/// The rates of the roles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of a player; and what each subscriber adds to a publisher's.
    pub player: Allowance,
    /// Of a streamer or SFU without subscribers.
    pub publisher: Allowance,
    /// How often anybody may change who is subscribed to whom, or under which name.
    pub changes: Rate,
    /// How long a session may be throttled without a break before it is closed.
    pub patience: Duration,
}

impl Rates {
    /// What a session with so many subscribers may send.
    fn of(&self, role: Role, audience: u32) -> Allowance {
        if role.publishes() { self.publisher.and(audience, self.player) } else { self.player }
    }
}

/// What a session may still say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    messages: Bucket,
    bytes: Bucket,
    changes: Bucket,
}

/// A session has said too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) limit: Limit,
    /// When there is something again.
    pub(super) wait: Duration,
}

impl Budget {
    pub(super) fn full(rates: &Rates, role: Role, now: Instant) -> Self {
        let Allowance { messages, bytes } = rates.of(role, 0);
        Self {
            messages: Bucket::full(messages, now),
            bytes: Bucket::full(bytes, now),
            changes: Bucket::full(rates.changes, now),
        }
    }

    /// Takes a message of so many bytes, or a sign of life, which costs its reader as much as a short message.
    pub(super) fn take(&mut self, bytes: usize) {
        self.messages.take(1.0);
        self.bytes.take(bytes as f64);
    }

    /// Takes a change of a subscription or a name.
    pub(super) fn take_change(&mut self) {
        self.changes.take(1.0);
    }

    pub(super) fn is_spent(&self) -> bool {
        self.messages.is_spent() || self.bytes.is_spent() || self.changes.is_spent()
    }

    /// Refills; says of what there is still nothing, and for how long.
    pub(super) fn refill(&mut self, rates: &Rates, role: Role, audience: u32, now: Instant) -> Option<Over> {
        let Allowance { messages, bytes } = rates.of(role, audience);
        let waits = [
            (Limit::MessageRate, self.messages.refill(messages, now)),
            (Limit::ByteRate, self.bytes.refill(bytes, now)),
            (Limit::SubscriptionRate, self.changes.refill(rates.changes, now)),
        ];
        let over = waits.into_iter().filter_map(|(limit, wait)| Some(Over { limit, wait: wait? }));
        over.max_by_key(|over| over.wait)
    }
}
