//! A course of events made of bytes: how a fuzzer plays the hub against the model.

use super::driven::Driven;
use super::ops::Case;
use super::shrink::{report, shrink};
use super::trial::Trial;

/// Plays the case that the bytes stand for.
///
/// # Panics
/// With the shortest course of events that fails, when the hub does something else than the model.
pub(crate) fn play(data: &[u8]) {
    let case = Case::from_bytes(data);
    if let Err(failure) = Trial::<Driven>::play(&case) {
        let why = failure.why.clone();
        panic!("{why}\n{}", report(case.setup, &shrink::<Driven>(case.setup, failure)));
    }
}
