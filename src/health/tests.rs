use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{HealthError, ask, health};

/// A server that takes one connection; what it was asked comes back at its end.
fn server(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut asked, mut byte) = (Vec::new(), [0]);
        while !asked.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            asked.push(byte[0]);
        }
        answer(&mut stream);
        String::from_utf8(asked).unwrap()
    });
    (address, served)
}

fn says(text: &'static str) -> impl FnOnce(&mut TcpStream) + Send {
    move |stream| stream.write_all(text.as_bytes()).unwrap()
}

/// The result as the process would say it: an empty text is an exit with 0.
fn outcome(address: SocketAddr) -> String {
    let url = format!("http://{address}/healthz").parse().unwrap();
    health(&url).map_or_else(
        |exit| {
            assert_eq!((exit.code, exit.stdout), (1, false), "{}", exit.text);
            exit.text.replace(&address.to_string(), "HOST")
        },
        |()| String::new(),
    )
}

#[test]
fn a_2xx_is_well_and_asked_for_politely() {
    let (address, served) = server(says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"));
    assert_eq!(outcome(address), "");
    let asked = served.join().unwrap();
    assert_eq!(asked, format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"));
}

#[test]
fn anything_else_is_one_line_and_1() {
    let table = [
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "503 Service Unavailable"),
        ("HTTP/1.0 404 Not Found\r\n\r\n", "404 Not Found"),
        ("HTTP/1.1 302 Found\r\nLocation: /healthz\r\n\r\n", "302 Found"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP/1"),
        ("HTTP/1.1 2\r\n", "the answer is not HTTP/1"),
        ("HTTP/1.1 200 OK, but the line has no end", "the answer is not HTTP/1"),
        ("", "the answer is not HTTP/1"),
    ];
    for (answer, expected) in table {
        let (address, served) = server(says(answer));
        assert_eq!(outcome(address), format!("pixelgate: http://HOST/healthz: {expected}\n"));
        served.join().unwrap();
    }
}

#[test]
fn a_status_line_in_pieces_is_understood() {
    let (address, served) = server(|stream| {
        for piece in ["HTTP/1.1 2", "00 O", "K\r\n"] {
            stream.write_all(piece.as_bytes()).unwrap();
            stream.flush().unwrap();
            thread::sleep(Duration::from_millis(10));
        }
    });
    assert_eq!(outcome(address), "");
    served.join().unwrap();
}

#[test]
fn an_endless_line_is_given_up() {
    let (address, served) = server(|stream| {
        // Ends when the other side has gone.
        while stream.write_all(&[b'x'; 512]).is_ok() {}
    });
    assert_eq!(outcome(address), "pixelgate: http://HOST/healthz: the answer is not HTTP/1\n");
    served.join().unwrap();
}

#[test]
fn a_closed_port_is_a_failure() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = outcome(address);
    assert!(said.starts_with("pixelgate: http://HOST/healthz: ") && said.contains("refused"), "{said}");
}

#[test]
fn silence_and_single_bytes_end_at_the_deadline() {
    for drips in [false, true] {
        let (address, served) = server(move |stream| {
            let wait = Duration::from_millis(20);
            stream.set_read_timeout(Some(wait)).unwrap();
            // Until the other side has gone.
            while stream.read(&mut [0]).is_err() && (!drips || stream.write_all(b"H").is_ok()) {}
        });
        let url = format!("http://{address}/").parse().unwrap();
        let patience = Duration::from_millis(200);
        let start = Instant::now();
        let outcome = ask(&url, start + patience);
        assert!(matches!(outcome, Err(HealthError::Silent)), "{outcome:?}");
        assert!(start.elapsed() >= patience);
        served.join().unwrap();
    }
}
