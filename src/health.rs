//! `pixelgate health`: asks a gateway how it is, for images that hold no other client.
//!
//! One GET over HTTP/1.1 without TLS, as the operators' listener speaks it; no redirects. 2xx is well. Once the host's
//! name is resolved the answer takes at most [`PATIENCE`], whatever the other end does: a health check that hangs says
//! nothing.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use http::{StatusCode, Uri};

use crate::config::cli::Exit;

#[cfg(test)]
mod tests;

/// Below the time that container platforms grant a check: Docker 30 s, and what the manifests in `deploy` say.
const PATIENCE: Duration = Duration::from_secs(3);

/// More than the status line of any server.
const LONGEST_LINE: usize = 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum HealthError {
    /// Nobody is there, or the connection broke.
    #[error("{0}")]
    Network(#[from] io::Error),
    /// Not in time.
    #[error("no answer within {PATIENCE:?}")]
    Silent,
    /// Something else listens there.
    #[error("the answer is not HTTP/1")]
    Garbled,
}

/// Asks `url` (`http://HOST[:PORT]/PATH`), and says in one line on standard output that all is well.
///
/// # Errors
/// Any status but 2xx, and no answer at all, as the process's last words.
pub fn health(url: &Uri) -> Result<(), Exit> {
    let wrong = |what: &dyn Display| Exit::failure(format_args!("{url}: {what}"));
    let status = ask(url, Instant::now() + PATIENCE).map_err(|error| wrong(&error))?;
    if !status.is_success() {
        return Err(wrong(&status));
    }
    // A closed stream is no sickness of the gateway.
    let _ = writeln!(io::stdout(), "{url}: {status}");
    Ok(())
}

fn ask(url: &Uri, deadline: Instant) -> Result<StatusCode, HealthError> {
    let mut stream = dial(url, deadline)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let host = url.authority().map_or("", |authority| authority.as_str());
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(in_time)?;
    let line = first_line(&mut stream, deadline)?;
    status(&line).ok_or(HealthError::Garbled)
}

/// The first address that answers: `localhost` is two, and the gateway may listen on one of them only.
fn dial(url: &Uri, deadline: Instant) -> Result<TcpStream, HealthError> {
    let host = url.host().unwrap_or_default();
    let addresses: Vec<SocketAddr> = format!("{host}:{}", url.port_u16().unwrap_or(80)).to_socket_addrs()?.collect();
    let mut failed = HealthError::Network(io::ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = in_time(error),
        }
    }
    Err(failed)
}

fn first_line(stream: &mut TcpStream, deadline: Instant) -> Result<Vec<u8>, HealthError> {
    let (mut line, mut chunk) = (Vec::new(), [0; 256]);
    while line.len() < LONGEST_LINE {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut chunk).map_err(in_time)? {
            0 => return Err(HealthError::Garbled),
            read => line.extend_from_slice(&chunk[..read]),
        }
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            line.truncate(end);
            return Ok(line);
        }
    }
    Err(HealthError::Garbled)
}

/// The status of `HTTP/1.1 200 OK`.
fn status(line: &[u8]) -> Option<StatusCode> {
    let rest = line.strip_prefix(b"HTTP/1.1 ").or(line.strip_prefix(b"HTTP/1.0 "))?;
    StatusCode::from_bytes(rest.get(..3)?).ok()
}

/// Never zero, which sockets refuse as a time limit.
fn left(deadline: Instant) -> Result<Duration, HealthError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(HealthError::Silent) } else { Ok(left) }
}

/// A time limit ends as either kind, by the system.
fn in_time(error: io::Error) -> HealthError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => HealthError::Silent,
        _ => HealthError::Network(error),
    }
}
