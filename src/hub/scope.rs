//! Which streamer ids a session may register or watch. What else there is does not exist for it.

use std::iter;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::names::MAX_DIGITS;

/// The ids that a session may register (streamers), watch (players), or both (SFUs).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Option<Arc<[Pattern]>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Exact(Box<str>),
    Prefix(Box<str>),
}

impl Pattern {
    fn parse(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.into()),
            None => Self::Exact(text.into()),
        }
    }

    fn allows(&self, id: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *id,
            Self::Prefix(prefix) => id.starts_with(&**prefix),
        }
    }

    /// The numbers with which it allows a name, as ranges.
    fn numbers(&self, name: &str) -> impl Iterator<Item = RangeInclusive<u64>> {
        let (text, open) = match self {
            Self::Exact(exact) => (exact, false),
            Self::Prefix(prefix) => (prefix, true),
        };
        let every = (open && name.starts_with(&**text)).then_some(ALL);
        let digits = text.strip_prefix(name).filter(|_| every.is_none());
        every.into_iter().chain(digits.and_then(plain_number).into_iter().flat_map(move |first| beginning(first, open)))
    }
}

const ALL: RangeInclusive<u64> = 0..=u64::MAX;

/// A number as it is appended: without leading zeros.
fn plain_number(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    (plain && digits.len() <= MAX_DIGITS).then(|| digits.parse().ok()).flatten()
}

/// That number and, if more digits may follow, all those that begin with it: of 12 also 120 to 129, 1200 to 1299, …
fn beginning(number: u64, open: bool) -> impl Iterator<Item = RangeInclusive<u64>> {
    let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
    // Nothing else begins with 0, and what is not open goes on with nothing.
    let lengths = if open && number > 0 { MAX_DIGITS + 1 - digits } else { 1 };
    let scales = iter::successors(Some(1), |scale| Some(scale * 10)).take(lengths);
    scales.map(move |scale| number * scale..=number * scale + (scale - 1))
}

impl Scope {
    /// Every id.
    pub const ANY: Self = Self(None);

    /// The most patterns of one scope: each list of streamers is measured by all of them.
    pub const MAX_PATTERNS: usize = 64;

    /// These ids, each exact or `prefix*`. An empty list allows none; `None` if there are more than
    /// [`Self::MAX_PATTERNS`].
    pub fn of<T: AsRef<str>>(patterns: &[T]) -> Option<Self> {
        let parsed = || patterns.iter().map(|pattern| Pattern::parse(pattern.as_ref())).collect();
        (patterns.len() <= Self::MAX_PATTERNS).then(|| Self(Some(parsed())))
    }

    /// Whether it allows every id.
    pub fn is_any(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it allows that id.
    pub fn allows(&self, id: &str) -> bool {
        self.0.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.allows(id)))
    }

    /// The numbers that may be appended to a name, as ranges in no order: one, where it allows every id.
    pub(super) fn numbers(&self, name: &str) -> impl Iterator<Item = RangeInclusive<u64>> {
        let every = self.is_any().then_some(ALL);
        let patterns = self.0.iter().flat_map(|patterns| patterns.iter());
        every.into_iter().chain(patterns.flat_map(move |pattern| pattern.numbers(name)))
    }
}
