//! The fuzzers' targets for seconds: their seeds, and found cases, as they are and damaged.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::core;

/// `PIXELGATE_PROP_CASES`, or 2,000.
fn number_of_cases() -> u32 {
    let given = std::env::var("PIXELGATE_PROP_CASES").ok().and_then(|cases| cases.parse().ok());
    given.unwrap_or(2_000)
}

/// What is in `fuzz/seeds` for a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let seeds: Vec<_> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty(), "{} is empty", folder.display());
    seeds
}

/// One thing that a fuzzer does to a seed.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// A part of another seed.
    Copy(Index, Index, usize),
    Cut(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, 1 << bit)),
        (at(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (at(), 1..32_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (at(), at(), 1..128_usize).prop_map(|(to, from, count)| Damage::Copy(to, from, count)),
        at().prop_map(Damage::Cut),
    ]
}

impl Damage {
    fn apply(&self, data: &mut Vec<u8>, other: &[u8]) {
        let length = data.len();
        let place = |at: &Index| at.index(length + 1);
        match self {
            Self::Set(..) | Self::Flip(..) if length == 0 => {}
            Self::Set(at, byte) => data[at.index(length)] = *byte,
            Self::Flip(at, bits) => {
                let at = at.index(length);
                data[at] ^= bits;
            }
            Self::Insert(at, bytes) => {
                let at = place(at);
                data.splice(at..at, bytes.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = place(at);
                data.drain(at..(at + count).min(length));
            }
            Self::Copy(to, from, count) => {
                let (to, from) = (place(to), from.index(other.len() + 1));
                data.splice(to..to, other[from..(from + count).min(other.len())].iter().copied());
            }
            Self::Cut(at) => data.truncate(place(at)),
        }
    }
}

/// Every seed as it is, then damaged ones; `share` of the usual number where a case takes long.
fn drive(target: &str, run: fn(&[u8]), share: u32) {
    let seeds = seeds(target);
    seeds.iter().for_each(|seed| run(seed));
    let damaged = (select(seeds.to_vec()), any::<Index>(), vec(damage(), 1..6));
    let config = Config { cases: number_of_cases().div_ceil(share), failure_persistence: None, ..Config::default() };
    let driven = TestRunner::new(config).run(&damaged, |(mut data, other, damages)| {
        let other = &seeds[other.index(seeds.len())];
        damages.iter().for_each(|damage| damage.apply(&mut data, other));
        run(&data);
        Ok(())
    });
    if let Err(failure) = driven {
        panic!("{target}: {failure}");
    }
}

#[test]
fn bytes_as_a_message() {
    drive("message", core::message, 1);
}

#[test]
fn bytes_as_frames() {
    drive("framing", core::framing, 1);
}

#[test]
fn bytes_as_messages_of_hostile_sessions() {
    drive("relay", core::relay, 1);
}

#[test]
fn bytes_as_events_of_the_hub() {
    drive("rules", core::rules, 8);
}

#[test]
fn bytes_as_files_of_the_configuration() {
    drive("config", super::config, 2);
}

#[test]
fn bytes_as_what_a_peer_shows() {
    drive("credentials", super::credentials, 1);
}

#[test]
fn bytes_at_the_door_of_http() {
    drive("upgrade", super::upgrade, 2);
}

#[test]
fn bytes_at_the_door_of_quic() {
    drive("hello", super::hello, 2);
}

/// The runtime catches what its tasks throw: the stage notices all the same.
#[test]
#[should_panic(expected = "the gateway has panicked")]
fn a_panic_of_a_task_is_noticed() {
    super::doors::on_stage(async |_| {
        tokio::spawn(async { panic!("found") }).await.expect_err("it has panicked");
    });
}
