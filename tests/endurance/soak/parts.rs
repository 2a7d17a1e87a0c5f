//! What streamers, players and SFUs say to what they hear, as today's clients do (protocol.md §1, §7), and now and then
//! of themselves. Pure, but for chance.

use std::collections::BTreeSet;

use rand::Rng;
use serde_json::{Value, json};

/// How many there are whom one can watch.
#[derive(Clone, Copy)]
pub(super) struct Cast {
    pub(super) streamers: usize,
    pub(super) sfus: usize,
}

impl Cast {
    fn any_streamer(self) -> String {
        format!("Stage{}", rand::rng().random_range(0..self.streamers))
    }

    /// Mostly a streamer.
    fn anyone(self) -> String {
        if self.sfus > 0 && rand::rng().random_ratio(1, 8) {
            return format!("Mixer{}", rand::rng().random_range(0..self.sfus));
        }
        self.any_streamer()
    }
}

/// A role that is played.
pub(super) trait Part: Send {
    /// The answers to a message; `Err` when the gateway may not say that.
    fn hears(&mut self, message: &Value) -> Result<Vec<Value>, String>;
    /// What is said without cause.
    fn acts(&mut self) -> Vec<Value>;
    /// How many it has been told of that have not left, where that must become none when everybody leaves.
    fn audience(&self) -> usize {
        0
    }
}

pub(super) struct Player {
    cast: Cast,
    /// Whether it has subscribed and was not refused.
    watches: bool,
}

impl Player {
    pub(super) fn new(cast: Cast) -> Self {
        Self { cast, watches: false }
    }

    fn subscribes(&mut self) -> Value {
        self.watches = true;
        json!({"type": "subscribe", "streamerId": self.cast.anyone()})
    }
}

impl Part for Player {
    fn hears(&mut self, message: &Value) -> Result<Vec<Value>, String> {
        Ok(match kind(message) {
            "config" => vec![json!({"type": "listStreamers"}), self.subscribes()],
            "subscribeFailed" => {
                self.watches = false;
                Vec::new()
            }
            "offer" => vec![
                json!({"type": "layerPreference", "spatialLayer": 0, "temporalLayer": 0}),
                json!({"type": "answer", "sdp": sdp()}),
                candidate(),
                candidate(),
            ],
            _ => Vec::new(),
        })
    }

    fn acts(&mut self) -> Vec<Value> {
        match rand::rng().random_range(0..8) {
            _ if !self.watches => vec![self.subscribes()],
            0 => vec![json!({"type": "unsubscribe"}), self.subscribes()],
            1 => vec![self.subscribes()],
            2 => vec![json!({"type": "listStreamers"})],
            3 => vec![json!({"type": "stats", "data": {"bitrate": 8_000_000}})],
            _ => vec![ping(), candidate()],
        }
    }
}

/// Whom a streamer or SFU was told of.
#[derive(Default)]
struct Audience {
    present: BTreeSet<String>,
    /// Of a time that is over: their departures may come, or not.
    past: BTreeSet<String>,
}

impl Audience {
    fn hears(&mut self, message: &Value) -> Result<(), String> {
        let player = || message["playerId"].as_str().unwrap_or_default().to_owned();
        let right = match kind(message) {
            "playerConnected" => self.present.insert(player()),
            "playerDisconnected" => self.past.remove(&player()) || self.present.remove(&player()),
            "answer" | "iceCandidate" if message.get("playerId").is_some() => {
                self.present.contains(&player()) || self.past.contains(&player())
            }
            _ => true,
        };
        if right { Ok(()) } else { Err(format!("a {} of {:?}, out of turn", kind(message), player())) }
    }

    fn ends(&mut self) {
        self.past.append(&mut self.present);
    }

    fn anyone(&self) -> Option<&String> {
        let count = self.present.len();
        (count > 0).then(|| self.present.iter().nth(rand::rng().random_range(0..count))).flatten()
    }
}

pub(super) struct Streamer {
    id: String,
    audience: Audience,
}

impl Streamer {
    pub(super) fn new(number: usize) -> Self {
        Self { id: format!("Stage{number}"), audience: Audience::default() }
    }
}

impl Part for Streamer {
    fn hears(&mut self, message: &Value) -> Result<Vec<Value>, String> {
        self.audience.hears(message)?;
        let to = &message["playerId"];
        Ok(match kind(message) {
            "identify" => vec![json!({"type": "endpointId", "id": self.id})],
            "playerConnected" => vec![json!({"type": "offer", "playerId": to, "sdp": sdp()}), candidate_to(to)],
            "answer" => vec![candidate_to(to)],
            "ping" => vec![json!({"type": "pong", "time": message["time"]})],
            _ => Vec::new(),
        })
    }

    fn acts(&mut self) -> Vec<Value> {
        let Some(player) = self.audience.anyone() else { return vec![ping()] };
        if rand::rng().random_ratio(1, 10) {
            return vec![json!({"type": "disconnectPlayer", "playerId": player, "reason": "time is up"})];
        }
        vec![ping(), candidate_to(&json!(player))]
    }

    fn audience(&self) -> usize {
        self.audience.present.len()
    }
}

pub(super) struct Sfu {
    cast: Cast,
    id: String,
    /// Its id as a player, which its streamer's messages carry.
    me: Value,
    audience: Audience,
}

impl Sfu {
    pub(super) fn new(cast: Cast, number: usize) -> Self {
        Self { cast, id: format!("Mixer{number}"), me: Value::Null, audience: Audience::default() }
    }
}

impl Part for Sfu {
    fn hears(&mut self, message: &Value) -> Result<Vec<Value>, String> {
        let to = &message["playerId"];
        match kind(message) {
            "offer" => self.me = to.clone(),
            _ if to.is_string() && *to == self.me => return Ok(Vec::new()),
            _ => self.audience.hears(message)?,
        }
        Ok(match kind(message) {
            "identify" => vec![json!({"type": "endpointId", "id": self.id})],
            "endpointIdConfirm" => vec![json!({"type": "subscribe", "streamerId": self.cast.any_streamer()})],
            "offer" => vec![json!({"type": "answer", "sdp": sdp()}), json!({"type": "startStreaming"})],
            "playerConnected" => vec![json!({"type": "offer", "playerId": to, "sfu": true, "sdp": sdp()})],
            "streamerDisconnected" => {
                self.audience.ends();
                vec![json!({"type": "stopStreaming"})]
            }
            _ => Vec::new(),
        })
    }

    fn acts(&mut self) -> Vec<Value> {
        if rand::rng().random_ratio(1, 20) {
            return vec![json!({"type": "subscribe", "streamerId": self.cast.any_streamer()})];
        }
        vec![ping()]
    }
}

pub(super) fn kind(message: &Value) -> &str {
    message["type"].as_str().unwrap_or_default()
}

/// As long as one with video, audio and data channels.
fn sdp() -> String {
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n".repeat(32)
}

fn candidate() -> Value {
    json!({"type": "iceCandidate", "candidate": {
        "candidate": "candidate:842163049 1 udp 1677729535 127.0.0.1 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0",
        "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "AbCd",
    }})
}

fn candidate_to(player: &Value) -> Value {
    let mut candidate = candidate();
    candidate["playerId"] = player.clone();
    candidate
}

fn ping() -> Value {
    json!({"type": "ping", "time": 1_700_000_000_123_u64})
}
