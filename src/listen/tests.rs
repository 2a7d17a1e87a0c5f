//! Tests of what a listener lets in, and of what it does about errors.

mod client;
mod gate;
mod meanwhile;
mod rate;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, UNIX_EPOCH};

use super::accept::{AfterError, after_error};
use super::bind::{BindError, bind_tcp, bind_tcp_and_udp};
use super::door::NoRole;
use super::query;
use super::queue::Crowd;
use super::{Door, DoorKind};
use crate::auth::Greetings;
use crate::config::{ListenAddr, Turn};
use crate::hub::{Dialect, Places, Wishes};
use crate::id::SessionId;
use crate::wire::Role;

fn unified(roles: &[Role]) -> Door {
    Door::new(DoorKind::Unified(roles.to_vec()), Dialect::STANDARD, Greetings::new("{}", &Turn::default()))
}

/// protocol.md §2, "role": by path on the unified port.
#[test]
fn the_path_is_the_role_on_a_unified_port() {
    let door = unified(&Role::ALL);
    let cases = [
        ("/", Ok(Role::Player)),
        ("", Ok(Role::Player)),
        ("/player", Ok(Role::Player)),
        ("/streamer", Ok(Role::Streamer)),
        ("/sfu", Ok(Role::Sfu)),
        ("/Player", Err(NoRole::UnknownPath)),
        ("/player/", Err(NoRole::UnknownPath)),
        ("//player", Err(NoRole::UnknownPath)),
        ("/metrics", Err(NoRole::UnknownPath)),
    ];
    for (path, expected) in cases {
        assert_eq!(door.role_at(path), expected, "{path}");
    }
}

#[test]
fn a_role_that_is_not_taken_is_refused_and_an_unknown_path_stays_unknown() {
    let door = unified(&[Role::Player]);
    assert_eq!(door.role_at("/streamer"), Err(NoRole::NotHere(Role::Streamer)));
    assert_eq!(door.role_at("/sfu"), Err(NoRole::NotHere(Role::Sfu)));
    assert_eq!(door.role_at("/nobody"), Err(NoRole::UnknownPath));
    assert_eq!(unified(&[Role::Streamer]).role_at("/"), Err(NoRole::NotHere(Role::Player)));
}

#[test]
fn on_a_legacy_port_every_path_is_its_role() {
    let door = Door::new(DoorKind::Legacy(Role::Streamer), Dialect::STANDARD, Greetings::new("{}", &Turn::default()));
    for path in ["/", "", "/player", "/anything/at/all"] {
        assert_eq!(door.role_at(path), Ok(Role::Streamer), "{path}");
    }
}

#[test]
fn a_listener_where_no_player_comes_is_for_publishers() {
    let legacy = |role| Door::new(DoorKind::Legacy(role), Dialect::STANDARD, Greetings::new("{}", &Turn::default()));
    for door in [unified(&Role::ALL), unified(&[Role::Player]), legacy(Role::Player)] {
        assert_eq!(door.crowd(), Crowd::Players, "{:?}", door.kind);
    }
    for door in [unified(&[Role::Streamer, Role::Sfu]), legacy(Role::Streamer), legacy(Role::Sfu)] {
        assert_eq!(door.crowd(), Crowd::Publishers, "{:?}", door.kind);
    }
}

