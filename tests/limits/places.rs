//! Connections: how many, and how fast.

use pixelgate::config::{Bounds, Limits};
use pixelgate::wire::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::knock::{Knock, knock};
use super::scrape::Scrape;
use super::support::{Lab, Via, within};
use super::{ELSEWHERE, FURTHER, Pair, lab, nobody_is_left, refused};

/// What who is refused hears: a status where HTTP is spoken in the clear.
fn is_told(via: Via, status: u16) -> Option<u16> {
    (via == Via::Ws).then_some(status)
}

fn out(knock: Knock) -> Option<u16> {
    match knock {
        Knock::Out(status) => status,
        Knock::In(_) => panic!("it was let in"),
    }
}

/// Knocks until there is a place: a connection's end comes after its close.
async fn until_in(lab: &Lab, via: Via) -> Knock {
    let knocking = async {
        loop {
            let answer = knock(lab, via, ELSEWHERE).await;
            if answer.is_in() {
                return answer;
            }
        }
    };
    within("a place", knocking).await
}

async fn an_address_has_so_many_connections(via: Via) {
    let lab = lab(Bounds { connections_per_address: Some(3), ..Bounds::default() });
    let mut pair = Pair::of(&lab).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let answer = knock(&lab, via, ELSEWHERE).await;
        assert!(answer.is_in());
        held.push(answer);
    }
    for number in [1.0, 2.0] {
        assert_eq!(out(knock(&lab, via, ELSEWHERE).await), is_told(via, 429));
        assert_eq!(Scrape::of(&lab).await.value(&refused("connections_of_address")), number);
    }
    assert!(knock(&lab, via, FURTHER).await.is_in(), "another address has its own");
    pair.goes_on().await;
    held.pop();
    held.push(until_in(&lab, via).await);
    pair.goes_on().await;
    drop((pair, held));
    nobody_is_left(lab).await;
}

async fn there_are_so_many_connections(via: Via) {
    let lab = lab(Bounds { connections: Some(4), ..Bounds::default() });
    let mut pair = Pair::of(&lab).await;
    let mut held = vec![knock(&lab, via, ELSEWHERE).await, knock(&lab, via, FURTHER).await];
    assert!(held.iter().all(Knock::is_in));
    assert_eq!(Scrape::of(&lab).await.value("pixelgate_connections"), 4.0);
    assert_eq!(out(knock(&lab, via, ELSEWHERE).await), is_told(via, 503));
    assert_eq!(Scrape::of(&lab).await.value(&refused("connections")), 1.0);
    pair.goes_on().await;
    held.pop();
    held.push(until_in(&lab, via).await);
    drop((pair, held));
    nobody_is_left(lab).await;
}

/// Knocks until it is refused.
async fn until_refused(lab: &Lab, via: Via, from: std::net::Ipv4Addr) -> (usize, Option<u16>) {
    for number in 0..100 {
        if let Knock::Out(status) = knock(lab, via, from).await {
            return (number, status);
        }
    }
    panic!("a hundred were let in");
}

async fn an_address_shakes_hands_so_often(via: Via) {
    let lab = lab(Bounds { handshakes_per_address: Some(2), ..Bounds::default() });
    let mut pair = Pair::of(&lab).await;
    let (inside, status) = until_refused(&lab, via, ELSEWHERE).await;
    assert!(inside >= 4, "{inside}: a burst comes at once");
    assert_eq!(status, is_told(via, 429));
    let scrape = Scrape::of(&lab).await;
    assert!(scrape.value(&refused("handshakes_of_address")) >= 1.0);
    assert_eq!(scrape.value(&refused("quic_retry")) >= 1.0, via.is_quic(), "it had to prove its address");
    assert!(knock(&lab, via, FURTHER).await.is_in(), "another address has its own");
    pair.goes_on().await;
    until_in(&lab, via).await;
    drop(pair);
    nobody_is_left(lab).await;
}

