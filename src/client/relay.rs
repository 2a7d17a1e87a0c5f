//! A UDP relay in front of a gateway: a network that tests can silence, or give another address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// More than any UDP datagram holds.
const DATAGRAM: usize = 64 * 1024;

/// Carries the datagrams of one client to a gateway and back, on loopback.
#[derive(Debug)]
pub struct UdpRelay {
    address: SocketAddr,
    gateway: SocketAddr,
    silent: Arc<AtomicBool>,
    outer: watch::Sender<Arc<UdpSocket>>,
    task: JoinHandle<()>,
}

impl UdpRelay {
    /// A relay to `gateway`, which must be an IPv4 loopback address.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub async fn new(gateway: SocketAddr) -> io::Result<Self> {
        let inner = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = inner.local_addr()?;
        let (outer, changes) = watch::channel(dial(gateway).await?);
        let silent = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(carry(inner, changes, Arc::clone(&silent)));
        Ok(Self { address, gateway, silent, outer, task })
    }

    /// Where the client connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on every datagram is lost, in both directions, or none.
    pub fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    /// The gateway sees the client at another port from now on, as when a NAT has forgotten it.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub async fn change_address(&self) -> io::Result<()> {
        self.outer.send_replace(dial(self.gateway).await?);
        Ok(())
    }
}

impl Drop for UdpRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn dial(gateway: SocketAddr) -> io::Result<Arc<UdpSocket>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(gateway).await?;
    Ok(Arc::new(socket))
}

async fn carry(inner: UdpSocket, mut outer: watch::Receiver<Arc<UdpSocket>>, silent: Arc<AtomicBool>) {
    let (mut there, mut back) = (vec![0; DATAGRAM], vec![0; DATAGRAM]);
    let mut client = None;
    loop {
        let socket = Arc::clone(&outer.borrow_and_update());
        // Errors are lost datagrams: a port that nobody listens at any more answers with one.
        tokio::select! {
            Ok((length, from)) = inner.recv_from(&mut there) => {
                client = Some(from);
                if !silent.load(Ordering::Relaxed) {
                    let _ = socket.send(&there[..length]).await;
                }
            }
            Ok(length) = socket.recv(&mut back) => {
                if let (Some(client), false) = (client, silent.load(Ordering::Relaxed)) {
                    let _ = inner.send_to(&back[..length], client).await;
                }
            }
            changed = outer.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}
