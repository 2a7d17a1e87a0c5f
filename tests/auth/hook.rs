//! A webhook decides: what it is asked, what its answers mean, and what is without one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::future::join_all;
use parking_lot::Mutex;
use pixelgate::config::{Roles, Webhook};
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{Lab, Via};
use crate::world::{Came, Served, comes, comes_to, fares, refused};

/// What it answers to a question.
type Answer = Arc<dyn Fn(&Value) -> Response + Send + Sync>;

struct Hook {
    served: Served,
    answer: Arc<Mutex<Option<Answer>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    async fn new(answer: impl Fn(&Value) -> Response + Send + Sync + 'static) -> Self {
        let answer: Arc<Mutex<Option<Answer>>> = Arc::new(Mutex::new(Some(Arc::new(answer))));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, questions) = (Arc::clone(&answer), Arc::clone(&asked));
        let reply = move |axum::Json(question): axum::Json<Value>| {
            let answer = answers.lock().clone();
            questions.lock().push(question.clone());
            async move {
                match answer {
                    Some(answer) => answer(&question),
                    None => std::future::pending().await,
                }
            }
        };
        Self { served: Served::new(axum::Router::new().route("/path", post(reply))).await, answer, asked }
    }

    fn lab(&self) -> Lab {
        lab_asking(self.served.url(), Duration::from_secs(5))
    }

    fn turns(&self, answer: Option<Answer>) {
        *self.answer.lock() = answer;
    }
}

fn lab_asking(url: http::Uri, timeout: Duration) -> Lab {
    Lab::with(|config| config.auth.webhook = Some(Webhook { url, roles: Roles::ALL, timeout }))
}

fn shut() -> Came {
    Came::Out(CloseCode::TRY_AGAIN, "nobody can be authorised at the moment; try again later".to_owned())
}

fn by_token(question: &Value) -> Response {
    let answer = match question["token"].as_str() {
        Some("yes") => json!({"allow": true, "streamers": ["Stage"], "max_session": 3600, "more": 1}),
        Some("brief") => json!({"allow": true, "max_session": 0.2}),
        Some("over") => json!({"allow": true, "exp": 1000}),
        Some("ann") => json!({"allow": false, "reason": "ask\nAnn"}),
        Some("status") => return StatusCode::FORBIDDEN.into_response(),
        _ => json!({"allow": false}),
    };
    axum::Json(answer).into_response()
}

#[tokio::test]
async fn its_word_counts_over_every_transport_in_every_role() {
    let hook = Hook::new(by_token).await;
    let lab = hook.lab();
    for via in Via::ALL {
        for role in Role::ALL {
            for (token, expected) in [
                (None, Came::Out(CloseCode::POLICY, "not authorised".to_owned())),
                (Some("no"), Came::Out(CloseCode::POLICY, "not authorised".to_owned())),
                (Some("status"), Came::Out(CloseCode::POLICY, "not authorised".to_owned())),
                (Some("ann"), Came::refused("askAnn")),
                (Some("over"), Came::refused("the token has expired")),
                (Some("yes"), Came::In),
            ] {
                let mut peer = comes(&lab, via, role, token).await;
                assert_eq!(fares(&mut peer).await, expected, "{role} over {} with {token:?}", via.name());
                if expected == Came::In && role.publishes() {
                    peer.hears("identify").await;
                    peer.says(json!({"type": "endpointId", "id": "Other"})).await;
                    peer.is_closed(CloseCode::POLICY).await;
                }
            }
            let asked = hook.asked.lock().last().cloned().expect("a question");
            let path = if via == Via::Quic { Value::Null } else { json!(format!("/{role}")) };
            let expected = json!({
                "role": role.name(), "remote": "127.0.0.1", "transport": via.name(), "path": path, "token": "yes"
            });
            assert_eq!(asked, expected);
        }
    }
    assert_eq!((refused(&lab, "denied"), refused(&lab, "token_expired")), (48, 12));
}

