//! A webhook decides: what it is asked, what its answers mean, and what is without one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::future::join_all;
use parking_lot::Mutex;
use pixelgate::config::{Limits, Roles, Webhook};
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::raw::{CLOSE, RawWs};
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
    Lab::with(|config| config.auth.webhook = Some(Webhook { url, roles: Roles::ALL, timeout, anonymous: true }))
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

/// A webhook that answers whoever shows something, and the others when it is told to.
struct Slow {
    served: Served,
    /// Where those were from who showed nothing, as it was asked about them.
    asked: Arc<Mutex<Vec<String>>>,
    open: watch::Sender<bool>,
}

impl Slow {
    async fn new() -> Self {
        let (open, opened) = watch::channel(false);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let questions = Arc::clone(&asked);
        let answer = move |axum::Json(question): axum::Json<Value>| {
            let mut opened = opened.clone();
            if question["token"].is_null() {
                questions.lock().push(question["remote"].as_str().expect("an address").to_owned());
            }
            async move {
                if question["token"].is_null() {
                    opened.wait_for(|open| *open).await.expect("the test goes on");
                }
                axum::Json(json!({"allow": true}))
            }
        };
        Self { served: Served::new(axum::Router::new().route("/path", post(answer))).await, asked, open }
    }

    /// Limits hold for this machine too.
    fn lab(&self) -> Lab {
        let url = self.served.url();
        Lab::with(|config| {
            config.limits = Limits::Loopback;
            let timeout = Duration::from_secs(9);
            config.auth.webhook = Some(Webhook { url, roles: Roles::ALL, timeout, anonymous: true });
        })
    }

    async fn is_asked(&self, lab: &Lab, times: usize) {
        lab.until(&format!("{times} questions"), |_| self.asked.lock().len() == times).await;
    }
}

/// A player without a token, from another address than everybody else here.
async fn nobody(lab: &Lab) -> RawWs {
    let http = lab.gateway().bound().http.expect("the listener is on");
    RawWs::try_open(http, false, Role::Player, [127, 0, 0, 9].into()).await.expect("an upgrade")
}

/// Four questions of an address at a time: whoever floods waits for itself.
#[tokio::test]
async fn an_address_that_floods_makes_nobody_else_wait() {
    let hook = Slow::new().await;
    let lab = hook.lab();
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(nobody(&lab).await);
    }
    lab.until("four questions", |_| hook.asked.lock().len() >= 4).await;
    for via in Via::ALL {
        assert_eq!(fares(&mut comes(&lab, via, Role::Player, Some("yes")).await).await, Came::In, "{}", via.name());
    }
    assert_eq!(*hook.asked.lock(), ["127.0.0.9"; 4]);
    // And they come in, one after another.
    hook.open.send_replace(true);
    for mut ws in crowd {
        let (first, text) = ws.hears().await.expect("a message");
        assert!(first != CLOSE && text.starts_with(br#"{"type":"config""#), "{text:?}");
    }
    assert_eq!(hook.asked.lock().len(), 100);
}

#[tokio::test]
async fn whoever_goes_is_not_waited_for() {
    let hook = Slow::new().await;
    let lab = hook.lab();
    let mut asked = 0;
    for via in Via::ALL {
        let mut waiting = Vec::new();
        for _ in 0..4 {
            waiting.push(comes(&lab, via, Role::Player, None).await);
        }
        asked += 4;
        hook.is_asked(&lab, asked).await;
        // A fifth of the same address has its turn when one has gone.
        let next = comes(&lab, Via::Ws, Role::Player, Some("yes"));
        let goes = async { waiting.pop().expect("one").leaves().await };
        let (mut next, ()) = tokio::join!(next, goes);
        assert_eq!(fares(&mut next).await, Came::In, "after one over {}", via.name());
        for peer in waiting {
            peer.leaves().await;
        }
        lab.until("all to be gone", |lab| refused(lab, "gone") == asked as u64).await;
    }
    assert_eq!(hook.asked.lock().len(), 16);
}

/// What is said before the answer is said to the session.
#[tokio::test]
async fn what_is_said_meanwhile_is_not_lost() {
    let hook = Slow::new().await;
    let lab = hook.lab();
    let mut peers = Vec::new();
    for via in Via::ALL {
        let mut peer = comes(&lab, via, Role::Player, None).await;
        for time in 1..=3 {
            peer.says(json!({"type": "ping", "time": time})).await;
        }
        peers.push(peer);
    }
    hook.is_asked(&lab, 4).await;
    hook.open.send_replace(true);
    for mut peer in peers {
        peer.hears("config").await;
        for time in 1..=3 {
            peer.hears_exactly(json!({"type": "pong", "time": time})).await;
        }
    }
}

/// A violation is one before the session too.
#[tokio::test]
async fn what_breaks_the_rules_meanwhile_ends_it() {
    let hook = Slow::new().await;
    let lab = hook.lab();
    let mut ws = nobody(&lab).await;
    hook.is_asked(&lab, 1).await;
    // Not masked (RFC 6455 §5.1).
    ws.sends(&[0x81, 1, b'x']).await;
    let (first, _) = ws.hears().await.expect("a close");
    assert_eq!((first, refused(&lab, "violation")), (CLOSE, 1));
}

#[tokio::test]
async fn it_need_not_be_asked_about_those_who_show_nothing() {
    let hook = Hook::new(by_token).await;
    let url = hook.served.url();
    let lab = Lab::with(|config| {
        let timeout = Duration::from_secs(5);
        config.auth.webhook = Some(Webhook { url, roles: Roles::ALL, timeout, anonymous: false });
    });
    for via in Via::ALL {
        let mut peer = comes(&lab, via, Role::Player, None).await;
        assert_eq!(fares(&mut peer).await, Came::refused("no token was given"), "{}", via.name());
        assert_eq!(fares(&mut comes(&lab, via, Role::Player, Some("yes")).await).await, Came::In, "{}", via.name());
    }
    assert_eq!((hook.asked.lock().len(), refused(&lab, "no_token")), (4, 4));
}
