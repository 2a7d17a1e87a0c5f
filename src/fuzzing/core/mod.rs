//! The targets of the pure core.

mod framing;
mod message;
mod relay;

pub use framing::{framing, in_pieces};
pub use message::message;
pub use relay::relay;

/// Events of the hub, beside the model of the rules.
///
/// # Panics
/// When the hub does something else than the model.
pub fn rules(data: &[u8]) {
    crate::hub::tests::play(data);
}
