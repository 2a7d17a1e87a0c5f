//! Listeners that the configuration adds: legacy ports, prefixes, dialects that may be chosen, TLS or not.

mod support;

use std::net::SocketAddr;

use pixelgate::config::{ListenAddr, Listener, Roles, Serving};
use pixelgate::hub::Dialect;
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use support::{Lab, ask, get, within};

fn any() -> ListenAddr {
    ListenAddr::Socket(SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// A gateway with those of the tests and one more.
fn with(listener: Listener) -> Lab {
    Lab::with(|config| config.listeners.push(Listener { name: "more".to_owned(), ..listener }))
}

fn more(lab: &Lab) -> SocketAddr {
    lab.gateway().bound().of("more").expect("it listens")
}

#[tokio::test]
async fn a_legacy_port_for_players_takes_any_path_and_may_have_pages() {
    let lab = with(Listener { pages: true, ..Listener::legacy("", any(), Role::Player) });
    let mut players = Vec::new();
    for path in ["", "/", "/streamer", "/what/ever?a=b"] {
        let mut player = lab.connect_to(&format!("ws://{}{path}", more(&lab)), Role::Player).await;
        player.hears("config").await;
        players.push(player);
    }
    assert!(get(more(&lab), "/").await.contains("<html"));
    assert_eq!(lab.gateway().router().players().iter().filter(|player| player.role == Role::Player).count(), 4);
}

#[tokio::test]
async fn a_prefix_stands_before_everything() {
    let lab = with(Listener { path_prefix: "/pixelstream".to_owned(), ..Listener::unified("", any(), Roles::ALL) });
    let addr = more(&lab);
    let mut streamer = lab.connect_to(&format!("ws://{addr}/pixelstream/streamer"), Role::Streamer).await;
    streamer.identifies("Stage").await;
    let mut player = lab.connect_to(&format!("ws://{addr}/pixelstream"), Role::Player).await;
    player.hears("config").await;
    player.watches(&mut streamer, "Stage").await;
    let told: Value = serde_json::from_str(&get(addr, "/pixelstream/transports.json").await).expect("JSON");
    let websocket = told["websocket"].as_str().expect("a URL");
    assert!(websocket.ends_with("/pixelstream/player"), "{told}");
    assert!(get(addr, "/pixelstream/").await.contains("<html"));
    for outside in ["/", "/transports.json", "/pixelgate/page.js", "/pixelstreams/"] {
        let (head, body) = ask(addr, outside).await;
        assert!(head.starts_with("HTTP/1.1 404 "), "{outside}: {head}");
        assert_eq!(body, "Everything here is below /pixelstream/.\n");
    }
}

#[tokio::test]
async fn webtransport_below_a_prefix() {
    let listener = Listener { path_prefix: "/a/b".to_owned(), ..Listener::unified_tls("", any(), Roles::PLAYERS) };
    let lab = Lab::with(|config| config.listeners = vec![Listener { name: "https".to_owned(), ..listener }]);
    let addr = lab.gateway().bound().quic.expect("it listens");
    let mut player = lab.connect_to(&format!("https://{addr}/a/b/player"), Role::Player).await;
    player.hears("config").await;
}

/// protocol.md §4: `?dialect=` and `hello.dialect` are obeyed only where the listener allows it.
#[tokio::test]
async fn a_dialect_is_chosen_where_it_may_be() {
    let may = Listener { choose_dialect: true, ..Listener::unified("", any(), Roles::ALL) };
    for (lab, first) in [(with(may.clone()), "identify"), (with(Listener { choose_dialect: false, ..may }), "config")] {
        let url = format!("ws://{}/streamer?dialect=wilbur", more(&lab));
        let mut streamer = lab.connect_to(&url, Role::Streamer).await;
        assert_eq!(streamer.hears_any().await["type"], first);
    }
}

#[tokio::test]
async fn each_listener_has_its_dialect() {
    let lab = with(Listener { dialect: Dialect::WILBUR, ..Listener::legacy("", any(), Role::Streamer) });
    let mut here = lab.connect_to(&format!("ws://{}", more(&lab)), Role::Streamer).await;
    assert_eq!(here.hears_any().await, json!({"type": "identify"}));
    let mut there = lab.connect_to(&lab.url(support::Via::Ws, Role::Streamer), Role::Streamer).await;
    assert_eq!(there.hears_any().await["type"], "config");
}

#[tokio::test]
async fn quic_on_a_legacy_port_takes_its_role_alone() {
    let listener =
        Listener { serving: Serving::Legacy(Role::Player), ..Listener::unified_tls("https", any(), Roles::ALL) };
    let lab = Lab::with(|config| config.listeners = vec![listener]);
    let addr = lab.gateway().bound().quic.expect("it listens");
    let mut player = lab.connect_to(&format!("quic://{addr}/player"), Role::Player).await;
    player.hears("config").await;
    let mut streamer = lab.connect_to(&format!("quic://{addr}/streamer"), Role::Streamer).await;
    within("a refusal", streamer.is_closed(CloseCode::POLICY)).await;
}
