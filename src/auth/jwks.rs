//! The key set of one issuer: kept, and read again when it is old or somebody names a key that is not in it.
//!
//! It is kept by issuer and source, which the operator has named; in it keys are found by id and algorithm. No token
//! says where keys come from. One reading at a time; whoever needs it waits for it, within its own deadline.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::{info, warn};

use super::Refusal;
use super::http::Http;
use super::jwt::Verifier;
use super::keyset::{Age, KeySet, Schedule};
use crate::config::KeySource;

/// The longest set, in bytes.
const LONGEST: usize = 256 << 10;

/// How long a reading may take.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Jwks {
    pub(super) source: KeySource,
    began: Instant,
    state: Mutex<State>,
    /// Held by whoever reads.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    keys: Arc<KeySet>,
    schedule: Schedule,
    /// How many readings there were, whatever came of them.
    readings: u64,
}

/// What is to be done about a key.
enum Step {
    Use(Arc<Verifier>),
    /// It counts, but the set is old.
    UseAndRead(Arc<Verifier>),
    /// It may be there after the reading that follows this many.
    Read(u64),
    Unknown,
    Unavailable,
}

impl Jwks {
    pub(super) fn new(source: KeySource) -> Arc<Self> {
        let reading = tokio::sync::Mutex::new(());
        Arc::new(Self { source, began: Instant::now(), state: Mutex::default(), reading })
    }

    /// The key of that id for that algorithm; `None` if the issuer has none.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when there is no set to look into.
    pub(super) async fn key(
        self: &Arc<Self>,
        http: &Http,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Option<Arc<Verifier>>, Refusal> {
        let mut step = self.step(kid, algorithm, true);
        if let Step::Read(before) = step {
            self.read(http, before).await;
            step = self.step(kid, algorithm, false);
        }
        match step {
            Step::Use(key) => Ok(Some(key)),
            Step::UseAndRead(key) => {
                let (jwks, http, before) = (Arc::clone(self), http.clone(), self.state.lock().readings);
                tokio::spawn(async move { jwks.read(&http, before).await });
                Ok(Some(key))
            }
            Step::Unknown => Ok(None),
            Step::Read(_) | Step::Unavailable => Err(Refusal::Unavailable),
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn step(&self, kid: Option<&str>, algorithm: Algorithm, may_read: bool) -> Step {
        let (now, mut state) = (self.now(), self.state.lock());
        let state = &mut *state;
        let (schedule, readings) = (&mut state.schedule, state.readings);
        match (schedule.age(now), state.keys.find(kid, algorithm)) {
            (Age::Fresh, Some(key)) => Step::Use(key),
            (Age::Stale, Some(key)) if self.reading.try_lock().is_ok() && schedule.may_read(now) => {
                Step::UseAndRead(key)
            }
            (Age::Stale, Some(key)) => Step::Use(key),
            (Age::Dead, _) if may_read && schedule.may_read(now) => Step::Read(readings),
            (Age::Dead, _) => Step::Unavailable,
            (_, None) if may_read && schedule.may_read_for_unknown(now) => Step::Read(readings),
            (_, None) => Step::Unknown,
        }
    }

    /// Reads the set, unless another has done so since there were `before` readings.
    async fn read(&self, http: &Http, before: u64) {
        let _reading = self.reading.lock().await;
        if self.state.lock().readings != before {
            return;
        }
        let read = match &self.source {
            KeySource::Url(url) => http.get(url, LONGEST, PATIENCE).await.map_err(|error| error.to_string()),
            KeySource::File(path) => read_file(path.clone()).await,
        };
        let keys = read.and_then(|text| KeySet::parse(&text).ok_or_else(|| "it is no key set".to_owned()));
        let (now, mut state) = (self.now(), self.state.lock());
        state.readings += 1;
        match keys {
            Ok(keys) => {
                state.schedule.succeeded(now);
                info!(source = %self.source, keys = keys.len(), "the keys of an issuer were read");
                state.keys = Arc::new(keys);
            }
            Err(error) => {
                state.schedule.failed(now);
                warn!(source = %self.source, error, "the keys of an issuer cannot be read");
            }
        }
    }
}

async fn read_file(path: std::path::PathBuf) -> Result<bytes::Bytes, String> {
    use std::io::Read;
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = Vec::new();
        std::fs::File::open(path)?.take(LONGEST as u64 + 1).read_to_end(&mut text)?;
        if text.len() > LONGEST { Err(std::io::Error::other("it is too long")) } else { Ok(text.into()) }
    });
    let read = tokio::time::timeout(PATIENCE, reading).await.map_err(|_| "it does not answer".to_owned())?;
    read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}
