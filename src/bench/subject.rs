//! What is measured, and its yardstick.

use super::child::{Gateway, Limit};
use super::dial::Dialer;
use super::error::Failure;
use super::site::Site;
use crate::client::Trust;
use crate::config::{self, Place, Server, Settings, Via};

/// A server.
pub(super) enum Subject {
    /// A child.
    Own { gateway: Gateway, dialer: Dialer, vias: (Via, Via) },
    /// One that runs.
    At { place: Place, dialer: Dialer },
}

impl Subject {
    pub(super) fn reach(server: &Server, settings: &Settings) -> Result<Self, Failure> {
        match server {
            Server::Own { binary, streamers, players } => {
                let gateway = Gateway::start(binary.as_deref())?;
                let dialer = Dialer::new(Trust::Hashes(gateway.hashes()), settings.token.clone())?;
                Ok(Self::Own { gateway, dialer, vias: (*streamers, *players) })
            }
            Server::At(place) => {
                let trust = match &settings.trust {
                    config::Trust::System => Trust::Native,
                    config::Trust::Hash(hash) => Trust::Hashes(vec![*hash]),
                    config::Trust::Anything => Trust::DangerousAcceptAny,
                };
                Ok(Self::At { place: place.clone(), dialer: Dialer::new(trust, settings.token.clone())? })
            }
        }
    }

    /// Whether it is the generator's own, which has every transport.
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Own { .. })
    }

    /// What streamers and players were asked to connect over.
    pub(super) fn vias(&self) -> (Via, Via) {
        match self {
            Self::Own { vias, .. } => *vias,
            Self::At { place, .. } => place.vias(),
        }
    }

    /// The server as it was asked for.
    pub(super) fn site(&self) -> Result<Site, Failure> {
        self.site_over(self.vias())
    }

    /// The server over other transports, where it is the generator's own.
    pub(super) fn site_over(&self, (streamers, players): (Via, Via)) -> Result<Site, Failure> {
        match self {
            Self::Own { gateway, dialer, .. } => Ok(Site {
                dialer: dialer.clone(),
                streamers: gateway.url(streamers, "streamer")?,
                players: gateway.url(players, "player")?,
                pid: Some(gateway.child.pid),
            }),
            Self::At { place, dialer } => Ok(Site {
                dialer: dialer.clone(),
                streamers: place.streamers.clone(),
                players: place.players.clone(),
                pid: place.pid,
            }),
        }
    }
}

/// The yardstick.
pub(super) struct Yardstick {
    limit: Limit,
    dialer: Dialer,
}

impl Yardstick {
    pub(super) fn start() -> Result<Self, Failure> {
        let limit = Limit::start()?;
        let dialer = Dialer::new(Trust::Hashes(limit.hashes()), None)?;
        Ok(Self { limit, dialer })
    }

    /// The verbatim relay over the same transports as the server.
    pub(super) fn relay(&self, (streamers, players): (Via, Via)) -> Site {
        let yardsticks = &self.limit.yardsticks;
        self.site(yardsticks.relay(streamers, "streamer"), yardsticks.relay(players, "player"))
    }

    /// The bare loop.
    pub(super) fn bare(&self) -> Site {
        let yardsticks = &self.limit.yardsticks;
        self.site(yardsticks.bare("streamer"), yardsticks.bare("player"))
    }

    /// The relay of plain bytes.
    pub(super) fn bytes(&self) -> std::net::SocketAddr {
        self.limit.yardsticks.bytes
    }

    fn site(&self, streamers: http::Uri, players: http::Uri) -> Site {
        Site { dialer: self.dialer.clone(), streamers, players, pid: Some(self.limit.child.pid) }
    }
}
