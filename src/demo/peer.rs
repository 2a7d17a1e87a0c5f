//! One player's WebRTC session, without sockets: packets and times in, packets and events out.
//!
//! Invariant: after every change the session is drained before the next one, and nothing that comes out is dropped.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::ChannelId;
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequest, MediaKind, Mid, Pt, Rid, Rids, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcError};
use tracing::debug;

use super::frame::{Frame, Source};

#[cfg(test)]
mod tests;

/// What the player sees as the name of the stream; without one the stock player drops the tracks.
const STREAM: &str = "pixelgate";

/// The label that Unreal Engine gives the channel.
const CHANNEL: &str = "cirrus";

/// The layers of simulcast, the highest first.
const RIDS: [&str; 3] = ["h", "m", "l"];

/// Candidates that are taken from a player; one more is not tried.
const MAX_CANDIDATES: usize = 64;

/// H.264 Constrained Baseline 3.1 first, which every browser has; then Baseline. Packetization mode 1: a keyframe does
/// not fit one packet. Payload type, that of retransmissions, profile and level.
const H264: [(u8, u8, u32); 2] = [(108, 109, 0x42e01f), (127, 121, 0x42001f)];

/// What a session says cannot be used. The fault is the player's, or of what stands between.
#[derive(Debug, thiserror::Error)]
pub(super) enum PeerError {
    /// The offer or the answer cannot be read.
    #[error("the session description cannot be read: {0}")]
    Sdp(String),
    /// The session failed.
    #[error("{0}")]
    Session(#[from] RtcError),
    /// It came without being asked for.
    #[error("an answer without an offer")]
    NoOffer,
}

/// What happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// Media can be sent.
    Connected,
    /// The network is gone; it may come back.
    Lost,
    /// It came back.
    Found,
    /// The player wants a keyframe of this layer.
    Keyframe(usize),
    /// The data channel can be used.
    ChannelOpen,
    /// A message on the data channel.
    Said(Vec<u8>),
    /// The player closed the session.
    Closed,
}

/// One player's session.
#[derive(Debug)]
pub(super) struct Peer {
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    video: Option<Mid>,
    audio: Option<Mid>,
    channel: Option<ChannelId>,
    /// Whether SFUs were offered layers.
    simulcast: bool,
    /// Per layer: nothing but a keyframe is of use now.
    wants_keyframe: [bool; RIDS.len()],
    candidates: usize,
    transmits: VecDeque<Transmit>,
    happenings: VecDeque<Happening>,
    deadline: Instant,
}

impl Peer {
    fn new(local: impl Iterator<Item = SocketAddr>, now: Instant) -> Result<Self, PeerError> {
        let mut config = Rtc::builder().clear_codecs().enable_opus(true, false);
        for (pt, resend, profile) in H264 {
            config.codec_config().add_h264(pt.into(), Some(resend.into()), true, profile);
        }
        let mut rtc = config.build(now);
        for addr in local {
            let candidate = Candidate::host(addr, "udp").map_err(|error| PeerError::Sdp(error.to_string()))?;
            rtc.add_local_candidate(candidate);
        }
        Ok(Self {
            rtc,
            pending: None,
            video: None,
            audio: None,
            channel: None,
            simulcast: false,
            wants_keyframe: [true; RIDS.len()],
            candidates: 0,
            transmits: VecDeque::new(),
            happenings: VecDeque::new(),
            deadline: now,
        })
    }

