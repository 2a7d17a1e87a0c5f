//! Certificates change under live sessions (protocol.md §2, "Discovery"): none drops, new handshakes get the new one,
//! and pages are told of both meanwhile.

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use pixelgate::client::{Client, ConnectError, Options, Trust};
use pixelgate::config::CertSource;
use pixelgate::tls::{Certificates, Credential, Fingerprint, LEAD, LISTED_AFTER, Renewal};
use pixelgate::wire::Role;
use serde_json::{Value, json};
use support::{Lab, Peer, Via, within};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Half of a development certificate's life is over half an hour from now, if it was made so long ago.
const AGE: Duration = Duration::from_secs((6 * 24 + 11) * 60 * 60);

const TLS: [Via; 3] = [Via::Wss, Via::WebTransport, Via::Quic];

/// A gateway whose development certificate is soon to be renewed.
fn with_a_worn_certificate(dir: &Path) -> Lab {
    Certificates::dev(Some(dir), SystemTime::now() - AGE).expect("a certificate");
    Lab::with(|config| config.certificate = CertSource::Dev { dir: Some(dir.to_owned()) })
}

/// Four streamers, one per transport, each with players of every transport: a hundred sessions.
struct Crowd(Vec<(Peer, Vec<(Peer, String)>)>);

impl Crowd {
    async fn gather(lab: &Lab) -> Self {
        let mut stages = Vec::new();
        for via in Via::ALL {
            let mut streamer = lab.streamer(via, via.name()).await;
            let mut players = Vec::new();
            for number in 0..24 {
                players.push(lab.watching(Via::ALL[number % 4], &mut streamer, via.name()).await);
            }
            stages.push((streamer, players));
        }
        assert_eq!(lab.gateway().router().session_count(), 100);
        Self(stages)
    }

    /// Everybody speaks and is heard, both ways.
    async fn talks(&mut self) {
        for (streamer, players) in &mut self.0 {
            for (player, id) in players {
                player.says(json!({"type": "answer", "sdp": "still here"})).await;
                let heard = json!({"type": "answer", "sdp": "still here", "playerId": id});
                streamer.hears_exactly(heard.clone()).await;
                streamer.says(heard.clone()).await;
                player.hears_exactly(heard).await;
            }
        }
    }
}

/// A new handshake over every TLS transport shows this certificate, and not that one.
async fn handshakes_show(lab: &Lab, shown: Fingerprint, hidden: Fingerprint) {
    for via in TLS {
        let mut player = connect(lab, via, shown).await.unwrap_or_else(|error| panic!("{via:?}: {error}"));
        player.hears("config").await;
        player.leaves().await;
        let refused = connect(lab, via, hidden).await.expect_err("a certificate with another hash");
        assert!(matches!(refused, ConnectError::Certificate { .. }), "{via:?}: {refused}");
    }
}

/// Believes that certificate alone.
async fn connect(lab: &Lab, via: Via, hash: Fingerprint) -> Result<Peer, ConnectError> {
    let options = Options { trust: Trust::Hashes(vec![hash.into()]), ..Options::default() };
    let client = Client::new(options).expect("the options are good");
    let url = lab.url(via, Role::Player);
    within(&url, client.connect(&url)).await.map(|connection| Peer::new("newcomer", connection))
}

