//! Attacks on the gateway: its binary as a process, attackers as processes of their own at the lowest priority, from
//! addresses of 127.0.0.0/8 with `--limits loopback`, and a good pair beside them that measures its round trip.
//!
//! Each attack comes in three identical waves. Whatever comes: the gateway stays up, nothing panics, the good pair is
//! answered, memory has a bound, and nothing is left of the attackers afterwards. In the long form also, as these are
//! matters of time: the pair's 99th percentile, compared with a quiet gateway's and with that under the same attack on
//! a bare sink; resident memory after each wave; live heap bytes.
//!
//! ```text
//! cargo test --test abuse                                        the short form of each
//! PIXELGATE_ABUSE_SECONDS=60 cargo test --release --test abuse   the long form: so many seconds in three waves
//! cargo test --release --test abuse -- --attack ping_flood --seconds 9
//! ```
//!
//! The rows of the table are kept in the target folder, and printed.

#![allow(unsafe_code, reason = "an allocator that counts is the one way to know how much of the heap is alive")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is its own harness, and its processes talk by pipes")]

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
#[path = "abuse/attacks/mod.rs"]
mod attacks;
#[cfg(unix)]
#[path = "abuse/child.rs"]
mod child;
#[cfg(unix)]
#[path = "abuse/counted.rs"]
mod counted;
#[cfg(unix)]
#[path = "abuse/harness.rs"]
mod harness;
#[cfg(unix)]
#[path = "abuse/pair.rs"]
mod pair;
#[cfg(unix)]
#[path = "abuse/served.rs"]
mod served;
#[cfg(unix)]
#[path = "abuse/sink.rs"]
mod sink;
#[cfg(unix)]
mod support;
#[cfg(unix)]
#[path = "abuse/table.rs"]
mod table;
#[cfg(unix)]
#[path = "abuse/trial.rs"]
mod trial;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("--attacker") => attacks::process(&args[1..]),
        Some("--sink") => sink::process(),
        Some("--counted") => counted::process(),
        _ => return harness::run(&args),
    }
    std::process::ExitCode::SUCCESS
}
