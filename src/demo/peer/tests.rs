//! Two sessions over a network of memory and a clock of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::media::MediaTime;
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::super::frame::{Frame, Source};
use super::{Happening, MAX_CANDIDATES, Peer, PeerError};

fn here() -> SocketAddr {
    "192.0.2.1:1000".parse().unwrap()
}

fn there() -> SocketAddr {
    "192.0.2.2:2000".parse().unwrap()
}

/// A streamer's session and a player's, and what happened in them.
struct Pair {
    peer: Peer,
    player: Rtc,
    now: Instant,
    happened: Vec<Happening>,
    events: Vec<Event>,
}

impl Pair {
    /// The streamer offers.
    fn offered(layers: usize) -> Self {
        let now = Instant::now();
        let (mut peer, offer) = Peer::offering([here()].into_iter(), layers, now).unwrap();
        let mut player = rtc(now);
        let offer = str0m::change::SdpOffer::from_sdp_string(&offer).unwrap();
        let answer = player.sdp_api().accept_offer(offer).unwrap();
        peer.accept(&answer.to_sdp_string(), now).unwrap();
        Self { peer, player, now, happened: Vec::new(), events: Vec::new() }
    }

    fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        for _ in 0..2_000 {
            if holds(self) {
                return;
            }
            self.pass(Duration::from_millis(5));
        }
        panic!("{:?} {:?}", self.happened, self.events);
    }

    fn connected() -> Self {
        let mut pair = Self::offered(1);
        pair.until(|pair| pair.happened.contains(&Happening::ChannelOpen));
        assert!(pair.happened.contains(&Happening::Connected));
        pair
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.peer.pass(self.now).unwrap();
        self.player.handle_input(Input::Timeout(self.now)).unwrap();
        self.exchange();
    }

    fn exchange(&mut self) {
        loop {
            let towards = self.drain_player();
            let mut idle = towards.is_empty();
            for packet in towards {
                self.peer.receive(there(), here(), &packet, self.now).unwrap();
            }
            while let Some(transmit) = self.peer.poll_transmit() {
                idle = false;
                let receive =
                    str0m::net::Receive::new(str0m::net::Protocol::Udp, here(), there(), &transmit.contents).unwrap();
                self.player.handle_input(Input::Receive(self.now, receive)).unwrap();
            }
            while let Some(happening) = self.peer.poll_happening() {
                self.happened.push(happening);
            }
            if idle {
                return;
            }
        }
    }

    fn drain_player(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        loop {
            match self.player.poll_output().unwrap() {
                Output::Timeout(_) => return packets,
                Output::Transmit(transmit) => packets.push(transmit.contents.to_vec()),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    fn write(&mut self, source: Source, keyframe: bool) {
        // A slice of a picture, and one that a decoder can begin with: what the packetizer looks at.
        let unit: &[u8] = if keyframe { &[0, 0, 0, 1, 0x65, 1, 2, 3] } else { &[0, 0, 0, 1, 0x41, 1, 2, 3] };
        let time = MediaTime::from_90khz(self.now.elapsed().as_millis() as u64 * 90);
        let frame = Frame { source, data: unit.into(), keyframe, time, captured: self.now };
        self.peer.write(&frame, self.now).unwrap();
        self.pass(Duration::from_millis(33));
    }

    fn received(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::MediaData(_))).count()
    }
}

fn rtc(now: Instant) -> Rtc {
    let mut rtc = Rtc::builder().build(now);
    rtc.add_local_candidate(Candidate::host(there(), "udp").unwrap());
    rtc
}

#[test]
fn an_offer_names_streams_candidates_and_the_best_codec_first() {
    let (_, offer) = Peer::offering([here()].into_iter(), 1, Instant::now()).unwrap();
    assert!(offer.contains("a=msid:pixelgate video") && offer.contains("a=msid:pixelgate audio"), "{offer}");
    assert!(offer.contains("192.0.2.1 1000 typ host"), "{offer}");
    assert!(offer.contains("profile-level-id=42e01f") && !offer.contains("VP8"), "{offer}");
    assert!(offer.contains("m=application"), "{offer}");
    assert!(!offer.contains("a=simulcast"), "{offer}");
    let (_, offer) = Peer::offering([here()].into_iter(), 3, Instant::now()).unwrap();
    assert!(offer.contains("a=simulcast:send h;m;l"), "{offer}");
}

#[test]
fn frames_go_from_here_to_there_beginning_with_a_keyframe() {
    let mut pair = Pair::connected();
    pair.write(Source::Video(0), false);
    pair.write(Source::Audio, true);
    pair.until(|pair| pair.received() == 1);
    pair.write(Source::Video(0), true);
    pair.write(Source::Video(0), false);
    pair.until(|pair| pair.received() == 3);
    pair.peer.skip_to_keyframes();
    pair.write(Source::Video(0), false);
    pair.write(Source::Video(0), true);
    pair.until(|pair| pair.received() == 4);
}