async fn published(lab: &Lab) -> Value {
    lab.transports().await["webtransport"]["hashes"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_drops_none_of_a_hundred_sessions() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut lab = with_a_worn_certificate(dir.path());
    let certificates = std::sync::Arc::clone(lab.gateway().certificates().expect("TLS is on"));
    let mut crowd = Crowd::gather(&lab).await;
    let old = certificates.current().fingerprint();
    assert_eq!(published(&lab).await, json!([old]));

    let mut now = SystemTime::now() + 31 * MINUTE;
    assert_eq!(certificates.renew_if_due(now).expect("a certificate"), Renewal::Announced);
    let [_, new] = certificates.published_hashes()[..] else { panic!("one hash or three") };
    assert_eq!(published(&lab).await, json!([old, new]));
    handshakes_show(&lab, old, new).await;
    crowd.talks().await;

    now += LEAD;
    assert_eq!(certificates.renew_if_due(now).expect("a certificate"), Renewal::Switched);
    assert_eq!(published(&lab).await, json!([new, old]));
    handshakes_show(&lab, new, old).await;
    crowd.talks().await;

    now += LISTED_AFTER;
    assert_eq!(certificates.renew_if_due(now).expect("a certificate"), Renewal::NotDue);
    assert_eq!(published(&lab).await, json!([new]));
    handshakes_show(&lab, new, old).await;
    crowd.talks().await;

    // Those that left are the newcomers of the three rounds.
    for _ in 0..3 * TLS.len() {
        assert_eq!(lab.report().await.role, Role::Player);
    }
    lab.until("the newcomers to be gone", |lab| lab.gateway().router().session_count() == 100).await;
    lab.no_more_reports();
}

/// What a page was told just before the change holds just after it.
#[tokio::test]
async fn a_page_that_asked_before_the_change_connects_after_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let lab = with_a_worn_certificate(dir.path());
    let certificates = lab.gateway().certificates().expect("TLS is on");
    let now = SystemTime::now() + 31 * MINUTE;
    certificates.renew_if_due(now).expect("a certificate");
    let client = Client::new(lab.options()).expect("the options are good");
    certificates.renew_if_due(now + LEAD).expect("a certificate");
    for via in TLS {
        let mut player = Peer::connect(&client, &lab.url(via, Role::Player), Role::Player).await;
        player.hears("config").await;
    }
}

#[tokio::test]
async fn a_restart_in_the_midst_of_a_renewal_shows_the_next_certificate() {
    let dir = tempfile::tempdir().expect("a folder");
    let lab = with_a_worn_certificate(dir.path());
    let certificates = lab.gateway().certificates().expect("TLS is on");
    certificates.renew_if_due(SystemTime::now() + 31 * MINUTE).expect("a certificate");
    let told = published(&lab).await;
    lab.into_gateway().stop().await;

    let again = Lab::with(|config| config.certificate = CertSource::Dev { dir: Some(dir.path().to_owned()) });
    assert_eq!(published(&again).await, json!([told[1]]), "pages were told of it already");
}

#[tokio::test]
async fn an_operators_certificate_is_replaced_under_live_sessions() {
    let dir = tempfile::tempdir().expect("a folder");
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let load = || Credential::from_files(&cert, &key, SystemTime::now()).expect("a good pair");
    issue(&cert, &key);
    let mut lab = Lab::with(|config| config.certificate = CertSource::Files { cert: cert.clone(), key: key.clone() });
    let certificates = std::sync::Arc::clone(lab.gateway().certificates().expect("TLS is on"));
    let old = certificates.current().fingerprint();
    assert_eq!(published(&lab).await, json!([]), "a certificate that was not made here is not trusted by its hash");

    let mut players = Vec::new();
    for via in TLS {
        let mut player = connect(&lab, via, old).await.expect("the certificate is believed");
        player.hears("config").await;
        players.push(player);
    }
    issue(&cert, &key);
    certificates.replace(load(), SystemTime::now());
    let new = certificates.current().fingerprint();
    handshakes_show(&lab, new, old).await;
    assert_eq!(published(&lab).await, json!([]));
    for player in &mut players {
        assert_eq!(player.settles().await, Vec::<Value>::new());
    }
    for _ in TLS {
        lab.report().await;
    }
    lab.no_more_reports();
}

/// A certificate as an operator has it, from an authority that is not asked here.
fn issue(cert: &Path, key: &Path) {
    let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).expect("a good name");
    params.not_before = (SystemTime::now() - DAY).into();
    params.not_after = (SystemTime::now() + 10 * DAY).into();
    let pair = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&pair).expect("a certificate");
    fs::write(cert, certificate.pem()).expect("room");
    fs::write(key, pair.serialize_pem()).expect("room");
}
