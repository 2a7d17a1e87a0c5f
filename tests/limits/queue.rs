//! Whoever connects and says nothing, and whoever comes meanwhile.

use std::net::{Ipv4Addr, SocketAddr};

use pixelgate::config::{Bounds, Config, Limits, Secret};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

use super::knock::knock;
use super::scrape::Scrape;
use super::support::raw::{CLOSE, RawWs};
use super::support::{Lab, Via, within};
use super::{ELSEWHERE, FURTHER, Pair, nobody_is_left, refused};

/// What an address may have on its way at once.
const OF_ADDRESS: usize = 256;

fn lab(change: impl FnOnce(&mut Config)) -> Lab {
    Lab::with(|config| {
        (config.limits, config.bounds) = (Limits::Loopback, Bounds::default());
        change(config);
    })
}

async fn connects(addr: SocketAddr, from: Ipv4Addr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("a loopback address");
    within("a TCP connection", socket.connect(addr)).await.expect("somebody listens")
}

/// An address that takes every place that it gets, and one more.
async fn crowd(lab: &Lab) -> Vec<TcpStream> {
    let https = lab.gateway().bound().https.expect("the listener is on");
    let mut crowd = Vec::new();
    for _ in 0..OF_ADDRESS {
        crowd.push(connects(https, ELSEWHERE).await);
    }
    // Whoever is one too many is not waited for.
    let mut last = connects(https, ELSEWHERE).await;
    let end = within("the end of a connection too many", last.read(&mut [0; 16])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    assert_eq!(Scrape::of(lab).await.value(&refused("establishing_of_address")), 1.0);
    crowd
}

#[tokio::test]
async fn an_address_that_says_nothing_keeps_out_itself_alone() {
    let lab = lab(|_| {});
    let mut pair = Pair::of(&lab).await;
    let mut crowd = crowd(&lab).await;
    for via in [Via::Wss, Via::WebTransport, Via::Quic] {
        assert!(!knock(&lab, via, ELSEWHERE).await.is_in(), "{}", via.name());
        assert!(knock(&lab, via, FURTHER).await.is_in(), "{}", via.name());
    }
    // Where anybody may come in and nothing is encrypted, nobody is waited for.
    assert!(knock(&lab, Via::Ws, ELSEWHERE).await.is_in());
    pair.goes_on().await;
    crowd.pop();
    let place = async { while !knock(&lab, Via::Wss, ELSEWHERE).await.is_in() {} };
    within("a place", place).await;
    drop((pair, crowd));
    nobody_is_left(lab).await;
}

/// Where there is a rule, whoever is measured by it has a place too.
#[tokio::test]
async fn whoever_must_be_let_in_takes_a_place() {
    let lab = lab(|config| config.auth.player_token = Some(Secret::for_tests("secret")));
    let crowd = crowd(&lab).await;
    let http = lab.gateway().bound().http.expect("the listener is on");
    let role = pixelgate::wire::Role::Player;
    for (from, code, reason) in [(ELSEWHERE, 1013_u16, "authorisation_busy_of_address"), (FURTHER, 1008, "no_token")] {
        let mut ws = RawWs::try_open(http, false, role, from).await.expect("an upgrade");
        let (first, close) = ws.hears().await.expect("a close");
        assert_eq!((first, close.get(..2)), (CLOSE, Some(&code.to_be_bytes()[..])));
        assert_eq!(Scrape::of(&lab).await.value(&refused(reason)), 1.0);
    }
    drop(crowd);
    nobody_is_left(lab).await;
}
