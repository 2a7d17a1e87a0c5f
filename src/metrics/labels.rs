//! The labels. Each has few values, all of the gateway's own making.

use prometheus_client::encoding::EncodeLabelSet;

/// The way from a connection to a session, as far as it is one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// TLS on TCP.
    Tls,
    /// The WebSocket's upgrade, from the request on.
    WebSocket,
    /// QUIC, HTTP/3 and the session's stream.
    WebTransport,
    /// QUIC and `hello`.
    Quic,
}

impl Handshake {
    pub(super) const ALL: [Self; 4] = [Self::Tls, Self::WebSocket, Self::WebTransport, Self::Quic];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::WebSocket => "websocket",
            Self::WebTransport => "webtransport",
            Self::Quic => "quic",
        }
    }
}

/// What bounds a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Messages a second.
    MessageRate,
    /// Their bytes a second.
    ByteRate,
    /// Subscriptions, unsubscriptions and names a second.
    SubscriptionRate,
    /// Time without a subscription.
    Unsubscribed,
    /// Time without a message.
    Idle,
    /// Time at all.
    MaxSession,
    /// The memory of all sessions together.
    Memory,
}

impl Limit {
    pub(super) const ALL: [Self; 7] = [
        Self::MessageRate,
        Self::ByteRate,
        Self::SubscriptionRate,
        Self::Unsubscribed,
        Self::Idle,
        Self::MaxSession,
        Self::Memory,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::MessageRate => "message_rate",
            Self::ByteRate => "byte_rate",
            Self::SubscriptionRate => "subscription_rate",
            Self::Unsubscribed => "unsubscribed",
            Self::Idle => "idle",
            Self::MaxSession => "max_session",
            Self::Memory => "memory",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Bound {
    pub(super) limit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Reason {
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Type {
    pub(super) r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Who {
    pub(super) role: &'static str,
    pub(super) transport: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Code {
    pub(super) code: u16,
    pub(super) by: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
    pub(super) os: &'static str,
    pub(super) arch: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Layer {
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Outcome {
    pub(super) role: &'static str,
    pub(super) outcome: &'static str,
}
