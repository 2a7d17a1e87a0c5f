//! What a player says.

use super::Malformed;
use super::bytes::{Reader, Writer};

/// A place in the picture: 0 to 65535 from the left and from the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// From the left edge.
    pub x: u16,
    /// From the top edge.
    pub y: u16,
}

/// A mouse button at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Click {
    /// The button, as browsers number them.
    pub button: u8,
    /// Where.
    pub at: Point,
}

/// One finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Where.
    pub at: Point,
    /// Which finger.
    pub index: u8,
    /// How hard, 0 to 255.
    pub force: u8,
    /// Whether the place is within the picture.
    pub valid: bool,
}

/// A message from a player, or from the SFU that stands between.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are the protocol's, the fields say what they are")]
pub enum ToStreamer {
    IFrameRequest,
    RequestQualityControl,
    FpsRequest,
    AverageBitrateRequest,
    StartStreaming,
    StopStreaming,
    /// A JSON text.
    LatencyTest(String),
    RequestInitialSettings,
    TestEcho,
    /// A JSON text.
    DataChannelLatencyTest(String),
    /// A JSON text.
    UiInteraction(String),
    /// A JSON text.
    Command(String),
    TextboxEntry(String),
    KeyDown {
        code: u8,
        repeat: bool,
    },
    KeyUp {
        code: u8,
    },
    /// A UTF-16 code unit.
    KeyPress {
        unit: u16,
    },
    MouseEnter,
    MouseLeave,
    MouseDown(Click),
    MouseUp(Click),
    MouseMove {
        at: Point,
        delta: (i16, i16),
    },
    MouseWheel {
        delta: i16,
        at: Point,
    },
    MouseDouble(Click),
    TouchStart(Vec<Touch>),
    TouchEnd(Vec<Touch>),
    TouchMove(Vec<Touch>),
    GamepadPressed {
        controller: u8,
        button: u8,
        repeat: bool,
    },
    GamepadReleased {
        controller: u8,
        button: u8,
    },
    GamepadAnalog {
        controller: u8,
        axis: u8,
        value: f64,
    },
    GamepadConnected,
    GamepadDisconnected {
        controller: u8,
    },
    /// From an SFU: a player's channel opened or closed.
    ChannelRelayStatus {
        player: String,
        open: bool,
    },
    /// From an SFU: a message of one of its players.
    Multiplexed {
        player: String,
        message: Vec<u8>,
    },
}

impl ToStreamer {
    /// Reads a message.
    ///
    /// # Errors
    /// No known id, or too short for its fields.
    pub fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(message)?;
        match reader.id() {
            0..=9 => control(&mut reader),
            50..=69 => typed(&mut reader),
            70..=89 => pointer(&mut reader),
            90..=99 => gamepad(&mut reader),
            198 => Ok(Self::ChannelRelayStatus { player: reader.sized()?, open: reader.flag()? }),
            199 => Ok(Self::Multiplexed { player: reader.sized()?, message: reader.rest().to_vec() }),
            id => Err(Malformed::Unknown(id)),
        }
    }

    /// Writes a message.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::IFrameRequest => Writer::new(0),
            Self::RequestQualityControl => Writer::new(1),
            Self::FpsRequest => Writer::new(2),
            Self::AverageBitrateRequest => Writer::new(3),
            Self::StartStreaming => Writer::new(4),
            Self::StopStreaming => Writer::new(5),
            Self::LatencyTest(text) => Writer::new(6).counted(text),
            Self::RequestInitialSettings => Writer::new(7),
            Self::TestEcho => Writer::new(8),
            Self::DataChannelLatencyTest(text) => Writer::new(9).counted(text),
            Self::UiInteraction(text) => Writer::new(50).counted(text),
            Self::Command(text) => Writer::new(51).counted(text),
            Self::TextboxEntry(text) => Writer::new(52).counted(text),
            Self::KeyDown { code, repeat } => Writer::new(60).u8(*code).u8(u8::from(*repeat)),
            Self::KeyUp { code } => Writer::new(61).u8(*code),
            Self::KeyPress { unit } => Writer::new(62).u16(*unit),
            Self::MouseEnter => Writer::new(70),
            Self::MouseLeave => Writer::new(71),
            Self::MouseDown(click) => with_click(72, *click),
            Self::MouseUp(click) => with_click(73, *click),
            Self::MouseMove { at, delta } => with_point(Writer::new(74), *at).i16(delta.0).i16(delta.1),
            Self::MouseWheel { delta, at } => with_point(Writer::new(75).i16(*delta), *at),
            Self::MouseDouble(click) => with_click(76, *click),
            Self::TouchStart(touches) => with_touches(80, touches),
            Self::TouchEnd(touches) => with_touches(81, touches),
            Self::TouchMove(touches) => with_touches(82, touches),
            Self::GamepadPressed { controller, button, repeat } => {
                Writer::new(90).u8(*controller).u8(*button).u8(u8::from(*repeat))
            }
            Self::GamepadReleased { controller, button } => Writer::new(91).u8(*controller).u8(*button).u8(0),
            Self::GamepadAnalog { controller, axis, value } => {
                Writer::new(92).u8(*controller).u8(*axis).raw(&value.to_le_bytes())
            }
            Self::GamepadConnected => Writer::new(93),
            Self::GamepadDisconnected { controller } => Writer::new(94).u8(*controller),
            Self::ChannelRelayStatus { player, open } => Writer::new(198).sized(player).u8(u8::from(*open)),
            Self::Multiplexed { player, message } => Writer::new(199).sized(player).raw(message),
        }
        .finish()
    }
}

