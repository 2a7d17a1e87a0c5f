//! The matchmaker of Unreal Engine 4.27 to 5.4 (protocol.md §6): it sends players to gateways that have a streamer and
//! nobody watching, so it is told of both.
//!
//! Over TCP, bare JSON objects without anything between them. A connection that is lost is made again; the first
//! message then tells how things stand, so that nothing has to be remembered for it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::{info, warn};

use crate::config::Matchmaker;
use crate::router::Router;
use crate::session::{SessionReport, Sessions};
use crate::wire::Role;

#[cfg(test)]
mod tests;

/// How often the matchmaker hears that we are there.
const PING: Duration = Duration::from_secs(30);

/// What a connection, or a message, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the matchmaker is told, and where that is known.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) matchmaker: Matchmaker,
    pub(crate) router: Arc<Router>,
    pub(crate) sessions: Arc<Sessions>,
    /// Where players arrive.
    pub(crate) port: u16,
    /// Whether they do so over TLS.
    pub(crate) https: bool,
}

impl Client {
    /// Tells it of everything. Runs as long as the gateway.
    pub(crate) async fn run(self) {
        loop {
            match timeout(PATIENCE, TcpStream::connect(&self.matchmaker.address)).await {
                Ok(Ok(stream)) => match self.tell_over(stream).await {
                    Ok(()) => info!("the matchmaker closed"),
                    Err(error) => warn!(%error, "the connection to the matchmaker is lost"),
                },
                Ok(Err(error)) => warn!(address = self.matchmaker.address, %error, "no connection to the matchmaker"),
                Err(_) => warn!(address = self.matchmaker.address, "the matchmaker does not answer"),
            }
            sleep(self.matchmaker.retry).await;
        }
    }

    async fn tell_over(&self, stream: TcpStream) -> io::Result<()> {
        info!(address = self.matchmaker.address, "connected to the matchmaker");
        let _ = stream.set_nodelay(true);
        self.tell(stream).await
    }

    /// Until the connection is over.
    async fn tell(&self, stream: impl AsyncRead + AsyncWrite) -> io::Result<()> {
        let (mut reading, mut writing) = tokio::io::split(stream);
        let (mut arrivals, mut departures) = (self.sessions.arrivals(), self.sessions.reports());
        write(&mut writing, &self.standing()).await?;
        let mut pings = interval(PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.tick().await;
        let mut unread = [0; 256];
        loop {
            let message = tokio::select! {
                read = reading.read(&mut unread) => if read? == 0 { return Ok(()) } else { continue },
                arrived = arrivals.recv() => of(arrived, ["streamerConnected", "clientConnected"])?,
                left = departures.recv() => self.left(left)?,
                _ = pings.tick() => Some("ping"),
            };
            if let Some(kind) = message {
                write(&mut writing, &json!({"type": kind})).await?;
            }
        }
    }

    /// With one streamer gone of several, players can still be sent here.
    fn left(&self, report: Result<SessionReport, RecvError>) -> io::Result<Option<&'static str>> {
        let admitted = report.as_ref().map_or(true, |report| report.admitted);
        let told = of(report.map(|report| report.role), ["streamerDisconnected", "clientDisconnected"])?;
        Ok(told.filter(|&kind| admitted && (kind != "streamerDisconnected" || !self.is_ready())))
    }

    fn is_ready(&self) -> bool {
        self.router.streamers().iter().any(|streamer| streamer.role == Role::Streamer)
    }

    fn standing(&self) -> Value {
        json!({
            "type": "connect",
            "address": self.matchmaker.public_address,
            "https": self.https,
            "port": self.port,
            "ready": self.is_ready(),
            "playerConnected": self.router.players().iter().any(|player| player.role == Role::Player),
        })
    }
}

/// What is said of a streamer or a player. Who has missed something tells everything anew.
fn of(role: Result<Role, RecvError>, [streamer, player]: [&'static str; 2]) -> io::Result<Option<&'static str>> {
    match role {
        Ok(Role::Streamer) => Ok(Some(streamer)),
        Ok(Role::Player) => Ok(Some(player)),
        Ok(Role::Sfu) => Ok(None),
        Err(_) => Err(io::Error::other("too much happened at once")),
    }
}

async fn write(to: &mut (impl AsyncWriteExt + Unpin), message: &Value) -> io::Result<()> {
    timeout(PATIENCE, to.write_all(message.to_string().as_bytes())).await?
}
