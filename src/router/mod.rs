//! The only door to the hub: lock, decide, queue, unlock (design.md §2).
//!
//! Inside the lock nothing waits, parses, serialises, logs or runs foreign code. Actions are put into the outboxes
//! while the lock is held, so the order in every outbox is the order in the hub.

mod outbox;
mod roster;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxHashMap;
use tokio::sync::Notify;
use tokio::time::Instant;

pub use outbox::{Outbox, OutboxLimits};
pub(crate) use outbox::{Outgoing, Pushed, Taken};
pub use roster::{Counts, PlayerEntry, StreamerEntry};

use crate::hub::{
    Action, Actions, Frame, Hub, Notice, Now, Peer, PlayerView, Pressure, Request, Settings, StreamerView, give_back,
};
use crate::id::{PlayerId, SessionId};
use crate::limits::Memory;
use crate::metrics::Metrics;
use crate::wire::{Close, CloseCode, DropReason, Role};

/// For streamers and SFUs: many subscribers write to one outbox.
const PUBLISHER: OutboxLimits = OutboxLimits { messages: 1024, bytes: 4 << 20 };

/// For players: a handshake is a few dozen messages; whoever leaves more untaken does not read.
const PLAYER: OutboxLimits = OutboxLimits { messages: 256, bytes: 1 << 20 };

/// A list of actions longer than this is given back to the allocator.
const KEPT_ACTIONS: usize = 1024;

/// One step in so many is timed, and what it relays: reading the clock costs more than most steps. A prime, so that no
/// pattern in the messages hides one kind from it.
const SAMPLE: u32 = 61;

/// The router: shared by every session.
#[derive(Debug)]
pub struct Router {
    started: Instant,
    shared: Mutex<Shared>,
    last_session: AtomicU64,
    /// Woken when the hub's next deadline has come nearer.
    deadline_moved: Notify,
    metrics: Arc<Metrics>,
    memory: Arc<Memory>,
}

#[derive(Debug)]
struct Shared {
    hub: Hub,
    outboxes: FxHashMap<SessionId, Arc<Outbox>>,
    /// From where each session came, for operators.
    remotes: FxHashMap<SessionId, IpAddr>,
    actions: Actions,
    /// Sessions whose outbox was full: cut, and to be told to the hub.
    cut: Vec<SessionId>,
    armed: Option<Now>,
    /// When the last step was.
    latest: Now,
    /// How many steps there are before the next that is timed.
    untimed: u32,
}

/// A session that the hub knows. Dropping the guard tells the hub that it is over.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) guard: SessionGuard,
    pub(crate) outbox: Arc<Outbox>,
    /// For players and SFUs.
    pub(crate) player_id: Option<PlayerId>,
}

/// Reports the end of a session to the hub, exactly once, whatever ends its task.
#[derive(Debug)]
pub(crate) struct SessionGuard {
    router: Arc<Router>,
    session: SessionId,
}

/// A relayed message met a full outbox: the sender waits for room and asks again.
#[derive(Debug)]
pub(crate) struct Blocked {
    /// The receiver that has no room.
    pub(crate) to: SessionId,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) text: Bytes,
}

impl Router {
    /// A router with an empty hub.
    pub fn new(settings: Settings, metrics: Arc<Metrics>) -> Arc<Self> {
        let shared = Shared {
            hub: Hub::new(settings),
            outboxes: FxHashMap::default(),
            remotes: FxHashMap::default(),
            actions: Actions::new(),
            cut: Vec::new(),
            armed: None,
            latest: Now::ZERO,
            untimed: 0,
        };
        let memory = Memory::new(metrics.buffered().clone(), None);
        Arc::new(Self {
            started: Instant::now(),
            shared: Mutex::new(shared),
            last_session: AtomicU64::new(0),
            deadline_moved: Notify::new(),
            metrics,
            memory,
        })
    }

    /// The memory of all sessions together.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Another limit of players per streamer from now on.
    pub fn set_max_players(&self, max_players: Option<u32>) {
        self.shared.lock().hub.set_max_players(max_players);
    }

