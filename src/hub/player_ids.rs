//! The one counter behind all player ids (protocol.md §5.1): never reused while the process lives.

use super::dialect::PlayerIdForm;
use crate::id::PlayerId;

#[derive(Debug, Default)]
pub(super) struct PlayerIds {
    next: u64,
    /// What is added to the counter for ids that are bare numbers. It only rises, so that `101`, the first of one
    /// dialect, can never meet the 101st of another.
    offset: u64,
    /// The lowest number that was given.
    lowest: Option<u64>,
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
        let number = count + self.offset;
        self.lowest.get_or_insert(number);
        PlayerId::new(number.to_string())
    }

    /// The id of a dialect's only SFU: always the same (protocol.md §4). A number that the counter has given belongs to
    /// that player for good; one that is given here is not the counter's to give any more.
    pub(super) fn only_sfu(&mut self, id: &'static str, form: PlayerIdForm) -> PlayerId {
        if let Ok(number) = id.parse::<u64>() {
            if self.lowest.is_some_and(|lowest| lowest <= number) {
                return self.next(form);
            }
            self.offset = self.offset.max(number + 1);
        }
        PlayerId::new(id)
    }
}
