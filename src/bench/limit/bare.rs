//! A bare loop: players connect and do nothing; when the streamer is gone, one loop writes to every socket what the
//! gateway would, with one call each.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// `streamerDisconnected` and an empty close, as WebSocket frames.
const GONE: &[u8] = b"\x81\x1f{\"type\":\"streamerDisconnected\"}\x88\x00";
/// What a streamer is told of a player.
const COME: &[u8] = b"\x81\x1a{\"type\":\"playerConnected\"}";
const CONFIRMED: &[u8] = b"\x81\x2d{\"type\":\"endpointIdConfirm\",\"committedId\":\"\"}";
const IDENTIFY: &[u8] = b"\x81\x13{\"type\":\"identify\"}";

/// The players, and their streamer's socket.
#[derive(Default)]
struct Room {
    players: Mutex<Vec<TcpStream>>,
    streamer: Mutex<Option<Arc<TcpStream>>>,
}

pub(super) async fn serve(listener: TcpListener) {
    let room = Arc::<Room>::default();
    while let Ok((tcp, _)) = listener.accept().await {
        let room = Arc::clone(&room);
        tokio::spawn(async move { enter(tcp, &room).await });
    }
}

async fn enter(tcp: TcpStream, room: &Room) -> Option<()> {
    tcp.set_nodelay(true).ok()?;
    let mut streams = false;
    #[expect(clippy::result_large_err, reason = "the callback's type is given")]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        streams = request.uri().path().contains("streamer");
        Ok(response)
    };
    let mut tcp = accept_hdr_async(tcp, look).await.ok()?.into_inner();
    if streams {
        stream(tcp, room).await
    } else {
        // Whatever it says is its subscribe.
        let _ = tcp.read(&mut [0; 256]).await.ok()?;
        room.players.lock().push(tcp);
        let streamer = room.streamer.lock().clone()?;
        write(&streamer, COME).await
    }
}

async fn stream(tcp: TcpStream, room: &Room) -> Option<()> {
    let tcp = Arc::new(tcp);
    *room.streamer.lock() = Some(Arc::clone(&tcp));
    write(&tcp, IDENTIFY).await?;
    let mut told = [0; 256];
    let mut confirmed = false;
    loop {
        tcp.readable().await.ok()?;
        match tcp.try_read(&mut told) {
            Ok(0) => break,
            Ok(_) if !confirmed => {
                confirmed = true;
                write(&tcp, CONFIRMED).await?;
            }
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
            _ => {}
        }
    }
    let players = std::mem::take(&mut *room.players.lock());
    for player in &players {
        // A socket buffer holds so little at any time.
        let _ = player.try_write(GONE);
    }
    Some(())
}

async fn write(tcp: &TcpStream, frame: &[u8]) -> Option<()> {
    loop {
        tcp.writable().await.ok()?;
        match tcp.try_write(frame) {
            Ok(_) => return Some(()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
}
