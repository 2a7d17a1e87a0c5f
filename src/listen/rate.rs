//! How often an address may ask over HTTP. A minute begins with an address's first request; upgrades do not count.
//!
//! Memory is bounded: when too many addresses are known, those whose minute is over are forgotten, and while there is
//! still no room, addresses that are not known pass uncounted.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use crate::config::HttpRate;

const MINUTE: Duration = Duration::from_secs(60);

/// Addresses that are counted at once: about 4 MB.
const KNOWN: usize = 100_000;

/// How often room is made at most.
const BETWEEN_CLEARINGS: Duration = Duration::from_secs(10);

/// How many requests each address made in its minute.
#[derive(Debug)]
pub(crate) struct HttpRates {
    rate: ArcSwap<HttpRate>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    minutes: FxHashMap<IpAddr, Minute>,
    /// When room was made last: to look at all of them for each newcomer would be an attack's reward.
    cleared: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Minute {
    since: Instant,
    requests: u32,
}

impl HttpRates {
    pub(crate) fn new(rate: HttpRate) -> Self {
        Self { rate: ArcSwap::from_pointee(rate), known: Mutex::default() }
    }

    /// Another rate from now on.
    pub(crate) fn change(&self, rate: HttpRate) {
        self.rate.store(rate.into());
    }

    /// Counts a request. `Err` is how long its address must wait.
    pub(super) fn count(&self, ip: IpAddr, now: Instant) -> Result<(), Duration> {
        let HttpRate { per_minute, loopback } = **self.rate.load();
        if per_minute == 0 || (!loopback && ip.is_loopback()) {
            return Ok(());
        }
        let mut known = self.known.lock();
        let who = site(ip);
        if !known.has_room_for(who, now) {
            return Ok(());
        }
        let minute = known.minutes.entry(who).or_insert(Minute { since: now, requests: 0 });
        if now.duration_since(minute.since) >= MINUTE {
            *minute = Minute { since: now, requests: 0 };
        }
        minute.requests = minute.requests.saturating_add(1);
        if minute.requests <= per_minute { Ok(()) } else { Err(minute.since + MINUTE - now) }
    }
}

impl Known {
    fn has_room_for(&mut self, who: IpAddr, now: Instant) -> bool {
        if self.minutes.len() < KNOWN || self.minutes.contains_key(&who) {
            return true;
        }
        if self.cleared.is_none_or(|cleared| now.duration_since(cleared) >= BETWEEN_CLEARINGS) {
            self.cleared = Some(now);
            self.minutes.retain(|_, minute| now.duration_since(minute.since) < MINUTE);
        }
        self.minutes.len() < KNOWN
    }
}

/// Of IPv6, one site has the lower half of the bits for itself.
fn site(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
impl HttpRates {
    pub(super) fn known(&self) -> usize {
        self.known.lock().minutes.len()
    }
}
