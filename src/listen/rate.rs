//! How often an address may ask over HTTP. A minute begins with an address's first request; upgrades do not count.

use std::net::IpAddr;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::config::HttpRate;
use crate::limits::{Source, Table};

const MINUTE: Duration = Duration::from_secs(60);

/// How many requests each address made in its minute.
#[derive(Debug)]
pub(crate) struct HttpRates {
    rate: ArcSwap<HttpRate>,
    minutes: Table<IpAddr, Minute>,
}

#[derive(Clone, Copy, Debug)]
struct Minute {
    since: Instant,
    requests: u32,
}

impl HttpRates {
    pub(crate) fn new(rate: HttpRate) -> Self {
        Self { rate: ArcSwap::from_pointee(rate), minutes: Table::default() }
    }

    /// Another rate from now on.
    pub(crate) fn change(&self, rate: HttpRate) {
        self.rate.store(rate.into());
    }

    /// Counts a request. `Err` is how long its address must wait.
    pub(super) fn count(&self, source: Source, now: Instant) -> Result<(), Duration> {
        let HttpRate { per_minute, loopback } = **self.rate.load();
        if per_minute == 0 || (!loopback && source.is_here()) {
            return Ok(());
        }
        let (fresh, is_over) = (Minute { since: now, requests: 0 }, |minute: &Minute| minute.is_over(now));
        let counted = self.minutes.with(source.site(), now, fresh, is_over, |minute| {
            if minute.is_over(now) {
                *minute = fresh;
            }
            minute.requests = minute.requests.saturating_add(1);
            if minute.requests <= per_minute { Ok(()) } else { Err(minute.since + MINUTE - now) }
        });
        counted.unwrap_or(Ok(()))
    }
}

impl Minute {
    fn is_over(self, now: Instant) -> bool {
        now.duration_since(self.since) >= MINUTE
    }
}
