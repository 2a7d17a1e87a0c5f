use std::future::poll_fn;

use super::*;

async fn heard(lean: &mut Lean<tokio::io::DuplexStream>) -> Result<Vec<String>, Ended> {
    let mut texts = Vec::new();
    poll_fn(|cx| {
        lean.poll_turn(cx, &mut |text, out| {
            texts.push(String::from_utf8_lossy(text).into_owned());
            out.push(b"yes");
        })
    })
    .await?;
    Ok(texts)
}

#[tokio::test]
async fn frames_come_whole_however_they_were_cut() {
    let (mut server, io) = tokio::io::duplex(1 << 20);
    // The first one came with the handshake.
    let mut lean = Lean::new(io, b"\x81\x03one\x81");
    assert_eq!(heard(&mut lean).await, Ok(vec!["one".to_owned()]));
    server.write_all(b"\x03two\x81\x7e\x00\x7e").await.unwrap();
    assert_eq!(heard(&mut lean).await, Ok(vec!["two".to_owned()]));
    let long = "x".repeat(126);
    server.write_all(long.as_bytes()).await.unwrap();
    server.write_all(b"\x82\x04four").await.unwrap();
    assert_eq!(heard(&mut lean).await, Ok(vec![long, "four".to_owned()]));
}

#[tokio::test]
async fn what_was_queued_is_written_and_pings_are_answered() {
    let (mut server, io) = tokio::io::duplex(1 << 20);
    let mut lean = Lean::new(io, &[]);
    server.write_all(b"\x89\x02hi\x81\x03one").await.unwrap();
    heard(&mut lean).await.unwrap();
    server.write_all(b"\x88\x05\x0f\xa0why").await.unwrap();
    let close = Close::new(CloseCode(4000), "why");
    assert_eq!(heard(&mut lean).await, Err(Ended::ByPeer(close)));
    drop(lean);
    let mut written = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut server, &mut written).await.unwrap();
    assert_eq!(written, b"\x8a\x82\0\0\0\0hi\x81\x83\0\0\0\0yes");
}

#[test]
fn lengths_of_every_kind() {
    for length in [0, 125, 126, 65_535, 65_536] {
        let (mut out, text) = (Out::default(), vec![b'x'; length]);
        out.push(&text);
        let frame = Frame::parse(&out.bytes).expect("whole");
        assert_eq!((frame.opcode, frame.payload, frame.length), (TEXT, &text[..], out.bytes.len()));
        assert!(Frame::parse(&out.bytes[..out.bytes.len() - 1]).is_none());
    }
}
