//! Whose pages may open sessions: the `Origin` that browsers send, over every transport that has one.

mod support;

use pixelgate::config::{AllowedOrigins, Config, Origin};
use pixelgate::wire::Role;
use support::raw::{Fate, RawWs, webtransport_endpoint};
use support::{Lab, Via, get, within};
use wtransport::endpoint::ConnectOptions;
use wtransport::error::ConnectingError;

const PAGES: [Via; 3] = [Via::Ws, Via::Wss, Via::WebTransport];

/// What a page of that origin sees.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    In,
    TurnedAway,
}

fn allowing(origins: &'static [&'static str]) -> impl FnOnce(&mut Config) {
    let named = origins.iter().filter_map(|origin| Origin::parse(origin)).collect();
    let allowed = AllowedOrigins { any: origins.contains(&"*"), named };
    move |config| config.allowed_origins = allowed
}

async fn opens(lab: &Lab, via: Via, role: Role, origin: &str) -> Seen {
    let bound = lab.gateway().bound();
    let (addr, tls) = match via {
        Via::Ws => (bound.http, false),
        Via::Wss => (bound.https, true),
        _ => (bound.quic, true),
    };
    let addr = addr.expect("the listener is on");
    if via == Via::WebTransport {
        let request = ConnectOptions::builder(format!("https://{addr}/{role}")).add_header("origin", origin).build();
        return match within("a session or none", webtransport_endpoint().connect(request)).await {
            Ok(_) => Seen::In,
            Err(ConnectingError::SessionRejected) => Seen::TurnedAway,
            Err(error) => panic!("{error}"),
        };
    }
    seen(RawWs::with_headers(addr, tls, role, &format!("Host: {addr}\r\nOrigin: {origin}\r\n")).await).await
}

async fn seen(mut session: RawWs) -> Seen {
    match session.fate().await {
        Fate::Stays => Seen::In,
        Fate::Closed(1008) => Seen::TurnedAway,
        other => panic!("{other:?}"),
    }
}

async fn refusals(lab: &Lab) -> usize {
    let metrics = get(lab.gateway().bound().admin.expect("on"), "/metrics").await;
    let line = metrics.lines().find(|line| line.starts_with("pixelgate_connections_refused_total{reason=\"origin\"}"));
    line.map_or(0, |line| line.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a number"))
}

#[tokio::test]
async fn without_a_list_other_sites_pages_are_players_and_nothing_else() {
    let lab = Lab::open();
    for via in PAGES {
        for foreign in ["https://other.example", "null"] {
            assert_eq!(opens(&lab, via, Role::Player, foreign).await, Seen::In, "{} {foreign}", via.name());
            for role in [Role::Streamer, Role::Sfu] {
                assert_eq!(opens(&lab, via, role, foreign).await, Seen::TurnedAway, "{} {role} {foreign}", via.name());
            }
        }
        for home in ["http://localhost:1", "https://127.0.0.1", "http://[::1]:8080"] {
            for role in Role::ALL {
                assert_eq!(opens(&lab, via, role, home).await, Seen::In, "{} {role} {home}", via.name());
            }
        }
    }
    assert_eq!(refusals(&lab).await, 12);
    lab.until("no session", |lab| lab.gateway().router().session_count() == 0).await;
}

#[tokio::test]
async fn a_list_holds_for_every_role() {
    let lab = Lab::with(allowing(&["https://shop.example"]));
    for via in PAGES {
        for role in Role::ALL {
            for (origin, expected) in [
                ("https://shop.example", Seen::In),
                ("HTTPS://Shop.Example:443", Seen::In),
                ("http://localhost", Seen::In),
                ("http://shop.example", Seen::TurnedAway),
                ("https://shop.example:8443", Seen::TurnedAway),
                ("null", Seen::TurnedAway),
            ] {
                assert_eq!(opens(&lab, via, role, origin).await, expected, "{} {role} {origin}", via.name());
            }
        }
    }
}

#[tokio::test]
async fn a_star_lets_every_page_play_and_none_stream() {
    let lab = Lab::with(allowing(&["*"]));
    for via in PAGES {
        assert_eq!(opens(&lab, via, Role::Player, "https://other.example").await, Seen::In, "{}", via.name());
        assert_eq!(opens(&lab, via, Role::Streamer, "https://other.example").await, Seen::TurnedAway, "{}", via.name());
    }
}

/// It costs no state of the hub, and nobody hears of it.
#[tokio::test]
async fn a_page_that_is_turned_away_was_never_there() {
    let mut lab = Lab::with(allowing(&["https://shop.example"]));
    let mut player = lab.player(Via::Ws).await;
    for via in PAGES {
        assert_eq!(opens(&lab, via, Role::Player, "https://other.example").await, Seen::TurnedAway);
    }
    assert_eq!(player.settles().await, Vec::<serde_json::Value>::new());
    assert_eq!(lab.players().len(), 1);
    lab.no_more_reports();
    assert_eq!(refusals(&lab).await, 3);
}

#[tokio::test]
async fn two_origins_are_none() {
    let lab = Lab::open();
    let addr = lab.gateway().bound().http.expect("on");
    let headers = format!("Host: {addr}\r\nOrigin: http://{addr}\r\nOrigin: http://{addr}\r\n");
    for role in Role::ALL {
        assert_eq!(seen(RawWs::with_headers(addr, false, role, &headers).await).await, Seen::TurnedAway, "{role}");
    }
}

/// The host that the page's browser dialled is what a proxy of ours says it was.
#[tokio::test]
async fn behind_a_proxy_the_host_is_the_one_that_was_dialled() {
    let headers = "Host: inner:8080\r\nX-Forwarded-Host: gate.example\r\nOrigin: https://gate.example\r\n";
    let trusting = Lab::with(|config| {
        let args = ["pixelgate", "serve", "--trusted-proxies", "loopback"];
        let Ok(pixelgate::config::cli::Command::Serve(read)) = pixelgate::config::cli::parse(args, &|_| None) else {
            panic!("the options are good")
        };
        config.proxies = read.config.proxies;
    });
    for (lab, expected) in [(trusting, Seen::In), (Lab::open(), Seen::TurnedAway)] {
        let addr = lab.gateway().bound().http.expect("on");
        assert_eq!(seen(RawWs::with_headers(addr, false, Role::Streamer, headers).await).await, expected);
        let passed = "Host: gate.example\r\nOrigin: https://gate.example\r\n";
        assert_eq!(seen(RawWs::with_headers(addr, false, Role::Streamer, passed).await).await, Seen::In);
    }
}

#[tokio::test]
async fn a_legacy_port_asks_too() {
    let lab = Lab::open();
    let addr = lab.gateway().bound().streamer.expect("on");
    let headers = format!("Host: {addr}\r\nOrigin: https://other.example\r\n");
    assert_eq!(seen(RawWs::with_headers(addr, false, Role::Streamer, &headers).await).await, Seen::TurnedAway);
    assert_eq!(
        seen(RawWs::with_headers(addr, false, Role::Streamer, &format!("Host: {addr}\r\n")).await).await,
        Seen::In
    );
}
