//! The grammar of JSON (RFC 8259), validated without recursion, allocation or building anything.
//!
//! A [`Lexer`] steps over one value at a time and says where it ends. It accepts what `JSON.parse` accepts, lone
//! surrogates and numbers of any size included. It looks at bytes above 0x7F only to pass them by: the caller has
//! checked that the text is UTF-8, so they can stand inside strings only as whole characters.

use super::Malformed;

/// The text is not valid. Where, and whether it is too deep, the lexer knows: results fit a register so.
#[derive(Debug)]
pub(super) struct Fault;

/// How deeply a message may be nested, its own object included.
pub(super) const MAX_DEPTH: usize = 256;

/// A position in a text that is being validated.
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    pos: usize,
    too_deep: bool,
}

impl<'a> Lexer<'a> {
    /// At `pos` of `text`.
    pub(super) const fn at(text: &'a [u8], pos: usize) -> Self {
        Self { text, pos, too_deep: false }
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
        // A branch, which is guessed: what follows would have to wait for a sum.
        if self.peek() == byte {
            self.pos += 1;
            return true;
        }
        false
    }

    /// What the fault was that it met.
    pub(super) const fn malformed(&self) -> Malformed {
        if self.too_deep { Malformed::TooDeep } else { Malformed::Json(self.pos) }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.eat(byte) { Ok(()) } else { Err(Fault) }
    }

    /// Steps over whitespace (RFC 8259 §2).
    pub(super) fn whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.pos += 1;
        }
    }

    /// Steps over what may follow the outermost value: whitespace, and then the end.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.whitespace();
        if self.pos == self.text.len() { Ok(()) } else { Err(Fault) }
    }

    /// Steps over a member's key and colon, up to its value.
    pub(super) fn key(&mut self) -> Result<Key, Fault> {
        let start = self.pos;
        if self.peek() != b'"' {
            return Err(Fault);
        }
        let escaped = self.string()?;
        let end = self.pos;
        self.whitespace();
        self.expect(b':')?;
        self.whitespace();
        Ok(Key { start, end, escaped })
    }

    /// Steps over one value that stands inside the outermost object.
    pub(super) fn value(&mut self) -> Result<(), Fault> {
        match self.peek() {
            b'{' | b'[' => self.container(),
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => Err(Fault),
        }
    }

    fn container(&mut self) -> Result<(), Fault> {
        let mut nesting = Nesting::inside_the_root();
        loop {
            match self.peek() {
                b'{' => {
                    self.open(&mut nesting, true)?;
                    self.pos += 1;
                    self.whitespace();
                    if self.peek() != b'}' {
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    self.open(&mut nesting, false)?;
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

    fn open(&mut self, nesting: &mut Nesting, object: bool) -> Result<(), Fault> {
        self.too_deep = !nesting.push(object);
        if self.too_deep { Err(Fault) } else { Ok(()) }
    }

    /// Steps over closing brackets up to the next value. Returns whether the outermost bracket was among them.
    fn behind_a_value(&mut self, nesting: &mut Nesting) -> Result<bool, Fault> {
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
                _ => return Err(Fault),
            }
        }
    }

    /// Steps over a string, from its opening quote. Returns whether it has escapes.
    #[inline]
    fn string(&mut self) -> Result<bool, Fault> {
        self.pos += 1;
        self.plain();
        if self.eat(b'"') { Ok(false) } else { self.string_with_escapes() }
    }

    /// Steps over the rest of a string that has an escape here, or ends wrongly.
    #[inline(never)]
    fn string_with_escapes(&mut self) -> Result<bool, Fault> {
        while self.eat(b'\\') {
            self.escape()?;
            // Lines end with two in a row.
            if self.peek() != b'\\' {
                self.plain();
            }
        }
        if self.eat(b'"') { Ok(true) } else { Err(Fault) }
    }

    /// Steps over what stands for itself in a string.
    fn plain(&mut self) {
        if let Some(rest) = self.text.get(self.pos..) {
            self.pos += plain_len(rest);
        }
    }

    /// Steps over what follows a backslash.
    fn escape(&mut self) -> Result<(), Fault> {
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.pos += 1,
            b'u' => {
                self.pos += 1;
                for _ in 0..4 {
                    if !self.peek().is_ascii_hexdigit() {
                        return Err(Fault);
                    }
                    self.pos += 1;
                }
            }
            _ => return Err(Fault),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
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

    fn digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_ascii_digit() {
            return Err(Fault);
        }
        while self.peek().is_ascii_digit() {
            self.pos += 1;
        }
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Fault> {
        if !self.text[self.pos..].starts_with(word) {
            return Err(Fault);
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

    /// Opens a bracket, unless it is one too many.
    fn push(&mut self, object: bool) -> bool {
        let Some(word) = self.objects.get_mut(self.depth / 64) else { return false };
        let bit = 1 << (self.depth % 64);
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        true
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

/// Whether `text` needs no escape inside a JSON string.
pub(super) fn is_plain(text: &[u8]) -> bool {
    plain_len(text) == text.len()
}

/// How many bytes there are before the first that is a quote, a backslash or a control character. Eight at a time:
/// strings are most of every message.
fn plain_len(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let stops = stops(u64::from_le_bytes(*word));
        if stops != 0 {
            return index * 8 + (stops.trailing_zeros() / 8) as usize;
        }
    }
    let stop = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    words.len() * 8 + stop.unwrap_or(rest.len())
}

/// The high bit of every byte of `word` that ends plain text. Bits above the lowest set one can be wrong (the
/// subtractions borrow), the lowest never is.
const fn stops(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    // With the quote's second bit turned, it comes right behind the control characters, and none of these leaves them.
    let control_or_quote = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (control_or_quote | backslash) & !word & (ONES << 7)
}
