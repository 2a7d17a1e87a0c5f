//! A place in the crowd: one session after the other, each of which is left in one of the ways that clients have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use pixelgate::client::{Client, Connection, Event, Options, UdpRelay};
use pixelgate::transport::Ended;
use pixelgate::wire::{CloseCode, Role};
use rand::Rng;
use serde_json::Value;
use tokio::time::{Instant, interval_at, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::parts::{Cast, Part, Player, Sfu, Streamer, kind};
use crate::support::Via;
use crate::support::binary::Announced;

/// How long things take.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// A player's session lasts up to twice that, a streamer's up to four times.
    pub(super) life: Duration,
    /// Until a place is taken again, up to twice that.
    pub(super) pause: Duration,
    /// Between two things that a peer does of itself.
    pub(super) beat: Duration,
    /// After that, a client that vanished is known to be gone.
    pub(super) ghosts: Duration,
}

/// How a session is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// With a close.
    Closes,
    /// The connection is dropped: the end of TCP without a close, or QUIC's close with 0.
    Drops,
    /// As a process that is killed: what is unread turns the end of TCP into a reset; a QUIC stream is reset.
    Dies,
    /// Nothing is sent any more, not even acknowledgements.
    Vanishes,
}

impl Exit {
    pub(super) const ALL: [Self; 4] = [Self::Closes, Self::Drops, Self::Dies, Self::Vanishes];

    fn any() -> Self {
        Self::ALL[rand::rng().random_range(0..Self::ALL.len())]
    }
}

/// What all places share.
pub(super) struct World {
    pub(super) announced: Announced,
    pub(super) options: Options,
    pub(super) client: Client,
    pub(super) cast: Cast,
    pub(super) pace: Pace,
    /// Ends the sessions of a role.
    pub(super) over: [CancellationToken; 3],
    /// Clients that vanished and still have their sockets.
    pub(super) ghosts: TaskTracker,
    pub(super) tally: Tally,
}

/// What has happened to the clients.
#[derive(Default)]
pub(super) struct Tally {
    /// Over QUIC a client may leave before the gateway has heard of it: only who was greeted was a session.
    pub(super) greeted: AtomicU64,
    /// Not let in, or too late.
    pub(super) refused: AtomicU64,
    /// By [`Exit`].
    pub(super) left: [AtomicU64; Exit::ALL.len()],
    /// Ended by the gateway, or lost.
    pub(super) ended: AtomicU64,
    /// Streamers that saw everybody leave.
    pub(super) seen_out: AtomicU64,
    /// What the gateway should not have done.
    pub(super) faults: Mutex<Vec<String>>,
}

/// A place: its role, number and transport stay.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) role: Role,
    pub(super) number: usize,
    pub(super) via: Via,
}

/// A session, with the network that can be taken from it.
struct Line {
    connection: Connection,
    relay: Option<UdpRelay>,
}

impl Place {
    /// Sessions until it is over.
    pub(super) async fn is_taken(self, world: Arc<World>, ramp: Duration) {
        let over = &world.over[self.role as usize];
        let mut pause = share(ramp);
        while over.run_until_cancelled(sleep(pause)).await.is_some() {
            self.has_session(&world, over).await;
            pause = share(world.pace.pause * 2);
        }
    }

