//! Generators of messages, written as a tricky peer would write them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Keys that the gateway looks at, and keys that look like them.
const KEYS: &[&str] = &[
    "playerId",
    "playerId",
    "playerId",
    "playerid",
    "PLAYERID",
    "sfuId",
    "sfuId",
    "SFUID",
    "sfuid",
    "type",
    "streamerId",
    "id",
    "reason",
    "time",
    "playerId ",
    " playerId",
    "playerIdx",
    "player",
    "playerId\0",
    "pl\u{e4}yerId",
    "\u{13c}layerId",
    "ſfuId",
    "Time",
    "",
    "sdp",
];

/// A member of an object, in the pieces that it is written in.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) before: String,
    /// The key as it is meant.
    pub(super) name: String,
    /// From the key to the value, as written.
    pub(super) core: String,
    pub(super) after: String,
}

/// A message, in pieces.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    pub(super) lead: String,
    pub(super) members: Vec<Member>,
    /// What stands between the braces if no member does.
    pub(super) gap: String,
    pub(super) trail: String,
}

impl Pieces {
    pub(super) fn text(&self) -> String {
        let members: Vec<_> = self.members.iter().map(|m| format!("{}{}{}", m.before, m.core, m.after)).collect();
        let inside = if members.is_empty() { self.gap.clone() } else { members.join(",") };
        format!("{}{{{inside}}}{}", self.lead, self.trail)
    }
}

pub(super) fn pieces() -> impl Strategy<Value = Pieces> {
    (whitespace(), vec(member(), 0..8), whitespace(), whitespace()).prop_map(|(lead, members, gap, trail)| Pieces {
        lead,
        members,
        gap,
        trail,
    })
}

fn member() -> impl Strategy<Value = Member> {
    let name = prop_oneof![9 => select(KEYS).prop_map(String::from), 1 => any::<String>()];
    let key = name.prop_flat_map(|name| (spelt(name.clone()), Just(name)));
    (whitespace(), key, whitespace(), whitespace(), value(), whitespace()).prop_map(
        |(before, (key, name), w1, w2, value, after)| Member {
            before,
            name,
            core: format!("{key}{w1}:{w2}{value}"),
            after,
        },
    )
}

fn whitespace() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[ \t\r\n]{1,3}"]
}

/// `text` as a JSON string, each character plain or as an escape.
fn spelt(text: String) -> impl Strategy<Value = String> {
    let len = text.chars().count();
    vec(prop_oneof![6 => Just(0_u8), 1 => 1..4_u8], len).prop_map(move |ways| {
        let inside: String = text.chars().zip(ways).map(|(char, way)| spell(char, way)).collect();
        format!("\"{inside}\"")
    })
}

fn spell(char: char, way: u8) -> String {
    let units = |upper: bool| {
        let hex = |unit: &u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
        char.encode_utf16(&mut [0; 2]).iter().map(hex).collect::<String>()
    };
    match (way, char) {
        (1, _) => units(false),
        (2, _) => units(true),
        (_, '"' | '\\') | (3, '/') => format!("\\{char}"),
        (_, '\n') => "\\n".into(),
        (_, '\0'..' ') => units(false),
        _ => char.into(),
    }
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(&["true", "false", "null", "{}", "[]", "\"\\ud800\"", "\"\\udc00\\ud800\"", "1e999", "-0"][..])
            .prop_map(String::from),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?",
        any::<String>().prop_flat_map(spelt),
        "[a-z \\r\\n\"]{0,40}".prop_flat_map(spelt),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let list = vec((whitespace(), inner.clone(), whitespace()), 1..4).prop_map(|list| {
            format!("[{}]", list.iter().map(|(a, v, b)| format!("{a}{v}{b}")).collect::<Vec<_>>().join(","))
        });
        let key = select(KEYS).prop_flat_map(|key| spelt(key.into()));
        let object = vec((key, whitespace(), inner), 1..4).prop_map(|list| {
            format!("{{{}}}", list.iter().map(|(k, w, v)| format!("{w}{k}:{w}{v}")).collect::<Vec<_>>().join(","))
        });
        prop_oneof![list, object]
    })
}

/// A change to some bytes.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    Flip(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Truncate(Index),
    Swap(Index, Index),
}

impl Damage {
    pub(super) fn apply(&self, text: &mut Vec<u8>) {
        let len = text.len();
        match self {
            Self::Insert(at, byte) => text.insert(at.index(len + 1), *byte),
            _ if len == 0 => {}
            Self::Flip(at, bit) => text[at.index(len)] ^= 1 << bit,
            Self::Remove(at) => drop(text.remove(at.index(len))),
            Self::Truncate(at) => text.truncate(at.index(len)),
            Self::Swap(a, b) => text.swap(a.index(len), b.index(len)),
        }
    }
}

pub(super) fn damage() -> impl Strategy<Value = Damage> {
    let token = || prop_oneof![select(&b"{}[]\",:\\u0-+.eE1 tfn/"[..]), any::<u8>()];
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (any::<Index>(), token()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        any::<Index>().prop_map(Damage::Remove),
        any::<Index>().prop_map(Damage::Truncate),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Damage::Swap(a, b)),
    ]
}
