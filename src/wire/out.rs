//! The messages that the gateway writes.