    /// The id of a session that is about to connect: its greeting may hold it, and is written before.
    pub(crate) fn next_session(&self) -> SessionId {
        SessionId(self.last_session.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Takes in a peer that has been let in; its greeting is in the outbox.
    pub(crate) fn connect(self: &Arc<Self>, session: SessionId, peer: Peer, remote: IpAddr) -> Connected {
        let limits = if peer.role.publishes() { PUBLISHER } else { PLAYER };
        let outbox = Outbox::within(limits, &self.memory);
        let player_id = self.locked(|shared, now, out| {
            shared.outboxes.insert(session, Arc::clone(&outbox));
            shared.remotes.insert(session, remote);
            shared.hub.connect(now, session, peer, out)
        });
        Connected { guard: SessionGuard { router: Arc::clone(self), session }, outbox, player_id }
    }

    /// A session asks for something, at about this time. Returns whether anything was relayed for it; `Err` gives a
    /// relayed message back whose receiver has no room.
    pub(crate) fn dispatch(&self, session: SessionId, request: Request, now: Instant) -> Result<bool, Blocked> {
        self.ask(session, request, None, now)
    }

    /// The same again for a message that was blocked. It is for `to` alone: it is dropped when the sender has another
    /// receiver by now.
    pub(crate) fn dispatch_again(
        &self,
        session: SessionId,
        request: Request,
        to: SessionId,
        now: Instant,
    ) -> Result<bool, Blocked> {
        self.ask(session, request, Some(to), now)
    }

    fn ask(
        &self,
        session: SessionId,
        request: Request,
        only: Option<SessionId>,
        now: Instant,
    ) -> Result<bool, Blocked> {
        let mut shared = self.lock();
        let mut out = std::mem::take(&mut shared.actions);
        let began = shared.is_timed().then(|| self.now());
        let now = shared.at(now.saturating_duration_since(self.started));
        shared.hub.request(now, session, request, &mut out);
        if let Some(only) = only {
            drop_relays_past(only, &mut out);
        }
        let relayed = out.iter().any(|action| matches!(action, Action::Relay { .. }));
        let blocked = shared.carry_out(&mut out, now, &self.metrics);
        self.finish(&mut shared, out, began);
        blocked.map_or(Ok(relayed), Err)
    }

    /// A probed session showed life.
    pub(crate) fn alive(&self, session: SessionId) {
        self.locked(|shared, now, out| shared.hub.alive(now, session, out));
    }

    /// Closes a session with 1012, and those that depend on it.
    pub(crate) fn drain(&self, session: SessionId) {
        self.locked(|shared, now, out| shared.hub.drain(now, session, out));
    }

    /// The sessions of one role that are still there, in the order of arrival.
    pub(crate) fn sessions_of(&self, role: Role) -> Vec<SessionId> {
        let shared = self.shared.lock();
        match role {
            Role::Player => shared.hub.players().iter().filter(|p| p.role == role).map(|p| p.session).collect(),
            _ => shared.hub.streamers().iter().filter(|s| s.role == role).map(|s| s.session).collect(),
        }
    }

    /// Every streamer and SFU, in the order of registration.
    pub fn streamers(&self) -> Vec<StreamerView> {
        self.shared.lock().hub.streamers()
    }

    /// Every player and SFU, in the order of arrival.
    pub fn players(&self) -> Vec<PlayerView> {
        self.shared.lock().hub.players()
    }

    /// Whether that player is subscribed to anybody.
    pub(crate) fn watches(&self, session: SessionId) -> bool {
        self.shared.lock().hub.watches(session)
    }

    /// How many sessions there are.
    pub fn session_count(&self) -> usize {
        self.shared.lock().hub.session_count()
    }

    /// How long there has been a router.
    pub fn uptime(&self) -> Duration {
        self.now()
    }

    /// What the gateway counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Carries out the hub's deadlines. Runs as long as the gateway.
    pub(crate) async fn run_timer(self: Arc<Self>) {
        loop {
            let deadline = self.shared.lock().armed;
            let moved = self.deadline_moved.notified();
            match deadline {
                None => moved.await,
                Some(at) => {
                    tokio::select! {
                        () = moved => {}
                        () = tokio::time::sleep_until(self.started + at) => self.locked(|shared, now, out| shared.hub.tick(now, out)),
                    }
                }
            }
        }
    }

    fn disconnect(&self, session: SessionId) {
        let outbox = self.locked(|shared, now, out| {
            shared.hub.disconnect(now, session, out);
            shared.remotes.remove(&session);
            let outbox = shared.outboxes.remove(&session);
            give_back(&mut shared.remotes);
            give_back(&mut shared.outboxes);
            outbox
        });
        let lost = outbox.map_or(0, |outbox| outbox.cut(Close::EMPTY));
        self.metrics.dropped(DropReason::ReceiverGone, lost as u64);
    }

    fn locked<T>(&self, step: impl FnOnce(&mut Shared, Now, &mut Actions) -> T) -> T {
        let mut shared = self.lock();
        let mut out = std::mem::take(&mut shared.actions);
        let now = shared.at(self.now());
        let began = shared.is_timed().then_some(now);
        let result = step(&mut shared, now, &mut out);
        shared.carry_out(&mut out, now, &self.metrics);
        self.finish(&mut shared, out, began);
        result
    }

    /// A wait is timed only where there is one.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.try_lock().unwrap_or_else(|| {
            let since = Instant::now();
            let shared = self.shared.lock();
            self.metrics.hub_lock_waited(since.elapsed());
            shared
        })
    }

    /// `began`: when the step did, if it is timed.
    fn finish(&self, shared: &mut Shared, mut out: Actions, began: Option<Now>) {
        out.clear();
        if out.capacity() > KEPT_ACTIONS {
            out = Actions::new();
        }
        shared.actions = out;
        let deadline = shared.hub.deadline();
        if deadline != shared.armed {
            shared.armed = deadline;
            self.deadline_moved.notify_one();
        }
        if let Some(began) = began {
            self.metrics.hub_lock_held(self.now().saturating_sub(began));
        }
        shared.untimed = shared.untimed.checked_sub(1).unwrap_or(SAMPLE - 1);
    }

    fn now(&self) -> Now {
        self.started.elapsed()
    }
}

