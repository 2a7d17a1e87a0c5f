//! What was measured against what may be.

use std::fmt;

use pixelgate_benches::scenes::{RATIOS, SCENES};

use super::baseline::Baseline;
use super::callgrind::Counts;

/// How much more than recorded is still the same: 5 %.
const SLACK: f64 = 1.05;

/// Counts of allocations are exact but for the tables that grow now and then.
const ALLOCATIONS_SLACK: f64 = 0.01;

/// One thing that was checked.
struct Check {
    what: String,
    passed: bool,
}

/// All that was checked.
pub(crate) struct Verdict(Vec<Check>);

impl Verdict {
    pub(crate) fn of(counts: &Counts, baseline: Option<&Baseline>) -> Self {
        let allocations = SCENES.iter().filter_map(|scene| allocations(counts, scene.name, scene.allocations?));
        let ratios = RATIOS.iter().filter_map(|ratio| ratio_of(counts, ratio.large, ratio.small, ratio.at_most));
        let recorded = baseline.into_iter().flat_map(|baseline| instructions(counts, baseline));
        Self(recorded.chain(ratios).chain(allocations).collect())
    }

    pub(crate) fn passed(&self) -> usize {
        self.0.len() - self.failed()
    }

    pub(crate) fn failed(&self) -> usize {
        self.0.iter().filter(|check| !check.passed).count()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Check { what, passed } in &self.0 {
            writeln!(f, "{} {what}", if *passed { "ok    " } else { "FAILED" })?;
        }
        Ok(())
    }
}

/// Every scene against its line in the baseline, and every line against the scenes.
fn instructions(counts: &Counts, baseline: &Baseline) -> Vec<Check> {
    let mut checks = Vec::new();
    for (&name, cost) in counts {
        checks.push(match baseline.0.get(name) {
            Some(&recorded) => compared(name, cost.instructions, recorded),
            None => Check { what: format!("{name}: not in the baseline; record it anew"), passed: false },
        });
    }
    let gone = baseline.0.keys().filter(|name| !counts.contains_key(name.as_str()));
    checks.extend(
        gone.map(|name| Check { what: format!("{name}: in the baseline only; record it anew"), passed: false }),
    );
    checks
}

fn compared(name: &str, measured: f64, recorded: f64) -> Check {
    let change = 100.0 * (measured / recorded - 1.0);
    let hint = if change < -5.0 { "; record the gain" } else { "" };
    let what = format!("{name}: {measured:.0} instructions, recorded {recorded:.0} ({change:+.1} %{hint})");
    Check { what, passed: measured <= recorded * SLACK }
}

fn ratio_of(counts: &Counts, large: &str, small: &str, at_most: f64) -> Option<Check> {
    let ratio = counts.get(large)?.instructions / counts.get(small)?.instructions;
    Some(Check { what: format!("{large} against {small}: {ratio:.2}, at most {at_most}"), passed: ratio <= at_most })
}

fn allocations(counts: &Counts, name: &str, at_most: f64) -> Option<Check> {
    let measured = counts.get(name)?.allocations;
    let what = format!("{name}: {measured:.2} allocations, at most {at_most:.2}");
    Some(Check { what, passed: measured <= at_most + ALLOCATIONS_SLACK })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callgrind::Cost;

    const NAME: &str = "relay to player/1000";

    fn verdict(instructions: f64, allocations: f64, recorded: Option<f64>) -> Verdict {
        let baseline = recorded.map(|recorded| Baseline([(NAME.to_owned(), recorded)].into()));
        Verdict::of(&Counts::from([(NAME, Cost { instructions, allocations })]), baseline.as_ref())
    }

    #[test]
    fn five_per_cent_more_is_the_limit() {
        assert_eq!(verdict(1050.0, 1.0, Some(1000.0)).failed(), 0);
        assert_eq!(verdict(1051.0, 1.0, Some(1000.0)).failed(), 1);
        assert_eq!(verdict(500.0, 1.0, Some(1000.0)).failed(), 0);
    }

    #[test]
    fn one_more_allocation_fails_with_a_baseline_and_without() {
        assert_eq!(verdict(1000.0, 2.0, Some(1000.0)).failed(), 1);
        assert_eq!(verdict(1000.0, 2.0, None).failed(), 1);
        assert_eq!(verdict(1000.0, 1.0, None).passed(), 1);
    }

    #[test]
    fn a_baseline_that_is_not_of_these_scenes_fails() {
        let other = Baseline([("another".to_owned(), 1.0)].into());
        let counts = Counts::from([(NAME, Cost { instructions: 1.0, allocations: 1.0 })]);
        assert_eq!(Verdict::of(&counts, Some(&other)).failed(), 2);
    }

    #[test]
    fn ratios_count_everywhere() {
        let cost = |instructions| Cost { instructions, allocations: 0.0 };
        let counts = |large| Counts::from([(RATIOS[0].large, cost(large)), (RATIOS[0].small, cost(100.0))]);
        assert_eq!(Verdict::of(&counts(125.0), None).failed(), 0);
        assert_eq!(Verdict::of(&counts(126.0), None).failed(), 1);
    }
}
