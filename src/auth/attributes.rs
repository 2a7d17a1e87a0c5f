//! What tokens and webhooks say of a peer, in the same words: to which streamers, and until when.

use std::time::Duration;

use serde::Deserialize;

use super::grant::Until;
use super::{Grant, Refusal};
use crate::hub::Scope;

/// A list, or its one element.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        self.as_slice().iter().any(|one| one == text)
    }
}

/// The attributes of a grant, as written.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub(super) struct Attributes {
    /// Streamer ids, exact or `prefix*`; any if it is missing.
    pub(super) streamers: Option<OneOrMany>,
    /// The longest session, in seconds.
    pub(super) max_session: Option<f64>,
    /// When it ends, in seconds since 1970.
    pub(super) exp: Option<f64>,
}

impl Attributes {
    /// What they grant from `now` on (in seconds since 1970), if clocks may be off by so much.
    ///
    /// # Errors
    /// [`Refusal::Expired`], or [`Refusal::Wrong`] for what makes no sense.
    pub(super) fn grant(&self, now: Duration, leeway: Duration) -> Result<Grant, Refusal> {
        let scope = match &self.streamers {
            None => Scope::ANY,
            Some(ids) => Scope::of(ids.as_slice()).ok_or(Refusal::Wrong)?,
        };
        let session = self.max_session.map(seconds).transpose()?;
        let end = self.exp.map(seconds).transpose()?.map(|exp| exp.saturating_add(leeway));
        let left = end.map(|end| end.checked_sub(now).filter(|left| !left.is_zero()).ok_or(Refusal::Expired));
        Ok(Grant { scope, until: Until::first(left.transpose()?, session), holder: None })
    }
}

/// What does not fit is further away than any session lasts.
pub(super) fn seconds(seconds: f64) -> Result<Duration, Refusal> {
    if seconds < 0.0 { Err(Refusal::Wrong) } else { Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)) }
}
