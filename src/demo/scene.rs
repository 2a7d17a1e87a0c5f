//! What the players did, as the picture shows it. All players of a streamer act on one scene.

use std::collections::VecDeque;

use super::datachannel::{Point, ToStreamer};

/// Keys that are shown.
const KEYS: usize = 8;

/// Characters of text that are shown.
const TEXT: usize = 40;

/// What is drawn over the pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// Where a player points; `None` before the first move and outside of the picture.
    pub cursor: Option<Point>,
    /// A button or a finger is down.
    pub pressed: bool,
    /// The wheel's position.
    pub wheel: i32,
    /// The last keys, the newest last.
    pub keys: VecDeque<String>,
    /// What was typed or sent last.
    pub text: String,
    /// Inputs so far.
    pub inputs: u64,
}

impl Scene {
    /// Takes what a player did; false if it was no input.
    pub fn apply(&mut self, message: &ToStreamer) -> bool {
        match message {
            ToStreamer::MouseMove { at, .. } => self.cursor = Some(*at),
            ToStreamer::MouseDown(click) | ToStreamer::MouseDouble(click) => self.point(click.at, true),
            ToStreamer::MouseUp(click) => self.point(click.at, false),
            ToStreamer::MouseWheel { delta, .. } => self.wheel = self.wheel.saturating_add(i32::from(*delta)),
            ToStreamer::MouseEnter => {}
            ToStreamer::MouseLeave => (self.cursor, self.pressed) = (None, false),
            ToStreamer::TouchStart(touches) | ToStreamer::TouchMove(touches) => {
                touches.iter().take(1).for_each(|touch| self.point(touch.at, true));
            }
            ToStreamer::TouchEnd(touches) => touches.iter().take(1).for_each(|touch| self.point(touch.at, false)),
            ToStreamer::KeyDown { code, .. } => self.key(format!("+{code}")),
            ToStreamer::KeyUp { code } => self.key(format!("-{code}")),
            ToStreamer::KeyPress { unit } => self.typed(*unit),
            ToStreamer::GamepadPressed { button, .. } => self.key(format!("+G{button}")),
            ToStreamer::GamepadReleased { button, .. } => self.key(format!("-G{button}")),
            ToStreamer::UiInteraction(text) | ToStreamer::TextboxEntry(text) => self.show(text),
            _ => return false,
        }
        self.inputs += 1;
        true
    }

    fn point(&mut self, at: Point, pressed: bool) {
        (self.cursor, self.pressed) = (Some(at), pressed);
    }

    fn key(&mut self, key: String) {
        if self.keys.len() == KEYS {
            self.keys.pop_front();
        }
        self.keys.push_back(key);
    }

    /// Frontends send backspace and return as their control characters.
    fn typed(&mut self, unit: u16) {
        match char::decode_utf16([unit]).next() {
            Some(Ok('\u{8}')) => drop(self.text.pop()),
            Some(Ok('\r' | '\n')) => self.text.clear(),
            Some(Ok(character)) if !character.is_control() => {
                let all = std::mem::take(&mut self.text);
                let skipped = (all.chars().count() + 1).saturating_sub(TEXT);
                self.text = all.chars().skip(skipped).chain([character]).collect();
            }
            _ => {}
        }
    }

    fn show(&mut self, text: &str) {
        self.text = text.chars().filter(|character| !character.is_control()).take(TEXT).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::super::datachannel::{Click, Point, ToStreamer};
    use super::{KEYS, Scene, TEXT};

    const AT: Point = Point { x: 100, y: 200 };

    #[test]
    fn the_cursor_follows_the_mouse_and_leaves_with_it() {
        let mut scene = Scene::default();
        assert!(scene.apply(&ToStreamer::MouseMove { at: AT, delta: (1, 1) }));
        assert_eq!((scene.cursor, scene.pressed), (Some(AT), false));
        scene.apply(&ToStreamer::MouseDown(Click { button: 0, at: AT }));
        assert!(scene.pressed);
        scene.apply(&ToStreamer::MouseLeave);
        assert_eq!((scene.cursor, scene.pressed, scene.inputs), (None, false, 3));
    }

    #[test]
    fn the_newest_keys_are_kept() {
        let mut scene = Scene::default();
        for code in 0..20 {
            scene.apply(&ToStreamer::KeyDown { code, repeat: false });
        }
        assert_eq!((scene.keys.len(), scene.keys.back().map(String::as_str)), (KEYS, Some("+19")));
    }

    #[test]
    fn text_is_typed_erased_and_bounded() {
        let mut scene = Scene::default();
        for unit in "hi!".encode_utf16().chain([8]) {
            scene.apply(&ToStreamer::KeyPress { unit });
        }
        assert_eq!(scene.text, "hi");
        for _ in 0..100 {
            scene.apply(&ToStreamer::KeyPress { unit: u16::from(b'x') });
        }
        assert_eq!(scene.text.chars().count(), TEXT);
        scene.apply(&ToStreamer::UiInteraction("y".repeat(1000)));
        assert_eq!(scene.text, "y".repeat(TEXT));
    }

    #[test]
    fn what_is_no_input_changes_nothing() {
        let mut scene = Scene::default();
        assert!(!scene.apply(&ToStreamer::IFrameRequest));
        assert_eq!(scene, Scene::default());
    }
}
