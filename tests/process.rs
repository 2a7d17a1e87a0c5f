//! The binary as a process: what it says when it starts and when it cannot, how it ends, and that it serves where
//! service is possible: with a folder that takes no certificate, and with a clock that is wrong.
#![cfg(unix)]

mod support;

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use pixelgate::client::Client;
use pixelgate::tls::{CERT_FILE, KEY_FILE};
use pixelgate::wire::{CloseCode, Role};
use serde_json::json;
use support::binary::{Announced, Binary, Over, Start, tool};
use support::{Peer, get, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a start may take.
const START: Duration = Duration::from_secs(1);

/// What ends with nobody to wait for.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How long a closing handshake is waited for; well below the default of `--drain-grace`.
const CLOSING: Duration = Duration::from_millis(1500);

fn serving() -> (Binary, Announced) {
    let mut binary = Start::serve().spawn();
    let announced = binary.announced();
    (binary, announced)
}

/// One line on standard error that holds these, nothing on standard output.
fn refuses(over: &Over, code: i32, parts: &[&str]) {
    assert_eq!(over.status.code(), Some(code), "{over:?}");
    assert_eq!((over.stdout.as_str(), over.stderr.lines().count()), ("", 1), "{over:?}");
    assert!(over.stderr.starts_with("pixelgate: ") && over.stderr.ends_with('\n'), "{over:?}");
    for part in parts {
        assert!(over.stderr.contains(part), "{part:?} is not in {:?}", over.stderr);
    }
}

/// Somebody is let in over every transport, by a certificate that is believed at the true time.
async fn serves(announced: &Announced) {
    let client = Client::new(announced.options()).expect("the options are good");
    let Announced { http, https, quic, .. } = announced;
    let player = "player";
    for url in [
        format!("ws://{http}/{player}"),
        format!("wss://{https}/{player}"),
        format!("https://{quic}/{player}"),
        format!("quic://{quic}/{player}"),
    ] {
        let mut player = Peer::connect(&client, &url, Role::Player).await;
        player.hears("config").await;
        player.settles().await;
        player.leaves().await;
    }
    let told: serde_json::Value = serde_json::from_str(&get(*http, "/transports.json").await).expect("JSON");
    assert_eq!(told["webtransport"]["hashes"], json!(announced.certificate_hashes));
}

// ── starting ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn it_listens_within_a_second_of_its_start() {
    let (binary, announced) = serving();
    let took = binary.started().elapsed();
    assert!(took < START, "announced after {took:?}");
    serves(&announced).await;
}

/// Whoever reads the file sees nothing, what was there before, or the whole line.
#[test]
fn the_announcement_is_put_in_place_whole() {
    const OLD: &str = "of another process\n";
    let start = Start::serve();
    fs::write(start.home().join("announce.json"), OLD).expect("room");
    let mut binary = start.spawn();
    let file = binary.announce_file();
    let line = binary.until("the new line", || {
        let text = fs::read_to_string(&file).expect("there is always one");
        (text != OLD).then_some(text)
    });
    assert!(line.ends_with("}\n") && line.lines().count() == 1, "{line:?}");
    let announced: Announced = serde_json::from_str(&line).expect("JSON");
    assert_eq!(announced.https, announced.quic);
    assert_eq!(announced.certificate_hashes.len(), 1);
    let ports = [announced.http, announced.https, announced.streamer, announced.sfu, announced.admin];
    assert!(ports.iter().all(|addr| addr.port() != 0 && addr.ip().is_loopback()), "{ports:?}");
    let mut left: Vec<_> =
        fs::read_dir(binary.home()).expect("a folder").map(|f| f.expect("readable").file_name()).collect();
    left.sort();
    assert_eq!(left, ["announce.json", "certs", "stderr", "stdout"]);
}

#[test]
fn the_banner_on_standard_output_says_which_url_is_for_whom() {
    let (mut binary, announced) = serving();
    let stdout = binary.home().join("stdout");
    let complete = |text: &String| text.contains("SHA-256");
    let banner = binary.until("the banner", || fs::read_to_string(&stdout).ok().filter(complete));
    assert!(banner.starts_with(&format!("pixelgate {}\n", env!("CARGO_PKG_VERSION"))), "{banner}");
    let Announced { http, https, streamer, sfu, admin, certificate_hashes, .. } = &announced;
    for url in [
        format!("http://{http}/"),
        format!("ws://{http}/streamer"),
        format!("https://{https}/"),
        format!("ws://{streamer}"),
        format!("ws://{sfu}"),
        format!("http://{admin}/"),
        certificate_hashes[0].clone(),
    ] {
        assert!(banner.contains(&url), "{url} is not in\n{banner}");
    }
}

