mod server;

use rustls_pki_types::CertificateDer;
use tokio::net::TcpListener;
use wtransport::endpoint::IncomingSessionFuture;

use self::server::{Listener, Server};
use super::*;
use crate::transport::testing::{self, certificate, message, within};
use crate::transport::{Ended, Transport, TransportKind};
use crate::wire::{Close, CloseCode};

const KINDS: [TransportKind; 4] =
    [TransportKind::Ws, TransportKind::Wss, TransportKind::WebTransport, TransportKind::Quic];

/// Short, and yet long enough for a busy machine.
const QUICK: Keepalive = Keepalive { interval: Duration::from_millis(100), timeout: Duration::from_secs(1) };

async fn ended(connection: &mut Connection) -> Ended {
    loop {
        if let Event::Ended(ended) = connection.recv().await {
            return ended;
        }
    }
}

#[tokio::test]
async fn messages_pass_in_order_both_ways() {
    for kind in KINDS {
        let server = Server::new(kind).await;
        let (mut connection, mut end, _) = server.session(&server.client()).await;
        assert_eq!(connection.kind(), kind);
        within(async {
            for n in 0..100 {
                connection.feed(format!("up {n}")).await.unwrap();
                testing::feed(&mut end, format!("down {n}")).await;
            }
            connection.flush().await.unwrap();
            testing::flush(&mut end).await;
            for n in 0..100 {
                assert_eq!(message(&mut end).await, format!("up {n}"));
                assert_eq!(connection.recv().await, Event::Message(format!("down {n}").into()));
            }
        })
        .await;
    }
}

#[tokio::test]
async fn the_gateways_close_is_told_with_code_and_reason() {
    for kind in KINDS {
        for wanted in [Close::new(CloseCode::RESTARTING, "draining"), Close::EMPTY] {
            let server = Server::new(kind).await;
            let (mut connection, mut end, _) = server.session(&server.client()).await;
            testing::feed(&mut end, "last").await;
            let reading = async {
                assert_eq!(connection.recv().await, Event::Message("last".into()));
                connection.recv().await
            };
            let (_, event) = within(async { tokio::join!(testing::close(&mut end, &wanted), reading) }).await;
            assert_eq!(event, Event::Ended(Ended::ByPeer(wanted.clone())), "{kind:?}");
            assert_eq!(connection.recv().await, event, "it stays ended");
            assert_eq!(connection.send("late").await, Err(Ended::ByPeer(wanted)));
        }
    }
}

#[tokio::test]
async fn the_clients_close_is_told_after_everything_fed() {
    for kind in KINDS {
        let server = Server::new(kind).await;
        let (mut connection, mut end, _) = server.session(&server.client()).await;
        connection.feed("last").await.unwrap();
        let reading = async { (message(&mut end).await, testing::end_of(&mut end).await) };
        let (_, (last, seen)) =
            within(async { tokio::join!(connection.close(CloseCode(4321), "enough"), reading) }).await;
        assert_eq!(last, "last");
        assert_eq!(seen, Ended::ByPeer(Close::new(CloseCode(4321), "enough")), "{kind:?}");
    }
}

#[tokio::test]
async fn the_client_refuses_what_is_too_big_with_1009() {
    for kind in KINDS {
        let server = Server::new(kind).await;
        let options = Options { trust: server.hash(), max_message: 1000, ..Options::default() };
        let (mut connection, mut end, _) = server.session(&Client::new(options).unwrap()).await;
        testing::send(&mut end, vec![b'x'; 1001]).await;
        let (seen, told) = within(async { tokio::join!(ended(&mut connection), testing::end_of(&mut end)) }).await;
        let Ended::Violation(why) = seen else { panic!("{kind:?}: {seen:?}") };
        assert_eq!(why.code, CloseCode::TOO_BIG);
        assert_eq!(told, Ended::ByPeer(why), "{kind:?}");
    }
}

#[tokio::test]
async fn token_dialect_and_subprotocols_are_shown() {
    for kind in KINDS {
        let server = Server::new(kind).await;
        let options = Options {
            token: Some("secret.token".into()),
            dialect: Some("wilbur".into()),
            subprotocols: vec!["pixelstream".into(), "other".into()],
            trust: server.hash(),
            ..Options::default()
        };
        let (connection, _end, shown) = server.session(&Client::new(options).unwrap()).await;
        if kind == TransportKind::Quic {
            let hello: serde_json::Value = serde_json::from_str(&shown.asked).unwrap();
            let wanted =
                serde_json::json!({"type": "hello", "role": "player", "token": "secret.token", "dialect": "wilbur"});
            assert_eq!(hello, wanted);
        } else {
            assert_eq!(shown.asked, "/player?dialect=wilbur");
            assert_eq!(shown.authorization.as_deref(), Some("Bearer secret.token"));
        }
        if matches!(kind, TransportKind::Ws | TransportKind::Wss) {
            assert_eq!(shown.subprotocols.as_deref(), Some("pixelstream, other"));
            assert_eq!(connection.subprotocol(), Some("pixelstream"));
        }
    }
}

