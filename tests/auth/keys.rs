//! Key sets: rotated without a restart; down, slow or garbled, they let nobody in and throw nobody out.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::join_all;
use parking_lot::Mutex;
use pixelgate::config::{KeySource, Keys};
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};

use crate::support::{Lab, Peer, Via};
use crate::world::{Came, Pair, Served, claims, comes, fares, lab_of, refused};

/// What a server of key sets does.
#[derive(Clone)]
enum Reply {
    Set(Value),
    Text(String),
    Status(StatusCode),
    Silence,
}

struct KeyServer {
    served: Served,
    reply: Arc<Mutex<Reply>>,
}

impl KeyServer {
    async fn new(reply: Reply) -> Self {
        let reply = Arc::new(Mutex::new(reply));
        let answers = Arc::clone(&reply);
        let answer = move || {
            let reply = answers.lock().clone();
            async move {
                match reply {
                    Reply::Set(set) => axum::Json(set).into_response(),
                    Reply::Text(text) => text.into_response(),
                    Reply::Status(status) => status.into_response(),
                    Reply::Silence => std::future::pending::<Response>().await,
                }
            }
        };
        Self { served: Served::new(axum::Router::new().route("/path", get(answer))).await, reply }
    }

    fn of(pairs: &[&Pair]) -> Reply {
        Reply::Set(json!({"keys": pairs.iter().map(|pair| pair.jwk()).collect::<Vec<_>>()}))
    }

    fn lab(&self) -> Lab {
        lab_of(Keys::Set(KeySource::Url(self.served.url())))
    }

    fn turns(&self, reply: Reply) {
        *self.reply.lock() = reply;
    }
}

async fn player(lab: &Lab, via: Via, pair: &Pair) -> (Peer, Came) {
    let mut peer = comes(lab, via, Role::Player, Some(&pair.signs(&claims(Role::Player, &["*"])))).await;
    let came = fares(&mut peer).await;
    (peer, came)
}

const SHUT: &str = "nobody can be authorised at the moment; try again later";

fn shut() -> Came {
    Came::Out(CloseCode::TRY_AGAIN, SHUT.to_owned())
}

#[tokio::test]
async fn a_rotated_set_works_without_a_restart() {
    let (old, new) = (Pair::new("old"), Pair::new("new"));
    let server = KeyServer::new(KeyServer::of(&[&old])).await;
    let lab = server.lab();
    for via in Via::ALL {
        assert_eq!(player(&lab, via, &old).await.1, Came::In);
    }
    let (mut live, _) = player(&lab, Via::Quic, &old).await;
    server.turns(KeyServer::of(&[&new]));
    assert_eq!(player(&lab, Via::Ws, &new).await.1, Came::In, "an unknown key is looked for");
    let withdrawn = player(&lab, Via::Ws, &old).await.1;
    assert_eq!(withdrawn, Came::refused("the token is not valid"));
    live.says(json!({"type": "ping", "time": 1})).await;
    live.hears("pong").await;
}

#[tokio::test]
async fn a_set_in_a_file_is_a_set_too() {
    let (old, new) = (Pair::new("old"), Pair::new("new"));
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("keys.json");
    let put = |pair: &Pair| std::fs::write(&path, json!({"keys": [pair.jwk()]}).to_string()).expect("a file");
    put(&old);
    let lab = lab_of(Keys::Set(KeySource::File(path.clone())));
    assert_eq!(player(&lab, Via::Ws, &old).await.1, Came::In);
    put(&new);
    assert_eq!(player(&lab, Via::Quic, &new).await.1, Came::In);
}

/// Each from the start, over every transport.
#[tokio::test]
async fn without_a_set_nobody_comes_in() {
    let pair = Pair::new("one");
    let garbage = Reply::Text("<html>not found</html>".to_owned());
    let huge = Reply::Text(" ".repeat(300 << 10));
    for reply in [Reply::Status(StatusCode::INTERNAL_SERVER_ERROR), garbage, huge, Reply::Silence] {
        let server = KeyServer::new(reply).await;
        let lab = server.lab();
        let fared = join_all(Via::ALL.map(|via| player(&lab, via, &pair))).await;
        assert!(fared.iter().all(|(_, came)| *came == shut()), "{fared:?}");
        assert_eq!(refused(&lab, "authorisation_failed"), 4);
        assert_eq!(lab.gateway().router().session_count(), 0);
    }
    let nobody = lab_of(Keys::Set(KeySource::Url("http://127.0.0.1:1/keys".parse().expect("a URL"))));
    assert_eq!(player(&nobody, Via::Wss, &pair).await.1, shut());
    let no_file = lab_of(Keys::Set(KeySource::File("no/such/file".into())));
    assert_eq!(player(&no_file, Via::Ws, &pair).await.1, shut());
}

/// Whoever is in stays, and keys that are known go on counting for a while.
#[tokio::test]
async fn a_set_that_goes_away_throws_nobody_out() {
    let (known, other) = (Pair::new("known"), Pair::new("other"));
    let server = KeyServer::new(KeyServer::of(&[&known])).await;
    let lab = server.lab();
    let mut live = Vec::new();
    for via in Via::ALL {
        let (peer, came) = player(&lab, via, &known).await;
        assert_eq!(came, Came::In);
        live.push(peer);
    }
    server.turns(Reply::Status(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(player(&lab, Via::Ws, &other).await.1, Came::refused("the token is not valid"));
    assert_eq!(player(&lab, Via::Ws, &known).await.1, Came::In);
    for peer in &mut live {
        peer.says(json!({"type": "ping", "time": 1})).await;
        peer.hears("pong").await;
    }
}
