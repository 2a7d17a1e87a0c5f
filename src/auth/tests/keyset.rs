use std::time::Duration;

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde_json::{Value, json};

use super::{EC, ED, RSA};
use crate::auth::keyset::{Age, KeySet, Schedule};
use crate::config::PublicKey;

fn jwk(algorithm: Algorithm, kid: Option<&str>) -> Value {
    let pair = match algorithm {
        Algorithm::RS256 => &*RSA,
        Algorithm::ES256 => &*EC,
        _ => &*ED,
    };
    let key = PublicKey::from_pem(&pair.public).unwrap();
    let mut jwk = Jwk::from_decoding_key(key.key(), Some(algorithm)).unwrap();
    jwk.common.key_id = kid.map(str::to_owned);
    serde_json::to_value(jwk).unwrap()
}

fn set(keys: &[Value]) -> Option<KeySet> {
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes())
}

#[test]
fn keys_are_found_by_id_and_algorithm() {
    let all = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
    let keys = set(&all.map(|algorithm| jwk(algorithm, Some("one")))).unwrap();
    assert_eq!(keys.len(), 3);
    for algorithm in all {
        assert_eq!(keys.find(Some("one"), algorithm).unwrap().algorithm, algorithm);
        assert!(keys.find(Some("two"), algorithm).is_none());
        assert!(keys.find(None, algorithm).is_some(), "the only one");
    }
    assert!(keys.find(Some("one"), Algorithm::HS256).is_none());
    let two = set(&[jwk(Algorithm::ES256, Some("one")), jwk(Algorithm::ES256, Some("two"))]).unwrap();
    assert!(two.find(None, Algorithm::ES256).is_none(), "nobody knows which");
    assert!(two.find(Some("two"), Algorithm::ES256).is_some());
}

#[test]
fn what_is_not_for_us_is_left_out() {
    let good = jwk(Algorithm::ES256, Some("good"));
    let with = |key: &str, value: Value| {
        let mut other = jwk(Algorithm::RS256, Some("other"));
        other[key] = value;
        other
    };
    let keys = set(&[
        good,
        with("use", json!("enc")),
        with("alg", json!("RS512")),
        json!({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlYw", "kid": "secret", "alg": "HS256"}),
        json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "big"}),
        json!({"kty": "strange"}),
        json!("nonsense"),
    ])
    .unwrap();
    assert_eq!(keys.len(), 1);
    for garbage in [&b""[..], b"[]", b"{}", b"{\"keys\":1}", b"<html>", b"\xff"] {
        assert!(KeySet::parse(garbage).is_none(), "{garbage:?}");
    }
    assert_eq!(serde_json::to_value(JwkSet { keys: vec![] }).unwrap(), json!({"keys": []}));
    assert_eq!(set(&[]).unwrap().len(), 0);
    let many: Vec<_> = (0..257).map(|n| jwk(Algorithm::EdDSA, Some(&n.to_string()))).collect();
    assert!(set(&many).is_none());
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_set_grows_old_and_dies() {
    let mut schedule = Schedule::default();
    assert_eq!(schedule.age(at(0)), Age::Dead);
    schedule.succeeded(at(10));
    assert_eq!(schedule.age(at(309)), Age::Fresh);
    assert_eq!(schedule.age(at(310)), Age::Stale);
    assert_eq!(schedule.age(at(3609)), Age::Stale);
    schedule.failed(at(3609));
    assert_eq!(schedule.age(at(3610)), Age::Dead);
    schedule.succeeded(at(3611));
    assert_eq!(schedule.age(at(3611)), Age::Fresh);
}

#[test]
fn readings_that_fail_come_less_and_less_often() {
    let mut schedule = Schedule::default();
    assert!(schedule.may_read(at(0)));
    let mut now = at(0);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        schedule.failed(now);
        assert!(!schedule.may_read(now + at(pause) - Duration::from_millis(1)), "{pause}");
        now += at(pause);
        assert!(schedule.may_read(now), "{pause}");
    }
    schedule.succeeded(now);
    assert!(schedule.may_read(now));
    schedule.failed(now);
    assert!(schedule.may_read(now + at(1)));
}

/// Anybody can name a key that does not exist.
#[test]
fn unknown_keys_are_looked_for_a_few_times_only() {
    let mut schedule = Schedule::default();
    schedule.succeeded(at(0));
    let looks = |schedule: &mut Schedule, now| (0..100).filter(|_| schedule.may_read_for_unknown(at(now))).count();
    assert_eq!(looks(&mut schedule, 100), 4);
    assert_eq!(looks(&mut schedule, 114), 0);
    assert_eq!(looks(&mut schedule, 115), 1);
    assert_eq!(looks(&mut schedule, 146), 2);
    assert_eq!(looks(&mut schedule, 10_000), 4);
    schedule.failed(at(20_000));
    assert_eq!(looks(&mut schedule, 20_000), 0, "and not at all where readings fail");
}