    /// A session that this side offers, and its offer. `layers`: more than one offers simulcast.
    ///
    /// # Errors
    /// An address that no candidate can have.
    pub(super) fn offering(
        local: impl Iterator<Item = SocketAddr>,
        layers: usize,
        now: Instant,
    ) -> Result<(Self, String), PeerError> {
        let mut peer = Self::new(local, now)?;
        peer.simulcast = layers > 1;
        let simulcast = peer.simulcast.then(|| {
            let send = RIDS.iter().take(layers).map(|rid| SimulcastLayer::new(rid)).collect();
            Simulcast { send, recv: Vec::new() }
        });
        let mut change = peer.rtc.sdp_api();
        let mut add = |kind, track: &str, simulcast| {
            change.add_media(kind, Direction::SendOnly, Some(STREAM.into()), Some(track.into()), simulcast)
        };
        peer.video = Some(add(MediaKind::Video, "video", simulcast));
        peer.audio = Some(add(MediaKind::Audio, "audio", None));
        change.add_channel(CHANNEL.into());
        let (offer, pending) = change.apply().ok_or(PeerError::NoOffer)?;
        peer.pending = Some(pending);
        peer.drain(now)?;
        Ok((peer, offer.to_sdp_string()))
    }

    /// A session that the player offered, and the answer.
    ///
    /// # Errors
    /// The offer cannot be used.
    pub(super) fn answering(
        local: impl Iterator<Item = SocketAddr>,
        offer: &str,
        now: Instant,
    ) -> Result<(Self, String), PeerError> {
        let mut peer = Self::new(local, now)?;
        let offer = SdpOffer::from_sdp_string(offer).map_err(|error| PeerError::Sdp(error.to_string()))?;
        let answer = peer.rtc.sdp_api().accept_offer(offer)?.to_sdp_string();
        peer.drain(now)?;
        Ok((peer, answer))
    }

    /// Takes the player's answer to the offer.
    ///
    /// # Errors
    /// It cannot be used, or there is no offer.
    pub(super) fn accept(&mut self, answer: &str, now: Instant) -> Result<(), PeerError> {
        let pending = self.pending.take().ok_or(PeerError::NoOffer)?;
        let answer = SdpAnswer::from_sdp_string(answer).map_err(|error| PeerError::Sdp(error.to_string()))?;
        self.rtc.sdp_api().accept_answer(pending, answer)?;
        self.drain(now)
    }

    /// Takes a candidate of the player. Those that cannot be read are left out: browsers hide their addresses behind
    /// names that only they resolve, and are found by their packets.
    ///
    /// # Errors
    /// The session failed.
    pub(super) fn candidate(&mut self, candidate: &str, now: Instant) -> Result<(), PeerError> {
        self.candidates += 1;
        let Ok(candidate) = Candidate::from_sdp_string(candidate) else { return Ok(()) };
        if self.candidates > MAX_CANDIDATES {
            return Ok(());
        }
        self.rtc.add_remote_candidate(candidate);
        self.drain(now)
    }

    /// Takes a packet.
    ///
    /// # Errors
    /// The session failed.
    pub(super) fn receive(
        &mut self,
        source: SocketAddr,
        destination: SocketAddr,
        packet: &[u8],
        now: Instant,
    ) -> Result<(), PeerError> {
        // Anybody may send anything to an open port.
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, packet) else { return Ok(()) };
        let input = Input::Receive(now, receive);
        if !self.rtc.accepts(&input) {
            return Ok(());
        }
        self.rtc.handle_input(input)?;
        self.drain(now)
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// The session failed.
    pub(super) fn pass(&mut self, now: Instant) -> Result<(), PeerError> {
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain(now)
    }

    /// When [`Peer::pass`] is due.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Sends a frame, unless the player can do nothing with it before a keyframe.
    ///
    /// # Errors
    /// The session failed.
    pub(super) fn write(&mut self, frame: &Frame, now: Instant) -> Result<(), PeerError> {
        let (mid, codec, layer) = match frame.source {
            Source::Video(layer) => (self.video, Codec::H264, layer),
            Source::Audio => (self.audio, Codec::Opus, 0),
        };
        let Some((mid, rid)) = mid.and_then(|mid| Some((mid, self.rid(mid, frame.source)?))) else { return Ok(()) };
        if frame.source != Source::Audio {
            let Some(wants_keyframe) = self.wants_keyframe.get_mut(layer) else { return Ok(()) };
            *wants_keyframe &= !frame.keyframe;
            if *wants_keyframe {
                return Ok(());
            }
        }
        let Some(pt) = self.payload_type(mid, codec) else { return Ok(()) };
        let Some(writer) = self.rtc.writer(mid) else { return Ok(()) };
        let writer = rid.into_iter().fold(writer, str0m::media::Writer::rid);
        writer.write(pt, frame.captured, frame.time, Arc::clone(&frame.data))?;
        self.drain(now)
    }

