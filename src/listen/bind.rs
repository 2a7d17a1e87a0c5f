//! Sockets. `localhost` is 127.0.0.1 and `[::1]`; `[::]` takes IPv4 too; TCP and UDP of one listener share the number.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::config::ListenAddr;

/// Connections that the kernel holds until they are accepted: a reconnect storm is thousands at once.
const BACKLOG: i32 = 4096;

/// With the usual 208 KiB, hundreds of sessions that left at once stayed as zombies (design.md §3).
const UDP_BUFFER: usize = 4 << 20;

/// How often another free number is tried when the one that TCP got is taken on UDP or on the other family.
const TRIES: u32 = 8;

/// A listener that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process has the port.
    #[error(
        "{what} cannot listen on {addr} ({over}): the port is in use; stop the other process or choose another port"
    )]
    InUse {
        /// The listener, as messages name it.
        what: String,
        /// The address.
        addr: SocketAddr,
        /// TCP or UDP.
        over: &'static str,
    },
    /// Ports below 1024 want a privilege.
    #[error(
        "{what} cannot listen on {addr} ({over}): not permitted; choose a port of 1024 or above, or grant the privilege"
    )]
    Denied {
        /// The listener, as messages name it.
        what: String,
        /// The address.
        addr: SocketAddr,
        /// TCP or UDP.
        over: &'static str,
    },
    /// Anything else.
    #[error("{what} cannot listen on {addr} ({over}): {error}; is this an address of this machine?")]
    Other {
        /// The listener, as messages name it.
        what: String,
        /// The address.
        addr: SocketAddr,
        /// TCP or UDP.
        over: &'static str,
        /// What the system said.
        error: io::Error,
    },
}

impl BindError {
    fn new(what: &str, addr: SocketAddr, over: &'static str, error: io::Error) -> Self {
        let what = what.to_owned();
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { what, addr, over },
            io::ErrorKind::PermissionDenied => Self::Denied { what, addr, over },
            _ => Self::Other { what, addr, over, error },
        }
    }
}

/// Opens the TCP sockets of one listener. `what` names it in errors.
pub fn bind_tcp(what: &str, addr: ListenAddr) -> Result<Vec<TcpListener>, BindError> {
    with_free_number(addr, |addrs| open_all(what, addrs, "TCP", open_tcp))
}

/// Opens the TCP sockets and the UDP sockets of the same number.
pub fn bind_tcp_and_udp(
    what: &str,
    addr: ListenAddr,
) -> Result<(Vec<TcpListener>, Vec<std::net::UdpSocket>), BindError> {
    with_free_number(addr, |addrs| {
        let tcp = open_all(what, addrs, "TCP", open_tcp)?;
        let numbered: Vec<_> = tcp.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        Ok((tcp, open_all(what, &numbered, "UDP", open_udp)?))
    })
}

/// With port 0 the number that the first socket gets may be taken elsewhere: then another is tried.
fn with_free_number<T>(addr: ListenAddr, open: impl Fn(&[SocketAddr]) -> Result<T, BindError>) -> Result<T, BindError> {
    let addrs = addr.sockets();
    let mut tries = if addrs.iter().all(|addr| addr.port() == 0) { TRIES } else { 1 };
    loop {
        tries -= 1;
        match open(&addrs) {
            Err(BindError::InUse { .. }) if tries > 0 => {}
            result => return result,
        }
    }
}

/// Opens one socket an address; all take the number of the first. `[::1]` is left out where there is no IPv6.
fn open_all<T>(
    what: &str,
    addrs: &[SocketAddr],
    over: &'static str,
    open: impl Fn(SocketAddr) -> io::Result<(T, SocketAddr)>,
) -> Result<Vec<T>, BindError> {
    let mut sockets = Vec::with_capacity(addrs.len());
    let mut port = None;
    for &addr in addrs {
        let addr = SocketAddr::new(addr.ip(), port.unwrap_or(addr.port()));
        match open(addr) {
            Ok((socket, bound)) => {
                port = Some(bound.port());
                sockets.push(socket);
            }
            Err(error) if addr.ip() == IpAddr::V6(Ipv6Addr::LOCALHOST) && !sockets.is_empty() && lacks_v6(&error) => {
                info!(%addr, %error, "this machine has no IPv6 loopback: {what} listens on IPv4 only");
            }
            Err(error) if addr.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && lacks_v6(&error) => {
                let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), addr.port());
                info!(%addr, instead = %v4, "this machine has no IPv6: {what} listens on IPv4 only");
                sockets.push(open(v4).map_err(|error| BindError::new(what, v4, over, error))?.0);
            }
            Err(error) => return Err(BindError::new(what, addr, over, error)),
        }
    }
    Ok(sockets)
}

fn lacks_v6(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error().is_some_and(|code| UNSUPPORTED_FAMILY.contains(&code))
}

/// EAFNOSUPPORT of Linux, of the BSDs and macOS, of Windows: the standard library has no kind for it.
const UNSUPPORTED_FAMILY: [i32; 3] = [97, 47, 10047];

fn open_tcp(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    dual_stack(&socket, addr)?;
    // A restarted gateway must not wait for the old one's connections to time out. On Windows the option means that
    // two processes may share the port, so it stays off there.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from_std(socket.into())?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

fn open_udp(addr: SocketAddr) -> io::Result<(std::net::UdpSocket, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    dual_stack(&socket, addr)?;
    socket.bind(&addr.into())?;
    socket.set_nonblocking(true)?;
    let socket: std::net::UdpSocket = socket.into();
    enlarge_buffers(&socket);
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}

fn dual_stack(socket: &Socket, addr: SocketAddr) -> io::Result<()> {
    match addr {
        SocketAddr::V6(v6) => socket.set_only_v6(!v6.ip().is_unspecified()),
        SocketAddr::V4(_) => Ok(()),
    }
}

fn enlarge_buffers(socket: &std::net::UdpSocket) {
    let socket = SockRef::from(socket);
    // The kernel grants what its limits allow and says so; a smaller buffer is slower, not wrong.
    let _ = socket.set_recv_buffer_size(UDP_BUFFER);
    let _ = socket.set_send_buffer_size(UDP_BUFFER);
    let (receive, send) = (socket.recv_buffer_size().unwrap_or(0), socket.send_buffer_size().unwrap_or(0));
    if receive < UDP_BUFFER || send < UDP_BUFFER {
        warn!(
            asked = UDP_BUFFER,
            receive,
            send,
            "the system grants smaller UDP buffers than asked for; under load QUIC loses packets \
             (on Linux raise net.core.rmem_max and net.core.wmem_max)"
        );
    }
}
