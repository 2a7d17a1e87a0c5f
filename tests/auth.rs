//! Who may connect (protocol.md §2, "token"; §5.5, 1008): over every transport and in every role, exactly those who may.

mod support;

#[cfg(unix)]
#[path = "auth/command.rs"]
mod command;
#[path = "auth/hook.rs"]
mod hook;
#[path = "auth/keys.rs"]
mod keys;
#[path = "auth/shared.rs"]
mod shared;
#[path = "auth/signed.rs"]
mod signed;
#[path = "auth/world.rs"]
mod world;
