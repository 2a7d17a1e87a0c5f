//! Who is let in, and what opens TURN servers for them.

mod origin;
mod turn;

pub use origin::{OriginCheck, own_host};
pub use turn::Greetings;
