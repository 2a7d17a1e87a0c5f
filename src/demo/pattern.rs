//! The test picture: colour bars, a clock, a frame counter, and over them what the players do.
//!
//! I420, BT.709, limited range. The still parts are drawn once; a frame is a copy of them with the moving parts on top.
//! Under the bars is a dark field, so that text and cursor are seen there at any bitrate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openh264::formats::YUVSource;

use super::datachannel::Point;
use super::font;
use super::scene::Scene;
use crate::config::Size;

#[cfg(test)]
mod tests;

/// A colour in BT.709, limited range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    /// Luma.
    pub(super) y: u8,
    /// Blue difference.
    pub(super) u: u8,
    /// Red difference.
    pub(super) v: u8,
}

impl Colour {
    const DARK: Self = Self { y: 28, u: 128, v: 128 };
    const WHITE: Self = Self { y: 235, u: 128, v: 128 };
    const YELLOW: Self = Self::rgb(255, 224, 0);
    const RED: Self = Self::rgb(255, 48, 48);

    /// The colour of an RGB triple.
    pub(super) const fn rgb(r: u8, g: u8, b: u8) -> Self {
        let (r, g, b) = (r as f32 / 255.0, g as f32 / 255.0, b as f32 / 255.0);
        let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        Self {
            y: (16.5 + 219.0 * luma) as u8,
            u: (128.5 + 224.0 * (b - luma) / 1.8556) as u8,
            v: (128.5 + 224.0 * (r - luma) / 1.5748) as u8,
        }
    }
}

/// The eight bars, at three quarters of full brightness.
const BARS: [Colour; 8] = [
    Colour::rgb(191, 191, 191),
    Colour::rgb(191, 191, 0),
    Colour::rgb(0, 191, 191),
    Colour::rgb(0, 191, 0),
    Colour::rgb(191, 0, 191),
    Colour::rgb(191, 0, 0),
    Colour::rgb(0, 0, 191),
    Colour::rgb(0, 0, 0),
];

/// A rectangle, in pixels.
#[derive(Clone, Copy)]
struct Area {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// A picture: three planes, the colours at half the width and height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    width: usize,
    height: usize,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl Picture {
    fn filled(size: Size, colour: Colour) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        let chroma = (width / 2) * (height / 2);
        let (y, u, v) = (vec![colour.y; width * height], vec![colour.u; chroma], vec![colour.v; chroma]);
        Self { width, height, y, u, v }
    }

    fn copy_from(&mut self, other: &Self) {
        self.y.copy_from_slice(&other.y);
        self.u.copy_from_slice(&other.u);
        self.v.copy_from_slice(&other.v);
    }

    /// Fills what of the area is within the picture.
    fn fill(&mut self, area: Area, colour: Colour) {
        let (left, top) = (area.x.min(self.width), area.y.min(self.height));
        let (right, bottom) = ((area.x + area.width).min(self.width), (area.y + area.height).min(self.height));
        for row in top..bottom {
            self.y[row * self.width + left..row * self.width + right].fill(colour.y);
        }
        let half = self.width / 2;
        for row in top / 2..bottom / 2 {
            let columns = row * half + left / 2..row * half + (right / 2).max(left / 2);
            self.u[columns.clone()].fill(colour.u);
            self.v[columns].fill(colour.v);
        }
    }

    /// Writes text whose dots are squares of `scale` pixels.
    fn write(&mut self, text: &str, x: usize, y: usize, scale: usize, colour: Colour) {
        for (index, character) in text.chars().enumerate() {
            let left = x + index * font::ADVANCE * scale;
            if left >= self.width {
                return;
            }
            self.write_one(font::glyph(character), left, y, scale, colour);
        }
    }

    fn write_one(&mut self, glyph: &[u8; font::HEIGHT], x: usize, y: usize, scale: usize, colour: Colour) {
        for row in 0..font::HEIGHT {
            for column in (0..font::WIDTH).filter(|&column| font::is_set(glyph, column, row)) {
                let area = Area { x: x + column * scale, y: y + row * scale, width: scale, height: scale };
                self.fill(area, colour);
            }
        }
    }
}

