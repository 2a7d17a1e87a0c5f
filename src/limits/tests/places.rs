use std::sync::Arc;

use super::super::Places;

#[test]
fn each_has_so_many_places_and_gets_them_back() {
    let places = Arc::new(Places::<&str>::default());
    let mut a: Vec<_> = (0..3).map(|_| places.take("a", Some(3)).unwrap()).collect();
    assert!(places.take("a", Some(3)).is_none());
    let b = places.take("b", Some(1)).unwrap();
    assert_eq!((places.taken(&"a"), places.taken(&"b"), places.keys()), (3, 1, 2));
    drop(a.pop());
    a.push(places.take("a", Some(3)).unwrap());
    drop((a, b));
    assert_eq!((places.taken(&"a"), places.keys()), (0, 0));
}

#[test]
fn without_a_limit_they_are_counted_still() {
    let places = Arc::new(Places::<u32>::default());
    let held: Vec<_> = (0..10_000).map(|at| places.take(at % 100, None).unwrap()).collect();
    assert_eq!((places.taken(&7), places.keys()), (100, 100));
    // The limit may come later.
    assert!(places.take(7, Some(100)).is_none() && places.take(7, Some(101)).is_some());
    drop(held);
    assert_eq!(places.keys(), 0);
}

#[test]
fn a_refusal_leaves_no_trace() {
    let places = Arc::new(Places::<u32>::default());
    assert!((0..1_000).all(|at| places.take(at, Some(0)).is_none()));
    assert_eq!(places.keys(), 0);
}