#[test]
fn an_announcement_on_standard_output_is_alone_there() {
    let mut binary = Start::serve().but("--announce", "-").spawn();
    let stdout = binary.home().join("stdout");
    let line = binary.until("the line", || fs::read_to_string(&stdout).ok().filter(|text| text.ends_with('\n')));
    let announced: Announced = serde_json::from_str(&line).expect("one line of JSON");
    binary.signal("TERM");
    let over = binary.over();
    assert_eq!(over.stdout, line);
    assert!(over.stderr.contains(&announced.http.to_string()), "the banner goes to standard error: {over:?}");
}

#[test]
fn an_announcement_that_cannot_be_written_is_one_line_and_the_end() {
    let over = Start::serve().but("--announce", "missing/announce.json").spawn().over();
    assert_eq!(over.status.code(), Some(1), "{over:?}");
    let last = over.stderr.lines().last().expect("a complaint");
    assert!(last.starts_with("pixelgate: --announce missing/announce.json: "), "{over:?}");
}

// ── refusing ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_second_process_on_the_same_port_says_what_to_do() {
    let (_first, announced) = serving();
    let Announced { http, https, streamer, sfu, admin, .. } = announced;
    for (flag, addr) in
        [("--http", http), ("--https", https), ("--streamer", streamer), ("--sfu", sfu), ("--admin", admin)]
    {
        let second = Start::serve().but(flag, addr.to_string()).spawn();
        let announce_file = second.announce_file();
        let over = second.over();
        refuses(&over, 1, &[flag, &addr.to_string(), "in use", "stop the other process or choose another port"]);
        assert!(!announce_file.exists(), "nothing to announce");
        assert!(over.took < START, "{:?}", over.took);
    }
}

#[test]
fn a_port_that_is_taken_on_udp_alone_is_named_so() {
    // Of TCP it is nobody's: a connection of another test may have the same number by chance.
    let both = || {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = free.local_addr().expect("bound").to_string();
        UdpSocket::bind(&addr).ok().map(|taken| (addr, taken))
    };
    let (addr, _taken) = (0..100).find_map(|_| both()).expect("a number that is free on both");
    let over = Start::serve().but("--https", &addr).spawn().over();
    refuses(&over, 1, &["--https", &addr, "UDP", "in use"]);
}

#[test]
fn one_family_of_localhost_that_is_taken_is_named_so() {
    let taken = TcpListener::bind("[::1]:0").expect("a free port");
    let addr = taken.local_addr().expect("bound");
    let over = Start::serve().but("--http", format!("localhost:{}", addr.port())).spawn().over();
    refuses(&over, 1, &["--http", &addr.to_string(), "in use"]);
}

#[test]
fn an_address_of_another_machine_is_one_line() {
    let over = Start::serve().but("--http", "192.0.2.1:8080").arg("--open=player").spawn().over();
    refuses(&over, 1, &["--http", "192.0.2.1:8080", "is this an address of this machine?"]);
}

#[test]
fn a_port_that_nobody_said_is_open_is_one_line_and_64() {
    refuses(&Start::serve().but("--http", "[::]:0").spawn().over(), 64, &["--http", "player-token", "open = "]);
    refuses(&Start::serve().but("--sfu", "0.0.0.0:0").spawn().over(), 64, &["--sfu", "sfu-token"]);
}

