mod address;
mod auth;
#[cfg(feature = "bench")]
mod bench;
mod cli;
mod document;
mod listener;
mod messages;
mod origin;
mod precedence;
mod reference;
#[cfg(feature = "demo")]
mod stream;
mod turn;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::cli::{Command, Exit, parse};
use super::{Config, env_name};

/// The three places where something can be written.
struct Places {
    _dir: TempDir,
    /// Where the file stands.
    path: PathBuf,
    file: bool,
    env: BTreeMap<String, OsString>,
    args: Vec<String>,
}

impl Places {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gate.toml");
        Self { _dir: dir, path, file: false, env: BTreeMap::new(), args: Vec::new() }
    }

    fn file(mut self, text: &str) -> Self {
        fs::write(&self.path, text).unwrap();
        self.file = true;
        self
    }

    fn env(mut self, key: &str, value: &str) -> Self {
        self.env.insert(env_name(key), value.into());
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.args.push(format!("--{key}={value}"));
        self
    }

    fn parse(&self) -> Result<Config, Exit> {
        let config = self.file.then(|| format!("--config={}", self.path.display()));
        let head = ["pixelgate".to_owned(), "serve".to_owned()];
        let args = head.into_iter().chain(config).chain(self.args.iter().cloned());
        let config = match parse(args, &|name| self.env.get(name).cloned())? {
            Command::Serve(start) => start.config,
            other => panic!("{other:?}"),
        };
        Ok(config)
    }

    fn config(&self) -> Config {
        self.parse().unwrap_or_else(|exit| panic!("{}", exit.text))
    }

    /// The message, without the program's name and the folder of the test.
    fn message(&self) -> String {
        let exit = self.parse().unwrap_err();
        assert_eq!((exit.code, exit.stdout), (64, false), "{}", exit.text);
        let line = exit.text.strip_prefix("pixelgate: ").unwrap().strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "more than one line: {line}");
        let dir = self.path.with_file_name("");
        line.replace(dir.to_str().unwrap(), "")
    }
}
