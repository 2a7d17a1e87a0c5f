//! What each attack came to, as a table.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::attacks::ATTACKS;
use super::pair::Trips;

pub(crate) struct Row {
    pub(crate) attack: &'static str,
    /// What the gateway did.
    pub(crate) done: String,
    pub(crate) peak: usize,
    pub(crate) quiet: Trips,
    pub(crate) during: Trips,
    pub(crate) after: Trips,
    pub(crate) sink: Option<Trips>,
    pub(crate) resident: Vec<usize>,
    pub(crate) heap: Option<(usize, usize)>,
}

const HEAD: &str = "| attack | the gateway | peak MiB | resident MiB after each wave | live heap KiB before, after \
                    | p99 ms quiet | during | beside a sink | after |\n|---|---|---|---|---|---|---|---|---|\n";

impl Row {
    /// Kept, so that the table can be put together whichever process ran which attack.
    pub(crate) fn keep(&self) {
        fs::create_dir_all(folder()).expect("room");
        let ms = |trips: &Trips| format!("{:.2}", trips.p99().as_secs_f64() * 1e3);
        let resident =
            self.resident.iter().map(|bytes| format!("{:.1}", *bytes as f64 / 1048576.0)).collect::<Vec<_>>();
        let heap = self.heap.map_or_else(none, |(before, after)| format!("{}, {}", before >> 10, after >> 10));
        let row = format!(
            "| {} | {} | {} | {} | {heap} | {} | {} | {} | {} |\n",
            self.attack,
            self.done,
            self.peak >> 20,
            if resident.is_empty() { none() } else { resident.join(", ") },
            ms(&self.quiet),
            ms(&self.during),
            self.sink.as_ref().map_or_else(none, ms),
            ms(&self.after),
        );
        fs::write(folder().join(self.attack), row).expect("room");
        fs::write(folder().join("table.md"), all()).expect("room");
    }
}

fn none() -> String {
    "–".to_owned()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("abuse")
}

/// The rows that there are.
pub(crate) fn all() -> String {
    let rows = ATTACKS.iter().filter_map(|attack| fs::read_to_string(folder().join(attack.name)).ok());
    rows.fold(HEAD.to_owned(), |mut table, row| {
        let _ = write!(table, "{row}");
        table
    })
}
