use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use super::super::gate::{Bounds, Claim, Gate, Refusal};
use super::super::queue::{Crowd, InQueue};
use crate::limits::Source;

const NONE: Bounds = Bounds {
    connections: None,
    kept_for_here: 0,
    connections_per_address: None,
    handshakes: None,
    handshakes_per_address: None,
    establishing_per_address: None,
    streamers_per_token: None,
    loopback: false,
};

const CLIENT: &str = "203.0.113.7";

fn ip(text: &str) -> Source {
    Source::peer(text.parse().unwrap())
}

fn gate(bounds: Bounds) -> (Gate, Gauge) {
    let gauge = Gauge::default();
    (Gate::new(bounds, gauge.clone()), gauge)
}

/// How many of `times` are let in at that moment, and why the last is not.
fn comes(gate: &Gate, text: &str, times: usize, now: Instant) -> (usize, Option<Refusal>) {
    let all: Vec<_> = (0..times).map(|_| gate.admit(Some(ip(text)), now).map(drop)).collect();
    (all.iter().filter(|one| one.is_ok()).count(), all.last().and_then(|last| last.err()))
}

#[test]
fn so_many_connections_there_may_be() {
    let (gate, gauge) = gate(Bounds { connections: Some(3), ..NONE });
    let now = Instant::now();
    let mut entries: Vec<_> = (0..3).map(|_| gate.admit(None, now).unwrap()).collect();
    assert_eq!(gate.admit(Some(ip("127.0.0.1")), now).unwrap_err(), Refusal::Connections, "nobody is spared this");
    assert_eq!(gauge.get(), 3);
    entries.pop();
    assert!(gate.admit(None, now).is_ok());
    drop(entries);
    assert_eq!(gauge.get(), 0);
}

#[test]
fn some_of_them_are_for_this_machine() {
    let (gate, gauge) = gate(Bounds { connections: Some(5), kept_for_here: 2, ..NONE });
    let now = Instant::now();
    let comes = |source| gate.admit(source, now);
    let mut held = vec![comes(None).unwrap(), comes(Some(ip(CLIENT))).unwrap(), comes(Some(ip("127.0.0.1"))).unwrap()];
    let told = Source::told("127.0.0.1".parse().unwrap());
    for source in [None, Some(ip(CLIENT)), Some(told)] {
        assert_eq!(comes(source).unwrap_err(), Refusal::Connections);
    }
    held.extend([comes(Some(ip("127.0.0.1"))).unwrap(), comes(Some(ip("::1"))).unwrap()]);
    assert_eq!(comes(Some(ip("::1"))).unwrap_err(), Refusal::Connections);
    drop(held);
    assert_eq!(gauge.get(), 0);
}

#[test]
fn so_many_connections_an_address_may_have() {
    let (gate, gauge) = gate(Bounds { connections_per_address: Some(2), ..NONE });
    let now = Instant::now();
    let held = [CLIENT, CLIENT, "2001:db8::1", "2001:db8::2"].map(|text| gate.admit(Some(ip(text)), now).unwrap());
    for text in [CLIENT, "2001:db8::3"] {
        assert_eq!(gate.admit(Some(ip(text)), now).unwrap_err(), Refusal::ConnectionsOfAddress);
    }
    assert_eq!(comes(&gate, "203.0.113.8", 1, now), (1, None));
    assert_eq!(comes(&gate, "2001:db8:0:1::1", 1, now), (1, None));
    assert_eq!(gauge.get(), 4, "who is refused is not counted");
    drop(held);
    assert_eq!(comes(&gate, CLIENT, 1, now), (1, None));
    assert_eq!(gauge.get(), 0);
}

#[test]
fn so_fast_an_address_may_come() {
    let (gate, _) = gate(Bounds { handshakes_per_address: Some(10), ..NONE });
    let start = Instant::now();
    assert_eq!(comes(&gate, CLIENT, 30, start), (20, Some(Refusal::HandshakesOfAddress)));
    assert_eq!(comes(&gate, "203.0.113.8", 20, start), (20, None));
    assert_eq!(comes(&gate, CLIENT, 30, start + Duration::from_secs(1)).0, 10);
}

