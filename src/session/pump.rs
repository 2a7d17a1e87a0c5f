//! The session's loop. Everything that can happen to a session is one [`Turn`]; one poll looks for the next.
//!
//! `reading` is what the peer sends and how fast it may, `writing` what it is sent and how slowly it may take it, `life`
//! whether it is still there, `stay` how long it may be, `renewal` when its TURN credentials are exchanged.

mod life;
mod reading;
mod renewal;
mod stay;
mod writing;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep};

use self::life::Life;
use self::reading::Reading;
pub(super) use self::renewal::Renewal;
pub use self::stay::Stay;
use self::stay::Staying;
use self::writing::Writing;
use super::rate::Budget;
use super::report::{Ending, Traffic, Who};
use super::{SessionLimits, Sessions};
use crate::auth::Until;
use crate::hub::Dialect;
use crate::limits::Held;
use crate::router::Connected;
use crate::transport::{Incoming, Transport};
use crate::wire::{Close, CloseCode, DropReason, Role};

/// Reads before the writes get their turn.
const READS: u32 = 32;

pub(super) struct Pump<'a, T> {
    sessions: &'a Sessions,
    transport: &'a mut T,
    connected: &'a Connected,
    who: &'a Who,
    /// Those of the time when the session began.
    limits: Arc<SessionLimits>,
    role: Role,
    dialect: &'static Dialect,
    traffic: Traffic,
    writing: Writing,
    reading: Reading,
    life: Life,
    /// When its time is over.
    until: Option<Until>,
    renewal: Option<Box<Renewal>>,
    staying: Staying,
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
}

enum Turn {
    Received(Incoming),
    Room,
    Timer,
    End(Ending),
}

impl<'a, T: Transport> Pump<'a, T> {
    pub(super) fn new(
        sessions: &'a Sessions,
        transport: &'a mut T,
        connected: &'a Connected,
        who: &'a Who,
        dialect: &'static Dialect,
        renewal: Option<Box<Renewal>>,
    ) -> Self {
        let role = who.role;
        let now = Instant::now();
        let limits = sessions.limits.load_full();
        let budget = limits.rates.as_ref().map(|rates| Budget::full(rates, role, now));
        let pieces = Held::nothing(sessions.router.memory());
        Self {
            sessions,
            transport,
            connected,
            who,
            role,
            dialect,
            traffic: Traffic::default(),
            writing: Writing::default(),
            reading: Reading::new(budget, pieces, now),
            life: Life::new(now, dialect.pings_players.filter(|_| role == Role::Player)),
            until: None,
            renewal,
            staying: Staying::new(now),
            limits,
            timer: None,
        }
    }

    /// Ends at that time.
    pub(super) fn until(self, until: Option<Until>) -> Self {
        Self { until, ..self }
    }

    /// `early`: what was said before the session began.
    pub(super) async fn run(&mut self, early: Option<Box<[u8]>>) -> (Ending, Traffic) {
        let mut step = early.map_or(Ok(()), |text| self.received(Incoming::Message(text.into())));
        loop {
            if let Err(ending) = step {
                self.count_relayed();
                self.sessions.metrics().dropped(DropReason::ReceiverGone, self.writing.lost() as u64);
                return (ending, self.traffic);
            }
            step = match poll_fn(|cx| self.poll_turn(cx)).await {
                Turn::Received(incoming) => self.received(incoming),
                Turn::Room => self.try_again(),
                Turn::Timer => self.timer_fired(),
                Turn::End(ending) => Err(ending),
            };
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        // A peer that does not take its answers must not ask for more. What is only relayed leaves no answer; what
        // others made the gateway say to it, or a timer, is found before the first read.
        let may_be_behind = self.reading.turns == 0 || std::mem::take(&mut self.reading.answered);
        let behind = may_be_behind && self.connected.outbox.is_behind();
        if self.reading.turns < READS
            && !behind
            && let Poll::Ready(turn) = self.poll_read(cx)
        {
            self.reading.turns += 1;
            return Poll::Ready(turn);
        }
        self.count_relayed();
        let rested = std::mem::take(&mut self.reading.turns) >= READS;
        // Reads that are always ready use up what the runtime grants the task in one go; the writes and the timer, which
        // are bounded by themselves, must not starve for that.
        if let Poll::Ready(ending) = poll_unconstrained(cx, |cx| self.poll_write(cx)) {
            return Poll::Ready(Turn::End(ending));
        }
        // The reads gave way to the writes only for a moment, or until these had taken the answers away.
        if rested || (behind && !self.connected.outbox.is_behind()) {
            cx.waker().wake_by_ref();
        }
        poll_unconstrained(cx, |cx| self.poll_timer(cx))
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let Some(next) = self.next_deadline() else {
            self.timer = None;
            return Poll::Pending;
        };
        let (armed, sleep) = self.timer.get_or_insert_with(|| (next, Box::pin(tokio::time::sleep_until(next))));
        // A deadline that has moved away is met again when the timer fires: moving the timer each time costs more.
        if next < *armed {
            *armed = next;
            sleep.as_mut().reset(next);
        }
        ready!(sleep.as_mut().poll(cx));
        self.timer = None;
        Poll::Ready(Turn::Timer)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let probe = self.life.next_check();
        let stall = self.stall_deadline();
        let life = (!self.transport.keeps_itself_alive()).then(|| self.life_deadline());
        let (ping, stay) = (self.life.next_ping, self.stay_deadline());
        let (renewal, over) = (self.renewal.as_ref().map(|renewal| renewal.due), self.until.map(|until| until.at));
        let all = [self.reading.paused_until, self.reading.list_due, probe, stall, life, ping, stay, renewal, over];
        all.into_iter().flatten().min()
    }

    fn timer_fired(&mut self) -> Result<(), Ending> {
        let now = Instant::now();
        self.check_time(now)?;
        self.check_stall(now)?;
        self.resume(now);
        self.check_probe();
        self.send_due_list(now);
        self.send_due_ping(now);
        self.send_due_config(now);
        self.check_stay(now)?;
        self.check_life(now)
    }

    fn check_time(&self, now: Instant) -> Result<(), Ending> {
        match self.until {
            Some(Until { at, why }) if at <= now => Err(Ending::Gateway(Close::new(CloseCode::POLICY, why))),
            _ => Ok(()),
        }
    }
}

/// Polls outside of the runtime's budget for one task.
fn poll_unconstrained<T>(cx: &mut Context<'_>, poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    pin!(unconstrained(poll_fn(poll))).poll(cx)
}
