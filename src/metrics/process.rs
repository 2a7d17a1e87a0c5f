//! What the process takes of its machine. Read where the system tells it without foreign code, on Linux; elsewhere the
//! figures are absent rather than wrong.

use std::fs;

/// The process at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    /// Memory in RAM, in bytes.
    pub(super) resident: Option<u64>,
    /// Open descriptors: sockets, files.
    pub(super) open_descriptors: Option<u64>,
    /// How many it may open.
    pub(super) max_descriptors: Option<u64>,
}

impl Process {
    /// Looks. Takes some milliseconds where there are many descriptors.
    pub(super) fn now() -> Self {
        Self {
            resident: read("/proc/self/status", resident),
            // The folder's own descriptor is counted by the reading of it.
            open_descriptors: fs::read_dir("/proc/self/fd").ok().map(|folder| folder.count().saturating_sub(1) as u64),
            max_descriptors: read("/proc/self/limits", max_descriptors),
        }
    }
}

fn read(path: &str, find: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    find(&fs::read_to_string(path).ok()?)
}

/// `VmRSS:     12345 kB`
pub(super) fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// `Max open files            1024                 524288               files`; the first number binds.
pub(super) fn max_descriptors(limits: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}
