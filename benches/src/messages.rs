//! Messages of the sizes that browsers and Unreal send.

/// A candidate of a player; 280 bytes.
pub(crate) fn candidate() -> String {
    let line = "candidate:2171842093 1 udp 2122260223 192.0.2.17 54321 typ host generation 0 ufrag 4Zc1 network-id 1";
    let rest = r#""sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"4Zc1""#;
    format!(r#"{{"type":"iceCandidate","candidate":{{"candidate":"{line}",{rest}}}}}"#)
}

/// An answer of a player; 4.3 KB.
pub(crate) fn answer() -> String {
    format!(r#"{{"type":"answer","sdp":"{}","minBitrateBps":100000,"maxBitrateBps":100000000}}"#, sdp())
}

/// An offer of a streamer for a player; 4.3 KB.
pub(crate) fn offer(player: &str) -> String {
    format!(r#"{{"type":"offer","playerId":"{player}","sdp":"{}"}}"#, sdp())
}

/// A candidate of a streamer for a player.
pub(crate) fn candidate_for(player: &str) -> String {
    let candidate = candidate();
    format!(r#"{},"playerId":"{player}"}}"#, &candidate[..candidate.len() - 1])
}

fn sdp() -> String {
    let mut sdp = String::from(r"v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
    for payload in 96..126 {
        sdp += &format!(r"a=rtpmap:{payload} H264/90000\r\na=rtcp-fb:{payload} goog-remb\r\n");
        sdp += &format!(r"a=fmtp:{payload} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n");
    }
    sdp
}