/// protocol.md §3, `config`, and §4, `protocolVersion`.
#[test]
fn sessions_are_greeted_with_the_peer_options_as_they_were_written() {
    let door = Door::new(
        DoorKind::Legacy(Role::Player),
        Dialect::STANDARD,
        Greetings::new(r#"{"iceServers": []}"#, &Turn::default()),
    );
    let config: serde_json::Value =
        serde_json::from_slice(&door.greetings.config(door.dialect, SessionId(1), UNIX_EPOCH)).unwrap();
    let expected = serde_json::json!({
        "type": "config", "peerConnectionOptions": {"iceServers": []}, "protocolVersion": "1.3.0"
    });
    assert_eq!(config, expected);
}

#[test]
fn paths_begin_with_the_prefix() {
    let mut door = unified(&[Role::Player, Role::Streamer]);
    door.prefix = "/pixelstream".to_owned();
    let cases = [
        ("/pixelstream", Ok(Role::Player)),
        ("/pixelstream/", Ok(Role::Player)),
        ("/pixelstream/streamer", Ok(Role::Streamer)),
        ("/pixelstreamer", Err(NoRole::UnknownPath)),
        ("/streamer", Err(NoRole::UnknownPath)),
        ("/", Err(NoRole::UnknownPath)),
    ];
    for (path, expected) in cases {
        assert_eq!(door.role_at(path), expected, "{path}");
    }
}

/// protocol.md §4: obeyed only where the listener allows it.
#[test]
fn another_dialect_is_had_where_it_may_be_chosen() {
    let remote = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let mut door = unified(&Role::ALL);
    let dialect = |door: &Door, asked| door.admission(Role::Player, asked, Wishes::default(), remote).dialect.name;
    assert_eq!(dialect(&door, Some("wilbur")), "standard");
    door.choose_dialect = true;
    assert_eq!(dialect(&door, Some("wilbur")), "wilbur");
    // What limits the players stays the listener's (§5.2).
    let cirrus = door.admission(Role::Player, Some("cirrus-5.4"), Wishes::default(), remote);
    assert_eq!((cirrus.dialect.name, cirrus.places), ("cirrus-5.4", Places::OfEachStreamer));
    assert_eq!(dialect(&door, Some("klingon")), "standard");
    assert_eq!(dialect(&door, None), "standard");
    assert_eq!(query::dialect(Some("a=b&dialect=wilbur&c")).as_deref(), Some("wilbur"));
    assert_eq!(query::dialect(Some("dialects=wilbur")), None);
}

#[test]
fn later_sessions_are_greeted_with_later_options() {
    let greetings = Greetings::new("{}", &Turn::default());
    greetings.change(r#"{"a":1}"#, &Turn::default());
    let text = String::from_utf8(greetings.config(Dialect::STANDARD, SessionId(1), UNIX_EPOCH).to_vec()).unwrap();
    assert!(text.contains(r#""peerConnectionOptions":{"a":1}"#) && text.contains("protocolVersion"), "{text}");
}

#[test]
fn errors_of_one_connection_are_retried_and_those_of_the_machine_waited_out() {
    for kind in [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted] {
        assert_eq!(after_error(&kind.into(), 1), AfterError::Retry);
    }
    let out_of_descriptors = io::Error::other("too many open files");
    let waits = [1, 2, 3, 6, 7, 1000].map(|errors| match after_error(&out_of_descriptors, errors) {
        AfterError::BackOff(wait) => wait,
        AfterError::Retry => Duration::ZERO,
    });
    assert_eq!(waits, [20, 40, 80, 640, 640, 640].map(Duration::from_millis));
}

#[tokio::test]
async fn localhost_is_both_families_with_one_number() {
    let (tcp, udp) = bind_tcp_and_udp("--https", ListenAddr::Localhost(0)).unwrap();
    let ports: Vec<_> = tcp.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
    let udp_ports: Vec<_> = udp.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
    assert_eq!(ports, udp_ports);
    assert!(ports.iter().all(|&port| port == ports[0] && port != 0), "{ports:?}");
    assert!(tcp[0].local_addr().unwrap().ip().is_loopback());
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_flag() {
    let any = ListenAddr::Socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let first = bind_tcp("--http", any).unwrap();
    let addr = first[0].local_addr().unwrap();
    let error = bind_tcp("--streamer", ListenAddr::Socket(addr)).unwrap_err();
    assert!(matches!(error, BindError::InUse { ref what, .. } if what == "--streamer"), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "--streamer cannot listen on {addr} (TCP): the port is in use; stop the other process or choose another port"
        )
    );
}

#[tokio::test]
async fn an_address_of_another_machine_is_named() {
    // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    let elsewhere = ListenAddr::Socket(SocketAddr::from(([192, 0, 2, 1], 0)));
    let error = bind_tcp("--admin", elsewhere).unwrap_err().to_string();
    assert!(error.starts_with("--admin cannot listen on 192.0.2.1:0 (TCP): "), "{error}");
    assert!(error.ends_with("is this an address of this machine?"), "{error}");
}

#[tokio::test]
async fn off_opens_nothing() {
    assert!(bind_tcp("--http", ListenAddr::Off).unwrap().is_empty());
}
