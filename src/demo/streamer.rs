//! The streamer: one signalling session, and a task per player.
//!
//! The signalling session is opened again whenever it ends; the players of the old one are gone with it, as their ids
//! mean nothing to the next.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::peer::{Peer, PeerError};
use super::player::{Ending, Player, Signal};
use super::signals::{self, Told};
use super::sockets::{Sockets, local_addresses};
use super::studio::Studio;
use crate::client::{Attempts, Backoff, Client, ConnectError, Connection, Event, Fault};
use crate::wire::CloseCode;

/// How often the server is asked for a sign of life by the protocol's own ping, as Unreal Engine does.
const PING: Duration = Duration::from_secs(30);

/// How long the server may take for a message.
const SEND: Duration = Duration::from_secs(10);

/// Signals that wait for a player's task. A player that sends more before they are taken loses the newest.
const SIGNALS: usize = 64;

/// A session that lived this long was a success: the next failure counts as the first.
const STABLE: Duration = Duration::from_secs(10);

/// Where a streamer stands, for whoever starts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// There is no session yet, or no longer.
    #[default]
    Away,
    /// It streams under this id.
    Streaming(String),
}

/// A test streamer that is not connected yet.
#[derive(Debug)]
pub struct TestStreamer {
    client: Client,
    url: String,
    id: String,
    studio: Arc<Studio>,
    standing: watch::Sender<Standing>,
}

impl TestStreamer {
    /// A streamer of that studio's picture that wants this id at the server of this URL.
    pub fn new(client: Client, url: impl Into<String>, id: impl Into<String>, studio: Arc<Studio>) -> Self {
        Self { client, url: url.into(), id: id.into(), studio, standing: watch::Sender::default() }
    }

    /// Where it stands, now and from now on.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Streams until `stop` is cancelled.
    ///
    /// # Errors
    /// The server cannot be dialled, and trying again is of no use: the URL, the token or the certificate is wrong.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ConnectError> {
        let backoff = Backoff::default();
        let (mut attempts, mut succeeded) = (Attempts::new(backoff), false);
        while let Some(connected) = stop.run_until_cancelled(self.client.connect(&self.url)).await {
            match connected {
                Ok(connection) => {
                    let begun = Instant::now();
                    succeeded = true;
                    let Some(why) = self.session(connection, &stop).await else { break };
                    if begun.elapsed() >= STABLE {
                        attempts.succeeded();
                    }
                    warn!(%why, "the signalling session ended; connecting again");
                }
                // What never worked is mended by the caller; what worked once may work again.
                Err(error) if error.fault() == Fault::Caller && !succeeded => return Err(error),
                Err(error) => warn!(%error, "no signalling server; trying again"),
            }
            let wait = attempts.wait(&mut rand::rng()).unwrap_or(backoff.max);
            stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
        Ok(())
    }

    /// One session; says why it ended, or `None` if this side stopped.
    async fn session(&self, connection: Connection, stop: &CancellationToken) -> Option<String> {
        let mut session = Session {
            streamer: self,
            connection,
            players: HashMap::new(),
            tasks: JoinSet::new(),
            begun: 0,
            addresses: local_addresses(),
        };
        let why = stop.run_until_cancelled(session.run()).await;
        self.standing.send_replace(Standing::Away);
        session.end().await;
        why
    }
}

struct Session<'a> {
    streamer: &'a TestStreamer,
    connection: Connection,
    players: HashMap<Arc<str>, Seated>,
    tasks: JoinSet<(Arc<str>, u64, Ending)>,
    /// Tasks that were begun.
    begun: u64,
    addresses: Vec<IpAddr>,
}

/// A player that the server has told about.
struct Seated {
    /// Its task, as soon as there is one. Dropped, the task ends.
    signals: Option<mpsc::Sender<Signal>>,
    /// Tells its task from an earlier one of the same player.
    number: u64,
}

/// What a session wakes up for.
enum Wake {
    Event(Event),
    Ended(Arc<str>, u64, Ending),
    Ping,
}

