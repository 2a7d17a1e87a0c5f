//! The rule of each role, and who is let in by it.
//!
//! A role has a webhook, or shared and signed tokens, or none of these and is open. A token is first compared with the
//! shared one, then measured by the issuers that may vouch for the role.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Semaphore;

use super::http::Http;
use super::jwks::Jwks;
use super::jwt::{Head, Terms, Verifier, verify};
use super::{Credentials, Grant, Refusal, Token, webhook};
use crate::config::{Auth, Issuer, Keys, Secret, Webhook};
use crate::limits::Lines;
use crate::wire::Role;

/// How many questions to a webhook are on their way at once. The others wait, within their deadlines.
const QUESTIONS: usize = 64;

/// How many of these one address may have. Its others wait for each other, and nobody else for them.
const QUESTIONS_OF_ADDRESS: usize = 4;

/// What somebody asks for who comes.
#[derive(Clone, Debug)]
pub struct Ask {
    /// As what.
    pub role: Role,
    /// From where.
    pub remote: IpAddr,
    /// Who counts for its questions; `None` where nobody does.
    pub counted: Option<IpAddr>,
    /// Over which transport, by its name.
    pub transport: &'static str,
    /// The path of its URL, where there is one.
    pub path: Option<Box<str>>,
    /// What was shown.
    pub credentials: Credentials,
}

/// Who is let in. It may change while the gateway runs: live sessions keep what they were granted.
#[derive(Debug)]
pub struct Policy {
    rules: ArcSwap<Rules>,
    /// Made when somebody is to be asked first: it reads the system's authorities.
    http: OnceLock<Http>,
    questions: Semaphore,
    questions_of: Arc<Lines<IpAddr>>,
}

#[derive(Debug)]
struct Rules {
    auth: Auth,
    issuers: Vec<(Issuer, Signing)>,
}

/// How an issuer's tokens are verified.
#[derive(Debug)]
enum Signing {
    /// By this key.
    Key(Arc<Verifier>),
    /// By a key of this set.
    Set(Arc<Jwks>),
}

impl Policy {
    /// As it was configured.
    pub fn new(auth: &Auth) -> Arc<Self> {
        let rules = ArcSwap::from_pointee(Rules::new(auth, &[]));
        Arc::new(Self {
            rules,
            http: OnceLock::new(),
            questions: Semaphore::new(QUESTIONS),
            questions_of: Lines::new(QUESTIONS_OF_ADDRESS),
        })
    }

    /// Another from now on. Key sets that it has in common with the old one are kept.
    pub fn change(&self, auth: &Auth) {
        let old = self.rules.load();
        if old.auth != *auth {
            self.rules.store(Arc::new(Rules::new(auth, &old.issuers)));
        }
    }

    /// Whether anybody may take that role.
    pub fn is_open(&self, role: Role) -> bool {
        !self.rules.load().auth.has_rule(role)
    }

    /// Whether somebody may come in. Takes as long as a webhook or an issuer's keys take: bound it.
    ///
    /// # Errors
    /// Why not.
    pub async fn authorise(&self, ask: Ask) -> Result<Grant, Refusal> {
        let rules = self.rules.load_full();
        // Whoever needs no token may show anything.
        if !rules.auth.has_rule(ask.role) {
            return Ok(Grant::default());
        }
        let token = ask.credentials.clone().token()?;
        let granted = match rules.auth.webhook(ask.role) {
            Some(webhook) if token.is_none() && !webhook.anonymous => return Err(Refusal::NoToken),
            Some(webhook) => self.ask(webhook, &ask, token.as_ref()).await?,
            None => self.by_token(&rules, token.as_ref().ok_or(Refusal::NoToken)?, ask.role).await?,
        };
        Ok(Grant { holder: token.map(|token| token.fingerprint()), ..granted })
    }

    /// Its own address's turn first: whoever waits for that must not hold a place of all.
    async fn ask(&self, webhook: &Webhook, ask: &Ask, token: Option<&Token>) -> Result<Grant, Refusal> {
        let _turn = match ask.counted {
            Some(address) => Some(self.questions_of.turn(address).await),
            None => None,
        };
        let _question = self.questions.acquire().await.map_err(|_| Refusal::Busy)?;
        webhook::ask(self.http(), webhook, ask, token, since_1970()).await
    }

