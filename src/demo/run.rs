//! `pixelgate test-streamer` and `pixelgate demo`: from a configuration to a process that runs and ends in order.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::{Standing, Studio, TestStreamer};
use crate::client::{Client, ConnectError, Fault, Options, Trust};
use crate::config::cli::Exit;
use crate::config::{self, Config, DemoConfig, ListenAddr, Listener, Serving, TestStreamerConfig};
use crate::gateway::Gateway;
use crate::serve::{announce, print, start, stop_signal};
use crate::telemetry;
use crate::wire::Role;

#[cfg(test)]
mod tests;

/// Runs a test streamer until it is told to stop by a signal.
///
/// # Errors
/// What keeps it from streaming, as the process's last words.
pub fn test_streamer(config: &TestStreamerConfig) -> Result<(), Exit> {
    telemetry::start(&config.log, config.log_format).map_err(Exit::failure)?;
    runtime()?.block_on(async {
        let stop = stop_signal().map_err(Exit::failure)?;
        let options = Options { token: config.token.clone(), trust: trust(&config.trust), ..Options::default() };
        let client = Client::new(options).map_err(refusal)?;
        let studio = Studio::start(config.stream, &config.id).map_err(Exit::failure)?;
        let streamer = TestStreamer::new(client, url(&config.url), &config.id, studio);
        let stopped = CancellationToken::new();
        let stopping = stopped.clone();
        tokio::spawn(async move {
            stop.await;
            stopping.cancel();
        });
        streamer.run(stopped).await.map_err(refusal)
    })
}

/// Runs a gateway with test streamers until it is told to stop by a signal.
///
/// # Errors
/// What keeps it from running, as the process's last words.
pub fn demo(config: &DemoConfig) -> Result<(), Exit> {
    telemetry::start(&config.gateway.log, config.gateway.log_format).map_err(Exit::failure)?;
    runtime()?.block_on(async {
        let stop = stop_signal().map_err(Exit::failure)?;
        let gateway = start(&config.gateway)?;
        let streamers = Streamers::start(config, &gateway).await?;
        print(&config.gateway, &Welcome::of(config, &gateway));
        announce(&config.gateway, &gateway)?;
        stop.await;
        streamers.stop().await;
        gateway.stop().await;
        Ok(())
    })
}

/// The test streamers of a demo.
#[derive(Debug)]
struct Streamers {
    tasks: JoinSet<Result<(), ConnectError>>,
    stop: CancellationToken,
}

impl Streamers {
    /// Starts them, and waits until they stream: who opens the page at once finds them.
    async fn start(config: &DemoConfig, gateway: &Gateway) -> Result<Self, Exit> {
        let url = streamer_url(&config.gateway, gateway)
            .ok_or_else(|| Exit::config("no listener takes streamers; leave --streamer or --http as it is"))?;
        let hashes = gateway.certificates().map(|certificates| certificates.published_hashes()).unwrap_or_default();
        let trust = Trust::Hashes(hashes.into_iter().map(Into::into).collect());
        let token = own_token(&config.gateway);
        let client = Client::new(Options { trust, token, ..Options::default() }).map_err(refusal)?;
        let mut streamers = Self { tasks: JoinSet::new(), stop: CancellationToken::new() };
        for number in 1..=config.streamers {
            let id = if number == 1 { "TestStreamer".to_owned() } else { format!("TestStreamer{number}") };
            let studio = Studio::start(config.stream, &id).map_err(Exit::failure)?;
            let streamer = TestStreamer::new(client.clone(), &url, id, studio);
            let mut standing = streamer.standing();
            let running = streamers.tasks.spawn(streamer.run(streamers.stop.clone()));
            let streams = standing.wait_for(|standing| matches!(standing, Standing::Streaming(_)));
            if streams.await.is_err() {
                running.abort();
                return Err(streamers.failure().await);
            }
        }
        Ok(streamers)
    }

