//! Signed tokens: role × transport × credential → exactly the right ones get in, and no further than they may.

use data_encoding::BASE64URL_NOPAD;
use futures_util::future::join_all;
use pixelgate::auth::{NewClaims, Signer, issue};
use pixelgate::config::{Keys, PublicKey, Secret};
use pixelgate::wire::{CloseCode, Role};
use serde_json::json;

use crate::support::{Lab, Peer, Via};
use crate::world::{Came, Pair, claims, comes, fares, lab_of, lab_with, now, refused};

/// What somebody shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    None,
    Garbage,
    WrongKey,
    Expired,
    NotYetValid,
    WrongRole,
    WrongStreamer,
    WrongIssuer,
    AlgorithmNone,
    PublicKeyAsSecret,
    Right,
}

const ALL: [Credential; 11] = [
    Credential::None,
    Credential::Garbage,
    Credential::WrongKey,
    Credential::Expired,
    Credential::NotYetValid,
    Credential::WrongRole,
    Credential::WrongStreamer,
    Credential::WrongIssuer,
    Credential::AlgorithmNone,
    Credential::PublicKeyAsSecret,
    Credential::Right,
];

impl Credential {
    fn token(self, role: Role, pair: &Pair) -> Option<String> {
        let good = claims(role, &["Stage*", "Fan"]);
        let other = if role == Role::Player { Role::Streamer } else { Role::Player };
        Some(match self {
            Self::None => return None,
            Self::Garbage => "not.a.token".to_owned(),
            Self::WrongKey => Pair::new(pair.kid).signs(&good),
            Self::Expired => pair.signs(&NewClaims { exp: now() - 1, ..good }),
            Self::NotYetValid => pair.signs(&NewClaims { nbf: Some(now() + 30), ..good }),
            Self::WrongRole => pair.signs(&claims(other, &["Stage"])),
            Self::WrongStreamer => pair.signs(&claims(role, &["Other"])),
            Self::WrongIssuer => pair.signs(&NewClaims { iss: Some("https://evil.example".to_owned()), ..good }),
            Self::AlgorithmNone => {
                let signed = pair.signs(&good);
                let body = signed.split('.').nth(1).expect("a body");
                // {"alg":"none"}
                format!("eyJhbGciOiJub25lIn0.{body}.")
            }
            Self::PublicKeyAsSecret => {
                issue(&good, &Signer::secret(&Secret::for_tests(&pair.public)).expect("a key")).expect("a token")
            }
            Self::Right => pair.signs(&good),
        })
    }

    fn expected(self) -> Came {
        match self {
            Self::None => Came::refused("no token was given"),
            Self::Expired => Came::refused("the token has expired"),
            Self::NotYetValid => Came::refused("the token is not valid yet"),
            Self::WrongRole => Came::refused("the token is for another role"),
            Self::WrongStreamer | Self::Right => Came::In,
            _ => Came::refused("the token is not valid"),
        }
    }
}

/// One cell of the matrix: who is let in, and how far.
async fn cell(lab: &Lab, pair: &Pair, via: Via, role: Role, credential: Credential) {
    let token = credential.token(role, pair);
    let mut peer = comes(lab, via, role, token.as_deref()).await;
    let what = format!("{role} over {} with {credential:?}", via.name());
    assert_eq!(fares(&mut peer).await, credential.expected(), "{what}");
    if credential.expected() != Came::In {
        return;
    }
    let may = credential == Credential::Right;
    match role {
        Role::Player => {
            peer.says(json!({"type": "listStreamers"})).await;
            let ids = if may { json!(["Stage"]) } else { json!([]) };
            assert_eq!(peer.hears("streamerList").await["ids"], ids, "{what}");
            peer.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
            if !may {
                let failed = peer.hears("subscribeFailed").await;
                assert_eq!(failed["message"], "Streamer Stage does not exist.", "{what}");
            }
        }
        Role::Streamer | Role::Sfu => {
            peer.hears("identify").await;
            let id = if role == Role::Streamer { "Stage7" } else { "Fan" };
            peer.says(json!({"type": "endpointId", "id": id})).await;
            if may {
                peer.hears_exactly(json!({"type": "endpointIdConfirm", "committedId": id})).await;
            } else {
                let (close, _) = peer.is_closed(CloseCode::POLICY).await;
                assert_eq!(close.reason, "not authorised: the token does not allow this streamer id", "{what}");
            }
        }
    }
    peer.leaves().await;
}