impl YUVSource for Picture {
    fn dimensions(&self) -> (usize, usize) {
        (self.width, self.height)
    }
    fn strides(&self) -> (usize, usize, usize) {
        (self.width, self.width / 2, self.width / 2)
    }
    fn y(&self) -> &[u8] {
        &self.y
    }
    fn u(&self) -> &[u8] {
        &self.u
    }
    fn v(&self) -> &[u8] {
        &self.v
    }
}

/// Draws one frame after another.
#[derive(Debug)]
pub(super) struct Pattern {
    still: Picture,
    frame: Picture,
    /// Pixels per dot of the font.
    scale: usize,
}

impl Pattern {
    /// A pattern for pictures of this size. `title` says whose they are.
    pub(super) fn new(size: Size, title: &str) -> Self {
        let still = still(size, title);
        Self { frame: still.clone(), still, scale: scale(size) }
    }

    /// The frame of this number at this time.
    pub(super) fn draw(&mut self, number: u64, now: SystemTime, scene: &Scene) -> &Picture {
        self.frame.copy_from(&self.still);
        let (scale, line) = (self.scale, self.scale * LINE);
        let top = field_top(self.frame.height) + line + scale;
        self.frame.write(&clock(now), scale * 2, top, scale, Colour::WHITE);
        self.frame.write(&format!("FRAME {number}"), scale * 2, top + line, scale, Colour::WHITE);
        let keys = scene.keys.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        self.frame.write(&format!("KEYS {keys}"), scale * 2, top + 2 * line, scale, Colour::YELLOW);
        self.frame.write(&format!("TEXT {}", scene.text), scale * 2, top + 3 * line, scale, Colour::YELLOW);
        self.sweep(number);
        if let Some(at) = scene.cursor {
            self.cursor(at, if scene.pressed { Colour::RED } else { Colour::WHITE });
        }
        &self.frame
    }

    /// A block that runs along the lower edge of the bars: whether it runs smoothly is seen at once.
    fn sweep(&mut self, number: u64) {
        let side = self.scale * 4;
        let room = (self.frame.width - side) as u64;
        let x = (number * self.scale as u64 * 2 % room) as usize;
        let y = field_top(self.frame.height) - side;
        self.frame.fill(Area { x, y, width: side, height: side }, Colour::WHITE);
    }

    /// A square with a dark rim, its middle at the place.
    fn cursor(&mut self, at: Point, colour: Colour) {
        let place = |part: u16, whole: usize| usize::from(part) * whole / 65536;
        let (x, y) = (place(at.x, self.frame.width), place(at.y, self.frame.height));
        for (half, colour) in [(self.scale * 3, Colour::DARK), (self.scale * 2, colour)] {
            let (x, y) = (x.saturating_sub(half), y.saturating_sub(half));
            self.frame.fill(Area { x, y, width: half * 2, height: half * 2 }, colour);
        }
    }
}

/// From one line of text to the next, in dots.
const LINE: usize = font::HEIGHT + 2;

/// Large enough to be read on any picture, small enough for its six lines.
fn scale(size: Size) -> usize {
    (size.height / 180).min(size.width / 80).max(1) as usize
}

/// Where the dark field begins: the pixel row, even.
fn field_top(height: usize) -> usize {
    (height * 2 / 5) & !1
}

fn still(size: Size, title: &str) -> Picture {
    let mut picture = Picture::filled(size, Colour::DARK);
    let height = field_top(picture.height);
    for (index, colour) in BARS.into_iter().enumerate() {
        let edge = |index: usize| (index * picture.width / BARS.len()) & !1;
        let (x, end) = (edge(index), edge(index + 1));
        picture.fill(Area { x, y: 0, width: end - x, height }, colour);
    }
    let scale = scale(size);
    picture.write(title, scale * 2, height + scale, scale, Colour::WHITE);
    picture.write(&size.to_string(), scale * 2, scale * 2, scale, Colour::DARK);
    picture
}

/// Hours, minutes, seconds and milliseconds, UTC.
fn clock(now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let seconds = since.as_secs();
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03} UTC", seconds % 60, since.subsec_millis())
}
