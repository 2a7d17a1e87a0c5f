//! What the tests say: a gateway on free ports, and peers that connect, say, hear and leave.
//!
//! Every wait has a bound and says what it waited for; nothing sleeps to let something else happen.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]

#[cfg(unix)]
pub mod binary;
pub mod duplex;
pub mod process;
pub mod raw;
#[cfg(unix)]
pub mod reference;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use pixelgate::client::{Client, Connection, Event, Options, Trust, UdpRelay};
use pixelgate::config::Config;
use pixelgate::gateway::Gateway;
use pixelgate::hub::{Dialect, PlayerView, StreamerView};
use pixelgate::session::SessionReport;
use pixelgate::transport::Ended;
use pixelgate::wire::{Close, CloseCode, DropReason, Role};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::time::timeout;

/// The longest that anything here may take; what takes longer has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A transport, as the tests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Ws,
    Wss,
    WebTransport,
    Quic,
}

impl Via {
    pub const ALL: [Self; 4] = [Self::Ws, Self::Wss, Self::WebTransport, Self::Quic];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Wss => "wss",
            Self::WebTransport => "webtransport",
            Self::Quic => "quic",
        }
    }

    pub const fn is_quic(self) -> bool {
        matches!(self, Self::WebTransport | Self::Quic)
    }
}

/// A gateway that runs in this process.
pub struct Lab {
    gateway: Gateway,
    reports: broadcast::Receiver<SessionReport>,
}

impl Lab {
    pub fn open() -> Self {
        Self::with(|_| {})
    }

    /// Every listener speaks that dialect.
    pub fn speaking(dialect: &'static Dialect) -> Self {
        Self::with(|config| {
            config.listeners.iter_mut().for_each(|listener| listener.dialect = dialect);
        })
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::for_tests();
        change(&mut config);
        let gateway = Gateway::start(&config).expect("the gateway starts");
        let reports = gateway.reports();
        Self { gateway, reports }
    }

    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub fn into_gateway(self) -> Gateway {
        self.gateway
    }

    pub fn url(&self, via: Via, role: Role) -> String {
        let bound = self.gateway.bound();
        let (scheme, addr) = match via {
            Via::Ws => ("ws", bound.http),
            Via::Wss => ("wss", bound.https),
            Via::WebTransport => ("https", bound.quic),
            Via::Quic => ("quic", bound.quic),
        };
        format!("{scheme}://{}/{role}", addr.expect("the listener is on"))
    }

    pub fn options(&self) -> Options {
        let hashes = self.gateway.certificates().map(|certificates| certificates.published_hashes());
        let hashes = hashes.unwrap_or_default().into_iter().map(Into::into).collect();
        Options { trust: Trust::Hashes(hashes), ..Options::default() }
    }

    pub async fn connect(&self, via: Via, role: Role) -> Peer {
        self.connect_to(&self.url(via, role), role).await
    }

    pub async fn connect_to(&self, url: &str, role: Role) -> Peer {
        let client = Client::new(self.options()).expect("the options are good");
        Peer::connect(&client, url, role).await
    }

    /// A peer whose network is a relay that can be silenced or moved. QUIC transports only.
    pub async fn connect_through_relay(&self, via: Via, role: Role, options: Options) -> (Peer, UdpRelay) {
        let gateway = self.gateway.bound().quic.expect("the listener is on");
        let relay = UdpRelay::new(gateway).await.expect("a free port");
        let url = self.url(via, role).replace(&gateway.to_string(), &relay.address().to_string());
        let client = Client::new(options).expect("the options are good");
        (Peer::connect(&client, &url, role).await, relay)
    }

    /// A streamer that has said its id and has it confirmed.
    pub async fn streamer(&self, via: Via, id: &str) -> Peer {
        let mut streamer = self.connect(via, Role::Streamer).await;
        streamer.identifies(id).await;
        streamer
    }

    /// A player that has been greeted.
    pub async fn player(&self, via: Via) -> Peer {
        let mut player = self.connect(via, Role::Player).await;
        player.hears("config").await;
        player.hears("playerCount").await;
        player
    }

    /// A player that watches; returns its id as the streamer was told.
    pub async fn watching(&self, via: Via, streamer: &mut Peer, id: &str) -> (Peer, String) {
        let mut player = self.player(via).await;
        let player_id = player.watches(streamer, id).await;
        (player, player_id)
    }

    /// What a page is told at `/transports.json`.
    pub async fn transports(&self) -> Value {
        let http = self.gateway.bound().http.expect("the listener is on");
        serde_json::from_str(&get(http, "/transports.json").await).expect("JSON")
    }

    /// The next report of a session that has ended.
    pub async fn report(&mut self) -> SessionReport {
        within("the report of a session's end", self.reports.recv()).await.expect("the gateway lives")
    }

    /// No further report has come.
    pub fn no_more_reports(&mut self) {
        if let Ok(report) = self.reports.try_recv() {
            panic!("a report too many: {report:?}");
        }
    }

    pub fn streamers(&self) -> Vec<StreamerView> {
        self.gateway.router().streamers()
    }

    pub fn players(&self) -> Vec<PlayerView> {
        self.gateway.router().players()
    }