#[test]
fn what_is_not_known_is_one_line_and_64() {
    refuses(&Start::with(["serve", "--htpp", "off"]).spawn().over(), 64, &["--htpp", "did you mean --http?"]);
    refuses(&Start::with(["sreve"]).spawn().over(), 64, &["sreve", "did you mean serve?"]);
    refuses(&Start::serve().but("--http", "localhost").spawn().over(), 64, &["--http", "\"localhost\""]);
    refuses(
        &Start::serve().env("PIXELGATE_MAX_PLAYERS", "many").spawn().over(),
        64,
        &["PIXELGATE_MAX_PLAYERS", "many"],
    );

    let start = Start::with(["serve", "--config", "gateway.toml"]);
    fs::write(start.home().join("gateway.toml"), "http = \"off\"\nmax-plaeyrs = 3\n").expect("room");
    refuses(&start.spawn().over(), 64, &["gateway.toml:2", "max-plaeyrs", "max-players"]);
    refuses(&Start::with(["serve", "--config", "missing.toml"]).spawn().over(), 64, &["missing.toml"]);
    let over = Start::serve().arg("--cert").arg("missing.pem").arg("--key").arg("missing.pem").spawn().over();
    refuses(&over, 64, &["missing.pem"]);
}

// ── ending ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Ended in order.
fn ends_in_order(over: &Over) {
    assert_eq!(over.status.code(), Some(0), "{over:?}");
    assert!(over.stderr.ends_with("stopped\n"), "{over:?}");
    assert!(!over.stderr.contains("WARN") && !over.stderr.contains("ERROR"), "{over:?}");
}

/// Sends a signal to a process with a session of each transport: all hear 1012, and it ends as soon as they are gone.
async fn drains_on(signal: &str) {
    let (binary, announced) = serving();
    let client = Client::new(announced.options()).expect("the options are good");
    let mut streamer = Peer::connect(&client, &format!("ws://{}", announced.streamer), Role::Streamer).await;
    streamer.identifies("Stage").await;
    let mut players = Vec::new();
    for (scheme, addr) in
        [("ws", announced.http), ("wss", announced.https), ("https", announced.quic), ("quic", announced.quic)]
    {
        let mut player = Peer::connect(&client, &format!("{scheme}://{addr}/player"), Role::Player).await;
        player.hears("config").await;
        player.watches(&mut streamer, "Stage").await;
        players.push(player);
    }
    let began = Instant::now();
    binary.signal(signal);
    for player in &mut players {
        player.is_closed(CloseCode::RESTARTING).await;
    }
    streamer.is_closed(CloseCode::RESTARTING).await;
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
    assert!(began.elapsed() < 2 * AT_ONCE, "ended after {:?}", began.elapsed());
    ends_in_order(&over);
    assert!(over.stderr.contains(&format!("SIG{signal}")), "{over:?}");
}

#[tokio::test]
async fn sigterm_drains_and_ends() {
    drains_on("TERM").await;
}

#[tokio::test]
async fn sigint_drains_and_ends() {
    drains_on("INT").await;
}

#[tokio::test]
async fn a_process_without_sessions_ends_at_once() {
    let (binary, _) = serving();
    let began = Instant::now();
    binary.signal("TERM");
    ends_in_order(&binary.over());
    assert!(began.elapsed() < AT_ONCE, "ended after {:?}", began.elapsed());
}

/// Browsers open connections ahead of need, and keep them: what is no session is not waited for (protocol.md §5.5).
#[tokio::test]
async fn connections_that_are_no_sessions_do_not_hold_up_the_end() {
    let (binary, announced) = serving();
    let mut held = Vec::new();
    for addr in [announced.http, announced.https, announced.streamer, announced.admin] {
        // Nothing said; the beginning of a request; a TLS record that does not go on.
        for beginning in [&b""[..], b"GET /transports.json HT", b"\x16\x03\x01\x02\x00\x01"] {
            let mut tcp = TcpStream::connect(addr).await.expect("it listens");
            tcp.write_all(beginning).await.expect("it reads");
            held.push(tcp);
        }
    }
    // A page was asked for, and the connection is kept for the next.
    let mut tcp = TcpStream::connect(announced.http).await.expect("it listens");
    tcp.write_all(b"GET /transports.json HTTP/1.1\r\nHost: here\r\n\r\n").await.expect("it reads");
    let mut answer = [0; 12];
    tcp.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    held.push(tcp);
    // A QUIC handshake is done, and nothing follows.
    let silent = silent_quic(&announced).await;

    let began = Instant::now();
    binary.signal("TERM");
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
    assert!(began.elapsed() < 2 * AT_ONCE, "ended after {:?}", began.elapsed());
    ends_in_order(&over);
    drop((held, silent));
}

