//! How sessions end: for each role and transport a clean close, a violation and a loss, each with exactly one report,
//! and the others told what protocol.md §5.5 says.

mod support;

use pixelgate::session::By;
use pixelgate::wire::{CloseCode, Role};
use serde_json::json;
use support::{Lab, Peer, Via};

/// How a peer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    /// It closes with a code and a reason.
    Close,
    /// It sends more than a message may be.
    TooBig,
    /// Its connection is cut: a reset.
    Reset,
}

/// The peer under test, and somebody whom its end concerns.
struct Scene {
    lab: Lab,
    leaver: Peer,
    other: Peer,
}

impl Scene {
    /// A streamer with a player, a player of a streamer, or an SFU of a streamer.
    async fn set(role: Role, via: Via) -> Self {
        let lab = Lab::open();
        if role == Role::Streamer {
            let mut leaver = lab.streamer(via, "Stage").await;
            let (mut other, id) = lab.watching(Via::Ws, &mut leaver, "Stage").await;
            leaver.says(json!({"type": "offer", "sdp": "s", "playerId": id})).await;
            other.hears("offer").await;
            return Self { lab, leaver, other };
        }
        let mut other = lab.streamer(Via::Ws, "Stage").await;
        let leaver = match role {
            Role::Player => {
                let (mut player, id) = lab.watching(via, &mut other, "Stage").await;
                player.says(json!({"type": "answer", "sdp": "s"})).await;
                other.hears_exactly(json!({"type": "answer", "sdp": "s", "playerId": id})).await;
                player
            }
            _ => {
                let mut sfu = lab.connect(via, Role::Sfu).await;
                sfu.hears("config").await;
                sfu.hears("identify").await;
                other.hears("playerConnected").await;
                sfu.says(json!({"type": "answer", "sdp": "s"})).await;
                other.hears("answer").await;
                sfu
            }
        };
        Self { lab, leaver, other }
    }
}

/// What the other one hears of it.
async fn the_other_is_told(other: &mut Peer, leaver: Role) {
    if leaver == Role::Streamer {
        let (_, heard) = other.is_closed(CloseCode::EMPTY).await;
        assert_eq!(heard, [json!({"type": "streamerDisconnected"})]);
    } else {
        other.hears("playerDisconnected").await;
        assert_eq!(other.settles().await, Vec::<serde_json::Value>::new());
    }
}

async fn ends(role: Role, via: Via, leaving: Leaving) {
    let Scene { mut lab, mut leaver, mut other } = Scene::set(role, via).await;
    let lost = match leaving {
        Leaving::Close => {
            leaver.connection.close(CloseCode(4321), "had enough").await;
            None
        }
        Leaving::TooBig => {
            let text = format!(r#"{{"type":"stats","data":"{}"}}"#, "x".repeat(pixelgate::wire::MAX_MESSAGE));
            // The gateway may have closed before all of it was taken.
            let _ = leaver.connection.send(text).await;
            leaver.is_closed(CloseCode::TOO_BIG).await;
            None
        }
        Leaving::Reset => leaver.connection.abort(),
    };
    the_other_is_told(&mut other, role).await;

    let report = lab.report().await;
    assert_eq!((report.role, report.transport.name()), (role, via.name()));
    let expected = match leaving {
        Leaving::Close => (By::Peer, CloseCode(4321)),
        Leaving::TooBig => (By::Gateway, CloseCode::TOO_BIG),
        Leaving::Reset => (By::Loss, CloseCode::ABNORMAL),
    };
    assert_eq!((report.by, report.close.code), expected, "{report:?}");
    if leaving == Leaving::Close {
        assert_eq!(report.close.reason, "had enough");
    }
    if role == Role::Streamer {
        let player = lab.report().await;
        assert_eq!((player.role, player.by, player.close.code), (Role::Player, By::Gateway, CloseCode::EMPTY));
    }
    let left = usize::from(role != Role::Streamer);
    lab.until("only the other one to be left", |lab| lab.gateway().router().session_count() == left).await;
    lab.no_more_reports();
    drop(lost);
}

macro_rules! endings {
    ($($name:ident: $role:ident, $via:ident, $leaving:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            ends(Role::$role, Via::$via, Leaving::$leaving).await;
        })*
    };
}

endings! {
    a_player_over_ws_closes: Player, Ws, Close;
    a_player_over_wss_closes: Player, Wss, Close;
    a_player_over_webtransport_closes: Player, WebTransport, Close;
    a_player_over_quic_closes: Player, Quic, Close;
    a_streamer_over_ws_closes: Streamer, Ws, Close;
    a_streamer_over_wss_closes: Streamer, Wss, Close;
    a_streamer_over_webtransport_closes: Streamer, WebTransport, Close;
    a_streamer_over_quic_closes: Streamer, Quic, Close;
    an_sfu_over_ws_closes: Sfu, Ws, Close;
    an_sfu_over_wss_closes: Sfu, Wss, Close;
    an_sfu_over_webtransport_closes: Sfu, WebTransport, Close;
    an_sfu_over_quic_closes: Sfu, Quic, Close;

    a_player_over_ws_sends_too_much: Player, Ws, TooBig;
    a_player_over_wss_sends_too_much: Player, Wss, TooBig;
    a_player_over_webtransport_sends_too_much: Player, WebTransport, TooBig;
    a_player_over_quic_sends_too_much: Player, Quic, TooBig;
    a_streamer_over_ws_sends_too_much: Streamer, Ws, TooBig;
    a_streamer_over_wss_sends_too_much: Streamer, Wss, TooBig;
    a_streamer_over_webtransport_sends_too_much: Streamer, WebTransport, TooBig;
    a_streamer_over_quic_sends_too_much: Streamer, Quic, TooBig;
    an_sfu_over_ws_sends_too_much: Sfu, Ws, TooBig;
    an_sfu_over_wss_sends_too_much: Sfu, Wss, TooBig;
    an_sfu_over_webtransport_sends_too_much: Sfu, WebTransport, TooBig;
    an_sfu_over_quic_sends_too_much: Sfu, Quic, TooBig;

    a_player_over_ws_is_reset: Player, Ws, Reset;
    a_player_over_wss_is_reset: Player, Wss, Reset;
    a_player_over_webtransport_is_reset: Player, WebTransport, Reset;
    a_player_over_quic_is_reset: Player, Quic, Reset;
    a_streamer_over_ws_is_reset: Streamer, Ws, Reset;
    a_streamer_over_wss_is_reset: Streamer, Wss, Reset;
    a_streamer_over_webtransport_is_reset: Streamer, WebTransport, Reset;
    a_streamer_over_quic_is_reset: Streamer, Quic, Reset;
    an_sfu_over_ws_is_reset: Sfu, Ws, Reset;
    an_sfu_over_wss_is_reset: Sfu, Wss, Reset;
    an_sfu_over_webtransport_is_reset: Sfu, WebTransport, Reset;
    an_sfu_over_quic_is_reset: Sfu, Quic, Reset;
}
