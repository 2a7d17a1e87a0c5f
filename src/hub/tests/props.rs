//! The hub against the model, and against what holds whatever happens, over random courses of events.

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::driven::Driven;
use super::effects::{Ask, Effect, Effects, Setup, Speech, Subject};
use super::model::Model;
use super::ops::cases;
use super::shrink::{report, shrink};
use super::trial::Trial;
use crate::hub::{Now, Wishes};
use crate::wire::Role;

/// `PIXELGATE_PROP_CASES`, or 10,000 where `CI` is set, or 500.
fn number_of_cases() -> u32 {
    let given = std::env::var("PIXELGATE_PROP_CASES").ok().and_then(|cases| cases.parse().ok());
    given.unwrap_or(if std::env::var_os("CI").is_some() { 10_000 } else { 500 })
}

/// Plays random cases; panics with the shortest course of events that fails.
fn play<S: Subject>(cases_to_play: u32) {
    let config = Config { cases: cases_to_play, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config)
        .run(&cases(), |case| Trial::<S>::play(&case).map_err(|failure| TestCaseError::fail(failure.why)));
    if let Err(TestError::Fail(why, case)) = played {
        let failure = Trial::<S>::play(&case).expect_err("the same case fails again");
        panic!("{why}\n{}", report(case.setup, &shrink::<S>(case.setup, failure)));
    }
    played.expect("no case is rejected");
}

#[test]
fn the_hub_does_what_the_model_does() {
    play::<Driven>(number_of_cases());
}

#[test]
fn the_same_events_have_the_same_effects() {
    play::<Twice>(number_of_cases() / 10);
}

/// The invariants need no hub: what breaks them here is wrong in the model, or in the protocol.
#[test]
fn the_model_keeps_the_invariants() {
    play::<Model>(number_of_cases() / 5);
}

/// A subject with a fault, so that it is known what a failure looks like.
struct Forgetful(Model);

#[test]
fn a_faulty_subject_is_found_and_its_course_is_short() {
    let config = Config { failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let found = TestRunner::new(config).run(&cases(), |case| {
        let Err(failure) = Trial::<Forgetful>::play(&case) else { return Ok(()) };
        let failure = shrink::<Forgetful>(case.setup, failure);
        let text = report(case.setup, &failure);
        // One to be watched with its id, one to watch it, and a departure.
        assert!(failure.events.len() <= 5, "of 200 events these are left:\n{text}");
        assert!(text.contains("expected [PlayerDisconnected("), "{text}");
        Err(TestCaseError::fail("found"))
    });
    assert!(matches!(found, Err(TestError::Fail(why, _)) if why.message() == "found"));
}

/// Two hubs that are told the same; where they differ, none of it can be read.
struct Twice(Driven, Driven);

/// Subjects that wrap others.
macro_rules! delegate {
    ($subject:ident { $($field:tt),* }, $($take:tt)*) => {
        impl Subject for $subject {
            fn new(setup: Setup) -> Self {
                Self($({ let _ = $field; Subject::new(setup) }),*)
            }
            fn connect(&mut self, now: Now, session: u64, role: Role, speech: Speech, wishes: Wishes) -> Option<String> {
                [$(self.$field.connect(now, session, role, speech, wishes)),*].into_iter().next().flatten()
            }
            fn request(&mut self, now: Now, session: u64, ask: &Ask) {
                $(self.$field.request(now, session, ask);)*
            }
            fn alive(&mut self, now: Now, session: u64) {
                $(self.$field.alive(now, session);)*
            }
            fn disconnect(&mut self, now: Now, session: u64) {
                $(self.$field.disconnect(now, session);)*
            }
            fn drain(&mut self, now: Now, session: u64) {
                $(self.$field.drain(now, session);)*
            }
            fn tick(&mut self, now: Now) {
                $(self.$field.tick(now);)*
            }
            fn deadline(&self) -> Option<Now> {
                self.0.deadline()
            }
            fn is_empty(&self) -> bool {
                $(self.$field.is_empty())&&*
            }
            $($take)*
        }
    };
}

delegate!(Twice { 0, 1 },
    fn take(&mut self) -> (Effects, Option<usize>) {
        let (one, other) = (self.0.take(), self.1.take());
        match one == other {
            true => one,
            false => (vec![(0, Effect::Unreadable(format!("{one:?}, the second time {other:?}")))], one.1),
        }
    }
);

delegate!(Forgetful { 0 },
    fn take(&mut self) -> (Effects, Option<usize>) {
        let (mut effects, drops) = self.0.take();
        effects.retain(|(_, effect)| !matches!(effect, Effect::PlayerDisconnected(_)));
        (effects, drops)
    }
);