    /// How many messages went nowhere so far, by reason; reasons without any are left out.
    pub fn drops(&self) -> BTreeMap<DropReason, u64> {
        let metrics = self.gateway.router().metrics();
        let all = DropReason::ALL.into_iter().map(|reason| (reason, metrics.drops(reason)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// Waits until something about the gateway holds that no peer is told of.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let looking = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within(what, looking).await;
    }
}

/// A peer of the gateway.
pub struct Peer {
    name: String,
    pub connection: Connection,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Peer {
    pub fn new(name: impl Into<String>, connection: Connection) -> Self {
        Self { name: name.into(), connection }
    }

    /// Connects with a client of the test's own making.
    pub async fn connect(client: &Client, url: &str, role: Role) -> Self {
        let connecting = client.connect(url);
        let connection = within(&format!("a connection to {url}"), connecting).await.expect("the peer is let in");
        Self::new(format!("{role} at {url}"), connection)
    }

    /// Gives itself an id as a streamer and gets that very id.
    pub async fn identifies(&mut self, id: &str) {
        self.hears("config").await;
        self.hears("identify").await;
        self.says(json!({"type": "endpointId", "id": id})).await;
        self.hears_exactly(json!({"type": "endpointIdConfirm", "committedId": id})).await;
    }

    /// Subscribes; returns its player id as the streamer was told.
    pub async fn watches(&mut self, streamer: &mut Self, id: &str) -> String {
        self.says(json!({"type": "subscribe", "streamerId": id})).await;
        let connected = streamer.hears("playerConnected").await;
        connected["playerId"].as_str().expect("a string").to_owned()
    }

    pub async fn says(&mut self, message: Value) {
        self.says_text(message.to_string()).await;
    }

    pub async fn says_text(&mut self, text: impl Into<bytes::Bytes>) {
        within("a message to be sent", self.connection.send(text)).await.expect("the session lives");
    }

    /// The next message, whatever it is.
    pub async fn hears_any(&mut self) -> Value {
        match within(&format!("a message for the {}", self.name), self.connection.recv()).await {
            Event::Message(text) => serde_json::from_slice(&text).expect("the gateway writes JSON"),
            Event::Ended(ended) => panic!("the {} was not to end: {ended}", self.name),
        }
    }

    /// The next message as it is written; changes of the player count are passed over.
    pub async fn hears_text(&mut self) -> String {
        loop {
            match within(&format!("a text for the {}", self.name), self.connection.recv()).await {
                Event::Message(text) if text.starts_with(br#"{"type":"playerCount""#) => {}
                Event::Message(text) => return String::from_utf8(text.to_vec()).expect("the gateway writes UTF-8"),
                Event::Ended(ended) => panic!("the {} was not to end: {ended}", self.name),
            }
        }
    }

    /// The next message, which must be of that type; changes of the player count are passed over.
    pub async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let message = self.hears_any().await;
            if message["type"] == kind {
                return message;
            }
            assert_eq!(message["type"], "playerCount", "the {} waits for {kind} and hears {message}", self.name);
        }
    }

    /// The next message, word for word.
    pub async fn hears_exactly(&mut self, expected: Value) {
        let kind = expected["type"].as_str().expect("a type").to_owned();
        assert_eq!(self.hears(&kind).await, expected);
    }

    /// Everything until the close, which must have this code.
    pub async fn is_closed(&mut self, code: CloseCode) -> (Close, Vec<Value>) {
        let mut heard = Vec::new();
        loop {
            match within(&format!("the {} to be closed with {code}", self.name), self.connection.recv()).await {
                Event::Message(text) => heard.push(serde_json::from_slice(&text).expect("the gateway writes JSON")),
                Event::Ended(Ended::ByPeer(close)) => {
                    assert_eq!(close.code, code, "{close}");
                    return (close, heard);
                }
                Event::Ended(ended) => panic!("the {} was not closed: {ended}", self.name),
            }
        }
    }

    /// A round trip: whatever was sent before has been dealt with when it is over. Returns what was heard meanwhile.
    pub async fn settles(&mut self) -> Vec<Value> {
        self.says(json!({"type": "ping", "time": 77})).await;
        let mut heard = Vec::new();
        loop {
            let message = self.hears_any().await;
            if message["type"] == "pong" {
                return heard;
            }
            if message["type"] != "playerCount" {
                heard.push(message);
            }
        }
    }

    pub async fn leaves(self) {
        self.connection.close(CloseCode::NORMAL, "").await;
    }
}

/// Waits, but not for ever.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {} s for {what}", PATIENCE.as_secs()),
    }
}

/// The body of a page that is there.
pub async fn get(addr: SocketAddr, path: &str) -> String {
    let (head, body) = ask(addr, path).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    body
}

/// Head and body of an answer.
pub async fn ask(addr: SocketAddr, path: &str) -> (String, String) {
    ask_with(addr, path, &format!("Host: {addr}\r\n")).await
}

/// The same with headers of the test's own, `Host` among them.
pub async fn ask_with(addr: SocketAddr, path: &str, headers: &str) -> (String, String) {
    let asking = async {
        let mut tcp = TcpStream::connect(addr).await?;
        tcp.write_all(format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.map(|_| answer)
    };
    let answer = within(path, asking).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_owned(), body.to_owned())
}

/// An address that the gateway bound.
pub fn port(addr: Option<SocketAddr>) -> u16 {
    addr.expect("the listener is on").port()
}
