use std::fs;
use std::path::Path;

use super::*;
use crate::config::cli::{Command, parse};

fn start(path: &Path, text: &str) -> Start {
    fs::write(path, text).unwrap();
    let config = format!("--config={}", path.display());
    match parse(["pixelgate".to_owned(), "serve".to_owned(), config], &|_| None) {
        Ok(Command::Serve(start)) => *start,
        other => panic!("{other:?}"),
    }
}

/// What changes from one text of the file to another: at once, and after a restart.
fn between(old: &str, new: &str) -> [String; 2] {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gate.toml");
    let old = start(&path, old);
    fs::write(&path, new).unwrap();
    let Changes { live, restart } = Changes::between(&old, &old.again().unwrap());
    [live.join(" "), restart.join(" ")]
}

#[test]
fn what_can_change_at_once_and_what_needs_a_restart() {
    let cases = [
        ("", "", "", ""),
        ("max-players = 1", "max-players = 2", "max-players", ""),
        ("", "limits = 'off'\nlog = 'debug'\nhttp-rate = 1", "http-rate limits log", ""),
        ("allowed-origins = '*'", "console-messages = 'basic'", "allowed-origins console-messages", ""),
        ("", "peer-options = '{\"a\":1}'", "peer-options", ""),
        ("", "http = 'localhost:1'\ndialect = 'wilbur'", "", "http dialect"),
        ("", "[[listener]]\naddress = 'localhost:1'", "", "listener"),
        ("cors = true", "cors = true\ncors-allowed-origins = '*'", "cors-allowed-origins", ""),
        ("", "cors = true\ncors-allowed-origins = '*'", "", "cors cors-allowed-origins"),
    ];
    for (old, new, live, restart) in cases {
        assert_eq!(between(old, new), [live, restart], "{old} to {new}");
    }
}

#[test]
fn lines_that_moved_are_no_change() {
    let table = "[[listener]]\naddress = 'localhost:1'\n";
    assert_eq!(between(table, &format!("# more\n\n{table}")), ["", ""]);
}

#[tokio::test]
async fn a_file_that_changed_and_rests_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gate.toml");
    let start = start(&path, "");
    let mut watch = Watch::over(&start).unwrap();
    assert!(tokio::time::timeout(LOOK * 3, watch.next()).await.is_err(), "nothing has changed");
    fs::write(&path, "max-players = 1").unwrap();
    tokio::time::timeout(LOOK * 20, watch.next()).await.expect("it has");
    fs::remove_file(&path).unwrap();
    tokio::time::timeout(LOOK * 20, watch.next()).await.expect("it is gone");
    assert!(tokio::time::timeout(LOOK * 3, watch.next()).await.is_err(), "it was seen to be gone");
}
