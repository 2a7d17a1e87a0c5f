//! Who may read `/transports.json`.

use std::sync::Arc;

use http::{Request, StatusCode};

use super::super::{Discovery, Pages, router};
use super::{Answer, ask};
use crate::auth::OriginCheck;
use crate::config::{AllowedOrigins, Origin};

async fn ask_from(allowed: &[&str], origin: Option<&str>) -> Answer {
    let named = allowed.iter().filter_map(|origin| Origin::parse(origin)).collect();
    let allowed_origins = OriginCheck::new(AllowedOrigins { any: allowed.contains(&"*"), named });
    let discovery = Discovery { allowed_origins, ..Discovery::default() };
    let request = Request::get("/transports.json").header("host", "gate.example:8080");
    let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
    ask(router(Arc::new(discovery), &Pages::default()), request).await
}

#[tokio::test]
async fn pages_of_allowed_origins_may_read_it() {
    let allowed = ["https://one.example", "http://two.example:3000"];
    for origin in allowed {
        assert_eq!(ask_from(&allowed, Some(origin)).await.header("access-control-allow-origin"), origin);
    }
    assert_eq!(
        ask_from(&["*"], Some("https://x.example")).await.header("access-control-allow-origin"),
        "https://x.example"
    );
}

#[tokio::test]
async fn pages_of_other_origins_may_not() {
    let allowed = ["https://one.example"];
    for other in ["http://one.example", "https://one.example:8443", "https://one.example.evil", "null"] {
        let answer = ask_from(&allowed, Some(other)).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{other}");
    }
    assert!(!ask_from(&[], Some("https://one.example")).await.headers.contains_key("access-control-allow-origin"));
    assert!(!ask_from(&["*"], None).await.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn no_cache_keeps_it_or_hands_one_origins_answer_to_another() {
    for origin in [None, Some("https://one.example"), Some("https://other.example")] {
        let answer = ask_from(&["https://one.example"], origin).await;
        assert_eq!(
            (answer.status, answer.header("vary"), answer.header("cache-control")),
            (StatusCode::OK, "origin", "no-store")
        );
        assert_eq!(answer.body, r#"{"websocket":"ws://gate.example:8080/player","webtransport":null}"#);
    }
}
