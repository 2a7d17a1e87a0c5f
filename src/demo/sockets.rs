//! One UDP socket per address of this machine: ICE must know which of its addresses a packet came to.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;
use tracing::debug;

/// Addresses that are offered. A machine with more has them for containers.
const MOST: usize = 8;

/// Loopback, and the addresses of the interfaces that are up.
pub(super) fn local_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        debug!(%error, "the interfaces cannot be listed");
        Vec::new()
    });
    let others = interfaces.into_iter().map(|interface| interface.ip()).filter(|ip| is_offered(*ip));
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    for address in others {
        if !addresses.contains(&address) && addresses.len() < MOST {
            addresses.push(address);
        }
    }
    addresses
}

/// Link-local addresses need a scope that candidates do not have.
fn is_offered(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !(ip.is_loopback() || ip.is_unspecified() || link_local)
}

/// The sockets of one player.
#[derive(Debug)]
pub(super) struct Sockets {
    sockets: Vec<Bound>,
    /// Which is asked first, so that none is starved.
    first: usize,
}

#[derive(Debug)]
struct Bound {
    socket: UdpSocket,
    addr: SocketAddr,
}

/// A datagram's way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datagram {
    pub(super) length: usize,
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
}

impl Sockets {
    /// A socket on a free port of each address that can be bound.
    ///
    /// # Errors
    /// None can.
    pub(super) fn bind(addresses: &[IpAddr]) -> io::Result<Self> {
        let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let mut sockets = Vec::with_capacity(addresses.len());
        for address in addresses {
            match bind_one(*address) {
                Ok(bound) => sockets.push(bound),
                Err(error) => {
                    debug!(%address, %error, "not bound");
                    failure = error;
                }
            }
        }
        if sockets.is_empty() { Err(failure) } else { Ok(Self { sockets, first: 0 }) }
    }

    /// Where they are.
    pub(super) fn addrs(&self) -> impl Iterator<Item = SocketAddr> {
        self.sockets.iter().map(|bound| bound.addr)
    }

    /// The next datagram to any of them. Cancel-safe.
    pub(super) async fn recv(&mut self, buffer: &mut [u8]) -> Datagram {
        poll_fn(|cx| self.poll_recv(cx, buffer)).await
    }

    /// Sends from that address now or not at all: what the system cannot take is lost, as on any network.
    pub(super) fn send(&self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        if let Some(bound) = self.sockets.iter().find(|bound| bound.addr == from) {
            // Past tokio, which would refuse everything until it has once been told that there is room.
            let _ = SockRef::from(&bound.socket).send_to(datagram, &to.into());
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Datagram> {
        let count = self.sockets.len();
        for index in (0..count).map(|offset| (self.first + offset) % count) {
            let Bound { socket, addr } = &self.sockets[index];
            let mut buffer = ReadBuf::new(buffer);
            match socket.poll_recv_from(cx, &mut buffer) {
                Poll::Ready(Ok(source)) => {
                    self.first = index + 1;
                    return Poll::Ready(Datagram { length: buffer.filled().len(), source, destination: *addr });
                }
                // An earlier datagram found nobody (ICMP): no fault of this socket. It is asked again soon.
                Poll::Ready(Err(_)) => cx.waker().wake_by_ref(),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }
}

fn bind_one(address: IpAddr) -> io::Result<Bound> {
    let socket = std::net::UdpSocket::bind((address, 0))?;
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket)?;
    let addr = socket.local_addr()?;
    Ok(Bound { socket, addr })
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{MOST, Sockets, local_addresses};

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn loopback_comes_first_and_once() {
        let addresses = local_addresses();
        assert_eq!(addresses[0], LOOPBACK);
        assert_eq!(addresses.iter().filter(|address| address.is_loopback()).count(), 1);
        assert!(addresses.len() <= MOST);
    }

    #[tokio::test]
    async fn a_datagram_says_where_it_came_from_and_to() {
        let mut to = Sockets::bind(&[LOOPBACK, LOOPBACK]).unwrap();
        let from = Sockets::bind(&[LOOPBACK]).unwrap();
        let source = from.addrs().next().unwrap();
        for destination in to.addrs().collect::<Vec<_>>() {
            from.send(source, destination, b"hello");
            let mut buffer = [0; 16];
            let datagram = to.recv(&mut buffer).await;
            assert_eq!((datagram.source, datagram.destination), (source, destination));
            assert_eq!(&buffer[..datagram.length], b"hello");
        }
    }

    #[test]
    fn without_an_address_there_is_no_socket() {
        assert!(Sockets::bind(&[]).is_err());
    }
}
