//! UDP: one socket an address, one QUIC endpoint each, two protocols told apart by ALPN (design.md §3).

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::{Endpoint, EndpointConfig, Incoming, ServerConfig, TokioRuntime};
use quinn_proto::crypto::rustls::QuicServerConfig;
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::gate::{Claim, Entry, Refusal};
use super::queue::{Crowd, InQueue};
use super::quic::{Established, Establishing, REFUSAL};
use super::{Door, ESTABLISH, House};
use crate::hub::RESTARTING;
use crate::limits::Source;
use crate::metrics::Handshake;
use crate::transport::Keepalive;
use crate::transport::quic::{idle, quic_transport_config};

/// Handshakes that quinn keeps until they are accepted, and what one may have sent by then. Above it, packets are
/// dropped and the client tries again. They are accepted as fast as they come: it takes a flood to fill this, and quinn
/// keeps the room for as many as there were, half a KiB for each.
const MAX_INCOMING: usize = 256;
const INCOMING_BUFFER: u64 = 16 << 10;
const INCOMING_BUFFER_TOTAL: u64 = 8 << 20;

/// A QUIC endpoint on that socket.
pub(crate) fn endpoint(socket: UdpSocket, tls: Arc<QuicServerConfig>, keepalive: Keepalive) -> io::Result<Endpoint> {
    let mut server = ServerConfig::with_crypto(tls);
    server
        .transport_config(Arc::new(quic_transport_config(keepalive)))
        .max_incoming(MAX_INCOMING)
        .incoming_buffer_size(INCOMING_BUFFER)
        .incoming_buffer_size_total(INCOMING_BUFFER_TOTAL);
    Endpoint::new(EndpointConfig::default(), Some(server), socket, Arc::new(TokioRuntime))
}

/// Accepts until the gateway takes no more. Then new handshakes are refused while live sessions end, and their last
/// packets are sent.
pub(crate) async fn serve_udp(endpoint: Endpoint, house: Arc<House>, door: Arc<Door>) {
    let served = async {
        while let Some(incoming) = endpoint.accept().await {
            if house.closing.is_cancelled() {
                incoming.refuse();
            } else if let Some((incoming, permits)) = admit(incoming, &house, door.crowd()) {
                let (house, door) = (Arc::clone(&house), Arc::clone(&door));
                house.tasks.clone().spawn(establish(incoming, permits, house, door));
            }
        }
    };
    let sessions_over = async {
        house.closing.cancelled().await;
        house.tasks.wait().await;
    };
    tokio::select! {
        () = served => {}
        () = sessions_over => {}
        () = house.stopped.cancelled() => return endpoint.close(RESTARTING.code.0.into(), b""),
    }
    tokio::select! {
        () = endpoint.wait_idle() => {}
        () = house.stopped.cancelled() => {}
    }
}

/// A connection's place among all, and among those that are not sessions yet.
pub(super) struct Permits {
    entry: Entry,
    in_queue: InQueue,
    source: Source,
    /// Whether it is counted for its address.
    proven: bool,
    /// The peer ended the connection within the handshake.
    pub(super) ended_by_peer: bool,
}

impl Permits {
    fn take(house: &House, crowd: Crowd, source: Source, proven: bool, now: Instant) -> Result<Self, Refusal> {
        let known = Some(source).filter(|_| proven);
        let entry = house.gate.admit(known, now)?;
        let gate = &house.gate;
        let in_queue = if proven { gate.set_out(crowd, known) } else { gate.set_out_unproven(crowd, source) };
        Ok(Self { entry, in_queue: in_queue?, source, proven, ended_by_peer: false })
    }

    /// The handshake is over: whoever began it is where it says (RFC 9000 §8.1). Only now its address is charged.
    pub(super) fn prove(&mut self, house: &House, crowd: Crowd) -> Result<(), Refusal> {
        if !self.proven {
            house.gate.admit_client(&mut self.entry, self.source, Instant::now())?;
            house.gate.set_out_as(crowd, &mut self.in_queue, self.source)?;
            self.proven = true;
        }
        Ok(())
    }
}

/// Before any cryptography: is there a place, and must the address prove itself first?
fn admit(incoming: Incoming, house: &House, crowd: Crowd) -> Option<(Incoming, Permits)> {
    let (source, now) = (Source::peer(incoming.remote_address().ip().to_canonical()), Instant::now());
    let proven = incoming.remote_address_validated();
    if !proven {
        match house.gate.believes(crowd, source, now) {
            Claim::Believed => {}
            Claim::Prove => {
                house.metrics.refused("quic_retry");
                // It may be retried: its address is not validated.
                let _ = incoming.retry();
                return None;
            }
            Claim::Ignored => {
                house.metrics.refused("quic_ignored");
                incoming.ignore();
                return None;
            }
        }
    }
    match Permits::take(house, crowd, source, proven, now) {
        Ok(permits) => Some((incoming, permits)),
        Err(refusal) => {
            house.metrics.refused(refusal.reason());
            incoming.refuse();
            None
        }
    }
}

async fn establish(incoming: Incoming, mut permits: Permits, house: Arc<House>, door: Arc<Door>) {
    let remote = incoming.remote_address();
    let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
    let connecting = match incoming.accept() {
        Ok(connecting) => connecting,
        Err(error) => {
            debug!(%remote, %error, "QUIC handshake failed");
            return house.metrics.refused("quic");
        }
    };
    let began = Instant::now();
    let establishing_peer = Establishing { house: &house, door: &door, remote, deadline: began + ESTABLISH };
    // Boxed: the handshake's state is large and must not stay with the session's task.
    let admitted = timeout(ESTABLISH + REFUSAL, Box::pin(establishing_peer.run(connecting, &mut permits)));
    let admitted = tokio::select! {
        admitted = admitted => admitted,
        // What is no session yet is not waited for (protocol.md §5.5); dropped, the connection is closed.
        () = house.closing.cancelled() => return house.metrics.refused("closing"),
    };
    if permits.ended_by_peer {
        return linger(permits, &house).await;
    }
    let Permits { entry: _entry, in_queue, .. } = permits;
    drop(in_queue);
    match admitted {
        Ok(Some(Established::WebTransport(transport, admission))) => {
            house.metrics.shook_hands(Handshake::WebTransport, began.elapsed());
            house.serve(Box::new(transport), admission).await;
        }
        Ok(Some(Established::Raw(transport, admission))) => {
            house.metrics.shook_hands(Handshake::Quic, began.elapsed());
            house.serve(Box::new(transport), admission).await;
        }
        Ok(None) => {}
        Err(_) => house.metrics.refused("quic_timeout"),
    }
}

/// quinn keeps a connection that ended with its first packet until its idle timeout, some 30 KiB, and not for the three
/// probe timeouts of RFC 9000 §10.2. So long it counts, for its address too where that is proven, and a claim that was
/// believed stands: else a flood of such packets has no bound.
async fn linger(permits: Permits, house: &House) {
    let Permits { entry: _entry, in_queue, .. } = permits;
    let _claim = in_queue.into_claim();
    tokio::select! {
        () = tokio::time::sleep(idle(house.sessions.keepalive)) => {}
        () = house.closing.cancelled() => {}
    }
}
