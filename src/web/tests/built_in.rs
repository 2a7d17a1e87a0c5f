//! The embedded pages.

use std::collections::BTreeSet;

use http::StatusCode;

use super::{Answer, built_in, get};

const PAGES: [&str; 3] = ["/", "/test/player.html", "/test/streamer.html"];

/// What a page or script refers to: `src="…"`, `href="…"`, `from "…"`, as absolute paths.
fn references(at: &str, text: &str) -> Vec<String> {
    let folder = &at[..=at.rfind('/').unwrap()];
    ["src=\"", "href=\"", "from \""]
        .into_iter()
        .flat_map(|before| text.split(before).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .map(|reference| match reference.strip_prefix("./").unwrap_or(reference) {
            absolute if absolute.starts_with('/') => absolute.to_owned(),
            relative => format!("{folder}{relative}"),
        })
        .collect()
}

#[tokio::test]
async fn every_page_finds_everything_that_it_refers_to() {
    let router = built_in();
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<String> = PAGES.map(str::to_owned).to_vec();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let Answer { status, body, .. } = get(&router, &path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        waiting.extend(references(&path, &body));
    }
    for expected in ["/pixelgate/page.js", "/pixelgate/transport.js", "/pixelgate/style.css", "/test/page.js"] {
        assert!(seen.contains(expected), "{expected} is not referred to: {seen:?}");
    }
}

#[tokio::test]
async fn types_and_policy() {
    let router = built_in();
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/pixelgate/page.js", "text/javascript; charset=utf-8"),
        ("/pixelgate/shim.js", "text/javascript; charset=utf-8"),
        ("/pixelgate/style.css", "text/css; charset=utf-8"),
        ("/pixelgate/icon.svg", "image/svg+xml"),
    ] {
        let answer = get(&router, path).await;
        assert_eq!(answer.header("content-type"), content_type, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
    }
}

#[tokio::test]
async fn no_page_has_inline_code_or_style() {
    let router = built_in();
    for path in PAGES {
        let body = get(&router, path).await.body;
        for script in body.split("<script").skip(1) {
            let (tag, rest) = script.split_once('>').unwrap();
            assert!(tag.contains("src=") && rest.starts_with("</script>"), "{path}: a script without a file");
        }
        for inline in ["<style", " style=", " onclick=", " onload=", "javascript:"] {
            assert!(!body.contains(inline), "{path} has {inline:?}");
        }
    }
}

#[tokio::test]
async fn other_paths_are_missing() {
    let router = built_in();
    for path in ["/nothing", "/pixelgate/", "/pixelgate", "/test/", "/index.html"] {
        let answer = get(&router, path).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::NOT_FOUND, "No such page. The player is at /.\n")
        );
    }
}
