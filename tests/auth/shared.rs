//! Tokens that all of a role share.

use pixelgate::client::{Client, Options};
use pixelgate::config::{Config, Roles, Secret};
use pixelgate::wire::{CloseCode, Role};
use serde_json::json;

use crate::support::{Lab, Peer, Via, within};
use crate::world::{Came, comes, comes_to, fares, refused};

fn tokens(config: &mut Config) {
    config.auth.player_token = Some(Secret::for_tests("for-players"));
    config.auth.streamer_token = Some(Secret::for_tests("for-streamers"));
    config.auth.sfu_token = Some(Secret::for_tests("for-sfus"));
}

fn right(role: Role) -> &'static str {
    match role {
        Role::Player => "for-players",
        Role::Streamer => "for-streamers",
        Role::Sfu => "for-sfus",
    }
}

/// Every role over every transport: with none, a wrong one, another role's and the right one.
#[tokio::test]
async fn each_role_needs_its_own() {
    let lab = Lab::with(tokens);
    for via in Via::ALL {
        for role in Role::ALL {
            let other = Role::ALL.into_iter().find(|other| *other != role).map(right);
            let wrong = Came::refused("the token is not valid");
            for (token, expected) in [
                (None, Came::refused("no token was given")),
                (Some("wrong"), wrong),
                (other, Came::refused("the token is not valid")),
                (Some(right(role)), Came::In),
            ] {
                let mut peer = comes(&lab, via, role, token).await;
                assert_eq!(fares(&mut peer).await, expected, "{role} over {} with {token:?}", via.name());
                let here = usize::from(expected == Came::In);
                assert_eq!(lab.gateway().router().session_count(), here, "who is refused costs the hub nothing");
                if here == 1 {
                    peer.leaves().await;
                    lab.until("it to be gone", |lab| lab.gateway().router().session_count() == 0).await;
                }
            }
        }
    }
    assert_eq!((refused(&lab, "no_token"), refused(&lab, "token_wrong")), (12, 24));
}

/// §2: `?token=` wherever there is a URL, and two that differ are refused.
#[tokio::test]
async fn a_url_may_hold_it() {
    let lab = Lab::with(tokens);
    for via in [Via::Ws, Via::Wss, Via::WebTransport] {
        let url = format!("{}?x=y&token=for-players", lab.url(via, Role::Player));
        assert_eq!(fares(&mut comes_to(&lab, &url, Role::Player, None).await).await, Came::In);
        assert_eq!(fares(&mut comes_to(&lab, &url, Role::Player, Some("for-players")).await).await, Came::In);
        let both = fares(&mut comes_to(&lab, &url, Role::Player, Some("for-sfus")).await).await;
        assert_eq!(both, Came::refused("several tokens were given, and they differ"));
    }
    assert_eq!(refused(&lab, "token_conflict"), 3);
}

/// §2: "pages offer `pixelstream` and `bearer.<token>`", and get the first back.
#[tokio::test]
async fn a_subprotocol_may_hold_it() {
    let lab = Lab::with(tokens);
    for via in [Via::Ws, Via::Wss] {
        for (offers, expected) in [
            (["bearer.for-players", "pixelstream"], Came::In),
            (["pixelstream", "bearer.wrong"], Came::refused("the token is not valid")),
        ] {
            let options = Options { subprotocols: offers.map(str::to_owned).to_vec(), ..lab.options() };
            let client = Client::new(options).expect("the options are good");
            let mut peer = Peer::connect(&client, &lab.url(via, Role::Player), Role::Player).await;
            assert_eq!(peer.connection.subprotocol(), Some("pixelstream"));
            assert_eq!(fares(&mut peer).await, expected);
        }
    }
}

/// A listener may be open for itself.
#[tokio::test]
async fn where_a_listener_is_open_nothing_is_asked() {
    let lab = Lab::with(|config| {
        tokens(config);
        config.listener_mut("http").expect("it is there").open = Some(Roles::PLAYERS);
    });
    assert_eq!(fares(&mut comes(&lab, Via::Ws, Role::Player, None).await).await, Came::In);
    assert_eq!(fares(&mut comes(&lab, Via::Ws, Role::Player, Some("wrong")).await).await, Came::In);
    let streamer = fares(&mut comes(&lab, Via::Ws, Role::Streamer, None).await).await;
    assert_eq!(streamer, Came::refused("no token was given"));
    let elsewhere = fares(&mut comes(&lab, Via::Wss, Role::Player, None).await).await;
    assert_eq!(elsewhere, Came::refused("no token was given"));
}

/// Another token is for newcomers: who is in stays.
#[tokio::test]
async fn a_changed_token_is_for_newcomers() {
    let lab = Lab::with(tokens);
    let mut old = comes(&lab, Via::Ws, Role::Player, Some("for-players")).await;
    assert_eq!(fares(&mut old).await, Came::In);
    let mut config = Config::for_tests();
    config.auth.player_token = Some(Secret::for_tests("new"));
    lab.gateway().apply(&config);
    let late = fares(&mut comes(&lab, Via::Quic, Role::Player, Some("for-players")).await).await;
    assert_eq!(late, Came::refused("the token is not valid"));
    assert_eq!(fares(&mut comes(&lab, Via::Quic, Role::Player, Some("new")).await).await, Came::In);
    old.says(json!({"type": "ping", "time": 1})).await;
    old.hears("pong").await;
}

/// What was said before the refusal goes nowhere.
#[tokio::test]
async fn whoever_is_refused_is_not_heard() {
    let lab = Lab::with(tokens);
    for via in Via::ALL {
        let mut peer = comes(&lab, via, Role::Streamer, None).await;
        // It may be closed by then.
        let _ = peer.connection.send(r#"{"type":"endpointId","id":"Foo"}"#).await;
        peer.is_closed(CloseCode::POLICY).await;
        assert_eq!(lab.streamers(), []);
    }
    assert_eq!(lab.drops(), std::collections::BTreeMap::new());
}

/// A token that leaks fills nobody's list, and a place is free again when its streamer has gone.
#[tokio::test]
async fn a_token_lets_in_so_many_streamers() {
    let lab = Lab::with(|config| {
        tokens(config);
        config.bounds.streamers_per_token = Some(Via::ALL.len() as u32);
    });
    let mut streamers = Vec::new();
    for via in Via::ALL {
        let mut streamer = comes(&lab, via, Role::Streamer, Some("for-streamers")).await;
        assert_eq!(fares(&mut streamer).await, Came::In);
        streamers.push(streamer);
    }
    let full = Came::Out(CloseCode::TRY_AGAIN, "Too many streamers with this token.".to_owned());
    for via in Via::ALL {
        let mut another = comes(&lab, via, Role::Streamer, Some("for-streamers")).await;
        assert_eq!(fares(&mut another).await, full, "over {}", via.name());
    }
    assert_eq!(fares(&mut comes(&lab, Via::Ws, Role::Player, Some("for-players")).await).await, Came::In);
    assert_eq!(refused(&lab, "streamers_of_token"), 4);
    streamers.pop().expect("four").leaves().await;
    lab.until("it to be gone", |lab| lab.streamers().len() == Via::ALL.len() - 1).await;
    // Its place is given back when its connection has gone, which is after it was forgotten.
    let comes_in = async {
        while fares(&mut comes(&lab, Via::Quic, Role::Streamer, Some("for-streamers")).await).await == full {}
    };
    within("its place to be free", comes_in).await;
}
