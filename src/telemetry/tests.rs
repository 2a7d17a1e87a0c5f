use std::io::Write;
use std::sync::Arc;

use parking_lot::Mutex;

use super::*;
use crate::config::Config;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the process would log while it acts.
pub(crate) fn logged(format: LogFormat, act: impl FnOnce()) -> String {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber = subscriber(&Config::default().log, format, false, move || writer.clone());
    tracing::subscriber::with_default(subscriber, act);
    String::from_utf8(kept.0.lock().clone()).unwrap()
}

#[test]
fn text_is_a_line_with_level_and_fields() {
    let text = logged(LogFormat::Text, || tracing::info!(players = 3, "arrived"));
    assert!(text.contains(" INFO ") && text.ends_with("arrived players=3\n"), "{text:?}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn json_is_an_object_with_the_fields_at_its_top() {
    let text = logged(LogFormat::Json, || tracing::info!(players = 3, "arrived"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["level"], &value["message"], &value["players"]), (&"INFO".into(), &"arrived".into(), &3.into()));
}

#[test]
fn what_the_filter_drops_is_not_written() {
    assert_eq!(logged(LogFormat::Text, || tracing::debug!("detail")), "");
}

#[test]
fn what_is_not_logged_is_not_asked_about() {
    let hint = |filter: &LogFilter| subscriber(filter, LogFormat::Text, false, io::sink).max_level_hint();
    assert_eq!(hint(&Config::default().log), Some(LevelFilter::INFO));
}

/// What is logged of each of these targets, at these levels.
#[test]
fn a_filter_is_read_as_it_is_meant() {
    let heard = |filter: &str| {
        let targets = targets(&LogFilter::good(filter));
        [("pixelgate::hub", Level::DEBUG), ("pixelgate", Level::INFO), ("quinn", Level::INFO), ("quinn", Level::WARN)]
            .map(|(target, level)| targets.would_enable(target, &level))
    };
    assert_eq!(heard("info"), [false, true, false, true]);
    assert_eq!(heard("DEBUG"), [true, true, false, true]);
    assert_eq!(heard("off"), [false; 4]);
    assert_eq!(heard(" warn , pixelgate::hub=trace "), [true, false, false, true]);
    assert_eq!(heard("quinn=info"), [false, false, true, true]);
    assert_eq!(heard("info,pixelgate::hub=debug,quinn=off"), [true, true, false, false]);
}
