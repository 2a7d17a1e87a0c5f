//! The relay of plain bytes: two TCP connections that name the same number are joined.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional_with_sizes};
use tokio::net::{TcpListener, TcpStream};

use super::super::dial::Dialer;
use super::super::error::Failure;
use super::super::link::{Lean, Link};

/// What is read at once.
const BUFFER: usize = 16 * 1024;

/// Those who came first.
type Waiting = Arc<Mutex<HashMap<u32, TcpStream>>>;

pub(super) async fn serve(listener: TcpListener) {
    let waiting = Waiting::default();
    while let Ok((tcp, _)) = listener.accept().await {
        let waiting = Arc::clone(&waiting);
        tokio::spawn(async move { join(tcp, &waiting).await });
    }
}

async fn join(mut tcp: TcpStream, waiting: &Waiting) -> std::io::Result<()> {
    tcp.set_nodelay(true)?;
    let number = tcp.read_u32().await?;
    let first = waiting.lock().remove(&number);
    let Some(mut first) = first else {
        waiting.lock().insert(number, tcp);
        return Ok(());
    };
    copy_bidirectional_with_sizes(&mut tcp, &mut first, BUFFER, BUFFER).await?;
    Ok(())
}

/// One end of a pair, as a session without a handshake. The second one must be asked for when the first is there.
pub(in crate::bench) async fn paired(dialer: &Dialer, at: SocketAddr, number: usize) -> Result<Link, Failure> {
    let mut tcp = dialer.tcp(&[at]).await?;
    let lost = |error: std::io::Error| Failure::of_socket(&error, &at.to_string());
    tcp.write_u32(number as u32).await.map_err(lost)?;
    Ok(Link::Ws(Lean::new(tcp, &[])))
}
