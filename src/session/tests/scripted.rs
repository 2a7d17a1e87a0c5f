//! A transport that does what the test says, and a gateway without listeners.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::broadcast;

use crate::auth::{Grant, Greetings};
use crate::config::Turn;
use crate::hub::{Dialect, Settings, Wishes};
use crate::metrics::{Limit, Metrics};
use crate::router::Router;
use crate::session::{Admission, Rates, SessionLimits, SessionReport, Sessions, Stay};
use crate::transport::{Ended, Incoming, Keepalive, Transport, TransportKind};
use crate::wire::{Close, DropReason, Role};

/// So quiet that it does not matter where it is not the matter.
const NO_KEEPALIVE: Keepalive =
    Keepalive { interval: Duration::from_secs(10_000), timeout: Duration::from_secs(20_000) };

/// What one connection does.
#[derive(Debug)]
pub(super) struct Script {
    /// What the peer has said and the gateway has not read.
    pub(super) inbox: VecDeque<Result<Incoming, Ended>>,
    /// What comes when the inbox is empty, endlessly.
    pub(super) flood: Option<Bytes>,
    /// How many messages and signs of life the gateway has read.
    pub(super) reads: usize,
    /// Whether the peer takes what it is sent.
    pub(super) takes: bool,
    /// How many messages fit on the way to a peer that does not.
    pub(super) on_the_way: usize,
    pub(super) flushes: usize,
    pub(super) pings: usize,
    pub(super) signs_of_life: u64,
    pub(super) bytes_taken: u64,
    pub(super) bytes_held: usize,
    pub(super) keeps_itself_alive: bool,
    /// The peer answers the close, or leaves the gateway waiting.
    pub(super) answers_close: bool,
    pub(super) closed: Option<Close>,
    /// How many messages were still to be flushed then.
    pub(super) with_close: usize,
    fed: VecDeque<String>,
    sent: Vec<String>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            inbox: VecDeque::new(),
            flood: None,
            reads: 0,
            takes: true,
            on_the_way: 1,
            flushes: 0,
            pings: 0,
            signs_of_life: 0,
            bytes_taken: 0,
            bytes_held: 0,
            keeps_itself_alive: false,
            answers_close: true,
            closed: None,
            with_close: 0,
            fed: VecDeque::new(),
            sent: Vec::new(),
            reader: None,
            writer: None,
        }
    }
}

struct Scripted(Arc<Mutex<Script>>);

