use wtransport::endpoint::{IncomingSessionFuture, endpoint_side};

use super::super::Transport;
use super::super::testing::*;
use super::*;
use crate::wire::{CloseCode, MAX_MESSAGE};

const H3: &[u8] = b"h3";

/// A session's two ends; its endpoints live as long as it.
struct Session {
    server: WebTransport,
    client: WebTransport,
    client_connection: wtransport::Connection,
    drops: Drops,
    _endpoints: (quinn::Endpoint, wtransport::Endpoint<endpoint_side::Client>),
}

/// Takes one session on our own endpoint, as the listener does.
async fn accept(listener: &quinn::Endpoint, drops: &Drops) -> WebTransport {
    let connecting = listener.accept().await.unwrap().accept().unwrap();
    let request = IncomingSessionFuture::with_quic_connecting(connecting).await.unwrap();
    assert_eq!(request.path(), "/player");
    let connection = request.accept().await.unwrap();
    let halves = connection.accept_bi().await.unwrap();
    WebTransport::new(&connection, halves, Side::Server, MAX_MESSAGE, drops.counter())
}

async fn session() -> Session {
    let (listener, certificate) = server_endpoint(KEEPALIVE, &[H3]);
    let tls = client_tls(&certificate, H3);
    let config = wtransport::ClientConfig::builder().with_bind_address(loopback()).with_custom_tls(tls).build();
    let dialer = wtransport::Endpoint::client(config).unwrap();
    let url = format!("https://127.0.0.1:{}/player", listener.local_addr().unwrap().port());
    let drops = Drops::default();
    let connect = async {
        let connection = dialer.connect(url).await.unwrap();
        let halves = connection.open_bi().await.unwrap().await.unwrap();
        let ignored = Drops::default().counter();
        (WebTransport::new(&connection, halves, Side::Client, MAX_MESSAGE, ignored), connection)
    };
    let (server, (client, client_connection)) =
        within(async { tokio::join!(accept(&listener, &drops), connect) }).await;
    Session { server, client, client_connection, drops, _endpoints: (listener, dialer) }
}

#[tokio::test]
async fn messages_arrive_in_order_both_ways() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    within(one_way(&mut server, &mut client, 500)).await;
    within(one_way(&mut client, &mut server, 500)).await;
    assert_eq!(server.kind(), TransportKind::WebTransport);
}

#[tokio::test]
async fn the_server_announces_its_close_by_a_message() {
    let reasons = [("draining", "draining".to_owned()), (&"ü".repeat(600), "ü".repeat(512)), ("", String::new())];
    for (reason, seen) in reasons {
        let Session { mut server, mut client, _endpoints, .. } = session().await;
        feed(&mut server, "last").await;
        let wanted = Close::new(CloseCode::RESTARTING, reason.to_owned());
        let reading = async {
            assert_eq!(message(&mut client).await, "last");
            let announced: serde_json::Value = serde_json::from_slice(&message(&mut client).await).unwrap();
            assert_eq!(announced, serde_json::json!({"type": "disconnect", "code": 1012, "reason": seen}));
            end_of(&mut client).await
        };
        let (_, end) = within(async { tokio::join!(close(&mut server, &wanted), reading) }).await;
        assert_eq!(end, Ended::ByPeer(Close::new(CloseCode::RESTARTING, seen)));
    }
}

#[tokio::test]
async fn an_empty_close_is_number_1005() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    let reading = async {
        let announced: serde_json::Value = serde_json::from_slice(&message(&mut client).await).unwrap();
        assert_eq!(announced, serde_json::json!({"type": "disconnect", "code": 1005, "reason": ""}));
        end_of(&mut client).await
    };
    let (_, end) = within(async { tokio::join!(close(&mut server, &Close::EMPTY), reading) }).await;
    assert_eq!(end, Ended::ByPeer(Close::EMPTY));
}

#[tokio::test]
async fn a_client_closes_with_code_and_reason() {
    for wanted in [Close::new(CloseCode(4321), "enough"), Close::EMPTY] {
        let Session { mut server, mut client, _endpoints, .. } = session().await;
        feed(&mut client, "last").await;
        let reading = async { (message(&mut server).await, end_of(&mut server).await) };
        let (_, (last, end)) = within(async { tokio::join!(close(&mut client, &wanted), reading) }).await;
        assert_eq!(last, "last");
        assert_eq!(end, Ended::ByPeer(wanted));
    }
}

