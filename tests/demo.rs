//! The test streamer through a real gateway, watched by players that receive its media.

mod support;
#[path = "support/watcher.rs"]
mod watcher;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use pixelgate::client::{Client, ConnectError, Fault, Options, Trust};
use pixelgate::config::{ListenAddr, Size, StreamConfig};
use pixelgate::demo::datachannel::{Click, FromStreamer, Point, ToStreamer};
use pixelgate::demo::{Standing, Studio, TestStreamer};
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use support::{Lab, Via, within};
use watcher::Watcher;

const CONFIG: StreamConfig = StreamConfig {
    size: Size { width: 320, height: 180 },
    fps: 30,
    bitrate: 1_000_000,
    max_players: 4,
    simulcast: false,
};

/// A test streamer that runs in this process.
struct Streaming {
    studio: Arc<Studio>,
    standing: watch::Receiver<Standing>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ConnectError>>,
}

impl Streaming {
    fn start(lab: &Lab, via: Via, config: StreamConfig) -> Self {
        Self::start_at(lab.url(via, Role::Streamer), lab.options(), config)
    }

    fn start_at(url: String, options: Options, config: StreamConfig) -> Self {
        let client = Client::new(options).expect("the options are good");
        let studio = Studio::start(config, "TestStreamer").expect("threads");
        let streamer = TestStreamer::new(client, url, "TestStreamer", Arc::clone(&studio));
        let (standing, stop) = (streamer.standing(), CancellationToken::new());
        let task = tokio::spawn(streamer.run(stop.clone()));
        Self { studio, standing, stop, task }
    }

    async fn is(&mut self, wanted: Standing) {
        let standing = self.standing.wait_for(|standing| *standing == wanted);
        within(&format!("the streamer to be {wanted:?}"), standing).await.expect("it runs");
    }

    async fn streams(&mut self) {
        self.is(Standing::Streaming("TestStreamer".into())).await;
    }

    fn encoded(&self) -> u64 {
        self.studio.counts(0).expect("a layer").frames()
    }

    async fn stops(self) {
        self.stop.cancel();
        within("the streamer to stop", self.task).await.expect("no panic").expect("no error");
    }
}

