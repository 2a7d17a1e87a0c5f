//! Who holds which streamer id, and the lowest free number for a taken one (protocol.md §5.1).
//!
//! Every held id that ends in a number also occupies that number under the rest of its name: `Foo12` occupies 12 of
//! `Foo` and 2 of `Foo1`. The occupied numbers of a name are kept as ranges, so the lowest free one is found in
//! O(log n) however many streamers share the name.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use super::Scope;
use crate::id::{SessionId, StreamerId};

/// The longest run of digits that counts as a number; higher numbers are never handed out.
pub(super) const MAX_DIGITS: usize = 9;

#[derive(Debug, Default)]
pub(super) struct Names {
    holders: BTreeMap<StreamerId, SessionId>,
    numbers: HashMap<Box<str>, Numbers>,
}

impl Names {
    pub(super) fn holder(&self, id: &str) -> Option<SessionId> {
        self.holders.get(id).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.holders.is_empty() && self.numbers.is_empty()
    }

    /// `wanted`, or where that is taken `wanted` with the lowest free number of 1 and above that the scope allows.
    pub(super) fn free(&self, wanted: &StreamerId, scope: &Scope) -> Option<StreamerId> {
        if self.holders.contains_key(wanted) { self.numbered(wanted.as_str(), 1, scope) } else { Some(wanted.clone()) }
    }

    /// `name` with the lowest free number of `from` and above that the scope allows: one step for each of the ranges
    /// that the scope has for the name.
    pub(super) fn numbered(&self, name: &str, from: u64, scope: &Scope) -> Option<StreamerId> {
        let taken = self.numbers.get(name);
        let lowest = |from| taken.map_or(from, |numbers| numbers.lowest_free(from));
        let free = scope.numbers(name).filter_map(|range| {
            let number = lowest(from.max(*range.start()));
            range.contains(&number).then_some(number)
        });
        Some(StreamerId::new(format!("{name}{}", free.min()?)))
    }

    /// Gives a free id.
    pub(super) fn hold(&mut self, id: StreamerId, holder: SessionId) {
        for (name, number) in splits(id.as_str()) {
            self.numbers.entry(name.into()).or_default().insert(number);
        }
        self.holders.insert(id, holder);
    }

    /// Takes an id back.
    pub(super) fn release(&mut self, id: &StreamerId) {
        self.holders.remove(id);
        for (name, number) in splits(id.as_str()) {
            if let Some(numbers) = self.numbers.get_mut(name) {
                numbers.remove(number);
                if numbers.is_empty() {
                    self.numbers.remove(name);
                }
            }
        }
    }
}

/// Every way to read an id as a name and a number written without leading zeros.
fn splits(id: &str) -> impl Iterator<Item = (&str, u64)> {
    let digits = id.bytes().rev().take(MAX_DIGITS).take_while(u8::is_ascii_digit).count();
    (1..=digits).filter_map(move |count| {
        let (name, number) = id.split_at(id.len() - count);
        let plain = count == 1 || !number.starts_with('0');
        (plain && !name.is_empty()).then(|| (name, number.parse().ok())).and_then(|(name, n)| Some((name, n?)))
    })
}

/// A set of numbers as ranges that neither touch nor overlap: first → last, both within.
#[derive(Debug, Default)]
struct Numbers(BTreeMap<u64, u64>);

impl Numbers {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn range_of(&self, number: u64) -> Option<(u64, u64)> {
        let (&first, &last) = self.0.range(..=number).next_back()?;
        (number <= last).then_some((first, last))
    }

    fn lowest_free(&self, from: u64) -> u64 {
        self.range_of(from).map_or(from, |(_, last)| last + 1)
    }

    fn insert(&mut self, number: u64) {
        if self.range_of(number).is_some() {
            return;
        }
        let last = self.0.remove(&(number + 1)).unwrap_or(number);
        let first = number.checked_sub(1).and_then(|before| self.range_of(before)).map_or(number, |(first, _)| first);
        self.0.insert(first, last);
    }

    fn remove(&mut self, number: u64) {
        let Some((first, last)) = self.range_of(number) else { return };
        self.0.remove(&first);
        if first < number {
            self.0.insert(first, number - 1);
        }
        if number < last {
            self.0.insert(number + 1, last);
        }
    }
}
