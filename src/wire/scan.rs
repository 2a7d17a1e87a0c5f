//! The head scan: one pass over a message, which validates all of it and notes what stands at its top level.
//!
//! It allocates nothing, unless a message has more than two members that a splice may have to take out. What it
//! notes is bounded by the message: each of them takes ten bytes of text and twelve here.

use super::Kind;
use super::lexer::{Fault, Key, Lexer};

/// Where a value or a member stands in its message, in bytes. Empty if there is none: no JSON value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// `scan` has checked that every position of the text fits.
    const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The bytes of `text` that it spans.
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }
}

/// The keys that the gateway looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Type,
    PlayerId,
    StreamerId,
    Id,
    Reason,
    Time,
    SfuId,
    /// `playerId` in any other ASCII case.
    PlayerIdVariant,
    /// `sfuId` in any other ASCII case.
    SfuIdVariant,
}

impl Name {
    /// Names with a value of interest come first; this many.
    const WITH_VALUE: usize = Self::SfuId as usize + 1;

    /// The longest name, in bytes.
    const LONGEST: usize = "streamerId".len();

    fn of(key: &[u8]) -> Option<Self> {
        match key {
            b"type" => Some(Self::Type),
            b"playerId" => Some(Self::PlayerId),
            b"streamerId" => Some(Self::StreamerId),
            b"id" => Some(Self::Id),
            b"reason" => Some(Self::Reason),
            b"time" => Some(Self::Time),
            b"sfuId" => Some(Self::SfuId),
            _ if key.eq_ignore_ascii_case(b"playerId") => Some(Self::PlayerIdVariant),
            _ if key.eq_ignore_ascii_case(b"sfuId") => Some(Self::SfuIdVariant),
            _ => None,
        }
    }

    fn of_escaped(key: &[u8]) -> Option<Self> {
        let mut decoded = [0; Self::LONGEST];
        let len = decode_short(key, &mut decoded)?;
        Self::of(&decoded[..len])
    }

    const fn may_be_spliced(self) -> bool {
        matches!(self, Self::PlayerId | Self::PlayerIdVariant | Self::SfuId | Self::SfuIdVariant)
    }
}

/// Decodes the inside of a valid JSON string, as far as names need it: `None` if it is longer than any name, or has an
/// escape that stands for no character of one.
fn decode_short(mut raw: &[u8], decoded: &mut [u8]) -> Option<usize> {
    let mut len = 0;
    while let [first, behind @ ..] = raw {
        let (byte, rest) = match raw {
            [b'\\', b'u', b'0', b'0', high, low, rest @ ..] => (hex(*high)? << 4 | hex(*low)?, rest),
            [b'\\', ..] => return None,
            _ => (*first, behind),
        };
        *decoded.get_mut(len)? = byte;
        (len, raw) = (len + 1, rest);
    }
    Some(len)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// A top-level member that a splice may have to take out: from its key's opening quote to the end of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    name: Name,
    span: Span,
}

impl Member {
    /// Where its key begins.
    pub(super) const fn start(self) -> usize {
        self.span.start as usize
    }

    /// Where its value ends.
    pub(super) const fn end(self) -> usize {
        self.span.end as usize
    }
}

/// Further members, behind a thin pointer, as they are hardly ever there.
#[derive(Clone, Debug, Default)]
struct Spill(Vec<Member>);

/// What the scan found.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) kind: Kind,
    values: [Span; Name::WITH_VALUE],
    /// The members that a splice may have to take out, in the order of the text. Two at most, unless somebody plays
    /// tricks. Names and spans lie apart because they take less room so: a request with a message in it is moved on its
    /// way, and beyond 128 bytes that is a call.
    names: [Option<Name>; 2],
    spans: [Span; 2],
    more: Option<Box<Spill>>,
}

