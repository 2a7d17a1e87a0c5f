//! Streamers of the generator: they offer to every player that comes, and answer marked messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::dial::Dialer;
use super::error::Failure;
use super::link::{Link, Queue};
use super::message::{self, Mark, Told};
use super::peer::Peer;
use crate::transport::Ended;

/// How a streamer behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Length of its offers, in bytes.
    pub(super) sdp: usize,
    /// Length of its answers to marked messages, in bytes.
    pub(super) size: usize,
    /// Which marked messages are answered: those of this number, or all.
    pub(super) answers: Option<u64>,
    /// Candidates that follow an offer.
    pub(super) candidates: u64,
}

impl Manner {
    /// Answers everything.
    pub(super) fn echoing(size: usize) -> Self {
        Self { sdp: 0, size, answers: None, candidates: 0 }
    }
}

/// A streamer at work. Dropped, it is gone like one whose process has failed.
pub(super) struct Streamer {
    /// The id that it was given.
    pub(super) id: String,
    task: tokio::task::JoinHandle<Ended>,
    /// Messages of a player that did not come in the order in which they were sent.
    misplaced: Arc<AtomicU64>,
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
        let misplaced = Arc::<AtomicU64>::default();
        let work = Work { manner, hint: 0, next: Vec::new(), scratch: Vec::new(), misplaced: Arc::clone(&misplaced) };
        Self { id: String::new(), task: tokio::spawn(work.run(link)), misplaced }
    }

    /// How many messages came out of their order.
    pub(super) fn misplaced(&self) -> u64 {
        self.misplaced.load(Ordering::Relaxed)
    }
}

struct Work {
    manner: Manner,
    hint: usize,
    /// The number that each player's next message has.
    next: Vec<u64>,
    scratch: Vec<u8>,
    misplaced: Arc<AtomicU64>,
}

impl Work {
    async fn run(mut self, mut link: Link) -> Ended {
        loop {
            if let Err(ended) = link.turn(|text, out| self.hear(text, out)).await {
                return ended;
            }
        }
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
            self.misplaced.fetch_add(1, Ordering::Relaxed);
        }
        *next = (*next).max(mark.number + 1);
    }

    fn obey(&mut self, told: &Told, out: &mut dyn Queue) {
        if told.kind != "playerConnected" {
            return;
        }
        let id = &told.player_id;
        out.push(message::offer(id, self.manner.sdp).as_bytes());
        for number in 0..self.manner.candidates {
            let text = Mark::write(0, number, id);
            let mark = Mark::find(text.as_bytes(), &mut 0).expect("just written");
            message::echo(&mark, self.manner.size, &mut self.scratch);
            out.push(&self.scratch);
        }
    }
}
