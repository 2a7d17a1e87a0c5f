//! Tests of the names against a plain set, and of what a registration costs, counted in ranges.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Names, Numbers, splits};
use crate::hub::Scope;
use crate::id::{SessionId, StreamerId};

const HOLDER: SessionId = SessionId(1);

fn id(id: &str) -> StreamerId {
    StreamerId::new(id)
}

fn give(names: &mut Names, wanted: &str) -> String {
    give_within(names, wanted, &Scope::ANY).expect("every id is allowed")
}

fn give_within(names: &mut Names, wanted: &str, scope: &Scope) -> Option<String> {
    let free = names.free(&id(wanted), scope)?;
    names.hold(free.clone(), HOLDER);
    Some(free.to_string())
}

/// The rule as it is written: the wanted id, or the lowest free number of `from` and above appended.
fn naive(held: &BTreeSet<String>, name: &str, from: u64) -> String {
    (from..).map(|n| format!("{name}{n}")).find(|id| !held.contains(id)).expect("there are enough numbers")
}

#[derive(Clone, Debug)]
enum Deed {
    Give(String),
    GiveNumbered(String),
    Release(prop::sample::Index),
}

/// Names that run into each other: few letters, many digits, leading zeros, nothing but digits.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[ab]{0,2}[0-2]{0,3}", 1 => "a0{0,2}[0-9]{0,11}"]
        .prop_filter("an id is not empty", |id| !id.is_empty())
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => name().prop_map(Deed::Give),
        1 => name().prop_map(Deed::GiveNumbered),
        3 => any::<prop::sample::Index>().prop_map(Deed::Release),
    ]
}