impl Head {
    /// Checks that `text` is one JSON object in UTF-8 and notes its top level.
    pub(super) fn scan(text: &[u8]) -> Result<Self, Malformed> {
        if u32::try_from(text.len()).is_err() {
            return Err(Malformed::TooLong);
        }
        // Most texts are ASCII, which shows three times as fast.
        if !text.is_ascii() && std::str::from_utf8(text).is_err() {
            return Err(Malformed::Utf8);
        }
        let mut lexer = Lexer::at(text, 0);
        let mut head = Self {
            kind: Kind::Missing,
            values: Default::default(),
            names: [None; 2],
            spans: Default::default(),
            more: None,
        };
        match head.object(text, &mut lexer) {
            Ok(true) => Ok(head),
            Ok(false) => Err(Malformed::NotAnObject),
            Err(Fault) => Err(lexer.malformed()),
        }
    }

    /// The last value of that name as it is written; empty if there is none.
    pub(super) fn value<'a>(&self, text: &'a [u8], name: Name) -> &'a [u8] {
        self.values.get(name as usize).copied().unwrap_or_default().of(text)
    }

    /// The members of those names, in the order of the text.
    pub(super) fn named(&self, names: &[Name]) -> impl Iterator<Item = Member> + Clone {
        let usual = self.names.iter().zip(&self.spans);
        let usual = usual.filter_map(|(&name, &span)| name.map(|name| Member { name, span }));
        let all = usual.chain(self.more.iter().flat_map(|more| more.0.iter().copied()));
        all.filter(move |member| names.contains(&member.name))
    }

    /// Notes the outermost value. Returns whether it is an object.
    fn object(&mut self, text: &[u8], lexer: &mut Lexer<'_>) -> Result<bool, Fault> {
        lexer.whitespace();
        let is_object = lexer.eat(b'{');
        if is_object {
            self.members(text, lexer)?;
            self.kind = kind(self.value(text, Name::Type));
        } else {
            lexer.value()?;
        }
        lexer.end()?;
        Ok(is_object)
    }

    fn members(&mut self, text: &[u8], lexer: &mut Lexer<'_>) -> Result<(), Fault> {
        lexer.whitespace();
        if lexer.eat(b'}') {
            return Ok(());
        }
        loop {
            let key = lexer.key()?;
            let value = lexer.pos();
            lexer.value()?;
            self.note(text, key, value, lexer.pos());
            lexer.whitespace();
            if lexer.eat(b'}') {
                return Ok(());
            }
            if !lexer.eat(b',') {
                return Err(Fault);
            }
            lexer.whitespace();
        }
    }

    fn note(&mut self, text: &[u8], key: Key, value: usize, end: usize) {
        let inside = &text[key.start + 1..key.end - 1];
        let name = if key.escaped { Name::of_escaped(inside) } else { Name::of(inside) };
        let Some(name) = name else { return };
        if let Some(last) = self.values.get_mut(name as usize) {
            *last = Span::new(value, end);
        }
        if name.may_be_spliced() {
            self.push(Member { name, span: Span::new(key.start, end) });
        }
    }

    fn push(&mut self, member: Member) {
        match self.names.iter().position(Option::is_none) {
            Some(free) => {
                self.names[free] = Some(member.name);
                self.spans[free] = member.span;
            }
            None => self.more.get_or_insert_default().0.push(member),
        }
    }
}

/// What the value of `type` says. A string with a lone surrogate is one that the protocol does not know.
fn kind(value: &[u8]) -> Kind {
    let [b'"', name @ .., b'"'] = value else { return Kind::Missing };
    match Kind::from_name(name) {
        Kind::Unknown if name.contains(&b'\\') => {
            serde_json::from_slice::<String>(value).map_or(Kind::Unknown, |name| Kind::from_name(name.as_bytes()))
        }
        kind => kind,
    }
}

/// Why a text is no message (protocol.md §5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// Not JSON; the byte where that showed.
    #[error("not JSON at byte {0}")]
    Json(usize),
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// Nested deeper than 256 levels.
    #[error("nested deeper than 256 levels")]
    TooDeep,
    /// 4 GiB or more. No limit that makes sense lets one come so far.
    #[error("4 GiB or more")]
    TooLong,
}
