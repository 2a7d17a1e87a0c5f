//! From a failure of two hundred events to one that a person can read.
//!
//! Ids are what keeps events that have nothing to do with a failure: without its predecessors, `UnknownStreamer3` is
//! `UnknownStreamer`, and whoever subscribed to it misses it. So an event keeps the session that its id meant, and where
//! that has another id for want of the events before it, the event is written anew.

use std::fmt::Write;

use super::effects::{Ask, Event, Setup, Subject, What};
use super::model::Model;
use super::trial::{Failure, Trial};

/// An event, and the session that its id means.
type Meant = (Event, Option<u64>);

/// A few events that still fail: none of them can be left out, nor can anybody leave instead of one of them so that
/// others can be. That everyone leaves at the end costs nothing.
pub(super) fn shrink<S: Subject>(setup: Setup, found: Failure) -> Failure {
    let mut found = without_most::<S>(setup, found);
    while let Some(fewer) = with_a_departure::<S>(setup, &found) {
        found = fewer;
    }
    found
}

fn with_a_departure<S: Subject>(setup: Setup, found: &Failure) -> Option<Failure> {
    let given = &found.events[..found.given];
    let came = |event: &Event| if let What::Connect(session, ..) = event.1 { Some(session) } else { None };
    let places = (0..found.given).rev().flat_map(|at| given.iter().filter_map(came).map(move |session| (at, session)));
    let fewer = |(at, session): (usize, u64)| {
        let mut other = meanings(setup, given);
        other[at] = (Event(given[at].0, What::Disconnect(session)), None);
        let other = Trial::<S>::replay(setup, &other, readdressed).err()?;
        Some(without_most::<S>(setup, other)).filter(|other| other.given < found.given)
    };
    places.into_iter().find_map(fewer)
}

fn without_most<S: Subject>(setup: Setup, mut found: Failure) -> Failure {
    let mut size = found.given.div_ceil(2);
    while size > 0 {
        let before = found.given;
        found = without_parts::<S>(setup, found, size);
        // What is left out may have been all that kept an event before it.
        if size > 1 || found.given == before {
            size /= 2;
        }
    }
    found
}

/// Leaves out every part of that size that can be.
fn without_parts<S: Subject>(setup: Setup, mut found: Failure, size: usize) -> Failure {
    let mut start = 0;
    while start < found.given {
        let mut fewer = meanings(setup, &found.events[..found.given]);
        fewer.drain(start..(start + size).min(fewer.len()));
        match Trial::<S>::replay(setup, &fewer, readdressed) {
            Err(smaller) if smaller.given < found.given => found = smaller,
            _ => start += size,
        }
    }
    found
}

/// Whom the ids of the events mean.
fn meanings(setup: Setup, events: &[Event]) -> Vec<Meant> {
    let mut model = Model::new(setup);
    let meaning = |event: &Event| {
        let meant = match &event.1 {
            What::Ask(_, Ask::Subscribe(id)) => model.holder(id),
            What::Ask(_, Ask::ToPlayer { player, .. } | Ask::DisconnectPlayer { player, .. }) => {
                model.session_of(player)
            }
            _ => None,
        };
        model.carry_out(event);
        (event.clone(), meant)
    };
    events.iter().map(meaning).collect()
}

/// The event with the id that the session has now.
fn readdressed((event, meant): &Meant, model: &Model) -> Event {
    let mut event = event.clone();
    let (id, now) = match &mut event.1 {
        What::Ask(_, Ask::Subscribe(id)) => (id, meant.and_then(|meant| model.id_of(meant))),
        What::Ask(_, Ask::ToPlayer { player, .. } | Ask::DisconnectPlayer { player, .. }) => {
            (player, meant.and_then(|meant| model.player_of(meant)))
        }
        _ => return event,
    };
    if let Some(now) = now {
        *id = now.into();
    }
    event
}

/// A failure as a person wants to read it.
pub(super) fn report(setup: Setup, Failure { events, why, .. }: &Failure) -> String {
    let mut text = format!("{setup:?}\n");
    for Event(now, what) in events {
        writeln!(text, "  {:>10.3} ms  {what:?}", now.as_secs_f64() * 1e3).expect("a String takes it");
    }
    text + why
}
