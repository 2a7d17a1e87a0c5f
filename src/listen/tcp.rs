//! TCP: accept, TLS, HTTP/1.1. What asks for a WebSocket goes on in [`super::upgrade`], the rest are pages.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;
use tracing::{debug, warn};

use super::accept::{AfterError, after_error};
use super::client::Client;
use super::gate::{Entry, Refusal};
use super::patient::Patient;
use super::queue::Crowd;
use super::upgrade::{self, Upgrade, plain};
use super::{Door, ESTABLISH, House, Permit};
use crate::limits::Source;
use crate::metrics::Handshake;

/// hyper's smallest; a request head has to fit.
const HTTP_BUFFER: usize = 16 << 10;

/// Browsers send about twenty.
const MAX_HEADERS: usize = 64;

/// How long an answer may take that is on its way when the gateway closes. Browsers also connect ahead of need and ask
/// nothing; these are not waited for longer either (protocol.md §5.5).
const LAST_ANSWER: Duration = Duration::from_millis(500);

/// What a TCP listener serves.
#[derive(Clone)]
pub(crate) struct TcpService {
    pub(crate) house: Arc<House>,
    /// `None` on the operators' listener: no sessions there.
    pub(crate) door: Option<Arc<Door>>,
    pub(crate) pages: axum::Router,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// How a connection arrived; pages see it as an extension of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) local: SocketAddr,
    /// Encrypted, by us or by a proxy of ours.
    pub(crate) tls: bool,
}

/// Accepts until the gateway takes no more.
pub(crate) async fn serve_tcp(listener: TcpListener, service: TcpService) {
    let mut errors = 0;
    loop {
        let accepted = tokio::select! {
            () = service.house.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                errors = 0;
                service.admit(stream, SocketAddr::new(remote.ip().to_canonical(), remote.port()));
            }
            Err(error) => {
                errors += 1;
                pause_after(&error, errors, &service.house).await;
            }
        }
    }
}

async fn pause_after(error: &std::io::Error, errors: u32, house: &House) {
    match after_error(error, errors) {
        AfterError::Retry => house.metrics.refused("accept_retried"),
        AfterError::BackOff(pause) => {
            house.metrics.refused("accept_failed");
            warn!(%error, ?pause, "cannot accept a connection for now");
            tokio::time::sleep(pause).await;
        }
    }
}

impl TcpService {
    /// Before anything is spent on it: is there a place?
    fn admit(&self, stream: TcpStream, remote: SocketAddr) {
        match self.house.gate.admit(self.source(remote), Instant::now()) {
            Ok(entry) => {
                let service = self.clone();
                self.house.tasks.spawn(async move { service.connection(stream, remote, entry).await });
            }
            Err(refusal) => self.turn_away(stream, refusal),
        }
    }

    /// Who counts for a connection; `None` when it stands for others. Operators are few: there a proxy counts for itself.
    fn source(&self, remote: SocketAddr) -> Option<Source> {
        let for_others = self.door.is_some() && self.house.proxies.trusted.contains(remote.ip());
        (!for_others).then(|| Source::peer(remote.ip()))
    }

    /// Says why where nothing is encrypted, to as many at once as cost next to nothing.
    fn turn_away(&self, stream: TcpStream, refusal: Refusal) {
        self.house.metrics.refused(refusal.reason());
        if self.tls.is_some() {
            return;
        }
        if let Ok(permit) = Arc::clone(&self.house.turned_away).try_acquire_owned() {
            self.house.tasks.spawn(async move {
                let _ = tokio::time::timeout(LAST_ANSWER, refuse(stream, refusal)).await;
                drop(permit);
            });
        }
    }

    async fn connection(self, stream: TcpStream, remote: SocketAddr, entry: Entry) {
        // Signalling is small messages that somebody waits for.
        let _ = stream.set_nodelay(true);
        let Ok(local) = stream.local_addr() else { return };
        let arrival = Arrival { local, tls: self.tls.is_some() };
        let Some(acceptor) = self.tls.clone() else {
            return self.http(stream, remote, arrival, entry).await;
        };
        let crowd = self.door.as_ref().map_or(Crowd::Players, |door| door.crowd());
        let in_queue = match self.house.gate.set_out(crowd, self.source(remote)) {
            Ok(in_queue) => in_queue,
            Err(refusal) => return self.house.metrics.refused(refusal.reason()),
        };
        let began = Instant::now();
        let handshake = tokio::select! {
            handshake = tokio::time::timeout(ESTABLISH, acceptor.accept(stream)) => handshake,
            () = self.house.closing.cancelled() => return,
        };
        drop(in_queue);
        match handshake {
            Ok(Ok(stream)) => {
                self.house.metrics.shook_hands(Handshake::Tls, began.elapsed());
                self.http(stream, remote, arrival, entry).await;
            }
            Ok(Err(error)) => {
                self.house.metrics.refused("tls");
                debug!(%remote, %error, "TLS handshake failed");
            }
            Err(_) => self.house.metrics.refused("tls_timeout"),
        }
    }

