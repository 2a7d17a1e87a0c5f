use super::*;
use proptest::prelude::*;

fn frames(texts: &[Vec<u8>]) -> Bytes {
    let mut out = BytesMut::new();
    for text in texts {
        encode(text, &mut out);
    }
    out.freeze()
}

fn drain(decoder: &mut Decoder) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| decoder.next_message().expect("within the limit")).map(|message| message.to_vec()).collect()
}

#[test]
fn a_frame_is_its_length_and_its_text() {
    assert_eq!(&frames(&[b"{}".to_vec()])[..], &[0, 0, 0, 2, b'{', b'}']);
}

#[test]
fn length_zero_is_an_empty_message() {
    let mut decoder = Decoder::new(16);
    decoder.feed(frames(&[vec![], b"a".to_vec(), vec![], vec![], b"b".to_vec(), vec![]]));
    assert_eq!(drain(&mut decoder), [&b""[..], b"a", b"", b"", b"b", b""]);
}

#[test]
fn a_message_in_one_piece_is_not_copied() {
    let chunk = frames(&[b"whole".to_vec()]);
    let mut decoder = Decoder::new(16);
    decoder.feed(chunk.clone());
    let message = decoder.next_message().unwrap().unwrap();
    assert_eq!(message.as_ptr(), chunk[HEADER..].as_ptr());
}

#[test]
fn the_limit_is_exact_and_refused_before_the_body() {
    let mut decoder = Decoder::new(8);
    decoder.feed(frames(&[vec![b'x'; 8]]));
    assert_eq!(drain(&mut decoder), [vec![b'x'; 8]]);

    decoder.feed(Bytes::from_static(&[0, 0, 0, 9]));
    assert_eq!(decoder.next_message(), Err(TooBig { length: 9, limit: 8 }));
    decoder.feed(Bytes::from_static(b"123456789"));
    assert_eq!(decoder.next_message(), Err(TooBig { length: 9, limit: 8 }), "the stream stays refused");
}

#[test]
fn the_longest_length_that_can_be_announced_is_refused() {
    let mut decoder = Decoder::new(262_144);
    decoder.feed(Bytes::from_static(&[0xff; 4]));
    assert_eq!(decoder.next_message(), Err(TooBig { length: u32::MAX as usize, limit: 262_144 }));
}

#[test]
fn memory_follows_what_arrived_and_not_what_was_announced() {
    let mut decoder = Decoder::new(262_144);
    decoder.feed(Bytes::from_static(&[0, 4, 0, 0, b'x']));
    assert_eq!(decoder.next_message(), Ok(None));
    assert!(decoder.body.capacity() <= FIRST_RESERVE);
    for arrived in (1..262_144).step_by(1000) {
        assert_eq!(decoder.next_message(), Ok(None));
        assert!(decoder.body.capacity() <= FIRST_RESERVE.max(2 * arrived), "{arrived} bytes arrived");
        decoder.feed(Bytes::from(vec![b'x'; 1000.min(262_144 - arrived)]));
    }
    assert_eq!(decoder.next_message().unwrap().unwrap().len(), 262_144);
    assert_eq!(decoder.body.capacity(), 0, "a drained decoder holds no buffer");
    assert!(decoder.chunk.is_empty());
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_messages(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12),
        cuts in prop::collection::vec(0..4096usize, 0..40),
        lazy in any::<bool>(),
    ) {
        let stream = frames(&texts);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();

        let mut decoder = Decoder::new(300);
        let mut got = Vec::new();
        for pair in cuts.windows(2) {
            decoder.feed(stream.slice(pair[0]..pair[1]));
            if !lazy {
                got.extend(drain(&mut decoder));
            }
        }
        got.extend(drain(&mut decoder));
        prop_assert_eq!(got, texts);
    }

    #[test]
    fn no_bytes_make_it_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..16)) {
        let mut decoder = Decoder::new(1 << 20);
        for chunk in chunks {
            decoder.feed(Bytes::from(chunk));
            while let Ok(Some(message)) = decoder.next_message() {
                prop_assert!(message.len() <= 64 * 16);
            }
        }
    }
}
