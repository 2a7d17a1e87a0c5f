//! Who may use the operators' listener: by the name that was dialled, by where the peer is, by the token.

mod support;

use std::net::SocketAddr;

use pixelgate::config::cli::{Command, parse};
use pixelgate::config::{Config, Limits};
use support::{Lab, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const GUARDED: [&str; 5] =
    ["GET /metrics", "GET /api/status", "GET /api/nobody", "DELETE /api/players/Player0", "GET /nowhere"];
const HEALTH: [&str; 2] = ["GET /healthz", "GET /readyz"];

/// A peer of another machine, as a proxy of ours tells it.
const ELSEWHERE: &str = "X-Forwarded-For: 203.0.113.9\r\n";

/// Loopback peers are proxies, and what else is written.
fn lab(written: &[&str]) -> Lab {
    let args = [&["pixelgate", "serve", "--trusted-proxies", "loopback"], written].concat();
    let Ok(Command::Serve(read)) = parse(args, &|_| None) else { panic!("the options are good") };
    Lab::with(|config| {
        *config =
            Config { proxies: read.config.proxies, admin_access: read.config.admin_access, ..Config::for_tests() };
    })
}

fn admin(lab: &Lab) -> SocketAddr {
    lab.gateway().bound().admin.expect("the listener is on")
}

/// Status, head and body of the answer to a request with these headers.
async fn ask(addr: SocketAddr, request: &str, headers: &str) -> (u16, String) {
    let mut tcp = TcpStream::connect(addr).await.expect("the listener is there");
    tcp.write_all(format!("{request} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").as_bytes()).await.expect("taken");
    let mut text = String::new();
    within(request, tcp.read_to_string(&mut text)).await.expect("text");
    (text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), text)
}

async fn status(lab: &Lab, request: &str, headers: &str) -> u16 {
    ask(admin(lab), request, headers).await.0
}

/// What it is where nothing is in the way.
fn usual(request: &str) -> u16 {
    match request {
        "GET /metrics" | "GET /api/status" | "GET /healthz" | "GET /readyz" => 200,
        _ => 404,
    }
}

/// A page whose name was bound to this machine's address (DNS rebinding) asks with that name.
#[tokio::test]
async fn names_that_were_not_given_lead_nowhere() {
    let lab = lab(&[]);
    for request in GUARDED {
        for host in
            ["evil.example", "evil.example:9090", "localhost.evil.example", "localhost.", "", "a b", "127.0.0.1@evil"]
        {
            let (status, text) = ask(admin(&lab), request, &format!("Host: {host}\r\n")).await;
            assert_eq!(status, 421, "{request} {host}: {text}");
            assert!(text.contains("content-type: text/plain") && text.contains("admin-hosts"), "{text}");
        }
        // One good name does not carry another.
        assert_eq!(status(&lab, request, "Host: localhost\r\nHost: evil.example\r\n").await, 421, "{request}");
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:9090", "[::1]:9090", "10.1.2.3", "[2001:db8::1]"] {
            assert_eq!(status(&lab, request, &format!("Host: {host}\r\n")).await, usual(request), "{request} {host}");
        }
    }
    for request in HEALTH {
        assert_eq!(status(&lab, request, "Host: balancer.example\r\n").await, 200, "{request}");
    }
    let metrics = ask(admin(&lab), "GET /metrics", "Host: localhost\r\n").await.1;
    assert!(metrics.contains("pixelgate_connections_refused_total{reason=\"admin_host\"} 40"), "{metrics}");
}

#[tokio::test]
async fn names_that_were_given_are_taken() {
    let lab = lab(&["--admin-hosts", "gate.internal,Other.Internal"]);
    for (host, expected) in
        [("gate.internal:9090", 200), ("GATE.internal", 200), ("other.internal", 200), ("internal", 421)]
    {
        assert_eq!(status(&lab, "GET /metrics", &format!("Host: {host}\r\n")).await, expected, "{host}");
    }
}

/// Whoever wrote it may be anywhere.
#[tokio::test]
async fn a_forwarded_address_is_never_this_machine() {
    let lab = lab(&[]);
    for from in ["127.0.0.1", "::1", "[::1]:4711", "203.0.113.9, 127.0.0.1", "::ffff:127.0.0.1"] {
        let headers = format!("Host: localhost\r\nX-Forwarded-For: {from}\r\n");
        for request in GUARDED {
            assert_eq!(status(&lab, request, &headers).await, 403, "{request} from {from}");
        }
    }
}

