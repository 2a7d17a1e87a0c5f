//! What a URL asks for.

use http::Uri;
use http::uri::PathAndQuery;

use super::ConnectError;
use crate::wire::Role;

/// The transport that a URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Ws,
    Wss,
    WebTransport,
    Quic(Role),
}

/// Where to connect, and how.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) scheme: Scheme,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// The URL with the dialect in its query.
    pub(super) uri: Uri,
}

impl Target {
    pub(super) fn parse(url: &str, dialect: Option<&str>) -> Result<Self, ConnectError> {
        let fail = |why: String| ConnectError::url(url, why);
        let uri: Uri = url.parse().map_err(|error: http::uri::InvalidUri| fail(error.to_string()))?;
        let (scheme, port) = match uri.scheme_str() {
            Some("ws") => (Scheme::Ws, 80),
            Some("wss") => (Scheme::Wss, 443),
            Some("https") => (Scheme::WebTransport, 443),
            Some("quic") => (Scheme::Quic(role(uri.path()).ok_or_else(|| fail("its path names no role".into()))?), 443),
            Some(other) => return Err(fail(format!("{other}:// is no transport"))),
            None => return Err(fail("it has no scheme".into())),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| fail("it has no host".into()))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(port);
        let uri = with_dialect(&uri, dialect).map_err(|error| fail(error.to_string()))?;
        Ok(Self { scheme, host, port, uri })
    }

    /// Host and port, for messages.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

fn role(path: &str) -> Option<Role> {
    Role::from_name(path.trim_matches('/'))
}

fn with_dialect(uri: &Uri, dialect: Option<&str>) -> Result<Uri, http::Error> {
    let Some(dialect) = dialect else { return Ok(uri.clone()) };
    let separator = if uri.query().is_some() { '&' } else { '?' };
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{path}{separator}dialect={dialect}").parse()?);
    Ok(Uri::from_parts(parts)?)
}
