//! The certificate of the moment, for every listener, and its renewal.
//!
//! A renewal overlaps: the hash of the next certificate is published [`LEAD`] before the certificate is shown, so a
//! page that asked just before the change finds the certificate it was told of. The old hash stays published for
//! [`LISTED_AFTER`] more: another gateway behind the same name may change a little later.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tracing::info;

use super::credential::{Credential, Fingerprint};
use super::dev::{self, DevError, Kept};
use super::operator::{self, LoadError};

/// How long the next certificate is announced before it is shown. Pages use what they were told within seconds.
pub const LEAD: Duration = Duration::from_secs(5 * 60);
/// How long the hash of the one before stays published.
pub const LISTED_AFTER: Duration = Duration::from_secs(5 * 60);
/// How often [`Certificates::renew_if_due`] wants to be called.
pub const CHECK_EVERY: Duration = Duration::from_secs(60);

/// What [`Certificates::renew_if_due`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing was due.
    NotDue,
    /// The next certificate was made: its hash is published, the old one still shown.
    Announced,
    /// The next certificate is shown.
    Switched,
}

/// The certificates of the gateway.
pub struct Certificates {
    state: ArcSwap<State>,
    /// Changes of the state are made one at a time; handshakes do not wait for them.
    changing: Mutex<()>,
    dir: Option<PathBuf>,
    kept: Kept,
}

#[derive(Clone)]
struct State {
    shown: Arc<Credential>,
    next: Option<(Arc<Credential>, SystemTime)>,
    before: Option<(Fingerprint, SystemTime)>,
}

impl Certificates {
    /// Development certificates, kept in `dir` or, without one, in memory. Blocks on files.
    ///
    /// # Errors
    /// Only if the system gives no random numbers; a folder that takes no files is a warning.
    pub fn dev(dir: Option<&Path>, now: SystemTime) -> Result<Arc<Self>, DevError> {
        let (credential, kept) = dev::obtain(dir, now)?;
        Ok(Arc::new(Self::new(credential, dir.map(Path::to_owned), kept)))
    }

    /// The operator's certificate from two PEM files. Blocks on files.
    ///
    /// # Errors
    /// One line that names the file and says what to do.
    pub fn from_files(cert: &Path, key: &Path, now: SystemTime) -> Result<Arc<Self>, LoadError> {
        Ok(Arc::new(Self::new(operator::load(cert, key, now)?, None, Kept::Found)))
    }

    fn new(credential: Credential, dir: Option<PathBuf>, kept: Kept) -> Self {
        let state = State { shown: Arc::new(credential), next: None, before: None };
        Self { state: ArcSwap::from_pointee(state), changing: Mutex::new(()), dir, kept }
    }

    /// Where the certificate that was there at the start is kept.
    pub const fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The certificate that new handshakes get.
    pub fn current(&self) -> Arc<Credential> {
        Arc::clone(&self.state.load().shown)
    }

    /// The hashes for `transports.json` (protocol.md §2): of certificates made here only; the current one first, and
    /// during a renewal the next or the one before too.
    pub fn published_hashes(&self) -> Vec<Fingerprint> {
        let state = self.state.load();
        let made_here = |credential: &Credential| credential.made_here().then_some(credential.fingerprint());
        let next = state.next.as_ref().and_then(|(next, _)| made_here(next));
        let before = state.before.map(|(hash, _)| hash);
        made_here(&state.shown).into_iter().chain(next).chain(before).collect()
    }

    /// Takes the next step of a renewal if it is due at `now`: makes the next certificate at half of the life, shows
    /// it [`LEAD`] later, forgets the old hash [`LISTED_AFTER`] after that. A certificate that is not valid at `now`
    /// (the machine slept, the clock was set) is replaced at once. Blocks on files.
    ///
    /// # Errors
    /// The certificate of the moment stays when no other can be made.
    pub fn renew_if_due(&self, now: SystemTime) -> Result<Renewal, DevError> {
        let _changing = self.changing.lock();
        let mut state = State::clone(&self.state.load());
        state.forget_old(now);
        let mut renewal = Renewal::NotDue;
        if state.wants_next(now) {
            let (next, _) = dev::obtain(self.dir.as_deref(), now)?;
            state.next = Some((Arc::new(next), now + LEAD));
            renewal = Renewal::Announced;
        }
        if state.show_next(now) {
            info!(fingerprint = %state.shown.fingerprint(), "development certificate renewed");
            renewal = Renewal::Switched;
        }
        self.state.store(Arc::new(state));
        Ok(renewal)
    }

    /// Shows another certificate from now on.
    pub fn replace(&self, credential: Credential, now: SystemTime) {
        let _changing = self.changing.lock();
        let mut state = State::clone(&self.state.load());
        state.show(Arc::new(credential), now);
        self.state.store(Arc::new(state));
    }
}

impl Credential {
    /// A new development certificate, kept nowhere.
    ///
    /// # Errors
    /// Only if the system gives no random numbers.
    pub fn dev(now: SystemTime) -> Result<Self, DevError> {
        dev::obtain(None, now).map(|(credential, _)| credential)
    }

    /// The operator's certificate from two PEM files. Blocks on files.
    ///
    /// # Errors
    /// One line that names the file and says what to do.
    pub fn from_files(cert: &Path, key: &Path, now: SystemTime) -> Result<Self, LoadError> {
        operator::load(cert, key, now)
    }
}

impl State {
    fn wants_next(&self, now: SystemTime) -> bool {
        let worn = !self.shown.is_valid(now) || self.shown.is_half_over(now);
        self.shown.made_here() && self.next.is_none() && worn
    }

    fn show_next(&mut self, now: SystemTime) -> bool {
        let due = |(_, from): &mut (_, SystemTime)| is_over(*from, LEAD, now) || !self.shown.is_valid(now);
        let Some((next, _)) = self.next.take_if(due) else { return false };
        self.show(next, now);
        true
    }

    fn show(&mut self, credential: Arc<Credential>, now: SystemTime) {
        let hash = self.shown.fingerprint();
        let listed = self.shown.made_here() && hash != credential.fingerprint();
        self.before = listed.then_some((hash, now + LISTED_AFTER));
        self.next = None;
        self.shown = credential;
    }

    fn forget_old(&mut self, now: SystemTime) {
        self.before.take_if(|(_, until)| is_over(*until, LISTED_AFTER, now));
    }
}

/// Whether a wait of `length` that ends at `end` is over. A clock that was set back must not prolong it.
fn is_over(end: SystemTime, length: Duration, now: SystemTime) -> bool {
    end.duration_since(now).is_ok_and(|left| left.is_zero() || left > length) || end < now
}

impl ResolvesServerCert for Certificates {
    /// The same for every name: there is one.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.state.load().shown.key))
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("shown", &self.current()).field("dir", &self.dir).finish_non_exhaustive()
    }
}
