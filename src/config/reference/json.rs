//! The reference servers' JSON files: one object, whose values may be texts or what they mean.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::super::error::{ConfigError, Fault};
use super::words::{Opt, Takes, Words};

/// What the file says, and which of its keys are not known. One that is not there says nothing.
pub(super) fn read(
    path: &Path,
    known: &dyn Fn(&str) -> Option<Opt>,
    unset: Unset,
) -> Result<(Words, Vec<String>), ConfigError> {
    let place = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => {
            let fault =
                Fault::new(format!("it cannot be read ({error})"), "name a JSON file that the gateway may read");
            return Err(fault.at(place));
        }
    };
    let object: Map<String, Value> = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        Fault::new(format!("not a JSON object ({error})"), r#"write an object such as {"streamer_port":8888}"#)
            .at(place.clone())
    })?;
    let (mut words, mut unknown) = (Words::default(), Vec::new());
    for (name, value) in object {
        match known(&name) {
            Some(option) => {
                if let Some(text) = text_of(&value, option.takes, unset) {
                    words.set(option.name, text, format!("{place}: {name}"));
                }
            }
            None => unknown.push(format!("{place}: {name}: unknown, ignored")),
        }
    }
    Ok((words, unknown))
}

/// A file that was named and is not there.
pub(super) fn missing(line: &Words, option: &str) -> Option<String> {
    let named = line.get(option).filter(|named| !Path::new(&named.text).exists())?;
    Some(format!("{} is not there: nothing is read from it", named.text))
}

/// What a server takes for a value that nobody gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unset {
    /// `""` and `null`.
    Empty,
    /// `0` and `false` too, unless the option is one that takes no value.
    Falsy,
}

/// The text that means the same on the command line.
fn text_of(value: &Value, takes: Takes, unset: Unset) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::Bool(yes) => yes.to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => other.to_string(),
    };
    let falsy = match value {
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    };
    let nothing = text.is_empty() || (unset == Unset::Falsy && takes != Takes::Nothing && falsy);
    (!nothing).then_some(text)
}
