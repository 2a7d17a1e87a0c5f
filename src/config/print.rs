//! A configuration as the file that says the same.

use std::fmt::Write as _;

use super::args::ServeArgs;
use super::written::Written;

/// TOML that [`super::file`] reads to the same. Secrets are in it as they are: it is to be used.
pub fn toml(args: &ServeArgs) -> String {
    let mut text = String::new();
    args.entries().filter(|(key, _)| *key != "config").for_each(|(key, value)| line(&mut text, key, &value));
    args.listeners.iter().for_each(|listener| table(&mut text, "listener", &listener.entries));
    args.turn.iter().for_each(|pool| table(&mut text, "turn", &pool.entries));
    text
}

fn table(text: &mut String, name: &str, entries: &[(&'static str, Written)]) {
    // A string takes whatever is written.
    let _ = writeln!(text, "\n[[{name}]]");
    entries.iter().for_each(|(key, value)| line(text, key, value));
}

/// Numbers and yes or no as TOML's own, the rest as text.
fn line(text: &mut String, key: &str, value: &Written) {
    let bare = matches!(value.text.as_str(), "true" | "false") || is_number(&value.text);
    let quoted = || toml::Value::String(value.text.clone()).to_string();
    let value = if bare { value.text.clone() } else { quoted() };
    // A string takes whatever is written.
    let _ = writeln!(text, "{key} = {value}");
}

fn is_number(text: &str) -> bool {
    let digits = !text.is_empty() && text.len() < 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}
