//! What is to be reached, and what was.

use std::fmt;

use serde::Serialize;

use super::report::{Outcome, short};

/// One measure.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) measure: String,
    pub(super) value: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) target: f64,
    pub(super) stretch: f64,
    /// Whether more is better.
    pub(super) at_least: bool,
    pub(super) reached: bool,
}

/// Where a measure is found, and what it is to reach.
pub(super) struct Aim {
    pub(super) measure: String,
    pub(super) figure: &'static str,
    pub(super) target: f64,
    pub(super) stretch: f64,
    pub(super) at_least: bool,
}

impl Aim {
    /// The measure as an outcome shows it; nothing where it has no such figure.
    pub(super) fn row(&self, outcome: &Outcome) -> Option<Row> {
        let figure = outcome.figures.get(self.figure)?;
        let (value, target) = (figure.median, self.target);
        Some(Row {
            measure: self.measure.clone(),
            value,
            min: figure.min,
            max: figure.max,
            target,
            stretch: self.stretch,
            at_least: self.at_least,
            reached: if self.at_least { value >= target } else { value <= target },
        })
    }
}

/// The rows as a table; nothing where there are none.
pub(super) fn table(rows: &[Row], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for row in rows {
        let sign = if row.at_least { "≥" } else { "≤" };
        let spread = format!("{} … {}", short(row.min), short(row.max));
        let reached = if row.reached { "reached" } else { "missed" };
        let (value, target, stretch) = (short(row.value), short(row.target), short(row.stretch));
        writeln!(f, "{:<58} {value:>9}  {spread:<18} {sign} {target:<6} ({stretch})  {reached}", row.measure)?;
    }
    Ok(())
}