/// A raw QUIC connection that never says hello, beside a session that has left.
async fn silent_quic(announced: &Announced) -> (Client, quinn::Connection) {
    let client = Client::new(announced.options()).expect("the options are good");
    let url = format!("quic://{}/player", announced.quic);
    Peer::connect(&client, &url, Role::Player).await.leaves().await;
    let endpoint = client.quic_endpoint().expect("a QUIC connection was made");
    let connecting = endpoint.connect(announced.quic, "127.0.0.1").expect("a good name");
    (client, within("a QUIC connection", connecting).await.expect("the handshake is done"))
}

/// A peer that does not answer the close is waited for, unless somebody is in a hurry.
#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for second in ["TERM", "INT"] {
        let (mut binary, announced) = serving();
        let client = Client::new(announced.options()).expect("the options are good");
        let mut player = Peer::connect(&client, &format!("ws://{}", announced.http), Role::Player).await;
        player.hears("config").await;
        let vanished = player.connection.vanish();
        binary.signal("TERM");
        let stderr = binary.home().join("stderr");
        binary.until("draining", || fs::read_to_string(&stderr).ok().filter(|text| text.contains("draining")));
        let began = Instant::now();
        binary.signal(second);
        let over = binary.over();
        assert_eq!(over.status.code(), Some(130), "{over:?}");
        assert!(began.elapsed() < AT_ONCE, "ended after {:?}", began.elapsed());
        drop(vanished);
    }
}

#[tokio::test]
async fn peers_that_vanished_are_not_waited_for_longer_than_a_close_takes() {
    let (binary, announced) = serving();
    let client = Client::new(announced.options()).expect("the options are good");
    let mut vanished = Vec::new();
    for (scheme, addr) in
        [("ws", announced.http), ("wss", announced.https), ("https", announced.quic), ("quic", announced.quic)]
    {
        let mut player = Peer::connect(&client, &format!("{scheme}://{addr}/player"), Role::Player).await;
        player.hears("config").await;
        vanished.push(player.connection.vanish());
    }
    let began = Instant::now();
    binary.signal("TERM");
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
    assert_eq!(over.status.code(), Some(0), "{over:?}");
    assert!(began.elapsed() < CLOSING + 2 * AT_ONCE, "ended after {:?}", began.elapsed());
    drop(vanished);
}

// ── certificates ────────────────────────────────────────────────────────────────────────────────────────────────────

/// It says once why the certificate is not kept, and what to do; and it serves.
async fn serves_from_memory(start: Start, certs: &Path, why: &str) {
    let mut binary = start.spawn();
    let announced = binary.announced();
    serves(&announced).await;
    binary.signal("TERM");
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
    assert_eq!(over.status.code(), Some(0), "{over:?}");
    let warnings: Vec<_> = over.stderr.lines().filter(|line| line.contains("WARN") && !line.contains("UDP")).collect();
    let [warning] = warnings[..] else { panic!("one warning: {over:?}") };
    for part in [&certs.display().to_string(), why, "a restart changes its hash", "--cert-dir"] {
        assert!(warning.contains(part), "{part:?} is not in {warning:?}");
    }
}

#[tokio::test]
async fn a_certificate_folder_on_a_read_only_file_system() {
    let start = Start::serve();
    let certs = start.home().join("certs");
    fs::create_dir(&certs).expect("room");
    serves_from_memory(start.with_tmpfs(&certs, "ro"), &certs, "Read-only file system").await;
}

#[tokio::test]
async fn a_certificate_folder_without_room() {
    // No file at all, no room for a byte, and room for one of the two files.
    for options in ["nr_inodes=1", "size=4k,nr_inodes=2", "size=4k"] {
        let start = Start::serve();
        let certs = start.home().join("certs");
        fs::create_dir(&certs).expect("room");
        serves_from_memory(start.with_tmpfs(&certs, options), &certs, "No space left on device").await;
    }
}

#[tokio::test]
async fn a_certificate_folder_without_write_permission() {
    let start = Start::serve();
    let certs = start.home().join("certs");
    fs::create_dir(&certs).expect("room");
    fs::set_permissions(&certs, fs::Permissions::from_mode(0o555)).expect("it is ours");
    serves_from_memory(start.bound_by_permissions(), &certs, "Permission denied").await;
}