async fn all_shake_hands_so_often(via: Via) {
    let lab = lab(Bounds { handshakes: Some(3), ..Bounds::default() });
    let mut pair = Pair::of(&lab).await;
    let (inside, status) = until_refused(&lab, via, ELSEWHERE).await;
    assert!(inside >= 4, "{inside}: a burst comes at once, and the pair had two of it");
    assert_eq!(status, is_told(via, 503));
    assert!(Scrape::of(&lab).await.value(&refused("handshakes")) >= 1.0);
    pair.goes_on().await;
    until_in(&lab, via).await;
    drop(pair);
    nobody_is_left(lab).await;
}

macro_rules! over_each_transport {
    ($($test:ident),*) => {
        $(mod $test {
            use super::super::support::Via;

            #[tokio::test]
            async fn ws() {
                super::$test(Via::Ws).await;
            }

            #[tokio::test]
            async fn wss() {
                super::$test(Via::Wss).await;
            }

            #[tokio::test]
            async fn webtransport() {
                super::$test(Via::WebTransport).await;
            }

            #[tokio::test]
            async fn quic() {
                super::$test(Via::Quic).await;
            }
        })*
    };
}
pub(crate) use over_each_transport;

over_each_transport! {
    an_address_has_so_many_connections,
    there_are_so_many_connections,
    an_address_shakes_hands_so_often,
    all_shake_hands_so_often
}

/// Each of them one: nobody could be let in twice.
const TIGHT: Bounds = Bounds {
    connections: None,
    connections_per_address: Some(1),
    handshakes: Some(1),
    handshakes_per_address: Some(1),
    player_messages: None,
    player_bytes: None,
    publisher_messages: None,
    publisher_bytes: None,
    subscriptions: None,
    streamers_per_token: None,
    buffer_memory: None,
    unsubscribed: None,
    idle: None,
    session: None,
};

#[tokio::test]
async fn loopback_is_spared_unless_told_otherwise() {
    for limits in [Limits::Default, Limits::Off] {
        let lab = Lab::with(|config| (config.limits, config.bounds) = (limits, TIGHT));
        for via in Via::ALL {
            for _ in 0..3 {
                lab.player(via).await.settles().await;
            }
        }
        let mut all = Vec::new();
        for _ in 0..10 {
            all.push(lab.player(Via::Ws).await);
        }
    }
}

#[tokio::test]
async fn limits_change_while_it_runs() {
    let mut config = pixelgate::config::Config::for_tests();
    let mut lab = Lab::with(|served| served.limits = Limits::Loopback);
    let held = knock(&lab, Via::Ws, ELSEWHERE).await;
    config.limits = Limits::Loopback;
    config.bounds.connections_per_address = Some(1);
    lab.gateway().apply(&config);
    assert_eq!(out(knock(&lab, Via::Ws, ELSEWHERE).await), Some(429));
    config.limits = Limits::Off;
    lab.gateway().apply(&config);
    assert!(knock(&lab, Via::Ws, ELSEWHERE).await.is_in());
    drop(held);
    lab.report().await;
}

/// RFC 6585 §5: a head that is too long, or of too many parts.
#[tokio::test]
async fn a_requests_head_has_a_bound() {
    let lab = Lab::open();
    let mut pair = Pair::of(&lab).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(20_000));
    let many = (0..65).map(|number| format!("X-{number}: x\r\n")).collect::<String>();
    for (number, headers) in [(1.0, long), (2.0, many)] {
        let mut tcp = TcpStream::connect(lab.gateway().bound().http.unwrap()).await.unwrap();
        let _ = tcp.write_all(format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes()).await;
        let mut answer = [0; 12];
        within("an answer", tcp.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 431");
        Scrape::until(&lab, &refused("headers"), number).await;
    }
    pair.goes_on().await;
    lab.connect(Via::Ws, Role::Player).await.hears("config").await;
}