async fn streaming(config: StreamConfig) -> (Lab, Streaming) {
    let lab = Lab::open();
    let mut streaming = Streaming::start(&lab, Via::Ws, config);
    streaming.streams().await;
    (lab, streaming)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_sees_and_hears_whichever_transport_the_streamer_took() {
    for via in Via::ALL {
        let lab = Lab::open();
        let mut streaming = Streaming::start(&lab, via, CONFIG);
        streaming.streams().await;
        let mut player = Watcher::join(&lab, "TestStreamer").await;
        player.until("60 frames and a second of sound", |seen| seen.video >= 60 && seen.audio >= 50).await;
        let (width, height, _) = player.seen.picture.as_ref().expect("the frames decode");
        assert_eq!((*width, *height), (320, 180), "{}", via.name());
        streaming.stops().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_players_share_one_encoder() {
    let (lab, streaming) = streaming(CONFIG).await;
    let mut players = Vec::new();
    for _ in 0..3 {
        players.push(Watcher::join(&lab, "TestStreamer").await.blind());
    }
    let watching = players.into_iter().map(|mut player| {
        tokio::spawn(async move {
            player.until("60 frames", |seen| seen.video >= 60).await;
            player.seen.frames
        })
    });
    let mut seen = Vec::new();
    for player in watching.collect::<Vec<_>>() {
        seen.push(player.await.expect("no panic"));
    }
    // They came within moments of one another: nearly all frames of each are those of the others, byte for byte.
    let common = seen.iter().map(|frames| frames.iter().copied().collect::<HashSet<u64>>());
    let common = common.reduce(|all, one| &all & &one).expect("three players");
    assert!(common.len() >= 30, "only {} frames are the same", common.len());
    // One encoder at 30 frames a second cannot have made three times 60 in the time.
    let encoded = streaming.encoded();
    assert!((60..150).contains(&encoded), "{encoded} frames were encoded");
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_joiner_gets_a_keyframe_within_a_second() {
    let (lab, streaming) = streaming(CONFIG).await;
    let mut first = Watcher::join(&lab, "TestStreamer").await;
    first.until("the stream to be under way", |seen| seen.video >= 45).await;
    let early = tokio::spawn(async move {
        first.watch(Duration::from_secs(2)).await;
        first
    });
    let mut late = Watcher::join(&lab, "TestStreamer").await;
    late.until("a picture", |seen| seen.picture.is_some()).await;
    let waited = late.seen.first_keyframe.expect("a picture begins with a keyframe");
    assert!(waited < Duration::from_secs(1), "{waited:?}");
    early.await.expect("no panic");
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyframe_comes_when_a_player_asks() {
    let (lab, streaming) = streaming(CONFIG).await;
    let mut player = Watcher::join(&lab, "TestStreamer").await.blind();
    player.until("the stream to be under way", |seen| seen.video >= 30).await;
    let before = player.seen.keyframes;
    player.asks_for_keyframe().await;
    player.until("a keyframe", |seen| seen.keyframes > before).await;
    player.says(&ToStreamer::IFrameRequest).await;
    player.until("another", |seen| seen.keyframes > before + 1).await;
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_player_does_is_drawn_into_the_picture() {
    const AT: Point = Point { x: 49_152, y: 57_344 };
    let (lab, streaming) = streaming(CONFIG).await;
    let mut player = Watcher::join(&lab, "TestStreamer").await;
    player.until("a picture and the greeting", |seen| seen.picture.is_some() && seen.messages.len() >= 2).await;
    assert!(player.seen.luma(AT.x, AT.y).expect("a picture") < 60, "the field is dark");
    player.says(&ToStreamer::MouseMove { at: AT, delta: (0, 0) }).await;
    player.until("the cursor", |seen| seen.luma(AT.x, AT.y).is_some_and(|luma| luma > 200)).await;
    player.says(&ToStreamer::MouseDown(Click { button: 0, at: AT })).await;
    player.until("the cursor in red", |seen| seen.luma(AT.x, AT.y).is_some_and(|luma| luma < 120)).await;
    player.says(&ToStreamer::MouseLeave).await;
    player.until("the cursor to go", |seen| seen.luma(AT.x, AT.y).is_some_and(|luma| luma < 60)).await;
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_channel_speaks_the_protocol_of_the_stock_frontend() {
    let (lab, streaming) = streaming(CONFIG).await;
    let mut player = Watcher::join(&lab, "TestStreamer").await.blind();
    player.until("the greeting", |seen| seen.messages.len() >= 2).await;
    let directions: Vec<_> = player.seen.messages.drain(..).map(|message| direction(&message)).collect();
    assert_eq!(directions, [0, 1]);

    player.says(&ToStreamer::RequestInitialSettings).await;
    player.says(&ToStreamer::RequestQualityControl).await;
    player.says(&ToStreamer::UiInteraction(r#""hello""#.into())).await;
    player.until("four answers", |seen| seen.messages.len() >= 4).await;
    let [FromStreamer::InitialSettings(_), control, input, response] = &player.seen.messages[..] else {
        panic!("{:?}", player.seen.messages)
    };
    assert_eq!(*control, FromStreamer::QualityControlOwnership(true));
    assert_eq!(*input, FromStreamer::InputControlOwnership(true));
    assert_eq!(*response, FromStreamer::Response(r#""hello""#.into()));
    assert_eq!(streaming.studio.scene().text, "hello");

    let mut other = Watcher::join(&lab, "TestStreamer").await.blind();
    other.until("the greeting", |seen| seen.messages.len() >= 2).await;
    other.says(&ToStreamer::RequestQualityControl).await;
    player
        .until("the loss of control", |seen| {
            seen.messages.last() == Some(&FromStreamer::QualityControlOwnership(false))
        })
        .await;
    streaming.stops().await;
}

fn direction(message: &FromStreamer) -> u64 {
    let FromStreamer::Protocol(text) = message else { panic!("{message:?}") };
    let table: Value = serde_json::from_str(text).expect("JSON");
    table["Direction"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_encoded_without_a_player() {
    let (lab, streaming) = streaming(CONFIG).await;
    assert_eq!(streaming.encoded(), 0);
    let mut player = Watcher::join(&lab, "TestStreamer").await.blind();
    player.until("a frame", |seen| seen.video > 0).await;
    player.signalling.leaves().await;
    lab.until("the encoder to rest", |_| streaming.studio.viewers(0) == 0).await;
    // A frame may have been under way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let rested = streaming.encoded();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(streaming.encoded(), rested);
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn players_beyond_the_limit_are_sent_away() {
    let (lab, streaming) = streaming(StreamConfig { max_players: 1, ..CONFIG }).await;
    let mut player = Watcher::join(&lab, "TestStreamer").await.blind();
    let mut other = lab.player(Via::Ws).await;
    other.says(json!({"type": "subscribe", "streamerId": "TestStreamer"})).await;
    let (close, _) = other.is_closed(CloseCode::DISCONNECTED).await;
    assert_eq!(close.reason, "The streamer is full.");
    player.until("the stream to go on", |seen| seen.video > 10).await;
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_that_subscribes_again_sees_again() {
    let (lab, streaming) = streaming(StreamConfig { max_players: 1, ..CONFIG }).await;
    let mut player = lab.player(Via::Ws).await;
    for _ in 0..3 {
        player.says(json!({"type": "subscribe", "streamerId": "TestStreamer"})).await;
        // Candidates of the offer before may still be coming.
        while player.hears_any().await["type"] != "offer" {}
    }
    player.leaves().await;
    let mut player = Watcher::join(&lab, "TestStreamer").await.blind();
    player.until("a frame", |seen| seen.video > 0).await;
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_in_use_gives_another_one() {
    let (lab, streaming) = streaming(CONFIG).await;
    let mut second = Streaming::start(&lab, Via::Ws, CONFIG);
    second.is(Standing::Streaming("TestStreamer1".into())).await;
    second.stops().await;
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_when_the_gateway_does() {
    let (lab, mut streaming) = streaming(CONFIG).await;
    let addr = ListenAddr::Socket(lab.gateway().bound().http.expect("it listens"));
    lab.into_gateway().stop().await;
    streaming.is(Standing::Away).await;
    let lab = Lab::with(|config| config.listener_mut("http").expect("it is on").addr = addr);
    streaming.streams().await;
    let mut player = Watcher::join(&lab, "TestStreamer").await.blind();
    player.until("a frame", |seen| seen.video > 0).await;
    streaming.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_believed_ends_it_with_a_reason() {
    let lab = Lab::open();
    for via in [Via::Wss, Via::WebTransport, Via::Quic] {
        let options = Options { trust: Trust::Hashes(vec![[0; 32]]), ..Options::default() };
        let streaming = Streaming::start_at(lab.url(via, Role::Streamer), options, CONFIG);
        let error = within("the end", streaming.task).await.expect("no panic").expect_err("it is refused");
        assert_eq!(error.fault(), Fault::Caller, "{error}");
        let text = error.to_string();
        assert!(text.contains("certificate") && !text.contains('\n'), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sfu_gets_the_layers_of_simulcast() {
    let (lab, streaming) = streaming(StreamConfig { simulcast: true, ..CONFIG }).await;
    let mut sfu = Watcher::join_as_sfu(&lab).await.blind();
    sfu.until("frames of every layer", |seen| ["h", "m", "l"].iter().all(|rid| seen.layers.get(*rid) > Some(&10)))
        .await;
    // A player that comes too gets the full size alone.
    let mut player = Watcher::join(&lab, "TestStreamer").await;
    player.until("a picture", |seen| seen.picture.is_some()).await;
    assert!(player.seen.layers.is_empty());
    assert_eq!((0..3).map(|layer| streaming.studio.viewers(layer)).collect::<Vec<_>>(), [2, 1, 1]);
    streaming.stops().await;
}
