//! The REST API of the operators' listener (protocol.md §6): its bodies word for word, what is not found, what is ended;
//! and what of it others see where it is beside the pages.

mod support;

use std::net::SocketAddr;

use pixelgate::config::Config;
use pixelgate::session::By;
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use support::{Lab, Peer, Via, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer: its status, its head in lower case, its body; `null` where there is none.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

async fn ask(addr: SocketAddr, request: &str, headers: &str) -> Answer {
    let mut tcp = TcpStream::connect(addr).await.expect("the listener is there");
    let head = format!("{request} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n{headers}\r\n");
    tcp.write_all(head.as_bytes()).await.expect("the request is taken");
    let mut text = String::new();
    within(request, tcp.read_to_string(&mut text)).await.expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
}

fn admin(lab: &Lab) -> SocketAddr {
    lab.gateway().bound().admin.expect("the listener is on")
}

async fn asked(lab: &Lab, request: &str) -> (u16, Value) {
    let answer = ask(admin(lab), request, "").await;
    (answer.status, answer.body)
}

async fn get(lab: &Lab, path: &str) -> Value {
    get_at(admin(lab), path, "").await
}

async fn get_at(addr: SocketAddr, path: &str, headers: &str) -> Value {
    let answer = ask(addr, &format!("GET {path}"), headers).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.head);
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    answer.body
}

/// A streamer that has said its id, an SFU on it that streams too, a player on each and one on none.
struct Scene {
    streamer: Peer,
    sfu: Peer,
    watching: Peer,
    behind: Peer,
    idle: Peer,
}

impl Scene {
    async fn play(lab: &Lab) -> Self {
        let mut streamer = lab.streamer(Via::Ws, "Foo").await;
        let mut sfu = lab.connect(Via::Quic, Role::Sfu).await;
        sfu.identifies("Fan").await;
        // The gateway subscribes it by itself.
        streamer.hears("playerConnected").await;
        sfu.says(json!({"type": "startStreaming"})).await;
        sfu.settles().await;
        let (watching, _) = lab.watching(Via::WebTransport, &mut streamer, "Foo").await;
        let (behind, _) = lab.watching(Via::Wss, &mut sfu, "Fan").await;
        let idle = lab.player(Via::Ws).await;
        Self { streamer, sfu, watching, behind, idle }
    }
}

fn player(id: &str, subscribed_to: &str) -> Value {
    json!({"playerId": id, "type": "Player", "subscribedTo": subscribed_to, "remoteAddress": "127.0.0.1"})
}

fn sfu_as_player() -> Value {
    json!({"playerId": "Player0", "type": "SFU", "subscribedTo": "Foo", "remoteAddress": "127.0.0.1"})
}

fn foo() -> Value {
    json!({
        "streamerId": "Foo", "type": "Streamer", "streaming": true, "remoteAddress": "127.0.0.1",
        "subscribers": [sfu_as_player(), player("Player1", "Foo")],
    })
}

fn fan() -> Value {
    json!({
        "streamerId": "Fan", "type": "SFU", "streaming": true, "remoteAddress": "127.0.0.1",
        "subscribers": [player("Player2", "Fan")],
    })
}

#[tokio::test]
async fn who_is_connected() {
    let lab = Lab::open();
    let _scene = Scene::play(&lab).await;
    let idle = json!({"playerId": "Player3", "type": "Player", "remoteAddress": "127.0.0.1"});
    assert_eq!(get(&lab, "/api/streamers").await, json!([foo(), fan()]));
    assert_eq!(get(&lab, "/api/streamers/Foo").await, foo());
    assert_eq!(get(&lab, "/api/streamers/Fan").await, fan());
    let players = json!([sfu_as_player(), player("Player1", "Foo"), player("Player2", "Fan"), idle]);
    assert_eq!(get(&lab, "/api/players").await, players);
    assert_eq!(get(&lab, "/api/players/Player3").await, idle);
    assert_eq!(get(&lab, "/api/players/Player0").await, sfu_as_player());
}

#[tokio::test]
async fn nobody_is_connected() {
    let lab = Lab::open();
    assert_eq!(get(&lab, "/api/streamers").await, json!([]));
    assert_eq!(get(&lab, "/api/players").await, json!([]));
}

