//! An operator's own pages, from a folder: no listings, nothing hidden, nothing outside but what the operator links there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, LOCATION, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode, Uri};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use tower_http::services::ServeDir;

/// The home page under the name that the reference server gives it; without it, `index.html`.
const HOME: &str = "player.html";

/// The page at `/`, and where it is looked for.
struct Home {
    file: PathBuf,
    uri: Uri,
}

/// The pages of `root`, that of this name at `/`.
pub(super) fn router(root: &Path, homepage: Option<&str>) -> Router {
    let homepage = homepage.unwrap_or(HOME);
    let uri = format!("/{}", utf8_percent_encode(homepage, NAME)).parse().unwrap_or_else(|_| Uri::from_static("/"));
    let home = Home { file: root.join(homepage), uri };
    Router::new().fallback_service(ServeDir::new(root)).layer(from_fn_with_state(Arc::new(home), guard))
}

/// The pages of a folder below a path, which its relative links begin at.
pub(super) fn below(path: &str, folder: &Path) -> Router {
    let inside = format!("{path}/");
    let name = path.rsplit('/').next().unwrap_or_default();
    let to = HeaderValue::from_str(&format!("./{name}/")).unwrap_or(HeaderValue::from_static("./"));
    let moved = move || async move { (StatusCode::PERMANENT_REDIRECT, [(LOCATION, to)]) };
    Router::new().route(path, get(moved)).nest(&inside, router(folder, None))
}

/// What a path cannot hold as it is.
const NAME: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'%');

async fn guard(State(home): State<Arc<Home>>, mut request: Request, next: Next) -> Response {
    if is_hidden(request.uri().path()) {
        return missing();
    }
    if request.uri().path() == "/" && tokio::fs::metadata(&home.file).await.is_ok_and(|file| file.is_file()) {
        *request.uri_mut() = home.uri.clone();
    }
    let last = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return missing();
    }
    let headers = response.headers_mut();
    // A folder without its slash: from where the request stands, since what stood before its path is gone from it.
    if headers.contains_key(LOCATION)
        && let Ok(to) = HeaderValue::from_str(&format!("./{}/", last.trim_start_matches('/')))
    {
        headers.insert(LOCATION, to);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Changed pages show at once; unchanged ones are confirmed by their date.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Files that begin with a dot are for the operator: `.git`, `.env`. `..` is among them. `.well-known` is for the world.
fn is_hidden(path: &str) -> bool {
    let path = percent_decode_str(path).decode_utf8_lossy();
    path.split(['/', '\\']).any(|part| part.starts_with('.') && part != ".well-known")
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "No such page.\n").into_response()
}
