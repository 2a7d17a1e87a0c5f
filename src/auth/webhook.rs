//! Asking the operator's own service about each newcomer. Whatever is not a clear yes is a no.

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tracing::warn;

use super::attributes::Attributes;
use super::http::{Http, HttpError};
use super::{Ask, Grant, Refusal, Token};
use crate::config::Webhook;

/// The longest answer, in bytes.
const LONGEST: usize = 64 << 10;

/// The longest word for a peer, in characters: a WebSocket's close has room for little more.
const WORD: usize = 80;

#[derive(Serialize)]
struct Question<'a> {
    role: &'static str,
    remote: String,
    transport: &'static str,
    path: Option<&'a str>,
    token: Option<&'a str>,
}

#[derive(Deserialize)]
struct Answer {
    allow: bool,
    #[serde(default)]
    reason: String,
    #[serde(flatten)]
    attributes: Attributes,
}

/// What it says about somebody, at `now` (since 1970).
pub(super) async fn ask(
    http: &Http,
    webhook: &Webhook,
    ask: &Ask,
    token: Option<&Token>,
    now: Duration,
) -> Result<Grant, Refusal> {
    let question = Question {
        role: ask.role.name(),
        remote: ask.remote.to_string(),
        transport: ask.transport,
        path: ask.path.as_deref(),
        token: token.map(Token::as_str),
    };
    let json = serde_json::to_vec(&question).map_err(|_| Refusal::Unavailable)?;
    match http.post(&webhook.url, json.into(), LONGEST, webhook.timeout).await {
        Ok(answer) => understand(&answer, now),
        Err(HttpError::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => Err(Refusal::Denied("".into())),
        Err(error) => {
            warn!(%error, host = webhook.url.host(), "the webhook cannot be asked: nobody is let in by it");
            Err(Refusal::Unavailable)
        }
    }
}

pub(super) fn understand(answer: &Bytes, now: Duration) -> Result<Grant, Refusal> {
    let Ok(answer) = serde_json::from_slice::<Answer>(answer) else {
        warn!("the webhook's answer cannot be understood: nobody is let in by it");
        return Err(Refusal::Unavailable);
    };
    if !answer.allow {
        let word: String = answer.reason.chars().filter(|c| !c.is_control()).take(WORD).collect();
        return Err(Refusal::Denied(word.into()));
    }
    answer.attributes.grant(now, Duration::ZERO)
}