#[tokio::test]
async fn a_streamer_that_has_not_said_its_id_is_there_without_one() {
    let lab = Lab::open();
    let mut streamer = lab.connect(Via::Ws, Role::Streamer).await;
    streamer.hears("config").await;
    streamer.hears("identify").await;
    let expected = json!([{
        "streamerId": "", "type": "Streamer", "streaming": false, "remoteAddress": "127.0.0.1", "subscribers": [],
    }]);
    assert_eq!(get(&lab, "/api/streamers").await, expected);
}

/// SFUs are in both counts.
#[tokio::test]
async fn status() {
    let lab = Lab::open();
    let _scene = Scene::play(&lab).await;
    let mut status = get(&lab, "/api/status").await;
    let uptime = status["uptime"].take().as_u64().expect("milliseconds");
    let expected =
        json!({"uptime": null, "streamer_count": 2, "player_count": 4, "version": env!("CARGO_PKG_VERSION")});
    assert_eq!(status, expected);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let later = get(&lab, "/api/status").await["uptime"].as_u64().expect("milliseconds");
    assert!((20..60_000).contains(&(later - uptime)), "{uptime} {later}");
}

fn with_turn(config: &mut Config) {
    let written = r#"{"iceServers":[{"urls":["turn:turn.example"],"username":"HUSH-user","credential":"HUSH-word"}]}"#;
    let args = ["pixelgate", "serve", "--max-players", "7", "--peer-options", written];
    let Ok(pixelgate::config::cli::Command::Serve(read)) = pixelgate::config::cli::parse(args, &|_| None) else {
        panic!("the options are good")
    };
    config.peer_options = read.config.peer_options;
    config.max_players = read.config.max_players;
}

#[tokio::test]
async fn the_configuration_without_its_credentials() {
    let lab = Lab::with(with_turn);
    let bound = lab.gateway().bound();
    let options = json!({"iceServers": [
        {"urls": ["turn:turn.example"], "username": "[redacted]", "credential": "[redacted]"},
    ]});
    let expected = json!({
        "config": {
            "streamerPort": bound.streamer.unwrap().port(), "playerPort": bound.http.unwrap().port(),
            "sfuPort": bound.sfu.unwrap().port(), "peerOptions": options, "maxSubscribers": 7,
        },
        "protocolConfig": {"protocolVersion": "1.3.0", "peerConnectionOptions": options},
    });
    assert_eq!(get(&lab, "/api/config").await, expected);
    // The peers themselves need them.
    let mut player = lab.connect(Via::Ws, Role::Player).await;
    assert_eq!(player.hears("config").await["peerConnectionOptions"]["iceServers"][0]["credential"], "HUSH-word");
}

#[tokio::test]
async fn what_is_not_there() {
    let lab = Lab::open();
    let _scene = Scene::play(&lab).await;
    let cases = [
        ("GET /api/streamers/Bar", "No streamer id matches Bar."),
        ("DELETE /api/streamers/Bar", "No streamer id matches Bar."),
        ("GET /api/players/Player9", "No player ID matches Player9."),
        ("DELETE /api/players/Player9", "No player ID matches Player9."),
        // An id of the other kind is none of this kind.
        ("GET /api/players/Foo", "No player ID matches Foo."),
        ("GET /api/streamers/Player0", "No streamer id matches Player0."),
        ("GET /api/players/a%2F%22b%20%E2%82%AC", "No player ID matches a/\"b €."),
        ("GET /api/nobody", "No such resource. See /api/api-definition."),
    ];
    for (request, message) in cases {
        assert_eq!(asked(&lab, request).await, (404, json!({"message": message})), "{request}");
    }
    for request in ["POST /api/players", "PUT /api/config", "DELETE /api/players", "DELETE /api/status"] {
        assert_eq!(asked(&lab, request).await.0, 405, "{request}");
    }
}

#[tokio::test]
async fn ids_of_any_characters_are_found() {
    let lab = Lab::open();
    let _streamer = lab.streamer(Via::Ws, "a/\"b €").await;
    assert_eq!(get(&lab, "/api/streamers/a%2F%22b%20%E2%82%AC").await["streamerId"], "a/\"b €");
}

