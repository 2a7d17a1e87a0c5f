//! Why a connection was not opened, whose fault it is, and what to do.

use std::io;
use std::time::Duration;

use crate::transport::Ended;

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller: a URL, a token, a certificate to trust.
    Caller,
    /// The gateway, or what answers in its place.
    Gateway,
    /// What lies between, or nothing is there.
    Network,
}

/// Why a connection was not opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL says nothing that can be dialled.
    #[error("{url} cannot be dialled: {why}. Write ws://, wss://, https:// (WebTransport) or quic://host:port/player")]
    Url {
        /// The URL as given, without its query.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The client's own settings cannot be used.
    #[error("the client cannot be set up: {0}")]
    Setup(String),
    /// The name has no address.
    #[error("{host} has no address: {why}. Check the name")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// Nothing listens there.
    #[error("{at} refused the connection. Is the gateway running, and is this its port?")]
    Refused {
        /// Host and port.
        at: String,
    },
    /// The network failed on the way.
    #[error("no connection to {at}: {source}")]
    Network {
        /// Host and port.
        at: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing came back in time.
    #[error("no answer from {at} within {after:?}. Is the gateway running, and are its TCP and UDP ports let through?")]
    Timeout {
        /// Host and port.
        at: String,
        /// The time given.
        after: Duration,
    },
    /// The gateway's certificate is not believed.
    #[error("the certificate of {at} is not trusted: {why}. {advice}")]
    Certificate {
        /// Host and port.
        at: String,
        /// What is wrong with it.
        why: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// The two ends could not agree on TLS.
    #[error("the TLS handshake with {at} failed: {why}. Is this the right port, and does it speak this protocol?")]
    Tls {
        /// Host and port.
        at: String,
        /// What TLS said.
        why: String,
    },
    /// The gateway answered the upgrade with something else.
    #[error("{at} answered with HTTP status {status}: {}", advice_for(*.status))]
    Status {
        /// Host and port.
        at: String,
        /// The status.
        status: u16,
    },
    /// A WebTransport session was rejected. The protocol's libraries do not say with which status.
    #[error("{at} rejected the WebTransport session. Check path, token and origin; ws:// tells the status")]
    Rejected {
        /// Host and port.
        at: String,
    },
    /// What answers speaks something else.
    #[error("{at} does not speak the protocol: {why}")]
    Protocol {
        /// Host and port.
        at: String,
        /// What was not understood.
        why: String,
    },
    /// The connection ended while it was being set up.
    #[error("the connection to {at} ended while it was being set up: {ended}")]
    Ended {
        /// Host and port.
        at: String,
        /// How.
        ended: Ended,
    },
}

impl ConnectError {
    /// A URL that cannot be dialled; its query, which may hold a token, is left out.
    pub(super) fn url(url: &str, why: impl Into<String>) -> Self {
        Self::Url { url: url.split('?').next().unwrap_or_default().to_owned(), why: why.into() }
    }

    /// Who can mend it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Url { .. } | Self::Setup(_) | Self::Certificate { .. } | Self::Rejected { .. } => Fault::Caller,
            Self::Status { status: 400..500, .. } => Fault::Caller,
            Self::Status { .. } | Self::Tls { .. } | Self::Protocol { .. } | Self::Ended { .. } => Fault::Gateway,
            Self::Resolve { .. } | Self::Refused { .. } | Self::Network { .. } | Self::Timeout { .. } => Fault::Network,
        }
    }
}

fn advice_for(status: u16) -> &'static str {
    match status {
        401 => "give a token",
        403 => "this token, origin or role is not allowed here",
        404 => "there is no session at this path; use /player, /streamer or /sfu",
        429 | 503 => "the gateway is full or draining, try again later",
        200 | 426 => "this is a web page's address, not a session's",
        _ => "this is not the gateway, or a proxy before it does not let WebSocket through",
    }
}