async fn matrix(via: Via) {
    let pair = Pair::new("one");
    let lab = lab_of(Keys::Public(PublicKey::from_pem(&pair.public).expect("a key")));
    let mut stage =
        comes(&lab, Via::Ws, Role::Streamer, Credential::Right.token(Role::Streamer, &pair).as_deref()).await;
    stage.identifies("Stage").await;
    for role in Role::ALL {
        for credential in ALL {
            let before = lab.gateway().router().session_count();
            cell(&lab, &pair, via, role, credential).await;
            if credential.expected() != Came::In {
                assert_eq!(lab.gateway().router().session_count(), before, "who is refused costs the hub nothing");
            }
            drop(stage.settles().await);
            lab.until("the stage alone", |lab| lab.gateway().router().session_count() == 1).await;
        }
    }
    let counted = ["no_token", "token_wrong", "token_expired", "token_early", "token_role"];
    assert_eq!(counted.map(|reason| refused(&lab, reason)), [3, 15, 3, 3, 3]);
}

#[tokio::test]
async fn the_right_ones_get_in_over_ws() {
    matrix(Via::Ws).await;
}

#[tokio::test]
async fn the_right_ones_get_in_over_wss() {
    matrix(Via::Wss).await;
}

#[tokio::test]
async fn the_right_ones_get_in_over_webtransport() {
    matrix(Via::WebTransport).await;
}

#[tokio::test]
async fn the_right_ones_get_in_over_quic() {
    matrix(Via::Quic).await;
}

/// §5.5: a session ends with its token, in the middle of whatever it does.
#[tokio::test]
async fn a_session_ends_with_its_token() {
    let pair = Pair::new("one");
    let lab = lab_of(Keys::Public(PublicKey::from_pem(&pair.public).expect("a key")));
    let ends = |via: Via, role: Role| {
        let (lab, pair) = (&lab, &pair);
        // Boxed: a debug build's futures of a dozen connections are more than a thread's stack.
        Box::pin(async move {
            let exp = now() + 2;
            let token = pair.signs(&NewClaims { exp, ..claims(role, &["*"]) });
            let mut peer = comes(lab, via, role, Some(&token)).await;
            assert_eq!(fares(&mut peer).await, Came::In);
            let (close, _) = peer.is_closed(CloseCode::POLICY).await;
            assert_eq!(close.reason, "the token has expired");
            assert!((exp..exp + 5).contains(&now()), "{role} over {}: {} after {exp}", via.name(), now());
        })
    };
    let all = Via::ALL.into_iter().flat_map(|via| Role::ALL.map(|role| ends(via, role)));
    join_all(all).await;
    assert_eq!(lab.gateway().router().session_count(), 0);
}

#[tokio::test]
async fn a_session_is_no_longer_than_its_token_allows() {
    let pair = Pair::new("one");
    let lab = lab_of(Keys::Public(PublicKey::from_pem(&pair.public).expect("a key")));
    let ends = |via: Via| {
        let (lab, pair) = (&lab, &pair);
        Box::pin(async move {
            let token = pair.signs(&NewClaims { max_session: Some(1), ..claims(Role::Player, &["*"]) });
            let mut peer = comes(lab, via, Role::Player, Some(&token)).await;
            assert_eq!(fares(&mut peer).await, Came::In);
            let (close, _) = peer.is_closed(CloseCode::POLICY).await;
            assert_eq!(close.reason, "the session has lasted as long as its token allows");
        })
    };
    join_all(Via::ALL.map(ends)).await;
}

async fn enters(lab: &Lab, pair: &Pair, role: Role, ids: &[&str]) -> Peer {
    let mut peer = comes(lab, Via::Ws, role, Some(&pair.signs(&claims(role, ids)))).await;
    assert_eq!(fares(&mut peer).await, Came::In);
    peer
}

