//! Who may connect (protocol.md §2, "token"; §5.5, 1008): over every transport and in every role, exactly those who may.

mod support;

#[path = "auth/shared.rs"]
mod shared;
#[path = "auth/world.rs"]
mod world;