#[test]
fn so_fast_all_may_come() {
    let (gate, _) = gate(Bounds { handshakes: Some(10), handshakes_per_address: Some(3), ..NONE });
    let start = Instant::now();
    assert_eq!(comes(&gate, CLIENT, 30, start), (6, Some(Refusal::HandshakesOfAddress)));
    // What is refused to one is not taken from all.
    assert_eq!(comes(&gate, "203.0.113.8", 6, start), (6, None));
    assert_eq!(comes(&gate, "203.0.113.9", 6, start), (6, None));
    assert_eq!(comes(&gate, "203.0.113.10", 6, start), (2, Some(Refusal::Handshakes)));
}

#[test]
fn loopback_is_spared_unless_it_is_not() {
    let strict = Bounds { handshakes: Some(1), handshakes_per_address: Some(1), ..NONE };
    let now = Instant::now();
    for text in ["127.0.0.1", "127.8.8.8", "::1"] {
        let (gate, _) = gate(strict);
        assert_eq!(comes(&gate, text, 100, now), (100, None));
        gate.change(Bounds { loopback: true, ..strict });
        assert_eq!(comes(&gate, text, 100, now), (2, Some(Refusal::HandshakesOfAddress)));
    }
}

#[test]
fn whoever_is_told_to_be_this_machine_is_counted() {
    let (gate, _) = gate(Bounds { connections_per_address: Some(1), ..NONE });
    let now = Instant::now();
    for text in ["127.0.0.1", "::1"] {
        let told = Source::told(text.parse().unwrap());
        let mut entries: Vec<_> = (0..2).map(|_| gate.admit(None, now).unwrap()).collect();
        gate.admit_client(&mut entries[0], told, now).unwrap();
        assert_eq!(gate.admit_client(&mut entries[1], told, now), Err(Refusal::ConnectionsOfAddress));
    }
}

#[test]
fn a_proxy_is_counted_for_its_clients() {
    let (gate, gauge) =
        gate(Bounds { connections_per_address: Some(1), handshakes_per_address: Some(5), handshakes: Some(8), ..NONE });
    let now = Instant::now();
    let mut entries: Vec<_> = (0..20).map(|_| gate.admit(None, now).unwrap()).collect();
    gate.admit_client(&mut entries[0], ip(CLIENT), now).unwrap();
    assert_eq!(gate.admit_client(&mut entries[1], ip(CLIENT), now), Err(Refusal::ConnectionsOfAddress));
    assert_eq!(gate.admit(Some(ip(CLIENT)), now).unwrap_err(), Refusal::ConnectionsOfAddress);
    gate.admit_client(&mut entries[1], ip("203.0.113.8"), now).unwrap();
    drop(entries);
    assert_eq!((comes(&gate, CLIENT, 1, now), gauge.get()), ((1, None), 0));
}

/// Datagrams in another's name cost that other a Retry, and nothing of what it may have.
#[test]
fn a_claimed_address_is_believed_now_and_then_and_must_be_proven_otherwise() {
    let (gate, _) = gate(Bounds { handshakes: Some(100), handshakes_per_address: Some(50), ..NONE });
    let now = Instant::now();
    let claims: Vec<_> = (0..3_000).map(|_| gate.believes(Crowd::Players, ip(CLIENT), now)).collect();
    let count = |claim| claims.iter().filter(|one| **one == claim).count();
    assert_eq!([Claim::Believed, Claim::Prove, Claim::Ignored].map(count), [20, 2_000, 980]);
    assert_eq!(gate.believes(Crowd::Players, ip("203.0.113.8"), now), Claim::Believed);
    assert_eq!(comes(&gate, CLIENT, 100, now), (100, None), "who is proven is not concerned");
    assert_eq!(gate.believes(Crowd::Players, ip("::1"), now), Claim::Believed);
}