impl Transport for Scripted {
    fn kind(&self) -> TransportKind {
        TransportKind::Ws
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Ended>> {
        let mut script = self.0.lock();
        let flood = script.flood.clone().map(|text| Ok(Incoming::Message(text)));
        match script.inbox.pop_front().or(flood) {
            Some(incoming) => {
                script.reads += 1;
                script.signs_of_life += 1;
                Poll::Ready(incoming)
            }
            None => {
                script.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let mut script = self.0.lock();
        if script.takes || script.fed.len() < script.on_the_way {
            return Poll::Ready(Ok(()));
        }
        script.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn feed(&mut self, text: Bytes) -> Result<(), Ended> {
        self.0.lock().fed.push_back(String::from_utf8(text.to_vec()).unwrap());
        Ok(())
    }

    fn feed_ping(&mut self) -> Result<(), Ended> {
        self.0.lock().pings += 1;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let mut script = self.0.lock();
        if script.takes {
            script.flushes += 1;
            let fed = std::mem::take(&mut script.fed);
            script.bytes_taken += fed.iter().map(|text| text.len() as u64).sum::<u64>();
            script.sent.extend(fed);
            return Poll::Ready(Ok(()));
        }
        script.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, close: &Close) -> Poll<()> {
        {
            let mut script = self.0.lock();
            if script.closed.replace(close.clone()).is_none() {
                script.with_close = script.fed.len();
            }
        }
        if !self.close_is_written() && self.poll_flush(cx).is_pending() {
            return Poll::Pending;
        }
        if self.0.lock().answers_close { Poll::Ready(()) } else { Poll::Pending }
    }

    fn close_is_written(&self) -> bool {
        self.0.lock().fed.is_empty()
    }

    fn bytes_taken(&self) -> u64 {
        self.0.lock().bytes_taken
    }

    fn bytes_held(&self) -> usize {
        self.0.lock().bytes_held
    }

    fn signs_of_life(&self) -> u64 {
        self.0.lock().signs_of_life
    }

    fn keeps_itself_alive(&self) -> bool {
        self.0.lock().keeps_itself_alive
    }
}

/// A gateway without listeners.
pub(super) struct Gateway {
    pub(super) router: Arc<Router>,
    sessions: Arc<Sessions>,
    pub(super) greetings: Arc<Greetings>,
    pub(super) reports: broadcast::Receiver<SessionReport>,
}

impl Gateway {
    pub(super) fn new() -> Self {
        Self::with(NO_KEEPALIVE, None)
    }

    pub(super) fn with_rates(rates: Rates) -> Self {
        Self::with(NO_KEEPALIVE, Some(rates))
    }

    pub(super) fn with_stay(stay: Stay) -> Self {
        Self::within(NO_KEEPALIVE, SessionLimits { rates: None, stay })
    }

    pub(super) fn with(keepalive: Keepalive, rates: Option<Rates>) -> Self {
        Self::within(keepalive, SessionLimits { rates, stay: Stay::default() })
    }

    fn within(keepalive: Keepalive, limits: SessionLimits) -> Self {
        let router = Router::new(Settings::default(), Arc::new(Metrics::default()));
        let sessions = Arc::new(Sessions::new(Arc::clone(&router), keepalive, limits));
        let reports = sessions.reports();
        Self { router, sessions, greetings: Greetings::new("{}", &Turn::default()), reports }
    }

    /// Streamer `Foo`, which has been greeted.
    pub(super) async fn streamer(&self) -> Peer {
        let streamer = self.connect(Role::Streamer);
        streamer.says(r#"{"type":"endpointId","id":"Foo"}"#);
        settle().await;
        streamer.heard();
        streamer
    }

    /// A player of `Foo`, which has been greeted; its streamer still has to hear of it.
    pub(super) async fn player(&self) -> Peer {
        let player = self.connect(Role::Player);
        player.says(r#"{"type":"subscribe","streamerId":"Foo"}"#);
        settle().await;
        player.heard();
        player
    }

    pub(super) fn connect(&self, role: Role) -> Peer {
        self.connect_as(role, Dialect::STANDARD, |_| ())
    }

    /// Connects a peer whose script is arranged first.
    pub(super) fn connect_as(&self, role: Role, dialect: &'static Dialect, arrange: impl FnOnce(&mut Script)) -> Peer {
        self.connect_with(role, dialect, Grant::default(), arrange)
    }

    /// Connects one that was granted so much.
    pub(super) fn connect_with(
        &self,
        role: Role,
        dialect: &'static Dialect,
        grant: Grant,
        arrange: impl FnOnce(&mut Script),
    ) -> Peer {
        let mut script = Script::default();
        arrange(&mut script);
        let script = Arc::new(Mutex::new(script));
        let transport = Scripted(Arc::clone(&script));
        let sessions = Arc::clone(&self.sessions);
        let remote = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let admission = Admission {
            role,
            dialect,
            places: dialect.places,
            remote,
            greetings: Arc::clone(&self.greetings),
            wishes: Wishes::default(),
            grant,
            place: None,
            early: None,
        };
        let task = tokio::spawn(async move { sessions.serve(transport, admission).await });
        Peer { script, task }
    }

    /// How often a session has met that limit.
    pub(super) fn reached(&self, limit: Limit) -> u64 {
        self.router.metrics().limits_reached(limit)
    }

    pub(super) fn drops(&self, reason: DropReason) -> u64 {
        self.router.metrics().drops(reason)
    }
}

/// The far end of a scripted connection.
pub(super) struct Peer {
    script: Arc<Mutex<Script>>,
    pub(super) task: tokio::task::JoinHandle<()>,
}

impl Peer {
    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock()
    }

    pub(super) fn says(&self, text: impl Into<Bytes>) {
        self.comes(Ok(Incoming::Message(text.into())));
    }

    /// Something comes in.
    pub(super) fn comes(&self, incoming: Result<Incoming, Ended>) {
        let mut script = self.script();
        script.inbox.push_back(incoming);
        if let Some(reader) = script.reader.take() {
            reader.wake();
        }
    }

    /// The endless flood begins.
    pub(super) fn floods(&self, text: &str) {
        self.script().flood = Some(Bytes::copy_from_slice(text.as_bytes()));
        self.comes(Ok(Incoming::Life));
    }

    pub(super) fn stops_taking(&self) {
        self.script().takes = false;
    }

    pub(super) fn takes_again(&self) {
        let mut script = self.script();
        script.takes = true;
        if let Some(writer) = script.writer.take() {
            writer.wake();
        }
    }

    /// What has been flushed to it since it was last asked.
    pub(super) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.script().sent)
    }

    pub(super) fn reads(&self) -> usize {
        self.script().reads
    }

    pub(super) fn closed(&self) -> Option<Close> {
        self.script().closed.clone()
    }

    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

/// Until every task waits. Virtual time goes on by next to nothing.
pub(super) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Virtual time goes by.
pub(super) async fn after(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
