//! The grammar of JSON (RFC 8259), validated without recursion, allocation or building anything.
//!
//! A [`Lexer`] steps over one value at a time and says where it ends. It accepts what `JSON.parse` accepts, lone
//! surrogates and numbers of any size included. It looks at bytes above 0x7F only to pass them by: the caller has
//! checked that the text is UTF-8, so they can stand inside strings only as whole characters.

use super::Malformed;

/// How deeply a message may be nested, its own object included.
pub(super) const MAX_DEPTH: usize = 256;

/// A position in a text that is being validated.
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    pos: usize,
}

impl<'a> Lexer<'a> {
    /// At `pos` of `text`.
    pub(super) const fn at(text: &'a [u8], pos: usize) -> Self {
        Self { text, pos }
    }

    /// Where it stands, in bytes from the start.
    pub(super) const fn pos(&self) -> usize {
        self.pos
    }

    /// The next byte. 0 at the end, which no rule accepts as a byte of the text either.
    pub(super) fn peek(&self) -> u8 {
        self.text.get(self.pos).copied().unwrap_or(0)
    }

    /// Steps over the next byte if it is `byte`.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.pos += usize::from(found);
        found
    }

    /// "Not JSON", here.
    pub(super) const fn fault<T>(&self) -> Result<T, Malformed> {
        Err(Malformed::Json(self.pos))
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.eat(byte) { Ok(()) } else { self.fault() }
    }

    /// Steps over whitespace (RFC 8259 §2).
    pub(super) fn whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.pos += 1;
        }
    }

    /// Steps over what may follow the outermost value: whitespace, and then the end.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        self.whitespace();
        if self.pos == self.text.len() { Ok(()) } else { self.fault() }
    }

    /// Steps over a member's key and colon, up to its value. Returns whether the key has escapes.
    pub(super) fn key(&mut self) -> Result<Key, Malformed> {
        let start = self.pos;
        if self.peek() != b'"' {
            return self.fault();
        }
        let escaped = self.string()?;
        let end = self.pos;
        self.whitespace();
        self.expect(b':')?;
        self.whitespace();
        Ok(Key { start, end, escaped })
    }

    /// Steps over one value that stands inside the outermost object.
    pub(super) fn value(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            b'{' | b'[' => self.container(),
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.fault(),
        }
    }

    fn container(&mut self) -> Result<(), Malformed> {
        let mut nesting = Nesting::inside_the_root();
        loop {
            match self.peek() {
                b'{' => {
                    nesting.push(true)?;
                    self.pos += 1;
                    self.whitespace();
                    if self.peek() != b'}' {
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    nesting.push(false)?;
                    self.pos += 1;
                    self.whitespace();
                    if self.peek() != b']' {
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            if self.behind_a_value(&mut nesting)? {
                return Ok(());
            }
        }
    }

    /// Steps over closing brackets up to the next value. Returns whether the outermost bracket was among them.
    fn behind_a_value(&mut self, nesting: &mut Nesting) -> Result<bool, Malformed> {
        loop {
            self.whitespace();
            match (self.peek(), nesting.in_object()) {
                (b',', in_object) => {
                    self.pos += 1;
                    self.whitespace();
                    if in_object {
                        self.key()?;
                    }
                    return Ok(false);
                }
                (b'}', true) | (b']', false) => {
                    self.pos += 1;
                    if nesting.pop() {
                        return Ok(true);
                    }
                }
                _ => return self.fault(),
            }
        }
    }

    /// Steps over a string, from its opening quote. Returns whether it has escapes.
    fn string(&mut self) -> Result<bool, Malformed> {
        let mut escaped = false;
        self.pos += 1;
        loop {
            self.pos = plain_until(self.text, self.pos);
            match self.peek() {
                b'"' => {
                    self.pos += 1;
                    return Ok(escaped);
                }
                b'\\' => self.escape()?,
                _ => return self.fault(),
            }
            escaped = true;
        }
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        self.pos += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.pos += 1,
            b'u' => {
                self.pos += 1;
                for _ in 0..4 {
                    if !self.peek().is_ascii_hexdigit() {
                        return self.fault();
                    }
                    self.pos += 1;
                }
            }
            _ => return self.fault(),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Malformed> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.pos += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.pos += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        if !self.peek().is_ascii_digit() {
            return self.fault();
        }
        while self.peek().is_ascii_digit() {
            self.pos += 1;
        }
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Malformed> {
        if !self.text[self.pos..].starts_with(word) {
            return self.fault();
        }
        self.pos += word.len();
        Ok(())
    }
}

/// A member's key: from its opening to behind its closing quote.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) escaped: bool,
}

/// Which of the open brackets are objects: a stack of bits.
struct Nesting {
    objects: [u64; MAX_DEPTH / 64],
    depth: usize,
}

impl Nesting {
    /// The outermost object is open; it takes a level but no bit, as its members are not read here.
    const fn inside_the_root() -> Self {
        Self { objects: [0; MAX_DEPTH / 64], depth: 1 }
    }

    fn push(&mut self, object: bool) -> Result<(), Malformed> {
        let word = self.objects.get_mut(self.depth / 64).ok_or(Malformed::TooDeep)?;
        let bit = 1 << (self.depth % 64);
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        Ok(())
    }

    /// Closes the innermost bracket. Returns whether only the outermost object is left.
    const fn pop(&mut self) -> bool {
        self.depth -= 1;
        self.depth == 1
    }

    const fn in_object(&self) -> bool {
        let top = self.depth - 1;
        self.objects[top / 64] >> (top % 64) & 1 == 1
    }
}

/// The first byte from `pos` on that is a quote, a backslash or a control character; the length of the text if none.
/// Eight bytes at a time: strings are most of every message.
fn plain_until(text: &[u8], mut pos: usize) -> usize {
    while let Some(chunk) = text.get(pos..).and_then(<[u8]>::first_chunk) {
        let stops = stops(u64::from_le_bytes(*chunk));
        if stops != 0 {
            return pos + (stops.trailing_zeros() / 8) as usize;
        }
        pos += 8;
    }
    while text.get(pos).is_some_and(|&byte| byte != b'"' && byte != b'\\' && byte >= 0x20) {
        pos += 1;
    }
    pos
}

/// The high bit of every byte of `word` that ends plain text. Bits above the lowest set one can be wrong (the
/// subtractions borrow), the lowest never is.
const fn stops(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (quote | backslash | control) & (ONES << 7)
}
