use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openh264::formats::YUVSource;

use super::super::datachannel::Point;
use super::super::font;
use super::super::scene::Scene;
use super::{BARS, Colour, Pattern, Picture, clock, field_top, scale};
use crate::config::Size;

const SIZE: Size = Size { width: 640, height: 360 };

fn draw(size: Size, number: u64, scene: &Scene) -> Picture {
    Pattern::new(size, "TestStreamer").draw(number, UNIX_EPOCH, scene).clone()
}

fn pixel(picture: &Picture, x: usize, y: usize) -> (u8, u8, u8) {
    let (width, _) = picture.dimensions();
    let chroma = y / 2 * (width / 2) + x / 2;
    (picture.y()[y * width + x], picture.u()[chroma], picture.v()[chroma])
}

/// Reads text back from the picture, dot by dot.
fn read(picture: &Picture, x: usize, y: usize, scale: usize, length: usize) -> String {
    let dark = |x: usize, y: usize| pixel(picture, x, y).0 < 120;
    let seen = |left: usize| {
        let dot = |column: usize, row: usize| !dark(left + column * scale, y + row * scale);
        (' '..='_').find(|&character| {
            let glyph = font::glyph(character);
            (0..font::HEIGHT)
                .all(|row| (0..font::WIDTH).all(|column| dot(column, row) == font::is_set(glyph, column, row)))
        })
    };
    (0..length).map(|index| seen(x + index * font::ADVANCE * scale).unwrap_or('?')).collect()
}

#[test]
fn the_bars_are_where_they_should_be() {
    let picture = draw(SIZE, 0, &Scene::default());
    for (index, Colour { y, u, v }) in BARS.into_iter().enumerate() {
        assert_eq!(pixel(&picture, index * 80 + 40, 60), (y, u, v), "bar {index}");
    }
}

#[test]
fn colours_are_those_of_bt709() {
    assert_eq!(Colour::rgb(255, 255, 255), Colour { y: 235, u: 128, v: 128 });
    assert_eq!(Colour::rgb(0, 0, 0), Colour { y: 16, u: 128, v: 128 });
    assert_eq!(Colour::rgb(255, 0, 0), Colour { y: 63, u: 102, v: 240 });
}

#[test]
fn clock_and_counter_can_be_read() {
    let now = UNIX_EPOCH + Duration::from_millis(((13 * 60 + 37) * 60 + 5) * 1000 + 42);
    let mut pattern = Pattern::new(SIZE, "TestStreamer");
    let picture = pattern.draw(1234, now, &Scene::default());
    let scale = scale(SIZE);
    let top = field_top(360) + scale;
    let line = scale * super::LINE;
    assert_eq!(read(picture, scale * 2, top, scale, 12), "TESTSTREAMER");
    assert_eq!(read(picture, scale * 2, top + line, scale, 12), "13:37:05.042");
    assert_eq!(read(picture, scale * 2, top + 2 * line, scale, 10), "FRAME 1234");
}

#[test]
fn keys_and_text_can_be_read() {
    let scene = Scene { keys: ["+65".into(), "-65".into()].into(), text: "hello".into(), ..Scene::default() };
    let picture = draw(SIZE, 0, &scene);
    let scale = scale(SIZE);
    let (top, line) = (field_top(360) + scale, scale * super::LINE);
    assert_eq!(read(&picture, scale * 2, top + 3 * line, scale, 12), "KEYS +65 -65");
    assert_eq!(read(&picture, scale * 2, top + 4 * line, scale, 10), "TEXT HELLO");
}

#[test]
fn the_cursor_is_where_the_player_points() {
    let at = Point { x: 49152, y: 57344 };
    let before = draw(SIZE, 0, &Scene::default());
    let scene = Scene { cursor: Some(at), ..Scene::default() };
    let after = draw(SIZE, 0, &scene);
    let pressed = draw(SIZE, 0, &Scene { pressed: true, ..scene });
    assert_eq!(pixel(&before, 480, 315).0, Colour::DARK.y);
    assert_eq!(pixel(&after, 480, 315).0, Colour::WHITE.y);
    assert_eq!(pixel(&pressed, 480, 315), (Colour::RED.y, Colour::RED.u, Colour::RED.v));
}

#[test]
fn every_size_and_place_can_be_drawn() {
    let corners = [Point { x: 0, y: 0 }, Point { x: 65535, y: 65535 }, Point { x: 65535, y: 0 }];
    // The smallest is a quarter of the smallest that can be asked for: a layer of simulcast.
    for (width, height) in [(40, 22), (160, 90), (1920, 1080), (162, 1080), (1920, 90)] {
        for at in corners {
            let scene = Scene { cursor: Some(at), text: "x".repeat(40), ..Scene::default() };
            let picture = draw(Size { width, height }, u64::MAX / 1000, &scene);
            assert_eq!(picture.y().len(), (width * height) as usize);
        }
    }
}

#[test]
fn consecutive_frames_differ() {
    assert_ne!(draw(SIZE, 1, &Scene::default()), draw(SIZE, 2, &Scene::default()));
    assert_eq!(clock(SystemTime::UNIX_EPOCH), "00:00:00.000 UTC");
}
