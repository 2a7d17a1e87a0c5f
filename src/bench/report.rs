//! What was measured, as JSON and as a table. docs/performance.md describes both.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use super::error::Failure;
use super::machine;
use crate::config::Output;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// From this share of a processor on, the generator may be what is measured.
const BUSY: f64 = 0.9;

/// Every figure and its unit. With `limit_` before it, the same of the yardstick; with `ratio_`, the server's by the
/// yardstick's, without a unit.
const FIGURES: &[(&str, &str)] = &[
    ("bytes_messages_per_s", "1/s"),
    ("connects_per_s", "1/s"),
    ("duplicated", ""),
    ("fanout_last_ms", "ms"),
    ("fanout_p50_ms", "ms"),
    ("generator_cores", ""),
    ("generator_late_p99_us", "us"),
    ("held_mib", "MiB"),
    ("held_ratio", ""),
    ("join_p50_ms", "ms"),
    ("join_p99_ms", "ms"),
    ("joins_per_s", "1/s"),
    ("latency_growth", ""),
    ("latency_max_us", "us"),
    ("latency_p50_us", "us"),
    ("latency_p90_us", "us"),
    ("latency_p99_us", "us"),
    ("latency_p999_us", "us"),
    ("left_mib", "MiB"),
    ("left_ratio", ""),
    ("lost", ""),
    ("memory_per_session_kib", "KiB"),
    ("messages_per_s", "1/s"),
    ("of_bytes", ""),
    ("register_growth", ""),
    ("register_p50_us", "us"),
    ("reordered", ""),
    ("sent", ""),
    ("server_cores", ""),
    ("server_cpu_ms_per_join", "ms"),
    ("server_cpu_us_per_message", "us"),
    ("slow_cut", ""),
    ("slow_growth_mib", "MiB"),
    ("slow_latency_p50_us", "us"),
    ("slow_latency_p99_us", "us"),
];

/// Of these there is a ratio; of the others it says nothing.
const COMPARED: &[&str] = &[
    "fanout_last_ms",
    "fanout_p50_ms",
    "join_p50_ms",
    "join_p99_ms",
    "joins_per_s",
    "latency_p50_us",
    "latency_p99_us",
    "messages_per_s",
    "server_cpu_ms_per_join",
    "server_cpu_us_per_message",
];

/// Everything of one run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    format: u32,
    version: &'static str,
    machine: Machine,
    pub(super) results: Vec<Outcome>,
    /// The table of docs/performance.md, as far as the run has its figures.
    pub(super) targets: Vec<super::targets::Row>,
}

#[derive(Debug, Serialize)]
struct Machine {
    os: &'static str,
    arch: &'static str,
    cores: usize,
    processor: Option<String>,
    descriptors: Option<u64>,
}

impl Report {
    pub(super) fn new(results: Vec<Outcome>) -> Self {
        let machine = Machine {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            cores: machine::cores(),
            processor: machine::processor(),
            descriptors: machine::descriptors(),
        };
        Self { format: FORMAT, version: env!("CARGO_PKG_VERSION"), machine, results, targets: Vec::new() }
    }

    /// Writes the JSON where it was asked for, and the table where the JSON is not.
    pub(super) fn publish(&self, json: Option<&Output>) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        let fail = |path: String, error: std::io::Error| Failure::Write { path, why: error.to_string() };
        match json {
            Some(Output::File(path)) => {
                std::fs::write(path, text).map_err(|error| fail(path.display().to_string(), error))?;
            }
            Some(Output::Stdout) => {
                let _ = std::io::stderr().write_all(self.to_string().as_bytes());
                return std::io::stdout().write_all(text.as_bytes()).map_err(|error| fail("-".into(), error));
            }
            None => {}
        }
        std::io::stdout().write_all(self.to_string().as_bytes()).map_err(|error| fail("stdout".into(), error))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.results.iter().try_for_each(|outcome| writeln!(f, "{outcome}"))?;
        super::targets::table(&self.targets, f)
    }
}

/// What one scenario has shown.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) scenario: &'static str,
    pub(super) setup: BTreeMap<&'static str, Value>,
    pub(super) figures: BTreeMap<String, Figure>,
    pub(super) notes: Vec<String>,
}

