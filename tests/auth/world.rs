//! A gateway with rules, and peers that show something or nothing.

use pixelgate::client::{Client, Options};
use pixelgate::wire::{Close, CloseCode, Role};

use crate::support::{Lab, Peer, Via, within};

/// How a peer fared that came with something to show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was greeted.
    In,
    /// It was closed with that code and reason, and heard nothing else.
    Out(CloseCode, String),
}

impl Came {
    /// Turned away with 1008.
    pub(crate) fn refused(why: &str) -> Self {
        Self::Out(CloseCode::POLICY, format!("not authorised: {why}"))
    }
}

/// Somebody comes with a token.
pub(crate) async fn comes(lab: &Lab, via: Via, role: Role, token: Option<&str>) -> Peer {
    comes_to(lab, &lab.url(via, role), role, token).await
}

pub(crate) async fn comes_to(lab: &Lab, url: &str, role: Role, token: Option<&str>) -> Peer {
    let options = Options { token: token.map(str::to_owned), ..lab.options() };
    Peer::connect(&Client::new(options).expect("the options are good"), url, role).await
}

/// How it fares.
pub(crate) async fn fares(peer: &mut Peer) -> Came {
    use pixelgate::client::Event;
    use pixelgate::transport::Ended;
    match within("the gateway's word", peer.connection.recv()).await {
        Event::Message(text) => {
            assert!(text.starts_with(br#"{"type":"config""#), "{text:?}");
            Came::In
        }
        Event::Ended(Ended::ByPeer(Close { code, reason })) => Came::Out(code, reason.into_owned()),
        Event::Ended(ended) => panic!("neither greeted nor told why not: {ended}"),
    }
}

/// How many were turned away so far for that reason.
pub(crate) fn refused(lab: &Lab, reason: &str) -> u64 {
    let text = lab.gateway().router().metrics().render(None);
    let name = format!("pixelgate_connections_refused_total{{reason=\"{reason}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
}
