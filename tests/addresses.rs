//! Where a gateway is reached: `localhost` is both loopback addresses, `[::]` is every address of either family, and
//! TCP and UDP of a listener share one number.

mod support;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use pixelgate::config::ListenAddr;
use pixelgate::wire::Role;
use serde_json::json;
use support::{Lab, Via, get};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn at(addr: ListenAddr) -> Lab {
    Lab::with(|config| {
        for name in ["http", "https", "streamer"] {
            config.listener_mut(name).expect("it is on").addr = addr;
        }
    })
}

/// The whole way over every transport, dialled at `ip`; the gateway knows the peer by the address that a person would
/// write, mapped into no other family.
async fn is_served_at(lab: &mut Lab, ip: IpAddr) {
    let bound = lab.gateway().bound().clone();
    let (https, quic) = (bound.https.expect("on"), bound.quic.expect("on"));
    assert_eq!(https.port(), quic.port(), "TCP and UDP of one listener");
    for via in Via::ALL {
        let url = |role: Role| {
            let port = if via == Via::Ws { bound.http.expect("on").port() } else { https.port() };
            let scheme = lab.url(via, role).split(':').next().expect("a scheme").to_owned();
            format!("{scheme}://{}/{role}", SocketAddr::new(ip, port))
        };
        let mut streamer = lab.connect_to(&url(Role::Streamer), Role::Streamer).await;
        streamer.identifies("Stage").await;
        let mut player = lab.connect_to(&url(Role::Player), Role::Player).await;
        player.hears("config").await;
        let id = player.watches(&mut streamer, "Stage").await;
        player.leaves().await;
        streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": id})).await;
        streamer.leaves().await;
        for _ in 0..2 {
            let report = lab.report().await;
            assert_eq!((report.transport.name(), report.remote.ip()), (via.name(), ip));
        }
    }
}

#[tokio::test]
async fn localhost_is_both_loopback_addresses_on_tcp_and_udp() {
    let mut lab = at(ListenAddr::Localhost(0));
    is_served_at(&mut lab, V4).await;
    is_served_at(&mut lab, V6).await;
}

#[tokio::test]
async fn the_unspecified_ipv6_address_takes_ipv4_peers_too() {
    let mut lab = at(ListenAddr::Socket(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))));
    is_served_at(&mut lab, V6).await;
    is_served_at(&mut lab, V4).await;
}

#[tokio::test]
async fn one_family_alone() {
    let mut lab = at(ListenAddr::Socket(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))));
    is_served_at(&mut lab, V6).await;
    let mut lab = at(ListenAddr::Socket(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))));
    is_served_at(&mut lab, V4).await;
}

/// Every port of its own does as the unified one.
#[tokio::test]
async fn a_port_of_its_own_is_at_both_loopback_addresses() {
    let mut lab = at(ListenAddr::Localhost(0));
    let port = lab.gateway().bound().streamer.expect("on").port();
    for ip in [V4, V6] {
        let url = format!("ws://{}/any/path", SocketAddr::new(ip, port));
        let mut streamer = lab.connect_to(&url, Role::Streamer).await;
        streamer.identifies("Stage").await;
        streamer.leaves().await;
        assert_eq!(lab.report().await.remote.ip(), ip);
    }
}

/// A page is sent to the host that it asked, or to the one literal address where UDP listens (protocol.md §2).
#[tokio::test]
async fn pages_are_told_an_address_that_is_served() {
    let lab = at(ListenAddr::Localhost(0));
    let (http, quic) = (lab.gateway().bound().http.expect("on").port(), lab.gateway().bound().quic.expect("on").port());
    for ip in [V4, V6] {
        let asked = SocketAddr::new(ip, http);
        let told: serde_json::Value = serde_json::from_str(&get(asked, "/transports.json").await).expect("JSON");
        assert_eq!(told["websocket"], format!("ws://{asked}/player"));
        assert_eq!(told["webtransport"]["url"], format!("https://{}/player", SocketAddr::new(ip, quic)));
    }
    let lab = at(ListenAddr::Socket(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))));
    let quic = lab.gateway().bound().quic.expect("on").port();
    assert_eq!(lab.transports().await["webtransport"]["url"], format!("https://[::1]:{quic}/player"));
}
