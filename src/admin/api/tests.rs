//! Tests of what the listeners' tests do not reach: the mount without DELETE, the document, what is hidden.

use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower_service::Service;

use super::redact::redacted;
use super::*;
use crate::hub::Settings;
use crate::metrics::Metrics;

fn state() -> ApiState {
    let router = Router::new(Settings::default(), Arc::new(Metrics::default()));
    let shown =
        Shown { ports: Ports::default(), max_players: None, protocol_version: Some("1.3.0"), peer_options: "{}" };
    let state = ApiState::new(router);
    state.show(&shown);
    state
}

async fn ask(deletes: bool, method: Method, path: &str) -> (StatusCode, http::HeaderMap, Value) {
    let options = if deletes { ApiOptions::OPERATORS } else { ApiOptions::PLAYERS };
    let mut routes = router(state(), options);
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let (head, body) = routes.call(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn definition(deletes: bool) -> Value {
    ask(deletes, Method::GET, "/api/api-definition").await.2
}

#[tokio::test]
async fn without_deletes_nothing_can_be_ended() {
    for path in ["/api/streamers/Foo", "/api/players/Player0"] {
        let (status, headers, _) = ask(false, Method::DELETE, path).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(headers["allow"], "GET,HEAD");
        assert_eq!(ask(true, Method::DELETE, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_document_names_what_is_mounted_and_no_more() {
    let methods = |document: &Value, path: &str| -> Vec<String> {
        document["paths"][path].as_object().unwrap().keys().cloned().collect()
    };
    let reading = definition(false).await;
    assert!(reading["openapi"].as_str().unwrap().starts_with("3.1."), "{}", reading["openapi"]);
    let paths: Vec<_> = reading["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["/api-definition", "/config", "/players", "/players/{id}", "/status", "/streamers", "/streamers/{id}"];
    assert_eq!(paths, expected);
    for path in expected {
        assert_eq!(methods(&reading, path), ["get"], "{path}");
    }
    let all = definition(true).await;
    for path in ["/streamers/{id}", "/players/{id}"] {
        assert_eq!(methods(&all, path), ["delete", "get"], "{path}");
    }
    assert_eq!(methods(&all, "/streamers"), ["get"]);
}

/// What OpenAPI 3.1 wants of an operation, and no name of a module.
#[tokio::test]
async fn every_operation_is_described() {
    let document = definition(true).await;
    let paths = document["paths"].as_object().unwrap();
    for (path, operation) in
        paths.iter().flat_map(|(path, item)| item.as_object().unwrap().values().map(move |o| (path, o)))
    {
        assert!(operation["summary"].is_string(), "{path}");
        assert!(["gateway", "streamers", "players"].map(Into::into).contains(&operation["tags"][0]), "{path}");
        for response in operation["responses"].as_object().unwrap().values() {
            assert!(response["description"].is_string(), "{path}: {response}");
        }
    }
}

/// The schemas say which members may be absent, and that there are no others.
#[tokio::test]
async fn the_schemas_are_closed() {
    let document = definition(true).await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas.iter().filter(|(_, schema)| schema["type"] == "object") {
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
    let player = &schemas["Player"];
    assert_eq!(player["required"], json!(["playerId", "type", "remoteAddress"]));
    assert_eq!(player["properties"]["subscribedTo"]["type"], "string", "never null");
    assert_eq!(schemas["StreamerType"]["enum"], json!(["Streamer", "SFU"]));
}

#[tokio::test]
async fn what_is_not_there_is_said_in_json() {
    for path in ["/api", "/api/nothing", "/api/streamers/Foo/more"] {
        let (status, headers, body) = ask(true, Method::GET, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(body["message"], "No such resource. See /api/api-definition.", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
    }
    let (status, _, body) = ask(true, Method::GET, "/api/players/%ff").await;
    assert_eq!((status, body), (StatusCode::BAD_REQUEST, json!({"message": "The id is not UTF-8."})));
}

#[test]
fn credentials_are_hidden_wherever_they_stand() {
    let options = json!({
        "iceServers": [
            {"urls": ["turn:turn.example:3478?transport=udp"], "username": "u", "credential": "c",
             "credentialType": "password"},
            {"urls": "turn:user:pass@turn.example", "credential": {"macKey": "m", "accessToken": "t"}},
        ],
        "nested": {"Password": 7, "sharedSecret": ["s"], "authToken": "t"},
        "iceTransportPolicy": "relay",
    });
    let expected = json!({
        "iceServers": [
            {"urls": ["turn:turn.example:3478?transport=udp"], "username": "[redacted]", "credential": "[redacted]",
             "credentialType": "password"},
            {"urls": "turn:[redacted]@turn.example", "credential": "[redacted]"},
        ],
        "nested": {"Password": "[redacted]", "sharedSecret": "[redacted]", "authToken": "[redacted]"},
        "iceTransportPolicy": "relay",
    });
    assert_eq!(redacted(&options.to_string()), expected);
}

/// The configuration takes any depth; what cannot be looked through is not shown.
#[test]
fn options_beyond_depth_are_not_shown() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(redacted(&deep), json!({}));
}
