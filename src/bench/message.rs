//! What the generator's peers say. Relayed messages are candidates, with a mark in their text that any server keeps:
//! whose message it is, which one, and the player's id.

#[cfg(test)]
mod tests;

use serde::Deserialize;

/// A mark: `pgb:000017:000000000123:Player17;`.
const MARK: &[u8] = b"pgb:";
const INDEX: usize = 6;
const NUMBER: usize = 12;

const HEAD: &str =
    r#""type":"iceCandidate","candidate":{"candidate":"candidate:1 1 UDP 2122260223 127.0.0.1 50000 typ host "#;
const TAIL: &str = r#"","sdpMid":"0","sdpMLineIndex":0}}"#;

/// What a message carries through the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark<'a> {
    /// The player's place in the generator.
    pub(super) index: usize,
    /// Which message of that player.
    pub(super) number: u64,
    /// The player's id, as the server gave it.
    pub(super) id: &'a [u8],
    /// All of it.
    pub(super) text: &'a [u8],
}

impl<'a> Mark<'a> {
    /// Finds the mark in a message. `hint` is where the last one was: servers write alike.
    pub(super) fn find(message: &'a [u8], hint: &mut usize) -> Option<Self> {
        if message.get(*hint..).is_none_or(|rest| !rest.starts_with(MARK)) {
            *hint = message.windows(MARK.len()).position(|window| window == MARK)?;
        }
        Self::parse(&message[*hint..])
    }

    fn parse(text: &'a [u8]) -> Option<Self> {
        let fields = &text[MARK.len()..];
        let index = digits(fields.get(..INDEX)?)?;
        let number = digits(fields.get(INDEX + 1..INDEX + 1 + NUMBER)?)?;
        let rest = fields.get(INDEX + NUMBER + 2..)?;
        let length = rest.iter().position(|byte| *byte == b';')?;
        let all = MARK.len() + INDEX + NUMBER + 2 + length + 1;
        Some(Self { index: index as usize, number, id: &rest[..length], text: &text[..all] })
    }

    /// A mark as text.
    pub(super) fn write(index: usize, number: u64, id: &str) -> String {
        format!("pgb:{index:0INDEX$}:{number:0NUMBER$}:{id};")
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

/// A player's message, of which only the number changes.
pub(super) struct Template {
    text: Vec<u8>,
    number_at: usize,
}

impl Template {
    pub(super) fn new(index: usize, id: &str, size: usize) -> Self {
        let mark = Mark::write(index, 0, id);
        let text = padded(&format!("{{{HEAD}{mark}"), size);
        let number_at = 1 + HEAD.len() + MARK.len() + INDEX + 1;
        Self { text: text.into_bytes(), number_at }
    }

    /// The message with that number.
    pub(super) fn numbered(&mut self, number: u64) -> &[u8] {
        let mut left = number;
        for digit in self.text[self.number_at..self.number_at + NUMBER].iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
        &self.text
    }
}

/// A streamer's answer to a marked message: the same mark, to the player that it names. `out` is overwritten.
/// The player's id comes first: the verbatim relay, which parses nothing, finds it there.
pub(super) fn echo(mark: &Mark<'_>, size: usize, out: &mut Vec<u8>) {
    const PADDING: [u8; 256] = [b'x'; 256];
    out.clear();
    for part in [br#"{"playerId":""#, mark.id, br#"","#, HEAD.as_bytes(), mark.text] {
        out.extend_from_slice(part);
    }
    while out.len() + TAIL.len() < size {
        let missing = size - TAIL.len() - out.len();
        out.extend_from_slice(&PADDING[..missing.min(PADDING.len())]);
    }
    out.extend_from_slice(TAIL.as_bytes());
}

fn padded(head: &str, size: usize) -> String {
    let padding = "x".repeat(size.saturating_sub(head.len() + TAIL.len()));
    format!("{head}{padding}{TAIL}")
}

/// An offer that tells a player its id.
pub(super) fn offer(id: &str, bytes: usize) -> String {
    describe("offer", Some(id), &Mark::write(0, 0, id), bytes)
}

/// A player's answer.
pub(super) fn answer(index: usize, id: &str, bytes: usize) -> String {
    describe("answer", None, &Mark::write(index, 0, id), bytes)
}

fn describe(kind: &str, to: Option<&str>, mark: &str, bytes: usize) -> String {
    let to = to.map(|id| format!(r#""playerId":"{id}","#)).unwrap_or_default();
    // Lines as SDP has them, so that the escapes of JSON are in it.
    let line = r"a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1\r\n";
    let lines = line.repeat(bytes / line.len());
    format!(r#"{{{to}"type":"{kind}","sdp":"v=0\r\ns={mark}\r\n{lines}"}}"#)
}

/// A message of the server.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Told {
    /// Its type.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) player_id: String,
    pub(super) committed_id: String,
    pub(super) message: String,
}

impl Told {
    /// Reads a message; what is no message has no type.
    pub(super) fn read(text: &[u8]) -> Self {
        serde_json::from_slice(text).unwrap_or_default()
    }
}
