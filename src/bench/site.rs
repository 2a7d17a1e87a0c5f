//! Where a measurement takes place: a server and its process, and the window of time that counts.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::dial::Dialer;
use super::machine::{self, Usage};
use crate::config::Via;

/// A server, as the generator reaches it.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) dialer: Dialer,
    /// Where it takes streamers.
    pub(super) streamers: http::Uri,
    /// Where it takes players.
    pub(super) players: http::Uri,
    /// Its process.
    pub(super) pid: Option<u32>,
}

impl Site {
    /// What streamers and players connect over.
    pub(super) fn vias(&self) -> (Via, Via) {
        (Via::of(&self.streamers), Via::of(&self.players))
    }

    /// The same by name.
    pub(super) fn via_names(&self) -> (&'static str, &'static str) {
        let (streamers, players) = self.vias();
        (streamers.name(), players.name())
    }
}

/// As many sessions over a transport as the machine holds, of so many, with what is to be said when these are fewer.
pub(super) fn within_limits(wanted: usize, via: Via) -> (usize, Option<String>) {
    let most = if matches!(via, Via::Ws | Via::Wss) { machine::sessions_over_tcp() } else { usize::MAX };
    if wanted <= most {
        return (wanted, None);
    }
    let limit = machine::descriptors().unwrap_or_default();
    let note = format!("{most} sessions, not {wanted}: a process may have {limit} descriptors. Raise that (ulimit -n)");
    (most, Some(note))
}

/// The window that counts: after the warm-up, as long as a round is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) begin: Instant,
    pub(super) end: Instant,
}

impl Window {
    /// A window that begins after a quarter of its length.
    pub(super) fn after_warm_up(time: Duration) -> Self {
        let begin = Instant::now() + (time / 4).clamp(Duration::from_millis(20), Duration::from_millis(500));
        Self { begin, end: begin + time }
    }

    pub(super) fn holds(&self, at: Instant) -> bool {
        at >= self.begin && at < self.end
    }

    pub(super) fn length(&self) -> Duration {
        self.end - self.begin
    }

    /// Waits for the window's end. Returns what was used within it.
    pub(super) async fn watch(&self, pid: Option<u32>) -> Spent {
        sleep_until(self.begin).await;
        let before = Meter::read(pid);
        sleep_until(self.end).await;
        before.until_now(pid)
    }
}

/// What was used until now, by the server and by the generator.
pub(super) struct Meter {
    at: Instant,
    server: Option<Usage>,
    own: Option<Usage>,
}

/// What was used within a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// How long it was.
    pub(super) elapsed: Duration,
    /// The server's CPU time.
    pub(super) server: Option<Duration>,
    /// The generator's.
    pub(super) own: Option<Duration>,
}

impl Meter {
    pub(super) fn read(pid: Option<u32>) -> Self {
        let own = machine::usage(std::process::id());
        Self { at: Instant::now(), server: pid.and_then(machine::usage), own }
    }

    pub(super) fn until_now(&self, pid: Option<u32>) -> Spent {
        let now = Self::read(pid);
        let cpu = |now: Option<Usage>, then: Option<Usage>| Some(now?.cpu.saturating_sub(then?.cpu));
        Spent { elapsed: now.at - self.at, server: cpu(now.server, self.server), own: cpu(now.own, self.own) }
    }
}

impl Spent {
    /// The server's CPU time for each of so many, in microseconds.
    pub(super) fn server_us_each(&self, count: u64) -> Option<f64> {
        (count > 0).then_some(self.server?.as_secs_f64() * 1e6 / count as f64)
    }

    /// How many processors the server kept busy.
    pub(super) fn server_cores(&self) -> Option<f64> {
        Some(self.server?.as_secs_f64() / self.elapsed.as_secs_f64())
    }

    /// How many processors the generator kept busy.
    pub(super) fn own_cores(&self) -> Option<f64> {
        Some(self.own?.as_secs_f64() / self.elapsed.as_secs_f64())
    }
}
