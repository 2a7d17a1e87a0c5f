//! An operator's folder.

use std::fs;
use std::path::PathBuf;

use http::{Request, StatusCode};
use tempfile::TempDir;

use super::{ask, get, of_folder};

/// A folder `www` with pages, beside a file that is nobody's business.
fn folder() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("www");
    for folder in ["sub", "bare", ".git", ".well-known"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for (name, text) in [
        ("index.html", "index"),
        ("page.html", "page"),
        ("app.js", "app"),
        ("app.mjs", "app"),
        ("style.css", "style"),
        ("engine.wasm", "engine"),
        ("a b.txt", "spaced"),
        ("sub/index.html", "sub index"),
        ("bare/file.txt", "file"),
        (".git/config", "hidden"),
        (".env", "hidden"),
        (".well-known/security.txt", "security"),
        ("transports.json", "not ours"),
        ("../secret.txt", "secret"),
    ] {
        fs::write(root.join(name), text).unwrap();
    }
    (dir, root)
}

#[tokio::test]
async fn files_have_their_types() {
    let (_dir, root) = folder();
    let router = of_folder(&root);
    for (path, content_type, body) in [
        ("/page.html", "text/html", "page"),
        ("/app.js", "text/javascript", "app"),
        ("/app.mjs", "application/javascript", "app"),
        ("/style.css", "text/css", "style"),
        ("/engine.wasm", "application/wasm", "engine"),
        ("/a%20b.txt", "text/plain", "spaced"),
        ("/sub/", "text/html", "sub index"),
        ("/page.html?x=1", "text/html", "page"),
        ("/.well-known/security.txt", "text/plain", "security"),
    ] {
        let answer = get(&router, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, body), "{path}");
        assert_eq!(answer.header("content-type"), content_type, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(answer.header("content-security-policy"), "", "the policy is the operator's");
    }
}

#[tokio::test]
async fn home_is_player_html_or_else_index_html() {
    let (_dir, root) = folder();
    let router = of_folder(&root);
    assert_eq!(get(&router, "/").await.body, "index");
    fs::write(root.join("player.html"), "player").unwrap();
    for home in ["/", "/?streamer=A"] {
        let answer = get(&router, home).await;
        assert_eq!((answer.body.as_str(), answer.header("content-type")), ("player", "text/html"));
    }
    assert_eq!(get(&router, "/index.html").await.body, "index");
}

#[tokio::test]
async fn nothing_is_listed_and_nothing_outside_or_hidden_is_served() {
    let (_dir, root) = folder();
    let router = of_folder(&root);
    for path in [
        "/bare/",
        "/bare",
        "/nothing",
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/sub%2f..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/%252e%252e/secret.txt",
        "/.git/config",
        "/%2egit/config",
        "/sub%2F..%2F.git/config",
        "/%2F.env",
        "/.env",
        "/page.html%00",
        "/test/player.html",
        "/pixelgate/page.js",
    ] {
        let answer = get(&router, path).await;
        let followed = if answer.status.is_redirection() {
            get(&router, &answer.header("location").replacen("./", &path[..=path.rfind('/').unwrap()], 1)).await.status
        } else {
            answer.status
        };
        assert_eq!(followed, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.body.contains("secret") && !answer.body.contains("hidden"), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_absolute_path_stays_inside() {
    let (dir, root) = folder();
    let secret = dir.path().join("secret.txt");
    let answer = get(&of_folder(&root), &format!("/{}", secret.display())).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_gateways_own_paths_stay() {
    let (_dir, root) = folder();
    let router = of_folder(&root);
    assert!(get(&router, "/transports.json").await.body.starts_with(r#"{"websocket":"ws://127.0.0.1:8080/player""#));
    assert!(get(&router, "/pixelgate/shim.js").await.body.contains("WebTransport"));
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let (_dir, root) = folder();
    let post = ask(of_folder(&root), Request::post("/page.html")).await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
    let head = ask(of_folder(&root), Request::head("/page.html")).await;
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (StatusCode::OK, "4", ""));
    let part = ask(of_folder(&root), Request::get("/page.html").header("range", "bytes=1-2")).await;
    assert_eq!((part.status, part.body.as_str()), (StatusCode::PARTIAL_CONTENT, "ag"));
}

#[tokio::test]
async fn unchanged_files_are_confirmed() {
    let (_dir, root) = folder();
    let router = of_folder(&root);
    let modified = get(&router, "/page.html").await.header("last-modified").to_owned();
    let again = ask(router, Request::get("/page.html").header("if-modified-since", modified)).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}
