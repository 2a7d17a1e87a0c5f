//! Random events: small numbers that become an event once it is known who is there.

use std::time::Duration;

#[cfg(test)]
use proptest::prelude::{Strategy, any};

use super::effects::{Ask, Auto, Event, Setup, Speech, What};
use super::model::Model;
use crate::hub::{Now, Wishes};
use crate::wire::Role;

/// More sessions than this make no new cases, only slower ones.
const CROWD: usize = 24;

/// The ids that streamers wish for: often the same, some that the gateway gives itself, some that are no ids.
const WISHES: [Option<&str>; 18] = [
    Some("Foo"),
    Some("Foo"),
    Some("Foo"),
    Some(LONGEST),
    Some("Bar"),
    Some("Bar"),
    Some("Foo1"),
    Some("Foo11"),
    Some("Baz"),
    Some("UnknownStreamer"),
    Some("UnknownStreamer1"),
    Some("__LEGACY_STREAMER__0"),
    Some("__LEGACY__"),
    Some("SFU"),
    Some(""),
    Some("a\u{1}b"),
    Some(TOO_LONG),
    None,
];

/// 128 characters, 129 bytes.
const LONGEST: &str = concat!(
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeé"
);

/// 129 characters.
const TOO_LONG: &str = concat!(
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeé!"
);

/// Mostly one dialect in a case, often all of them.
const SPEECHES: [Option<Speech>; 16] = [
    Some(Speech::Standard),
    Some(Speech::Standard),
    Some(Speech::Standard),
    Some(Speech::Wilbur),
    Some(Speech::Wilbur),
    Some(Speech::Wilbur55),
    Some(Speech::Cirrus54),
    Some(Speech::Cirrus54),
    Some(Speech::Cirrus52),
    Some(Speech::Cirrus52),
    Some(Speech::Cirrus51),
    Some(Speech::Cirrus427),
    None,
    None,
    None,
    None,
];

/// How far the clock goes, in milliseconds.
const PAUSES: [u64; 8] = [1, 10, 400, 900, 1_999, 2_000, 3_000, 5_001];

/// One run: the settings, who speaks what, and the numbers that become events.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) setup: Setup,
    speech: Option<Speech>,
    pub(super) numbers: Vec<u32>,
}

/// Cases of at least 200 steps.
#[cfg(test)]
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let steps = proptest::collection::vec(any::<u32>(), 200..=230);
    (0..4_usize, 0..4_usize, 0..SPEECHES.len(), steps)
        .prop_map(|(max, auto, speech, numbers)| Case::new(max, auto, speech, numbers))
}

/// More steps than this make no new cases, only slower ones.
const STEPS: usize = 512;

impl Case {
    /// By places in the tables of what there is to choose from.
    fn new(max: usize, auto: usize, speech: usize, numbers: Vec<u32>) -> Self {
        let max_players = [None, None, Some(1), Some(2)][max];
        let auto = [Auto::First, Auto::First, Auto::Only("Foo"), Auto::Off][auto];
        Self { setup: Setup { max_players, auto }, speech: SPEECHES[speech], numbers }
    }

    /// Two bytes of settings, then four for each step.
    pub(super) fn from_bytes(data: &[u8]) -> Self {
        let byte = |at: usize| usize::from(data.get(at).copied().unwrap_or_default());
        let (steps, _) = data.get(2..).unwrap_or_default().as_chunks();
        let numbers = steps.iter().take(STEPS).map(|step| u32::from_le_bytes(*step)).collect();
        Self::new(byte(0) % 4, byte(0) / 4 % 4, byte(1) % SPEECHES.len(), numbers)
    }
}

/// The clock and the counter of sessions. No two events but ticks happen at the same moment, nor at moments that
/// differ by whole microseconds: deadlines never coincide, so their order needs no rule.
#[derive(Default)]
pub(super) struct Course {
    millis: u64,
    steps: u32,
    sessions: u64,
}

impl Course {
    /// Goes on after the last of the events.
    pub(super) fn following(events: &[Event]) -> Self {
        let millis = events.last().map_or(0, |Event(now, _)| now.as_millis() as u64);
        Self { millis, ..Self::default() }
    }

    /// The time of the next event, at least a millisecond on.
    fn after(&mut self, millis: u64) -> Now {
        self.millis += millis;
        self.steps += 1;
        Duration::from_millis(self.millis) + Duration::from_nanos(self.steps.into())
    }

    /// A tick at a deadline before now, or now.
    pub(super) fn tick_at(&mut self, due: Now) -> Event {
        self.millis = self.millis.max(due.as_millis() as u64);
        Event(due, What::Tick)
    }

    /// An event at its own moment.
    pub(super) fn event(&mut self, what: What) -> Event {
        Event(self.after(1), what)
    }
}

/// What a number asks for.
pub(super) enum Step {
    One(Event),
    /// The clock goes on; the timer may be late.
    Pause {
        until: Now,
        late: bool,
    },
}