#[tokio::test]
async fn one_byte_above_the_limit_is_1009() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    let longest = send(&mut client, vec![b'x'; MAX_MESSAGE]);
    let (_, got) = within(async { tokio::join!(longest, message(&mut server)) }).await;
    assert_eq!(got.len(), MAX_MESSAGE);

    feed(&mut client, vec![b'x'; MAX_MESSAGE + 1]).await;
    let refuse = async {
        let Ended::Violation(why) = end_of(&mut server).await else { panic!("a violation") };
        assert_eq!(why.code, CloseCode::TOO_BIG);
        close(&mut server, &why).await;
        why
    };
    let (why, end) = within(async {
        tokio::join!(refuse, async {
            flush(&mut client).await;
            end_of(&mut client).await
        })
    })
    .await;
    assert_eq!(end, Ended::ByPeer(why));
}

#[tokio::test]
async fn extra_streams_and_datagrams_are_refused_and_counted() {
    let Session { mut server, mut client, client_connection, drops, _endpoints } = session().await;
    let work = async {
        for _ in 0..20 {
            let (_send, mut recv) = client_connection.open_bi().await.unwrap().await.unwrap();
            assert!(recv.read(&mut [0]).await.is_err(), "refused");
            let mut uni = client_connection.open_uni().await.unwrap().await.unwrap();
            uni.stopped().await;
        }
        client_connection.send_datagram(b"and me").unwrap();
        send(&mut client, "proper").await;
    };
    let reading = async {
        assert_eq!(message(&mut server).await, "proper");
        while drops.counts().1 == 0 {
            assert!(futures_util::poll!(std::pin::pin!(recv(&mut server))).is_pending());
            tokio::task::yield_now().await;
        }
    };
    within(async { tokio::join!(work, reading) }).await;
    assert_eq!(drops.counts(), (40, 1));
}

/// A browser's side by hand, for what the Rust client cannot do: the capsule of `close({closeCode, reason})`.
struct Browser {
    connection: quinn::Connection,
    session: quinn::SendStream,
    stream: quinn::SendStream,
    _rest: (quinn::Endpoint, quinn::SendStream, quinn::RecvStream, quinn::RecvStream),
}

impl Browser {
    async fn connect(listener: &quinn::Endpoint, certificate: &rustls_pki_types::CertificateDer<'static>) -> Self {
        let endpoint = client_endpoint(KEEPALIVE, certificate, H3);
        let address = listener.local_addr().unwrap();
        let connection = endpoint.connect(address, "localhost").unwrap().await.unwrap();
        let mut control = connection.open_uni().await.unwrap();
        control.write_all(&Self::settings()).await.unwrap();
        let (mut session, answer) = connection.open_bi().await.unwrap();
        session.write_all(&Self::connect_request()).await.unwrap();
        let (mut stream, recv) = connection.open_bi().await.unwrap();
        // The signal of a WebTransport stream, then the session's id: its CONNECT stream, number 0.
        stream.write_all(&[0x40, 0x41, 0]).await.unwrap();
        Self { connection, session, stream, _rest: (endpoint, control, answer, recv) }
    }

    /// The control stream's type, then SETTINGS (RFC 9114 §6.2.1, §7.2.4) that switch on what WebTransport needs.
    fn settings() -> Vec<u8> {
        let body = [
            &[0x08, 1][..],                              // extended CONNECT
            &[0x33, 1],                                  // datagrams
            &[0xab, 0x60, 0x37, 0x42, 1],                // WebTransport
            &[0xc0, 0, 0, 0, 0xc6, 0x71, 0x70, 0x6a, 1], // sessions
        ]
        .concat();
        [&[0x00, 0x04, u8::try_from(body.len()).unwrap()][..], &body].concat()
    }

