//! Taking members out of a message and writing one at its end, with every other byte left as it came.
//!
//! Which comma goes with a member that is taken out:
//!
//! * A member with a kept one somewhere before it takes the comma before it: the cut runs from that comma to the end
//!   of its value.
//! * Otherwise it takes the comma behind it: the cut runs from its own key to the next one. If it is the last member,
//!   so that nothing at all is kept, the cut ends with its value.
//!
//! The new member goes right before the closing brace, behind any whitespace there, and brings its own comma if
//! anything is kept.

use std::ops::Range;

use bytes::Bytes;

use super::lexer::Lexer;
use super::scan::Member;

/// `text` without the members `gone`, and with `last` as its last member unless that is empty. `text` has been
/// scanned, `gone` is in the order of the text, `last` is the parts of a member. The buffer has the size of the text.
pub(super) fn splice(text: &[u8], gone: impl Iterator<Item = Member> + Clone, last: &[&str]) -> Bytes {
    let mut survey = Cuts::new(text, gone.clone());
    let cut: usize = survey.by_ref().map(|cut| cut.len()).sum();
    let close = closing_brace(text);
    let comma = if last.is_empty() || survey.first_kept == close { "" } else { "," };
    let added = comma.len() + last.iter().map(|part| part.len()).sum::<usize>();

    let mut out = Vec::with_capacity(text.len() - cut + added);
    let mut copied = 0;
    for cut in Cuts::new(text, gone) {
        out.extend_from_slice(&text[copied..cut.start]);
        copied = cut.end;
    }
    out.extend_from_slice(&text[copied..close]);
    out.extend_from_slice(comma.as_bytes());
    last.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
    out.extend_from_slice(&text[close..]);
    Bytes::from(out)
}

/// Where the outermost object ends: only whitespace follows.
fn closing_brace(text: &[u8]) -> usize {
    text.iter().rposition(|&byte| byte == b'}').expect("a scanned message is an object")
}

/// What to leave out, in the order of the text.
struct Cuts<'a, I> {
    text: &'a [u8],
    gone: I,
    /// Where the first member begins that none of the cuts so far took out; the closing brace if there is none.
    first_kept: usize,
}

impl<'a, I> Cuts<'a, I> {
    fn new(text: &'a [u8], gone: I) -> Self {
        let mut lexer = Lexer::at(text, 0);
        lexer.whitespace();
        lexer.eat(b'{');
        lexer.whitespace();
        Self { text, gone, first_kept: lexer.pos() }
    }

    fn leading(&mut self, member: Member) -> Range<usize> {
        let mut lexer = Lexer::at(self.text, member.end());
        lexer.whitespace();
        let more = lexer.eat(b',');
        lexer.whitespace();
        self.first_kept = lexer.pos();
        member.start()..if more { self.first_kept } else { member.end() }
    }

    fn following(&self, member: Member) -> Range<usize> {
        let comma = self.text[..member.start()].iter().rposition(|&byte| byte == b',');
        comma.expect("a member that is not the first has a comma before it")..member.end()
    }
}

impl<I: Iterator<Item = Member>> Iterator for Cuts<'_, I> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.gone.next()?;
        Some(if member.start() == self.first_kept { self.leading(member) } else { self.following(member) })
    }
}
