//! Tests of the session loop over a scripted transport, in paused time.

mod ending;
mod input;
mod life;
mod pressure;
mod rates;
mod renewal;
mod scripted;
mod stay;
mod writing;

use self::scripted::{Gateway, Peer, Script, after, settle};
