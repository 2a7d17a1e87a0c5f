//! The message types of protocol.md §3.

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a message is, by the value of its last top-level `type` key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
            /// A string that the protocol does not know.
            Unknown,
            /// No `type`, or one that is not a string.
            Missing,
        }

        impl Kind {
            /// Every type that the protocol names.
            pub const NAMED: &[Kind] = &[$(Kind::$variant,)*];

            /// The name on the wire; `unknown` and `missing` for the two that have none.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Kind::$variant => $name,)*
                    Kind::Unknown => "unknown",
                    Kind::Missing => "missing",
                }
            }

            /// The type of that name.
            pub fn from_name(name: &[u8]) -> Self {
                match name {
                    $(_ if name == $name.as_bytes() => Kind::$variant,)*
                    _ => Kind::Unknown,
                }
            }
        }
    };
}

kinds! {
    /// The gateway's greeting with the peer connection options.
    Config = "config",
    /// The gateway asks a streamer or SFU for its id.
    Identify = "identify",
    /// A streamer or SFU asks for an id.
    EndpointId = "endpointId",
    /// The id actually given.
    EndpointIdConfirm = "endpointIdConfirm",
    /// A streamer has a new id.
    StreamerIdChanged = "streamerIdChanged",
    /// Who is streaming?
    ListStreamers = "listStreamers",
    /// The answer to `listStreamers`.
    StreamerList = "streamerList",
    /// A player or SFU chooses a streamer.
    Subscribe = "subscribe",
    /// A player or SFU leaves its streamer.
    Unsubscribe = "unsubscribe",
    /// A `subscribe` that could not be carried out.
    SubscribeFailed = "subscribeFailed",
    /// A streamer or SFU is told of a subscriber.
    PlayerConnected = "playerConnected",
    /// A streamer or SFU is told that a subscriber left.
    PlayerDisconnected = "playerDisconnected",
    /// An SDP offer.
    Offer = "offer",
    /// An SDP answer.
    Answer = "answer",
    /// An ICE candidate.
    IceCandidate = "iceCandidate",
    /// A streamer or SFU ends one of its players.
    DisconnectPlayer = "disconnectPlayer",
    /// A sign of life that wants an answer.
    Ping = "ping",
    /// The answer to a ping.
    Pong = "pong",
    /// Which simulcast layer a player wants.
    LayerPreference = "layerPreference",
    /// A player asks an SFU for data channels.
    DataChannelRequest = "dataChannelRequest",
    /// A player has opened its data channels.
    PeerDataChannelsReady = "peerDataChannelsReady",
    /// An SFU tells a player its channel ids.
    PeerDataChannels = "peerDataChannels",
    /// An SFU tells its streamer a player's channel ids.
    StreamerDataChannels = "streamerDataChannels",
    /// An SFU has its streamer's media.
    StartStreaming = "startStreaming",
    /// An SFU has lost its streamer's media.
    StopStreaming = "stopStreaming",
    /// The streamer is gone.
    StreamerDisconnected = "streamerDisconnected",
    /// How many players there are.
    PlayerCount = "playerCount",
    /// Statistics, for the log.
    Stats = "stats",
    /// The first frame of a raw QUIC session (protocol.md §2).
    Hello = "hello",
    /// The last message of a QUIC session, with the close code (protocol.md §2).
    Disconnect = "disconnect",
}