#[tokio::test]
async fn its_attributes_hold() {
    let hook = Hook::new(by_token).await;
    let lab = hook.lab();
    let mut brief = comes(&lab, Via::WebTransport, Role::Player, Some("brief")).await;
    assert_eq!(fares(&mut brief).await, Came::In);
    let (close, _) = brief.is_closed(CloseCode::POLICY).await;
    assert_eq!(close.reason, "the session has lasted as long as its token allows");
    // The query is not the webhook's to read, but for the token.
    let url = format!("{}?token=yes&x=y", lab.url(Via::Ws, Role::Player));
    assert_eq!(fares(&mut comes_to(&lab, &url, Role::Player, None).await).await, Came::In);
    assert_eq!(hook.asked.lock().last().expect("a question")["path"], "/player");
}

/// Down, slow, and what is not a clear yes.
#[tokio::test]
async fn without_its_word_nobody_comes_in_and_nobody_goes() {
    let hook = Hook::new(by_token).await;
    let lab = lab_asking(hook.served.url(), Duration::from_secs(1));
    let mut live = Vec::new();
    for via in Via::ALL {
        let mut peer = comes(&lab, via, Role::Player, Some("yes")).await;
        assert_eq!(fares(&mut peer).await, Came::In);
        live.push(peer);
    }
    let text = |text: &'static str| -> Option<Answer> { Some(Arc::new(move |_: &Value| text.into_response())) };
    let broken: Answer = Arc::new(|_: &Value| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    let elsewhere: Answer = Arc::new(|_: &Value| axum::response::Redirect::temporary("/yes").into_response());
    let huge: Answer =
        Arc::new(|_: &Value| format!(r#"{{"allow":true,"x":"{}"}}"#, "x".repeat(70_000)).into_response());
    let answers = [text("allow"), text("{}"), text(r#"{"allow":"true"}"#), text("[true]"), text("")];
    for answer in answers.into_iter().chain([Some(broken), Some(elsewhere), Some(huge), None]) {
        hook.turns(answer);
        let newcomers = Via::ALL.map(|via| {
            let lab = &lab;
            async move { fares(&mut comes(lab, via, Role::Player, Some("yes")).await).await }
        });
        assert_eq!(join_all(newcomers).await, [shut(), shut(), shut(), shut()]);
    }
    drop(hook);
    assert_eq!(fares(&mut comes(&lab, Via::Ws, Role::Player, Some("yes")).await).await, shut());
    assert_eq!(refused(&lab, "authorisation_failed"), 9 * 4 + 1);
    for peer in &mut live {
        peer.says(json!({"type": "ping", "time": 1})).await;
        peer.hears("pong").await;
    }
    assert_eq!(lab.gateway().router().session_count(), 4);
}

/// However many come at once, it is asked so many questions at a time and no more.
#[tokio::test]
async fn it_is_not_run_over() {
    const AT_ONCE: usize = 64;
    let (now, most, (open, opened)) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), watch::channel(false));
    let (counted, peak) = (Arc::clone(&now), Arc::clone(&most));
    let answer = move || {
        let (counted, peak, mut opened) = (Arc::clone(&counted), Arc::clone(&peak), opened.clone());
        async move {
            peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            opened.wait_for(|open| *open).await.expect("the test goes on");
            counted.fetch_sub(1, Ordering::SeqCst);
            axum::Json(json!({"allow": true}))
        }
    };
    let served = Served::new(axum::Router::new().route("/path", post(answer))).await;
    let lab = lab_asking(served.url(), Duration::from_secs(9));
    let crowd = join_all((0..AT_ONCE + 16).map(|_| async {
        let mut peer = comes(&lab, Via::Ws, Role::Player, None).await;
        (fares(&mut peer).await, peer)
    }));
    let release = async {
        lab.until("as many questions as may be", |_| now.load(Ordering::SeqCst) == AT_ONCE).await;
        open.send_replace(true);
    };
    let (crowd, ()) = tokio::join!(crowd, release);
    assert!(crowd.iter().all(|(came, _)| *came == Came::In));
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
}
