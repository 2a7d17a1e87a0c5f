//! Whoever comes from a chosen address, and may not be let in.

use std::net::{Ipv4Addr, SocketAddr};

use pixelgate::transport::quic::ALPN;
use pixelgate::wire::Role;

use super::support::raw::{RawStream, RawWs, quic_endpoint_at, webtransport_at};
use super::support::{Lab, Via, within};

/// What becomes of who knocks.
pub(crate) enum Knock {
    /// A session.
    In(#[expect(dead_code, reason = "held open")] Inside),
    /// Closed or refused, or answered with this status.
    Out(Option<u16>),
}

/// Held open.
pub(crate) enum Inside {
    Ws(#[expect(dead_code, reason = "held open")] RawWs),
    Stream(#[expect(dead_code, reason = "held open")] Box<RawStream>),
}

impl Knock {
    pub(crate) fn is_in(&self) -> bool {
        matches!(self, Self::In(_))
    }
}

/// A player knocks.
pub(crate) async fn knock(lab: &Lab, via: Via, from: Ipv4Addr) -> Knock {
    let bound = lab.gateway().bound();
    match via {
        Via::Ws | Via::Wss => {
            let tls = via == Via::Wss;
            let addr = if tls { bound.https } else { bound.http }.expect("the listener is on");
            match RawWs::try_open(addr, tls, Role::Player, from).await {
                Ok(ws) => Knock::In(Inside::Ws(ws)),
                Err(status) => Knock::Out(status),
            }
        }
        Via::WebTransport | Via::Quic => over_quic(bound.quic.expect("the listener is on"), via, from).await,
    }
}

async fn over_quic(addr: SocketAddr, via: Via, from: Ipv4Addr) -> Knock {
    if via == Via::WebTransport {
        return webtransport_at(from, addr, Role::Player)
            .await
            .map_or(Knock::Out(None), |stream| Knock::In(Inside::Stream(Box::new(stream))));
    }
    let connecting = quic_endpoint_at(from, ALPN).connect(addr, "localhost").expect("an address");
    match within("a QUIC connection or its refusal", connecting).await {
        Ok(connection) => {
            let mut stream = RawStream::quic(connection, Some(Role::Player)).await;
            match stream.hears().await {
                Some(_) => Knock::In(Inside::Stream(Box::new(stream))),
                None => Knock::Out(None),
            }
        }
        Err(_) => Knock::Out(None),
    }
}
