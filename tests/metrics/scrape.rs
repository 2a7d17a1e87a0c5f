//! A scrape of `/metrics`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Lab, get, within};

/// Every series with its value.
#[derive(Debug)]
pub(crate) struct Scrape {
    families: BTreeSet<String>,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    pub(crate) async fn of(lab: &Lab) -> Self {
        Self::at(admin(lab)).await
    }

    async fn at(admin: SocketAddr) -> Self {
        let text = get(admin, "/metrics").await;
        let (mut families, mut series) = (BTreeSet::new(), BTreeMap::new());
        for line in text.lines() {
            if let Some((name, _)) = line.strip_prefix("# TYPE ").and_then(|family| family.split_once(' ')) {
                assert!(families.insert(name.to_owned()), "{name} is there twice");
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').expect("a name and a value");
                let before = series.insert(name.to_owned(), value.parse().expect("a number"));
                assert_eq!(before, None, "{name} is there twice");
            }
        }
        Self { families, series }
    }

    /// Scrapes until a series has that value: what a session's end counts comes after its close. More than that is a
    /// failure at once.
    pub(crate) async fn until(lab: &Lab, series: &str, expected: f64) -> Self {
        Self::until_at(admin(lab), series, expected).await
    }

    pub(crate) async fn until_at(admin: SocketAddr, series: &str, expected: f64) -> Self {
        let scraping = async {
            loop {
                let scrape = Self::at(admin).await;
                let value = scrape.value(series);
                assert!(value <= expected, "{series} is {value}, not {expected}");
                if value == expected {
                    return scrape;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within(&format!("{series} to be {expected}"), scraping).await
    }

    /// 0 for a series that is not there yet.
    pub(crate) fn value(&self, series: &str) -> f64 {
        self.series.get(series).copied().unwrap_or(0.0)
    }

    pub(crate) fn families(&self) -> BTreeSet<String> {
        self.families.clone()
    }

    /// Every series of a family.
    pub(crate) fn series(&self, family: &str) -> impl Iterator<Item = (&str, f64)> {
        self.series
            .iter()
            .filter(move |(name, _)| name.starts_with(family))
            .map(|(name, value)| (name.as_str(), *value))
    }
}

pub(crate) fn admin(lab: &Lab) -> SocketAddr {
    lab.gateway().bound().admin.expect("the listener is on")
}

/// An answer's status and body.
pub(crate) async fn status_of(addr: SocketAddr, request: &str) -> (u16, String) {
    let mut tcp = TcpStream::connect(addr).await.expect("the listener is there");
    let head = format!("{request} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    tcp.write_all(head.as_bytes()).await.expect("the request is taken");
    let mut answer = String::new();
    within(request, tcp.read_to_string(&mut answer)).await.expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), body.to_owned())
}
