//! `pixelgate token`: what it prints lets its holder in, and no further than it says.

use pixelgate::config::{Issuer, Keys, PublicKey, Roles, Secret};
use pixelgate::wire::Role;
use serde_json::json;

use crate::support::binary::Start;
use crate::support::{Lab, Via};
use crate::world::{Came, Pair, comes, fares, lab_of};

const SECRET: &str = "a secret of thirty-two bytes, or more";

/// The one line that it says.
fn made(start: Start) -> String {
    let over = start.spawn().over();
    assert!(over.status.success() && over.stderr.is_empty(), "{over:?}");
    over.stdout.strip_suffix('\n').expect("a line").to_owned()
}

async fn watches(lab: &Lab, token: &str, via: Via) {
    let mut player = comes(lab, via, Role::Player, Some(token)).await;
    assert_eq!(fares(&mut player).await, Came::In);
    player.says(json!({"type": "listStreamers"})).await;
    player.hears_exactly(json!({"type": "streamerList", "ids": ["Foo"]})).await;
    let streamer = fares(&mut comes(lab, via, Role::Streamer, Some(token)).await).await;
    assert_eq!(streamer, Came::refused("the token is for another role"));
}

#[tokio::test]
async fn a_token_by_the_secret_of_the_file() {
    let file = format!("[[issuer]]\nsecret = '{SECRET}'\nissuer = 'me'\naudience = 'you'\n");
    let lab = Lab::with(|config| {
        let (name, audience) = (Some("me".to_owned()), Some("you".to_owned()));
        let keys = Keys::Secret(Secret::for_tests(SECRET));
        config.auth.issuers = vec![Issuer { name, audience, roles: Roles::ALL, keys }];
    });
    let token = |role: &str, ids: &str| {
        let args = ["token", "--config", "gate.toml", "--role", role, "--streamer", ids, "--ttl", "1h"];
        made(Start::with(args).file("gate.toml", &file))
    };
    let mut streamers = Vec::new();
    for id in ["Foo", "Bar"] {
        let mut streamer = comes(&lab, Via::Ws, Role::Streamer, Some(&token("streamer", "Foo,B*"))).await;
        streamer.identifies(id).await;
        streamers.push(streamer);
    }
    watches(&lab, &token("player", "Foo"), Via::WebTransport).await;
}

#[tokio::test]
async fn a_token_by_a_private_key_or_a_variable() {
    let pair = Pair::new("one");
    let start = Start::with(["token", "--private-key", "key.pem", "--config", "gate.toml", "--streamer", "Foo"]);
    let file = "jwt-key = 'public.pem'\njwt-issuer = 'https://id.example'\n";
    let start = start.file("key.pem", &pair.private).file("public.pem", &pair.public).file("gate.toml", file);
    let token = made(start);
    let lab = lab_of(Keys::Public(PublicKey::from_pem(&pair.public).expect("a key")));
    let mut player = comes(&lab, Via::Quic, Role::Player, Some(&token)).await;
    assert_eq!(fares(&mut player).await, Came::In);

    let token = made(Start::with(["token", "--role=sfu"]).env("PIXELGATE_JWT_SECRET", SECRET));
    let lab = Lab::with(|config| {
        let keys = Keys::Secret(Secret::for_tests(SECRET));
        config.auth.issuers = vec![Issuer { name: None, audience: None, roles: Roles::ALL, keys }];
    });
    assert_eq!(fares(&mut comes(&lab, Via::Wss, Role::Sfu, Some(&token)).await).await, Came::In);
}

#[test]
fn a_key_that_does_not_sign_is_said() {
    let pair = Pair::new("one");
    let over = Start::with(["token", "--private-key", "key.pem"]).file("key.pem", &pair.public).spawn().over();
    assert_eq!(over.status.code(), Some(64));
    assert!(over.stderr.starts_with("pixelgate: --private-key: it is no key that signs; name a PEM file"), "{over:?}");
}