impl Session<'_> {
    async fn run(&mut self) -> String {
        let mut pings = tokio::time::interval_at(tokio::time::Instant::now() + PING, PING);
        loop {
            let wake = tokio::select! {
                event = self.connection.recv() => Wake::Event(event),
                Some(done) = self.tasks.join_next() => match done {
                    Ok((player, number, ending)) => Wake::Ended(player, number, ending),
                    Err(error) => {
                        warn!(%error, "a player's task failed");
                        continue;
                    }
                },
                _ = pings.tick() => Wake::Ping,
            };
            let done = match wake {
                Wake::Event(Event::Message(message)) => self.told(Told::read(&message)).await,
                Wake::Event(Event::Ended(ended)) => return ended.to_string(),
                Wake::Ended(player, number, ending) => self.ended(&player, number, &ending).await,
                Wake::Ping => self.send(signals::ping(unix_millis())).await,
            };
            if let Err(why) = done {
                return why;
            }
        }
    }

    async fn told(&mut self, told: Told) -> Result<(), String> {
        match told {
            Told::Identify => self.send(signals::endpoint_id(&self.streamer.id)).await,
            Told::Confirmed(id) => {
                self.confirmed(id);
                Ok(())
            }
            Told::Connected { player, sfu, offer } => self.connected(player, sfu, offer).await,
            Told::Disconnected(player) => {
                self.players.remove(&player);
                Ok(())
            }
            Told::Offer { player, sdp } => self.answer(player, &sdp).await,
            Told::Answer { player, sdp } => {
                self.signal(&player, Signal::Answer(sdp));
                Ok(())
            }
            Told::Candidate { player, candidate } => {
                self.signal(&player, Signal::Candidate(candidate));
                Ok(())
            }
            Told::Ping(time) => self.send(signals::pong(&time)).await,
            Told::Other => Ok(()),
        }
    }

    fn confirmed(&self, id: String) {
        let wanted = &self.streamer.id;
        if id == *wanted {
            info!(id, "streaming");
        } else {
            warn!("the id {wanted} is in use: streaming as {id}");
        }
        self.streamer.standing.send_replace(Standing::Streaming(id));
    }

    async fn connected(&mut self, player: Arc<str>, sfu: bool, offer: bool) -> Result<(), String> {
        // A player that subscribes again begins anew.
        self.players.remove(&player);
        if self.players.len() >= self.streamer.studio.config().max_players {
            warn!(%player, "a player is sent away: there are as many as --max-players allows");
            return self.send(signals::disconnect_player(&player, "The streamer is full.")).await;
        }
        self.players.insert(Arc::clone(&player), Seated { signals: None, number: 0 });
        if offer { self.offer(player, sfu).await } else { Ok(()) }
    }

    async fn offer(&mut self, player: Arc<str>, sfu: bool) -> Result<(), String> {
        let layers = if sfu { self.streamer.studio.layers().count() } else { 1 };
        let offering = |sockets: &Sockets| Peer::offering(sockets.addrs(), layers, Instant::now());
        let Some((sdp, candidates)) = self.open(&player, layers, offering).await? else { return Ok(()) };
        self.send(signals::offer(&player, &sdp, sfu)).await?;
        self.send_all(candidates).await
    }

    /// The player makes the offer: servers of old, and players that ask for it.
    async fn answer(&mut self, player: Arc<str>, offer: &str) -> Result<(), String> {
        if !self.players.contains_key(&player) {
            // Servers of old do not tell about players before.
            self.connected(Arc::clone(&player), false, false).await?;
        }
        if self.players.get(&player).is_none_or(|seated| seated.signals.is_some()) {
            debug!(%player, "an offer that was not asked for");
            return Ok(());
        }
        let answering = |sockets: &Sockets| Peer::answering(sockets.addrs(), offer, Instant::now());
        let Some((sdp, candidates)) = self.open(&player, 1, answering).await? else { return Ok(()) };
        self.send(signals::answer(&player, &sdp)).await?;
        self.send_all(candidates).await
    }

    /// Opens the media session of a player and starts its task. The description and the candidates are to be sent.
    async fn open(
        &mut self,
        player: &Arc<str>,
        layers: usize,
        make: impl FnOnce(&Sockets) -> Result<(Peer, String), PeerError>,
    ) -> Result<Option<(String, Vec<String>)>, String> {
        let sockets = match Sockets::bind(&self.addresses) {
            Ok(sockets) => sockets,
            Err(error) => {
                warn!(%error, "no UDP socket for a player");
                self.players.remove(player);
                return self.dismiss(player, "no UDP socket").await.map(|()| None);
            }
        };
        let (peer, sdp) = match make(&sockets) {
            Ok(made) => made,
            Err(error) => {
                warn!(%player, %error, "no media session for a player");
                self.players.remove(player);
                return self.dismiss(player, &error.to_string()).await.map(|()| None);
            }
        };
        let mid = signals::first_mid(&sdp);
        let candidates = sockets.addrs().filter_map(|addr| signals::candidate(player, addr, mid)).collect();
        let studio = Arc::clone(&self.streamer.studio);
        self.start(Player { id: Arc::clone(player), peer, sockets, studio, layers });
        Ok(Some((sdp, candidates)))
    }

    fn start(&mut self, player: Player) {
        let (signals, receiver) = mpsc::channel(SIGNALS);
        let id = Arc::clone(&player.id);
        let Some(seated) = self.players.get_mut(&id) else { return };
        self.begun += 1;
        let number = self.begun;
        *seated = Seated { signals: Some(signals), number };
        self.tasks.spawn(async move { (id, number, player.serve(receiver).await) });
    }

    fn signal(&self, player: &str, signal: Signal) {
        let Some(signals) = self.players.get(player).and_then(|seated| seated.signals.as_ref()) else { return };
        if signals.try_send(signal).is_err() {
            debug!(player, "a signal is dropped: the player's task does not take it");
        }
    }

    /// A player's task is over. If the player does not know, it is told, so that it can come again.
    async fn ended(&mut self, player: &Arc<str>, number: u64, ending: &Ending) -> Result<(), String> {
        info!(%player, why = %ending, "a player is gone");
        let present = self.players.get(player).is_some_and(|seated| seated.number == number);
        if !present || matches!(ending, Ending::Dismissed | Ending::Closed) {
            return Ok(());
        }
        self.players.remove(player);
        self.dismiss(player, &ending.to_string()).await
    }

    async fn dismiss(&mut self, player: &str, why: &str) -> Result<(), String> {
        self.send(signals::disconnect_player(player, why)).await
    }

    async fn send_all(&mut self, messages: Vec<String>) -> Result<(), String> {
        for message in messages {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: String) -> Result<(), String> {
        match tokio::time::timeout(SEND, self.connection.send(message)).await {
            Ok(sent) => sent.map_err(|ended| ended.to_string()),
            Err(_) => Err("the server takes no messages".to_owned()),
        }
    }

    /// Lets the players' tasks say farewell, and closes the session.
    async fn end(mut self) {
        self.players.clear();
        while self.tasks.join_next().await.is_some() {}
        self.connection.close(CloseCode::NORMAL, "").await;
    }
}

fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}
