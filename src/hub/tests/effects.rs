//! The words that the model and the hub are compared in: what is asked, and what each session notices of it.

use crate::hub::{Now, Wishes};
use crate::wire::Role;

/// Stands for any text, where the protocol leaves the words open.
pub(super) const ANY: &str = "*";

/// What one session notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// `config`, with the mark that its test text carries.
    Config(u64),
    Identify,
    PlayerCount(u64),
    Confirm(String),
    /// The name of the message, and the id.
    IdChanged(String, String),
    List(Vec<String>),
    /// The words, or [`ANY`].
    SubscribeFailed(String),
    PlayerConnected {
        player: String,
        sfu: bool,
        /// `sendOffer`.
        offer: Option<bool>,
        /// Of a player that it knows already.
        again: bool,
    },
    /// Nothing that stands on the wire: it has a player that it is not told of.
    Bound(String),
    PlayerDisconnected(String),
    StreamerDisconnected,
    /// A relayed message with the mark of its test text; `addressed`: it has a `playerId`; `waits`: a full outbox
    /// stops the sender instead of cutting the receiver.
    Relay {
        from: u64,
        mark: u64,
        addressed: bool,
        waits: bool,
    },
    Probed,
    /// The code, and the words or [`ANY`].
    Closed(u16, String),
    /// A text that is none of the above, or has a field too many.
    Unreadable(String),
}

impl Effect {
    /// Whether `got` is what this expects.
    pub(super) fn admits(&self, got: &Effect) -> bool {
        match (self, got) {
            (Effect::SubscribeFailed(words), Effect::SubscribeFailed(_)) if words == ANY => true,
            (Effect::Closed(code, words), Effect::Closed(got, _)) if words == ANY => code == got,
            _ => self == got,
        }
    }
}

/// All that one event did, in order, by receiver.
pub(super) type Effects = Vec<(u64, Effect)>;

/// A request, before it is put into the hub's terms.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    EndpointId(Option<String>),
    ListStreamers,
    Subscribe(String),
    Unsubscribe,
    DisconnectPlayer { player: String, reason: String },
    StartStreaming,
    StopStreaming,
    ToPublisher { mark: u64 },
    ToPlayer { player: String, mark: u64, strip: bool },
    ToSfus { mark: u64 },
}

/// The dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    Standard,
    Wilbur,
    Wilbur55,
    Cirrus54,
    Cirrus52,
    Cirrus51,
    Cirrus427,
}

impl Speech {
    pub(super) const ALL: [Self; 7] =
        [Self::Standard, Self::Wilbur, Self::Wilbur55, Self::Cirrus54, Self::Cirrus52, Self::Cirrus51, Self::Cirrus427];
}

/// How SFUs get a streamer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Auto {
    First,
    Off,
    Only(&'static str),
}

/// The settings of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) max_players: Option<u32>,
    pub(super) auto: Auto,
}

/// One thing that happens to the gateway.
#[derive(Clone, Debug)]
pub(super) enum What {
    Connect(u64, Role, Speech, Wishes),
    Ask(u64, Ask),
    Alive(u64),
    Disconnect(u64),
    Drain(u64),
    Tick,
}

/// When it happens, and what.
#[derive(Clone, Debug)]
pub(super) struct Event(pub(super) Now, pub(super) What);

/// Whatever follows the rules: the hub, or the model.
pub(super) trait Subject {
    fn new(setup: Setup) -> Self;
    /// Returns the id as a player, unless it is turned away.
    fn connect(&mut self, now: Now, session: u64, role: Role, speech: Speech, wishes: Wishes) -> Option<String>;
    fn request(&mut self, now: Now, session: u64, ask: &Ask);
    fn alive(&mut self, now: Now, session: u64);
    fn disconnect(&mut self, now: Now, session: u64);
    fn drain(&mut self, now: Now, session: u64);
    fn tick(&mut self, now: Now);
    fn deadline(&self) -> Option<Now>;
    fn is_empty(&self) -> bool;
    /// What the last call did, and how many drops it counted (`None`: the protocol does not say).
    fn take(&mut self) -> (Effects, Option<usize>);

    /// Carries out one event; a connect returns the id as a player.
    fn carry_out(&mut self, Event(now, what): &Event) -> Option<String> {
        let now = *now;
        match what {
            What::Connect(session, role, speech, wishes) => {
                return self.connect(now, *session, *role, *speech, *wishes);
            }
            What::Ask(session, ask) => self.request(now, *session, ask),
            What::Alive(session) => self.alive(now, *session),
            What::Disconnect(session) => self.disconnect(now, *session),
            What::Drain(session) => self.drain(now, *session),
            What::Tick => self.tick(now),
        }
        None
    }
}
