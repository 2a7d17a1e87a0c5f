//! What is said about a wrong configuration: one line with the place, the fault and the remedy.

use std::fmt;

/// The configuration cannot be used. The fault is the operator's; the message says where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ConfigError {
    place: String,
    fault: Fault,
}

/// What is wrong with a value, wherever it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    problem: String,
    remedy: String,
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }

    pub(super) fn at(self, place: impl Into<String>) -> ConfigError {
        ConfigError { place: place.into(), fault: self }
    }

    /// The same, in the file that the value names.
    pub(super) fn within(self, file: &str) -> Self {
        Self { problem: format!("{file}: {}", self.problem), ..self }
    }

    /// A word that is none of those known: names the nearest, or all.
    pub(super) fn unknown(problem: String, word: &str, known: &[&str]) -> Self {
        match nearest(word, known) {
            Some(near) => Self::new(problem, format!("did you mean {near:?}?")),
            None => Self::new(problem, format!("write one of {}", known.join(", "))),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.problem, self.remedy)
    }
}

/// The known word that is a slip away: a third of its letters at most.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |name: &&&str| strsim::osa_distance(&word.to_lowercase(), name);
    let near = known.iter().min_by_key(distance)?;
    (distance(&near) <= near.len().max(3) / 3).then_some(*near)
}
