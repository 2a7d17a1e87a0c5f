//! What stands on the wire (protocol.md §3), without sockets, clocks or tasks.
//!
//! A message is scanned once, at its top level only ([`Message::parse`]); what is relayed is spliced, never
//! rewritten, so that unknown fields, number spellings and key order survive. Nothing here allocates for a
//! `serde_json::Value` on the relay path.
//!
//! `lexer` knows JSON's grammar, `scan` what a message has at its top level, `splice` how a member is taken out;
//! [`Message`] puts them together. [`out`] writes the gateway's own messages.

mod close;
mod drop_reason;
mod kind;
mod lexer;
mod message;
pub mod out;
mod redact;
mod role;
mod scan;
mod splice;
#[cfg(test)]
mod tests;

pub use close::{Close, CloseCode};
pub use drop_reason::DropReason;
pub use kind::Kind;
pub use message::Message;
pub use redact::{hide_user, is_secret, redacted};
pub use role::Role;
pub use scan::Malformed;

/// The largest message that a peer may send, in bytes, before anything is spliced in (protocol.md §5.7).
pub const MAX_MESSAGE: usize = 262_144;

/// What a splice may add to a message: outboxes and clients allow this much more (protocol.md §5.7).
pub const SPLICE_ROOM: usize = 1024;