/// The bytes of one number: the kind of event, who, and two details.
struct Dice {
    kind: u8,
    who: u8,
    what: u8,
    how: u8,
}

impl Case {
    /// Makes a number an event.
    pub(super) fn step(&self, number: u32, model: &Model, course: &mut Course) -> Step {
        let [kind, who, what, how] = number.to_le_bytes();
        let dice = Dice { kind, who, what, how };
        if (228..240).contains(&kind) {
            let until = course.after(PAUSES[usize::from(what) % PAUSES.len()]);
            return Step::Pause { until, late: how < 64 };
        }
        let present = model.sessions().count();
        let what = match kind {
            0..40 if present < CROWD => self.connect(&dice, course),
            0..40 => dice.anyone(model, course, |_| true).map(What::Disconnect),
            40..52 => dice.anyone(model, course, |_| true).map(What::Disconnect),
            240..248 => dice.probed(model).map(What::Alive),
            248..252 => dice.anyone(model, course, |_| true).map(What::Alive),
            252.. => dice.anyone(model, course, |_| true).map(What::Drain),
            _ => dice.ask(model, course),
        };
        Step::One(course.event(what.unwrap_or(What::Tick)))
    }

    fn connect(&self, dice: &Dice, course: &mut Course) -> Option<What> {
        course.sessions += 1;
        let role = match dice.who {
            0..90 => Role::Streamer,
            90..160 => Role::Sfu,
            _ => Role::Player,
        };
        // Standard twice as often as each of the others.
        let any = *Speech::ALL.get(usize::from(dice.what) % 8).unwrap_or(&Speech::Standard);
        let wishes = Wishes { offers: dice.how & 1 == 1, prefers_sfu: dice.how & 2 == 2 };
        Some(What::Connect(course.sessions, role, self.speech.unwrap_or(any), wishes))
    }
}

impl Dice {
    /// One of those with a fitting role; now and then anyone at all, even if gone long ago.
    fn anyone(&self, model: &Model, course: &Course, fits: impl Fn(Role) -> bool) -> Option<u64> {
        if self.who >= 250 {
            return Some(u64::from(self.what) % course.sessions.max(1) + 1);
        }
        let fitting = model.sessions().filter(|(_, role)| fits(*role)).map(|(session, _)| session).collect::<Vec<_>>();
        pick(&fitting, self.who).copied()
    }

    fn probed(&self, model: &Model) -> Option<u64> {
        pick(&model.probed(), self.who).copied()
    }

    fn ask(&self, model: &Model, course: &Course) -> Option<What> {
        let fits = match self.kind {
            52..84 => Role::publishes,
            84..144 => Role::subscribes,
            144..156 => |role| role == Role::Sfu,
            156..180 => Role::subscribes,
            180..220 => Role::publishes,
            _ => |role| role == Role::Streamer,
        };
        let session = self.anyone(model, course, fits)?;
        let ask = match self.kind {
            52..84 => Ask::EndpointId(WISHES[usize::from(self.what) % WISHES.len()].map(Into::into)),
            84..96 => Ask::ListStreamers,
            96..136 => Ask::Subscribe(self.some_id(model)),
            136..144 => Ask::Unsubscribe,
            144..152 => Ask::StartStreaming,
            152..156 => Ask::StopStreaming,
            156..180 => Ask::ToPublisher { mark: u64::from(self.how) % 8 },
            180..208 => Ask::ToPlayer { player: self.some_player(model, session), mark: 1, strip: self.how >= 128 },
            208..220 => Ask::DisconnectPlayer { player: self.some_player(model, session), reason: "go".into() },
            _ => Ask::ToSfus { mark: u64::from(self.how) % 8 },
        };
        Some(What::Ask(session, ask))
    }

    /// Mostly an id that somebody holds.
    fn some_id(&self, model: &Model) -> String {
        let held = model.sessions().filter_map(|(session, _)| model.id_of(session)).collect::<Vec<_>>();
        let wished = WISHES[usize::from(self.what) % WISHES.len()].unwrap_or("Nobody");
        let known = if self.how < 224 { pick(&held, self.what) } else { None };
        (*known.unwrap_or(&wished)).into()
    }

    /// Mostly one of the sender's own.
    fn some_player(&self, model: &Model, sender: u64) -> String {
        let own = model.players_of(sender);
        let known = if self.how % 8 < 6 { pick(&own, self.what) } else { None };
        known.cloned().unwrap_or_else(|| match self.how / 64 {
            0 => (self.what % 16).to_string(),
            1 => ["1", "SFU", "101", "102"][usize::from(self.what) % 4].into(),
            _ => format!("Player{}", self.what % 16),
        })
    }
}

fn pick<T>(all: &[T], by: u8) -> Option<&T> {
    all.get(usize::from(by).checked_rem(all.len())?)
}
