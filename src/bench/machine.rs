//! What the machine has, and what a process uses of it (`/proc`, on Linux).

#[cfg(target_os = "linux")]
use std::fs;
use std::time::Duration;

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// CPU time of all its threads.
    pub(super) cpu: Duration,
    /// Resident memory, in bytes.
    pub(super) resident: u64,
}

/// What a process has used; `None` where that cannot be known.
#[cfg(target_os = "linux")]
pub(super) fn usage(pid: u32) -> Option<Usage> {
    let cpu = thread_time(pid).or_else(|| tick_time(pid))?;
    Some(Usage { cpu, resident: resident(pid)? })
}

/// What a process has used; `None` where that cannot be known.
#[cfg(not(target_os = "linux"))]
pub(super) fn usage(_: u32) -> Option<Usage> {
    None
}

/// CPU time to the nanosecond: the first number of `schedstat`, of every thread. Threads that have ended are missing;
/// a server's workers do not end.
#[cfg(target_os = "linux")]
fn thread_time(pid: u32) -> Option<Duration> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let Ok(text) = fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
        total += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    (total > 0).then(|| Duration::from_nanos(total))
}

/// CPU time in ticks: the 14th and 15th field of `stat`, counted behind the name, which may hold anything.
#[cfg(target_os = "linux")]
fn tick_time(pid: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

#[cfg(target_os = "linux")]
fn resident(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// The number of processors that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the processor calls itself.
pub(super) fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// How many descriptors this process may have.
#[cfg(unix)]
pub(super) fn descriptors() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// How many descriptors this process may have.
#[cfg(not(unix))]
pub(super) fn descriptors() -> Option<u64> {
    None
}

/// Descriptors that a process needs besides those of its sessions.
const BESIDE: u64 = 200;

/// How many sessions over TCP one process may have, as far as descriptors go. A gateway that this one starts has the
/// same limit.
pub(super) fn sessions_over_tcp() -> usize {
    let most = descriptors().map_or(u64::MAX, |most| most.saturating_sub(BESIDE).max(1));
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// Allows this process, and those that it starts, as many descriptors as may be had without asking.
#[cfg(unix)]
pub(super) fn raise_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // What cannot be raised is told when it is met.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Nothing to raise here.
#[cfg(not(unix))]
pub(super) fn raise_descriptors() {}