proptest! {
    /// protocol.md §5.1, whatever comes and goes: ids are unique, and the lowest free number is given.
    #[test]
    fn names_agree_with_a_plain_set(deeds in prop::collection::vec(deed(), 0..200)) {
        let (mut names, mut held) = (Names::default(), BTreeSet::new());
        for deed in deeds {
            match deed {
                Deed::Give(wanted) => {
                    let expected = if held.contains(&wanted) { naive(&held, &wanted, 1) } else { wanted.clone() };
                    prop_assert_eq!(give(&mut names, &wanted), expected.clone());
                    prop_assert!(held.insert(expected));
                }
                Deed::GiveNumbered(name) => {
                    let expected = naive(&held, &name, 0);
                    let free = names.numbered(&name, 0, &Scope::ANY).expect("every id is allowed");
                    prop_assert_eq!(free.as_str(), &expected);
                    names.hold(free, HOLDER);
                    prop_assert!(held.insert(expected));
                }
                Deed::Release(which) if !held.is_empty() => {
                    let gone = held.iter().nth(which.index(held.len())).cloned().expect("it is there");
                    names.release(&id(&gone));
                    held.remove(&gone);
                }
                Deed::Release(_) => {}
            }
            prop_assert_eq!(names.holders.len(), held.len());
            prop_assert!(held.iter().all(|id| names.holder(id) == Some(HOLDER)));
        }
        for gone in held {
            names.release(&id(&gone));
        }
        prop_assert!(names.is_empty());
    }

    /// Within a scope it is the lowest number that the scope allows, or nothing: as if one tried them all.
    #[test]
    fn a_scope_chooses_among_the_free_numbers(
        held in prop::collection::btree_set("a[0-2]{0,3}", 0..40),
        patterns in prop::collection::vec("a?[0-3]{0,2}[*]?", 0..4),
        name in "a[0-2]?",
        from in 0..2_u64,
    ) {
        let (mut names, scope) = (Names::default(), Scope::of(&patterns).expect("so many patterns are allowed"));
        held.iter().for_each(|taken| names.hold(id(taken), HOLDER));
        let fits = |id: &String| !held.contains(id) && scope.allows(id);
        let expected = (from..10_000).map(|number| format!("{name}{number}")).find(fits);
        prop_assert_eq!(names.numbered(&name, from, &scope).map(|free| free.to_string()), expected);
    }

    /// The ranges are those of the numbers, and none touches the next.
    #[test]
    fn numbers_agree_with_a_plain_set(deeds in prop::collection::vec((any::<bool>(), 0..30_u64), 0..100)) {
        let (mut numbers, mut plain) = (Numbers::default(), BTreeSet::new());
        for (insert, number) in deeds {
            if insert {
                numbers.insert(number);
                plain.insert(number);
            } else {
                numbers.remove(number);
                plain.remove(&number);
            }
            let spread: BTreeSet<u64> = numbers.0.iter().flat_map(|(&first, &last)| first..=last).collect();
            prop_assert_eq!(&spread, &plain);
            let edges: Vec<(u64, u64)> = numbers.0.iter().map(|(&first, &last)| (first, last)).collect();
            prop_assert!(edges.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{edges:?}");
            for from in 0..32 {
                prop_assert_eq!(Some(numbers.lowest_free(from)), (from..).find(|number| !plain.contains(number)));
            }
        }
    }
}

/// protocol.md §5.1, "O(log n) or better however many streamers share the name": 20,000 of them are one range, so the
/// next number is one step in a tree of one.
#[test]
fn many_of_one_name_are_one_range() {
    let mut names = Names::default();
    for n in 0..20_000 {
        let expected = if n == 0 { "Foo".into() } else { format!("Foo{n}") };
        assert_eq!(give(&mut names, "Foo"), expected);
    }
    let foo = &names.numbers["Foo"].0;
    assert_eq!(foo.iter().collect::<Vec<_>>(), [(&1, &19_999)]);
}

/// Whatever the scope, as many steps as it has ranges for the name: at most nine of each pattern.
#[test]
fn a_scope_is_no_reason_to_try_every_number() {
    let mut names = Names::default();
    for _ in 0..20_000 {
        give(&mut names, "Foo");
    }
    let ranges = |patterns: &[&str]| Scope::of(patterns).unwrap().numbers("Foo").collect::<Vec<_>>();
    assert_eq!(Scope::ANY.numbers("Foo").count(), 1);
    assert_eq!(ranges(&["F*", "Foo", "Foo07", "Foo7x", "Bar1"]), [0..=u64::MAX]);
    assert_eq!(ranges(&["Foo12", "Foo0*", "Foo123456789*"]), [12..=12, 0..=0, 123_456_789..=123_456_789]);
    assert_eq!(ranges(&["Foo1234567890", "Foo1234567890*"]), []);
    assert_eq!(ranges(&["Foo1*"])[..3], [1..=1, 10..=19, 100..=199]);
    assert_eq!(ranges(&["Foo1*"]).last().unwrap(), &(100_000_000..=199_999_999));
    for (patterns, given) in [(&["Foo"][..], None), (&["Foo", "Foo19999"], None), (&["Foo", "Foo3*"], Some("Foo30000"))]
    {
        let given = given.map(str::to_owned);
        assert_eq!(give_within(&mut names, "Foo", &Scope::of(patterns).unwrap()), given, "{patterns:?}");
    }
    assert_eq!(give_within(&mut names, "Foo", &Scope::of(&["Foo20001", "Foo20000"]).unwrap()).unwrap(), "Foo20000");
}

/// The same with holes in it: as many ranges as holes, and each is found from the front.
#[test]
fn holes_are_ranges_and_are_filled_from_the_front() {
    let mut names = Names::default();
    for _ in 0..=10_000 {
        give(&mut names, "Foo");
    }
    for n in (2..10_000).step_by(2) {
        names.release(&id(&format!("Foo{n}")));
    }
    assert_eq!(names.numbers["Foo"].0.len(), 5_000);
    assert_eq!(give(&mut names, "Foo"), "Foo2");
    assert_eq!(give(&mut names, "Foo"), "Foo4");
    assert_eq!(names.numbers["Foo"].0.len(), 4_998);
}

/// An id occupies a place under at most nine names, whatever is in it.
#[test]
fn an_id_is_read_in_at_most_nine_ways() {
    let read = |id: &str| splits(id).map(|(name, number)| (name.to_owned(), number)).collect::<Vec<_>>();
    assert_eq!(read("Foo12"), [("Foo1".into(), 2), ("Foo".into(), 12)]);
    assert_eq!(read("Foo"), []);
    assert_eq!(read("7"), []);
    assert_eq!(read("Foo007"), [("Foo00".into(), 7)]);
    assert_eq!(read("Foo0"), [("Foo".into(), 0)]);
    assert_eq!(read("ü1"), [("ü".into(), 1)]);
    assert_eq!(read(&"1".repeat(128)).len(), 9);
}

/// A number of ten digits and more that somebody asked for is never handed out, and in nobody's way.
#[test]
fn huge_numbers_are_names() {
    let mut names = Names::default();
    for wanted in ["Foo", "Foo18446744073709551616", "Foo9999999999"] {
        assert_eq!(give(&mut names, wanted), wanted);
    }
    assert_eq!(give(&mut names, "Foo"), "Foo1");
    assert_eq!(give(&mut names, "Foo9999999999"), "Foo99999999991");
}
