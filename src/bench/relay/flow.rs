//! One player's messages: numbered, timed, and missed when they do not come back.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::super::error::Failure;
use super::super::histogram::Times;
use super::super::link::Link;
use super::super::message::{Mark, Template};
use super::super::site::Window;
use crate::config::Load;

/// What came of a player's messages.
#[derive(Default)]
pub(in super::super) struct Tally {
    /// Round trips that ended within the window.
    pub(in super::super) returned: u64,
    /// Messages that were sent, at any time.
    pub(in super::super) sent: u64,
    /// Those that never came back.
    pub(in super::super) lost: u64,
    /// Those that came after a later one, on either way.
    pub(in super::super) reordered: u64,
    /// Those that came once more.
    pub(in super::super) duplicated: u64,
    /// The round trips of the window.
    pub(in super::super) times: Times,
    /// By how much the generator itself was late, in the open loop.
    pub(in super::super) lateness: Times,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.returned += other.returned;
        self.sent += other.sent;
        self.lost += other.lost;
        self.reordered += other.reordered;
        self.duplicated += other.duplicated;
        self.times.merge(&other.times);
        self.lateness.merge(&other.lateness);
    }
}

/// A player and what it has under way.
pub(in super::super) struct Flow {
    link: Link,
    in_flight: usize,
    sending: Sending,
}

struct Sending {
    template: Template,
    hint: usize,
    next: u64,
    /// Whether a message belongs to the window by when it was to begin, or by when it came back.
    by_begin: bool,
    /// Number and time of each message under way, in order.
    under_way: VecDeque<(u64, Instant)>,
    tally: Tally,
}

impl Flow {
    pub(in super::super) fn new(link: Link, index: usize, id: &str, load: Load) -> Self {
        let template = Template::new(index, id, load.size);
        let (under_way, tally) = (VecDeque::new(), Tally::default());
        let sending = Sending { template, hint: 0, next: 0, by_begin: false, under_way, tally };
        Self { link, in_flight: load.in_flight, sending }
    }

    /// Keeps messages under way until the window is over, then waits for the last ones.
    pub(in super::super) async fn run_closed(mut self, window: Window, deadline: Instant) -> Result<Tally, Failure> {
        let ran = timeout_at(deadline, async {
            let mut now = Instant::now();
            while now < window.end || !self.sending.under_way.is_empty() {
                while now < window.end && self.sending.under_way.len() < self.in_flight {
                    let text = self.sending.begin(now);
                    self.link.push(text);
                }
                now = self.turn(window).await?;
            }
            Ok(())
        });
        let ran = ran.await;
        self.finish(ran).await
    }

    /// Sends at the times that come through the queue, until it ends, then waits for the last ones.
    pub(in super::super) async fn run_open(
        mut self,
        mut queue: mpsc::Receiver<Instant>,
        window: Window,
        deadline: Instant,
    ) -> Result<Tally, Failure> {
        self.sending.by_begin = true;
        let ran = timeout_at(deadline, async {
            let mut paced = true;
            while paced || !self.sending.under_way.is_empty() {
                tokio::select! {
                    biased;
                    due = queue.recv(), if paced => match due {
                        Some(due) => self.begin_due(due, &mut queue, window),
                        None => paced = false,
                    },
                    turned = Self::hear(&mut self.link, &mut self.sending, window) => { turned?; }
                }
            }
            Ok(())
        });
        let ran = ran.await;
        self.finish(ran).await
    }

    /// Everything that is due.
    fn begin_due(&mut self, first: Instant, queue: &mut mpsc::Receiver<Instant>, window: Window) {
        let now = Instant::now();
        let mut due = Some(first);
        while let Some(intended) = due {
            if window.holds(intended) {
                self.sending.tally.lateness.add(now - intended);
            }
            let text = self.sending.begin(intended);
            self.link.push(text);
            due = queue.try_recv().ok();
        }
    }

    async fn turn(&mut self, window: Window) -> Result<Instant, Failure> {
        Self::hear(&mut self.link, &mut self.sending, window).await
    }

    /// One turn of the link. Returns when its messages came.
    async fn hear(link: &mut Link, sending: &mut Sending, window: Window) -> Result<Instant, Failure> {
        let mut came = None;
        link.turn(|text, _| {
            let now = *came.get_or_insert_with(Instant::now);
            sending.end(text, now, window);
        })
        .await?;
        Ok(came.unwrap_or_else(Instant::now))
    }

    async fn finish(self, ran: Result<Result<(), Failure>, tokio::time::error::Elapsed>) -> Result<Tally, Failure> {
        if let Ok(Err(failure)) = ran {
            return Err(failure);
        }
        let mut tally = self.sending.tally;
        tally.lost = self.sending.under_way.len() as u64;
        self.link.close().await;
        Ok(tally)
    }
}

impl Sending {
    /// The next message; its time begins at `at`.
    fn begin(&mut self, at: Instant) -> &[u8] {
        let number = self.next;
        self.next += 1;
        self.tally.sent += 1;
        self.under_way.push_back((number, at));
        self.template.numbered(number)
    }

    /// A message that has come back, perhaps.
    fn end(&mut self, text: &[u8], now: Instant, window: Window) {
        let Some(mark) = Mark::find(text, &mut self.hint) else { return };
        let Ok(place) = self.under_way.binary_search_by_key(&mark.number, |(number, _)| *number) else {
            self.tally.duplicated += 1;
            return;
        };
        // One that overtook another: that one is the one out of order, and is found at the front later.
        self.tally.reordered += u64::from(place > 0);
        if let Some((_, began)) = self.under_way.remove(place)
            && window.holds(if self.by_begin { began } else { now })
        {
            self.tally.returned += 1;
            self.tally.times.add(now - began);
        }
    }
}
