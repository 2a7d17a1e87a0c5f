//! One run of a subject beside the model: after every event, each session must have noticed the same of both.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::effects::{Effect, Effects, Event, Setup, Subject, What};
use super::invariants::Outside;
use super::model::Model;
use super::ops::{Case, Course, Step};
use crate::wire::Role;

/// A subject beside the model, with all that happened so far.
pub(super) struct Trial<S> {
    model: Model,
    subject: S,
    outside: Outside,
    events: Vec<Event>,
}

type Outcome = Result<(), String>;

/// What happened up to the failure, and what is wrong.
pub(super) struct Failure {
    pub(super) events: Vec<Event>,
    /// How many of them came before everyone was made to leave.
    pub(super) given: usize,
    pub(super) why: String,
}

impl<S: Subject> Trial<S> {
    fn new(setup: Setup) -> Self {
        let (outside, events) = Default::default();
        Self { model: Model::new(setup), subject: S::new(setup), outside, events }
    }

    /// Plays a random case to its end.
    pub(super) fn play(case: &Case) -> Result<(), Failure> {
        let mut trial = Self::new(case.setup);
        let mut course = Course::default();
        let played = trial.play_steps(case, &mut course);
        trial.end(played, &mut course)
    }

    /// Plays given events, and to the end from there. `readdress` may write an event for what it finds.
    pub(super) fn replay<E>(
        setup: Setup,
        events: &[E],
        readdress: impl Fn(&E, &Model) -> Event,
    ) -> Result<(), Failure> {
        let mut trial = Self::new(setup);
        let played = events.iter().try_for_each(|event| trial.happen(readdress(event, &trial.model)));
        let mut course = Course::following(&trial.events);
        trial.end(played, &mut course)
    }

    fn end(mut self, played: Outcome, course: &mut Course) -> Result<(), Failure> {
        let given = self.events.len();
        let outcome = played.and_then(|()| self.finish(course));
        outcome.map_err(|why| Failure { events: self.events, given, why })
    }

    fn play_steps(&mut self, case: &Case, course: &mut Course) -> Outcome {
        for &number in &case.numbers {
            match case.step(number, &self.model, course) {
                Step::One(event) => self.happen(event)?,
                Step::Pause { until, late } => {
                    while let Some(due) = self.model.deadline().filter(|due| !late && *due <= until) {
                        self.happen(course.tick_at(due))?;
                    }
                    self.happen(Event(until, What::Tick))?;
                }
            }
        }
        Ok(())
    }

    /// Everyone leaves, the players first: nothing stays behind.
    fn finish(&mut self, course: &mut Course) -> Outcome {
        for leaving in [Role::Player, Role::Sfu, Role::Streamer] {
            let all = self.model.sessions().filter(|(_, role)| *role == leaving).collect::<Vec<_>>();
            for (session, _) in all {
                self.happen(course.event(What::Disconnect(session)))?;
            }
            if leaving == Role::Sfu {
                self.outside.check_all_players_gone()?;
            }
        }
        match (self.subject.is_empty(), self.subject.deadline()) {
            (true, None) => Ok(()),
            rest => Err(format!("at the end, (empty, deadline) is {rest:?}")),
        }
    }

    fn happen(&mut self, event: Event) -> Outcome {
        self.events.push(event.clone());
        let expected_player = self.model.carry_out(&event);
        let subject = AssertUnwindSafe(|| self.subject.carry_out(&event));
        let player = catch_unwind(subject).map_err(|payload| panic_message(&*payload))?;
        let ((expected, expected_drops), (got, drops)) = (self.model.take(), self.subject.take());
        same("the player id is", &expected_player, &player)?;
        match difference(&event, &expected, &got) {
            Some(difference) => return Err(difference),
            None => self.outside.note(&event, player, &got)?,
        }
        if let (Some(expected), Some(drops)) = (expected_drops, drops) {
            same("the number of drops is", &expected, &drops)?;
        }
        same("the deadline is", &self.model.deadline(), &self.subject.deadline())
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let words = payload.downcast_ref::<&str>().copied();
    let words = words.or(payload.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", words.unwrap_or("no words"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, got: &T) -> Outcome {
    if expected == got { Ok(()) } else { Err(format!("{what} {got:?}, expected {expected:?}")) }
}

/// The first receiver that noticed something else than expected, with both lists.
pub(super) fn difference(event: &Event, expected: &Effects, got: &Effects) -> Option<String> {
    if expected == got {
        return None;
    }
    let (mut expected, mut got) = (by_receiver(expected), by_receiver(got));
    let newcomer = matches!(event.1, What::Connect(..));
    let counts = if newcomer { None } else { compare_counts(&mut expected, &mut got) };
    if counts.is_some() {
        return counts;
    }
    let receivers = expected.keys().chain(got.keys()).copied().collect::<BTreeSet<_>>();
    receivers.into_iter().find_map(|receiver| {
        let (expected, got) = (at(&expected, receiver), at(&got, receiver));
        let same = expected.len() == got.len() && expected.iter().zip(got).all(|(one, other)| one.admits(other));
        (!same).then(|| format!("s{receiver}\n  expected {expected:?}\n  got      {got:?}"))
    })
}

type ByReceiver<'a> = BTreeMap<u64, Vec<&'a Effect>>;

fn by_receiver(effects: &Effects) -> ByReceiver<'_> {
    let mut lists = ByReceiver::new();
    for (to, effect) in effects {
        lists.entry(*to).or_default().push(effect);
    }
    lists
}

fn at<'a, 'b>(lists: &'b ByReceiver<'a>, receiver: u64) -> &'b [&'a Effect] {
    lists.get(&receiver).map_or(&[], Vec::as_slice)
}

/// Where several players go in one event, only the newest count matters, and only to those who stay.
fn compare_counts(expected: &mut ByReceiver, got: &mut ByReceiver) -> Option<String> {
    let (expected, got) = (take_newest_counts(expected), take_newest_counts(got));
    (expected != got).then(|| format!("newest player counts\n  expected {expected:?}\n  got      {got:?}"))
}

fn take_newest_counts(lists: &mut ByReceiver) -> BTreeMap<u64, u64> {
    let mut newest = BTreeMap::new();
    for (receiver, effects) in lists {
        let stays = !effects.iter().any(|effect| matches!(effect, Effect::Closed(..)));
        effects.retain(|effect| match effect {
            Effect::PlayerCount(count) => {
                if stays {
                    newest.insert(*receiver, *count);
                }
                false
            }
            _ => true,
        });
    }
    newest
}
