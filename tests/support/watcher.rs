//! A player, or an SFU, that receives media: str0m on one loopback socket, and the signalling of a [`Peer`].

#![allow(unreachable_pub, dead_code, reason = "part of a test's own crate, which need not use all of it")]

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use pixelgate::client::Event as Signal;
use pixelgate::demo::datachannel::{FromStreamer, ToStreamer};
use pixelgate::wire::Role;
use serde_json::{Value, json};
use str0m::change::SdpOffer;
use str0m::channel::ChannelId;
use str0m::format::Codec;
use str0m::media::{KeyframeRequestKind, MediaData, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::net::UdpSocket;

use super::support::{Lab, Peer, Via, within};

/// What came over the network so far.
#[derive(Debug, Default)]
pub struct Seen {
    pub video: usize,
    pub keyframes: usize,
    pub audio: usize,
    /// From the subscription to the first keyframe.
    pub first_keyframe: Option<Duration>,
    /// What each frame's bytes hash to.
    pub frames: Vec<u64>,
    /// Frames of each layer of simulcast.
    pub layers: HashMap<String, usize>,
    pub messages: Vec<FromStreamer>,
    /// The last picture: width, height and luma.
    pub picture: Option<(usize, usize, Vec<u8>)>,
}

impl Seen {
    /// The brightness at a place, each coordinate a part of 65536.
    pub fn luma(&self, x: u16, y: u16) -> Option<u8> {
        let (width, height, luma) = self.picture.as_ref()?;
        let (x, y) = (usize::from(x) * width / 65536, usize::from(y) * height / 65536);
        Some(luma[y * width + x])
    }
}

pub struct Watcher {
    pub signalling: Peer,
    pub seen: Seen,
    rtc: Rtc,
    socket: UdpSocket,
    addr: SocketAddr,
    begun: Instant,
    video: Option<Mid>,
    channel: Option<ChannelId>,
    decoder: Option<Decoder>,
    deadline: Instant,
}

impl Watcher {
    /// Subscribes to the streamer and answers its offer.
    pub async fn join(lab: &Lab, streamer: &str) -> Self {
        let mut player = lab.player(Via::Ws).await;
        let begun = Instant::now();
        player.says(json!({"type": "subscribe", "streamerId": streamer})).await;
        let offer = player.hears("offer").await;
        Self::answering(player, offer, begun).await
    }

    /// Connects as an SFU, which the gateway subscribes by itself, and answers the streamer's offer.
    pub async fn join_as_sfu(lab: &Lab) -> Self {
        let mut sfu = lab.connect(Via::Ws, Role::Sfu).await;
        let begun = Instant::now();
        let offer = loop {
            let message = sfu.hears_any().await;
            if message["type"] == "offer" {
                break message;
            }
        };
        Self::answering(sfu, offer, begun).await
    }

    async fn answering(mut signalling: Peer, offer: Value, begun: Instant) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let addr = socket.local_addr().expect("bound");
        let mut rtc = Rtc::builder().build(Instant::now());
        rtc.add_local_candidate(Candidate::host(addr, "udp").expect("a candidate"));
        let sdp = SdpOffer::from_sdp_string(offer["sdp"].as_str().expect("an SDP")).expect("an offer");
        let answer = rtc.sdp_api().accept_offer(sdp).expect("it can be answered").to_sdp_string();
        let mut says = json!({"type": "answer", "sdp": answer});
        if let Some(streamer) = offer.get("playerId") {
            says["playerId"] = streamer.clone();
        }
        signalling.says(says).await;
        let deadline = Instant::now();
        let decoder = Some(Decoder::new().expect("a decoder"));
        let seen = Seen::default();
        Self { signalling, seen, rtc, socket, addr, begun, video: None, channel: None, decoder, deadline }
    }

    /// Does not look at the pictures: to be cheap.
    pub fn blind(mut self) -> Self {
        self.decoder = None;
        self
    }

    /// Receives until that holds.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let receiving = async {
            self.drain().await;
            while !holds(&self.seen) {
                self.step().await;
            }
        };
        within(what, receiving).await;
    }

    /// Receives for a while.
    pub async fn watch(&mut self, time: Duration) {
        let receiving = async {
            loop {
                self.step().await;
            }
        };
        let _ = tokio::time::timeout(time, receiving).await;
    }

    /// Says something on the data channel, which must be open.
    pub async fn says(&mut self, message: &ToStreamer) {
        let id = self.channel.expect("the channel is open");
        let written = self.rtc.channel(id).expect("a channel").write(true, &message.encode());
        assert!(written.expect("the session lives"), "the channel has room");
        self.drain().await;
    }

    pub async fn asks_for_keyframe(&mut self) {
        let mut writer = self.rtc.writer(self.video.expect("there is video")).expect("media");
        writer.request_keyframe(None, KeyframeRequestKind::Pli).expect("it can be asked for");
        self.drain().await;
    }

    async fn step(&mut self) {
        let mut buffer = [0; 2048];
        tokio::select! {
            received = self.socket.recv_from(&mut buffer) => {
                let (length, source) = received.expect("a packet");
                let receive = Receive::new(Protocol::Udp, source, self.addr, &buffer[..length]).expect("known packets");
                self.rtc.handle_input(Input::Receive(Instant::now(), receive)).expect("the session lives");
            }
            () = tokio::time::sleep_until(self.deadline.into()) => {
                self.rtc.handle_input(Input::Timeout(Instant::now())).expect("the session lives");
            }
            event = self.signalling.connection.recv() => match event {
                Signal::Message(text) => self.signalled(&serde_json::from_slice(&text).expect("JSON")),
                Signal::Ended(ended) => panic!("the player was not to end: {ended}"),
            },
        }
        self.drain().await;
    }

    fn signalled(&mut self, message: &Value) {
        let candidate = message["candidate"]["candidate"].as_str();
        if let Some(candidate) = candidate.and_then(|candidate| Candidate::from_sdp_string(candidate).ok()) {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    async fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().expect("the session lives") {
                Output::Timeout(at) => {
                    self.deadline = at;
                    return;
                }
                // An address that cannot be reached from loopback is no failure.
                Output::Transmit(transmit) => {
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination).await;
                }
                Output::Event(event) => self.note(event),
            }
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::MediaData(data) if data.params.spec().codec == Codec::H264 => self.video(&data),
            Event::MediaData(_) => self.seen.audio += 1,
            Event::ChannelOpen(id, label) => {
                assert_eq!(label, "cirrus");
                self.channel = Some(id);
            }
            Event::ChannelData(data) => {
                self.seen.messages.push(FromStreamer::parse(&data.data).expect("the streamer knows what it says"));
            }
            _ => {}
        }
    }

    fn video(&mut self, data: &MediaData) {
        self.video = Some(data.mid);
        self.seen.video += 1;
        let mut hasher = DefaultHasher::new();
        data.data.hash(&mut hasher);
        self.seen.frames.push(hasher.finish());
        if let Some(rid) = data.rid {
            *self.seen.layers.entry(rid.to_string()).or_default() += 1;
        }
        if data.is_keyframe() {
            self.seen.keyframes += 1;
            self.seen.first_keyframe.get_or_insert(self.begun.elapsed());
        }
        let decoder = self.decoder.as_mut().filter(|_| data.rid.is_none());
        let picture = decoder.and_then(|decoder| decoder.decode(&data.data).expect("what is sent decodes"));
        if let Some(picture) = picture {
            let ((width, height), (stride, ..)) = (picture.dimensions(), picture.strides());
            let luma = picture.y().chunks(stride).take(height).flat_map(|row| &row[..width]).copied().collect();
            self.seen.picture = Some((width, height, luma));
        }
    }
}
