//! Numbers that a gateway shows of itself, and tables of them for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::{env, fs};

use super::support::get;

/// The number that this variable holds; `None` without one: the short form.
pub(crate) fn asked(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}

/// A scrape of `/metrics`.
pub(crate) struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    pub(crate) async fn at(admin: SocketAddr) -> Self {
        let text = get(admin, "/metrics").await;
        let series = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        });
        Self(series.collect())
    }

    /// The sum of a family over its labels.
    pub(crate) fn sum(&self, family: &str) -> u64 {
        let family = format!("pixelgate_{family}");
        let of_family =
            |name: &str| name.strip_prefix(&family).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'));
        let sum: f64 = self.0.iter().filter(|(name, _)| of_family(name)).map(|(_, value)| value).sum();
        sum as u64
    }
}

/// A table in Markdown, right-aligned for numbers.
pub(crate) struct Table {
    text: String,
}

impl Table {
    pub(crate) fn new(columns: &[&str]) -> Self {
        let mut table = Self { text: String::new() };
        table.row(columns);
        table.row(&columns.iter().map(|_| "---:").collect::<Vec<_>>());
        table
    }

    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: &[S]) {
        let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
        writeln!(self.text, "| {} |", cells.join(" | ")).expect("writing to a string");
    }

    /// Shows it with a title and what is to be said of it, and keeps that as `target/long/NAME.md`.
    pub(crate) fn publish(&self, name: &str, title: &str, notes: &str) {
        let text = format!("# {title}\n\n{}\n{notes}\n", self.text);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/long");
        fs::create_dir_all(&folder).expect("room");
        fs::write(folder.join(format!("{name}.md")), &text).expect("room");
        show(&text);
    }
}

#[allow(clippy::print_stdout, reason = "the tables of long runs are for whoever runs them")]
pub(crate) fn show(text: &str) {
    println!("{text}");
}
