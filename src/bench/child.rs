//! Child processes: the gateway that is measured, and the yardstick. Each says in one line where it listens, and ends
//! with the generator.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

use serde::Deserialize;

use super::error::Failure;
use super::limit::Yardsticks;
use crate::config::Via;

/// A process, killed when it is dropped.
pub(super) struct Child {
    process: process::Child,
    pub(super) pid: u32,
    /// A folder that goes with it.
    folder: Option<PathBuf>,
}

impl Drop for Child {
    fn drop(&mut self) {
        // Errors mean that it has ended, and that there is no folder.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = self.folder.as_ref().map(std::fs::remove_dir_all);
    }
}

impl Child {
    /// Starts it and waits for its line.
    fn start<A: AsRef<OsStr>>(
        what: &'static str,
        binary: Option<&Path>,
        args: impl IntoIterator<Item = A>,
        stderr: Stdio,
    ) -> Result<(Self, String), Failure> {
        let fail = |why: String| Failure::Child { what, why };
        let own = std::env::current_exe().map_err(|error| fail(error.to_string()))?;
        let mut command = Command::new(binary.unwrap_or(&own));
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut process = command.spawn().map_err(|error| fail(error.to_string()))?;
        let stdout = process.stdout.take();
        let child = Self { pid: process.id(), process, folder: None };
        let mut line = String::new();
        let read = stdout.map(|stdout| BufReader::new(stdout).read_line(&mut line));
        match read {
            Some(Ok(1..)) => Ok((child, line)),
            _ => Err(fail("it ended without saying where it listens".into())),
        }
    }
}

/// A gateway of the generator's own.
pub(super) struct Gateway {
    pub(super) child: Child,
    announced: Announced,
}

#[derive(Deserialize)]
struct Announced {
    http: std::net::SocketAddr,
    https: std::net::SocketAddr,
    quic: std::net::SocketAddr,
    certificate_hashes: Vec<String>,
}

impl Gateway {
    pub(super) fn start(binary: Option<&Path>) -> Result<Self, Failure> {
        const WHAT: &str = "the gateway";
        let folder = std::env::temp_dir().join(format!("pixelgate-bench-{}", process::id()));
        let certs = folder.join("certs");
        let mut args: Vec<&OsStr> =
            ["serve", "--limits", "off", "--log", "error", "--announce", "-"].map(OsStr::new).into();
        for listener in ["--http", "--https", "--admin"] {
            args.extend([listener, "127.0.0.1:0"].map(OsStr::new));
        }
        args.extend(["--streamer", "off", "--sfu", "off", "--cert-dir"].map(OsStr::new));
        args.push(certs.as_os_str());
        let fail = |why: String| Failure::Child { what: WHAT, why };
        std::fs::create_dir_all(&folder).map_err(|error| fail(format!("{}: {error}", folder.display())))?;
        // It greets at length, which is read only when it does not start.
        let said = folder.join("said");
        let stderr = File::create(&said).map_err(|error| fail(format!("{}: {error}", said.display())))?;
        let started = Child::start(WHAT, binary, args, stderr.into());
        let why = std::fs::read_to_string(&said).unwrap_or_default();
        let (mut child, line) = started.map_err(|_| fail(why))?;
        child.folder = Some(folder);
        let announced = serde_json::from_str(&line).map_err(|error| fail(error.to_string()))?;
        Ok(Self { child, announced })
    }

    pub(super) fn url(&self, via: Via, role: &str) -> Result<http::Uri, Failure> {
        let Announced { http, https, quic, .. } = self.announced;
        let (scheme, addr) = match via {
            Via::Ws => ("ws", http),
            Via::Wss => ("wss", https),
            Via::WebTransport => ("https", quic),
            Via::Quic => ("quic", quic),
        };
        let url = format!("{scheme}://{addr}/{role}").parse();
        url.map_err(|_| Failure::Child { what: "the gateway", why: "it says no address".into() })
    }

    pub(super) fn hashes(&self) -> Vec<[u8; 32]> {
        self.announced.certificate_hashes.iter().filter_map(|hash| hash_of(hash)).collect()
    }
}

/// The yardstick.
pub(super) struct Limit {
    pub(super) child: Child,
    pub(super) yardsticks: Yardsticks,
}

impl Limit {
    pub(super) fn start() -> Result<Self, Failure> {
        let (child, line) = Child::start("the limit", None, ["bench", "limit-server"], Stdio::inherit())?;
        let read = serde_json::from_str(&line);
        let yardsticks = read.map_err(|error| Failure::Child { what: "the limit", why: error.to_string() })?;
        Ok(Self { child, yardsticks })
    }

    pub(super) fn hashes(&self) -> Vec<[u8; 32]> {
        hash_of(&self.yardsticks.hash).into_iter().collect()
    }
}

fn hash_of(hex: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    for (nth, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * nth..2 * nth + 2)?, 16).ok()?;
    }
    Some(hash)
}
