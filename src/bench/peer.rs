//! A peer that talks: connects, is greeted, registers or subscribes, in whatever order its server says things.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::timeout;

use super::dial::Dialer;
use super::error::Failure;
use super::link::Link;
use super::message::Told;

/// How long an answer may take: thousands may be waiting for theirs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a server that confirms no id is waited for: longer than one that asks the holder of an id for a sign of life.
const CONFIRMATION: Duration = Duration::from_secs(5);

/// A peer.
pub(super) struct Peer {
    pub(super) link: Link,
    heard: VecDeque<Vec<u8>>,
}

impl Peer {
    pub(super) async fn connect(dialer: &Dialer, url: &http::Uri) -> Result<Self, Failure> {
        Ok(Self { link: dialer.link(url).await?, heard: VecDeque::new() })
    }

    /// A streamer that has registered. Returns the id that it was given, too.
    pub(super) async fn streamer(dialer: &Dialer, url: &http::Uri, wanted: &str) -> Result<(Self, String), Failure> {
        let mut peer = Self::connect(dialer, url).await?;
        peer.hear("identify").await?;
        let id = peer.register(wanted).await?;
        Ok((peer, id))
    }

    /// Says its id, and waits until it is confirmed; servers that confirm nothing give what is wanted.
    pub(super) async fn register(&mut self, wanted: &str) -> Result<String, Failure> {
        self.say(&format!(r#"{{"type":"endpointId","id":"{wanted}"}}"#)).await?;
        match timeout(CONFIRMATION, self.hear("endpointIdConfirm")).await {
            Ok(confirmed) => Ok(Told::read(&confirmed?).committed_id),
            Err(_) => Ok(wanted.to_owned()),
        }
    }

    /// Sends a message.
    pub(super) async fn say(&mut self, text: &str) -> Result<(), Failure> {
        self.link.push(text.as_bytes());
        Ok(self.link.flush().await?)
    }

    /// Asks to watch a streamer.
    pub(super) async fn subscribe(&mut self, streamer: &str) -> Result<(), Failure> {
        self.say(&format!(r#"{{"type":"subscribe","streamerId":"{streamer}"}}"#)).await
    }

    /// The next message of that type; others are passed over.
    pub(super) async fn hear(&mut self, kind: &'static str) -> Result<Vec<u8>, Failure> {
        let hearing = async {
            loop {
                let text = self.hear_any().await?;
                match Told::read(&text) {
                    told if told.kind == kind => return Ok(text),
                    told if told.kind == "subscribeFailed" => {
                        return Err(Failure::Unexpected { awaited: kind, why: told.message });
                    }
                    _ => {}
                }
            }
        };
        let late = || Failure::Unexpected { awaited: kind, why: format!("it has not come within {PATIENCE:?}") };
        timeout(PATIENCE, hearing).await.unwrap_or_else(|_| Err(late()))
    }

    /// The next message.
    pub(super) async fn hear_any(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            if let Some(text) = self.heard.pop_front() {
                return Ok(text);
            }
            let heard = &mut self.heard;
            self.link.turn(|text, _| heard.push_back(text.to_vec())).await?;
        }
    }
}
