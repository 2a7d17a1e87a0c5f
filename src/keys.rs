//! Keys on standard input (protocol.md §6, `stdin`): what is going on, and the end.
//!
//! A key counts as soon as the terminal passes it on; most do when Enter is pressed.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread;

use tokio_util::sync::CancellationToken;

use crate::router::Router;

/// What the keys are for.
const HELP: &str = "c  configuration\ni  numbers\ns  streamers\np  players\nh  this help\nq  quit\n";

/// Whom the keys act upon.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) router: Arc<Router>,
    /// Name and value of every option, without secrets.
    pub(crate) options: Vec<(String, String)>,
    /// Cancelled by `q`.
    pub(crate) quit: CancellationToken,
}

impl Keys {
    /// Obeys standard input until it ends. A thread of its own waits for it: nothing else can be told to stop waiting.
    pub(crate) fn obey(self) {
        thread::spawn(move || {
            for byte in io::stdin().lock().bytes() {
                let Ok(byte) = byte else { return };
                self.press(char::from(byte), &mut io::stdout().lock());
            }
        });
    }

    /// What one key does. A closed output is no reason to stop.
    fn press(&self, key: char, out: &mut dyn Write) {
        let said = match key {
            'q' | '\u{3}' => return self.quit.cancel(),
            'c' => self.options.iter().map(|(name, value)| format!("{name} = {value}\n")).collect(),
            'i' => self.numbers(),
            's' => listed("Streamer Ids", self.router.streamers().into_iter().map(|s| s.id.map(|id| id.to_string()))),
            'p' => listed("Player Ids", self.router.players().into_iter().map(|p| Some(p.id.to_string()))),
            'h' => HELP.to_owned(),
            key if key.is_whitespace() => return,
            key => format!("{key:?}: no such key; h lists them\n"),
        };
        let _ = out.write_all(said.as_bytes()).and_then(|()| out.flush());
    }

    fn numbers(&self) -> String {
        let (streamers, players) = (self.router.streamers().len(), self.router.players().len());
        format!("{streamers} streamers, {players} players, {} sessions\n", self.router.session_count())
    }
}

/// As the reference server lists them: a JSON array.
fn listed(what: &str, ids: impl Iterator<Item = Option<String>>) -> String {
    let ids: Vec<_> = ids.flatten().collect();
    format!("{what}: {}\n", serde_json::to_string(&ids).unwrap_or_default())
}
