//! What attackers need of the other end: a connection, a WebSocket; whatever fails is no error of theirs.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::super::support::raw::{TEXT, frame};

/// How long an attacker waits for what it needs.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(20);

pub(crate) async fn connect(addr: SocketAddr, from: Ipv4Addr) -> Option<TcpStream> {
    connect_with(addr, from, None).await
}

async fn connect_with(addr: SocketAddr, from: Ipv4Addr, buffer: Option<u32>) -> Option<TcpStream> {
    let connecting = async {
        let socket = TcpSocket::new_v4().ok()?;
        if let Some(size) = buffer {
            socket.set_recv_buffer_size(size).ok()?;
        }
        socket.bind((from, 0).into()).ok()?;
        socket.connect(addr).await.ok()
    };
    let tcp = timeout(PATIENCE, connecting).await.ok().flatten();
    if tcp.is_none() {
        sleep(AGAIN).await;
    }
    tcp
}

/// A player's session. What its greeting was is not read.
pub(crate) async fn player(addr: SocketAddr, from: Ipv4Addr) -> Option<TcpStream> {
    session(addr, from, "player", None).await
}

/// A session; `buffer` is what the system may hold of what was not read.
pub(crate) async fn session(addr: SocketAddr, from: Ipv4Addr, role: &str, buffer: Option<u32>) -> Option<TcpStream> {
    let mut tcp = connect_with(addr, from, buffer).await?;
    let request = format!(
        "GET /{role} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let upgrading = async {
        tcp.write_all(request.as_bytes()).await.ok()?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.ok()?);
        }
        head.starts_with(b"HTTP/1.1 101").then_some(())
    };
    let upgraded = timeout(PATIENCE, upgrading).await.ok().flatten();
    if upgraded.is_none() {
        sleep(AGAIN).await;
    }
    upgraded.map(|()| tcp)
}

/// A text frame.
pub(crate) fn text(message: &str) -> Vec<u8> {
    frame(TEXT, message.as_bytes())
}

/// Says it again and again until nobody takes it any more, and listens or not.
pub(crate) async fn pours(tcp: TcpStream, bytes: &[u8], listens: bool) {
    let (mut read, mut write) = tcp.into_split();
    let pouring = async { while write.write_all(bytes).await.is_ok() {} };
    let listening = async {
        let mut taken = vec![0; 16 << 10];
        while listens && matches!(read.read(&mut taken).await, Ok(1..)) {}
        if !listens {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = pouring => {}
        () = listening => {}
    }
}