/// A player that falls back, and an SFU that the gateway subscribes, get what they may watch and nothing else.
#[tokio::test]
async fn what_the_gateway_chooses_is_within_the_token_too() {
    let pair = Pair::new("one");
    let lab = lab_of(Keys::Public(PublicKey::from_pem(&pair.public).expect("a key")));
    let mut first = enters(&lab, &pair, Role::Streamer, &["First"]).await;
    let mut second = enters(&lab, &pair, Role::Streamer, &["Second"]).await;
    for (streamer, id) in [(&mut first, "First"), (&mut second, "Second")] {
        streamer.hears("identify").await;
        streamer.says(json!({"type": "endpointId", "id": id})).await;
        streamer.hears("endpointIdConfirm").await;
    }
    let mut sfu = enters(&lab, &pair, Role::Sfu, &["Second", "Fan"]).await;
    assert_eq!(second.hears("playerConnected").await["sfu"], true);
    let mut player = enters(&lab, &pair, Role::Player, &["Second"]).await;
    player.says(json!({"type": "answer", "sdp": "s"})).await;
    assert_eq!(second.hears("playerConnected").await["sfu"], false);
    second.hears("answer").await;
    assert_eq!(first.settles().await, Vec::<serde_json::Value>::new());
    sfu.hears("identify").await;
    sfu.says(json!({"type": "listStreamers"})).await;
    sfu.hears_exactly(json!({"type": "streamerList", "ids": ["Second"]})).await;
}

/// Nobody becomes by way of a taken id what its token does not name: it is told to come again, over every transport.
#[tokio::test]
async fn a_number_that_is_appended_is_within_the_token_too() {
    let pair = Pair::new("one");
    let lab = lab_of(Keys::Public(PublicKey::from_pem(&pair.public).expect("a key")));
    let asks_for_stage = async |via, ids: &[&str]| {
        let token = pair.signs(&claims(Role::Streamer, ids));
        let mut streamer = comes(&lab, via, Role::Streamer, Some(&token)).await;
        streamer.hears("config").await;
        streamer.hears("identify").await;
        streamer.says(json!({"type": "endpointId", "id": "Stage"})).await;
        streamer
    };
    // Over QUIC, so that they show life without being listened to.
    let mut holder = asks_for_stage(Via::Quic, &["Stage"]).await;
    holder.hears("endpointIdConfirm").await;
    let mut numbered = asks_for_stage(Via::Quic, &["Stage", "Stage7"]).await;
    numbered.hears_exactly(json!({"type": "endpointIdConfirm", "committedId": "Stage7"})).await;
    for via in Via::ALL {
        let (close, _) = asks_for_stage(via, &["Stage", "Stage7"]).await.is_closed(CloseCode::TRY_AGAIN).await;
        assert_eq!(close.reason, "the id Stage is taken, and the token allows no other", "over {}", via.name());
    }
    let ids: Vec<_> = lab.streamers().into_iter().filter_map(|view| view.id).map(|id| id.to_string()).collect();
    assert_eq!(ids, ["Stage", "Stage7"]);
}

/// The same token with the other signature that is good if the one is: ECDSA's second number, taken from the order of
/// P-256.
fn with_the_other_signature(token: &str) -> String {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
        0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let mut signature = BASE64URL_NOPAD.decode(signature.as_bytes()).expect("base64url");
    let mut borrowed = 0;
    for (byte, of_order) in signature[32..].iter_mut().zip(ORDER).rev() {
        let rest = i16::from(of_order) - i16::from(*byte) - borrowed;
        borrowed = i16::from(rest < 0);
        *byte = rest.rem_euclid(256) as u8;
    }
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// Whoever has a token has two by the other signature, and no more places.
#[tokio::test]
async fn another_signature_of_a_token_is_no_other_token() {
    let pair = Pair::new("one");
    let keys = Keys::Public(PublicKey::from_pem(&pair.public).expect("a key"));
    let lab = lab_with(keys, |config| config.bounds.streamers_per_token = Some(1));
    let token = pair.signs(&claims(Role::Streamer, &["Stage"]));
    let twin = with_the_other_signature(&token);
    assert_ne!(token, twin);
    let mut streamer = comes(&lab, Via::Ws, Role::Streamer, Some(&twin)).await;
    assert_eq!(fares(&mut streamer).await, Came::In, "it is as good");
    let full = Came::Out(CloseCode::TRY_AGAIN, "Too many streamers with this token.".to_owned());
    for via in Via::ALL {
        assert_eq!(fares(&mut comes(&lab, via, Role::Streamer, Some(&token)).await).await, full, "over {}", via.name());
    }
    let other = pair.signs(&claims(Role::Streamer, &["Other"]));
    assert_eq!(fares(&mut comes(&lab, Via::Ws, Role::Streamer, Some(&other)).await).await, Came::In);
}
