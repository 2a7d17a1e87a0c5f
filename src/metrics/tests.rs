//! Tests of what is counted and how it is written.

use std::collections::BTreeSet;

use super::process::{max_descriptors, resident};
use super::*;

const BOUNDS: histogram::Bounds = &[Duration::from_millis(1), Duration::from_millis(10)];

#[test]
fn counters_are_named_as_prometheus_reads_them() {
    let openmetrics = "# HELP a_b What.\n# TYPE a_b counter\na_b_total{c=\"# TYPE d counter\"} 1\n# HELP e_seconds How long.\n\
                       # TYPE e_seconds gauge\n# UNIT e_seconds seconds\ne_seconds 2\n# EOF\n";
    let expected = "# HELP a_b_total What.\n# TYPE a_b_total counter\na_b_total{c=\"# TYPE d counter\"} 1\n\
                    # HELP e_seconds How long.\n# TYPE e_seconds gauge\ne_seconds 2\n";
    assert_eq!(exposition::from_openmetrics(openmetrics), expected);
}

#[test]
fn durations_fall_into_their_buckets() {
    let mut registry = Registry::default();
    let histogram = histogram(&mut registry, "wait_seconds", "Waits", BOUNDS);
    // A bound is in its own bucket.
    for nanoseconds in [0, 1_000_000, 1_000_001, 9_000_000, 11_000_000, 60_000_000_000] {
        histogram.observe(Duration::from_nanos(nanoseconds));
    }
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for line in [
        "wait_seconds_sum 60.022000001",
        "wait_seconds_count 6",
        "wait_seconds_bucket{le=\"0.001\"} 2",
        "wait_seconds_bucket{le=\"0.01\"} 4",
        "wait_seconds_bucket{le=\"+Inf\"} 6",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert_eq!(histogram.count(), 6);
}

#[test]
fn buckets_rise() {
    for bounds in [LOCK, OUTBOX, HANDSHAKE] {
        assert!(bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
    }
}

#[test]
fn what_is_relayed_without_being_listed_is_counted_all_the_same() {
    let metrics = Metrics::default();
    metrics.relayed(Kind::Offer, 1, 10);
    metrics.relayed(Kind::Hello, 1, 7);
    let text = metrics.render(None);
    for line in [
        "pixelgate_messages_relayed_total{type=\"offer\"} 1",
        "pixelgate_relayed_bytes_total{type=\"offer\"} 10",
        "pixelgate_messages_relayed_total{type=\"other\"} 1",
        "pixelgate_relayed_bytes_total{type=\"other\"} 7",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
}

/// design.md §4: names, and labels that have few values.
#[test]
fn names_keep_the_rules() {
    let metrics = Metrics::default();
    metrics.closed(Role::Player, "ws", CloseCode(4999), "peer");
    metrics.refused("path");
    let text = metrics.render(Some(SystemTime::UNIX_EPOCH + Duration::from_secs(7)));
    let mut families = 0;
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|family| family.split_once(' ')) {
            families += 1;
            assert!(name.starts_with("pixelgate_"), "{name}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            assert!(kind != "histogram" || name.ends_with("_seconds"), "{name}");
        } else if let Some((_, labels)) = line.split_once('{').filter(|_| !line.starts_with('#')) {
            let names: BTreeSet<_> = labels
                .split_terminator("\",")
                .filter_map(|label| label.split_once('='))
                .map(|(name, _)| name)
                .collect();
            let few: BTreeSet<_> = [
                "role",
                "transport",
                "type",
                "reason",
                "outcome",
                "limit",
                "code",
                "by",
                "kind",
                "le",
                "version",
                "os",
                "arch",
            ]
            .into();
            assert!(names.is_subset(&few), "{line}");
        }
    }
    assert!(families > 15, "{text}");
    assert!(
        text.contains("pixelgate_sessions_closed_total{code=\"0\",by=\"peer\"} 1"),
        "a code of the peer's choosing"
    );
    assert!(text.contains("pixelgate_certificate_expiry_timestamp_seconds 7\n"), "{text}");
    assert!(!text.contains("# EOF"), "that is OpenMetrics");
}

#[test]
fn without_a_certificate_there_is_no_expiry() {
    assert!(!Metrics::default().render(None).contains("certificate"));
}

#[test]
fn what_linux_says_of_a_process() {
    assert_eq!(resident("VmPeak:\t  99 kB\nVmRSS:\t   1234 kB\n"), Some(1234 * 1024));
    assert_eq!(resident("Name:\tpixelgate\n"), None);
    let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                  Max processes             7                    8                    processes\n\
                  Max open files            1024                 524288               files\n";
    assert_eq!(max_descriptors(limits), Some(1024));
    assert_eq!(max_descriptors("Max open files            unlimited  unlimited  files\n"), None);
}

#[cfg(target_os = "linux")]
#[test]
fn this_process_is_seen() {
    let before = Process::now();
    assert!(before.resident.unwrap() > 1 << 20, "{before:?}");
    assert!(before.max_descriptors >= before.open_descriptors, "{before:?}");
    let files: Vec<_> = (0..200).map(|_| std::fs::File::open("/proc/self/status").unwrap()).collect();
    let after = Process::now();
    drop(files);
    // Other tests of this process open and close files meanwhile.
    assert!(after.open_descriptors.unwrap() >= before.open_descriptors.unwrap() + 100, "{before:?} {after:?}");
}