#[test]
fn a_player_without_simulcast_gets_the_full_size_alone() {
    let mut pair = Pair::connected();
    for layer in [1, 2, 7] {
        pair.write(Source::Video(layer), true);
    }
    pair.write(Source::Video(0), true);
    pair.pass(Duration::from_millis(100));
    assert_eq!(pair.received(), 1);
}

#[test]
fn the_data_channel_carries_both_ways() {
    let mut pair = Pair::connected();
    assert!(pair.peer.say(b"hello", pair.now).unwrap());
    let said = |pair: &Pair| {
        pair.events.iter().find_map(|event| match event {
            Event::ChannelData(data) => Some((data.id, data.data.clone())),
            _ => None,
        })
    };
    pair.until(|pair| said(pair).is_some());
    let (id, data) = said(&pair).unwrap();
    assert_eq!(data, b"hello");
    assert!(pair.player.channel(id).unwrap().write(true, b"back").unwrap());
    pair.until(|pair| pair.happened.contains(&Happening::Said(b"back".to_vec())));
}

#[test]
fn before_the_channel_is_open_nothing_is_said() {
    let mut pair = Pair::offered(1);
    assert!(!pair.peer.say(b"hello", pair.now).unwrap());
}

#[test]
fn a_channel_that_is_not_read_takes_a_bounded_amount() {
    let mut pair = Pair::connected();
    let message = vec![0; 60_000];
    let taken = (0..1_000).take_while(|_| pair.peer.say(&message, pair.now).unwrap()).count();
    assert!((1..999).contains(&taken), "{taken}");
}

#[test]
fn a_player_may_offer() {
    let now = Instant::now();
    let mut player = rtc(now);
    let mut change = player.sdp_api();
    let receive = str0m::media::Direction::RecvOnly;
    change.add_media(str0m::media::MediaKind::Video, receive, None, None, None);
    change.add_media(str0m::media::MediaKind::Audio, receive, None, None, None);
    change.add_channel("datachannel".into());
    let (offer, pending) = change.apply().unwrap();
    let (peer, answer) = Peer::answering([here()].into_iter(), &offer.to_sdp_string(), now).unwrap();
    let answer = str0m::change::SdpAnswer::from_sdp_string(&answer).unwrap();
    player.sdp_api().accept_answer(pending, answer).unwrap();
    let mut pair = Pair { peer, player, now, happened: Vec::new(), events: Vec::new() };
    pair.until(|pair| pair.happened.contains(&Happening::ChannelOpen));
    pair.write(Source::Video(0), true);
    pair.write(Source::Audio, true);
    pair.until(|pair| pair.received() == 2);
}

#[test]
fn a_network_that_goes_and_comes_is_noticed() {
    let mut pair = Pair::connected();
    for _ in 0..400 {
        pair.now += Duration::from_millis(100);
        pair.peer.pass(pair.now).unwrap();
        while pair.peer.poll_transmit().is_some() {}
    }
    while let Some(happening) = pair.peer.poll_happening() {
        pair.happened.push(happening);
    }
    assert_eq!(pair.happened.last(), Some(&Happening::Lost));
    pair.until(|pair| pair.happened.last() == Some(&Happening::Found));
}

#[test]
fn a_farewell_reaches_the_player() {
    let mut pair = Pair::connected();
    pair.peer.close(pair.now);
    pair.exchange();
    assert!(pair.events.iter().any(|event| matches!(event, Event::Closed)), "{:?}", pair.events);
}

#[test]
fn what_is_no_description_is_an_error() {
    let now = Instant::now();
    let (mut peer, _) = Peer::offering([here()].into_iter(), 1, now).unwrap();
    assert!(matches!(peer.accept("nonsense", now), Err(PeerError::Sdp(_))));
    assert!(matches!(peer.accept("v=0", now), Err(PeerError::NoOffer)));
    assert!(Peer::answering([here()].into_iter(), "v=0\r\n", now).is_err());
}

#[test]
fn strange_packets_and_candidates_are_passed_over() {
    let mut pair = Pair::connected();
    for packet in [&[][..], &[0], &[255; 1500], &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]] {
        pair.peer.receive(there(), here(), packet, pair.now).unwrap();
        pair.peer.receive("203.0.113.9:9".parse().unwrap(), here(), packet, pair.now).unwrap();
    }
    let hidden = "candidate:1 1 udp 2113937151 6d1f6f1c-0000-4000-8000-000000000000.local 50000 typ host";
    for _ in 0..2 * MAX_CANDIDATES {
        pair.peer.candidate(hidden, pair.now).unwrap();
        pair.peer.candidate("", pair.now).unwrap();
    }
    pair.write(Source::Video(0), true);
    pair.until(|pair| pair.received() == 1);
}
