//! The times at which an open loop begins its round trips: even, fixed beforehand, one player after the other.
//!
//! A thread keeps them: the runtime's timers have milliseconds.

use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::site::Window;

/// So long may a player's queue hold up what is due; its time goes on meanwhile.
const AHEAD: Duration = Duration::from_secs(1);

/// A player's queue of times.
pub(super) fn queue(rate: u32) -> (mpsc::Sender<Instant>, mpsc::Receiver<Instant>) {
    mpsc::channel((f64::from(rate) * AHEAD.as_secs_f64()) as usize + 16)
}

/// Begins now and ends with the window.
pub(super) fn start(rate: u32, window: Window, players: Vec<mpsc::Sender<Instant>>) {
    let begin = Instant::now();
    thread::spawn(move || {
        let mut players = players.iter().cycle();
        for nth in 0_u64.. {
            let due = begin + Duration::from_nanos(nth * 1_000_000_000 / u64::from(rate));
            if due >= window.end {
                return;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // A player whose session has ended says so itself.
            let _ = players.next().map(|player| player.blocking_send(due));
        }
    });
}
