//! A peer while others are asked whether it may come in: whoever goes is not waited for.
//!
//! To know whether it is there it has to be read. The first message that it says is kept for its session, and after that,
//! or after 16 KiB of a longer one, it is read no more: who says more waits as it would without being asked about.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::limits::{FREE, Held, Memory};
use crate::transport::{Ended, Incoming, Transport};

/// So many signs of life that are no messages; no rate is enforced yet.
const SIGNS: u32 = 16;

/// What a peer does meanwhile.
pub(super) struct Meanwhile {
    /// Its first message.
    pub(super) early: Option<Box<[u8]>>,
    signs: u32,
    /// What was read of it.
    held: Held,
    memory: Arc<Memory>,
}

impl Meanwhile {
    pub(super) fn new(memory: &Arc<Memory>) -> Self {
        Self { early: None, signs: 0, held: Held::nothing(memory), memory: Arc::clone(memory) }
    }

    /// The answer, unless the peer has gone before it came.
    ///
    /// # Errors
    /// How the connection ended.
    pub(super) async fn wait<T>(
        &mut self,
        transport: &mut impl Transport,
        answer: impl Future<Output = T>,
    ) -> Result<T, Ended> {
        let mut answer = pin!(answer);
        // Who is no session yet holds no more than what a session costs anyway.
        transport.hold_at_most(Some(FREE));
        let waited = poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending => self.listen(transport, cx).map_or(Poll::Pending, |ended| Poll::Ready(Err(ended))),
        })
        .await;
        transport.hold_at_most(None);
        waited
    }

    /// Reads what there is, as long as it is to be read; `Some` when there will be no more.
    fn listen(&mut self, transport: &mut impl Transport, cx: &mut Context<'_>) -> Option<Ended> {
        while self.is_listening() {
            match transport.poll_recv(cx) {
                Poll::Ready(Ok(Incoming::Message(text))) => self.early = Some(text.as_ref().into()),
                Poll::Ready(Ok(Incoming::Life)) => self.signs += 1,
                Poll::Ready(Err(ended)) => return Some(ended),
                Poll::Pending => break,
            }
        }
        self.held.now(transport.bytes_held() + self.early.as_ref().map_or(0, |text| text.len()));
        None
    }

    /// Who is no session yet takes nothing of what is left for those who are.
    fn is_listening(&self) -> bool {
        self.early.is_none() && self.signs < SIGNS && !self.memory.is_for_those_who_are_there()
    }
}
