//! Errors of `accept`: which are the one connection's, and which are the machine's (design.md §3).

use std::io;
use std::time::Duration;

/// What to do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterError {
    /// That connection is gone; the next may be fine.
    Retry,
    /// The machine is out of something: wait for it to be given back.
    BackOff(Duration),
}

/// Waits grow with the errors in a row, up to a second.
pub(super) fn after_error(error: &io::Error, in_a_row: u32) -> AfterError {
    match error.kind() {
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::Interrupted
        | io::ErrorKind::WouldBlock => AfterError::Retry,
        _ => AfterError::BackOff(Duration::from_millis(10 << in_a_row.min(6)).min(Duration::from_secs(1))),
    }
}