#[tokio::test]
async fn certificates_are_believed_by_root_hash_or_not_at_all() {
    let stranger = certificate().0;
    for kind in [TransportKind::Wss, TransportKind::WebTransport, TransportKind::Quic] {
        let server = Server::new(kind).await;
        let connect = |trust| {
            let client = Client::new(Options { trust, ..Options::default() }).unwrap();
            let url = server.url();
            async move { client.connect(&url).await }
        };
        for trust in [Trust::Roots(vec![server.certificate.clone()]), server.hash(), Trust::DangerousAcceptAny] {
            let (connected, _end) = within(async { tokio::join!(connect(trust.clone()), server.accept()) }).await;
            connected.unwrap_or_else(|error| panic!("{kind:?}, {trust:?}: {error}"));
        }
        for trust in [Trust::Roots(vec![stranger.clone()]), Trust::Hashes(vec![certificate_hash(&stranger)])] {
            // The server's handshake fails too; only the client's side is looked at.
            let refusing = async {
                match &server.listener {
                    Listener::Tcp(listener, Some(tls)) => drop(tls.accept(listener.accept().await.unwrap().0).await),
                    Listener::Udp(endpoint) => drop(endpoint.accept().await.unwrap().await),
                    Listener::Tcp(_, None) => unreachable!("only TLS here"),
                }
            };
            let (refused, ()) = within(async { tokio::join!(connect(trust.clone()), refusing) }).await;
            let error = refused.expect_err("not believed");
            assert!(matches!(error, ConnectError::Certificate { .. }), "{kind:?}, {trust:?}: {error}");
            assert_eq!(error.fault(), Fault::Caller);
        }
    }
}

#[test]
fn a_hash_believes_as_browsers_do() {
    use rustls::client::danger::ServerCertVerifier;
    let day = 24 * 3600;
    let judge = |days: i64, at: i64| {
        let now = time::OffsetDateTime::now_utc();
        let mut params = rcgen::CertificateParams::new(["localhost".into()]).unwrap();
        params.not_before = now;
        params.not_after = now + time::Duration::days(days);
        let certificate: CertificateDer<'static> =
            params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().into();
        let verifier = trust::pinned(Some(vec![certificate_hash(&certificate)]));
        let at = std::time::Duration::from_secs(u64::try_from(now.unix_timestamp() + at).unwrap());
        let name = "another.name".try_into().unwrap();
        let at = rustls_pki_types::UnixTime::since_unix_epoch(at);
        verifier.verify_server_cert(&certificate, &[], &name, &[], at).map(|_| ())
    };
    assert_eq!(judge(13, day), Ok(()), "whatever its name");
    assert!(judge(13, -day).is_err(), "not yet valid");
    assert!(judge(13, 14 * day).is_err(), "expired");
    assert!(judge(15, day).is_err(), "too long a life");
}

