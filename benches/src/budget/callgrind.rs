//! Counts under callgrind.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pixelgate_benches::scenes::{OPERATIONS, SCENES};

/// What one operation of a scene takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

/// By the name of the scene.
pub(crate) type Counts = BTreeMap<&'static str, Cost>;

/// Everything that was measured, and where.
pub(crate) struct Measured {
    /// The compiler, the processor as callgrind shows it, the C library.
    pub(crate) machine: String,
    pub(crate) counts: Counts,
}

/// What a measured process says: the processor, as it sees it there, and its allocations.
pub(crate) fn report(allocations: f64) -> String {
    format!("{} {allocations}", processor())
}

/// What the C library and the standard library choose their code by.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let level = match () {
            () if is_x86_feature_detected!("avx512bw") => "-avx512",
            () if is_x86_feature_detected!("avx2") => "-avx2",
            () if is_x86_feature_detected!("avx") => "-avx",
            () => "",
        };
        format!("x86_64{level}")
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH.to_owned()
}

fn c_library() -> String {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok().filter(|told| told.status.success());
    let told = told.and_then(|told| String::from_utf8(told.stdout).ok());
    told.map_or("other-libc".to_owned(), |told| told.trim().replace(' ', ""))
}

type Fallible<T> = Result<T, String>;

/// Measures every scene, as many at once as there are processors: counts do not mind.
pub(crate) fn measure_all() -> Fallible<Measured> {
    let next = AtomicUsize::new(0);
    let work = || -> Fallible<Vec<_>> {
        std::iter::from_fn(|| SCENES.get(next.fetch_add(1, Ordering::Relaxed)))
            .map(|scene| Ok((scene.name, measure(scene.name)?)))
            .collect()
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(SCENES.len());
    let all: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect()
    });
    let (mut counts, mut machine) = (Counts::new(), String::new());
    for (name, (processor, cost)) in all.into_iter().collect::<Fallible<Vec<_>>>()?.into_iter().flatten() {
        machine = format!("{}-{processor}-{}", env!("COMPILED_BY"), c_library());
        counts.insert(name, cost);
    }
    Ok(Measured { machine, counts })
}

fn measure(name: &str) -> Fallible<(String, Cost)> {
    let this = std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*budget*counted*"])
        .arg(this)
        .args(["measure", name])
        .output()
        .map_err(|error| format!("valgrind cannot be run ({error}): install it"))?;
    let (said, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let parsed = said.trim().split_once(' ').zip(collected(&log));
    let Some(((processor, allocations), instructions)) = parsed.filter(|_| output.status.success()) else {
        return Err(format!("{name}: not measured\n{said}{log}"));
    };
    let allocations = allocations.parse().map_err(|_| format!("{name}: {allocations} is no count"))?;
    let instructions = instructions as f64 / OPERATIONS as f64;
    Ok((processor.to_owned(), Cost { instructions, allocations }))
}

/// `==1== Collected : 4242`. Nothing collected means that the function was not found.
fn collected(log: &str) -> Option<u64> {
    let count = log.lines().find_map(|line| line.split_once("Collected :"))?.1.trim().parse().ok();
    count.filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callgrind_says_is_read() {
        assert_eq!(collected("==7== \n==7== Events    : Ir\n==7== Collected : 4242\n"), Some(4242));
        assert_eq!(collected("==7== Collected : 0\n"), None);
        assert_eq!(collected("valgrind: no such tool\n"), None);
    }
}
