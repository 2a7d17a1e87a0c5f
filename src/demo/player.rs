//! One player's task: it owns the player's session and sockets, and ends with it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, watch};
use tracing::{debug, info, trace};

use super::datachannel::{FromStreamer, ToStreamer, protocol_messages};
use super::dialogue::{Effect, answer};
use super::frame::Frame;
use super::peer::{Happening, Peer, PeerError};
use super::sockets::Sockets;
use super::studio::{Lagged, Seat, Studio};

/// From the offer to the first packet of media.
const CONNECT: Duration = Duration::from_secs(30);

/// How long a network may be gone.
const LOST: Duration = Duration::from_secs(20);

/// Larger than any packet that comes over a network.
const PACKET: usize = 2048;

/// Players behind one SFU whose messages are answered.
const MAX_BEHIND_SFU: usize = 256;

/// What the signalling has for a player's task.
#[derive(Debug)]
pub(super) enum Signal {
    /// The player's answer.
    Answer(String),
    /// A candidate of the player.
    Candidate(String),
}

/// Why a player's session ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The streamer was told that the player is gone, or goes itself.
    Dismissed,
    /// The player closed the session.
    Closed,
    /// The player's network did not come, or did not come back.
    Unreachable,
    /// The session failed.
    Failed(PeerError),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dismissed => f.write_str("left"),
            Self::Closed => f.write_str("closed the media session"),
            Self::Unreachable => f.write_str("cannot be reached by UDP"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// A player that is being served.
pub(super) struct Player {
    pub(super) id: Arc<str>,
    pub(super) peer: Peer,
    pub(super) sockets: Sockets,
    pub(super) studio: Arc<Studio>,
    /// How many layers it watches.
    pub(super) layers: usize,
}

/// What changes while a player is served.
struct Service {
    player: Player,
    seat: Option<Seat>,
    owner: watch::Receiver<Option<Arc<str>>>,
    /// What the player was told about who owns the rate.
    owns: bool,
    /// It asked for nothing to be sent.
    stopped: bool,
    begun: Instant,
    /// Since when there is no network.
    lost: Option<Instant>,
    /// Players of an SFU that talk through it.
    behind: HashMap<String, Arc<str>>,
}

/// What a task wakes up for.
enum Wake {
    Packet(super::sockets::Datagram),
    Time,
    Signal(Option<Signal>),
    Frame(Result<Arc<Frame>, Lagged>),
    Owner,
}

impl Player {
    /// Serves the player until it goes, or until `signals` ends.
    pub(super) async fn serve(self, mut signals: mpsc::Receiver<Signal>) -> Ending {
        let (id, studio) = (Arc::clone(&self.id), Arc::clone(&self.studio));
        let mut service = Service {
            owner: self.studio.owner(),
            player: self,
            seat: None,
            owns: false,
            stopped: false,
            begun: Instant::now(),
            lost: Some(Instant::now()),
            behind: HashMap::new(),
        };
        let ending = service.run(&mut signals).await.unwrap_or_else(Ending::Failed);
        studio.release_ownership(&id);
        service.farewell();
        ending
    }
}

impl Service {
    async fn run(&mut self, signals: &mut mpsc::Receiver<Signal>) -> Result<Ending, PeerError> {
        let mut buffer = [0; PACKET];
        loop {
            if let Some(ending) = self.settle()? {
                return Ok(ending);
            }
            let wake = self.wait(signals, &mut buffer).await;
            let now = Instant::now();
            let peer = &mut self.player.peer;
            match wake {
                Wake::Packet(datagram) => {
                    peer.receive(datagram.source, datagram.destination, &buffer[..datagram.length], now)?;
                }
                Wake::Time => peer.pass(now)?,
                Wake::Signal(Some(Signal::Answer(sdp))) => peer.accept(&sdp, now)?,
                Wake::Signal(Some(Signal::Candidate(candidate))) => peer.candidate(&candidate, now)?,
                Wake::Signal(None) => return Ok(Ending::Dismissed),
                Wake::Frame(Ok(_)) if self.stopped => {}
                Wake::Frame(Ok(frame)) => peer.write(&frame, now)?,
                Wake::Frame(Err(Lagged)) => self.fell_behind(),
                Wake::Owner => self.tell_owner()?,
            }
        }
    }

    async fn wait(&mut self, signals: &mut mpsc::Receiver<Signal>, buffer: &mut [u8]) -> Wake {
        let limit = self.lost.map(|since| since + if self.seat.is_some() { LOST } else { CONNECT });
        let due = limit.map_or(self.player.peer.deadline(), |limit| limit.min(self.player.peer.deadline()));
        let frame = async {
            match &mut self.seat {
                Some(seat) => seat.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            datagram = self.player.sockets.recv(buffer) => Wake::Packet(datagram),
            () = tokio::time::sleep_until(due.into()) => Wake::Time,
            signal = signals.recv() => Wake::Signal(signal),
            frame = frame => Wake::Frame(frame),
            Ok(()) = self.owner.changed() => Wake::Owner,
        }
    }

    /// Sends what is to be sent, and deals with what happened, until nothing is left of either.
    fn settle(&mut self) -> Result<Option<Ending>, PeerError> {
        loop {
            self.transmit();
            let Some(happening) = self.player.peer.poll_happening() else { break };
            if happening == Happening::Closed {
                return Ok(Some(Ending::Closed));
            }
            self.happened(happening)?;
        }
        let limit = if self.seat.is_some() { LOST } else { CONNECT };
        Ok(self.lost.is_some_and(|since| since.elapsed() >= limit).then_some(Ending::Unreachable))
    }

    fn transmit(&mut self) {
        while let Some(transmit) = self.player.peer.poll_transmit() {
            self.player.sockets.send(transmit.source, transmit.destination, &transmit.contents);
        }
    }

    fn happened(&mut self, happening: Happening) -> Result<(), PeerError> {
        match happening {
            Happening::Connected => self.connected(),
            Happening::Lost if self.seat.is_some() => self.lost = Some(Instant::now()),
            Happening::Found if self.seat.is_some() => self.lost = None,
            // Before there is media, the limit for connecting counts.
            Happening::Lost | Happening::Found | Happening::Closed => {}
            Happening::Keyframe(layer) => self.player.studio.want_keyframe(layer),
            Happening::ChannelOpen => {
                for message in protocol_messages() {
                    self.say(&message.encode())?;
                }
            }
            Happening::Said(message) => self.said(&message)?,
        }
        Ok(())
    }

    fn connected(&mut self) {
        info!(player = %self.player.id, milliseconds = self.begun.elapsed().as_millis(), "a player is connected");
        self.lost = None;
        self.seat = Some(self.player.studio.join(self.player.layers));
    }

    fn fell_behind(&mut self) {
        debug!(player = %self.player.id, "a player does not keep up and loses frames");
        self.player.peer.skip_to_keyframes();
        (0..self.player.layers).for_each(|layer| self.player.studio.want_keyframe(layer));
    }

    fn said(&mut self, bytes: &[u8]) -> Result<(), PeerError> {
        let message = match ToStreamer::parse(bytes) {
            Ok(message) => message,
            Err(error) => {
                debug!(player = %self.player.id, %error, "a message that cannot be read");
                return Ok(());
            }
        };
        trace!(player = %self.player.id, ?message, "a message");
        match message {
            ToStreamer::ChannelRelayStatus { player, open } => self.relayed(player, open),
            ToStreamer::Multiplexed { player, message } => self.said_behind(&player, &message),
            message => {
                let player = Arc::clone(&self.player.id);
                let answer = answer(&self.player.studio, &player, &message, SystemTime::now());
                // A granted request for control is part of the answer.
                self.owns |= answer.replies.contains(&FromStreamer::QualityControlOwnership(true));
                self.act(answer.effect);
                answer.replies.iter().try_for_each(|reply| self.say(&reply.encode()))
            }
        }
    }

    /// An SFU says that the channel of one of its players opened or closed.
    fn relayed(&mut self, player: String, open: bool) -> Result<(), PeerError> {
        if !open {
            self.player.studio.release_ownership(&player);
            self.behind.remove(&player);
            return Ok(());
        }
        let Some(player) = self.known_behind(&player) else { return Ok(()) };
        protocol_messages().iter().try_for_each(|message| self.say(&message.encode_for(&player)))
    }

    /// A message of one of an SFU's players.
    fn said_behind(&mut self, player: &str, bytes: &[u8]) -> Result<(), PeerError> {
        let Some(player) = self.known_behind(player) else { return Ok(()) };
        let Ok(message) = ToStreamer::parse(bytes) else { return Ok(()) };
        let answer = answer(&self.player.studio, &player, &message, SystemTime::now());
        // What one of its players wants must not stop the stream for the others.
        self.act(answer.effect.filter(|effect| *effect == Effect::Keyframe));
        answer.replies.iter().try_for_each(|reply| self.say(&reply.encode_for(&player)))
    }

    fn known_behind(&mut self, player: &str) -> Option<Arc<str>> {
        if let Some(known) = self.behind.get(player) {
            return Some(Arc::clone(known));
        }
        let room = self.behind.len() < MAX_BEHIND_SFU;
        let known: Option<Arc<str>> = room.then(|| player.into());
        known.inspect(|known| drop(self.behind.insert(player.to_owned(), Arc::clone(known))))
    }

    fn act(&mut self, effect: Option<Effect>) {
        match effect {
            Some(Effect::Stop) => self.stopped = true,
            Some(Effect::Start | Effect::Keyframe) => {
                if std::mem::take(&mut self.stopped) {
                    self.player.peer.skip_to_keyframes();
                }
                (0..self.player.layers).for_each(|layer| self.player.studio.want_keyframe(layer));
            }
            None => {}
        }
    }

    /// Another player took the rate over, or this one has it again.
    fn tell_owner(&mut self) -> Result<(), PeerError> {
        let owns = self.owner.borrow_and_update().as_ref() == Some(&self.player.id);
        if std::mem::replace(&mut self.owns, owns) == owns {
            return Ok(());
        }
        self.say(&FromStreamer::QualityControlOwnership(owns).encode())
    }

    fn say(&mut self, message: &[u8]) -> Result<(), PeerError> {
        if !self.player.peer.say(message, Instant::now())? {
            debug!(player = %self.player.id, "the data channel has no room: a message is dropped");
        }
        self.transmit();
        Ok(())
    }

    fn farewell(&mut self) {
        self.player.peer.close(Instant::now());
        self.transmit();
    }
}