    pub(super) async fn http<S>(self, stream: S, remote: SocketAddr, arrival: Arrival, entry: Entry)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let closing = self.house.closing.clone();
        let (permit, house) = (Permit::new(Some(entry)), Arc::clone(&self.house));
        let asked = Arc::new(AtomicBool::new(false));
        let has_asked = Arc::clone(&asked);
        let service = service_fn(move |request: Request<Incoming>| {
            has_asked.store(true, Ordering::Relaxed);
            let answer = self.answer::<S>(request, remote, arrival, &permit);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(ESTABLISH)
            .max_headers(MAX_HEADERS)
            .max_buf_size(HTTP_BUFFER)
            .serve_connection(TokioIo::new(Patient::new(stream)), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = closing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(LAST_ANSWER, connection).await {
                    Ok(served) => served,
                    Err(_) => return,
                }
            }
        };
        if let Err(error) = served {
            if let Some(reason) = no_request(&error, asked.load(Ordering::Relaxed)) {
                house.metrics.refused(reason);
            }
            debug!(%remote, %error, "HTTP connection ended");
        }
    }

    /// One request. The connection's permit goes with it into the session that it may become.
    fn answer<S>(
        &self,
        mut request: Request<Incoming>,
        remote: SocketAddr,
        arrival: Arrival,
        permit: &Permit,
    ) -> impl Future<Output = Response<Body>> + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let client = Client::of(&self.house.proxies, remote, arrival.tls, request.headers());
        let answered = match &self.door {
            Some(door) if upgrade::is_asked_for(&request) => {
                let proxied = self.house.proxies.trusted.contains(remote.ip());
                let upgrade = Upgrade { house: &self.house, door, client, tls: arrival.tls, proxied };
                Some(upgrade.begin::<S>(&mut request, permit))
            }
            Some(door) => self.refusal(door, client, &mut request),
            None => None,
        };
        let mut pages = self.pages.clone();
        async move {
            if let Some(response) = answered {
                return response;
            }
            request.extensions_mut().insert(client.source);
            request.extensions_mut().insert(Arrival { tls: client.secure, ..arrival });
            match pages.call(request.map(Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    }

    /// Why a request gets no page. One that may pass loses the prefix of its path.
    fn refusal(&self, door: &Door, client: Client, request: &mut Request<Incoming>) -> Option<Response<Body>> {
        if !door.http {
            return Some(upgrade::required());
        }
        if let Err(wait) = self.house.http_rates.count(client.source, Instant::now()) {
            self.house.metrics.refused("http_rate");
            return Some(with_retry_after(plain(StatusCode::TOO_MANY_REQUESTS, "Too many requests.\n"), wait));
        }
        let path = request.uri().path();
        match door.inside(path) {
            _ if door.prefix.is_empty() => None,
            None => Some(plain(StatusCode::NOT_FOUND, format!("Everything here is below {}/.\n", door.prefix))),
            // Pages name their parts from where they stand.
            Some("") => Some(moved(&format!("{path}/"))),
            Some(_) => {
                *request.uri_mut() = without_prefix(request.uri(), door.prefix.len());
                None
            }
        }
    }
}

/// Why a connection came to nothing; browsers that connect ahead of need and ask nothing more are no matter.
fn no_request(error: &hyper::Error, asked: bool) -> Option<&'static str> {
    match error {
        error if error.is_parse_too_large() => Some("headers"),
        error if error.is_timeout() && !asked => Some("http_timeout"),
        _ => None,
    }
}

/// An answer to whatever is asked, and what is asked thrown away: closed with unread bytes, the socket would be reset
/// and the answer with it.
async fn refuse(mut stream: TcpStream, refusal: Refusal) -> std::io::Result<()> {
    let (status, words) = (refusal.status(), refusal.words());
    let (length, kind) = (words.len(), "text/plain; charset=utf-8");
    let answer = format!(
        "HTTP/1.1 {status}\r\nretry-after: 1\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{words}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

fn without_prefix(uri: &Uri, prefix: usize) -> Uri {
    let rest = uri.path_and_query().map_or("/", |whole| &whole.as_str()[prefix..]);
    rest.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

fn moved(to: &str) -> Response<Body> {
    let mut response = plain(StatusCode::PERMANENT_REDIRECT, "");
    response.headers_mut().extend(HeaderValue::from_str(to).map(|to| (LOCATION, to)));
    response
}

pub(super) fn with_retry_after(mut response: Response<Body>, wait: Duration) -> Response<Body> {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
    response
}
