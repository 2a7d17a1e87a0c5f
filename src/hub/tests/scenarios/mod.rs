//! The rules as a table of scenarios, each a few sentences about named peers (protocol.md §3 to §5).
//!
//! What a peer hears is written short (see [`World::heard`]); the exact texts are the wire's tests' matter.

mod audience;
mod cirrus_4_27;
mod cirrus_5_1;
mod cirrus_5_2;
mod cirrus_5_4;
mod collisions;
mod counts;
mod departures;
mod greetings;
mod ids;
mod lists;
mod mixed;
mod relays;
mod scopes;
mod sfus;
mod world;

use self::world::{MODERN, NOTHING, World};