#[tokio::test]
async fn an_operator_ends_a_player() {
    let mut lab = Lab::open();
    let mut scene = Scene::play(&lab).await;
    assert_eq!(asked(&lab, "DELETE /api/players/Player1").await, (204, Value::Null));
    let (close, _) = scene.watching.is_closed(CloseCode::DISCONNECTED).await;
    assert_eq!(close.reason, "closed by the operator");
    scene.streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": "Player1"})).await;
    let report = lab.report().await;
    assert_eq!((report.player_id.unwrap().as_str(), report.by), ("Player1", By::Gateway));
    assert_eq!(asked(&lab, "DELETE /api/players/Player1").await.0, 404);
    assert!(scene.idle.settles().await.is_empty(), "the others stay");
}

#[tokio::test]
async fn an_operator_ends_a_streamer() {
    let lab = Lab::open();
    let mut scene = Scene::play(&lab).await;
    assert_eq!(asked(&lab, "DELETE /api/streamers/Foo").await, (204, Value::Null));
    let (close, _) = scene.streamer.is_closed(CloseCode::DISCONNECTED).await;
    assert_eq!(close.reason, "closed by the operator");
    scene.watching.hears_exactly(json!({"type": "streamerDisconnected"})).await;
    scene.watching.is_closed(CloseCode::EMPTY).await;
    scene.sfu.hears_exactly(json!({"type": "streamerDisconnected"})).await;
    assert_eq!(asked(&lab, "GET /api/streamers/Foo").await.0, 404);
    // The id is free again.
    lab.streamer(Via::Ws, "Foo").await;
}

/// An SFU is one session under two ids.
#[tokio::test]
async fn an_operator_ends_an_sfu_by_either_id() {
    for request in ["DELETE /api/players/Player0", "DELETE /api/streamers/Fan"] {
        let lab = Lab::open();
        let mut scene = Scene::play(&lab).await;
        assert_eq!(asked(&lab, request).await.0, 204, "{request}");
        scene.sfu.is_closed(CloseCode::DISCONNECTED).await;
        scene.behind.hears("streamerDisconnected").await;
        scene.behind.is_closed(CloseCode::EMPTY).await;
        scene.streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": "Player0"})).await;
        assert_eq!(asked(&lab, "GET /api/streamers/Fan").await.0, 404);
        assert_eq!(asked(&lab, "GET /api/players/Player0").await.0, 404);
    }
}

/// Pages of other sites may not read the operators' listener, nor end sessions there, whatever is allowed to peers.
#[tokio::test]
async fn no_origin_is_allowed_at_the_operators() {
    let lab = Lab::with(|config| config.allowed_origins.any = true);
    let _scene = Scene::play(&lab).await;
    let admin = admin(&lab);
    let origin = "Origin: https://other.example\r\n";
    let preflight = format!("{origin}Access-Control-Request-Method: DELETE\r\n");
    for path in ["/api/status", "/api/players/Player1", "/api/api-definition", "/metrics", "/healthz"] {
        let answer = ask(admin, &format!("GET {path}"), origin).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.head.contains("access-control"), "{path}: {}", answer.head);
        let answer = ask(admin, &format!("OPTIONS {path}"), &preflight).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(!answer.head.contains("access-control"), "{path}: {}", answer.head);
    }
    // Nor may a page whose name was bound to this address: a browser names its origin, which is the same.
    let answer = ask(admin, "DELETE /api/players/Player1", origin).await;
    assert_eq!(answer.status, 403, "{}", answer.head);
    assert_eq!(get(&lab, "/api/status").await["player_count"], 4);
}

#[tokio::test]
async fn peers_listeners_have_no_api_unless_they_are_told() {
    let lab = Lab::open();
    let _scene = Scene::play(&lab).await;
    let http = lab.gateway().bound().http.unwrap();
    for request in ["GET /api/status", "GET /api/config", "DELETE /api/players/Player1"] {
        assert_eq!(ask(http, request, "").await.status, 404, "{request}");
    }
    assert_eq!(get(&lab, "/api/status").await["player_count"], 4);
}

