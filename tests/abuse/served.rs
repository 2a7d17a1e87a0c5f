//! The gateway under attack: its binary, and what it says of itself.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::support::PATIENCE;
use super::support::binary::{Announced, Binary, Start};
use super::trial::Aim;

pub(crate) struct Served {
    binary: Binary,
    announced: Announced,
}

/// Sessions and connections of the good pair.
const PAIR: f64 = 2.0;

impl Served {
    /// Outside of the long form, who is gone without a word is missed sooner.
    pub(crate) fn start(long: bool) -> Self {
        let mut start = Start::serve().arg("--limits").arg("loopback").arg("--log").arg("warn");
        if !long {
            start = start.arg("--keepalive-interval").arg("1s").arg("--keepalive-timeout").arg("3s");
        }
        let mut binary = start.spawn();
        let announced = binary.announced();
        Self { binary, announced }
    }

    pub(crate) fn aim(&self) -> Aim {
        let Announced { http, https, quic, .. } = self.announced;
        Aim { http, https, quic, is_sink: false }
    }

    /// What is counted, by series.
    fn counts(&self) -> BTreeMap<String, f64> {
        let text = get(self.announced.admin, "/metrics").expect("the operators' listener answers, whatever comes");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| Some((line.rsplit_once(' ')?.0.to_owned(), line.rsplit_once(' ')?.1.parse().ok()?)))
            .collect()
    }

    /// Waits until the pair alone is left.
    pub(crate) fn is_left_alone_within(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let counts = self.counts();
            let (sessions, connections) = (sessions(&counts), counts["pixelgate_connections"]);
            if (sessions, connections) == (PAIR, PAIR) && counts["pixelgate_buffered_bytes"] == 0.0 {
                return;
            }
            assert!(Instant::now() < deadline, "{sessions} sessions and {connections} connections are left");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The pair has left.
    pub(crate) fn is_empty(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counts = self.counts();
            if sessions(&counts) == 0.0 && counts["pixelgate_connections"] == 0.0 {
                let total = |name: &str| sum(&counts, name);
                assert_eq!(total("pixelgate_sessions_opened_total"), total("pixelgate_sessions_closed_total"));
                return;
            }
            assert!(Instant::now() < deadline, "{} sessions are left", sessions(&counts));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whom it closed and refused, and why; the most frequent first.
    pub(crate) fn has_done(&self) -> String {
        let label = |series: &str, name: &str| {
            series
                .split_once(&format!("{name}=\""))
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(text, _)| text.to_owned())
        };
        let mut done: Vec<(f64, String)> = Vec::new();
        for (series, count) in self.counts().into_iter().filter(|(_, count)| *count > 0.0) {
            let words = if series.starts_with("pixelgate_connections_refused_total") {
                label(&series, "reason").map(|reason| format!("refused {reason}"))
            } else if series.starts_with("pixelgate_sessions_closed_total") && series.contains("by=\"gateway\"") {
                label(&series, "code").map(|code| format!("closed {code}"))
            } else if series.starts_with("pixelgate_session_limits_reached_total") {
                label(&series, "limit").map(|limit| format!("slowed by {limit}"))
            } else if series.starts_with("pixelgate_messages_dropped_total") {
                label(&series, "reason").map(|reason| format!("dropped {reason}"))
            } else {
                None
            };
            done.extend(words.map(|words| (count, words)));
        }
        done.sort_by(|a, b| b.0.total_cmp(&a.0));
        done.iter().take(4).map(|(count, words)| format!("{words} {count}")).collect::<Vec<_>>().join(", ")
    }

    /// Memory in RAM now, in bytes.
    pub(crate) fn resident(&self) -> usize {
        self.status("VmRSS:")
    }

    /// The most that it had.
    pub(crate) fn peak(&self) -> usize {
        self.status("VmHWM:")
    }

    /// 0 where the system does not say.
    fn status(&self, key: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.binary.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key).map(str::to_owned));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok()).unwrap_or(0) * 1024
    }

    /// It drains and ends, and has complained of nothing that is its own fault.
    pub(crate) fn ends_well(self) {
        self.binary.signal("TERM");
        let over = self.binary.over();
        assert!(over.status.success(), "{:?}\n{}", over.status, over.stderr);
        assert!(!over.stderr.contains("panicked"), "{}", over.stderr);
    }
}

fn sessions(counts: &BTreeMap<String, f64>) -> f64 {
    sum(counts, "pixelgate_sessions{")
}

fn sum(counts: &BTreeMap<String, f64>, name: &str) -> f64 {
    counts.iter().filter(|(series, _)| series.starts_with(name)).map(|(_, count)| count).sum()
}

fn get(addr: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut tcp = TcpStream::connect(addr)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.write_all(format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer)?;
    Ok(answer)
}
