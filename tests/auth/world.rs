//! A gateway with rules, and peers that show something or nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::jwk::Jwk;
use pixelgate::auth::{NewClaims, Signer, issue};
use pixelgate::client::{Client, Options};
use pixelgate::config::{Config, Issuer, Keys, PublicKey, Roles};
use pixelgate::wire::{Close, CloseCode, Role};
use serde_json::Value;

use crate::support::{Lab, Peer, Via, within};

/// How a peer fared that came with something to show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was greeted.
    In,
    /// It was closed with that code and reason, and heard nothing else.
    Out(CloseCode, String),
}

impl Came {
    /// Turned away with 1008.
    pub(crate) fn refused(why: &str) -> Self {
        Self::Out(CloseCode::POLICY, format!("not authorised: {why}"))
    }
}

/// Somebody comes with a token.
pub(crate) async fn comes(lab: &Lab, via: Via, role: Role, token: Option<&str>) -> Peer {
    comes_to(lab, &lab.url(via, role), role, token).await
}

pub(crate) async fn comes_to(lab: &Lab, url: &str, role: Role, token: Option<&str>) -> Peer {
    let options = Options { token: token.map(str::to_owned), ..lab.options() };
    Peer::connect(&Client::new(options).expect("the options are good"), url, role).await
}

/// How it fares.
pub(crate) async fn fares(peer: &mut Peer) -> Came {
    use pixelgate::client::Event;
    use pixelgate::transport::Ended;
    match within("the gateway's word", peer.connection.recv()).await {
        Event::Message(text) => {
            assert!(text.starts_with(br#"{"type":"config""#), "{text:?}");
            Came::In
        }
        Event::Ended(Ended::ByPeer(Close { code, reason })) => Came::Out(code, reason.into_owned()),
        Event::Ended(ended) => panic!("neither greeted nor told why not: {ended}"),
    }
}

/// How many were turned away so far for that reason.
pub(crate) fn refused(lab: &Lab, reason: &str) -> u64 {
    let text = lab.gateway().router().metrics().render(None);
    let name = format!("pixelgate_connections_refused_total{{reason=\"{reason}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
}

/// A pair of keys for ES256, and its id in a key set.
pub(crate) struct Pair {
    pub(crate) private: String,
    pub(crate) public: String,
    pub(crate) kid: &'static str,
}

impl Pair {
    pub(crate) fn new(kid: &'static str) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        Self { private: pair.serialize_pem(), public: pair.public_key_pem(), kid }
    }

    /// As it stands in a key set.
    pub(crate) fn jwk(&self) -> Value {
        let key = PublicKey::from_pem(&self.public).expect("a key");
        let mut jwk = Jwk::from_decoding_key(key.key(), Some(key.algorithm())).expect("a key");
        jwk.common.key_id = Some(self.kid.to_owned());
        serde_json::to_value(jwk).expect("JSON")
    }

    pub(crate) fn signs(&self, claims: &NewClaims) -> String {
        let signer = Signer::private_key(&self.private).expect("a key").with_kid(Some(self.kid.to_owned()));
        issue(claims, &signer).expect("a token")
    }
}

/// Claims of one role and its streamers, good for a minute.
pub(crate) fn claims(role: Role, streamers: &[&str]) -> NewClaims {
    NewClaims {
        iss: Some(ISSUER.to_owned()),
        role: vec![role.name().to_owned()],
        streamers: Some(streamers.iter().map(|id| (*id).to_owned()).collect()),
        iat: now(),
        exp: now() + 60,
        ..NewClaims::default()
    }
}

pub(crate) const ISSUER: &str = "https://id.example";

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A gateway that takes the tokens of one issuer, in every role.
pub(crate) fn lab_of(keys: Keys) -> Lab {
    lab_with(keys, |_| {})
}

/// The same, with something else besides.
pub(crate) fn lab_with(keys: Keys, change: impl FnOnce(&mut Config)) -> Lab {
    Lab::with(|config| {
        let name = Some(ISSUER.to_owned());
        config.auth.issuers = vec![Issuer { name, audience: None, roles: Roles::ALL, keys }];
        config.auth.leeway = Duration::ZERO;
        change(config);
    })
}

/// An HTTP server of the test's own.
pub(crate) struct Served {
    pub(crate) addr: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    pub(crate) async fn new(pages: axum::Router) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move { axum::serve(listener, pages).await.expect("it serves") });
        Self { addr, task }
    }

    pub(crate) fn url(&self) -> http::Uri {
        format!("http://{}/path", self.addr).parse().expect("a URL")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}