#[tokio::test]
async fn a_certificate_folder_that_cannot_be_made() {
    let start = Start::serve();
    let file = start.home().join("file");
    fs::write(&file, "").expect("room");
    let certs = file.join("certs");
    serves_from_memory(start.but("--cert-dir", &certs), &certs, "Not a directory").await;
}

#[test]
fn the_key_is_for_its_owner_alone_and_a_restart_keeps_the_certificate() {
    let certs = tempfile::tempdir().expect("a folder");
    let run = || {
        let mut binary = Start::serve().but("--cert-dir", certs.path()).spawn();
        let hashes = binary.announced().certificate_hashes;
        binary.signal("TERM");
        ends_in_order(&binary.over());
        hashes
    };
    let first = run();
    let mode = |file| fs::metadata(certs.path().join(file)).expect("kept").permissions().mode() & 0o777;
    assert_eq!(mode(KEY_FILE), 0o600);
    assert_eq!(mode(CERT_FILE) & 0o400, 0o400);
    assert_eq!(run(), first);
}

// ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// With a clock that is wrong by so much. Only the time of day: no clock that is set moves the monotonic one.
fn with_clock(start: Start, offset: &str) -> Start {
    tool("faketime");
    let library = ["/usr/lib", "/usr/lib64"]
        .iter()
        .flat_map(|lib| [format!("{lib}/{}-linux-gnu/faketime", std::env::consts::ARCH), format!("{lib}/faketime")])
        .map(|folder| format!("{folder}/libfaketime.so.1"))
        .find(|file| Path::new(file).is_file())
        .expect("libfaketime is missing; `tests/run rust` installs what the tests need");
    start.env("LD_PRELOAD", library).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

/// The certificate that was made at the right time is not valid yet by the clock that went back two hours. Another is
/// made, backdated by an hour of that clock: it is valid for browsers whose clocks are right.
#[tokio::test]
async fn a_clock_that_went_back_two_hours() {
    let certs = tempfile::tempdir().expect("a folder");
    let start = || Start::serve().but("--cert-dir", certs.path());
    let before = {
        let mut binary = start().spawn();
        binary.announced().certificate_hashes
    };

    let mut back = with_clock(start(), "-2h").spawn();
    let announced = back.announced();
    assert!(back.started().elapsed() < 2 * START, "announced after {:?}", back.started().elapsed());
    assert_ne!(announced.certificate_hashes, before);
    serves(&announced).await;
    back.signal("TERM");
    let over = tokio::task::spawn_blocking(|| back.over()).await.expect("it ends");
    ends_in_order(&over);
    let replaced: Vec<_> = over.stderr.lines().filter(|line| line.contains("replaced")).collect();
    let [line] = replaced[..] else { panic!("one line: {over:?}") };
    assert!(line.contains("the clock went back"), "{line}");

    // The clock is right again, and the certificate still good.
    let mut binary = start().spawn();
    let again = binary.announced();
    assert_eq!(again.certificate_hashes, announced.certificate_hashes);
    serves(&again).await;
}

/// By this clock the kept certificate has expired; the one that takes its place serves those whose clock agrees.
#[tokio::test]
async fn a_clock_that_runs_ahead() {
    let certs = tempfile::tempdir().expect("a folder");
    let start = || Start::serve().but("--cert-dir", certs.path());
    let before = {
        let mut binary = start().spawn();
        binary.announced().certificate_hashes
    };
    // Within the hour by which certificates are backdated everybody is served.
    let mut ahead = with_clock(start(), "+50m").spawn();
    let announced = ahead.announced();
    assert_eq!(announced.certificate_hashes, before);
    serves(&announced).await;
    drop(ahead);

    let mut ahead = with_clock(start(), "+14d").spawn();
    let announced = ahead.announced();
    assert_ne!(announced.certificate_hashes, before);
    let client = Client::new(announced.options()).expect("the options are good");
    let mut player = Peer::connect(&client, &format!("ws://{}", announced.http), Role::Player).await;
    player.hears("config").await;
    drop(ahead);

    // The clock is right again: that certificate is not valid yet, and is replaced.
    let mut binary = start().spawn();
    let announced = binary.announced();
    serves(&announced).await;
}