    async fn has_session(self, world: &Arc<World>, over: &CancellationToken) {
        let exit = Exit::any();
        let Ok(mut line) = self.connects(world, exit).await else {
            world.tally.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let mut part = self.part(world.cast);
        let stays = world.pace.life * if self.role == Role::Player { 2 } else { 4 };
        match plays(&mut line.connection, &mut *part, world, share(stays), over).await {
            Ok(()) if over.is_cancelled() => self.sees_out(line, part, world).await,
            Ok(()) => line.leaves(exit, world).await,
            Err(Stopped::Ended) => {
                world.tally.ended.fetch_add(1, Ordering::Relaxed);
            }
            Err(Stopped::Fault(fault)) => world.tally.fault(format!("{:?} {}: {fault}", self.via, self.role)),
        }
    }

    /// Those that vanish have a network of their own.
    async fn connects(self, world: &World, exit: Exit) -> Result<Line, String> {
        let url = world.announced.url(self.via, self.role);
        let said = |error: pixelgate::client::ConnectError| error.to_string();
        let (client, relay, url) = match (exit, self.via) {
            (Exit::Vanishes, Via::Quic) => (Client::new(world.options.clone()).map_err(said)?, None, url),
            (Exit::Vanishes, Via::WebTransport) => {
                let relay = UdpRelay::new(world.announced.quic).await.expect("a free port");
                let url = url.replace(&world.announced.quic.to_string(), &relay.address().to_string());
                (world.client.clone(), Some(relay), url)
            }
            _ => (world.client.clone(), None, url),
        };
        let connection = client.connect(&url).await.map_err(said)?;
        Ok(Line { connection, relay })
    }

    fn part(self, cast: Cast) -> Box<dyn Part> {
        match self.role {
            Role::Player => Box::new(Player::new(cast)),
            Role::Sfu => Box::new(Sfu::new(cast, self.number)),
            Role::Streamer => Box::new(Streamer::new(self.number)),
        }
    }

    /// At the end everybody closes, and streamers stay until they were told that nobody is left.
    async fn sees_out(self, mut line: Line, mut part: Box<dyn Part>, world: &World) {
        if self.role == Role::Streamer {
            let deadline = Instant::now() + world.pace.ghosts * 3;
            while part.audience() > 0 && Instant::now() < deadline {
                let turn = Duration::from_millis(50);
                if plays(&mut line.connection, &mut *part, world, turn, &CancellationToken::new()).await.is_err() {
                    world.tally.ended.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
            match part.audience() {
                0 => _ = world.tally.seen_out.fetch_add(1, Ordering::Relaxed),
                left => world.tally.fault(format!("a streamer is left with {left} players who have gone")),
            }
        }
        line.leaves(Exit::Closes, world).await;
    }
}

impl Line {
    async fn leaves(self, exit: Exit, world: &World) {
        let Self { mut connection, relay } = self;
        world.tally.left[exit as usize].fetch_add(1, Ordering::Relaxed);
        match exit {
            Exit::Closes => connection.close(CloseCode::NORMAL, "").await,
            Exit::Drops => drop(connection),
            Exit::Dies => {
                // The answer comes, and is not read.
                let _ = connection.send(r#"{"type":"listStreamers"}"#).await;
                sleep(Duration::from_millis(50)).await;
                drop(connection.abort());
            }
            Exit::Vanishes => {
                relay.iter().for_each(|relay| relay.silence(true));
                let vanished = connection.vanish();
                let holds = world.pace.ghosts;
                world.ghosts.spawn(async move {
                    sleep(holds).await;
                    drop((vanished, relay));
                });
            }
        }
    }
}

impl Tally {
    fn fault(&self, fault: String) {
        self.faults.lock().push(fault);
    }
}

/// Why a part was not played to its end.
enum Stopped {
    Ended,
    Fault(String),
}

impl From<Ended> for Stopped {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

/// Listens, answers, and does something now and then, for so long or until it is over.
async fn plays(
    connection: &mut Connection,
    part: &mut dyn Part,
    world: &World,
    stays: Duration,
    over: &CancellationToken,
) -> Result<(), Stopped> {
    let until = Instant::now() + stays;
    let mut beat = interval_at(Instant::now() + share(world.pace.beat), world.pace.beat);
    loop {
        let words = tokio::select! {
            event = connection.recv() => match event {
                Event::Message(text) => heard(part, &text, &world.tally)?,
                Event::Ended(_) => return Err(Stopped::Ended),
            },
            _ = beat.tick() => part.acts(),
            () = sleep_until(until) => return Ok(()),
            () = over.cancelled() => return Ok(()),
        };
        for message in words {
            connection.feed(message.to_string()).await?;
        }
        connection.flush().await?;
    }
}

fn heard(part: &mut dyn Part, text: &[u8], tally: &Tally) -> Result<Vec<Value>, Stopped> {
    // To everybody, every second: nobody here minds.
    if text.starts_with(br#"{"type":"playerCount""#) {
        return Ok(Vec::new());
    }
    let message = serde_json::from_slice(text).map_err(|error| Stopped::Fault(error.to_string()))?;
    if kind(&message) == "config" {
        tally.greeted.fetch_add(1, Ordering::Relaxed);
    }
    part.hears(&message).map_err(Stopped::Fault)
}

/// Any part of that.
fn share(whole: Duration) -> Duration {
    whole.mul_f64(rand::rng().random())
}
