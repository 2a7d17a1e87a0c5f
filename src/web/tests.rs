mod built_in;
mod discovery;
mod root;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tower_service::Service;

use super::{Discovery, Pages, router};
use crate::listen::Arrival;

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn built_in() -> Router {
    router(Arc::new(Discovery::default()), &Pages::default())
}

fn of_folder(root: &Path) -> Router {
    let pages = Pages { root: Some(root.to_owned()), ..Pages::default() };
    router(Arc::new(Discovery::default()), &pages)
}

async fn ask(mut router: Router, request: http::request::Builder) -> Answer {
    let arrival = Arrival { local: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), tls: false };
    let request: Request<Body> = request.extension(arrival).body(Body::empty()).unwrap();
    let (parts, body) = router.call(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

async fn get(router: &Router, path: &str) -> Answer {
    ask(router.clone(), Request::get(path)).await
}
