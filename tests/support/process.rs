//! The gateway as its operators run it: the binary, in a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pixelgate::client::{Client, Options, Trust};
use pixelgate::wire::Role;
use serde_json::Value;

use super::{PATIENCE, Peer, Via, within};

/// A gateway in a process that ends with this.
pub struct Process {
    child: Child,
    announced: Value,
    _dir: tempfile::TempDir,
}

impl Process {
    pub async fn start(more: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let announce = dir.path().join("announced.json");
        let child = Command::new(env!("CARGO_BIN_EXE_pixelgate"))
            .args(["serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--log", "error"])
            .args(["--streamer", "off", "--sfu", "off", "--admin", "off", "--cert-dir"])
            .arg(dir.path())
            .arg("--announce")
            .arg(&announce)
            .args(more)
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let announced = within("the gateway to announce itself", announced(announce)).await;
        Self { child, announced, _dir: dir }
    }

    pub fn addr(&self, via: Via) -> SocketAddr {
        let key = match via {
            Via::Ws => "http",
            Via::Wss => "https",
            Via::WebTransport | Via::Quic => "quic",
        };
        self.announced[key].as_str().expect("the listener is on").parse().expect("an address")
    }

    pub async fn connect(&self, via: Via, role: Role) -> Peer {
        let scheme = match via {
            Via::Ws => "ws",
            Via::Wss => "wss",
            Via::WebTransport => "https",
            Via::Quic => "quic",
        };
        let options = Options { trust: Trust::DangerousAcceptAny, connect_timeout: PATIENCE, ..Options::default() };
        let client = Client::new(options).expect("the options are good");
        Peer::connect(&client, &format!("{scheme}://{}/{role}", self.addr(via)), role).await
    }

    /// The most memory that the process has had resident so far, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says so");
        line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it has ended already, which a test that asks something of it has noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn announced(path: PathBuf) -> Value {
    loop {
        if let Ok(line) = std::fs::read(&path) {
            return serde_json::from_slice(&line).expect("the file is put in place whole");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Makes sure that this process, and those that it starts, may open so many files.
#[cfg(unix)]
pub fn needs_descriptors(count: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < count) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum: limit.maximum });
        let why = "allow this user more open files (ulimit -Hn): every connection takes one";
        raised.unwrap_or_else(|error| panic!("{count} descriptors cannot be had ({error}; {limit:?}): {why}"));
    }
}

#[cfg(not(unix))]
pub fn needs_descriptors(_: u64) {}
