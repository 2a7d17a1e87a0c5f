//! The one counter behind all player ids (protocol.md §5.1): never reused while the process lives.

use super::dialect::PlayerIdForm;
use crate::id::PlayerId;

#[derive(Debug, Default)]
pub(super) struct PlayerIds {
    next: u64,
    /// What is added to the counter for ids that are bare numbers. It only rises, so that `101`, the first of one
    /// dialect, can never meet the 101st of another.
    offset: u64,
}

impl PlayerIds {
    pub(super) fn next(&mut self, form: PlayerIdForm) -> PlayerId {
        let count = self.next;
        self.next += 1;
        let first = match form {
            PlayerIdForm::Named => return PlayerId::new(format!("Player{count}")),
            PlayerIdForm::FromOne => 1,
            PlayerIdForm::FromHundredAndOne => 101,
        };
        self.offset = self.offset.max(first);
        PlayerId::new((count + self.offset).to_string())
    }
}