    async fn by_token(&self, rules: &Rules, token: &Token, role: Role) -> Result<Grant, Refusal> {
        if rules.auth.token(role).is_some_and(|shared| is(shared, token)) {
            return Ok(Grant::default());
        }
        self.signed(rules, token, role).await
    }

    fn http(&self) -> &Http {
        self.http.get_or_init(Http::new)
    }

    /// The first issuer whose signature it is decides. Sets are only read again where no key at hand has signed it.
    async fn signed(&self, rules: &Rules, token: &Token, role: Role) -> Result<Grant, Refusal> {
        let head = Head::of(token).ok_or(Refusal::Wrong)?;
        let candidates = || rules.issuers.iter().filter(|(issuer, _)| may_be(issuer, &head));
        let by_key = |key: &Verifier, issuer: &Issuer| {
            let terms = rules.terms(issuer);
            let granted = verify(token, key, terms, role, since_1970())?;
            Some(granted.and_then(|grant| if issuer.roles.contains(role) { Ok(grant) } else { Err(Refusal::Role) }))
        };
        for (issuer, signing) in candidates() {
            if let Signing::Key(key) = signing
                && key.algorithm == head.algorithm
                && let Some(granted) = by_key(key, issuer)
            {
                return granted;
            }
        }
        let mut refusal = Refusal::Wrong;
        for (issuer, signing) in candidates() {
            let Signing::Set(set) = signing else { continue };
            if !ASYMMETRIC.contains(&head.algorithm) {
                continue;
            }
            match set.key(self.http(), head.kid.as_deref(), head.algorithm).await {
                Ok(Some(key)) => {
                    if let Some(granted) = by_key(&key, issuer) {
                        return granted;
                    }
                }
                Ok(None) => {}
                Err(unavailable) => refusal = unavailable,
            }
        }
        Err(refusal)
    }
}

/// What the keys of a set may be for.
const ASYMMETRIC: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// Whether the token does not say that it is another issuer's.
fn may_be(issuer: &Issuer, head: &Head) -> bool {
    issuer.name.is_none() || issuer.name == head.issuer
}

impl Rules {
    fn new(auth: &Auth, before: &[(Issuer, Signing)]) -> Self {
        let kept = |issuer: &Issuer| {
            before.iter().find_map(|(other, signing)| match signing {
                Signing::Set(set) if other.keys == issuer.keys && other.name == issuer.name => Some(Arc::clone(set)),
                _ => None,
            })
        };
        let signing = |issuer: &Issuer| {
            Some(match &issuer.keys {
                Keys::Secret(secret) => {
                    let key = DecodingKey::from_secret(secret.as_str().as_bytes()).ok()?;
                    Signing::Key(Arc::new(Verifier { algorithm: Algorithm::HS256, key }))
                }
                Keys::Public(key) => {
                    Signing::Key(Arc::new(Verifier { algorithm: key.algorithm(), key: key.key().clone() }))
                }
                Keys::Set(source) => Signing::Set(kept(issuer).unwrap_or_else(|| Jwks::new(source.clone()))),
            })
        };
        let issuers = auth.issuers.iter().filter_map(|issuer| Some((issuer.clone(), signing(issuer)?))).collect();
        Self { auth: auth.clone(), issuers }
    }

    fn terms<'a>(&self, issuer: &'a Issuer) -> Terms<'a> {
        let (name, audience) = (issuer.name.as_deref(), issuer.audience.as_deref());
        Terms { issuer: name, audience, leeway: self.auth.leeway }
    }
}

/// In constant time, whatever the lengths are.
fn is(secret: &Secret, token: &Token) -> bool {
    let [secret, token] = [secret.as_str(), token.as_str()].map(|text| digest(&SHA256, text.as_bytes()));
    verify_slices_are_equal(secret.as_ref(), token.as_ref()).is_ok()
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
