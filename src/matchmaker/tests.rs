use tokio::io::DuplexStream;
use tokio::time::Instant;

use super::*;
use crate::hub::Settings;
use crate::metrics::Metrics;
use crate::session::SessionLimits;
use crate::transport::Keepalive;

fn client() -> Client {
    let router = Router::new(Settings::default(), Arc::new(Metrics::default()));
    let keepalive = Keepalive { interval: Duration::from_secs(15), timeout: Duration::from_secs(45) };
    let sessions = Arc::new(Sessions::new(Arc::clone(&router), keepalive, SessionLimits::default()));
    let matchmaker = Matchmaker {
        address: "192.0.2.1:9999".to_owned(),
        retry: Duration::from_secs(5),
        public_address: "play.example".to_owned(),
    };
    Client { matchmaker, router, sessions, port: 80, https: false }
}

async fn next(stream: &mut DuplexStream) -> Value {
    let mut text = Vec::new();
    loop {
        text.push(stream.read_u8().await.unwrap());
        if let Ok(value) = serde_json::from_slice(&text) {
            return value;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_hears_every_thirty_seconds_that_we_are_there() {
    let (ours, mut theirs) = tokio::io::duplex(4096);
    let telling = tokio::spawn(async move { client().tell(ours).await });
    assert_eq!(next(&mut theirs).await["type"], "connect");
    let start = Instant::now();
    for number in 1..4 {
        assert_eq!(next(&mut theirs).await, json!({"type": "ping"}));
        assert_eq!(start.elapsed().as_secs(), 30 * number);
    }
    drop(theirs);
    assert!(telling.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_nothing_is_given_up() {
    let (ours, theirs) = tokio::io::duplex(1);
    let error = client().tell(ours).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(theirs);
}