#[tokio::test]
async fn without_a_token_other_machines_see_its_health_alone() {
    let lab = lab(&[]);
    let headers = format!("Host: 192.0.2.1:9090\r\n{ELSEWHERE}");
    for request in GUARDED {
        let (status, text) = ask(admin(&lab), request, &headers).await;
        assert_eq!(status, 403, "{request}: {text}");
        assert!(text.contains("content-type: text/plain") && text.contains("admin-token"), "{text}");
        // Whatever it gives.
        let bearing = format!("{headers}Authorization: Bearer \r\n");
        assert_eq!(ask(admin(&lab), request, &bearing).await.0, 403, "{request}");
    }
    for request in HEALTH {
        assert_eq!(status(&lab, request, &headers).await, 200, "{request}");
    }
    let metrics = ask(admin(&lab), "GET /metrics", "Host: localhost\r\n").await.1;
    assert!(metrics.contains("pixelgate_connections_refused_total{reason=\"admin_token\"} 10"), "{metrics}");
}

#[tokio::test]
async fn where_there_is_a_token_everybody_needs_it() {
    let lab = lab(&["--admin-token", "s3cret-of-operators"]);
    for place in ["", ELSEWHERE] {
        let headers = |given: &str| format!("Host: 192.0.2.1\r\n{place}{given}");
        for request in GUARDED {
            for good in ["Bearer s3cret-of-operators", "bearer s3cret-of-operators", "Bearer  s3cret-of-operators "] {
                let given = headers(&format!("Authorization: {good}\r\n"));
                let (status, text) = ask(admin(&lab), request, &given).await;
                let expected = if text.contains("No player ID") { 404 } else { usual(request) };
                assert_eq!(status, expected, "{request} {good}");
            }
            for wrong in [
                "",
                "Authorization: Bearer\r\n",
                "Authorization: Bearer \r\n",
                "Authorization: Bearer s3cret-of-operator\r\n",
                "Authorization: Bearer s3cret-of-operators!\r\n",
                "Authorization: Bearer S3CRET-OF-OPERATORS\r\n",
                "Authorization: Basic s3cret-of-operators\r\n",
                "Authorization: s3cret-of-operators\r\n",
            ] {
                let (status, text) = ask(admin(&lab), request, &headers(wrong)).await;
                assert_eq!(status, 401, "{request} {wrong}");
                assert!(text.contains("www-authenticate: Bearer") && !text.contains("s3cret"), "{text}");
            }
        }
        for request in HEALTH {
            assert_eq!(status(&lab, request, &headers("")).await, 200, "{request}");
        }
    }
    // The token opens no name.
    let named = "Host: evil.example\r\nAuthorization: Bearer s3cret-of-operators\r\n";
    assert_eq!(status(&lab, "GET /metrics", named).await, 421);
}

/// Whoever is no proxy of ours speaks for himself.
#[tokio::test]
async fn what_a_stranger_says_of_its_address_does_not_count() {
    let lab = Lab::open();
    let headers = format!("Host: localhost\r\n{ELSEWHERE}");
    assert_eq!(status(&lab, "GET /metrics", &headers).await, 200);
}

/// An address has sixty-four connections here; probes and Prometheus come from others.
#[tokio::test]
async fn an_address_that_floods_keeps_out_itself_alone() {
    let lab = Lab::with(|config| config.limits = Limits::Loopback);
    let connects = || async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 9], 0).into()).expect("a loopback address");
        within("a TCP connection", socket.connect(admin(&lab))).await.expect("the listener is there")
    };
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(connects().await);
    }
    let mut answer = String::new();
    within("an answer", connects().await.read_to_string(&mut answer)).await.expect("text");
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    for request in HEALTH {
        assert_eq!(status(&lab, request, "Host: localhost\r\n").await, 200, "{request}");
    }
    let metrics = ask(admin(&lab), "GET /metrics", "Host: localhost\r\n").await.1;
    assert!(metrics.contains("pixelgate_connections_refused_total{reason=\"connections_of_address\"} 1"), "{metrics}");
    // What is given back may be had again.
    held.pop();
    let again = async {
        loop {
            let mut tcp = connects().await;
            let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            let mut answer = String::new();
            let asked = tcp.write_all(request.as_bytes()).await;
            if asked.is_ok() && tcp.read_to_string(&mut answer).await.is_ok() && answer.starts_with("HTTP/1.1 200 ") {
                break;
            }
        }
    };
    within("a place", again).await;
}