/// The options of `pixelgate serve` that the tests below need.
fn beside_the_pages(written: &[&str]) -> impl FnOnce(&mut Config) {
    let args = [&["pixelgate", "serve", "--rest-api"], written].concat();
    let Ok(pixelgate::config::cli::Command::Serve(read)) = pixelgate::config::cli::parse(args, &|_| None) else {
        panic!("the options are good")
    };
    |config| {
        config.rest_api = read.config.rest_api;
        config.auth = read.config.auth;
        config.admin_access = read.config.admin_access;
    }
}

/// Everything as at the operators', and no address.
#[tokio::test]
async fn beside_the_pages_nobody_learns_where_others_are() {
    let lab = Lab::with(beside_the_pages(&["--admin-token", "of-the-operators"]));
    let _scene = Scene::play(&lab).await;
    let http = lab.gateway().bound().http.unwrap();
    let bearer = "Authorization: Bearer of-the-operators\r\n";
    for path in ["/streamers", "/streamers/Foo", "/streamers/Fan", "/players", "/players/Player1", "/players/Player3"] {
        let path = format!("/api{path}");
        let to_operators = get_at(admin(&lab), &path, bearer).await.to_string();
        assert!(to_operators.contains(r#""remoteAddress":"127.0.0.1""#), "{to_operators}");
        let expected = to_operators.replace("127.0.0.1", "");
        assert_eq!(get_at(http, &path, "").await.to_string(), expected);
        // Nor to somebody who may know it: the answer crosses the players' network.
        assert_eq!(get_at(http, &path, bearer).await.to_string(), expected);
    }
    assert_eq!(ask(http, "DELETE /api/players/Player1", bearer).await.status, 405);
}

/// Where players need a token, strangers learn nothing of them: the operators' token opens it, a player's does not.
#[tokio::test]
async fn where_players_need_a_token_so_does_what_is_said_of_them() {
    const PATHS: [&str; 7] =
        ["/status", "/config", "/streamers", "/streamers/Foo", "/players", "/players/Player0", "/api-definition"];
    let players = ["--player-token", "of-the-players"];
    for (admin_token, refused) in [(&["--admin-token", "of-the-operators"][..], 401), (&[], 403)] {
        let lab = Lab::with(beside_the_pages(&[&players[..], admin_token].concat()));
        let _streamer = lab.streamer(Via::Ws, "Foo").await;
        let http = lab.gateway().bound().http.unwrap();
        for path in PATHS {
            let request = format!("GET /api{path}");
            for headers in ["", "Authorization: Bearer of-the-players\r\n", "Authorization: Bearer \r\n"] {
                let answer = ask(http, &request, headers).await;
                assert_eq!((answer.status, answer.body), (refused, Value::Null), "{request} {headers}");
            }
            let answer = ask(http, &request, "Authorization: Bearer of-the-operators\r\n").await;
            let expected = match (refused, path) {
                (403, _) => 403,
                (_, "/players/Player0") => 404,
                _ => 200,
            };
            assert_eq!(answer.status, expected, "{request}");
        }
        assert_eq!(ask(http, "GET /", "").await.status, 200, "the page itself is everybody's");
    }
}

/// The rules change while it runs.
#[tokio::test]
async fn a_rule_for_players_that_comes_later_holds_for_what_is_said_of_them() {
    let lab = Lab::with(beside_the_pages(&[]));
    let http = lab.gateway().bound().http.unwrap();
    assert_eq!(ask(http, "GET /api/players", "").await.status, 200);
    let mut config = Config::for_tests();
    beside_the_pages(&["--player-token", "of-the-players"])(&mut config);
    lab.gateway().apply(&config);
    assert_eq!(ask(http, "GET /api/players", "").await.status, 403);
}

#[tokio::test]
async fn the_definition_is_openapi_3_1() {
    let lab = Lab::open();
    let definition = get(&lab, "/api/api-definition").await;
    assert!(definition["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(definition["servers"], json!([{"url": "/api"}]));
    assert!(definition["paths"]["/players/{id}"]["delete"].is_object());
}
