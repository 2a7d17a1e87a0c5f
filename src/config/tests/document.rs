//! The documented file: it holds every key and says the defaults.

use std::fs;
use std::path::Path;

use super::super::{Config, ServeArgs, issuer, listener};
use super::Places;

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pixelgate.toml")).unwrap()
}

fn documents(text: &str, key: &str) -> bool {
    text.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = ")))
}

#[test]
fn it_says_the_defaults() {
    assert_eq!(Places::new().file(&document()).config(), Config::default());
}

#[test]
fn it_holds_every_key() {
    let text = document();
    for key in ServeArgs::keys().into_iter().filter(|key| *key != "config").chain(listener::KEYS).chain(issuer::KEYS) {
        assert!(documents(&text, key), "{key}");
    }
}

#[test]
fn what_it_shows_of_listeners_can_be_used() {
    let text = document();
    let table = text.lines().skip_while(|line| *line != "# [[listener]]").take_while(|line| !line.is_empty());
    let table: Vec<_> =
        table.map(|line| line.trim_start_matches("# ")).filter(|line| !line.starts_with("roles")).collect();
    let config = Places::new().file(&table.join("\n")).config();
    assert_eq!(config.listener("world").unwrap().path_prefix, "/pixelstream");
}

#[test]
fn what_changes_live_is_marked() {
    let text = document();
    let marked = |key: &str| {
        let line = text.lines().find(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = "))).unwrap();
        line.ends_with("Live") || line.ends_with("Live\r")
    };
    for key in ServeArgs::keys().into_iter().filter(|key| *key != "config") {
        let live = super::super::LIVE.contains(&key) || ["cert", "key"].contains(&key);
        assert_eq!(marked(key), live, "{key}");
    }
}
