//! Fields on the data channel: little-endian numbers and UTF-16 text.

use super::Malformed;

/// Reads fields one after another.
pub(super) struct Reader<'a> {
    id: u8,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of the fields behind the id.
    pub(super) fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let (&id, rest) = message.split_first().ok_or(Malformed::Empty)?;
        Ok(Self { id, rest })
    }

    pub(super) fn id(&self) -> u8 {
        self.id
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Malformed> {
        self.u8().map(|byte| byte != 0)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, Malformed> {
        self.array().map(f64::from_le_bytes)
    }

    /// A string behind its number of code units.
    pub(super) fn counted(&mut self) -> Result<String, Malformed> {
        let units = self.u16()?;
        self.take(usize::from(units) * 2).map(utf16)
    }

    /// A string behind its number of bytes.
    pub(super) fn sized(&mut self) -> Result<String, Malformed> {
        let bytes = self.u16()?;
        self.take(usize::from(bytes)).map(utf16)
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed::Short(self.id))?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed::Short(self.id))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Text; what is no UTF-16 becomes a replacement character, an odd last byte is dropped.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Writes fields one after another.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(id: u8) -> Self {
        Self(vec![id])
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn u8(self, value: u8) -> Self {
        self.raw(&[value])
    }

    pub(super) fn u16(self, value: u16) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub(super) fn i16(self, value: i16) -> Self {
        self.raw(&value.to_le_bytes())
    }

    /// Text to the end of the message.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.0.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        self
    }

    /// A string behind its number of code units, cut where the number ends.
    pub(super) fn counted(self, text: &str) -> Self {
        self.prefixed(text, 1, u16::MAX.into())
    }

    /// A string behind its number of bytes, cut where the number ends.
    pub(super) fn sized(self, text: &str) -> Self {
        self.prefixed(text, 2, usize::from(u16::MAX / 2))
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn prefixed(self, text: &str, per_unit: usize, most: usize) -> Self {
        let units: Vec<u16> = text.encode_utf16().take(most).collect();
        let count = u16::try_from(units.len() * per_unit).expect("the caller's bound fits");
        let mut writer = self.u16(count);
        writer.0.extend(units.into_iter().flat_map(u16::to_le_bytes));
        writer
    }
}
