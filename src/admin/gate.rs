//! Who may use the operators' listener; its health is for everybody. And who may ask about sessions where players come
//! in: everybody, unless players need a token. Then who is there is no stranger's business either, and only the operators'
//! token opens it.
//!
//! A page may have its own name lead to this machine (DNS rebinding), and then asks with the browser of somebody who
//! reaches this listener: the `Host` must be an address, `localhost`, or a name that the operator has given. Other
//! machines need the operator's token; where there is one, this machine needs it too, because a reverse proxy on it
//! speaks for others.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::config::{AdminAccess, Config, Host};
use crate::limits::Source;
use crate::metrics::Metrics;
use crate::wire::Role;

/// The operator's rules, which may change while the gateway runs. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    rules: Arc<ArcSwap<Rules>>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct Rules {
    access: AdminAccess,
    /// Players need a token, somewhere at least.
    private: bool,
}

impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        Self { access: config.admin_access.clone(), private: config.auth.has_rule(Role::Player) }
    }
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// A name that the operator has not given.
    Host,
    /// From another machine, where there is no token.
    Elsewhere,
    /// Without the token.
    Token,
    /// On a players' listener, where players need a token and there is none of the operators'.
    Private,
}

impl Gate {
    pub(crate) fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        Self { rules: Arc::new(ArcSwap::from_pointee(config.into())), metrics }
    }

    /// Other rules from now on.
    pub(crate) fn change(&self, config: &Config) {
        self.rules.store(Arc::new(config.into()));
    }

    fn check(&self, source: Option<Source>, headers: &HeaderMap) -> Result<(), Refusal> {
        let access = &self.rules.load().access;
        let known = |host: &[u8]| std::str::from_utf8(host).ok().is_some_and(|host| is_known(host, &access.hosts));
        if !headers.get_all(HOST).iter().all(|host| known(host.as_bytes())) {
            return Err(Refusal::Host);
        }
        match &access.token {
            Some(token) if bears(headers, token.as_str()) => Ok(()),
            Some(_) => Err(Refusal::Token),
            None if source.is_some_and(Source::is_here) => Ok(()),
            None => Err(Refusal::Elsewhere),
        }
    }

    fn check_among_players(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let rules = self.rules.load();
        match &rules.access.token {
            _ if !rules.private => Ok(()),
            Some(token) if bears(headers, token.as_str()) => Ok(()),
            Some(_) => Err(Refusal::Token),
            None => Err(Refusal::Private),
        }
    }

    async fn pass(&self, checked: Result<(), Refusal>, request: Request, next: Next) -> Response {
        match checked {
            Ok(()) => next.run(request).await,
            Err(refusal) => {
                self.metrics.refused(refusal.reason());
                refusal.into_response()
            }
        }
    }
}

/// What stands before everything but health.
pub(super) async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    gate.pass(gate.check(request.extensions().get().copied(), request.headers()), request, next).await
}

/// What stands before the REST API on players' listeners.
pub(crate) async fn guard_among_players(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    gate.pass(gate.check_among_players(request.headers()), request, next).await
}

/// Names lead where their owners say; addresses and `localhost` do not.
fn is_known(host: &str, named: &[Host]) -> bool {
    match Host::with_port(host) {
        Some((Host::Local | Host::Address(_), _)) => true,
        Some((name, _)) => named.contains(&name),
        None => false,
    }
}

/// Compared in a time that says nothing about where they differ.
fn bears(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).and_then(|value| {
        let (scheme, given) = value.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then_some(given)
    });
    given.is_some_and(|given| verify_slices_are_equal(given.trim_ascii(), token.as_bytes()).is_ok())
}

impl Refusal {
    const fn reason(self) -> &'static str {
        match self {
            Self::Host => "admin_host",
            Self::Elsewhere | Self::Token | Self::Private => "admin_token",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Host => {
                let text = "Operators reach this listener by an address, localhost, or a name in admin-hosts.\n";
                (StatusCode::MISDIRECTED_REQUEST, text).into_response()
            }
            Self::Elsewhere => {
                (StatusCode::FORBIDDEN, "Other machines need a token here: set admin-token.\n").into_response()
            }
            Self::Token => {
                let text = "The operators' token is needed: Authorization: Bearer ….\n";
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], text).into_response()
            }
            Self::Private => (StatusCode::FORBIDDEN, "Players need a token here, and so does this: set admin-token.\n")
                .into_response(),
        }
    }
}
