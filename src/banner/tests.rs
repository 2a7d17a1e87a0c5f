use std::time::Duration;

use super::*;
use crate::config::{Roles, Secret};

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn bound() -> BoundAddrs {
    let at = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
    BoundAddrs {
        http: at(8080),
        https: at(8443),
        quic: at(8443),
        streamer: at(8888),
        sfu: at(8889),
        admin: at(9090),
        ..BoundAddrs::default()
    }
}

fn certificate(made_here: bool) -> Certificate {
    let not_after = SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000);
    Certificate { fingerprint: Fingerprint::of(&b"abc"[..].into()), not_after, made_here }
}

fn render(config: &Config, bound: &BoundAddrs, certificate: Option<Certificate>) -> Vec<String> {
    let text = Banner { config, bound, certificate }.to_string();
    assert!(text.ends_with('\n'));
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    for line in &lines {
        assert!(line.chars().count() <= 80 && line.trim_end() == line, "{line:?}");
    }
    lines
}

#[test]
fn the_defaults() {
    let version = format!("pixelgate {}", env!("CARGO_PKG_VERSION"));
    let expected = [
        version.as_str(),
        "",
        "  http      players    http://localhost:8080/",
        "            streamers  ws://localhost:8080/streamer",
        "            SFUs       ws://localhost:8080/sfu",
        "  https     players    https://localhost:8443/",
        "            streamers  wss://localhost:8443/streamer",
        "            SFUs       wss://localhost:8443/sfu",
        "            and on UDP: WebTransport, QUIC (pixelstream/1)",
        "  streamer  streamers  ws://localhost:8888",
        "  sfu       SFUs       ws://localhost:8889",
        "  admin     operators  http://localhost:9090/",
        "",
        "  Certificate made here for development, valid until 2026-05-28T20:26:40Z",
        "  SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ];
    assert_eq!(render(&Config::default(), &bound(), Some(certificate(true))), expected);
}

#[test]
fn what_is_off_is_not_shown() {
    let only = BoundAddrs { http: bound().http, ..BoundAddrs::default() };
    let lines = render(&Config::default(), &only, None);
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[2].starts_with("  http "));
}

#[test]
fn a_role_that_is_not_taken_is_not_shown() {
    let mut config = Config::default();
    config.listener_mut("http").unwrap().serving = Serving::Unified(Roles::PLAYERS);
    let only = BoundAddrs { http: bound().http, ..BoundAddrs::default() };
    assert_eq!(render(&config, &only, None)[2..], ["  http      players    http://localhost:8080/"]);
}

#[test]
fn an_open_listener_is_warned_of() {
    let mut config = Config::default();
    *config.listener_mut("http").unwrap() =
        Listener::unified("http", ListenAddr::Socket(addr("[::]:80")), Roles::PLAYERS);
    let only = BoundAddrs { http: Some(addr("[::]:80")), ..BoundAddrs::default() };
    let expected = [
        "  http      players    http://HOST:80/",
        "",
        "  HOST is any name or address of this machine.",
        "",
        "  Warning: http is open beyond this machine without authentication:",
        "  whoever reaches the port may use it.",
    ];
    assert_eq!(render(&config, &only, None)[2..], expected);
    config.admin = ListenAddr::Socket(addr("192.0.2.7:9090"));
    let lines = render(&config, &only, None).join("\n");
    assert!(lines.contains("Warning: http, admin are open beyond this machine"), "{lines}");
    config.admin = ListenAddr::Off;
    config.auth.player_token = Some(Secret::for_tests("t"));
    assert!(!render(&config, &only, None).join("\n").contains("Warning"));
    config.listener_mut("http").unwrap().open = Some(Roles::PLAYERS);
    assert!(render(&config, &only, None).join("\n").contains("Warning: http is open"));
}

#[test]
fn limits_off_is_warned_of() {
    let config = Config { limits: Limits::Off, ..Config::default() };
    let lines = render(&config, &bound(), None);
    assert_eq!(lines.last().unwrap(), "  Warning: --limits off: nothing holds back a flood. For benchmarks only.");
}

#[test]
fn an_operators_certificate_is_called_so() {
    let lines = render(&Config::default(), &bound(), Some(certificate(false)));
    assert!(lines.contains(&"  Certificate of your own, valid until 2026-05-28T20:26:40Z".to_owned()), "{lines:?}");
}
