//! How a session ended: one log line, one count, one report.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::Instant;
use tracing::info;

use crate::id::{PlayerId, SessionId};
use crate::metrics::Metrics;
use crate::transport::{Ended, TransportKind};
use crate::wire::{Close, CloseCode, Role};

/// How many reports a slow reader may be behind.
const KEPT: usize = 1024;

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The gateway, by its rules.
    Gateway,
    /// The peer closed.
    Peer,
    /// The connection was lost.
    Loss,
}

impl By {
    /// The name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Peer => "peer",
            Self::Loss => "loss",
        }
    }
}

/// A session that has ended.
#[derive(Clone, Debug)]
pub struct SessionReport {
    /// Which.
    pub session: SessionId,
    /// What it was.
    pub role: Role,
    /// How it was connected.
    pub transport: TransportKind,
    /// From where.
    pub remote: SocketAddr,
    /// Its id as a player.
    pub player_id: Option<PlayerId>,
    /// Who ended it.
    pub by: By,
    /// With which code and reason.
    pub close: Close,
    /// How long it lasted.
    pub lasted: Duration,
    /// What went through it.
    pub traffic: Traffic,
    /// Whether the rules let it in; otherwise it was closed as it began.
    pub admitted: bool,
}

/// What went through a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages that the peer sent.
    pub received: u64,
    /// Messages that the peer was sent.
    pub sent: u64,
}

/// Why the pump stopped.
#[derive(Debug)]
pub(super) enum Ending {
    /// The gateway's rules ended it; the peer is told.
    Gateway(Close),
    /// The transport ended.
    Transport(Ended),
}

impl Ending {
    /// What the peer is still to be told: our close, or the answer to its own.
    pub(super) fn to_tell(&self) -> Option<&Close> {
        match self {
            Self::Gateway(close) | Self::Transport(Ended::Violation(close) | Ended::ByPeer(close)) => Some(close),
            Self::Transport(Ended::Lost(_) | Ended::TimedOut) => None,
        }
    }

    fn told(&self) -> (By, Close) {
        match self {
            Self::Gateway(close) | Self::Transport(Ended::Violation(close)) => (By::Gateway, close.clone()),
            Self::Transport(Ended::ByPeer(close)) => (By::Peer, close.clone()),
            Self::Transport(Ended::Lost(why)) => (By::Loss, Close::new(CloseCode::ABNORMAL, why.clone())),
            Self::Transport(Ended::TimedOut) => (By::Loss, Close::new(CloseCode::DEAD, "no sign of life")),
        }
    }
}

#[derive(Debug)]
pub(super) struct Reporter {
    arrivals: broadcast::Sender<Role>,
    reports: broadcast::Sender<SessionReport>,
}

/// A session whose end will be reported: once, even if its task is dropped without a word.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    reporter: &'a Reporter,
    metrics: &'a Metrics,
    who: Who,
    at: Instant,
    reported: bool,
    admitted: bool,
}

/// Whose session it is.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) session: SessionId,
    pub(super) role: Role,
    pub(super) transport: TransportKind,
    pub(super) remote: SocketAddr,
    pub(super) player_id: Option<PlayerId>,
}

impl Default for Reporter {
    fn default() -> Self {
        Self { arrivals: broadcast::Sender::new(KEPT), reports: broadcast::Sender::new(KEPT) }
    }
}

impl Reporter {
    pub(super) fn subscribe(&self) -> broadcast::Receiver<SessionReport> {
        self.reports.subscribe()
    }

    pub(super) fn arrivals(&self) -> broadcast::Receiver<Role> {
        self.arrivals.subscribe()
    }

    pub(super) fn open<'a>(&'a self, metrics: &'a Metrics, who: Who, admitted: bool) -> Opened<'a> {
        let Who { session, role, transport, remote, player_id } = &who;
        metrics.opened(*role, transport.name());
        let player = player_id.as_ref().map(PlayerId::as_str);
        info!(%session, %role, transport = transport.name(), player, %remote, "session opened");
        if admitted {
            // Nobody listening is no error.
            let _ = self.arrivals.send(*role);
        }
        Opened { reporter: self, metrics, who, at: Instant::now(), reported: false, admitted }
    }
}

impl Opened<'_> {
    pub(super) fn close(mut self, ending: &Ending, traffic: Traffic) {
        let (by, close) = ending.told();
        self.report(by, close, traffic);
    }

    fn report(&mut self, by: By, close: Close, traffic: Traffic) {
        self.reported = true;
        let Who { session, role, transport, remote, player_id } = self.who.clone();
        let lasted = self.at.elapsed();
        let seconds = (lasted.as_secs_f64() * 1e3).round() / 1e3;
        self.metrics.closed(role, transport.name(), close.code, by.name());
        info!(
            %session, %role, transport = transport.name(), by = by.name(), code = close.code.0,
            reason = &*close.reason, seconds, received = traffic.received,
            sent = traffic.sent, "session closed"
        );
        let admitted = self.admitted;
        let report =
            SessionReport { session, role, transport, remote, player_id, by, close, lasted, traffic, admitted };
        // Nobody listening is no error.
        let _ = self.reporter.reports.send(report);
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        if !self.reported {
            let close = Close::new(CloseCode::ABNORMAL, "the gateway dropped the session");
            self.report(By::Gateway, close, Traffic::default());
        }
    }
}
