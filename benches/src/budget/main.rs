//! The budget: instructions and allocations of every scene, against what was recorded.
//!
//!     cargo run --profile bench --package pixelgate-benches            compares
//!     cargo run --profile bench --package pixelgate-benches -- record  records for this compiler and machine
//!
//! Instructions are counted by callgrind, in a process of their own for each scene and only within [`counted`]: no
//! clock, no noise. They belong to the compiler, to what the processor can do, and to the C library: there is one
//! baseline for each combination. Where there is none, the ratios and the allocations still count.

mod allocations;
mod baseline;
mod callgrind;
mod verdict;

use std::process::ExitCode;

use pixelgate_benches::scenes::{OPERATIONS, SCENES};

use self::baseline::Baseline;
use self::verdict::Verdict;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [] => check(),
        ["record"] => record(),
        ["measure", name] => measure(name),
        _ => Err("usage: budget [record]".into()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("budget: {error}");
        ExitCode::from(2)
    })
}

type Done = Result<ExitCode, Box<dyn std::error::Error>>;

fn check() -> Done {
    let measured = callgrind::measure_all()?;
    let baseline = Baseline::find(&measured.machine)?;
    let verdict = Verdict::of(&measured.counts, baseline.as_ref());
    print!("{verdict}");
    if baseline.is_none() {
        println!("{}", baseline::missing(&measured.machine));
    }
    println!("budget: {} passed, {} failed", verdict.passed(), verdict.failed());
    Ok(if verdict.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn record() -> Done {
    let measured = callgrind::measure_all()?;
    let path = Baseline::write(&measured)?;
    println!("recorded in {}", path.display());
    Ok(ExitCode::SUCCESS)
}

/// What runs under callgrind: one scene, counted once.
fn measure(name: &str) -> Done {
    let scene = SCENES.iter().find(|scene| scene.name == name).ok_or("there is no such scene")?;
    let mut run = (scene.build)();
    // The first run may grow what is kept from run to run.
    run();
    let before = allocations::count();
    counted(&mut *run);
    let allocations = allocations::count() - before;
    println!("{}", callgrind::report(allocations as f64 / OPERATIONS as f64));
    Ok(ExitCode::SUCCESS)
}

/// Callgrind counts while this is being called; it finds it by its name.
#[inline(never)]
fn counted(run: &mut dyn FnMut()) {
    run();
    // Not a tail call, which would leave this function before its work is done.
    std::hint::black_box(());
}
