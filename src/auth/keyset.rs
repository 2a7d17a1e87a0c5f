//! A JSON Web Key Set (RFC 7517) as it is read, and when it is read again. Pure: the time is an input.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::jwt::Verifier;

/// More keys than this nobody rotates.
const MOST_KEYS: usize = 256;

/// The verifying keys of one issuer, each with its one algorithm.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet(HashMap<Name, Arc<Verifier>>);

/// How a key is found: by its id, where it has one, and its algorithm.
type Name = (Option<String>, Algorithm);

impl KeySet {
    /// Reads a set. Keys that are not for us (secrets, encryption, other algorithms) are left out; `None` if it is no
    /// set at all, or has too many.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Written {
            keys: Vec<serde_json::Value>,
        }
        let written: Written = serde_json::from_slice(text).ok()?;
        let keys = written.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let set: HashMap<_, _> = keys.filter_map(verifier).collect();
        (set.len() <= MOST_KEYS).then_some(Self(set))
    }

    /// The key of that id for that algorithm. Without an id, the only one for it.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<Arc<Verifier>> {
        if let Some(kid) = kid {
            return self.0.get(&(Some(kid.to_owned()), algorithm)).cloned();
        }
        let mut fitting = self.0.iter().filter(|((_, of), _)| *of == algorithm).map(|(_, key)| key);
        let only = fitting.next()?;
        fitting.next().is_none().then(|| Arc::clone(only))
    }

    /// How many keys it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn verifier(key: Jwk) -> Option<(Name, Arc<Verifier>)> {
    let (algorithm, named) = match &key.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let signs = key.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let right = key.common.key_algorithm.as_ref().is_none_or(|said| *said == named);
    let decoding = DecodingKey::from_jwk(&key).ok().filter(|_| signs && right)?;
    Some(((key.common.key_id, algorithm), Arc::new(Verifier { algorithm, key: decoding })))
}

/// After so long a set is read again when it is needed next; until that is done the old one counts.
const STALE: Duration = Duration::from_secs(5 * 60);

/// After so long without a reading that succeeded it counts no more: a key that was withdrawn must end sometime.
const DEAD: Duration = Duration::from_secs(60 * 60);

/// Readings that failed are followed by pauses from the first to the last of these, each twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Readings for the sake of keys that are not known: anybody can ask for such, so they are few.
const UNKNOWN_BURST: u32 = 4;
const UNKNOWN_EVERY: Duration = Duration::from_secs(15);

/// How a set stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// It counts.
    Fresh,
    /// It counts, and should be read again.
    Stale,
    /// It was never read, or too long ago.
    Dead,
}

/// When a set is read again. Times are since whenever.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    read: Option<Duration>,
    failures: u32,
    failed: Option<Duration>,
    /// Readings for unknown keys since the bucket was full last.
    unknown: u32,
    unknown_since: Duration,
}

impl Schedule {
    pub(super) fn age(&self, now: Duration) -> Age {
        match self.read.map(|read| now.saturating_sub(read)) {
            Some(age) if age < STALE => Age::Fresh,
            Some(age) if age < DEAD => Age::Stale,
            _ => Age::Dead,
        }
    }

    /// Whether it may be read now, because it is needed.
    pub(super) fn may_read(&self, now: Duration) -> bool {
        let (first, last) = PAUSES;
        let pause = first.saturating_mul(1 << self.failures.saturating_sub(1).min(16)).min(last);
        self.failed.is_none_or(|failed| now.saturating_sub(failed) >= pause)
    }

    /// Whether it may be read now, because somebody names a key that is not in it. Takes one of few chances.
    pub(super) fn may_read_for_unknown(&mut self, now: Duration) -> bool {
        if self.unknown == 0 {
            self.unknown_since = now;
        }
        let given_back = (now.saturating_sub(self.unknown_since).as_secs() / UNKNOWN_EVERY.as_secs()) as u32;
        if given_back > 0 {
            self.unknown = self.unknown.saturating_sub(given_back);
            self.unknown_since += UNKNOWN_EVERY * given_back;
        }
        let may = self.may_read(now) && self.unknown < UNKNOWN_BURST;
        self.unknown += u32::from(may);
        may
    }

    pub(super) fn succeeded(&mut self, now: Duration) {
        (self.read, self.failures, self.failed) = (Some(now), 0, None);
    }

    pub(super) fn failed(&mut self, now: Duration) {
        (self.failures, self.failed) = (self.failures.saturating_add(1), Some(now));
    }
}