/// Datagrams in the names of many.
#[test]
fn claims_leave_half_of_all_handshakes_to_the_proven() {
    let (gate, _) = gate(Bounds { handshakes: Some(100), handshakes_per_address: Some(50), ..NONE });
    let now = Instant::now();
    let anybody = |number: u8| Source::peer([198, 51, 100, number].into());
    let believed = |number: &u8| gate.believes(Crowd::Players, anybody(*number), now) == Claim::Believed;
    assert_eq!((0..=255).filter(believed).count(), 100);
    assert_eq!(gate.remembered(), 100, "who is not believed is not remembered");
    assert_eq!((0..2).map(|host| comes(&gate, &format!("203.0.113.{host}"), 100, now).0).sum::<usize>(), 200);
}

/// Then it is known whom to refuse.
#[test]
fn an_address_that_has_no_more_must_be_proven() {
    let now = Instant::now();
    let believes = |gate: &Gate| gate.believes(Crowd::Players, ip(CLIENT), now);
    let (places, _) = gate(Bounds { connections_per_address: Some(1), ..NONE });
    let (rate, _) = gate(Bounds { handshakes_per_address: Some(10), ..NONE });
    let (all, _) = gate(Bounds { handshakes: Some(10), handshakes_per_address: Some(50), ..NONE });
    let (queue, _) = gate(Bounds { establishing_per_address: Some(1), ..NONE });
    for gate in [&places, &rate, &all, &queue] {
        assert_eq!(believes(gate), Claim::Believed);
    }
    let _entry = places.admit(Some(ip(CLIENT)), now).unwrap();
    assert_eq!((comes(&rate, CLIENT, 20, now).0, comes(&all, CLIENT, 20, now).0), (20, 20));
    let _in_queue = queue.set_out(Crowd::Players, Some(ip(CLIENT))).unwrap();
    for gate in [&places, &rate, &all, &queue] {
        assert_eq!(believes(gate), Claim::Prove);
    }
    assert_eq!(places.believes(Crowd::Players, ip("203.0.113.8"), now), Claim::Believed);
}

/// Whoever forges addresses holds so many handshakes, and no more.
#[test]
fn so_many_are_believed_at_once() {
    let (gate, _) = gate(Bounds { loopback: true, ..NONE });
    let (now, here) = (Instant::now(), ip("127.0.0.1"));
    let believed = |source| gate.believes(Crowd::Players, source, now) == Claim::Believed;
    let mut claims: Vec<_> = (0..64).map(|_| gate.set_out_unproven(Crowd::Players, ip(CLIENT)).unwrap()).collect();
    assert!(!believed(ip("203.0.113.8")) && !believed(here));
    assert_eq!(gate.believes(Crowd::Publishers, here, now), Claim::Believed);
    gate.set_out_as(Crowd::Players, &mut claims[0], ip(CLIENT)).unwrap();
    assert!(believed(here), "one of them is proven now");
    let _another = gate.set_out_unproven(Crowd::Players, here).unwrap();
    assert!(!believed(here));
    drop(claims);
    assert!(believed(here));
    gate.change(NONE);
    let _spared: Vec<_> = (0..100).map(|_| gate.set_out_unproven(Crowd::Players, here).unwrap()).collect();
    assert!(believed(ip(CLIENT)), "this machine takes nothing of the others'");
}

#[test]
fn while_many_are_on_their_way_every_address_must_be_proven() {
    let (gate, _) = gate(NONE);
    let now = Instant::now();
    let claims = || [Crowd::Players, Crowd::Publishers].map(|crowd| gate.believes(crowd, ip("127.0.0.1"), now));
    let (mut half, _) = set_out(&gate, Crowd::Players, None, 2048);
    assert_eq!(claims(), [Claim::Believed, Claim::Believed]);
    half.push(gate.set_out(Crowd::Players, None).unwrap());
    assert_eq!(claims(), [Claim::Prove, Claim::Believed]);
}

