//! Messages shown to whoever looks at the console (protocol.md §6, `console_messages`), for as long as it is asked for.
//!
//! They go to the log under a target of their own, so that they can be kept out of files. What peers say to each other
//! in confidence is never among them, whatever is asked for.

use std::sync::atomic::{AtomicU8, Ordering};

use tracing::info;

use super::report::Who;
use crate::id::PlayerId;
use crate::wire::{Message, redacted};

/// The log's target for messages.
pub const TARGET: &str = "pixelgate-messages";

/// What is shown of a type, in characters: it may be anybody's word, of any length.
const LONGEST_TYPE: usize = 64;

/// What of each message is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Shown {
    /// Nothing.
    #[default]
    Nothing,
    /// Direction, ids, type and size.
    Head,
    /// What is in it too, in one line.
    Body,
    /// The same over several lines.
    Formatted,
}

/// What is shown at the moment.
#[derive(Debug, Default)]
pub(crate) struct Showing(AtomicU8);

impl Showing {
    pub(crate) fn change(&self, shown: Shown) {
        self.0.store(shown as u8, Ordering::Relaxed);
    }

    /// Shows a message that `who` has sent.
    pub(super) fn received(&self, who: &Who, text: &[u8]) {
        if self.0.load(Ordering::Relaxed) != Shown::Nothing as u8 {
            self.show("in", who, text);
        }
    }

    /// Shows a message that `who` is sent.
    pub(super) fn sent(&self, who: &Who, text: &[u8]) {
        if self.0.load(Ordering::Relaxed) != Shown::Nothing as u8 {
            self.show("out", who, text);
        }
    }

    #[cold]
    fn show(&self, direction: &'static str, who: &Who, text: &[u8]) {
        let message = Message::parse(bytes::Bytes::copy_from_slice(text)).ok();
        let kind = message.as_ref().and_then(Message::type_name).unwrap_or_default();
        let kind: String = kind.chars().take(LONGEST_TYPE).collect();
        let shown = self.0.load(Ordering::Relaxed);
        let pretty = shown == Shown::Formatted as u8;
        let body = (shown >= Shown::Body as u8).then(|| redacted(text, pretty)).flatten();
        let (session, role, bytes) = (who.session, who.role, text.len());
        let player = who.player_id.as_ref().map(PlayerId::as_str);
        match body {
            Some(body) => {
                info!(target: TARGET, direction, %session, %role, player, kind = ?kind, bytes, %body, "message");
            }
            None => info!(target: TARGET, direction, %session, %role, player, kind = ?kind, bytes, "message"),
        }
    }
}
