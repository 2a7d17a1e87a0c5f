//! How a gateway ends: Running → Draining → Stopped (protocol.md §5.5).
//!
//! New connections are refused at once. Players are closed first, then SFUs, then streamers, spread over most of the
//! grace time so that they do not all come back to the next gateway in the same moment.

use std::time::Duration;

use tracing::{info, warn};

use crate::listen::House;
use crate::router::Router;
use crate::wire::Role;

/// The share of the grace time over which the closes are spread; the rest is for the closing handshakes.
const SPREAD: f64 = 0.7;

/// Closes are sent in groups at least this far apart.
const STEP: Duration = Duration::from_millis(20);

/// Who is closed first.
const ORDER: [Role; 3] = [Role::Player, Role::Sfu, Role::Streamer];

/// How long the listeners may take to say their last words.
const LAST_PACKETS: Duration = Duration::from_secs(1);

/// Ends every session and waits for its task, for at most the grace time and a second.
pub(crate) async fn drain(house: &House, router: &Router, grace: Duration) {
    house.closing.cancel();
    house.tasks.close();
    house.doors.close();
    let sessions: Vec<_> = ORDER.into_iter().flat_map(|role| router.sessions_of(role)).collect();
    info!(sessions = sessions.len(), ?grace, "draining");

    let steps = (grace.mul_f64(SPREAD).as_secs_f64() / STEP.as_secs_f64()).max(1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of sessions")]
    let at_once = ((sessions.len() as f64 / steps).ceil() as usize).max(1);
    let all_ended = house.tasks.wait();
    let closing = async {
        for group in sessions.chunks(at_once) {
            group.iter().for_each(|&session| router.drain(session));
            tokio::time::sleep(STEP).await;
        }
        // Whoever was on the way in when the gateway closed.
        loop {
            ORDER.into_iter().flat_map(|role| router.sessions_of(role)).for_each(|late| router.drain(late));
            tokio::time::sleep(STEP).await;
        }
    };
    tokio::select! {
        () = all_ended => info!("drained"),
        never = closing => never,
        () = tokio::time::sleep(grace + Duration::from_secs(1)) => {
            warn!(connections = house.tasks.len(), "the grace time is over; the rest is dropped");
        }
    }
    // QUIC sends its last packets after the sessions' tasks have ended.
    let _ = tokio::time::timeout(LAST_PACKETS, house.doors.wait()).await;
}