    /// Frames were lost on this side: nothing is of use before a keyframe.
    pub(super) fn skip_to_keyframes(&mut self) {
        self.wants_keyframe = [true; RIDS.len()];
    }

    /// Says something on the data channel; false if there is none, or no room for it.
    ///
    /// # Errors
    /// The session failed.
    pub(super) fn say(&mut self, message: &[u8], now: Instant) -> Result<bool, PeerError> {
        let Some(mut channel) = self.channel.and_then(|id| self.rtc.channel(id)) else { return Ok(false) };
        let taken = channel.write(true, message)?;
        self.drain(now)?;
        Ok(taken)
    }

    /// Tells the player that the session ends; what that takes is among the packets.
    pub(super) fn close(&mut self, now: Instant) {
        if let Err(error) = self.rtc.close().map_err(PeerError::from).and_then(|()| self.drain(now)) {
            debug!(%error, "the session ends without a farewell");
        }
    }

    /// The next packet to send.
    pub(super) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// What happened next.
    pub(super) fn poll_happening(&mut self) -> Option<Happening> {
        self.happenings.pop_front()
    }

    /// How the frames of a source are marked: the layers of simulcast by their rid, where the SFU took them. `None` if
    /// they are not sent: without simulcast there is only the full size.
    fn rid(&self, mid: Mid, source: Source) -> Option<Option<Rid>> {
        let Source::Video(layer) = source else { return Some(None) };
        match self.rtc.media(mid)?.rids_tx() {
            Rids::Specific(rids) if self.simulcast => {
                let rid = Rid::from(*RIDS.get(layer)?);
                rids.contains(&rid).then_some(Some(rid))
            }
            _ => (layer == 0).then_some(None),
        }
    }

    fn payload_type(&mut self, mid: Mid, codec: Codec) -> Option<Pt> {
        let writer = self.rtc.writer(mid)?;
        writer.payload_params().find(|params| params.spec().codec == codec).map(str0m::format::PayloadParams::pt)
    }

    fn drain(&mut self, now: Instant) -> Result<(), PeerError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    // A time that has passed is due at once.
                    self.deadline = at.max(now);
                    return Ok(());
                }
                Output::Transmit(transmit) => self.transmits.push_back(transmit),
                Output::Event(event) => self.note(event),
            }
        }
    }

    fn note(&mut self, event: Event) {
        let happening = match event {
            Event::Connected => Happening::Connected,
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => Happening::Lost,
            Event::IceConnectionStateChange(IceConnectionState::Connected | IceConnectionState::Completed) => {
                Happening::Found
            }
            Event::KeyframeRequest(request) => Happening::Keyframe(layer_of(&request)),
            Event::MediaAdded(media) if media.kind == MediaKind::Video => return self.video = Some(media.mid),
            Event::MediaAdded(media) => return self.audio = Some(media.mid),
            Event::ChannelOpen(id, _) if self.channel.is_none() => {
                self.channel = Some(id);
                Happening::ChannelOpen
            }
            Event::ChannelData(data) => Happening::Said(data.data),
            Event::Closed => Happening::Closed,
            _ => return,
        };
        self.happenings.push_back(happening);
    }
}

/// The layer that a request is for; without a rid there is only the full size.
fn layer_of(request: &KeyframeRequest) -> usize {
    let rid = request.rid;
    RIDS.iter().position(|name| rid == Some(Rid::from(*name))).unwrap_or(0)
}
