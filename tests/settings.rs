//! Settings that change what sessions may do: which streamer an SFU gets by itself, how long a message may be.

mod support;

use pixelgate::hub::AutoSubscribe;
use pixelgate::id::StreamerId;
use pixelgate::wire::{CloseCode, Role};
use serde_json::json;
use support::{Lab, Via};

/// protocol.md §5.4, `sfu.auto_subscribe`.
#[tokio::test]
async fn an_sfu_gets_the_streamer_that_the_settings_name_or_none() {
    for (setting, told) in [
        (AutoSubscribe::First, Some("Kitchen")),
        (AutoSubscribe::Only(StreamerId::new("Stage")), Some("Stage")),
        (AutoSubscribe::Off, None),
    ] {
        let lab = Lab::with(|config| config.auto_subscribe = setting.clone());
        let mut streamers =
            [("Kitchen", lab.streamer(Via::Ws, "Kitchen").await), ("Stage", lab.streamer(Via::Quic, "Stage").await)];
        let mut sfu = lab.connect(Via::WebTransport, Role::Sfu).await;
        sfu.hears("config").await;
        sfu.hears("identify").await;
        sfu.settles().await;
        for (name, streamer) in &mut streamers {
            let heard = streamer.settles().await;
            let connected = heard.iter().filter(|message| message["type"] == "playerConnected").count();
            assert_eq!(connected, usize::from(told == Some(*name)), "{setting:?}: {name} heard {heard:?}");
        }
    }
}

/// protocol.md §5.7: the largest message is a setting.
#[tokio::test]
async fn a_message_may_be_as_long_as_the_settings_say() {
    const MOST: usize = 1 << 20;
    let lab = Lab::with(|config| config.max_message = MOST);
    for via in Via::ALL {
        let mut streamer = lab.streamer(via, via.name()).await;
        let (mut player, id) = lab.watching(via, &mut streamer, via.name()).await;
        let empty = json!({"type": "offer", "playerId": id, "sdp": ""}).to_string().len();
        let sdp = "x".repeat(MOST - empty);
        streamer.says(json!({"type": "offer", "playerId": id, "sdp": sdp})).await;
        assert_eq!(player.hears("offer").await["sdp"], sdp.as_str(), "{}", via.name());
        let _ = player.connection.send(json!({"type": "answer", "sdp": "x".repeat(MOST)}).to_string()).await;
        player.is_closed(CloseCode::TOO_BIG).await;
    }
}