#[test]
fn other_bounds_hold_from_then_on() {
    let (gate, _) = gate(NONE);
    let now = Instant::now();
    let held: Vec<_> = (0..10).map(|_| gate.admit(Some(ip(CLIENT)), now).unwrap()).collect();
    gate.change(Bounds { connections_per_address: Some(10), ..NONE });
    assert_eq!(comes(&gate, CLIENT, 1, now), (0, Some(Refusal::ConnectionsOfAddress)));
    drop(held);
    gate.change(Bounds { connections: Some(1), ..NONE });
    assert_eq!(comes(&gate, CLIENT, 3, now), (3, None));
}

#[test]
fn so_many_streamers_a_token_may_have() {
    let (gate, _) = gate(Bounds { streamers_per_token: Some(2), ..NONE });
    let held = ["a", "a", "b"].map(|holder| gate.admit_streamer(&holder.into()).unwrap());
    assert_eq!(gate.admit_streamer(&"a".into()).unwrap_err(), Refusal::StreamersOfToken);
    drop(held);
    assert!(gate.admit_streamer(&"a".into()).is_ok());
}

/// How many of `times` set out, and why the next does not.
fn set_out(gate: &Gate, crowd: Crowd, source: Option<Source>, times: usize) -> (Vec<InQueue>, Option<Refusal>) {
    let held: Vec<_> = (0..times).map_while(|_| gate.set_out(crowd, source).ok()).collect();
    (held, gate.set_out(crowd, source).err())
}

#[test]
fn an_address_has_its_share_of_those_who_set_out() {
    let (gate, _) = gate(Bounds { establishing_per_address: Some(256), ..NONE });
    let mut all = Vec::new();
    for (number, text) in [CLIENT, "2001:db8::1", "203.0.113.8"].into_iter().enumerate() {
        let (held, refusal) = set_out(&gate, Crowd::Players, Some(ip(text)), 5_000);
        assert_eq!((held.len(), refusal), (256, Some(Refusal::EstablishingOfAddress)), "{number}");
        all.push(held);
    }
    assert!(gate.set_out(Crowd::Players, Some(ip("2001:db8::2"))).is_err(), "a site is one address");
    all[0].pop();
    assert!(gate.set_out(Crowd::Players, Some(ip(CLIENT))).is_ok());
    // Who is refused takes nothing from all.
    let (held, refusal) = set_out(&gate, Crowd::Players, None, 5_000);
    assert_eq!((held.len(), refusal), (4096 - 3 * 256 + 1, Some(Refusal::Establishing)));
}

#[test]
fn this_machine_may_take_every_place_unless_it_is_counted() {
    let (gate, _) = gate(Bounds { establishing_per_address: Some(256), ..NONE });
    let here = Some(ip("127.0.0.1"));
    assert_eq!(set_out(&gate, Crowd::Players, here, 5_000).0.len(), 4096);
    gate.change(Bounds { establishing_per_address: Some(256), loopback: true, ..NONE });
    assert_eq!(set_out(&gate, Crowd::Players, here, 5_000).0.len(), 256);
    gate.change(Bounds { loopback: true, ..NONE });
    assert_eq!(set_out(&gate, Crowd::Players, here, 5_000).0.len(), 4096);
}

#[test]
fn a_crowd_of_players_keeps_no_streamer_out() {
    let (gate, _) = gate(NONE);
    let (players, refusal) = set_out(&gate, Crowd::Players, None, 5_000);
    assert_eq!(refusal, Some(Refusal::Establishing));
    let (publishers, refusal) = set_out(&gate, Crowd::Publishers, None, 5_000);
    assert_eq!((publishers.len(), refusal), (1024, Some(Refusal::Establishing)));
    drop(players);
    assert!(gate.set_out(Crowd::Players, None).is_ok());
}