#[test]
fn a_hash_is_the_sha_256() {
    let hex: String = certificate_hash(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[tokio::test]
async fn urls_that_name_nothing_are_the_callers_fault() {
    let client = Client::new(Options { trust: Trust::DangerousAcceptAny, ..Options::default() }).unwrap();
    for url in ["", "localhost:80", "ftp://localhost/", "quic://localhost/", "quic://localhost/king", "ws:///player"] {
        let error = within(client.connect(url)).await.expect_err(url);
        assert!(matches!(error, ConnectError::Url { .. }), "{url}: {error}");
        assert_eq!(error.fault(), Fault::Caller);
    }
}

#[tokio::test]
async fn what_stands_in_the_way_is_named() {
    let options = Options { trust: Trust::DangerousAcceptAny, ..Options::default() };
    let hasty = Client::new(Options { connect_timeout: Duration::from_millis(300), ..options.clone() }).unwrap();
    let client = Client::new(options).unwrap();

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let error = within(client.connect(&format!("ws://{address}/"))).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");

    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for scheme in ["quic", "https"] {
        let url = format!("{scheme}://{}/player", silent.local_addr().unwrap());
        let error = within(hasty.connect(&url)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Timeout { .. }), "{error}");
        assert_eq!(error.fault(), Fault::Network);
    }

    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/nowhere", web.local_addr().unwrap());
    let answer = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut tcp, _) = web.accept().await.unwrap();
        let mut request = [0; 16];
        tcp.read_exact(&mut request).await.unwrap();
        tcp.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        tcp
    };
    let (error, _tcp) = within(async { tokio::join!(client.connect(&url), answer) }).await;
    let error = error.unwrap_err();
    assert!(matches!(error, ConnectError::Status { status: 404, .. }), "{error}");
    assert_eq!(error.fault(), Fault::Caller);

    let plain = Server::new(TransportKind::Ws).await;
    let url = plain.url().replace("ws:", "wss:");
    let hang_up = async {
        let Listener::Tcp(listener, _) = &plain.listener else { unreachable!("ws is TCP") };
        drop(listener.accept().await.unwrap());
    };
    let (error, ()) = within(async { tokio::join!(client.connect(&url), hang_up) }).await;
    let error = error.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. } | ConnectError::Network { .. }), "{error}");
}

#[tokio::test]
async fn a_rejected_webtransport_session_says_so() {
    let server = Server::new(TransportKind::WebTransport).await;
    let Listener::Udp(endpoint) = &server.listener else { unreachable!("WebTransport is UDP") };
    let reject = async {
        let connecting = endpoint.accept().await.unwrap().accept().unwrap();
        IncomingSessionFuture::with_quic_connecting(connecting).await.unwrap().forbidden().await;
    };
    let (client, url) = (server.client(), server.url());
    let (error, ()) = within(async { tokio::join!(client.connect(&url), reject) }).await;
    let error = error.unwrap_err();
    assert!(matches!(error, ConnectError::Rejected { .. }), "{error}");
}

