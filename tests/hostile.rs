//! Malformed input (protocol.md §5.8) and sizes (§5.7), for each role and transport: it costs the sender at most its
//! own session, every drop is counted under its reason, and a good pair in the same gateway goes on.

mod support;

/// One test for each role and transport.
macro_rules! for_each_role {
    ($test:ident over $($name:ident = $via:ident),*) => {
        mod $test {
            $(mod $name {
                use crate::support::Via;
                use pixelgate::wire::Role;

                #[tokio::test]
                async fn player() {
                    super::super::$test(Role::Player, Via::$via).await;
                }

                #[tokio::test]
                async fn streamer() {
                    super::super::$test(Role::Streamer, Via::$via).await;
                }

                #[tokio::test]
                async fn sfu() {
                    super::super::$test(Role::Sfu, Via::$via).await;
                }
            })*
        }
    };
}

#[path = "hostile/frames.rs"]
mod frames;
#[cfg(target_os = "linux")]
#[path = "hostile/memory.rs"]
mod memory;
#[path = "hostile/messages.rs"]
mod messages;
#[path = "hostile/streams.rs"]
mod streams;

use pixelgate::wire::{DropReason, Role};
use serde_json::{Value, json};
use support::{Lab, Peer, Via};

/// A streamer and its player, who mind their own business.
struct Pair {
    streamer: Peer,
    player: Peer,
    id: String,
    turn: u64,
}

impl Pair {
    async fn of(lab: &Lab, via: Via) -> Self {
        let mut streamer = lab.streamer(via, "Stage").await;
        let (player, id) = lab.watching(Via::Ws, &mut streamer, "Stage").await;
        Self { streamer, player, id, turn: 0 }
    }

    /// One message each way, and nothing else is heard by either.
    async fn goes_on(&mut self) {
        let Self { streamer, player, id, turn } = self;
        *turn += 1;
        player.says(json!({"type": "answer", "sdp": *turn})).await;
        streamer.hears_exactly(json!({"type": "answer", "sdp": *turn, "playerId": *id})).await;
        let back = json!({"type": "offer", "sdp": *turn, "playerId": *id});
        streamer.says(back.clone()).await;
        player.hears_exactly(back).await;
    }
}

/// The pair's streamer hears of an SFU, which is subscribed by the gateway.
async fn joins(pair: &mut Pair, role: Role) {
    if role == Role::Sfu {
        pair.streamer.hears("playerConnected").await;
    }
}

async fn leaves(pair: &mut Pair, role: Role) {
    if role == Role::Sfu {
        pair.streamer.hears("playerDisconnected").await;
    }
}

/// A gateway, a good pair, and a session that means no good.
struct Scene {
    lab: Lab,
    pair: Pair,
    bad: Peer,
}

impl Scene {
    async fn set(role: Role, via: Via) -> Self {
        let lab = Lab::open();
        let mut pair = Pair::of(&lab, via).await;
        let mut bad = lab.connect(via, role).await;
        bad.hears("config").await;
        if role.publishes() {
            bad.hears("identify").await;
        }
        if role == Role::Sfu {
            pair.streamer.hears("playerConnected").await;
        }
        Self { lab, pair, bad }
    }

    /// The input is dropped for that reason and for no other, unanswered; everybody stays.
    async fn drops(&mut self, what: &str, text: impl Into<bytes::Bytes>, reason: Option<DropReason>) {
        let mut expected = self.lab.drops();
        if let Some(reason) = reason {
            *expected.entry(reason).or_default() += 1;
        }
        self.bad.says_text(text).await;
        assert_eq!(self.bad.settles().await, Vec::<Value>::new(), "{what} was answered");
        assert_eq!(self.lab.drops(), expected, "{what}");
        self.pair.goes_on().await;
    }

    /// The input is answered with exactly that; nothing is dropped.
    async fn answers(&mut self, text: impl Into<bytes::Bytes>, answer: &str) {
        let before = self.lab.drops();
        self.bad.says_text(text).await;
        assert_eq!(self.bad.hears_text().await, answer);
        assert_eq!(self.lab.drops(), before);
        self.pair.goes_on().await;
    }
}
