//! A session that is opened again whenever it ends.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use super::{Attempts, Backoff, Client, ConnectError, Connection, Event};
use crate::transport::Ended;
use crate::wire::CloseCode;

/// Where a [`Reconnecting`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// An attempt is under way; its number, from 1, since the last session.
    Connecting(u32),
    /// There is a session.
    Connected,
    /// The next attempt comes after this time. The text says what ended the last session or attempt.
    Waiting(Duration, String),
    /// No further attempt will be made; what ended the last one.
    GaveUp(String),
}

/// What a [`Reconnecting`] has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// It is somewhere else now.
    State(State),
    /// A message of the present session.
    Message(Bytes),
}

type Opening = Pin<Box<dyn Future<Output = Result<Connection, ConnectError>> + Send>>;

enum Stage {
    Idle,
    Opening(Opening),
    Open(Box<Connection>),
    Waiting(Instant),
    Over,
}

/// Keeps one session up. It goes on only while [`Reconnecting::next`] is awaited.
pub struct Reconnecting {
    client: Client,
    url: String,
    attempts: Attempts,
    stage: Stage,
    state: State,
}

impl fmt::Debug for Reconnecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnecting").field("url", &self.url).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Reconnecting {
    /// Opens sessions of `client` at `url`, the first as soon as [`Reconnecting::next`] is awaited.
    pub fn new(client: Client, url: impl Into<String>, backoff: Backoff) -> Self {
        let state = State::Connecting(1);
        Self { client, url: url.into(), attempts: Attempts::new(backoff), stage: Stage::Idle, state }
    }

    /// Where it is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The present session, to send on it.
    pub fn connection(&mut self) -> Option<&mut Connection> {
        match &mut self.stage {
            Stage::Open(connection) => Some(connection),
            _ => None,
        }
    }

    /// The next message or change of state. Cancel-safe. After [`State::GaveUp`] it never returns.
    pub async fn next(&mut self) -> Update {
        loop {
            match &mut self.stage {
                Stage::Idle => return self.open(),
                Stage::Opening(opening) => {
                    return match opening.await {
                        Ok(connection) => self.opened(connection),
                        Err(error) => self.failed(error.to_string()),
                    };
                }
                Stage::Open(connection) => match connection.recv().await {
                    Event::Message(message) => return Update::Message(message),
                    Event::Ended(ended) => return self.ended(&ended),
                },
                Stage::Waiting(until) => {
                    sleep_until(*until).await;
                    self.stage = Stage::Idle;
                }
                Stage::Over => std::future::pending().await,
            }
        }
    }

    /// Ends the session, if there is one, and makes no further attempt.
    pub async fn close(self, code: CloseCode, reason: impl Into<String>) {
        if let Stage::Open(connection) = self.stage {
            connection.close(code, reason).await;
        }
    }

    fn open(&mut self) -> Update {
        let (client, url) = (self.client.clone(), self.url.clone());
        self.stage = Stage::Opening(Box::pin(async move { client.connect(&url).await }));
        self.tell(State::Connecting(self.attempts.failed() + 1))
    }

    fn opened(&mut self, connection: Connection) -> Update {
        self.attempts.succeeded();
        self.stage = Stage::Open(Box::new(connection));
        self.tell(State::Connected)
    }

    /// A session that ended counts as the first failure: a gateway that closes at once is not stormed.
    fn ended(&mut self, ended: &Ended) -> Update {
        self.failed(ended.to_string())
    }

    fn failed(&mut self, why: String) -> Update {
        match self.attempts.wait(&mut rand::rng()) {
            Some(wait) => {
                self.stage = Stage::Waiting(Instant::now() + wait);
                self.tell(State::Waiting(wait, why))
            }
            None => {
                self.stage = Stage::Over;
                self.tell(State::GaveUp(why))
            }
        }
    }

    fn tell(&mut self, state: State) -> Update {
        self.state = state.clone();
        Update::State(state)
    }
}