    /// HEADERS with static entries of QPACK for method, scheme and authority (RFC 9204 §4.5, appendix A).
    fn connect_request() -> Vec<u8> {
        let literal =
            |first: &[u8], value: &str| [first, &[u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
        let body = [
            vec![0, 0, 0xc0 | 15, 0xc0 | 23],
            literal(&[0x50], "localhost"),
            literal(&[0x51], "/player"),
            literal(&[&[0x27, 2][..], b":protocol"].concat(), "webtransport"),
        ]
        .concat();
        [&[0x01, 0x40, u8::try_from(body.len()).unwrap()][..], &body].concat()
    }

    /// A DATA frame with the capsule that closes the session.
    async fn close(&mut self, code: u32, reason: &str) {
        let body = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
        let capsule = [&[0x68, 0x43, u8::try_from(body.len()).unwrap()][..], &body].concat();
        let frame = [&[0x00, u8::try_from(capsule.len()).unwrap()][..], &capsule].concat();
        self.session.write_all(&frame).await.unwrap();
        let _ = self.session.finish();
    }
}

async fn browser() -> (WebTransport, Browser, quinn::Endpoint) {
    let (listener, certificate) = server_endpoint(KEEPALIVE, &[H3]);
    let drops = Drops::default();
    let (server, browser) =
        within(async { tokio::join!(accept(&listener, &drops), Browser::connect(&listener, &certificate)) }).await;
    (server, browser, listener)
}

#[tokio::test]
async fn a_browsers_close_tells_code_and_reason() {
    for (code, reason, wanted) in [(4005, "page left", Close::new(CloseCode(4005), "page left")), (0, "", Close::EMPTY)]
    {
        let (mut server, mut browser, _listener) = browser().await;
        browser.stream.write_all(&[0, 0, 0, 2, b'{', b'}']).await.unwrap();
        assert_eq!(within(message(&mut server)).await, "{}");
        browser.close(code, reason).await;
        assert_eq!(within(end_of(&mut server)).await, Ended::ByPeer(wanted));
    }
}

#[tokio::test]
async fn a_browsers_reset_streams_do_not_hide_its_close() {
    let (mut server, mut browser, _listener) = browser().await;
    // Chromium resets the session's streams with the close.
    browser.stream.reset(0u32.into()).unwrap();
    let end = async {
        tokio::join!(end_of(&mut server), async {
            tokio::task::yield_now().await;
            browser.close(4005, "page left").await;
        })
        .0
    };
    assert_eq!(within(end).await, Ended::ByPeer(Close::new(CloseCode(4005), "page left")));
}

#[tokio::test]
async fn a_write_that_fails_does_not_hide_a_browsers_close() {
    let (mut server, mut browser, _listener) = browser().await;
    browser.close(4005, "page left").await;
    within(async {
        // The driver closes the connection once it has read the capsule.
        server.connection().closed().await;
        send(&mut server, "too late").await;
    })
    .await;
    assert_eq!(within(end_of(&mut server)).await, Ended::ByPeer(Close::new(CloseCode(4005), "page left")));
}

#[tokio::test]
async fn http3_codes_are_no_closes_of_the_application() {
    for (code, wanted) in [
        (H3_NO_ERROR, Ended::ByPeer(Close::EMPTY)),
        (0x10c, Ended::Lost("closed with HTTP/3 error 0x10c".into())),
        (1001, Ended::ByPeer(Close::new(CloseCode::GOING_AWAY, ""))),
    ] {
        let (mut server, browser, _listener) = browser().await;
        browser.connection.close(u32::try_from(code).unwrap().into(), b"");
        assert_eq!(within(end_of(&mut server)).await, wanted);
    }
}

#[tokio::test]
async fn one_endpoint_serves_both_protocols() {
    // The listener shares one endpoint between both protocols, so one handshake decides which it is.
    let (listener, certificate) = server_endpoint(KEEPALIVE, &[H3, super::super::quic::ALPN]);
    let dialer = client_endpoint(KEEPALIVE, &certificate, super::super::quic::ALPN);
    let accept = async {
        let mut connecting = listener.accept().await.unwrap().accept().unwrap();
        let data = connecting.handshake_data().await.unwrap();
        let data: Box<quinn::crypto::rustls::HandshakeData> = data.downcast().unwrap();
        let connection = connecting.await.unwrap();
        (data.protocol, connection)
    };
    let connecting = dialer.connect(listener.local_addr().unwrap(), "localhost").unwrap();
    let ((protocol, _server), client) = within(async { tokio::join!(accept, connecting) }).await;
    assert_eq!(protocol.as_deref(), Some(super::super::quic::ALPN));
    drop(client);
}
