//! The ways in for whatever a fuzzer sends, over connections within the process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::time::Instant;

use super::quic::Establishing;
use super::{Arrival, Door, ESTABLISH, House, TcpService};
use crate::limits::Source;
use crate::transport::Transport;

const REMOTE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4242);

/// HTTP, and the WebSocket that it may become.
pub(crate) async fn http(house: Arc<House>, door: Arc<Door>, stream: DuplexStream) {
    let entry = house.gate.admit(Some(Source::peer(REMOTE.ip())), Instant::now()).expect("there is a place");
    let service = TcpService { house, door: Some(door), pages: axum::Router::new(), tls: None };
    service.http(stream, REMOTE, Arrival { local: REMOTE, tls: false }, entry).await;
}

/// A stream of frames that begins with a `hello`, and the session that it may become.
pub(crate) async fn hello(house: &Arc<House>, door: &Door, mut transport: impl Transport) {
    let establishing = Establishing { house, door, remote: REMOTE, deadline: Instant::now() + ESTABLISH };
    match establishing.hello(&mut transport).await {
        Ok(admission) => house.serve(transport, admission).await,
        Err(refusal) => house.sessions.turn_away(transport, &refusal).await,
    }
}