impl Shared {
    fn is_timed(&self) -> bool {
        self.untimed == 0
    }

    /// The time of a step. Sessions read the clock before they wait for the lock: in the hub it never goes back.
    fn at(&mut self, now: Now) -> Now {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// Puts the actions into the outboxes. Receivers that must be cut are, and what follows from that too.
    fn carry_out(&mut self, out: &mut Actions, now: Duration, metrics: &Metrics) -> Option<Blocked> {
        let mut blocked = None;
        loop {
            for action in out.drain(..) {
                blocked = self.carry_out_one(action, metrics).or(blocked);
            }
            let Some(session) = self.cut.pop() else { return blocked };
            self.hub.disconnect(now, session, out);
        }
    }

    fn carry_out_one(&mut self, action: Action, metrics: &Metrics) -> Option<Blocked> {
        match action {
            Action::Relay { to, from, frame, pressure } => return self.relay(to, from, frame, pressure, metrics),
            Action::Notify { to, text, notice } => self.notify(to, text, notice, metrics),
            Action::Close { session, close } => {
                if let Some(outbox) = self.outboxes.get(&session) {
                    outbox.close(close);
                }
            }
            Action::Bound { to, player } => {
                if let Some(outbox) = self.outboxes.get(&to) {
                    metrics.joined();
                    outbox.bind(player);
                }
            }
            Action::Orphaned(count) => metrics.orphaned(count),
            Action::Probe(session) => {
                if let Some(outbox) = self.outboxes.get(&session) {
                    outbox.probe();
                }
            }
            Action::Drop(reason) => metrics.dropped(reason, 1),
        }
        None
    }

    fn relay(
        &mut self,
        to: SessionId,
        from: SessionId,
        frame: Frame,
        pressure: Pressure,
        metrics: &Metrics,
    ) -> Option<Blocked> {
        let outbox = self.outboxes.get(&to)?;
        match (outbox.push_relay(from, frame), pressure) {
            (Ok(()), _) if self.is_timed() => outbox.time_last(metrics.outbox_wait()),
            (Ok(()), _) => {}
            (Err((Pushed::Full, frame)), Pressure::SenderWaits) => {
                return Some(Blocked { to, outbox: Arc::clone(outbox), text: frame.into_text() });
            }
            (Err((Pushed::Full, _)), Pressure::ReceiverIsCut) => {
                metrics.dropped(DropReason::OutboxFull, 1);
                self.cut_slow(to, metrics);
            }
            (Err(_), _) => metrics.dropped(DropReason::ReceiverGone, 1),
        }
        None
    }

    fn notify(&mut self, to: SessionId, text: Bytes, notice: Notice, metrics: &Metrics) {
        let Some(outbox) = self.outboxes.get(&to) else { return };
        match notice {
            Notice::PlayerConnected(_) => metrics.joined(),
            Notice::PlayerDisconnected(_) => metrics.left(),
            Notice::PlayerConnectedAgain(_) | Notice::PlayerCount | Notice::Other => {}
        }
        let (pushed, cancelled) = outbox.push_notice(text, notice);
        metrics.dropped(DropReason::Cancelled, cancelled as u64);
        if pushed == Pushed::Full {
            self.cut_slow(to, metrics);
        }
    }

    fn cut_slow(&mut self, session: SessionId, metrics: &Metrics) {
        if let Some(outbox) = self.outboxes.get(&session) {
            let lost = outbox.cut(Close::new(CloseCode::SLOW, "slow consumer: too many messages left unread"));
            metrics.dropped(DropReason::ReceiverGone, lost as u64);
            self.cut.push(session);
        }
    }
}

/// What would be relayed to another than `only` is dropped.
fn drop_relays_past(only: SessionId, out: &mut Actions) {
    for action in out {
        if matches!(action, Action::Relay { to, .. } if *to != only) {
            *action = Action::Drop(DropReason::ReceiverGone);
        }
    }
}

impl SessionGuard {
    pub(crate) fn session(&self) -> SessionId {
        self.session
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.router.disconnect(self.session);
    }
}
