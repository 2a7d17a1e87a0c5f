//! Options as the reference servers take them: names without values, values of their own, and what is not known.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::error::{ConfigError, Fault};
use super::super::written::{Source, Written};

/// How an option is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// A value.
    Value,
    /// Nothing: it is there or not.
    Nothing,
    /// A value, or else this one.
    ValueOr(&'static str),
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opt {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// What it is when nobody says it; empty for unset.
    pub(super) default: &'static str,
    pub(super) help: &'static str,
}

pub(super) const fn value(name: &'static str, default: &'static str, help: &'static str) -> Opt {
    Opt { name, takes: Takes::Value, default, help }
}

pub(super) const fn flag(name: &'static str, help: &'static str) -> Opt {
    Opt { name, takes: Takes::Nothing, default: "false", help }
}

/// On or off, and on when nothing follows.
pub(super) const fn switch(name: &'static str, default: &'static str, help: &'static str) -> Opt {
    Opt { name, takes: Takes::ValueOr("true"), default, help }
}

/// What was asked for.
#[derive(Debug)]
pub(in super::super) enum Asked<T> {
    /// To run.
    Run(T),
    /// The list of the options.
    Help(String),
    /// The version.
    Version,
}

/// What was written, by option.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(BTreeMap<&'static str, Written>);

impl Words {
    /// The defaults.
    pub(super) fn defaults(options: &[Opt]) -> Self {
        let given = options.iter().filter(|option| !option.default.is_empty());
        Self(given.map(|option| (option.name, Written::new(option.default, Source::Default))).collect())
    }

    pub(super) fn set(&mut self, name: &'static str, text: impl Into<String>, place: String) {
        self.0.insert(name, Written::new(text, Source::Reference(Arc::from(place))));
    }

    /// These over those of a layer below.
    #[must_use]
    pub(super) fn over(mut self, below: Self) -> Self {
        below.0.into_iter().for_each(|(name, written)| {
            self.0.entry(name).or_insert(written);
        });
        self
    }

    /// Whether somebody said it.
    pub(super) fn said(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|written| written.source != Source::Default)
    }

    /// What was written; empty is unset.
    pub(super) fn get(&self, name: &str) -> Option<&Written> {
        self.0.get(name).filter(|written| !written.text.is_empty())
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", |written| written.text.as_str())
    }

    /// Yes, in any of the ways in which files write it.
    pub(super) fn is(&self, name: &str) -> bool {
        !matches!(self.text(name).to_ascii_lowercase().as_str(), "" | "false" | "0" | "no")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Written)> {
        self.0.iter().map(|(name, written)| (*name, written))
    }

    /// Something wrong with a value.
    pub(super) fn fault(&self, name: &str, fault: Fault) -> ConfigError {
        fault.at(self.0.get(name).map_or_else(|| format!("--{name}"), |written| written.source.place(name)))
    }

    /// The number of a port.
    pub(super) fn port(&self, name: &str) -> Result<u16, ConfigError> {
        let text = self.text(name);
        let fault = || Fault::new(format!("{text:?} is no port"), "write a number from 0 to 65535");
        text.trim().parse().map_err(|_| self.fault(name, fault()))
    }
}

/// The words of a command line.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) words: Words,
    pub(super) unknown: Vec<String>,
    pub(super) help: bool,
    pub(super) version: bool,
}

/// Reads a command line. `known` finds an option by the name that was written, without its dashes.
pub(super) fn read_line(args: &[String], known: &dyn Fn(&str) -> Option<Opt>) -> Result<Line, ConfigError> {
    let mut line = Line::default();
    let mut args = args.iter().map(String::as_str).peekable();
    while let Some(arg) = args.next() {
        match arg {
            "-h" | "--help" => line.help = true,
            "-V" | "--version" => line.version = true,
            "--" => break,
            _ => {}
        }
        let Some(written) = arg.strip_prefix("--") else {
            // What is no option may be the value of one that was misspelt: a secret even.
            let is_option = arg.starts_with('-') && !arg.starts_with("-h") && arg != "-V";
            line.unknown.extend(is_option.then(|| arg.to_owned()));
            continue;
        };
        let (name, joined) = written.split_once('=').map_or((written, None), |(name, value)| (name, Some(value)));
        if matches!(name, "help" | "version") {
            continue;
        }
        let Some(option) = known(name) else {
            line.unknown.push(format!("--{name}"));
            // The next word is its value, whatever it means.
            args.next_if(|next| joined.is_none() && !next.starts_with('-'));
            continue;
        };
        let value = match option.takes {
            Takes::Nothing => {
                joined.or_else(|| args.next_if(|next| matches!(*next, "true" | "false"))).or(Some("true"))
            }
            Takes::Value => joined.or_else(|| args.next_if(|next| !next.starts_with("--"))),
            Takes::ValueOr(preset) => joined.or_else(|| args.next_if(|next| !next.starts_with('-'))).or(Some(preset)),
        };
        let missing = || Fault::new("its value is missing", "write it after the option").at(format!("--{name}"));
        line.words.set(option.name, value.ok_or_else(missing)?, format!("--{name}"));
    }
    Ok(line)
}

/// The list of the options.
pub(super) fn help(usage: &str, options: &[Opt]) -> String {
    let lines = options.iter().map(|option| {
        let name = match option.takes {
            Takes::Nothing => format!("--{}", option.name),
            Takes::Value => format!("--{} VALUE", option.name),
            Takes::ValueOr(_) => format!("--{} [VALUE]", option.name),
        };
        let default = match (option.takes, option.default) {
            (Takes::Nothing, _) | (_, "") => String::new(),
            (_, default) => format!(" [default: {default}]"),
        };
        format!("  {name:<36} {}{default}\n", option.help)
    });
    format!("{usage}\n\nOptions:\n{}", lines.collect::<String>())
}
