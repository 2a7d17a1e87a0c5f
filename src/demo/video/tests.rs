use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, Receiver};

use super::super::datachannel::Point;
use super::super::demand::Demand;
use super::super::frame::Frame;
use super::super::scene::Scene;
use super::{Counts, KEYFRAME_SPACING, Layer, Rate, Work, run};
use crate::config::Size;

const SIZE: Size = Size { width: 320, height: 180 };

struct Bench {
    demand: Arc<Demand>,
    counts: Arc<Counts>,
    scene: Arc<Mutex<Scene>>,
    rate: Arc<Mutex<Rate>>,
    frames: Receiver<Arc<Frame>>,
    thread: Option<JoinHandle<()>>,
}

impl Bench {
    fn start() -> Self {
        let (bus, frames) = broadcast::channel(256);
        let work = Work {
            layer: Layer { index: 0, size: SIZE, bitrate_divisor: 1 },
            title: "TestStreamer".into(),
            demand: Arc::default(),
            counts: Arc::default(),
            scene: Arc::default(),
            rate: Arc::new(Mutex::new(Rate { fps: 50, bitrate: 1_000_000 })),
            bus,
            epoch: Instant::now(),
        };
        let (demand, counts) = (Arc::clone(&work.demand), Arc::clone(&work.counts));
        let (scene, rate) = (Arc::clone(&work.scene), Arc::clone(&work.rate));
        Self { demand, counts, scene, rate, frames, thread: Some(thread::spawn(move || run(&work))) }
    }

    fn next(&mut self) -> Arc<Frame> {
        self.frames.blocking_recv().expect("a frame")
    }

    fn until_keyframe(&mut self) -> Arc<Frame> {
        let keyframe = (0..100).map(|_| self.next()).find(|frame| frame.keyframe);
        keyframe.expect("a keyframe within two seconds")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.demand.stop();
        self.thread.take().map(JoinHandle::join).expect("one thread").expect("it ended well");
    }
}

#[test]
fn a_stream_begins_with_a_keyframe_that_decodes_to_the_picture() {
    let mut bench = Bench::start();
    let _viewer = bench.demand.join();
    bench.scene.lock().cursor = Some(Point { x: 49152, y: 57344 });
    let mut decoder = Decoder::new().unwrap();
    let first = bench.next();
    assert!(first.keyframe);
    decoder.decode(&first.data).unwrap();
    for _ in 0..5 {
        let frame = bench.next();
        assert!(!frame.keyframe);
        let Some(picture) = decoder.decode(&frame.data).unwrap() else { continue };
        assert_eq!(picture.dimensions(), (320, 180));
        let (stride, ..) = picture.strides();
        assert!(picture.y()[157 * stride + 240] > 200, "the cursor is drawn");
        assert!(picture.y()[157 * stride + 300] < 60, "the field is dark");
    }
}

#[test]
fn nothing_is_encoded_while_nobody_watches() {
    let mut bench = Bench::start();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(bench.counts.frames(), 0);
    let viewer = bench.demand.join();
    bench.next();
    drop(viewer);
    let left = bench.counts.frames();
    thread::sleep(Duration::from_millis(300));
    assert!(bench.counts.frames() <= left + 1, "at most the one that was being made");

    while !bench.frames.is_empty() {
        bench.next();
    }
    let _viewer = bench.demand.join();
    bench.until_keyframe();
}

#[test]
fn keyframes_are_made_when_asked_for_and_not_more_often() {
    let mut bench = Bench::start();
    let _viewer = bench.demand.join();
    let mut at = bench.until_keyframe().captured;
    for _ in 0..2 {
        // Whoever asks all the time gets one a spacing.
        loop {
            bench.demand.want_keyframe();
            let frame = bench.next();
            if frame.keyframe {
                let spacing = frame.captured.duration_since(at);
                assert!(spacing >= KEYFRAME_SPACING, "{spacing:?}");
                at = frame.captured;
                break;
            }
        }
    }
    // What is still wanted is answered within the spacing.
    thread::sleep(2 * KEYFRAME_SPACING);
    let (frames, keyframes) = (bench.counts.frames(), bench.counts.keyframes());
    thread::sleep(2 * KEYFRAME_SPACING);
    assert!(bench.counts.frames() > frames);
    assert_eq!(bench.counts.keyframes(), keyframes, "nobody asked");
}

#[test]
fn the_rate_can_be_changed() {
    let mut bench = Bench::start();
    let _viewer = bench.demand.join();
    bench.next();
    *bench.rate.lock() = Rate { fps: 10, bitrate: 200_000 };
    bench.until_keyframe();
    let begin = bench.next().captured;
    let end = (0..5).map(|_| bench.next().captured).last().unwrap();
    assert!(end.duration_since(begin) > Duration::from_millis(450));
}

#[test]
fn the_bitrate_is_kept() {
    let mut bench = Bench::start();
    *bench.rate.lock() = Rate { fps: 50, bitrate: 150_000 };
    let _viewer = bench.demand.join();
    // The encoder before the change and the beginning of the one after it are not counted.
    let settled = Instant::now() + Duration::from_secs(1);
    while bench.next().captured < settled {}
    let bytes: usize = (0..100).map(|_| bench.next().data.len()).sum();
    let bits_per_second = bytes * 8 / 2;
    assert!((50_000..300_000).contains(&bits_per_second), "{bits_per_second}");
}