    /// Why one of them ended by itself.
    async fn failure(mut self) -> Exit {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => Exit::failure(error),
            _ => Exit::failure("the test streamer ended"),
        }
    }

    async fn stop(mut self) {
        self.stop.cancel();
        while let Some(done) = self.tasks.join_next().await {
            if let Ok(Err(error)) = done {
                error!(%error, "a test streamer had ended");
            }
        }
    }
}

/// What a person reads: the page to open.
struct Welcome {
    page: Option<String>,
    streamers: u32,
}

impl Welcome {
    fn of(config: &DemoConfig, gateway: &Gateway) -> Self {
        let (bound, gateway) = (gateway.bound(), &config.gateway);
        let page = |tls: bool, scheme: &str| {
            let listener = gateway.listeners.iter().find(|listener| listener.pages && listener.tls == tls)?;
            let addr = bound.of(&listener.name)?;
            Some(format!("{scheme}://{}{}/", named(listener.addr, addr), listener.path_prefix))
        };
        let http = page(false, "http");
        let https = || page(true, "https");
        Self { page: http.or_else(https), streamers: config.streamers }
    }
}

impl fmt::Display for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.streamers == 1 { "A test streamer is" } else { "Test streamers are" };
        write!(f, "pixelgate {} demo\n\n", env!("CARGO_PKG_VERSION"))?;
        match &self.page {
            Some(page) => write!(f, "{what} streaming. Open\n\n  {page}\n\nCtrl-C ends it.\n"),
            None => writeln!(f, "{what} streaming, but --http and --https are off: there is no page to open."),
        }
    }
}

/// What the gateway in this process asks of its streamers, where that can be known.
fn own_token(config: &Config) -> Option<String> {
    config.auth.token(Role::Streamer).map(|token| token.as_str().to_owned())
}

/// Where the gateway in this process takes streamers.
fn streamer_url(config: &Config, gateway: &Gateway) -> Option<String> {
    let url = |listener: &Listener| {
        let addr = reachable(gateway.bound().of(&listener.name)?);
        let scheme = if listener.tls { "wss" } else { "ws" };
        let path = if matches!(listener.serving, Serving::Legacy(_)) { "/" } else { "/streamer" };
        Some(format!("{scheme}://{addr}{}{path}", listener.path_prefix))
    };
    let mut taking: Vec<_> =
        config.listeners.iter().filter(|listener| listener.serving.takes(Role::Streamer)).collect();
    taking.sort_by_key(|listener| (listener.tls, matches!(listener.serving, Serving::Unified(_))));
    taking.into_iter().find_map(url)
}

/// An address of this machine where one that listens everywhere is reached.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = if addr.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { addr.ip() };
    SocketAddr::new(ip, addr.port())
}

/// Host and port as a person on this machine opens them.
fn named(listen: ListenAddr, bound: SocketAddr) -> String {
    match listen {
        ListenAddr::Localhost(_) => format!("localhost:{}", bound.port()),
        _ if bound.ip().is_unspecified() => format!("localhost:{}", bound.port()),
        _ => bound.to_string(),
    }
}

/// Where a URL names no path, the streamers' path of the unified port: a port for streamers alone takes any.
fn url(uri: &http::Uri) -> String {
    let Some((head, query)) = uri.path_and_query().filter(|whole| whole.path() == "/").map(|whole| {
        (uri.authority().map(ToString::to_string).unwrap_or_default(), whole.query().map(ToOwned::to_owned))
    }) else {
        return uri.to_string();
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}://{head}/streamer{query}", uri.scheme_str().unwrap_or_default())
}

fn trust(trust: &config::Trust) -> Trust {
    match trust {
        config::Trust::System => Trust::Native,
        config::Trust::Hash(hash) => Trust::Hashes(vec![*hash]),
        config::Trust::Anything => Trust::DangerousAcceptAny,
    }
}

fn refusal(error: ConnectError) -> Exit {
    match error.fault() {
        Fault::Caller => Exit::config(error),
        Fault::Gateway | Fault::Network => Exit::failure(error),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Exit> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Exit::failure)
}
