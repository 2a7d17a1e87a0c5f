//! The layer of the file: TOML whose keys are the flags.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::args::ServeArgs;
use super::error::{ConfigError, Fault, nearest};
use super::issuer::IssuerArgs;
use super::listener::ListenerArgs;
use super::turn::TurnArgs;
use super::written::{Source, Written};

/// Reads the file that `named` names.
pub(super) fn read(named: &Written) -> Result<ServeArgs, ConfigError> {
    let path = Path::new(&named.text);
    let text = fs::read_to_string(path).map_err(|error| {
        let problem = format!("{} cannot be read ({error})", path.display());
        Fault::new(problem, "name a TOML file that the gateway may read").at(named.source.place("config"))
    })?;
    parse(path, &text)
}

/// Understands the text of a file.
pub(super) fn parse(path: &Path, text: &str) -> Result<ServeArgs, ConfigError> {
    let document = Document { path: Arc::new(path.to_owned()), text };
    let table = DeTable::parse(text).map_err(|error| document.garbled(&error))?;
    let mut args = ServeArgs::default();
    for (key, value) in table.get_ref() {
        let source = document.source(key.span().start);
        let key = key.get_ref().as_ref();
        match key {
            "listener" => args.listeners = document.tables(key, value, ListenerArgs::new, ListenerArgs::set)?,
            "issuer" => args.issuers = document.tables(key, value, IssuerArgs::new, IssuerArgs::set)?,
            "turn" => args.turn = document.tables(key, value, TurnArgs::new, TurnArgs::set)?,
            _ => {
                check_key(key).map_err(|fault| fault.at(source.place(key)))?;
                let value = document.text_of(key, value.get_ref()).map_err(|fault| fault.at(source.place(key)))?;
                args.set(key, Written::new(value, source));
            }
        }
    }
    Ok(args)
}

fn check_key(key: &str) -> Result<(), Fault> {
    if key == "config" {
        return Err(Fault::new("a file cannot name another", "give --config on the command line"));
    }
    if ServeArgs::keys().contains(&key) {
        return Ok(());
    }
    let remedy = match nearest(key, &ServeArgs::keys()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "pixelgate serve --help lists the keys".to_owned(),
    };
    Err(Fault::new("unknown key", remedy))
}

struct Document<'a> {
    path: Arc<PathBuf>,
    text: &'a str,
}

impl Document<'_> {
    fn source(&self, offset: usize) -> Source {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Source::File { path: Arc::clone(&self.path), line }
    }

    /// The `[[name]]` tables: each begun at its place, then set key by key.
    fn tables<T>(
        &self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        begin: fn(Source) -> T,
        set: fn(&mut T, &str, Written) -> Result<(), Fault>,
    ) -> Result<Vec<T>, ConfigError> {
        let fault = |what: &str, place: Source| Fault::new(what, format!("write [[{name}]]")).at(place.place(name));
        let no_list = || fault("it is no list of tables", self.source(value.span().start));
        let table = |table: &Spanned<DeValue<'_>>| {
            let source = self.source(table.span().start);
            let mut args = begin(source.clone());
            for (key, value) in table.get_ref().as_table().ok_or_else(|| fault("it is no table", source))? {
                let source = self.source(key.span().start);
                let key = key.get_ref().as_ref();
                let text = self.text_of(key, value.get_ref()).map_err(|fault| fault.at(source.place(key)))?;
                set(&mut args, key, Written::new(text, source.clone())).map_err(|fault| fault.at(source.place(key)))?;
            }
            Ok(args)
        };
        value.get_ref().as_array().ok_or_else(no_list)?.iter().map(table).collect()
    }

    fn garbled(&self, error: &toml::de::Error) -> ConfigError {
        let Source::File { path, line } = self.source(error.span().map_or(0, |span| span.start)) else {
            unreachable!("a document's source is a file")
        };
        let problem = error.message().lines().collect::<Vec<_>>().join(", ");
        Fault::new(problem, "correct the TOML there").at(format!("{}:{line}", path.display()))
    }

    /// The text that the same value would be as a flag.
    fn text_of(&self, key: &str, value: &DeValue<'_>) -> Result<String, Fault> {
        match value {
            DeValue::Table(_) if key == "peer-options" => self.json_of(key),
            DeValue::Array(items) if !items.is_empty() => {
                let items = items.iter().map(|item| scalar(item.get_ref())).collect::<Option<Vec<_>>>();
                items.map(|items| items.join(",")).ok_or_else(|| not_text("a list"))
            }
            other => scalar(other).ok_or_else(|| not_text(if other.is_array() { "a list" } else { "a table" })),
        }
    }

    /// The second parse is for the one key that may hold a table.
    fn json_of(&self, key: &str) -> Result<String, Fault> {
        let fault = |_| Fault::new("it cannot be written as JSON", "give it as a string of JSON");
        let table: toml::Table = toml::from_str(self.text).map_err(|_| not_text("a table"))?;
        serde_json::to_string(&table[key]).map_err(fault)
    }
}

fn not_text(kind: &str) -> Fault {
    Fault::new(format!("{kind} is no value for it"), "write it as the flag's text, in quotes")
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => {
            let decimal = i64::from_str_radix(number.as_str(), number.radix());
            Some(decimal.map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()))
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}
