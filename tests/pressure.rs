//! Back-pressure (design.md §2): who does not read is cut, who floods is slowed, and nobody else notices.

#[path = "pressure/crowd.rs"]
mod crowd;
#[path = "pressure/floods.rs"]
mod floods;
#[path = "pressure/order.rs"]
mod order;
#[path = "pressure/pace.rs"]
mod pace;
mod support;

use tokio::sync::RwLock;

/// Tests that compare times have the machine to themselves; the others share it.
static MACHINE: RwLock<()> = RwLock::const_new(());
