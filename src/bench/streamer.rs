//! Streamers of the generator: they offer to every player that comes, and answer marked messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::dial::Dialer;
use super::error::Failure;
use super::link::{Link, Queue};
use super::message::{self, Mark, Told};
use super::peer::Peer;
use crate::transport::Ended;

/// How a streamer behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Length of its offers, in bytes; `None` for a streamer that offers nothing.
    pub(super) sdp: Option<usize>,
    /// Length of its answers to marked messages, in bytes.
    pub(super) size: usize,
    /// Which marked messages are answered: those of this number, or all.
    pub(super) answers: Option<u64>,
    /// Candidates that follow an offer.
    pub(super) candidates: u64,
    /// Whether all players but the first are sent long messages without end.
    pub(super) floods: bool,
}

impl Manner {
    /// Answers everything.
    pub(super) fn echoing(size: usize) -> Self {
        Self { sdp: Some(0), size, answers: None, candidates: 0, floods: false }
    }

    /// Says nothing to its players.
    pub(super) fn silent() -> Self {
        Self { sdp: None, ..Self::echoing(0) }
    }
}

/// A streamer at work. Dropped, it is gone like one whose process has failed.
pub(super) struct Streamer {
    /// The id that it was given.
    pub(super) id: String,
    task: tokio::task::JoinHandle<Ended>,
    seen: Arc<Seen>,
}

/// What a streamer has seen.
#[derive(Default)]
struct Seen {
    /// Messages of a player that did not come in the order in which they were sent.
    misplaced: AtomicU64,
    /// Players that have come.
    players: AtomicUsize,
}

impl Drop for Streamer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Streamer {
    /// Connects, registers and goes to work.
    pub(super) async fn start(dialer: &Dialer, url: &http::Uri, wanted: &str, manner: Manner) -> Result<Self, Failure> {
        let (peer, id) = Peer::streamer(dialer, url, wanted).await?;
        let mut streamer = Self::on(peer.link, manner);
        streamer.id = id;
        Ok(streamer)
    }

    /// Goes to work on a session that is set up.
    pub(super) fn on(link: Link, manner: Manner) -> Self {
        let seen = Arc::<Seen>::default();
        let work = Work {
            manner,
            hint: 0,
            next: Vec::new(),
            scratch: Vec::new(),
            players: Vec::new(),
            flooded: 0,
            seen: Arc::clone(&seen),
        };
        Self { id: String::new(), task: tokio::spawn(work.run(link)), seen }
    }

    /// How many messages came out of their order.
    pub(super) fn misplaced(&self) -> u64 {
        self.seen.misplaced.load(Ordering::Relaxed)
    }

    /// How many players have come.
    pub(super) fn players(&self) -> usize {
        self.seen.players.load(Ordering::Relaxed)
    }

    /// Its connection ends without a close.
    pub(super) async fn fail(mut self) {
        self.task.abort();
        // It has been aborted: there is nothing to learn.
        let _ = (&mut self.task).await;
    }
}

/// Between two messages of a flood, and how long each is.
const FLOOD_EVERY: Duration = Duration::from_millis(1);
const FLOOD: usize = 16 * 1024;

struct Work {
    manner: Manner,
    hint: usize,
    /// The number that each player's next message has.
    next: Vec<u64>,
    scratch: Vec<u8>,
    players: Vec<String>,
    flooded: usize,
    seen: Arc<Seen>,
}

impl Work {
    async fn run(mut self, mut link: Link) -> Ended {
        if self.manner.floods {
            return self.run_flooding(link).await;
        }
        loop {
            if let Err(ended) = link.turn(|text, out| self.hear(text, out)).await {
                return ended;
            }
        }
    }

    async fn run_flooding(mut self, mut link: Link) -> Ended {
        let mut tick = interval(FLOOD_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                turned = link.turn(|text, out| self.hear(text, out)) => {
                    if let Err(ended) = turned {
                        return ended;
                    }
                }
                _ = tick.tick() => self.flood(&mut link),
            }
        }
    }

    /// A long message to the next of those that are flooded.
    fn flood(&mut self, link: &mut Link) {
        let Some(others) = self.players.len().checked_sub(1).filter(|others| *others > 0) else { return };
        self.flooded = (self.flooded + 1) % others;
        let text = Mark::write(0, 0, &self.players[1 + self.flooded]);
        let mark = Mark::find(text.as_bytes(), &mut 0).expect("just written");
        message::echo(&mark, FLOOD, &mut self.scratch);
        link.push(&self.scratch);
    }

    fn hear(&mut self, text: &[u8], out: &mut dyn Queue) {
        let mut hint = self.hint;
        match Mark::find(text, &mut hint) {
            Some(mark) => self.answer(&mark, out),
            None => self.obey(&Told::read(text), out),
        }
        self.hint = hint;
    }

    fn answer(&mut self, mark: &Mark<'_>, out: &mut dyn Queue) {
        match self.manner.answers {
            Some(number) if number != mark.number => return,
            Some(_) => {}
            None => self.check_order(mark),
        }
        message::echo(mark, self.manner.size, &mut self.scratch);
        out.push(&self.scratch);
    }

    fn check_order(&mut self, mark: &Mark<'_>) {
        if self.next.len() <= mark.index {
            self.next.resize(mark.index + 1, 0);
        }
        let next = &mut self.next[mark.index];
        if mark.number < *next {
            self.seen.misplaced.fetch_add(1, Ordering::Relaxed);
        }
        *next = (*next).max(mark.number + 1);
    }

    fn obey(&mut self, told: &Told, out: &mut dyn Queue) {
        if told.kind != "playerConnected" {
            return;
        }
        let id = &told.player_id;
        self.seen.players.fetch_add(1, Ordering::Relaxed);
        if self.manner.floods {
            self.players.push(id.clone());
        }
        let Some(sdp) = self.manner.sdp else { return };
        out.push(message::offer(id, sdp).as_bytes());
        for number in 0..self.manner.candidates {
            let text = Mark::write(0, number, id);
            let mark = Mark::find(text.as_bytes(), &mut 0).expect("just written");
            message::echo(&mark, self.manner.size, &mut self.scratch);
            out.push(&self.scratch);
        }
    }
}
