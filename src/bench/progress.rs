//! What happens just now, on standard error: one line that changes on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};

/// Says what happens.
pub(super) struct Progress {
    terminal: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal() }
    }

    /// A step. A closed stream is no reason to stop.
    pub(super) fn say(&self, what: &str) {
        let line = if self.terminal { format!("\r\x1b[K{what}") } else { format!("{what}\n") };
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal {
            let _ = std::io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