/// A figure, of all rounds.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    unit: &'static str,
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) rounds: Vec<f64>,
}

impl Outcome {
    pub(super) fn new<const N: usize>(scenario: &'static str, setup: [(&'static str, Value); N]) -> Self {
        Self { scenario, setup: setup.into(), figures: BTreeMap::new(), notes: Vec::new() }
    }

    /// Adds a round of a figure.
    pub(super) fn add(&mut self, name: &str, value: f64) {
        let unit = unit(name);
        let empty = || Figure { unit, median: 0.0, min: 0.0, max: 0.0, rounds: Vec::new() };
        self.figures.entry(name.to_owned()).or_insert_with(empty).add(rounded(value));
    }

    /// Adds a round of the server's figures.
    pub(super) fn add_round(&mut self, figures: &BTreeMap<&'static str, f64>) {
        figures.iter().for_each(|(name, value)| self.add(name, *value));
    }

    /// Adds a round of the server's and of the yardstick's figures, and their ratios.
    pub(super) fn add_against(&mut self, server: &BTreeMap<&'static str, f64>, limit: &BTreeMap<&'static str, f64>) {
        self.add_round(server);
        for (name, limit) in limit {
            self.add(&format!("limit_{name}"), *limit);
            if let Some(server) = server.get(name).filter(|_| COMPARED.contains(name) && *limit > 0.0) {
                self.add(&format!("ratio_{name}"), server / limit);
            }
        }
    }

    /// Says that the server's CPU time and memory are not known, where they are not.
    pub(super) fn note_process(&mut self, pid: Option<u32>) {
        if pid.is_none() {
            self.note("the server's process is not known: --server-pid tells its CPU time and memory");
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn median(&self, name: &str) -> Option<f64> {
        self.figures.get(name).map(|figure| figure.median)
    }

    /// Says what there is to be known about these figures.
    pub(super) fn concluded(mut self) -> Self {
        if let Some(cores) = self.median("generator_cores").filter(|cores| *cores >= BUSY) {
            self.note(format!(
                "the generator kept {cores:.2} of {} processors busy: it may be the bottleneck. Compare ratios and CPU \
                 time per message, or give server and generator more processors",
                machine::cores()
            ));
        }
        if !cfg!(target_os = "linux") {
            self.note("CPU time and memory are read from /proc: only Linux has it");
        }
        self
    }
}

impl Figure {
    fn add(&mut self, value: f64) {
        self.rounds.push(value);
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let even = sorted.len().is_multiple_of(2);
        self.median = if even { rounded(f64::midpoint(sorted[middle - 1], sorted[middle])) } else { sorted[middle] };
        (self.min, self.max) = (sorted[0], sorted[sorted.len() - 1]);
    }
}

fn unit(name: &str) -> &'static str {
    let known = |name: &str| FIGURES.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit);
    let unit = match name.strip_prefix("ratio_") {
        Some(plain) => known(plain).map(|_| ""),
        None => known(name.strip_prefix("limit_").unwrap_or(name)),
    };
    debug_assert!(unit.is_some(), "{name} is in no table");
    unit.unwrap_or_default()
}

/// Six digits: more are noise.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10_f64.powi(5 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", short(self.median))?;
        if self.rounds.len() > 1 && self.min < self.max {
            write!(f, " ({} … {})", short(self.min), short(self.max))?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut heading = self.scenario.to_owned();
        for (name, value) in &self.setup {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            write!(heading, "  {name} {value}")?;
        }
        writeln!(f, "{heading}")?;
        let plain = |name: &&String| !name.starts_with("limit_") && !name.starts_with("ratio_");
        for name in self.figures.keys().filter(plain) {
            let figure = &self.figures[name];
            write!(f, "  {:<26} {} {}", name.replace('_', " "), figure, figure.unit)?;
            if let Some(limit) = self.figures.get(&format!("limit_{name}")) {
                write!(f, "  limit {}", short(limit.median))?;
            }
            if let Some(ratio) = self.figures.get(&format!("ratio_{name}")) {
                write!(f, "  ratio {ratio}")?;
            }
            writeln!(f)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {note}"))
    }
}

/// A number as a person reads it.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        large if large >= 1000.0 => format!("{value:.0}"),
        large if large >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}
