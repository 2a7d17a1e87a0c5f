//! What the fuzzers feed (`fuzz/`), as functions of bytes that panic when something is wrong.
//!
//! The tests drive the same functions for seconds, from the same seeds. [`core`] is what the fuzzers compile by itself.

mod config;
pub mod core;
mod doors;
#[cfg(test)]
mod tests;

pub use config::config;
pub use doors::{hello, upgrade};

/// What a peer shows of itself, sets of keys, answers of a webhook.
///
/// # Panics
/// When a token that nobody has signed counts.
pub fn credentials(data: &[u8]) {
    crate::auth::credentials(data);
}