fn control(reader: &mut Reader<'_>) -> Result<ToStreamer, Malformed> {
    Ok(match reader.id() {
        0 => ToStreamer::IFrameRequest,
        1 => ToStreamer::RequestQualityControl,
        2 => ToStreamer::FpsRequest,
        3 => ToStreamer::AverageBitrateRequest,
        4 => ToStreamer::StartStreaming,
        5 => ToStreamer::StopStreaming,
        6 => ToStreamer::LatencyTest(reader.counted()?),
        7 => ToStreamer::RequestInitialSettings,
        8 => ToStreamer::TestEcho,
        9 => ToStreamer::DataChannelLatencyTest(reader.counted()?),
        id => return Err(Malformed::Unknown(id)),
    })
}

fn typed(reader: &mut Reader<'_>) -> Result<ToStreamer, Malformed> {
    Ok(match reader.id() {
        50 => ToStreamer::UiInteraction(reader.counted()?),
        51 => ToStreamer::Command(reader.counted()?),
        52 => ToStreamer::TextboxEntry(reader.counted()?),
        60 => ToStreamer::KeyDown { code: reader.u8()?, repeat: reader.flag()? },
        61 => ToStreamer::KeyUp { code: reader.u8()? },
        62 => ToStreamer::KeyPress { unit: reader.u16()? },
        id => return Err(Malformed::Unknown(id)),
    })
}

fn pointer(reader: &mut Reader<'_>) -> Result<ToStreamer, Malformed> {
    Ok(match reader.id() {
        70 => ToStreamer::MouseEnter,
        71 => ToStreamer::MouseLeave,
        72 => ToStreamer::MouseDown(click(reader)?),
        73 => ToStreamer::MouseUp(click(reader)?),
        74 => ToStreamer::MouseMove { at: point(reader)?, delta: (reader.i16()?, reader.i16()?) },
        75 => ToStreamer::MouseWheel { delta: reader.i16()?, at: point(reader)? },
        76 => ToStreamer::MouseDouble(click(reader)?),
        80 => ToStreamer::TouchStart(touches(reader)?),
        81 => ToStreamer::TouchEnd(touches(reader)?),
        82 => ToStreamer::TouchMove(touches(reader)?),
        id => return Err(Malformed::Unknown(id)),
    })
}

fn gamepad(reader: &mut Reader<'_>) -> Result<ToStreamer, Malformed> {
    Ok(match reader.id() {
        90 => ToStreamer::GamepadPressed { controller: reader.u8()?, button: reader.u8()?, repeat: reader.flag()? },
        91 => ToStreamer::GamepadReleased { controller: reader.u8()?, button: reader.u8()? },
        92 => ToStreamer::GamepadAnalog { controller: reader.u8()?, axis: reader.u8()?, value: reader.f64()? },
        93 => ToStreamer::GamepadConnected,
        94 => ToStreamer::GamepadDisconnected { controller: reader.u8()? },
        id => return Err(Malformed::Unknown(id)),
    })
}

fn point(reader: &mut Reader<'_>) -> Result<Point, Malformed> {
    Ok(Point { x: reader.u16()?, y: reader.u16()? })
}

fn click(reader: &mut Reader<'_>) -> Result<Click, Malformed> {
    Ok(Click { button: reader.u8()?, at: point(reader)? })
}

fn touches(reader: &mut Reader<'_>) -> Result<Vec<Touch>, Malformed> {
    let count = reader.u8()?;
    (0..count).map(|_| touch(reader)).collect()
}

fn touch(reader: &mut Reader<'_>) -> Result<Touch, Malformed> {
    Ok(Touch { at: point(reader)?, index: reader.u8()?, force: reader.u8()?, valid: reader.flag()? })
}

fn with_point(writer: Writer, at: Point) -> Writer {
    writer.u16(at.x).u16(at.y)
}

fn with_click(id: u8, click: Click) -> Writer {
    with_point(Writer::new(id).u8(click.button), click.at)
}

fn with_touches(id: u8, touches: &[Touch]) -> Writer {
    let count = u8::try_from(touches.len()).unwrap_or(u8::MAX);
    touches.iter().take(count.into()).fold(Writer::new(id).u8(count), |writer, touch| {
        with_point(writer, touch.at).u8(touch.index).u8(touch.force).u8(u8::from(touch.valid))
    })
}