#[tokio::test]
async fn a_silent_gateway_is_noticed() {
    for kind in [TransportKind::Ws, TransportKind::Quic] {
        let server = Server::new(kind).await;
        let relay = UdpRelay::new(server.address).await.unwrap();
        let address = if kind == TransportKind::Quic { relay.address() } else { server.address };
        let client = Client::new(Options { trust: server.hash(), keepalive: QUICK, ..Options::default() }).unwrap();
        let url = server.url_at(address);
        let (connection, (_end, _)) = within(async { tokio::join!(client.connect(&url), server.accept()) }).await;
        let mut connection = connection.unwrap();
        relay.silence(true);
        assert_eq!(within(ended(&mut connection)).await, Ended::TimedOut, "{kind:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_answers_pings_is_alive() {
    let server = Server::new(TransportKind::Ws).await;
    let client = Client::new(Options { trust: server.hash(), keepalive: QUICK, ..Options::default() }).unwrap();
    let (mut connection, mut end, _) = server.session(&client).await;
    let quiet = tokio::time::timeout(QUICK.timeout * 3 / 2, async {
        tokio::select! {
            event = connection.recv() => panic!("{event:?}"),
            end = testing::end_of(&mut end) => panic!("{end:?}"),
        }
    });
    assert!(quiet.await.is_err());
}

#[tokio::test]
async fn a_vanished_client_is_silent() {
    let server = Server::with_keepalive(TransportKind::Quic, QUICK).await;
    let (connection, mut end, _) = server.session(&server.client()).await;
    let vanished = connection.vanish();
    assert_eq!(within(testing::end_of(&mut end)).await, Ended::TimedOut);
    drop(vanished);

    let server = Server::new(TransportKind::Ws).await;
    let (connection, mut end, _) = server.session(&server.client()).await;
    let vanished = connection.vanish();
    end.feed_ping().unwrap();
    testing::flush(&mut end).await;
    assert!(tokio::time::timeout(QUICK.timeout, testing::recv(&mut end)).await.is_err(), "no pong, no end");
    drop(vanished);
    assert!(matches!(within(testing::end_of(&mut end)).await, Ended::Lost(_)), "no close frame");
}

#[tokio::test]
async fn a_session_survives_a_new_address() {
    for kind in [TransportKind::Quic, TransportKind::WebTransport] {
        let server = Server::new(kind).await;
        let relay = UdpRelay::new(server.address).await.unwrap();
        let (client, url) = (server.client(), server.url_at(relay.address()));
        let (connection, (mut end, _)) = within(async { tokio::join!(client.connect(&url), server.accept()) }).await;
        let mut connection = connection.unwrap();
        relay.change_address().await.unwrap();
        within(async {
            connection.send("from elsewhere").await.unwrap();
            assert_eq!(message(&mut end).await, "from elsewhere");
            testing::send(&mut end, "found you").await;
            assert_eq!(connection.recv().await, Event::Message("found you".into()));
        })
        .await;
    }

    let server = Server::new(TransportKind::Quic).await;
    let client = server.client();
    assert!(client.quic_endpoint().is_none());
    let (mut connection, mut end, _) = server.session(&client).await;
    let port = || client.quic_endpoint().unwrap().local_addr().unwrap().port();
    let before = port();
    client.rebind().unwrap();
    assert_ne!(port(), before);
    within(async {
        connection.send("rebound").await.unwrap();
        assert_eq!(message(&mut end).await, "rebound");
    })
    .await;
}

#[test]
fn each_wait_is_as_long_as_all_before_it() {
    let backoff = Backoff { first: Duration::from_secs(1), max: Duration::from_secs(5), attempts: Some(9) };
    let ceilings: Vec<_> = (1..=6).map(|failures| backoff.ceiling(failures).as_secs()).collect();
    assert_eq!(ceilings, [1, 1, 2, 4, 5, 5]);
    assert_eq!(backoff.ceiling(u32::MAX), backoff.max);

    let mut attempts = Attempts::new(backoff);
    let waits: Vec<_> = (1..9).map(|_| attempts.wait(&mut rand::rng()).unwrap()).collect();
    assert_eq!((attempts.wait(&mut rand::rng()), attempts.failed()), (None, 9));
    let first = waits[0];
    assert!(first >= backoff.first / 2 && first <= backoff.first, "{first:?}");
    for (at, wait) in waits.iter().enumerate() {
        let expected = backoff.ceiling(at as u32 + 1).mul_f64(first.as_secs_f64());
        assert!(wait.abs_diff(expected) < Duration::from_micros(1), "{waits:?}");
    }

    // Another outage has another share.
    attempts.succeeded();
    assert_ne!(attempts.wait(&mut rand::rng()), Some(first));
}

/// However long the gateway was away: whoever has lost it comes back within as long again, and evenly.
#[test]
fn a_crowd_comes_back_spread_out() {
    const CROWD: usize = 10_000;
    let backoff = Backoff { first: Duration::from_secs(1), ..Backoff::default() };
    for away in [1.0, 1.7, 3.0, 6.5, 14.0] {
        let mut tenths = [0; 10];
        for _ in 0..CROWD {
            let (mut attempts, mut now) = (Attempts::new(backoff), 0.0);
            while now < away {
                now += attempts.wait(&mut rand::rng()).unwrap().as_secs_f64();
            }
            let after = (now - away) / away;
            assert!(after <= 1.001, "{after}");
            tenths[((after * 10.0) as usize).min(9)] += 1;
        }
        // 1.44 at the most, and chance.
        assert!(tenths.iter().all(|&tenth| tenth < CROWD * 16 / 100), "after {away} s: {tenths:?}");
    }
}

#[tokio::test]
async fn a_lost_session_is_opened_again_until_attempts_run_out() {
    let server = Server::new(TransportKind::Ws).await;
    let backoff = Backoff { first: Duration::from_millis(1), max: Duration::from_millis(1), attempts: Some(2) };
    let mut session = Reconnecting::new(server.client(), server.url(), backoff);
    assert_eq!(session.next().await, Update::State(State::Connecting(1)));
    for _ in 0..3 {
        let (connected, (mut end, _)) = within(async { tokio::join!(session.next(), server.accept()) }).await;
        assert_eq!(connected, Update::State(State::Connected));
        session.connection().unwrap().send("hi").await.unwrap();
        assert_eq!(within(message(&mut end)).await, "hi");
        testing::send(&mut end, "welcome").await;
        assert_eq!(within(session.next()).await, Update::Message("welcome".into()));
        let restarting = Close::new(CloseCode::RESTARTING, "draining");
        let (_, lost) = within(async { tokio::join!(testing::close(&mut end, &restarting), session.next()) }).await;
        assert!(matches!(&lost, Update::State(State::Waiting(_, why)) if why.contains("draining")), "{lost:?}");
        assert!(session.connection().is_none());
        assert_eq!(within(session.next()).await, Update::State(State::Connecting(2)));
    }
    drop(server);
    let last = within(session.next()).await;
    assert!(matches!(&last, Update::State(State::GaveUp(_))), "{last:?}");
    assert!(matches!(session.state(), State::GaveUp(_)));
}
