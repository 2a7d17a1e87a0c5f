use super::*;

#[test]
fn the_median_counts_and_the_spread_is_kept() {
    let mut outcome = Outcome::new("relay", []);
    for value in [3.0, 1.0, 1_234_567.0, 2.0] {
        outcome.add("sent", value);
    }
    let figure = &outcome.figures["sent"];
    assert_eq!((figure.median, figure.min, figure.max), (2.5, 1.0, 1_234_570.0));
    assert_eq!(figure.rounds, [3.0, 1.0, 1_234_570.0, 2.0]);
}

#[test]
fn ratios_are_those_of_the_same_round() {
    let mut outcome = Outcome::new("relay", []);
    for (server, limit) in [(1.0, 2.0), (9.0, 3.0), (4.0, 4.0)] {
        let figures = |value| BTreeMap::from([("messages_per_s", value), ("lost", value)]);
        outcome.add_against(&figures(server), &figures(limit));
    }
    assert_eq!(outcome.figures["ratio_messages_per_s"].rounds, [0.5, 3.0, 1.0]);
    assert_eq!(outcome.median("limit_messages_per_s"), Some(3.0));
    assert_eq!(outcome.median("ratio_lost"), None, "a count is no measure");
}

#[test]
fn a_busy_generator_says_so() {
    let noted = |cores| {
        let mut outcome = Outcome::new("relay", []);
        outcome.add("generator_cores", cores);
        outcome.concluded().notes.iter().any(|note| note.contains("may be the bottleneck"))
    };
    assert!(noted(1.02) && !noted(0.5));
}
