//! The Prometheus text format 0.0.4, which every scraper and `promtool` reads.
//!
//! The registry writes OpenMetrics. The two differ in the names of counters' families (there without `_total`) and in
//! comments of its own, no more.

use std::fmt::Write;

/// What `/metrics` says that it is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// OpenMetrics in the older format.
pub(super) fn from_openmetrics(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len() + 1024);
    let mut help = None;
    for line in openmetrics.lines() {
        if let Some(family) = line.strip_prefix("# HELP ") {
            // Its name depends on the type, which comes next.
            help = family.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|family| family.split_once(' ')) {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, said)) = help.take() {
                push(&mut text, format_args!("# HELP {name}{suffix} {said}\n"));
            }
            push(&mut text, format_args!("# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with('#') {
            push(&mut text, format_args!("{line}\n"));
        }
    }
    text
}

/// A gauge that is known at the moment of asking.
pub(super) fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    push(
        text,
        format_args!("# HELP pixelgate_{name} {help}\n# TYPE pixelgate_{name} gauge\npixelgate_{name} {value}\n"),
    );
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing into a String does not fail.
    let _ = text.write_fmt(line);
}
