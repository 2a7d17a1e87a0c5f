//! WebSocket connections: TCP, TLS, the upgrade.

use std::io;
use std::sync::Arc;

use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderValue, Request};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::target::Target;
use super::{ConnectError, Connection, Options};
use crate::transport::ws::{Metered, WsTransport, ws_config};
use crate::transport::{Ended, TransportKind};

pub(super) async fn connect_ws(target: &Target, options: &Options) -> Result<Connection, ConnectError> {
    let tcp = dial(target).await?;
    upgrade(tcp, TransportKind::Ws, target, options).await
}

pub(super) async fn connect_wss(
    target: &Target,
    options: &Options,
    tls: &Arc<rustls::ClientConfig>,
) -> Result<Connection, ConnectError> {
    let tcp = dial(target).await?;
    let name = ServerName::try_from(target.host.clone())
        .map_err(|error| ConnectError::url(&target.uri.to_string(), error.to_string()))?;
    let tls = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await;
    let tls = tls.map_err(|error| tls_error(error, target, options))?;
    upgrade(tls, TransportKind::Wss, target, options).await
}

async fn dial(target: &Target) -> Result<TcpStream, ConnectError> {
    let addresses = super::udp::resolve(target).await?;
    let network = |error: io::Error| match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused { at: target.authority() },
        _ => ConnectError::Network { at: target.authority(), source: error },
    };
    let tcp = TcpStream::connect(&addresses[..]).await.map_err(network)?;
    tcp.set_nodelay(true).map_err(network)?;
    Ok(tcp)
}

fn tls_error(error: io::Error, target: &Target, options: &Options) -> ConnectError {
    let at = target.authority();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            ConnectError::Certificate { at, why: why.to_string(), advice: options.trust.advice() }
        }
        Some(other) => ConnectError::Tls { at, why: other.to_string() },
        None if error.kind() == io::ErrorKind::UnexpectedEof => ConnectError::Tls { at, why: error.to_string() },
        None => ConnectError::Network { at, source: error },
    }
}

async fn upgrade<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    io: S,
    kind: TransportKind,
    target: &Target,
    options: &Options,
) -> Result<Connection, ConnectError> {
    let config = Some(ws_config(options.max_message));
    let request = request(target, options)?;
    let (ws, answer) = client_async_with_config(request, Metered::new(io), config)
        .await
        .map_err(|error| upgrade_error(error, target.authority()))?;
    let chosen = answer.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|name| name.to_str().ok()).map(str::to_owned);
    let transport = Box::new(WsTransport::new(ws, kind));
    Ok(Connection::new(transport, None, options.keepalive).with_subprotocol(chosen))
}

fn request(target: &Target, options: &Options) -> Result<Request<()>, ConnectError> {
    let mut request = target
        .uri
        .clone()
        .into_client_request()
        .map_err(|error| ConnectError::url(&target.uri.to_string(), error.to_string()))?;
    if let Some(token) = &options.token {
        request.headers_mut().insert(AUTHORIZATION, header(&format!("Bearer {token}"))?);
    }
    if !options.subprotocols.is_empty() {
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, header(&options.subprotocols.join(", "))?);
    }
    Ok(request)
}

fn header(text: &str) -> Result<HeaderValue, ConnectError> {
    // The text itself may be a secret.
    HeaderValue::try_from(text).map_err(|_| ConnectError::Setup("a token or subprotocol is no header's value".into()))
}

fn upgrade_error(error: Error, at: String) -> ConnectError {
    match error {
        Error::Http(answer) => ConnectError::Status { at, status: answer.status().as_u16() },
        Error::Io(error) => ConnectError::Ended { at, ended: Ended::Lost(error.to_string()) },
        other => ConnectError::Protocol { at, why: other.to_string() },
    }
}
