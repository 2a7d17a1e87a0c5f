//! TURN servers: of the flags, of the tables, of the peer options.

use std::time::Duration;

use super::super::{Config, Secret, Turn};
use super::Places;

fn turn(text: &str) -> Turn {
    Places::new().file(text).config().turn
}

#[test]
fn flags_are_one_pool_and_tables_are_more() {
    let text = "turn-urls = ['turn:a.example', 'turns:b.example:443?transport=tcp']\nturn-secret = 'north'\n\
                turn-ttl = '1h'\n[[turn]]\nurls = 'turn:c.example'\nsecret = 'south'\nttl = '90s'\n\
                [[turn]]\nurls = 'turn:d.example'\nsecret = 'west'\n";
    let turn = turn(text);
    let pools: Vec<_> =
        turn.pools.iter().map(|pool| (pool.urls.join(" "), pool.secret.as_str(), pool.ttl.as_secs())).collect();
    let expected = [
        ("turn:a.example turns:b.example:443?transport=tcp".to_owned(), "north", 3600),
        ("turn:c.example".to_owned(), "south", 90),
        ("turn:d.example".to_owned(), "west", 3600),
    ];
    assert_eq!(pools, expected);
    assert_eq!(turn.secret, None, "it is the pool's");
}

#[test]
fn a_secret_alone_is_for_the_peer_options() {
    let turn = turn("turn-secret = 'north'\nturn-ttl = '1500ms'\n");
    assert_eq!((turn.pools.len(), turn.secret.as_ref().map(Secret::as_str)), (0, Some("north")));
    assert_eq!(turn.ttl, Duration::from_secs(1), "whole seconds");
    assert_eq!(Config::default().turn, Turn::default());
}

#[test]
fn what_cannot_be_used_is_named() {
    let cases = [
        ("turn-urls = 'turn:a.example'", "1: turn-urls: given without --turn-secret; give --turn-secret too"),
        (
            "turn-urls = 'stun:a.example'\nturn-secret = 'n'",
            r#"1: turn-urls: "stun:a.example" is no TURN server's URL;"#,
        ),
        ("turn-urls = 'turn:'\nturn-secret = 'n'", r#"1: turn-urls: "turn:" is no TURN server's URL;"#),
        ("turn-ttl = '999ms'", "1: turn-ttl: 999ms is too short; write 1s at least"),
        ("ice-transport-policy = 'none'", r#"1: ice-transport-policy: "none" is none of all, relay;"#),
        ("turn = 'a'", "1: turn: it is no list of tables; write [[turn]]"),
        ("turn = ['a']", "1: turn: it is no table; write [[turn]]"),
        ("[[turn]]\nurls = 'turn:a'", "1: turn: the secret is missing; give urls and secret"),
        ("[[turn]]\nsecret = 'a'", "1: turn: the list of urls is missing; give urls and secret"),
        ("[[turn]]\nurl = 'turn:a'", r#"2: url: unknown key; did you mean "urls"?"#),
        ("[[turn]]\nqqqqqqqqq = 'turn:a'", "2: qqqqqqqqq: unknown key; a TURN pool has urls, secret, ttl"),
        ("[[turn]]\nurls = 'turn:a'\nsecret = ''", "3: secret: it is empty; write a secret"),
        (
            "peer-options = '{\"iceServers\":1}'\nice-transport-policy = 'relay'",
            "1: peer-options: iceServers is no list of servers;",
        ),
    ];
    for (text, expected) in cases {
        let error = Places::new().file(text).message();
        assert!(error.contains(&format!(":{expected}")), "{text}: {error}");
    }
    // Where nothing is added, what was written is the peers' matter.
    assert_eq!(turn("peer-options = '{\"iceServers\":1}'"), Turn::default());
}
