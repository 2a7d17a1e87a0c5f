//! What the fuzzers feed (`fuzz/`), as functions of bytes that panic when something is wrong.
//!
//! The tests drive the same functions for seconds, from the same seeds.

mod framing;
mod message;
mod relay;
#[cfg(test)]
mod tests;

pub use framing::framing;
pub use message::message;
pub use relay::relay;

/// Events of the hub, beside the model of the rules.
///
/// # Panics
/// When the hub does something else than the model.
pub fn rules(data: &[u8]) {
    crate::hub::tests::play(data);
}
