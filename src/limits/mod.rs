//! What bounds what a peer may take: rates, places, turns, memory. Whoever enforces a limit has its numbers; here is how they
//! are counted.
//!
//! Nothing here reads a clock: whoever asks says what time it is. Nothing grows without bound, whoever asks, and what
//! was taken is given back by a guard, whatever ends its holder.

mod lines;
mod memory;
mod places;
mod rate;
mod source;
mod table;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv6Addr};

pub use lines::{Lines, Turn};
pub use memory::{FREE, Held, Memory};
pub use places::{Place, Places};
pub use rate::{Bucket, Rate};
pub use source::Source;
pub use table::Table;

/// What counts as one address: of IPv6, one site has the lower half of the bits for itself (RFC 4291 §2.5.4).
pub fn site(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}
