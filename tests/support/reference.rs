//! A reference server's replacement as a process: its listeners, peers and pages.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]

use std::net::SocketAddr;

use pixelgate::client::{Client, Options, Trust};
use pixelgate::wire::Role;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::binary::{Binary, Start};
use super::{Peer, within};

/// A process that listens, and where.
pub struct Reference {
    pub binary: Binary,
    pub announced: Value,
}

impl Reference {
    pub fn with(server: &str, args: &[&str]) -> Self {
        Self::start(Start::reference(server, args))
    }

    pub fn start(start: Start) -> Self {
        let mut binary = start.spawn();
        let announced = binary.announcement();
        Self { binary, announced }
    }

    pub fn at(&self, listener: &str) -> SocketAddr {
        self.announced[listener].as_str().expect("it listens").parse().expect("an address")
    }

    pub async fn peer(&self, url: String, role: Role) -> Peer {
        let options = Options { trust: Trust::DangerousAcceptAny, ..Options::default() };
        let client = Client::new(options).expect("the options are good");
        Peer::connect(&client, &url, role).await
    }

    pub async fn player(&self) -> Peer {
        self.peer(format!("ws://{}/", self.at("http")), Role::Player).await
    }

    pub async fn streamer(&self, id: &str) -> Peer {
        let mut streamer = self.peer(format!("ws://{}/", self.at("streamer")), Role::Streamer).await;
        streamer.hears("identify").await;
        streamer.hears("config").await;
        streamer.says(json!({"type": "endpointId", "id": id})).await;
        streamer.hears_exactly(json!({"type": "endpointIdConfirm", "committedId": id})).await;
        streamer
    }

    /// The whole answer to a request with these headers besides, over TLS where the listener speaks it.
    pub async fn asks(&self, listener: &str, request: &str, headers: &str) -> String {
        let addr = self.at(listener);
        let host = if headers.contains("Host: ") { String::new() } else { format!("Host: {addr}\r\n") };
        let text = format!("{request} HTTP/1.1\r\n{host}{headers}Connection: close\r\n\r\n");
        let asking = async {
            let mut tcp = TcpStream::connect(addr).await.expect("it listens");
            let mut answer = Vec::new();
            if listener == "https" {
                let mut tls = super::raw::secured(tcp).await;
                tls.write_all(text.as_bytes()).await.expect("it reads");
                // It may end without a farewell of TLS.
                let _ = tls.read_to_end(&mut answer).await;
            } else {
                tcp.write_all(text.as_bytes()).await.expect("it reads");
                tcp.read_to_end(&mut answer).await.expect("an answer");
            }
            String::from_utf8_lossy(&answer).into_owned()
        };
        within(request, asking).await
    }

    pub async fn over(self) -> String {
        self.binary.signal("TERM");
        let binary = self.binary;
        let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
        assert_eq!(over.status.code(), Some(0), "{over:?}");
        over.stderr
    }
}

pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

pub fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, v)| v)
}
