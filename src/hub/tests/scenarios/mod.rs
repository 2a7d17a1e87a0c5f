//! The rules as a table of scenarios, each a few sentences about named peers (protocol.md §3 to §5).
//!
//! What a peer hears is written short (see [`World::heard`]); the exact texts are the wire's tests' matter.

mod audience;
mod collisions;
mod counts;
mod departures;
mod greetings;
mod ids;
mod lists;
mod relays;
mod sfus;
mod world;

use self::world::{NOTHING, World};
