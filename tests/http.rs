//! What the listeners say in HTTP: upgrades that are refused and why, subprotocols, discovery, health.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pixelgate::config::{AllowedOrigins, Cors, Origin, Roles, Serving};
use support::{Lab, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The head of an upgrade request that is in order.
fn upgrade(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: gateway.example:1234\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
}

/// Sends a request head and returns the answer's head, in lower case but for what was asked.
async fn ask(addr: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.expect("the listener is there");
    stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("the request is taken");
    let mut answer = Vec::new();
    let reading = async {
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut answer).await.expect("readable"), 0, "closed: {answer:?}");
        }
    };
    within("an answer", reading).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(addr: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.expect("the listener is there");
    let head = format!("GET {path} HTTP/1.1\r\nHost: gateway.example:1234\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("the request is taken");
    let mut answer = String::new();
    within("an answer", stream.read_to_string(&mut answer)).await.expect("text");
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

#[tokio::test]
async fn an_upgrade_in_order_is_accepted_with_the_right_key() {
    let lab = Lab::open();
    let answer = ask(lab.gateway().bound().http.unwrap(), &upgrade("/player?any=query")).await;
    assert_eq!(status(&answer), "101");
    // The example of RFC 6455 §1.3.
    assert_eq!(header(&answer, "sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(header(&answer, "sec-websocket-protocol"), None);
    assert_eq!(header(&answer, "sec-websocket-extensions"), None, "permessage-deflate is not negotiated");
}

#[tokio::test]
async fn upgrades_that_are_not_in_order_are_refused() {
    let lab = Lab::with(|config| {
        config.listener_mut("http").expect("it is on").serving = Serving::Unified(Roles::PLAYERS);
    });
    let http = lab.gateway().bound().http.unwrap();
    let good = upgrade("/player");
    let cases = [
        ("404", upgrade("/nobody")),
        ("404", upgrade("/player/more")),
        ("403", upgrade("/streamer")),
        ("403", upgrade("/sfu")),
        ("426", good.replace("Version: 13", "Version: 8")),
        ("400", good.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")),
        ("400", good.replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "")),
    ];
    for (expected, head) in cases {
        assert_eq!(status(&ask(http, &head).await), expected, "{head}");
    }
    let answer = ask(http, &good.replace("Version: 13", "Version: 8")).await;
    assert_eq!(header(&answer, "sec-websocket-version"), Some("13"));
    assert_eq!(lab.gateway().router().session_count(), 0);
}

/// protocol.md §2: the first that the client offers is echoed, but never one with a token.
#[tokio::test]
async fn subprotocols() {
    let lab = Lab::open();
    let http = lab.gateway().bound().http.unwrap();
    let cases = [
        ("pixelstream", Some("pixelstream")),
        ("one, two", Some("one")),
        ("bearer.secret, pixelstream", Some("pixelstream")),
        ("pixelstream, bearer.secret", Some("pixelstream")),
        ("Bearer.secret", None),
    ];
    for (offered, echoed) in cases {
        let answer = ask(http, &format!("{}Sec-WebSocket-Protocol: {offered}\r\n", upgrade("/"))).await;
        assert_eq!(status(&answer), "101");
        assert_eq!(header(&answer, "sec-websocket-protocol"), echoed, "{offered}");
        assert!(!answer.contains("secret"));
    }
}

#[tokio::test]
async fn legacy_ports_take_any_path_and_say_426_to_pages() {
    let lab = Lab::open();
    let bound = lab.gateway().bound();
    for addr in [bound.streamer.unwrap(), bound.sfu.unwrap()] {
        assert_eq!(status(&ask(addr, &upgrade("/whatever?it=is")).await), "101");
        let answer = get(addr, "/").await;
        assert_eq!(status(&answer), "426");
        assert_eq!(header(&answer, "upgrade"), Some("websocket"));
    }
}

#[tokio::test]
async fn discovery_names_the_host_that_was_asked() {
    let lab = Lab::open();
    let bound = lab.gateway().bound();
    let answer = get(bound.http.unwrap(), "/transports.json").await;
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let hash = lab.gateway().certificates().unwrap().published_hashes()[0].to_string();
    // UDP is bound to one literal loopback address: a name could lead to the other family.
    let url = format!("https://127.0.0.1:{}/player", bound.quic.unwrap().port());
    let expected = serde_json::json!({
        "websocket": "ws://gateway.example:1234/player",
        "webtransport": {"url": url, "hashes": [hash]},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn discovery_without_webtransport_for_players() {
    let lab = Lab::with(|config| config.listeners.retain(|listener| listener.name != "https"));
    let answer = get(lab.gateway().bound().http.unwrap(), "/transports.json").await;
    assert!(answer.ends_with(r#"{"websocket":"ws://gateway.example:1234/player","webtransport":null}"#), "{answer}");
}

fn allowed(origin: &str) -> AllowedOrigins {
    AllowedOrigins { any: false, named: vec![Origin::parse(origin).expect("an origin")] }
}

/// protocol.md §2, "Discovery": CORS for the allowed origins.
#[tokio::test]
async fn pages_of_allowed_origins_may_ask_where_the_gateway_is() {
    let lab = Lab::with(|config| config.allowed_origins = allowed("https://shop.example"));
    let http = lab.gateway().bound().http.unwrap();
    let asked_from = |origin: &str| format!("GET /transports.json HTTP/1.1\r\nHost: g.example\r\nOrigin: {origin}\r\n");
    let answer = ask(http, &asked_from("https://shop.example")).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("https://shop.example"));
    let answer = ask(http, &asked_from("https://other.example")).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
    assert_eq!(header(&answer, "vary"), Some("origin"));
}

/// Both have a say about `/transports.json`; a browser takes one answer.
#[tokio::test]
async fn cors_for_all_and_for_discovery_do_not_say_it_twice() {
    let cors = Cors { origins: Vec::new(), methods: vec![http::Method::GET], headers: Vec::new(), credentials: false };
    let lab = Lab::with(|config| {
        config.cors = Some(cors);
        config.allowed_origins = allowed("https://shop.example");
    });
    let http = lab.gateway().bound().http.unwrap();
    for origin in ["https://shop.example", "https://other.example"] {
        let asked = format!("GET /transports.json HTTP/1.1\r\nHost: g.example\r\nOrigin: {origin}\r\n");
        let answer = ask(http, &asked).await.to_lowercase();
        assert_eq!(answer.matches("access-control-allow-origin").count(), 1, "{answer}");
        assert!(answer.contains(&format!("access-control-allow-origin: {origin}")), "{answer}");
    }
}

#[tokio::test]
async fn operators_see_health_and_what_is_counted() {
    let lab = Lab::open();
    let admin = lab.gateway().bound().admin.unwrap();
    let answer = get(admin, "/healthz").await;
    assert_eq!((status(&answer), answer.split("\r\n\r\n").nth(1)), ("200", Some("ok\n")));
    let metrics = support::get(admin, "/metrics").await;
    assert!(metrics.contains("pixelgate_messages_dropped_total{reason=\"malformed\"} 0"), "{metrics}");
    let upgrade = upgrade("/player").replace("gateway.example", "localhost");
    assert_eq!(status(&ask(admin, &upgrade).await), "404", "no sessions on the operators' listener");
}

#[tokio::test]
async fn pages_have_a_strict_policy() {
    let lab = Lab::open();
    let answer = get(lab.gateway().bound().http.unwrap(), "/").await;
    assert_eq!(status(&answer), "200");
    let policy = header(&answer, "content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"));
    assert_eq!(status(&get(lab.gateway().bound().http.unwrap(), "/no-such-page").await), "404");
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let lab = Lab::open();
    let many: String = (0..200).map(|number| format!("X-Filler-{number}: x\r\n")).collect();
    let answer = ask(lab.gateway().bound().http.unwrap(), &format!("{}{many}", upgrade("/"))).await;
    assert_eq!(status(&answer), "431");
    assert_eq!(lab.gateway().router().session_count(), 0);
}

/// Whoever asks again and again and takes no answer is given up: what it has not taken by then, it does not get.
#[tokio::test]
async fn answers_that_are_not_taken_end_the_connection() {
    const TIMES: usize = 2_000;
    let lab = Lab::open();
    let http = lab.gateway().bound().http.unwrap();
    let answer = get(http, "/pixelgate/page.js").await;
    assert_eq!(status(&answer), "200");
    let mut stream = TcpStream::connect(http).await.expect("the listener is there");
    let asking = async {
        let head = "GET /pixelgate/page.js HTTP/1.1\r\nHost: gateway.example\r\n\r\n";
        // It is taken only as far as there is room for answers.
        let _ = tokio::time::timeout(Duration::from_secs(12), stream.write_all(head.repeat(TIMES).as_bytes())).await;
    };
    let (began, ()) = (Instant::now(), asking.await);
    tokio::time::sleep(Duration::from_secs(12).saturating_sub(began.elapsed())).await;
    let mut taken = Vec::new();
    // A reset ends it as well.
    let _ = within("the end of the connection", stream.read_to_end(&mut taken)).await;
    assert!(!taken.is_empty() && taken.len() < TIMES * answer.len() / 2, "{} bytes of {TIMES} answers", taken.len());
}
